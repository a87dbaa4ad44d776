//! The proof that suites see what they say they see: a right server is never accused, and one with a defect is.
//!
//! `conduct` runs the suites against the reference server as it is, against each variant and each mutant, in this
//! process; what came of it is a [`Proof`], and every report is a function of that.

mod conduct;
mod console;
mod html;
mod markdown;
mod seen;
mod side_by_side;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fhir::FhirVersion;
use crate::requirement::{Level, RequirementId};
use crate::suite::CaseId;
use crate::verdict::{Outcome, ToolInfo, counted};

pub use conduct::{Question, prove};
pub use console::write as console;
pub use html::write as html;
pub use markdown::write as markdown;

/// The number of the form of [`Proof`].
pub const FORMAT: u32 = 1;

/// What came of a proof for one release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// The number of this form.
    pub format: u32,
    /// What made it.
    pub tool: ToolInfo,
    /// The release.
    pub release: FhirVersion,
    /// How long it took.
    pub duration_us: u64,
    /// Servers that are right: the plain one, and its variants.
    pub right: Vec<RightServer>,
    /// Servers with a defect.
    pub mutants: Vec<Tried>,
    /// Rules for servers that hold in the release and can be tested, but have no mutant.
    pub without_mutant: Vec<WithoutMutant>,
}

/// A server that is right, and what was said of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RightServer {
    /// `plain`, or the name of a variant.
    pub name: String,
    /// How it is other than the plain one.
    pub what: String,
    /// How many cases were judged.
    pub judged: u64,
    /// How many cases ended with a warning.
    pub warnings: u64,
    /// Fails, and cases that could not be judged. There should be none.
    pub accused: Vec<Seen>,
}

/// A server with a defect, and whether it was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tried {
    /// The name of the mutant.
    pub name: String,
    /// The requirement that it breaks.
    pub requirement: RequirementId,
    /// Its level in the release.
    pub level: Level,
    /// What it does wrong.
    pub what: String,
    /// The variant that it is a defect of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// What became of it.
    pub fate: Fate,
    /// By what it was seen: by the broken requirement where there is one, else by all others.
    pub seen: Vec<Seen>,
    /// How many cases that cite the requirement were run.
    pub cases: u64,
}

/// Whether a defect was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// By the requirement that it breaks.
    Killed,
    /// By other requirements only.
    KilledByOther,
    /// By nothing.
    Survived,
}

/// Something that was said of a server, and that is not said of the plain one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// How bad it is.
    pub outcome: Outcome,
    /// The case.
    pub case: CaseId,
    /// The requirement; none where a case could not be judged at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<RequirementId>,
    /// What was said.
    pub message: String,
}

/// A rule that no mutant breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WithoutMutant {
    /// The requirement.
    pub requirement: RequirementId,
    /// Why there is none, where that is known.
    pub why: String,
}

impl Fate {
    /// As it is printed.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::KilledByOther => "killed only by another",
            Self::Survived => "survived",
        }
    }
}

impl Proof {
    /// How many mutants met a fate.
    #[must_use]
    pub fn count(&self, fate: Fate) -> usize {
        self.mutants.iter().filter(|mutant| mutant.fate == fate).count()
    }

    /// Whether every defect was seen and no right server accused.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.count(Fate::Survived) == 0 && self.right.iter().all(|server| server.accused.is_empty())
    }

    /// The closing sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let accused = self.right.iter().filter(|server| !server.accused.is_empty()).count();
        let all = self.mutants.len();
        let share = |count: usize| {
            if all == 0 {
                0.0
            } else {
                count as f64 * 100.0 / all as f64
            }
        };
        let killed = self.count(Fate::Killed);
        let other = self.count(Fate::KilledByOther);
        format!(
            "{}: {}, {} killed ({:.1} %), {killed} of them by the requirement that they break ({:.1} %), {} survived; \
             {}, {accused} accused",
            self.release,
            counted(all as u64, "mutant", "mutants"),
            killed + other,
            share(killed + other),
            share(killed),
            self.count(Fate::Survived),
            counted(self.right.len() as u64, "right server", "right servers"),
        )
    }
}

/// The JSON Schema of a [`Proof`]: `schemas/proof.schema.json`.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Proof).to_value()
}

/// The section of a requirement or a mutant: what stands before the dot.
fn section(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}
