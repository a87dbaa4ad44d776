//! Asynchronous use: `http.html#prefer`, `http.html#summary`

use super::Mutant;
use crate::fhir::FhirVersion::{R5, R6};
use crate::fhir::Interaction::{Delete, Read, SearchType};
use crate::server::rewrite::{Answer, Asked};

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "async.synchronous-by-default",
        "a plain search is answered 202",
        |_, asked, answer| {
            if asked.is(SearchType) && !is_wanted(asked) {
                accepted(answer);
            }
        },
    ),
    Mutant::after(
        "async.status-202-in-table",
        "a plain read is answered 202",
        |_, asked, answer| {
            if asked.is(Read) && !is_wanted(asked) {
                accepted(answer);
            }
        },
    )
    .only(&[R5, R6]),
    Mutant::after(
        "async.delete-202",
        "a plain deletion is answered 202",
        |_, asked, answer| {
            if asked.is(Delete) && !is_wanted(asked) {
                accepted(answer);
            }
        },
    )
    .only(&[R6]),
    Mutant::instead(
        "async.delete-202/refused",
        "a deletion that may come later is refused, though a preference may be ignored",
        |_, asked| {
            (asked.is(Delete) && is_wanted(asked))
                .then(|| Answer::refusal(400, "not-supported", "there is nothing asynchronous here"))
        },
    ),
];

fn is_wanted(asked: &Asked) -> bool {
    asked
        .header("prefer")
        .is_some_and(|prefer| prefer.contains("respond-async"))
}

fn accepted(answer: &mut Answer) {
    if answer.is_success() {
        answer.set_status(202);
    }
}
