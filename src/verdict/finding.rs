//! Findings: one assertion judged.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Verdict;
pub use crate::fhir::Mend;
use crate::requirement::{Level, RequirementId};
use crate::source::Site;

/// One assertion under one requirement, judged. It is data, never an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The requirement that asks for it, and its level in the release under test.
    pub rule: Rule,
    /// How it was judged.
    pub outcome: Outcome,
    /// What was found instead; `None` where it simply holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<Box<Mismatch>>,
}

/// A requirement as a finding cites it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// The requirement.
    pub id: RequirementId,
    /// Its level in the release under test.
    pub level: Level,
}

/// How an assertion was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It holds, or may be broken, but a reader should know: tolerated, or a MAY.
    Note,
    /// A SHOULD is broken, or a judgement softens it to that.
    Warning,
    /// A SHALL is broken.
    Fail,
    /// It could not be judged: the answer speaks of something else (401, 429, a redirect to a login ...).
    Unjudged,
}

impl Outcome {
    /// The verdict that this outcome makes of a step.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Pass | Self::Note => Verdict::Pass,
            Self::Warning => Verdict::Warning,
            Self::Fail => Verdict::Fail,
            Self::Unjudged => Verdict::Error,
        }
    }

    /// What a broken requirement of this level comes to.
    #[must_use]
    pub const fn of_broken(level: Level) -> Self {
        match level.strength() {
            Level::Shall | Level::ShallNot => Self::Fail,
            Level::Should | Level::ShouldNot => Self::Warning,
            Level::May => Self::Note,
        }
    }
}

/// The part of a response that an assertion speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The status.
    Status,
    /// A header, by name.
    Header(String),
    /// The body, at a JSON Pointer; empty for the whole.
    Body(String),
    /// No response: variables that were captured.
    Variables,
}

/// What an assertion asked for and what was there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mismatch {
    /// One line for people: `the server answered 200`.
    pub message: String,
    /// The part of the response.
    pub part: Part,
    /// What was asked for, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was there, as text; `None` where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// The line of the suite that asks for it; `None` for what always has to hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Site>,
    /// The line of the body that is wrong, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Excerpt>,
    /// Which exchange of the step it is about, from 0.
    #[serde(default)]
    pub exchange: u32,
    /// Differences of a body, as a unified text diff; empty lines at the end are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// Further lines, one thought each: each path that differs, for example.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// Why it is judged as it is, where the text alone does not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judgement: Option<String>,
    /// What a document says in the place of the rule, where that explains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<Documented>,
    /// The smallest change that would make it hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mend: Option<Mend>,
}

/// What a vendor's document says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Documented {
    /// In a sentence.
    pub says: String,
    /// Where it says so.
    pub source: String,
}

/// The place in a body that a finding is about, as the body itself writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Excerpt {
    /// The line: of the answer as it was sent, or of the answer pretty-printed where it has no lines.
    pub site: Site,
    /// The same line as it would be right, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mended: Option<String>,
}

impl Finding {
    /// A finding that holds.
    #[must_use]
    pub const fn pass(rule: Rule) -> Self {
        Self {
            rule,
            outcome: Outcome::Pass,
            mismatch: None,
        }
    }
}

impl Rule {
    /// A requirement at a level.
    #[must_use]
    pub const fn new(id: RequirementId, level: Level) -> Self {
        Self { id, level }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_decides_what_a_break_comes_to() {
        assert_eq!(Outcome::of_broken(Level::ShallNot), Outcome::Fail);
        assert_eq!(Outcome::of_broken(Level::Should), Outcome::Warning);
        assert_eq!(Outcome::of_broken(Level::May), Outcome::Note);
        assert_eq!(Outcome::Note.verdict(), Verdict::Pass);
        assert_eq!(Outcome::Unjudged.verdict(), Verdict::Error);
    }
}
