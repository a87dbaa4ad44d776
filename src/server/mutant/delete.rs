//! `http.html#delete`

use serde_json::json;

use super::{Mutant, all_is_well, current, entries, last_content};
use crate::fhir::Interaction::{Delete, DeleteHistoryVersion, HistoryInstance, Read, Update, Vread};
use crate::server::rewrite::{Answer, Switch};

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "delete.read-afterwards-410",
        "a deleted resource is read as it was",
        |server, asked, answer| {
            if let (true, 410, Some(content)) = (asked.is(Read), answer.status.as_u16(), last_content(server, asked)) {
                answer.set_status(200);
                answer.set_json(&content);
            }
        },
    ),
    Mutant::instead(
        "delete.purge-advertised",
        "patients can be purged, and nothing says so",
        |_, asked| {
            asked
                .path()
                .ends_with("/$purge")
                .then(|| Answer::resource(200, &all_is_well()))
        },
    ),
    Mutant::switch(
        "delete.not-found-by-search",
        "a deleted resource stays in the index",
        Switch::DeletedAreFound,
    ),
    Mutant::after(
        "delete.success-status",
        "a deletion is answered 404",
        |_, asked, answer| {
            if asked.is(Delete) && answer.is_success() {
                answer.set_status(404);
            }
        },
    ),
    Mutant::instead(
        "delete.unknown-id-status",
        "the server fails at deleting what never existed",
        |server, asked| {
            (asked.is(Delete) && current(server, asked).is_none())
                .then(|| Answer::refusal(500, "exception", "the server failed"))
        },
    ),
    Mutant::after(
        "delete.payload-consistent",
        "a deletion is answered with what was deleted",
        |server, asked, answer| {
            if let (true, true, Some(content)) = (asked.is(Delete), answer.is_success(), last_content(server, asked)) {
                let etag = answer.header("etag").map(str::to_owned);
                *answer = Answer::resource(200, &content);
                if let Some(etag) = etag {
                    answer.set("etag", &etag);
                }
            }
        },
    ),
    Mutant::instead(
        "delete.type-refused-405",
        "a deletion that is not offered is answered 204, and not done",
        |_, asked| asked.is(Delete).then(|| Answer::empty(204)),
    )
    .of_variant("no-delete"),
    Mutant::instead(
        "delete.instance-refused-409",
        "the server fails at deleting what something refers to",
        |server, asked| {
            let place = json!(format!("{}/{}", asked.resource_type()?, asked.id()?));
            let (_, observations) = server.store.snapshot("Observation", None);
            let mut contents = observations.iter().filter_map(|version| version.resource.as_deref());
            (asked.is(Delete) && contents.any(|content| content["subject"]["reference"] == place))
                .then(|| Answer::refusal(500, "exception", "foreign key violation"))
        },
    ),
    Mutant::switch(
        "delete.repeat-no-effect",
        "deleting again makes another deletion",
        Switch::DeletesAgain,
    ),
    Mutant::instead(
        "delete.repeat-no-effect/status",
        "the server fails at deleting again",
        |server, asked| {
            let deleted = current(server, asked).is_some_and(|version| version.resource.is_none());
            (asked.is(Delete) && deleted).then(|| Answer::refusal(500, "exception", "the server failed"))
        },
    ),
    Mutant::instead(
        "delete.revival",
        "a deleted resource cannot be brought back, though an update may create",
        |server, asked| {
            let deleted = current(server, asked).is_some_and(|version| version.resource.is_none());
            (asked.is(Update) && deleted).then(|| Answer::refusal(410, "deleted", "it was deleted"))
        },
    ),
    Mutant::after(
        "delete.history-kept",
        "every version of a deleted resource is gone",
        |server, asked, answer| {
            let deleted = current(server, asked).is_some_and(|version| version.resource.is_none());
            if asked.is(Vread) && answer.is_success() && deleted {
                *answer = Answer::refusal(410, "deleted", "it was deleted");
            }
        },
    ),
    Mutant::after(
        "delete.history-entry",
        "the entry of a deletion has the last content",
        |server, asked, answer| {
            if let (true, Some(content)) = (asked.is(HistoryInstance), last_content(server, asked)) {
                answer.edit_resource("Bundle", |bundle| {
                    for entry in entries(bundle).filter(|entry| entry["resource"].is_null()) {
                        entry["resource"] = content.clone();
                    }
                });
            }
        },
    ),
    Mutant::instead(
        "delete.past-versions-not-deletable",
        "the deletion of a past version is answered 204",
        |_, asked| asked.is(DeleteHistoryVersion).then(|| Answer::empty(204)),
    ),
    Mutant::before("delete.if-match-honoured", "a deletion ignores If-Match", |_, asked| {
        if asked.is(Delete) {
            asked.remove_header("if-match");
        }
    }),
];
