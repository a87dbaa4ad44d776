//! `http.html` and `http.html#general`

use http::Method;
use serde_json::{Value, json};

use super::Mutant;
use crate::fhir::FhirVersion::{R4, R4B, R5};
use crate::fhir::Interaction::{Capabilities, Read, SearchType, Vread};
use crate::server::rewrite::Answer;

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "general.capability-statement-provided",
        "the CapabilityStatement has no rest",
        |_, asked, answer| {
            if asked.is(Capabilities) {
                answer.edit_resource("CapabilityStatement", |body| {
                    body.as_object_mut().map(|body| body.remove("rest"));
                });
            }
        },
    ),
    Mutant::instead(
        "general.declared-interactions-available",
        "vread is declared, but there is nothing at its URL",
        |_, asked| {
            asked
                .is(Vread)
                .then(|| Answer::refusal(404, "not-supported", "there is no such route"))
        },
    ),
    // Of R6 there are no definitions of resources yet, only those of data types.
    Mutant::after(
        "general.resources-conform",
        "a search is answered with a Bundle of the type search, which there is not",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| bundle["type"] = json!("search"));
            }
        },
    )
    .only(&[R4, R4B, R5]),
    Mutant::after(
        "general.resources-conform/empty-array",
        "a search without matches has an empty list of entries",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    if bundle["entry"].is_null() {
                        bundle["entry"] = json!([]);
                    }
                });
            }
        },
    ),
    Mutant::after(
        "general.resources-conform/outcome",
        "the issues of an OperationOutcome have no code, which each has to have",
        |_, _, answer| {
            answer.edit_resource("OperationOutcome", |outcome| {
                let issues = outcome.pointer_mut("/issue").and_then(Value::as_array_mut);
                for issue in issues.into_iter().flatten().filter_map(Value::as_object_mut) {
                    issue.remove("code");
                }
            });
        },
    )
    .only(&[R4, R4B, R5]),
    Mutant::at(
        "general.https-in-production",
        "the server is open to the world without TLS",
        "http://fhir.hospital.org",
    ),
    Mutant::after(
        "general.cors",
        "a preflight is answered without Access-Control-Allow-Origin",
        |_, asked, answer| {
            if *asked.method() == Method::OPTIONS {
                answer.remove("access-control-allow-origin");
            }
        },
    ),
    Mutant::after(
        "general.cors/read",
        "a read is answered without Access-Control-Allow-Origin",
        |_, asked, answer| {
            if asked.is(Read) {
                answer.remove("access-control-allow-origin");
            }
        },
    ),
    Mutant::after(
        "general.status-codes-map-to-states",
        "failures are answered 200 with an OperationOutcome of severity error",
        |_, _, answer| {
            if answer.status.is_client_error() {
                answer.set_status(200);
            }
        },
    ),
];
