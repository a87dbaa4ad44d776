//! `no-expectation`: a case has no expectation, and so tests no requirement.
//!
//! What always has to hold is judged even so; but no requirement is traced to the case, so it counts for nothing.

use crate::source::{Diagnostic, Diagnostics};
use crate::suite::model::Suite;

/// Looks for cases without an expectation.
pub fn check(suite: &Suite, problems: &mut Diagnostics) {
    for case in suite.cases.iter().filter(|case| case.expectations().next().is_none()) {
        let message = format!("`{}` tests no requirement", case.id.value);
        let found = Diagnostic::warning("no-expectation", &suite.source, case.id.span, message);
        problems.push(found.with_help("give a step an `expect` with the requirement that it tests"));
    }
}
