//! `http.html#vread`

use serde_json::json;

use super::{Mutant, current, last_content};
use crate::fhir::Interaction::Vread;
use crate::server::rewrite::Switch;

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "vread.returns-version",
        "every version has the content of the current one",
        |server, asked, answer| {
            if let (true, true, Some(mut content)) = (asked.is(Vread), answer.is_success(), last_content(server, asked))
            {
                answer.edit(|body| {
                    content["meta"] = body["meta"].take();
                    *body = content;
                });
            }
        },
    ),
    Mutant::after(
        "vread.id-matches-url",
        "the id holds the version",
        |_, asked, answer| {
            if let (true, true, Some(version)) = (asked.is(Vread), answer.is_success(), asked.version_id()) {
                answer.edit(|body| {
                    body["id"] = json!(format!("{}.{version}", body["id"].as_str().unwrap_or_default()));
                });
            }
        },
    ),
    Mutant::after(
        "vread.version-id-matches-url",
        "every version has the version id of the current one",
        |server, asked, answer| {
            if let (true, true, Some(current)) = (asked.is(Vread), answer.is_success(), current(server, asked)) {
                answer.edit(|body| body["meta"]["versionId"] = json!(current.version_id));
            }
        },
    ),
    Mutant::after(
        "vread.etag",
        "every version has the ETag of the current one",
        |server, asked, answer| {
            if let (true, true, Some(current)) = (asked.is(Vread), answer.is_success(), current(server, asked)) {
                answer.set("etag", &current.etag());
            }
        },
    ),
    Mutant::after(
        "vread.last-modified",
        "a vread has no Last-Modified",
        |_, asked, answer| {
            if asked.is(Vread) {
                answer.remove("last-modified");
            }
        },
    ),
    Mutant::switch(
        "vread.vid-format",
        "version ids are times with colons",
        Switch::VersionsWithColons,
    ),
    Mutant::after(
        "vread.deleted-version-410",
        "the version that is the deletion has the content from before",
        |server, asked, answer| {
            if let (true, 410, Some(content)) = (asked.is(Vread), answer.status.as_u16(), last_content(server, asked)) {
                answer.set_status(200);
                answer.set_json(&content);
            }
        },
    ),
    Mutant::after(
        "vread.current-version",
        "the current version is unknown to vread",
        |server, asked, answer| {
            let current = current(server, asked).map(|version| version.version_id.clone());
            if asked.is(Vread) && current == asked.version_id() {
                answer.set_status(404);
                answer.clear();
            }
        },
    ),
    Mutant::after(
        "vread.old-versions-unsupported-404",
        "the server fails at versions that it does not keep",
        |_, asked, answer| {
            if asked.is(Vread) && answer.status == 404 {
                answer.set_status(500);
            }
        },
    )
    .of_variant("no-history"),
    Mutant::after(
        "vread.unknown-version-404",
        "a version that never existed has the content of the current one",
        |server, asked, answer| {
            if let (true, 404, Some(content)) = (asked.is(Vread), answer.status.as_u16(), last_content(server, asked)) {
                answer.set_status(200);
                answer.set_json(&content);
            }
        },
    ),
    Mutant::after(
        "vread.unknown-resource-404",
        "the server fails at a version of a resource that never existed",
        |server, asked, answer| {
            if asked.is(Vread) && answer.status == 404 && current(server, asked).is_none() {
                answer.set_status(500);
            }
        },
    ),
];
