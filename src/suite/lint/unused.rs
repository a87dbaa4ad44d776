//! `unused-fixture`, `unused-variable`, `unused-capture`: something is written or taken that nobody looks at.
//!
//! Either it can go, or the step that should use it speaks of something else by mistake.

use std::collections::HashSet;

use super::scope::{FixtureVariables, Mention, Written, mentions};
use super::walk::{self, Part};
use crate::source::{Diagnostic, Diagnostics};
use crate::suite::fixture;
use crate::suite::model::{Case, Suite};
use crate::suite::variables::fhirpath_name;

/// Looks for what is never used.
pub fn check(suite: &Suite, problems: &mut Diagnostics) {
    let fixtures = FixtureVariables::of(suite);
    let mut fixtures_used = HashSet::new();
    let mut variables_used = HashSet::new();
    for case in &suite.cases {
        let used = Used::in_case(suite, case, &fixtures, &mut fixtures_used);
        for capture in walk::steps(case).flat_map(|step| &step.capture) {
            if !used.has(&capture.name) {
                let message = format!("`{}` is captured and never used", capture.name.value);
                let found = Diagnostic::warning("unused-capture", &suite.source, capture.name.span, message);
                problems.push(found.with_help("use it, or leave the capture out"));
            }
        }
        for (name, value) in case.variables.iter() {
            let is_of_suite = suite.variables.get(name).is_some_and(|known| known.span == value.span);
            if is_of_suite && used.has(name) {
                variables_used.insert(name.as_str());
            } else if !is_of_suite && !used.has(name) {
                problems.push(unused_variable(suite, name, value.span));
            }
        }
    }
    for (name, value) in suite.variables.iter() {
        if !variables_used.contains(name.as_str()) {
            problems.push(unused_variable(suite, name, value.span));
        }
    }
    for (name, fixture) in &suite.fixtures {
        if !fixtures_used.contains(name.as_str()) {
            let message = format!("the fixture `{name}` is never used");
            let found = Diagnostic::warning("unused-fixture", &suite.source, fixture.path.span, message);
            problems.push(found.with_help("use it, or leave it out"));
        }
    }
}

fn unused_variable(suite: &Suite, name: &str, span: crate::source::Span) -> Diagnostic {
    let message = format!("the variable `{name}` is never used");
    Diagnostic::warning("unused-variable", &suite.source, span, message).with_help("use it, or leave it out")
}

/// The names that a case mentions.
#[derive(Default)]
struct Used {
    in_text: HashSet<String>,
    in_fhirpath: HashSet<String>,
}

impl Used {
    fn in_case<'s>(
        suite: &'s Suite,
        case: &'s Case,
        fixtures: &FixtureVariables<'_>,
        fixtures_used: &mut HashSet<&'s str>,
    ) -> Self {
        let mut used = Self::default();
        let mut note = |mention: Mention<'_>| {
            let names = match mention.written {
                Written::Path => &mut used.in_fhirpath,
                Written::Text | Written::Resource => &mut used.in_text,
            };
            names.insert(mention.name.into_owned());
        };
        for value in case.variables.values() {
            mentions(Part::Text(&value.value, value.span), &suite.source, fixtures, &mut note);
        }
        for step in walk::steps(case) {
            walk::all(step, &mut |part| {
                if let Part::Fixture(name) = part {
                    fixtures_used.extend(fixture::meant(name, &suite.fixtures));
                }
                mentions(part, &suite.source, fixtures, &mut note);
            });
        }
        used
    }

    fn has(&self, name: &str) -> bool {
        self.in_text.contains(name) || self.in_fhirpath.contains(&*fhirpath_name(name))
    }
}
