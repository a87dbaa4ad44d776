//! What a recording tells of its run, beside the exchanges.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fhir::FhirVersion;
use crate::suite::Given;
use crate::transport::Stage;
use crate::verdict::{Reason, ReasonKind, RunResult};

/// What a run was: known before it begins.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct About {
    /// The program that recorded.
    pub tool: String,
    /// The base URL, without a slash at the end.
    pub base: String,
    /// The release under test.
    pub release: FhirVersion,
    /// The number that the run's tag and made-up ids come from, as 16 hexadecimal digits.
    pub marks: String,
    /// The CapabilityStatement that was assumed, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<Value>,
    /// The words of `--types`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// What the tester gave to the suites.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub given: IndexMap<String, Value>,
    /// The command line's choices that bear on the verdicts.
    #[serde(default)]
    pub options: IndexMap<String, String>,
}

/// What a recording holds: known when the run is over.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Recorded {
    /// What the run was.
    #[serde(flatten)]
    pub about: About,
    /// Why the run ended before its time, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// How many requests each step of a case made; cases that made none too.
    pub cases: BTreeMap<Arc<str>, Vec<Count>>,
    /// The cases that were left out by choice, or because the run ended.
    #[serde(default)]
    pub left_out: BTreeMap<String, Reason>,
}

/// Stage, step and how many requests: `["steps", 3, 1]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Count(pub Stage, pub u32, pub u32);

impl About {
    /// The number that the run's tag and made-up ids come from; `None` where the text is none.
    #[must_use]
    pub fn marks(&self) -> Option<u64> {
        u64::from_str_radix(&self.marks, 16).ok()
    }

    /// Gives to the suites what was given when it was recorded, where nothing else is.
    pub fn give(&self, given: &mut Given) {
        for (name, value) in &self.given {
            if !given.has(name) {
                given.set(name, value.clone());
            }
        }
    }
}

impl Recorded {
    /// Adds what is known only at the end: the cases that made no request, and those that were left out.
    pub(super) fn complete(&mut self, result: &RunResult) {
        self.stopped.clone_from(&result.stopped);
        for case in result.cases() {
            match &case.reason {
                Some(reason) if case.steps.is_empty() && is_choice(reason.kind) => {
                    self.left_out.insert(case.id.to_string(), reason.clone());
                }
                _ => {
                    self.cases.entry(case.id.as_str().into()).or_default();
                }
            }
        }
    }

    /// Why a case is left out of a replay. What a server does not claim is found out anew.
    #[must_use]
    pub fn leaves_out(&self, case: &str) -> Option<Reason> {
        if let Some(reason) = self.left_out.get(case) {
            return Some(reason.clone());
        }
        (!self.cases.contains_key(case)).then(|| Reason {
            kind: ReasonKind::Unrecorded,
            text: "the recording holds nothing of this case: it was no part of the run that was recorded".to_owned(),
        })
    }

    /// How many requests a step made, by the recording's own account.
    #[must_use]
    pub(super) fn count(&self, case: &str, stage: Stage, step: u32) -> u32 {
        let counts = self.cases.get(case).into_iter().flatten();
        counts
            .filter(|count| count.0 == stage && count.1 == step)
            .map(|count| count.2)
            .max()
            .unwrap_or(0)
    }
}

/// Whether a case was left out for a reason that has nothing to do with the server.
const fn is_choice(kind: ReasonKind) -> bool {
    matches!(
        kind,
        ReasonKind::Filtered
            | ReasonKind::Shard
            | ReasonKind::Stopped
            | ReasonKind::NotAllowed
            | ReasonKind::Unrecorded
    )
}
