//! `http.html#trules`, `http.html#other-bundles`

use serde_json::{Value, json};

use super::{Mutant, all_is_well, each_request, entries};
use crate::fhir::FhirVersion::{R5, R6};
use crate::fhir::Interaction::Transaction;
use crate::server::Shared;
use crate::server::rewrite::{Answer, Asked, Switch, remove};

pub(super) const ALL: &[Mutant] = &[
    Mutant::instead(
        "transaction.posted-to-base",
        "transactions are taken at [base]/Bundle only",
        |_, asked| is_transaction(asked).then(|| Answer::refusal(404, "not-found", "there is nothing here")),
    ),
    Mutant::switch(
        "transaction.all-or-nothing",
        "what a transaction did before it failed stays done",
        Switch::FailuresStayDone,
    ),
    Mutant::after(
        "transaction.success-200",
        "a transaction is answered 201",
        |_, asked, answer| {
            if is_transaction(asked) && answer.is_success() {
                answer.set_status(201);
            }
        },
    ),
    Mutant::after(
        "transaction.failure-status",
        "a transaction that failed is answered 200 with an OperationOutcome",
        |_, asked, answer| {
            if is_transaction(asked) && !answer.is_success() {
                *answer = Answer::resource(200, &all_is_well());
            }
        },
    ),
    Mutant::switch(
        "transaction.entries-2xx-or-3xx",
        "a transaction with a read that failed is answered 200",
        Switch::ReadsMayFail,
    )
    .only(&[R5, R6]),
    Mutant::instead(
        "transaction.empty-accepted",
        "a transaction without entries is refused",
        |_, asked| {
            let is_empty = asked.json().is_some_and(|bundle| bundle["entry"].is_null());
            (is_transaction(asked) && is_empty).then(|| Answer::refusal(400, "required", "there are no entries"))
        },
    ),
    Mutant::switch(
        "transaction.order-independent",
        "a link leads only to entries that come earlier",
        Switch::LinksLeadBack,
    ),
    Mutant::switch(
        "transaction.order-delete-first",
        "writing entries are processed as they stand",
        Switch::WritesAsSent,
    ),
    Mutant::switch(
        "transaction.order-create-before-update",
        "updates are processed before creates",
        Switch::UpdatesBeforeCreates,
    ),
    Mutant::switch(
        "transaction.order-reads-last",
        "reads are processed before writes",
        Switch::ReadsFirst,
    ),
    Mutant::switch(
        "transaction.overlapping-identity-fails",
        "where two entries write one resource the last one counts",
        Switch::EntriesOverlap,
    ),
    Mutant::before(
        "transaction.version-checks-apply",
        "ifMatch of a transaction's entries is ignored",
        |_, asked| {
            if is_transaction(asked) {
                each_request(asked, |request| drop(request.remove("ifMatch")));
            }
        },
    ),
    Mutant::instead(
        "transaction.unsupported-400",
        "a server without transactions does them as batches",
        as_batch,
    )
    .of_variant("no-bundles"),
    Mutant::instead(
        "transaction.create-ignores-full-url",
        "a create whose fullUrl is no urn is refused",
        |_, asked| refuse_full_url(asked, "POST", |full_url| full_url.starts_with("http")),
    ),
    Mutant::instead(
        "transaction.update-maps-full-url",
        "an update whose fullUrl is of another server is refused",
        |_, asked| refuse_full_url(asked, "PUT", |full_url| full_url.contains("elsewhere")),
    ),
    Mutant::instead(
        "transaction.history-bundle-accepted",
        "a history is answered 500",
        |_, asked| is_of_type(asked, "history").then(|| Answer::refusal(500, "exception", "a history came")),
    ),
    Mutant::before(
        "transaction.history-post-keeps-id",
        "the resources of a history get new ids",
        |server, asked| {
            if is_of_type(asked, "history")
                && let Some(mut bundle) = asked.json()
            {
                for entry in entries(&mut bundle) {
                    entry["resource"]["id"] = json!(server.new_id());
                }
                asked.set_json(&bundle);
            }
        },
    ),
    Mutant::before(
        "transaction.other-bundle-create-or-update",
        "the resources of a collection are created anew",
        |_, asked| {
            if is_of_type(asked, "collection")
                && let Some(mut bundle) = asked.json()
            {
                for entry in entries(&mut bundle) {
                    remove(&mut entry["resource"], "id");
                }
                asked.set_json(&bundle);
            }
        },
    ),
];

fn is_transaction(asked: &Asked) -> bool {
    asked.is(Transaction) && is_of_type(asked, "transaction")
}

/// Whether a Bundle of that type came to `[base]`.
fn is_of_type(asked: &Asked, kind: &str) -> bool {
    asked.is(Transaction) && asked.json().is_some_and(|bundle| bundle["type"] == kind)
}

/// Stores what the creates of a transaction hold.
fn as_batch(server: &Shared, asked: &Asked) -> Option<Answer> {
    let mut bundle = asked.json().filter(|_| is_transaction(asked))?;
    let mut answers = Vec::new();
    for entry in entries(&mut bundle) {
        let resource = entry["resource"].take();
        let name = resource["resourceType"].as_str()?.to_owned();
        let id = server.new_id();
        server.store.write().create(&name, &id, resource);
        answers.push(json!({ "response": { "status": "201 Created", "location": format!("{name}/{id}") } }));
    }
    let answer = json!({ "resourceType": "Bundle", "type": "batch-response", "entry": answers });
    Some(Answer::resource(200, &answer))
}

fn refuse_full_url(asked: &Asked, method: &str, is_refused: fn(&str) -> bool) -> Option<Answer> {
    let bundle = asked.json().filter(|_| is_transaction(asked))?;
    let refused =
        |entry: &Value| entry["request"]["method"] == method && entry["fullUrl"].as_str().is_some_and(is_refused);
    let has_one = bundle["entry"].as_array()?.iter().any(refused);
    has_one.then(|| Answer::refusal(400, "invalid", "fullUrl and request.url disagree"))
}
