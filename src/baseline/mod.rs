//! The ratchet: a list of known failures, so that a gate falls only on new ones. Read from YAML, held against a result,
//! written again.
//!
//! An entry names a case, a requirement, or a requirement in a case, by its whole name: a pattern would hide failures that
//! nobody has seen. A case is known where all that is wrong in it is.

mod apply;
mod keys;
mod parse;
mod update;
mod write;

use std::sync::Arc;

use jiff::civil::Date;

use crate::requirement::RequirementId;
use crate::source::{SourceFile, Span};
use crate::suite::CaseId;
use crate::suite::schema;
use crate::verdict::Verdict;

pub use apply::{apply, mark};
pub use parse::parse;
pub use update::{Update, update};

/// A list of known failures.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// What was read.
    pub file: Arc<SourceFile>,
    /// Its entries, in the order of the file.
    pub entries: Vec<Entry>,
}

/// One known failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The case; `None`: any case in which one of the requirements is broken.
    pub case: Option<CaseId>,
    /// The broken rules that are known; empty: whatever is wrong in the case.
    pub requirements: Vec<RequirementId>,
    /// Whether it is known that the case cannot be judged.
    pub unjudged: bool,
    /// Why it is known, for people.
    pub reason: String,
    /// Where it is being worked on.
    pub issue: Option<String>,
    /// The last day on which it is known.
    pub expires: Option<Date>,
    /// Where it is written; of no meaning for an entry that is not written yet.
    pub span: Span,
}

/// How a result is held against a baseline.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The day, for what expires.
    pub today: Date,
    /// The least verdict that fails the gate: Fail or Warning.
    pub fail_on: Verdict,
    /// Whether the run had the whole plan: no filter and no shard took anything away, and nothing stopped it. Only then it
    /// can be said of a rule that no case breaks it any more.
    pub whole: bool,
}

impl Entry {
    /// What it is about, for people: the case, the requirements, or both.
    #[must_use]
    pub fn name(&self) -> String {
        let rules: Vec<&str> = self.requirements.iter().map(RequirementId::as_str).collect();
        match &self.case {
            Some(case) if rules.is_empty() => case.to_string(),
            Some(case) => format!("{case} ({})", rules.join(", ")),
            None => rules.join(", "),
        }
    }

    /// Whether it knows everything that goes wrong in its case.
    const fn is_of_whole_case(&self) -> bool {
        self.case.is_some() && self.requirements.is_empty() && !self.unjudged
    }

    /// Whether both say the same, wherever they stand.
    fn says_what(&self, other: &Self) -> bool {
        let span = self.span;
        *self == Self { span, ..other.clone() }
    }
}

impl Baseline {
    /// A list without entries, for a file that is not there yet.
    #[must_use]
    pub fn empty(name: &str) -> Self {
        Self {
            file: Arc::new(SourceFile::new(name, "")),
            entries: Vec::new(),
        }
    }
}

/// The JSON Schema of the file. It lies in the tree as `schemas/baseline.schema.json`.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    let description = "Made by fhir-assay from the keys that its parser knows. See docs/ci.md.";
    schema::of_tables(
        "Known failures for fhir-assay",
        description,
        &keys::BASELINE,
        &[&keys::BASELINE, &keys::ENTRY],
    )
}
