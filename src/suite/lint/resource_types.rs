//! `unknown-resource-type`: `needs`, `types` or `schema` name a type that no release of the case has. `wrong-canonical`: a
//! `schema` that looks like the canonical of a profile is none.
//!
//! The case would be inapplicable everywhere, and so would test nothing without saying so.

use crate::fhir::FhirVersion;
use crate::fhir::profile;
use crate::fhir::resource_type::ResourceType;
use crate::source::{Diagnostic, Diagnostics, Span};
use crate::suite::assertion::{BodyMatcher, PartialResponse};
use crate::suite::given::Holds;
use crate::suite::model::{Case, Suite, Types};
use crate::suite::parse;

/// Looks for names of resource types that no release has.
pub fn check(suite: &Suite, problems: &mut Diagnostics) {
    for case in &suite.cases {
        let mut see = |name: &str, span: Span| problems.extend(unknown(suite, case, name, span));
        for (name, _) in &case.needs.resources {
            if !matches!(name.as_str(), "*" | "${type}") && !is_of_given(suite, name) {
                see(name, name.span);
            }
        }
        if let Types::Listed(names) = &case.types {
            names.iter().for_each(|name| see(name, name.span));
        }
        let mut see_schema = |name: &str, span: Span| {
            if name.contains([':', '/', '|', '#']) {
                problems.extend(canonical(suite, name, span));
            } else {
                problems.extend(unknown(suite, case, name, span));
            }
        };
        for expectation in case.expectations() {
            schemas(&expectation.response, &mut see_schema);
            expectation
                .any_of
                .iter()
                .for_each(|response| schemas(response, &mut see_schema));
        }
    }
}

/// Whether a name stands for the type of a resource that a tester gives.
fn is_of_given(suite: &Suite, name: &str) -> bool {
    let mut resources = suite.given.values().filter(|given| given.holds == Holds::Resource);
    let variable = name.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    variable.is_some_and(|variable| resources.any(|given| given.type_name == variable))
}

fn schemas(response: &PartialResponse, see: &mut dyn FnMut(&str, Span)) {
    for matcher in &response.body {
        if let BodyMatcher::Schema(template) = &matcher.value
            && let Some(name) = template.as_literal()
        {
            see(name, matcher.span);
        }
    }
}

/// A profile is named by its canonical (`references.html#canonical`). Whether it is loaded shows when the suite is run.
fn canonical(suite: &Suite, name: &str, span: Span) -> Option<Diagnostic> {
    if profile::is_canonical(name) {
        return None;
    }
    let message = format!("`{name}` is no canonical of a profile");
    let help = "write its absolute URL, and its version after `|` where that matters: \
                `http://example.org/StructureDefinition/x|1.0.0`";
    Some(Diagnostic::error("wrong-canonical", &suite.source, span, message).with_help(help))
}

fn unknown(suite: &Suite, case: &Case, name: &str, span: Span) -> Option<Diagnostic> {
    // The types of DSTU2 are not listed here.
    let is_known =
        |release: &FhirVersion| *release == FhirVersion::Dstu2 || ResourceType::parse(*release, name).is_some();
    if case.fhir.iter().any(is_known) {
        return None;
    }
    let known = || case.fhir.iter().flat_map(|release| ResourceType::all(*release));
    let elsewhere = FhirVersion::HTTP
        .iter()
        .find(|release| ResourceType::parse(**release, name).is_some());
    let message = format!("`{name}` is no resource type of the releases here");
    let found = Diagnostic::error("unknown-resource-type", &suite.source, span, message);
    Some(
        match (elsewhere, parse::nearest(name, known().map(|known| known.name()))) {
            (Some(release), _) => found.with_help(format!("{release} has it: narrow or widen `fhir`")),
            (None, Some(near)) => found.with_help(format!("did you mean `{near}`?")),
            (None, None) => found.with_help("names are written as in the specification: `Patient`"),
        },
    )
}
