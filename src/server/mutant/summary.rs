//! `http.html#summary`: the tables of responses

use http::Method;
use serde_json::json;

use super::{Mutant, last_content};
use crate::fhir::FhirVersion::{R5, R6};
use crate::fhir::Interaction;
use crate::fhir::Interaction::{
    Batch, Capabilities, Create, Delete, DeleteHistory, DeleteHistoryVersion, HistoryInstance, HistorySystem,
    HistoryType, Operation, Patch, Read, SearchSystem, SearchType, Transaction, Update, Vread,
};
use crate::server::rewrite::{Answer, Asked};

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "operations.response-read",
        "a read is answered 204, without a body",
        |_, asked, answer| {
            if asked.is(Read) && answer.status == 200 {
                answer.set_status(204);
                answer.clear();
            }
        },
    ),
    Mutant::after(
        "operations.response-vread",
        "a version that is a deletion is answered 409",
        |_, asked, answer| turn(asked, answer, Vread, 410, 409),
    ),
    Mutant::after(
        "operations.response-update",
        "every update is answered 204 with a media type",
        |_, asked, answer| {
            if asked.is(Update) && answer.is_success() {
                answer.set_status(204);
                answer.clear();
                answer.set("content-type", "application/fhir+json");
            }
        },
    ),
    Mutant::after(
        "operations.response-update-conditional",
        "an update with several matches is answered 418",
        |_, asked, answer| {
            if is_by_criteria(asked) {
                turn(asked, answer, Update, 412, 418);
            }
        },
    )
    .only(&[R6]),
    Mutant::after(
        "operations.response-patch",
        "a patch is answered 201",
        |_, asked, answer| {
            turn(asked, answer, Patch, 200, 201);
        },
    ),
    Mutant::after(
        "operations.response-patch-conditional",
        "a patch with several matches is answered 418",
        |_, asked, answer| {
            if is_by_criteria(asked) {
                turn(asked, answer, Patch, 412, 418);
            }
        },
    )
    .only(&[R6]),
    Mutant::after(
        "operations.response-delete",
        "a deletion is answered with what was deleted",
        |server, asked, answer| {
            if let (true, Some(content)) = (asked.is(Delete) && answer.is_success(), last_content(server, asked)) {
                *answer = Answer::resource(200, &content);
            }
        },
    ),
    Mutant::after(
        "operations.response-delete-conditional-single",
        "a deletion with several matches is answered 418",
        |_, asked, answer| {
            if is_by_criteria(asked) {
                turn(asked, answer, Delete, 412, 418);
            }
        },
    )
    .only(&[R6]),
    Mutant::after(
        "operations.response-delete-conditional-multiple",
        "a deletion by criteria is answered with a Bundle",
        |_, asked, answer| {
            if is_by_criteria(asked) {
                give_a_bundle(asked, answer, Delete);
            }
        },
    )
    .only(&[R6]),
    Mutant::after(
        "operations.response-delete-history",
        "the removal of past versions is answered with a Bundle",
        |_, asked, answer| give_a_bundle(asked, answer, DeleteHistory),
    )
    .only(&[R6]),
    Mutant::after(
        "operations.response-delete-history-version",
        "the removal of a version is answered with a Bundle",
        |_, asked, answer| give_a_bundle(asked, answer, DeleteHistoryVersion),
    )
    .only(&[R6]),
    Mutant::after(
        "operations.response-create",
        "a create is answered 200",
        |_, asked, answer| {
            if asked.header("if-none-exist").is_none() {
                turn(asked, answer, Create, 201, 200);
            }
        },
    ),
    Mutant::after(
        "operations.response-create-conditional",
        "a create with a match is answered 409",
        |_, asked, answer| {
            if asked.header("if-none-exist").is_some() {
                turn(asked, answer, Create, 200, 409);
            }
        },
    )
    .only(&[R6]),
    Mutant::after(
        "operations.response-search-type",
        "a search is answered 206",
        |_, asked, answer| {
            if !is_in_compartment(asked) {
                turn(asked, answer, SearchType, 200, 206);
            }
        },
    ),
    Mutant::after(
        "operations.response-search-system",
        "a search of all types is answered 206",
        |_, asked, answer| turn(asked, answer, SearchSystem, 200, 206),
    ),
    Mutant::after(
        "operations.response-search-compartment",
        "a search in a compartment with a parameter is answered 206",
        |_, asked, answer| {
            if is_in_compartment(asked) && (*asked.method() == Method::POST || !asked.query().is_empty()) {
                turn(asked, answer, SearchType, 200, 206);
            }
        },
    )
    .only(&[R5, R6]),
    Mutant::after(
        "operations.response-capabilities",
        "who asks for the capabilities again gets 204",
        |_, asked, answer| {
            if asked.number > 2 {
                turn(asked, answer, Capabilities, 200, 204);
            }
        },
    ),
    Mutant::after(
        "operations.response-transaction",
        "a transaction is answered 207",
        |_, asked, answer| {
            turn(asked, answer, Transaction, 200, 207);
        },
    ),
    Mutant::after(
        "operations.response-batch",
        "a batch is answered 207",
        |_, asked, answer| {
            turn(asked, answer, Batch, 200, 207);
        },
    )
    .only(&[R5, R6]),
    Mutant::after(
        "operations.response-history-instance",
        "the history of a resource is answered 206",
        |_, asked, answer| turn(asked, answer, HistoryInstance, 200, 206),
    ),
    Mutant::after(
        "operations.response-history-type",
        "the history of a type is answered 206",
        |_, asked, answer| turn(asked, answer, HistoryType, 200, 206),
    ),
    Mutant::after(
        "operations.response-history-system",
        "the history of the system is answered 206",
        |_, asked, answer| turn(asked, answer, HistorySystem, 200, 206),
    ),
    Mutant::after(
        "operations.response-operation",
        "an operation is answered with plain text",
        |_, asked, answer| {
            if asked.is(Operation) && answer.is_success() {
                answer.set("content-type", "text/plain");
                answer.body = "done".into();
            }
        },
    ),
];

/// Makes one status of an interaction another one.
fn turn(asked: &Asked, answer: &mut Answer, interaction: Interaction, from: u16, to: u16) {
    if asked.is(interaction) && answer.status == from {
        answer.set_status(to);
    }
}

fn give_a_bundle(asked: &Asked, answer: &mut Answer, interaction: Interaction) {
    if asked.is(interaction) && answer.is_success() {
        *answer = Answer::resource(200, &json!({ "resourceType": "Bundle", "type": "collection" }));
    }
}

fn is_by_criteria(asked: &Asked) -> bool {
    asked.segments().len() == 1 && !asked.query().is_empty()
}

fn is_in_compartment(asked: &Asked) -> bool {
    asked.segments().get(1).is_some_and(|second| second != "_search")
}
