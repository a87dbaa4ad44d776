//! `missing-reason`: a status is tolerated (`note`, `warn`) without a word about why.
//!
//! The reader of a report sees that something was let pass, and asks who decided so.

use crate::source::{Diagnostic, Diagnostics};
use crate::suite::assertion::{PartialResponse, StatusMatcher};
use crate::suite::model::Suite;

use super::walk;

/// Looks for judgements without a reason.
pub fn check(suite: &Suite, problems: &mut Diagnostics) {
    for step in suite.cases.iter().flat_map(|case| walk::steps(case)) {
        for expectation in &step.expect {
            let has_reason = expectation.because.is_some();
            let responses = std::iter::once(&expectation.response).chain(&expectation.any_of);
            for response in responses.filter(|_| !has_reason) {
                problems.extend(without_reason(suite, response));
            }
        }
    }
}

fn without_reason(suite: &Suite, response: &PartialResponse) -> Option<Diagnostic> {
    let status = response.status.as_ref()?;
    let StatusMatcher::Judged {
        note,
        warn,
        because: None,
        ..
    } = &status.value
    else {
        return None;
    };
    if note.is_empty() && warn.is_empty() {
        return None;
    }
    let message = "this status is tolerated, and nothing says why";
    let found = Diagnostic::warning("missing-reason", &suite.source, status.span, message);
    Some(found.with_help("write `because:` and the judgement, in a sentence"))
}
