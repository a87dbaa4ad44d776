//! What several results say together: the difference of two, one plan over several servers, the shards of one run. Pure.

mod diff;
mod matrix;
mod merge;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fhir::FhirVersion;
use crate::verdict::{RunResult, ToolInfo, Verdict};

pub use diff::{Change, Diff, Seen, diff};
pub use matrix::{Cases, Matrix, MatrixError, Row, matrix};
pub use merge::{MergeError, merge};

/// The version of both formats; it grows when a reader of the old one would misread the new one.
pub const FORMAT: u32 = 1;

/// One of the results that are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// Its file, or a name that somebody gave it.
    pub name: String,
    /// The base URL.
    pub base: String,
    /// The release that was tested.
    pub release: FhirVersion,
    /// What the server calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
    /// When the run began.
    pub started: String,
    /// What made the report.
    pub tool: ToolInfo,
    /// The roll-up over all its cases.
    pub verdict: Verdict,
    /// How many cases passed, with warnings or without.
    pub passed: u64,
    /// How many cases failed.
    pub failed: u64,
    /// How many cases could not be judged.
    pub unjudged: u64,
    /// How many cases were left out.
    pub left_out: u64,
}

impl Side {
    /// What is told of a result.
    #[must_use]
    pub fn of(name: &str, result: &RunResult) -> Self {
        let tally = result.tally();
        Self {
            name: name.to_owned(),
            base: result.target.base.clone(),
            release: result.target.release,
            software: result.target.software.clone(),
            started: result.started.clone(),
            tool: result.tool.clone(),
            verdict: result.verdict,
            passed: tally.of(Verdict::Pass) + tally.of(Verdict::Warning),
            failed: tally.of(Verdict::Fail),
            unjudged: tally.of(Verdict::Error),
            left_out: tally.of(Verdict::Skip) + tally.of(Verdict::Inapplicable),
        }
    }
}

/// This program.
fn this_tool() -> ToolInfo {
    ToolInfo {
        name: env!("CARGO_PKG_NAME").into(),
        version: env!("CARGO_PKG_VERSION").into(),
    }
}
