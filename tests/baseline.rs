//! Lists of known failures: what people may write, what they are told, and what `baseline update` makes of it.

#[path = "baseline/files.rs"]
mod files;
#[path = "baseline/held.rs"]
mod held;
#[path = "baseline/runs.rs"]
mod runs;
mod support;
#[path = "baseline/updated.rs"]
mod updated;
