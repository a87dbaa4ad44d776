//! `given-and-set`, `unknown-variable`: what a tester gives is set by the suite too, or is found by something that nobody knows.
//!
//! A value that is given must be the one that the steps use. A request that finds a value is sent before any case runs, so it
//! can speak of the run and of what was given above it only.

use super::walk;
use crate::source::{Diagnostic, Diagnostics, Span};
use crate::suite::given::Holds;
use crate::suite::model::{Repetition, Suite};
use crate::suite::parse;

/// What is known before any case runs.
pub const OF_RUNS: [&str; 3] = ["base", "run.tag", "fhir.version"];

/// Looks for given variables that are set, or cannot be found.
pub fn check(suite: &Suite, problems: &mut Diagnostics) {
    if suite.given.is_empty() {
        return;
    }
    finds(suite, problems);
    let mut told: Vec<Span> = Vec::new();
    for case in &suite.cases {
        let constants = case.variables.iter().map(|(name, value)| (name.as_str(), value.span));
        let set = walk::steps(case).flat_map(|step| {
            let captured = step.capture.iter().map(|capture| &capture.name);
            let looped = step
                .repetition
                .as_deref()
                .into_iter()
                .filter_map(|repetition| match repetition {
                    Repetition::ForEach { variable, .. } => Some(variable),
                    _ => None,
                });
            captured.chain(looped).map(|name| (name.as_str(), name.span))
        });
        for (name, span) in constants.chain(set) {
            let Some(given) = suite.given.get(name).filter(|_| !told.contains(&span)) else {
                continue;
            };
            told.push(span);
            let message = format!("`{name}` is given by the tester, and set here too");
            let found = Diagnostic::error("given-and-set", &suite.source, span, message);
            problems.push(
                found
                    .with_place(given.name.span, "given here")
                    .with_help("give one of them another name"),
            );
        }
    }
}

fn finds(suite: &Suite, problems: &mut Diagnostics) {
    let mut known: Vec<&str> = OF_RUNS.to_vec();
    for given in suite.given.values() {
        if let Some(find) = &given.find {
            for name in find.get.value.variables().filter(|name| !known.contains(name)) {
                let message = format!("there is no variable `${{{name}}}` before the cases run");
                let found = Diagnostic::error("unknown-variable", &suite.source, find.get.span, message);
                let help = match parse::nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        "it can be found by what is given above it, and by `base`, `run.tag` and `fhir.version`".into()
                    }
                };
                problems.push(found.with_help(help));
            }
        }
        known.push(&given.name);
        if given.holds == Holds::Resource {
            known.push(&given.type_name);
        }
    }
}
