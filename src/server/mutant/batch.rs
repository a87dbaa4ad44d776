//! `http.html#brules`

use serde_json::json;

use super::{Mutant, each_request, entries};
use crate::fhir::Interaction::Batch;
use crate::server::rewrite::{Answer, Switch};

pub(super) const ALL: &[Mutant] = &[
    Mutant::instead(
        "batch.posted-to-base",
        "batches are taken at [base]/Bundle only",
        |_, asked| {
            asked
                .is(Batch)
                .then(|| Answer::refusal(404, "not-found", "there is nothing here"))
        },
    ),
    Mutant::before(
        "batch.entries-as-single-interactions",
        "ifMatch of a batch's entries is ignored",
        |_, asked| {
            if asked.is(Batch) {
                each_request(asked, |request| drop(request.remove("ifMatch")));
            }
        },
    ),
    Mutant::switch(
        "batch.outcomes-independent",
        "a batch ends with the first entry that fails",
        Switch::BatchStops,
    ),
    Mutant::switch(
        "batch.independence-validated",
        "two updates of one resource in a batch are both done",
        Switch::BatchDepends,
    ),
    Mutant::switch(
        "batch.order-irrelevant",
        "entries of a batch are processed as they stand",
        Switch::BatchAsSent,
    ),
    Mutant::after(
        "batch.status-200",
        "a batch is answered 400 where an entry failed",
        |_, asked, answer| {
            let failed = answer.json().is_some_and(|bundle| {
                let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
                entries.iter().any(|entry| {
                    entry["response"]["status"]
                        .as_str()
                        .is_some_and(|text| text.starts_with('4'))
                })
            });
            if asked.is(Batch) && failed {
                *answer = Answer::refusal(400, "invalid", "an entry failed");
            }
        },
    ),
    Mutant::after(
        "batch.entry-failure-visible",
        "an entry that failed says 200",
        |_, asked, answer| {
            if asked.is(Batch) {
                answer.edit_resource("Bundle", |bundle| {
                    for entry in entries(bundle) {
                        if entry["response"]["status"]
                            .as_str()
                            .is_some_and(|text| text.starts_with('4'))
                        {
                            entry["response"] = json!({ "status": "200 OK" });
                        }
                    }
                });
            }
        },
    ),
    Mutant::instead(
        "batch.unsupported-400",
        "a server without batches answers them 200 with an empty Bundle",
        |_, asked| {
            asked
                .is(Batch)
                .then(|| Answer::resource(200, &json!({ "resourceType": "Bundle", "type": "batch-response" })))
        },
    )
    .of_variant("no-bundles"),
];
