//! `http.html#concurrency`

use http::header::IF_MATCH;
use serde_json::Value;

use super::{Mutant, OF_A_RESOURCE, current, entries, versions};
use crate::fhir::Interaction::{Read, SearchType, Update};
use crate::fhir::time::now;
use crate::server::rewrite::{Answer, Switch};

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "contention.etag-returned",
        "only reads have an ETag",
        |_, asked, answer| {
            if asked.is_any(&OF_A_RESOURCE) && !asked.is(Read) {
                answer.remove("etag");
            }
        },
    ),
    Mutant::after(
        "contention.etag-matches-version",
        "every ETag is that of version 1",
        |_, asked, answer| {
            if asked.is_any(&OF_A_RESOURCE) {
                answer.change("etag", |_| "W/\"1\"".to_owned());
            }
        },
    ),
    Mutant::switch(
        "contention.version-id-valid",
        "version ids are written in base64, with signs that no id may have",
        Switch::VersionsInBase64,
    ),
    Mutant::switch(
        "contention.version-id-unique",
        "version ids begin again after a deletion",
        Switch::VersionsBeginAgain,
    ),
    Mutant::after(
        "contention.bundle-uses-version-id",
        "the resources of a search have no meta",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    for entry in entries(bundle) {
                        drop(
                            entry
                                .pointer_mut("/resource")
                                .and_then(Value::as_object_mut)
                                .map(|resource| resource.remove("meta")),
                        );
                    }
                });
            }
        },
    ),
    Mutant::instead(
        "contention.weak-etag-in-if-match",
        "weak tags in If-Match never match, as HTTP has it",
        |_, asked| {
            let weak = asked.header("if-match").is_some_and(|tag| tag.starts_with("W/"));
            (asked.is(Update) && weak).then(stale)
        },
    ),
    Mutant::instead(
        "contention.if-match-current-succeeds",
        "every update with If-Match is refused",
        |_, asked| (asked.is(Update) && asked.headers().contains_key(IF_MATCH)).then(stale),
    ),
    Mutant::before(
        "contention.if-match-stale-412",
        "an update with a stale If-Match is done",
        |_, asked| {
            if asked.is(Update) {
                asked.remove_header("if-match");
            }
        },
    ),
    Mutant::after(
        "contention.if-match-stale-412/failure",
        "an update with a stale If-Match is refused with 500",
        |_, asked, answer| {
            if asked.is(Update) && answer.status == 412 {
                answer.set_status(500);
            }
        },
    ),
    Mutant::instead(
        "contention.if-match-required-400",
        "an update without If-Match is refused with 500",
        |server, asked| {
            let exists = current(server, asked).is_some_and(|version| version.resource.is_some());
            (asked.is(Update) && exists && !asked.headers().contains_key(IF_MATCH))
                .then(|| Answer::refusal(500, "exception", "If-Match is missing"))
        },
    ),
    Mutant::before(
        "contention.no-lost-update",
        "If-Match is checked before the lock is taken, so that it may name the version before one of this moment",
        |server, asked| {
            if let (true, [.., before, last]) = (asked.is(Update), versions(server, asked).as_slice())
                && asked.header("if-match") == Some(before.etag().as_str())
                && now().duration_since(last.at).as_millis() < 50
            {
                asked.remove_header("if-match");
            }
        },
    ),
];

fn stale() -> Answer {
    Answer::refusal(412, "conflict", "that is not the current version")
}
