//! Systems: vendors' documented APIs, each described by a `system.yaml` beside its suites (`docs/systems/`).

// One line for each key reads as the table that it is.
#[rustfmt::skip]
pub mod keys;
pub mod load;
mod parse;

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use crate::fhir::{FhirVersion, Interaction};
use crate::requirement::{Catalogue, RequirementId};
use crate::source::{Site, SourceFile, Spanned};
use crate::suite::template::Part;
use crate::suite::{Action, Assume, Case, Template};

pub use load::{LoadedSystem, load};
pub use parse::parse;

/// One vendor's documented API.
#[derive(Debug)]
pub struct System {
    /// Its name, which is that of its folder.
    pub name: Spanned<String>,
    /// What it is, in a sentence.
    pub title: String,
    /// The release that it speaks.
    pub release: FhirVersion,
    /// The document that it is described by.
    pub document: String,
    /// What its base URL looks like, with names in braces for what differs.
    pub base: String,
    /// How clients prove who they are.
    pub authorization: Vec<Authorization>,
    /// Headers that every request has where a step says nothing else.
    pub headers: Vec<(String, String)>,
    /// Its suites: files beside the description, and names of suites inside the binary.
    pub suites: Vec<Spanned<String>>,
    /// The types over which cases about any type run.
    pub types: Vec<String>,
    /// What the suites of the specification may write, by type.
    pub writes: Vec<(String, Vec<Interaction>)>,
    /// Where it documents something else than the specification asks for.
    pub deviations: Vec<Deviation>,
    /// What given variables are at the emulation, by name.
    pub emulation: IndexMap<String, Spanned<String>>,
    /// The rules that its suites may cite.
    pub catalogue: &'static Catalogue,
    /// The name of its file.
    pub file: String,
    /// Its file, as it was read.
    pub source: Arc<SourceFile>,
}

/// A way of proving who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// Not at all.
    None,
    /// A bearer token that the tester has.
    Bearer,
    /// User and password.
    Basic,
    /// OAuth 2.0 client credentials.
    ClientCredentials,
    /// SMART Backend Services: a signed assertion.
    BackendServices,
}

/// A rule of the specification that a document contradicts.
#[derive(Debug)]
pub struct Deviation {
    /// The rule.
    pub requirement: Spanned<RequirementId>,
    /// What the document says instead, in a sentence.
    pub says: String,
    /// Where it says so.
    pub source: String,
    /// What a response is like that does what the document says.
    pub response: Assume,
    /// Where it is written.
    pub site: Site,
}

impl Authorization {
    /// Every way, with its word.
    pub const WORDS: [(&str, Self); 5] = [
        ("none", Self::None),
        ("bearer", Self::Bearer),
        ("basic", Self::Basic),
        ("client-credentials", Self::ClientCredentials),
        ("backend-services", Self::BackendServices),
    ];

    /// The word of `system.yaml`.
    #[must_use]
    pub fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(_, known)| *known == self);
        found.map_or("", |(word, _)| *word)
    }
}

impl System {
    /// Whether a file is one of its own suites, and not one of the specification's.
    #[must_use]
    pub fn owns(&self, source: &SourceFile) -> bool {
        let folder = self.file.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder);
        let below = source.name().strip_prefix(folder);
        below.is_some_and(|below| folder.is_empty() || below.starts_with(['/', '\\']))
    }

    /// Why a step of a case may not be done: it writes what the document does not let anybody write. The system's own suites
    /// are written for it, and ask for refusals.
    #[must_use]
    pub fn forbids(&self, case: &Case, resource_type: Option<&str>) -> Option<String> {
        if self.owns(&case.source) {
            return None;
        }
        let steps = case.setup.iter().chain(&case.steps).chain(&case.cleanup);
        let mut written = steps.filter_map(|step| match &step.action {
            Action::Interaction { interaction, url } if interaction.writes() => {
                let name = type_of(&url.value, resource_type.unwrap_or_default());
                let allowed = self.writes.iter().find(|(known, _)| *known == name);
                let is_allowed = allowed.is_some_and(|(_, allowed)| allowed.contains(interaction));
                (!is_allowed).then(|| format!("{} of {name}", interaction.code()))
            }
            Action::Request { method, .. } if !matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS") => {
                Some(method.clone())
            }
            _ => None,
        });
        let what = written.next()?;
        let name = &self.name.value;
        Some(format!("the document of {name} does not let it be written so ({what})"))
    }
}

/// The first segment of a URL after the base.
fn type_of(url: &Template, resource_type: &str) -> String {
    let parts = url.parts().iter().map(|part| match part {
        Part::Text(text) => &**text,
        Part::Variable(name, _) if &**name == "type" => resource_type,
        Part::Variable(..) => "?",
    });
    let text: String = parts.collect();
    text.split(['/', '?']).next().unwrap_or_default().to_owned()
}

/// The JSON Schema of `system.yaml`: `schemas/system.schema.json`.
#[must_use]
pub fn schema() -> Value {
    crate::suite::schema::of_tables(
        "A system of fhir-assay",
        "Made by fhir-assay from the keys that its parser knows. See docs/systems/adding-one.md.",
        &keys::SYSTEM,
        keys::ALL,
    )
}
