//! Secrets that a tester gave, out of what a case tells: the judges have seen them, readers do not.

use crate::exchange::{Body, Headers, Request, Response};
use crate::fhir::Mend;
use crate::transport::auth::Secrets;
use crate::verdict::{CaseResult, Finding, StepResult};

/// Puts `***` in the place of every secret in a result.
pub(super) fn hide(case: &mut CaseResult, secrets: &Secrets) {
    if secrets.is_empty() {
        return;
    }
    if let Some(reason) = &mut case.reason {
        text(&mut reason.text, secrets);
    }
    case.steps.iter_mut().for_each(|one| step(one, secrets));
}

fn step(step: &mut StepResult, secrets: &Secrets) {
    text(&mut step.title, secrets);
    if let Some(reason) = &mut step.reason {
        text(&mut reason.text, secrets);
    }
    step.findings.iter_mut().for_each(|one| finding(one, secrets));
    for exchange in &mut step.exchanges {
        request(&mut exchange.request, secrets);
        response(&mut exchange.response, secrets);
    }
    if let Some(lost) = &mut step.lost {
        request(&mut lost.request, secrets);
        text(&mut lost.error, secrets);
    }
}

fn finding(finding: &mut Finding, secrets: &Secrets) {
    let Some(mismatch) = &mut finding.mismatch else { return };
    text(&mut mismatch.message, secrets);
    for shown in [&mut mismatch.expected, &mut mismatch.actual, &mut mismatch.diff] {
        shown.iter_mut().for_each(|shown| text(shown, secrets));
    }
    mismatch.details.iter_mut().for_each(|detail| text(detail, secrets));
    if let Some(excerpt) = &mut mismatch.excerpt {
        if let Some(masked) = secrets.masked(&excerpt.site.text) {
            // Where the caret stood there may be nothing now.
            (excerpt.site.column, excerpt.site.width) = (1, 1);
            excerpt.site.text = masked.into();
        }
        excerpt.mended.iter_mut().for_each(|mended| text(mended, secrets));
    }
    let tells = |mend: &Mend| serde_json::to_string(mend).is_ok_and(|told| secrets.masked(&told).is_some());
    mismatch.mend = mismatch.mend.take().filter(|mend| !tells(mend));
}

fn request(request: &mut Request, secrets: &Secrets) {
    text(&mut request.url, secrets);
    headers(&mut request.headers, secrets);
    body(&mut request.body, secrets);
}

fn response(response: &mut Response, secrets: &Secrets) {
    headers(&mut response.headers, secrets);
    body(&mut response.body, secrets);
}

fn headers(headers: &mut Headers, secrets: &Secrets) {
    if headers.iter().any(|(_, value)| secrets.masked(value).is_some()) {
        let lines = headers.iter().map(|(name, value)| {
            let masked = secrets.masked(value);
            (name.to_owned(), masked.unwrap_or_else(|| value.to_owned()))
        });
        *headers = lines.collect::<Vec<_>>().into_iter().collect();
    }
}

fn body(body: &mut Body, secrets: &Secrets) {
    if let Some(masked) = secrets.masked_bytes(body.bytes()) {
        *body = match body {
            Body::Cut { length, .. } => Body::Cut {
                start: masked.into(),
                length: *length,
            },
            _ => Body::new(masked),
        };
    }
}

fn text(text: &mut String, secrets: &Secrets) {
    if let Some(masked) = secrets.masked(text) {
        *text = masked;
    }
}
