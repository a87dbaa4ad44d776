//! Recordings: what was recorded is judged alike, and what is missing or damaged is told.

#[path = "recording/evidence.rs"]
mod evidence;
#[path = "recording/files.rs"]
mod files;
#[path = "recording/law.rs"]
mod law;
mod support;
#[path = "recording/taken.rs"]
mod taken;
