//! Outcomes: an OperationOutcome where something failed, and none where nothing did.

use serde_json::Value;

use super::{Ledger, Look, Softened};
use crate::check::expectation::of_body;
use crate::check::judged::{Between, a, cut};
use crate::check::reading::Unreadable;
use crate::check::status::answered;
use crate::fhir::Interaction::{
    Batch, Capabilities, Create, Delete, DeleteHistory, DeleteHistoryVersion, HistoryInstance, HistorySystem,
    HistoryType, Patch, Read, SearchSystem, SearchType, Transaction, Update, Vread,
};
use crate::fhir::media_type::{FHIR_JSON, FHIR_TURTLE, FHIR_XML};
use crate::suite::assertion::AtMost;
use crate::verdict::{Mismatch, Part};

pub(super) fn audit(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    if look.request().method == "HEAD" {
        return;
    }
    failures_have_an_outcome(look, ledger);
    successes_have_no_errors(look, ledger);
    writes_have_no_outcome_unasked(look, ledger);
    delete_has_its_payload(look, ledger);
}

/// Statuses by which FHIR says that a request failed, and which no gateway makes up.
const FAILURES: [u16; 8] = [400, 404, 405, 409, 410, 412, 415, 422];

/// The rule that asks for an OperationOutcome on this failure; none where nothing does.
fn failure_rule(look: &Look<'_>) -> Option<&'static str> {
    if !FAILURES.contains(&look.status) {
        return None;
    }
    let interaction = look.interaction;
    Some(match (interaction, look.status) {
        (Some(SearchType | SearchSystem), 400 | 422) => "search.failure-outcome",
        (Some(Create), 400 | 422) => "create.error-outcome",
        (Some(Update), 400 | 404 | 405 | 409 | 412 | 422) => "update.error-outcome",
        (Some(Transaction), 400 | 409 | 412 | 422) => "transaction-response.failed-transaction-outcome",
        // A raw request may go anywhere; below the base, and where FHIR was asked for, a refusal is FHIR's.
        (None, _) if look.path.is_none() => return None,
        (None, _) if !["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&look.request().method.as_str()) => {
            return None;
        }
        _ => "return-preference.failure-outcome",
    })
}

/// `http.html#return`: a failed request is answered with an OperationOutcome that has an error.
fn failures_have_an_outcome(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let Some(rule) = failure_rule(look).filter(|_| look.asked_fhir_only) else {
        return;
    };
    let status = || answered(look.status);
    let wanted = "an OperationOutcome with an issue of severity error or fatal";
    match look.reading.json() {
        Err(Unreadable::Empty) => {
            ledger.broken(
                rule,
                of_body(format!("{} without a body", status())).between(wanted, None),
            );
        }
        Err(Unreadable::Cut(_) | Unreadable::Elsewhere(_) | Unreadable::NotUtf8(_)) => {}
        // Told by the rule on labels already.
        Err(Unreadable::NoJson(_) | Unreadable::Other(_)) if has_label(look, FHIR_JSON) => {}
        Err(Unreadable::NoXml(_)) if has_label(look, FHIR_XML) => {}
        // Turtle, and XML that cannot be read, are looked at for the name only.
        Err(Unreadable::Other(_)) if speaks_of_an_outcome(look) => ledger.holds(rule),
        Err(Unreadable::Other(_)) if has_label(look, FHIR_XML) || has_label(look, FHIR_TURTLE) => {
            let message = format!("{} with a body that is no OperationOutcome", status());
            ledger.broken(rule, told(look, message, wanted));
        }
        Err(error) => ledger.broken(rule, told(look, format!("{}, and {error}", status()), wanted)),
        Ok(_) => match look.resource() {
            Some((outcome, "OperationOutcome")) if first_error(outcome).is_some() => ledger.holds(rule),
            Some((_, "OperationOutcome")) => {
                let message = format!("{} with an OperationOutcome in which no issue is an error", status());
                let softened = Softened {
                    at_most: Some(AtMost::Warning),
                    because: Some("the text asks for an OperationOutcome; that an issue is an error is our reading"),
                };
                ledger.broken_but(rule, softened, told(look, message, wanted));
            }
            Some((_, name)) => {
                let message = format!("{} with {}, not an OperationOutcome", status(), a(name));
                ledger.broken(rule, told(look, message, wanted));
            }
            None => ledger.broken(
                rule,
                told(
                    look,
                    format!("{} with JSON that is no OperationOutcome", status()),
                    wanted,
                ),
            ),
        },
    }
}

/// `http.html#Status-Codes`: what failed is not answered 2xx.
fn successes_have_no_errors(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    // An operation such as $validate gives its errors as its result.
    let is_judged = look.is(&[
        Read,
        Vread,
        Create,
        Update,
        Patch,
        Delete,
        DeleteHistory,
        DeleteHistoryVersion,
        SearchType,
        SearchSystem,
        Capabilities,
        HistoryInstance,
        HistoryType,
        HistorySystem,
        Transaction,
        Batch,
    ]);
    if !look.is_success() || !is_judged || look.type_in_url == Some("OperationOutcome") {
        return;
    }
    let Some((resource, name)) = look.resource() else {
        return;
    };
    if name == "OperationOutcome"
        && let Some(severity) = first_error(resource)
    {
        let message = format!(
            "{} with an OperationOutcome of severity {severity}",
            answered(look.status)
        );
        let told = told(look, message, "a status of 4xx or 5xx for what failed");
        ledger.broken("general.status-codes-map-to-states", told);
    }
}

/// `http.html#return`: a successful write has an OperationOutcome only where it was asked for.
fn writes_have_no_outcome_unasked(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let is_asked = look.request().headers.get("prefer").is_some();
    if !look.is(&[Create, Update, Patch]) || !matches!(look.status, 200 | 201) || is_asked {
        return;
    }
    let Some((resource, name)) = look.resource() else {
        return;
    };
    if look.type_in_url == Some("OperationOutcome") || first_error(resource).is_some() {
        return;
    }
    ledger.judge(
        "return-preference.absent-no-outcome",
        name != "OperationOutcome",
        || {
            told(
                look,
                "the body is an OperationOutcome, and nobody asked for one".to_owned(),
                "the resource, or no body",
            )
        },
    );
}

/// `http.html#delete`: 200 goes with an OperationOutcome.
fn delete_has_its_payload(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    if !look.is(&[Delete]) || look.status != 200 {
        return;
    }
    let rule = "delete.payload-consistent";
    let wanted = "200 with an OperationOutcome, or 204";
    match look.resource() {
        Some((_, "OperationOutcome")) => ledger.holds(rule),
        Some((_, name)) => {
            let message = format!("the server answered 200 with {}, not an OperationOutcome", a(name));
            ledger.broken(rule, told(look, message, wanted));
        }
        None if look.reading.body().is_empty() => {
            ledger.broken(
                rule,
                of_body("the server answered 200 without a body").between(wanted, None),
            );
        }
        None if speaks_of_an_outcome(look) || has_label(look, FHIR_XML) || has_label(look, FHIR_TURTLE) => {}
        None if has_label(look, FHIR_JSON) => {}
        None => {
            let message = "the server answered 200 with a body that is no OperationOutcome";
            ledger.broken(rule, told(look, message.to_owned(), wanted));
        }
    }
}

/// Whether a body that is no JSON has the name of an OperationOutcome in it.
fn speaks_of_an_outcome(look: &Look<'_>) -> bool {
    let text = look.reading.body().text().unwrap_or_default();
    text.contains("OperationOutcome") && !text.contains("<html")
}

/// The severity of the first issue that is an error.
pub(super) fn first_error(outcome: &Value) -> Option<&str> {
    let mut severities = outcome["issue"]
        .as_array()?
        .iter()
        .filter_map(|issue| issue["severity"].as_str());
    severities.find(|severity| matches!(*severity, "error" | "fatal"))
}

fn has_label(look: &Look<'_>, label: &str) -> bool {
    look.reading.media_type().is_some_and(|found| found.essence() == label)
}

fn told(look: &Look<'_>, message: String, wanted: &str) -> Box<Mismatch> {
    let text = String::from_utf8_lossy(look.reading.body().bytes());
    let mut told = of_body(message).between(wanted, Some(cut(&text, 500)));
    told.part = Part::Body(String::new());
    told
}
