//! `unused-fixture`, `unused-variable`, `unused-capture`, `unused-given`: something is written, taken or asked of the tester
//! that nobody looks at.
//!
//! Either it can go, or the step that should use it speaks of something else by mistake.

use std::collections::HashSet;

use super::scope::FixtureVariables;
use super::used::Used;
use super::walk;
use crate::source::{Diagnostic, Diagnostics};
use crate::suite::given;
use crate::suite::model::Suite;

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
    let needed = |name: &str| {
        let mut all = suite.cases.iter().flat_map(|case| given::needed(suite, case));
        all.any(|given| given.name.value == name)
    };
    for (name, given) in suite.given.iter().filter(|(name, _)| !needed(name)) {
        let message = format!("`{name}` is asked of the tester and never used");
        let found = Diagnostic::warning("unused-given", &suite.source, given.name.span, message);
        problems.push(found.with_help("use it in a step as `${name}` or `%name`, or leave it out"));
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
