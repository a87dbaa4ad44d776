//! `http.html#Http-Headers` and `http.html#custom`

use super::Mutant;
use crate::fhir::FhirVersion::{R5, R6};
use crate::fhir::Interaction::{Create, Patch};
use crate::server::rewrite::Answer;

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "custom-headers.request-id-returned",
        "every answer has a request id of its own, and that of the client is lost",
        |_, asked, answer| answer.set("x-request-id", &format!("own-{}", asked.number)),
    ),
    Mutant::after(
        "custom-headers.correlation-id-echoed",
        "the request id of the client comes back as another correlation id",
        |_, asked, answer| {
            answer.set("x-request-id", &format!("own-{}", asked.number));
            answer.set("x-correlation-id", &format!("other-{}", asked.number));
        },
    ),
    Mutant::instead(
        "custom-headers.endpoint-ignores-intermediary",
        "requests that an intermediary changed are refused",
        |_, asked| {
            asked
                .headers()
                .contains_key("x-intermediary")
                .then(|| Answer::refusal(400, "security", "no intermediaries"))
        },
    ),
    Mutant::after(
        "headers.location-on-create-and-upsert",
        "a create has Content-Location in place of Location",
        |_, asked, answer| {
            if let (true, Some(location)) = (asked.is(Create), answer.header("location").map(str::to_owned)) {
                answer.remove("location");
                answer.set("content-location", &location);
            }
        },
    ),
    Mutant::before(
        "headers.etag-if-match-scope",
        "If-Match is honoured by updates and ignored by patches",
        |_, asked| {
            if asked.is(Patch) {
                asked.remove_header("if-match");
            }
        },
    ),
    Mutant::before(
        "headers.if-none-exist-extension",
        "If-None-Exist is not read",
        |_, asked| {
            if asked.is(Create) {
                asked.remove_header("if-none-exist");
            }
        },
    ),
    Mutant::after(
        "headers.content-location-async",
        "who asked for the answer later is told the place in Location",
        |_, _, answer| {
            if answer.status == 202 {
                swap(answer, "content-location", "location");
            }
        },
    )
    .only(&[R5, R6]),
];

/// Moves what one header says to another.
fn swap(answer: &mut Answer, from: &'static str, to: &'static str) {
    if let Some(text) = answer.header(from).map(str::to_owned) {
        answer.set(to, &text);
        answer.remove(from);
    }
}
