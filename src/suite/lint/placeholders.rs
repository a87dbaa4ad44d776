//! `bad-placeholder`: a mapping with a `$` key that is no placeholder. `placeholder-in-request`: one in a body that is sent.

use std::borrow::Cow;

use serde_json::Value;

use super::walk;
use crate::source::{Diagnostic, Diagnostics, Span};
use crate::suite::assertion::BodyMatcher;
use crate::suite::model::{Body, BodySource, Step, Suite};
use crate::suite::placeholder::{self, dialect};

/// Looks for placeholders that are none, and for those that would be sent as they are.
pub fn check(suite: &Suite, problems: &mut Diagnostics) {
    for step in suite.cases.iter().flat_map(|case| walk::steps(case)) {
        if let Some(body) = &step.body {
            sent(suite, body, problems);
        }
        for body in compared(step) {
            expected(suite, body, problems);
        }
    }
}

/// The bodies that answers are compared with.
fn compared(step: &Step) -> impl Iterator<Item = &Body> {
    let expected = step
        .expect
        .iter()
        .flat_map(|expectation| std::iter::once(&expectation.response).chain(&expectation.any_of));
    let assumed = step.assume.iter().map(|assume| &assume.response);
    expected
        .chain(assumed)
        .flat_map(|response| &response.body)
        .filter_map(|matcher| match &matcher.value {
            BodyMatcher::Like(body) | BodyMatcher::SameAs(body) => Some(&**body),
            _ => None,
        })
}

fn sent(suite: &Suite, body: &Body, problems: &mut Diagnostics) {
    if written(body).any(|(value, _)| placeholder::is_in(&value)) {
        let message = "a placeholder would be sent as it is written";
        let found = Diagnostic::error("placeholder-in-request", &suite.source, body.span, message);
        problems.push(found.with_help("placeholders stand in `like` and `same-as`; here, write a value or a variable"));
    }
}

fn expected(suite: &Suite, body: &Body, problems: &mut Diagnostics) {
    if let (BodySource::Captured(_), Some((_, span))) =
        (&body.source, written(body).find(|(value, _)| placeholder::is_in(value)))
    {
        let message = "a captured resource is compared as it is, without placeholders";
        let found = Diagnostic::error("bad-placeholder", &suite.source, span, message);
        problems.push(
            found.with_help("remove what changes from it, and ask for that in another matcher, such as `fhirpath`"),
        );
        return;
    }
    for (value, span) in written(body) {
        // The dialect of HL7 depends on the release in its numbers only.
        let value = dialect::ours(
            &value,
            suite.fhir.first().copied().unwrap_or(crate::fhir::FhirVersion::R4),
        );
        placeholder::faults(&value, &mut |fault| {
            let found = Diagnostic::error("bad-placeholder", &suite.source, span, fault.message);
            problems.push(found.with_help(fault.help));
        });
    }
}

/// The data that is written in a body itself, and where.
fn written(body: &Body) -> impl Iterator<Item = (Cow<'_, Value>, Span)> {
    let source = match &body.source {
        // Every placeholder has this sign.
        BodySource::Json(text) if text.as_str().contains('$') => Some((Cow::Owned(text.value()), body.span)),
        _ => None,
    };
    source
        .into_iter()
        .chain(body.set.iter().map(|(path, value)| (Cow::Borrowed(value), path.span)))
}
