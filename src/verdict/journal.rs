//! The journal of a run: JSON lines that are written as cases finish, so that a run that is killed leaves all it had.
//!
//! Lines that finish together go out together: before the run waits for anything, [`Journal::settle`] is called.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::result::{CaseResult, Cleanup, RunResult, SuiteResult};
use super::{Verdict, coverage};
use crate::requirement::Catalogue;
use crate::suite::CaseId;

/// One line of a journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    /// The first line: the result before any case was run, without its suites.
    Run(Box<RunResult>),
    /// A suite of it, before any case was run: one line for each.
    Suite(SuiteResult),
    /// A case that finished, with all its bodies.
    Case(Arc<CaseResult>),
    /// The last line.
    End(End),
}

/// How a run ended.
#[derive(Debug, Serialize, Deserialize)]
struct End {
    duration_us: u64,
    stopped: Option<String>,
    cleanup: Cleanup,
}

/// Why a text could not be read as a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Its first line is no beginning of a run.
    #[error("this is no journal of fhir-assay: its first line is not the beginning of a run")]
    NoBeginning,
    /// A line in the middle is damaged.
    #[error("line {line} of the journal is damaged: {error}")]
    Damaged {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        error: serde_json::Error,
    },
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal<W> {
    out: W,
    /// The line that is written; its room is used again.
    line: Vec<u8>,
}

impl<W: Write> Journal<W> {
    /// Begins a journal with the result before any case was run. Its suites come one by one, so that there is never more
    /// than one of them in memory.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn begin(out: W, prospect: RunResult, suites: impl IntoIterator<Item = SuiteResult>) -> io::Result<Self> {
        let mut journal = Self { out, line: Vec::new() };
        journal.line(&Line::Run(Box::new(prospect)))?;
        for suite in suites {
            journal.line(&Line::Suite(suite))?;
        }
        journal.settle()?;
        // These lines tell of many cases; no other is as long.
        journal.line = Vec::new();
        Ok(journal)
    }

    /// Adds a case that finished. It counts only once the journal is settled.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn case(&mut self, case: &Arc<CaseResult>) -> io::Result<()> {
        self.line(&Line::Case(Arc::clone(case)))
    }

    /// Ends the journal.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn end(mut self, result: &RunResult) -> io::Result<()> {
        self.line(&Line::End(End {
            duration_us: result.duration_us,
            stopped: result.stopped.clone(),
            cleanup: result.cleanup.clone(),
        }))?;
        self.settle()
    }

    /// Hands all lines over to the system: from then on they outlive the program.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn settle(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        // JSON is written in many small pieces, for which a vector is the cheapest place.
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

/// Puts a result together from a journal. What had not finished when the run was killed is a Skip that says so.
///
/// # Errors
/// Where the text is no journal, or a line before the last is damaged.
pub fn read(journal: impl BufRead, catalogue: &Catalogue) -> Result<RunResult, JournalError> {
    let mut lines = journal.lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let Ok(Line::Run(mut result)) = serde_json::from_str(&first) else {
        return Err(JournalError::NoBeginning);
    };
    let mut cases: HashMap<CaseId, Arc<CaseResult>> = HashMap::new();
    let mut end = None;
    let mut damaged: Option<JournalError> = None;
    for (number, line) in (2..).zip(lines) {
        let line = line?;
        if let Some(error) = damaged {
            return Err(error);
        }
        match serde_json::from_str(&line) {
            Ok(Line::Suite(suite)) => result.suites.push(suite),
            Ok(Line::Case(case)) => {
                cases.insert(case.id.clone(), case);
            }
            Ok(Line::End(last)) => end = Some(last),
            Ok(Line::Run(_)) => return Err(JournalError::NoBeginning),
            // The last line may be cut: that is what being killed means.
            Err(error) => damaged = Some(JournalError::Damaged { line: number, error }),
        }
    }
    let latest = cases
        .values()
        .map(|case| case.started_us + case.duration_us)
        .max()
        .unwrap_or(0);
    for case in result.suites.iter_mut().flat_map(|suite| &mut suite.cases) {
        if let Some(finished) = cases.remove(&case.id) {
            *case = finished;
        }
    }
    let killed = end.is_none();
    match end {
        Some(end) => {
            result.duration_us = end.duration_us;
            result.stopped = end.stopped;
            result.cleanup = end.cleanup;
        }
        None => {
            result.duration_us = latest;
            result.stopped = Some("the run was killed before its end".into());
        }
    }
    coverage::complete(&mut result, catalogue);
    if killed {
        result.verdict = Verdict::Error;
    }
    Ok(*result)
}
