//! `http.html#transaction-response`

use serde_json::{Value, json};

use super::{Mutant, entries};
use crate::fhir::Interaction::{Batch, Transaction};
use crate::server::rewrite::{Answer, Asked, remove};

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "transaction-response.transaction-type",
        "a transaction is answered with a batch-response",
        |_, asked, answer| {
            if asked.is(Transaction) {
                answer.edit_resource("Bundle", |bundle| bundle["type"] = json!("batch-response"));
            }
        },
    ),
    Mutant::after(
        "transaction-response.batch-type",
        "a batch is answered with a transaction-response",
        |_, asked, answer| {
            if asked.is(Batch) {
                answer.edit_resource("Bundle", |bundle| bundle["type"] = json!("transaction-response"));
            }
        },
    ),
    Mutant::after(
        "transaction-response.one-entry-each",
        "deletions have no entry in a response",
        |_, asked, answer| {
            edit(asked, answer, |entries| {
                entries.retain(|entry| entry["response"]["status"] != "204 No Content");
            });
        },
    ),
    Mutant::after(
        "transaction-response.same-order",
        "deletions come first in a response",
        |_, asked, answer| {
            edit(asked, answer, |entries| {
                entries.sort_by_key(|entry| entry["response"]["status"] != "204 No Content");
            });
        },
    ),
    Mutant::after(
        "transaction-response.failed-transaction-outcome",
        "a transaction that failed is answered with a transaction-response",
        |_, asked, answer| {
            if asked.is(Transaction) && !answer.is_success() {
                let response = json!({ "status": answer.status.to_string(), "outcome": answer.json() });
                answer.set_json(
                    &json!({ "resourceType": "Bundle", "type": "transaction-response", "entry": [{ "response": response }] }),
                );
            }
        },
    ),
    Mutant::after(
        "transaction-response.entry-response-present",
        "what was read has no response",
        |_, asked, answer| {
            edit(asked, answer, |entries| {
                for entry in entries.iter_mut().filter(|entry| entry["resource"].is_object()) {
                    remove(entry, "response");
                }
            });
        },
    ),
    Mutant::after(
        "transaction-response.entry-location",
        "creates have no location in a response",
        |_, asked, answer| without(asked, answer, "location"),
    ),
    Mutant::after(
        "transaction-response.entry-etag",
        "a response has no ETags",
        |_, asked, answer| without(asked, answer, "etag"),
    ),
    Mutant::before(
        "transaction-response.entry-resource-by-preference",
        "a response has the resources, whatever is preferred",
        |_, asked| {
            if asked.is_any(&[Batch, Transaction]) {
                asked.set_header("prefer", "return=representation");
            }
        },
    ),
];

/// Changes the entries of the response to a batch or transaction.
fn edit(asked: &Asked, answer: &mut Answer, change: impl FnOnce(&mut Vec<Value>)) {
    if asked.is_any(&[Batch, Transaction]) {
        answer.edit_resource("Bundle", |bundle| {
            if let Some(entries) = bundle.pointer_mut("/entry").and_then(Value::as_array_mut) {
                change(entries);
            }
        });
    }
}

fn without(asked: &Asked, answer: &mut Answer, name: &str) {
    if asked.is_any(&[Batch, Transaction]) {
        answer.edit_resource("Bundle", |bundle| {
            for entry in entries(bundle) {
                remove(&mut entry["response"], name);
            }
        });
    }
}
