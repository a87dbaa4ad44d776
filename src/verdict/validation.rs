//! What came of judging files of resources: the tree that the reports of `validate` read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Mismatch, Outcome, ToolInfo, Verdict};
use crate::fhir::validate::BrokenRule;

/// The version of the format of [`ValidationReport`]; it grows when a reader of the old format would misread the new one.
pub const FORMAT: u32 = 1;

/// Files of resources, judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ValidationReport {
    /// The version of this format.
    pub format: u32,
    /// What made it.
    pub tool: ToolInfo,
    /// When it was made: an RFC 3339 instant in UTC; empty where nobody looked at the clock.
    pub started: String,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// Error where something could not be read, Fail where something is invalid, Skip where there was nothing.
    pub verdict: Verdict,
    /// The files, in the order in which they were read.
    pub files: Vec<FileReport>,
    /// What was not checked, in sentences.
    pub not_checked: Vec<String>,
}

/// One file, or standard input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FileReport {
    /// Its name, as the user would type it.
    pub file: String,
    /// The worst of its resources.
    pub verdict: Verdict,
    /// How many resources were judged. What a Bundle holds is judged with it and not counted.
    pub resources: u64,
    /// How many of them are not valid.
    pub invalid: u64,
    /// How many are valid and break a rule that is only a warning.
    pub warned: u64,
    /// How many documents could not be read or judged.
    pub unreadable: u64,
    /// Each cause once, in the order of its first place.
    pub findings: Vec<BodyFinding>,
    /// How many findings more there are, of causes that are not told.
    pub untold: u64,
}

/// One cause of what is wrong, in one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BodyFinding {
    /// Fail, Warning, or Unjudged where a document could not be read.
    pub outcome: Outcome,
    /// The first resource that has it: `Patient/17`.
    pub resource: String,
    /// The line of the file at which that resource begins, from 1.
    pub line: u64,
    /// The rule that is broken; `None` where a document could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<BrokenRule>,
    /// In how many resources of the file it was found.
    pub resources: u64,
    /// At how many places.
    pub places: u64,
    /// What was asked for and what was there.
    pub mismatch: Box<Mismatch>,
}

impl ValidationReport {
    /// How many resources were judged.
    #[must_use]
    pub fn resources(&self) -> u64 {
        self.files.iter().map(|file| file.resources).sum()
    }

    /// How many are not valid.
    #[must_use]
    pub fn invalid(&self) -> u64 {
        self.files.iter().map(|file| file.invalid).sum()
    }

    /// How many are valid and break a rule that is only a warning.
    #[must_use]
    pub fn warned(&self) -> u64 {
        self.files.iter().map(|file| file.warned).sum()
    }

    /// How many documents could not be read or judged.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.files.iter().map(|file| file.unreadable).sum()
    }
}
