//! `http.html#read`

use serde_json::{Value, json};

use super::{Mutant, all_is_well, last_content, versions};
use crate::fhir::Interaction::Read;
use crate::fhir::time::format_http_date;
use crate::server::rewrite::{Answer, Switch, remove};

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "read.returns-current",
        "a read goes on to show the first version after an update",
        |server, asked, answer| {
            let versions = versions(server, asked);
            if let (true, 200, Some(first)) = (asked.is(Read), answer.status.as_u16(), versions.first())
                && let Some(content) = &first.resource
            {
                answer.set_json(content);
                answer.set("etag", &first.etag());
                answer.set("last-modified", &format_http_date(first.at));
            }
        },
    ),
    Mutant::after("read.id-matches-url", "a read leaves the id out", |_, asked, answer| {
        if asked.is(Read) && answer.is_success() {
            answer.edit(|body| remove(body, "id"));
        }
    }),
    Mutant::after("read.etag", "a read has no ETag", |_, asked, answer| {
        if asked.is(Read) {
            answer.remove("etag");
        }
    }),
    Mutant::after(
        "read.last-modified",
        "a read has no Last-Modified",
        |_, asked, answer| {
            if asked.is(Read) {
                answer.remove("last-modified");
            }
        },
    ),
    Mutant::after(
        "read.unknown-404",
        "an id that never existed is answered 200 with an empty resource",
        |_, asked, answer| {
            if let (true, 404, Some(resource_type)) = (asked.is(Read), answer.status.as_u16(), asked.resource_type()) {
                answer.set_status(200);
                answer.set_json(&json!({ "resourceType": resource_type, "id": asked.id() }));
            }
        },
    ),
    Mutant::after(
        "read.unknown-404/outcome",
        "an id that never existed is answered 200 with an OperationOutcome that says that all is well",
        |_, asked, answer| {
            if asked.is(Read) && answer.status == 404 {
                answer.set_status(200);
                answer.set_json(&all_is_well());
            }
        },
    ),
    Mutant::after(
        "read.deleted-410",
        "a deleted resource is read as it was",
        |server, asked, answer| {
            if let (true, 410, Some(content)) = (asked.is(Read), answer.status.as_u16(), last_content(server, asked)) {
                answer.set_status(200);
                answer.set_json(&content);
            }
        },
    ),
    Mutant::switch("read.id-format", "ids hold underscores", Switch::IdsWithUnderscores),
    Mutant::instead(
        "read.id-format/long",
        "the server fails at an id that is too long",
        |_, asked| {
            let too_long = asked.is(Read) && asked.id().is_some_and(|id| id.len() > 64);
            too_long.then(|| Answer::refusal(500, "exception", "the server failed"))
        },
    ),
    Mutant::instead("read.summary-parameter", "a read refuses _summary", |_, asked| {
        (asked.is(Read) && asked.parameter("_summary").is_some())
            .then(|| Answer::refusal(400, "not-supported", "_summary is for searches"))
    }),
    Mutant::instead("read.elements-parameter", "a read refuses _elements", |_, asked| {
        (asked.is(Read) && asked.parameter("_elements").is_some())
            .then(|| Answer::refusal(400, "not-supported", "_elements is for searches"))
    }),
    Mutant::after(
        "read.subsetted-tag",
        "a part of a resource is not tagged as one",
        |_, asked, answer| {
            if asked.is(Read) {
                answer.edit(|body| {
                    if let Some(tags) = body.pointer_mut("/meta/tag").and_then(Value::as_array_mut) {
                        tags.retain(|tag| tag["code"] != "SUBSETTED");
                    }
                });
            }
        },
    ),
];
