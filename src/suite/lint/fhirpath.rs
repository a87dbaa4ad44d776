//! `bad-fhirpath`: an expression does not compile.
//!
//! An error, but looked for by `lint` only: compiling is dear, and a run that meets such an expression says so itself.

use std::collections::HashSet;

use super::walk::{self, Part};
use crate::fhir::fhirpath::Expression;
use crate::source::{Diagnostic, Diagnostics, Span};
use crate::suite::assertion::FhirPath;
use crate::suite::model::Suite;

/// Compiles every expression of a suite.
pub fn check(suite: &Suite, problems: &mut Diagnostics) {
    let mut fine = HashSet::new();
    for find in suite.given.values().filter_map(|given| given.find.as_ref()) {
        problems.extend(wrong(suite, &find.value));
    }
    for case in &suite.cases {
        for step in walk::steps(case) {
            walk::all(step, &mut |part| {
                if let Part::Path(path) = part
                    && !fine.contains(path.text.as_str())
                {
                    match wrong(suite, path) {
                        Some(found) => problems.push(found),
                        None => {
                            fine.insert(path.text.as_str());
                        }
                    }
                }
            });
        }
    }
}

fn wrong(suite: &Suite, path: &FhirPath) -> Option<Diagnostic> {
    let error = Expression::compile(&path.text).err()?;
    let place = path.text.span;
    let written = suite.source.slice(place);
    let span = match (error.offset, written.find(path.text.as_str())) {
        (Some(offset), Some(start)) => {
            let from = place.start as usize + start + offset.min(path.text.len());
            Span::new(from..(from + error.length).min(place.end as usize).max(from))
        }
        _ => place,
    };
    let message = format!("this is no FHIRPath: {}", error.message);
    let found = Diagnostic::error("bad-fhirpath", &suite.source, span, message);
    Some(found.with_help("see https://hl7.org/fhirpath and docs/suite-format.md#variables"))
}
