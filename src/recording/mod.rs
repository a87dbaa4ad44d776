//! Recordings: every exchange of a run in a HAR file, and the judging of the same run again from that file alone.
//!
//! A recording is HAR 1.2. What a replay needs beyond that stands in fields whose names begin with `_assay`: at each entry
//! the place of the request in the run, at the log what the run was.

mod about;
mod answer;
mod document;
pub mod har;
mod read;
mod replay;
mod tape;

pub use about::{About, Recorded};
pub use read::{RecordingError, read};
pub use replay::Replay;
pub use tape::{Recording, Tape};
