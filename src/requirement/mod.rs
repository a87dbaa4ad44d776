//! Requirements: the rules of the specification that suites cite.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fhir::FhirVersion;

pub mod catalogue;
mod kept;
pub mod obeyed;
mod pieces;
mod untested;

pub use catalogue::{Catalogue, CatalogueError};
pub use kept::Kept;

/// The stable name of a requirement, such as `update.success-200`; its first word is the group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RequirementId(Arc<str>);

impl RequirementId {
    /// The id of a text, whether the catalogue knows it or not.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first word: the section of the page that the rule belongs to.
    #[must_use]
    pub fn group(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }
}

impl fmt::Display for RequirementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Borrow<str> for RequirementId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// How binding a requirement is (RFC 2119, as FHIR uses it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub enum Level {
    #[serde(rename = "MAY")]
    May,
    #[serde(rename = "SHOULD")]
    Should,
    #[serde(rename = "SHOULD NOT")]
    ShouldNot,
    #[serde(rename = "SHALL")]
    Shall,
    #[serde(rename = "SHALL NOT")]
    ShallNot,
}

impl Level {
    /// As the specification writes it: `SHALL NOT`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::May => "MAY",
            Self::Should => "SHOULD",
            Self::ShouldNot => "SHOULD NOT",
            Self::Shall => "SHALL",
            Self::ShallNot => "SHALL NOT",
        }
    }

    /// The level without its negation: SHALL, SHOULD or MAY.
    #[must_use]
    pub const fn strength(self) -> Self {
        match self {
            Self::Shall | Self::ShallNot => Self::Shall,
            Self::Should | Self::ShouldNot => Self::Should,
            Self::May => Self::May,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Whom a requirement binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// The server under test.
    Server,
    /// The client, which is the harness itself.
    Client,
}

/// What in the text a requirement rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// An upper-case conformance verb.
    Keyword,
    /// The same verb in lower case.
    Lowercase,
    /// A description without a verb; the level is our reading.
    Descriptive,
    /// Only the summary tables.
    Table,
    /// A vendor's documentation.
    Documented,
}

impl Basis {
    /// Whether the level is our reading and not a word of the text.
    #[must_use]
    pub const fn is_our_reading(self) -> bool {
        !matches!(self, Self::Keyword)
    }
}

/// Whether a requirement can be tested over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Testable {
    Yes,
    Partly,
    No,
}

/// Where in the specification a requirement stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Section {
    /// The number of the section in R4, where it has one.
    #[serde(default)]
    pub number: Cow<'static, str>,
    /// Page and fragment, `http.html#read`.
    pub anchor: Cow<'static, str>,
}

/// What differs in one release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// The level there, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// What differs, in a sentence.
    pub text: String,
}

/// One rule of the specification, or of a vendor's document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Requirement {
    /// Its name.
    pub id: RequirementId,
    /// How binding it is, where no release differs.
    pub level: Level,
    /// Whom it binds.
    pub actor: Actor,
    /// What it rests on.
    pub basis: Basis,
    /// The releases, and whether it holds there.
    pub versions: BTreeMap<FhirVersion, bool>,
    /// Releases in which the page marks it as trial use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trial_use: Vec<FhirVersion>,
    /// What differs between the releases.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub differs: BTreeMap<FhirVersion, Difference>,
    /// The rule, in our words.
    pub statement: Cow<'static, str>,
    /// Where it stands.
    pub section: Section,
    /// When it applies; every item has to hold (grammar: `suites/requirements/README.md`).
    pub applies_if: Vec<Cow<'static, str>>,
    /// Whether it can be tested over HTTP.
    pub testable: Testable,
    /// Why it cannot be tested, or not wholly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not: Option<Cow<'static, str>>,
    /// Requests and expectations, in a sentence.
    pub how_to_test: Cow<'static, str>,
    /// One way to break exactly this rule.
    pub mutant: Cow<'static, str>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<Cow<'static, str>>,
    /// The document and place of a vendor's rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Cow<'static, str>>,
    /// An example out of a vendor's document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Kept>,
    /// The row of the summary table, by release (`operations.*` only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Kept>,
}

impl Requirement {
    /// The level in a release; `None` where the rule does not hold there.
    #[must_use]
    pub fn level_in(&self, release: FhirVersion) -> Option<Level> {
        self.versions.get(&release).filter(|&&holds| holds)?;
        let level = self.differs.get(&release).and_then(|difference| difference.level);
        Some(level.unwrap_or(self.level))
    }

    /// The URL of the rule in the published specification of a release.
    #[must_use]
    pub fn url(&self, release: FhirVersion) -> String {
        if self.section.anchor.starts_with("https://") || self.section.anchor.starts_with("http://") {
            self.section.anchor.to_string()
        } else {
            format!("{}/{}", release.spec_base(), self.section.anchor)
        }
    }
}
