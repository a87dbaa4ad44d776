//! Rules that look at a whole suite: each file is one rule or a family, and its doc comment is its manual.
//!
//! What would make a verdict wrong is an error, and such a suite is not run. What is only unused or odd is a warning.
//! Errors are looked for whenever a suite is loaded, warnings only by `lint`; so is what is dear to find.

mod coverage;
mod fhirpath;
mod fixtures;
mod given;
mod lexer;
mod placeholders;
mod resource_types;
mod scope;
mod style;
mod unused;
mod urls;
pub(super) mod used;
mod variables;
mod walk;

use crate::source::{Diagnostic, Diagnostics, Severity};

use super::model::Suite;

/// A rule: it looks at a suite and says what it finds.
type Rule = fn(&Suite, &mut Diagnostics);

/// Rules whose findings make a verdict wrong, and that cost little.
const AT_LOAD: [Rule; 5] = [
    variables::check,
    given::check,
    fixtures::check,
    placeholders::check,
    resource_types::check,
];

/// Rules about what is odd, and those that cost more.
const ON_REQUEST: [Rule; 5] = [
    fhirpath::check,
    unused::check,
    coverage::check,
    urls::check,
    style::check,
];

/// Everything that is odd or wrong in a suite that was parsed, in the order of its file.
#[must_use]
pub fn lint(suite: &Suite) -> Vec<Diagnostic> {
    let mut problems = Diagnostics::default();
    for rule in AT_LOAD.iter().chain(&ON_REQUEST) {
        rule(suite, &mut problems);
    }
    problems.sort();
    problems.iter().cloned().collect()
}

/// What is so wrong in a suite that it must not be run.
#[must_use]
pub fn errors(suite: &Suite) -> Diagnostics {
    let mut problems = Diagnostics::default();
    for rule in AT_LOAD {
        rule(suite, &mut problems);
    }
    debug_assert!(problems.iter().all(|found| found.severity == Severity::Error));
    problems
}
