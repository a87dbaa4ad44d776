//! Known failures: what a baseline says of a result.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::requirement::RequirementId;
use crate::suite::CaseId;

/// Why a failure is no news, as an entry of the baseline says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Known {
    /// The reason that somebody wrote.
    pub reason: String,
    /// Where it is being worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// The last day on which it is known, such as `2026-12-31`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// What came of comparing a run with a baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaselineResult {
    /// The file.
    pub file: String,
    /// How many entries it has.
    pub entries: u64,
    /// What is wrong and not known, by case, in the order of the plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fresh: Vec<FreshFailure>,
    /// Entries that say what is not so any more, in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<StaleEntry>,
}

/// A case in which something is wrong that the baseline does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FreshFailure {
    /// The case.
    pub case: CaseId,
    /// The broken rules that are not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<RequirementId>,
    /// Whether it could not be judged, and that is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unjudged: bool,
}

/// An entry of a baseline that says what is not so any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StaleEntry {
    /// In which way.
    pub kind: StaleKind,
    /// What it is about: a case, or requirements.
    pub entry: String,
    /// Its line in the file, from 1.
    pub line: u32,
    /// What is the matter, in a sentence.
    pub text: String,
}

/// In which way an entry of a baseline is not so any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StaleKind {
    /// What failed holds now.
    Mended,
    /// Its last day is over.
    Expired,
    /// It names a case or a requirement that is not there.
    Missing,
}
