//! The tree that every report reads.

use std::borrow::Cow;
use std::sync::Arc;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BaselineResult, Finding, Known, Verdict};
use crate::exchange::{Exchange, Request};
use crate::fhir::FhirVersion;
use crate::requirement::{Basis, Level, RequirementId};
use crate::source::Site;
use crate::suite::{CaseId, SuiteId};

/// The version of the report's format; it grows when a reader of the old format would misread the new one.
pub const FORMAT: u32 = 1;

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunResult {
    /// The version of this format.
    pub format: u32,
    /// What made it.
    pub tool: ToolInfo,
    /// What was judged.
    pub target: TargetInfo,
    /// The documented API that was judged, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemInfo>,
    /// The command line's choices that bear on the verdicts, as name and value, in order.
    pub options: IndexMap<String, String>,
    /// When the run began: an RFC 3339 instant in UTC.
    pub started: String,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// The roll-up over all cases.
    pub verdict: Verdict,
    /// Why the run ended before its plan did, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// Suites in the order of the plan.
    pub suites: Vec<SuiteResult>,
    /// Every server requirement of the release under test, in the catalogue's order.
    pub requirements: Vec<RequirementResult>,
    /// What became of the things that the run created.
    pub cleanup: Cleanup,
    /// What was not checked, in sentences.
    pub not_checked: Vec<String>,
    /// What a list of known failures says of this run, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineResult>,
}

/// The program that made a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolInfo {
    /// `fhir-assay`
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The server under test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetInfo {
    /// The base URL, without a slash at the end.
    pub base: String,
    /// The release that was tested.
    pub release: FhirVersion,
    /// `CapabilityStatement.fhirVersion`, where it was readable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fhir_version: Option<String>,
    /// `CapabilityStatement.software`: name and version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
    /// Whether the claims came from `--assume` and not from the server.
    #[serde(default)]
    pub assumed: bool,
}

/// A vendor's documented API, and where its document contradicts the specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SystemInfo {
    /// Its name.
    pub name: String,
    /// What it is, in a sentence.
    pub title: String,
    /// The document.
    pub document: String,
    /// The documented deviations, seen in this run or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deviations: Vec<DeviationInfo>,
}

/// A documented deviation from the specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviationInfo {
    /// The rule of the specification.
    pub requirement: RequirementId,
    /// What the document says instead, in a sentence.
    pub says: String,
    /// Where it says so.
    pub source: String,
    /// In how many findings it was seen.
    pub seen: u64,
}

impl DeviationInfo {
    /// In a sentence: rule, what the document says instead, its source, and whether it was seen.
    #[must_use]
    pub fn sentence(&self) -> String {
        let seen = match self.seen {
            0 => "not seen in this run".to_owned(),
            1 => "seen once".to_owned(),
            times => format!("seen {times} times"),
        };
        format!(
            "{}: {} ({}), {seen}",
            self.requirement,
            self.says.trim_end_matches('.'),
            self.source
        )
    }
}

/// One suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SuiteResult {
    /// Its name.
    pub id: SuiteId,
    /// Its title.
    pub title: String,
    /// Its file.
    pub file: String,
    /// Its cases, in the order of the file.
    pub cases: Vec<Arc<CaseResult>>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseResult {
    /// Its full name.
    pub id: CaseId,
    /// Its title.
    pub title: Arc<str>,
    /// Where it is written.
    pub site: Site,
    /// The requirements that it cites and that hold in the release under test, each once.
    pub requirements: Arc<[RequirementId]>,
    /// The roll-up over its steps.
    pub verdict: Verdict,
    /// Why it was not judged, or not wholly. Always there for Skip, Inapplicable and Error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// From the start of the run to the start of the case, in microseconds.
    pub started_us: u64,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// Setup, steps and clean-up that were reached, in order.
    pub steps: Vec<StepResult>,
    /// Why all that is wrong in it is no news. Empty where something new is wrong, or nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<Known>,
}

/// Why something was not judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// Its kind, for counting.
    pub kind: ReasonKind,
    /// In a sentence, for people.
    pub text: String,
}

/// Kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonKind {
    /// The case does not hold in the release under test.
    Release,
    /// The CapabilityStatement does not claim what the case needs.
    NotClaimed,
    /// It needs something that a tester has to give, and that was neither given nor found.
    NotGiven,
    /// A probe inside the case showed that the server does not do it.
    Assumption,
    /// A filter left it out.
    Filtered,
    /// It belongs to another shard.
    Shard,
    /// It would send what this run may not send: writes to a server that is not on this machine, for example.
    NotAllowed,
    /// The recording that is judged holds nothing of it.
    Unrecorded,
    /// An earlier step went wrong.
    Blocked,
    /// Its `if` was not true.
    Condition,
    /// The setup failed.
    Setup,
    /// The answer could not be judged (401, 429, a redirect ...).
    Unjudged,
    /// The request or its answer was lost.
    Transport,
    /// The run was stopped before.
    Stopped,
}

/// Which list of its case a step stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Phase {
    Setup,
    #[default]
    Steps,
    Cleanup,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepResult {
    /// The list it stands in.
    pub phase: Phase,
    /// Its number in that list, from 1.
    pub number: u32,
    /// What it does, with its variables filled in: `update Patient/17`.
    pub title: String,
    /// The author's note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Box<str>>,
    /// The line of the suite's file, from 1.
    pub line: u32,
    /// The roll-up over its findings; Pass where nothing was asked and nothing went wrong.
    pub verdict: Verdict,
    /// Why it was not judged, where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Every assertion judged; of what always has to hold, only what does not.
    pub findings: Vec<Finding>,
    /// What always has to hold, was looked at in these exchanges, and holds: each requirement once.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub audited: Arc<[RequirementId]>,
    /// What went over the wire, in order.
    pub exchanges: Vec<Exchange>,
    /// The request that got no answer, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Box<Lost>>,
    /// How long it took, in microseconds, with pauses and retries.
    pub duration_us: u64,
}

/// A request without an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lost {
    /// What was sent, or could not be.
    pub request: Request,
    /// What went wrong, in a sentence.
    pub error: String,
}

/// What the run says of one requirement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequirementResult {
    /// The requirement.
    pub id: RequirementId,
    /// Its level in the release under test.
    pub level: Level,
    /// What the level rests on.
    pub basis: Basis,
    /// The rule, in our words.
    pub statement: Cow<'static, str>,
    /// Its place in the published specification.
    pub url: String,
    /// The roll-up over everything that cites it; `None` where nothing in the plan does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The cases that judged it, and how; those that left it out too.
    pub cases: Vec<CaseVerdict>,
    /// In how many steps it was looked at without being asked, and held.
    #[serde(default)]
    pub audited: u64,
    /// Why nothing tests it, where nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untested: Option<String>,
}

/// How one case judged one requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaseVerdict {
    /// The case.
    pub case: CaseId,
    /// Its verdict on this requirement alone.
    pub verdict: Verdict,
}

/// What became of the things that a run created.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cleanup {
    /// The tag that marks what the run created, in the system `urn:fhir-assay:run`.
    pub tag: String,
    /// How many resources were deleted.
    pub deleted: u64,
    /// How many were kept because the suite or the command line says so.
    pub kept: u64,
    /// What could not be deleted.
    pub left: Vec<LeftBehind>,
}

/// A resource that could not be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftBehind {
    /// Its URL.
    pub url: String,
    /// Why.
    pub reason: String,
}

/// How many of each verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally([u64; 6]);

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, verdict: Verdict) {
        self.0[verdict as usize] += 1;
    }

    /// How many of a verdict.
    #[must_use]
    pub const fn of(&self, verdict: Verdict) -> u64 {
        self.0[verdict as usize]
    }

    /// How many in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl FromIterator<Verdict> for Tally {
    fn from_iter<I: IntoIterator<Item = Verdict>>(verdicts: I) -> Self {
        let mut tally = Self::default();
        verdicts.into_iter().for_each(|verdict| tally.add(verdict));
        tally
    }
}

impl CaseResult {
    /// Whether it was judged, in whole or in part, or should have been; not left out.
    #[must_use]
    pub const fn is_reached(&self) -> bool {
        !matches!(self.verdict, Verdict::Skip | Verdict::Inapplicable)
    }

    /// Whether something is wrong in it, and all of it is known.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        !self.known.is_empty()
    }
}

impl RunResult {
    /// The documented deviations of the system that was judged; none where it is no system.
    #[must_use]
    pub fn deviations(&self) -> &[DeviationInfo] {
        self.system.as_ref().map_or(&[], |system| &system.deviations)
    }

    /// Every case, in the order of the plan.
    pub fn cases(&self) -> impl Iterator<Item = &CaseResult> {
        self.suites.iter().flat_map(|suite| suite.cases.iter().map(Arc::as_ref))
    }

    /// How many cases have each verdict.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.cases().map(|case| case.verdict).collect()
    }
}
