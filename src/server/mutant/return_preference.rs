//! `http.html#ops`, and what Prefer asks for

use serde_json::json;

use super::{Mutant, WRITES, all_is_well};
use crate::fhir::Interaction::{Create, Transaction};
use crate::server::rewrite::Asked;

pub(super) const ALL: &[Mutant] = &[
    Mutant::before(
        "return-preference.minimal",
        "the resource comes although minimal was asked for",
        |_, asked| {
            if asks_for(asked, "minimal") {
                asked.set_header("prefer", "return=representation");
            }
        },
    ),
    Mutant::before(
        "return-preference.representation",
        "nothing comes although representation was asked for",
        |_, asked| {
            if asks_for(asked, "representation") {
                asked.set_header("prefer", "return=minimal");
            }
        },
    ),
    Mutant::before(
        "return-preference.operation-outcome",
        "the resource comes although OperationOutcome was asked for",
        |_, asked| {
            if asks_for(asked, "OperationOutcome") {
                asked.set_header("prefer", "return=representation");
            }
        },
    ),
    Mutant::before(
        "return-preference.transaction-minimal",
        "the response of a transaction has the resources although minimal was asked for",
        |_, asked| {
            if asked.is(Transaction) && asked.header("prefer") == Some("return=minimal") {
                asked.set_header("prefer", "return=representation");
            }
        },
    ),
    Mutant::after(
        "return-preference.absent-no-outcome",
        "every write is answered with an OperationOutcome",
        |_, asked, answer| {
            if asked.is_any(&WRITES) && answer.is_success() && asked.header("prefer").is_none() {
                answer.set_json(&all_is_well());
            }
        },
    ),
    Mutant::after(
        "return-preference.only-on-success",
        "a failure says nothing where minimal was asked for",
        |_, asked, answer| {
            if asks_for(asked, "minimal") && answer.status.is_client_error() {
                answer.clear();
            }
        },
    ),
    Mutant::after(
        "return-preference.failure-outcome",
        "404 comes without a body",
        |_, _, answer| {
            if answer.status == 404 {
                answer.clear();
            }
        },
    ),
    Mutant::after(
        "return-preference.representation-is-outcome",
        "what was sent comes back instead of what was stored",
        |_, asked, answer| {
            if let (true, true, Some(mut sent)) = (asked.is(Create), answer.is_success(), asked.json())
                && asks_for(asked, "representation")
            {
                answer.edit(|body| {
                    sent["id"] = body["id"].take();
                    if sent["meta"]["lastUpdated"].is_null() {
                        sent["meta"]["lastUpdated"] = json!(body["meta"]["lastUpdated"]);
                    }
                    *body = sent;
                });
            }
        },
    ),
];

/// Whether a write says what it wants back, and it is that.
fn asks_for(asked: &Asked, what: &str) -> bool {
    let prefer = asked.header("prefer").unwrap_or_default();
    asked.is_any(&WRITES)
        && prefer
            .split([',', ';'])
            .any(|part| part.trim() == format!("return={what}"))
}
