//! `http.html#versioning` and `http.html#versions`

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::json;

use super::{Mutant, OF_A_RESOURCE, entries, versions};
use crate::fhir::Interaction::{Read, SearchType, Update};
use crate::fhir::time::{format_http_date, format_instant, now};

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "versioning.id-in-url",
        "resources carry another id than their URL",
        |_, asked, answer| {
            if asked.is_any(&OF_A_RESOURCE) && answer.is_success() {
                answer.edit(|body| {
                    if let Some(id) = body["id"].as_str() {
                        body["id"] = json!(format!("k{}", &id[1..]));
                    }
                });
            }
        },
    ),
    Mutant::after(
        "versioning.id-in-url/full-url",
        "the fullUrl of an entry ends with another id than the resource has",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    for entry in entries(bundle) {
                        if let Some(url) = entry["fullUrl"].as_str() {
                            entry["fullUrl"] = json!(format!("{url}0"));
                        }
                    }
                });
            }
        },
    ),
    Mutant::after(
        "versioning.etag-carries-version-id",
        "the ETag is a hash of the body",
        |_, asked, answer| {
            if asked.is_any(&OF_A_RESOURCE) && answer.header("etag").is_some() {
                let mut hasher = DefaultHasher::new();
                answer.body.hash(&mut hasher);
                answer.set("etag", &format!("W/\"{:x}\"", hasher.finish()));
            }
        },
    ),
    Mutant::after(
        "versioning.last-modified-from-last-updated",
        "Last-Modified is the time of the answer",
        |_, asked, answer| {
            if asked.is_any(&OF_A_RESOURCE) {
                answer.change("last-modified", |_| format_http_date(now()));
            }
        },
    ),
    Mutant::after("versioning.etag-weak-format", "ETags are not weak", |_, _, answer| {
        answer.change("etag", |tag| tag.trim_start_matches("W/").to_owned())
    }),
    Mutant::before(
        "versioning.full-support",
        "versioned-update is declared, but If-Match is ignored",
        |_, asked| {
            if asked.is(Update) {
                asked.remove_header("if-match");
            }
        },
    ),
    Mutant::after(
        "versioning.level-declared",
        "no-version is declared, but resources carry a version id",
        |_, asked, answer| {
            answer.edit_claims(asked, |resource| resource["versioning"] = json!("no-version"));
        },
    ),
    Mutant::after(
        "versioning.no-version-omits-version-id",
        "resources of a type without versions carry a version id",
        |_, asked, answer| {
            if asked.is_any(&OF_A_RESOURCE) && answer.is_success() {
                answer.edit(|body| {
                    if body["meta"].is_object() {
                        body["meta"]["versionId"] = json!("1");
                    }
                });
            }
        },
    )
    .of_variant("no-versioning"),
    Mutant::after(
        "versioning.no-version-maintains-last-updated",
        "lastUpdated stays that of the creation",
        |server, asked, answer| {
            if let (true, Some(first)) = (asked.is(Read), versions(server, asked).first()) {
                answer.edit(|body| body["meta"]["lastUpdated"] = json!(format_instant(first.at)));
                answer.set("last-modified", &format_http_date(first.at));
            }
        },
    )
    .of_variant("no-versioning"),
    Mutant::before(
        "versioning.versioned-update-honours-if-match",
        "an update ignores If-Match",
        |_, asked| {
            if asked.is(Update) {
                asked.remove_header("if-match");
            }
        },
    ),
];
