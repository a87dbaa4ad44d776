//! What a run tells while it goes on: the only thing that a live reporter sees.

use std::sync::Arc;

use super::result::{CaseResult, RunResult};
use crate::suite::CaseId;

/// One moment of a run. `CaseFinished` comes once for every case of the plan, left out or not, in the order of finishing.
#[derive(Clone, Debug)]
pub enum RunEvent {
    /// The run begins.
    Started {
        /// How many cases will be run.
        planned: usize,
        /// How many are left out.
        left_out: usize,
        /// The base URL.
        base: Arc<str>,
    },
    /// A case begins.
    CaseStarted(CaseId),
    /// A case is judged.
    CaseFinished(Arc<CaseResult>),
    /// Nothing more has happened: the run waits for the server. What was told until now should be safe.
    Waiting,
    /// Something that a person watching should know, in a sentence: the server asks to wait, clean-up begins ...
    Notice(String),
    /// The run is over.
    Finished(Arc<RunResult>),
}
