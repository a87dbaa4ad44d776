//! Systems: the descriptions and what is wrong in them, the proof of their suites, documented deviations.

mod adding_one;
mod deviations;
mod documents;
mod proof;
#[path = "../support/mod.rs"]
mod support;
mod wrong;
