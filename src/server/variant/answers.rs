//! Answers that are right otherwise.

use serde_json::{Value, json};

use super::{Variant, each_object};
use crate::fhir::FhirVersion::{R4, R4B, R5, R6};
use crate::fhir::Interaction::{Capabilities, Create, Delete, HistoryInstance, Patch, Read, Update, Vread};
use crate::fhir::{OperationOutcome, Severity};
use crate::server::rewrite::Answer;
use crate::server::rewrite::Rewrite::{After, Before};

pub(super) const ALL: &[Variant] = &[
    Variant::new(
        "minimal-bodies",
        "writes are answered without a body where nothing was preferred",
        &[After(|_, asked, answer| {
            if asked.is_any(&[Create, Update, Patch]) && answer.is_success() && asked.header("prefer").is_none() {
                answer.clear();
            }
        })],
    ),
    Variant::new(
        "deletion-with-outcome",
        "a deletion is answered 200 with an OperationOutcome",
        &[After(|_, asked, answer| {
            if asked.is(Delete) && answer.status == 204 {
                let outcome = OperationOutcome::of(Severity::Information, "informational", "it is gone".to_owned());
                answer.set_status(200);
                answer.set("content-type", "application/fhir+json;charset=utf-8");
                answer.set_json(&outcome.to_value());
            }
        })],
    ),
    Variant::new(
        "deletion-accepted",
        "a deletion is answered 202, without saying what came of it",
        &[After(|_, asked, answer| {
            if asked.is(Delete) && answer.status == 204 {
                answer.set_status(202);
            }
        })],
    )
    .only(&[R4, R4B, R5]),
    Variant::new(
        "deletion-of-nothing-unknown",
        "deleting what never existed is answered 404, as the table lists",
        &[After(|server, asked, answer| {
            let place = asked.resource_type().zip(asked.id());
            let unknown = place.is_some_and(|(resource_type, id)| server.store.current(&resource_type, &id).is_none());
            if asked.is(Delete) && answer.is_success() && unknown {
                *answer = Answer::refusal(404, "not-found", "there was nothing to delete");
            }
        })],
    ),
    Variant::new(
        "deletions-untracked",
        "what was deleted is as unknown as what never existed",
        &[After(|server, asked, answer| {
            let place = asked.resource_type().zip(asked.id());
            let deleted = place
                .and_then(|(resource_type, id)| server.store.current(&resource_type, &id))
                .is_some_and(|version| version.resource.is_none());
            if deleted && asked.is_any(&[Read, Vread, HistoryInstance]) {
                *answer = Answer::refusal(404, "not-found", "there is no such resource");
            }
            if deleted && asked.is(Delete) {
                answer.remove("etag");
            }
        })],
    ),
    Variant::new(
        "revival-200",
        "bringing back what was deleted is answered 200",
        &[After(|server, asked, answer| {
            let place = asked.resource_type().zip(asked.id());
            let versions = place.and_then(|(resource_type, id)| server.store.history(&resource_type, &id));
            if asked.is(Update) && answer.status == 201 && versions.is_some_and(|versions| versions.len() > 1) {
                answer.set_status(200);
            }
        })],
    )
    .only(&[R5, R6]),
    Variant::new(
        "plain-errors",
        "what the web framework refuses itself is told as plain text",
        &[After(|_, asked, answer| {
            let known = asked.resource_type().is_some() && asked.segments().len() <= 4;
            if matches!(answer.status.as_u16(), 404 | 405 | 501) && (!known || answer.status != 404) {
                answer.set("content-type", "text/plain; charset=utf-8");
                answer.body = "no".into();
            }
        })],
    ),
    Variant::new(
        "whole-seconds",
        "times have no fractions",
        &[After(|_, _, answer| {
            answer.edit(|body| {
                each_object(body, &|members| {
                    for name in ["lastUpdated", "lastModified"] {
                        if let Some(Value::String(text)) = members.get_mut(name)
                            && let Some((seconds, _)) = text.split_once('.')
                        {
                            *text = format!("{seconds}Z");
                        }
                    }
                });
            });
        })],
    ),
    Variant::new(
        "pretty",
        "bodies are written for people",
        &[After(|_, _, answer| {
            if !answer.is_labelled_xml()
                && let Some(body) = answer.json()
                && let Ok(text) = serde_json::to_string_pretty(&body)
            {
                answer.body = format!("{text}\n").into();
            }
        })],
    ),
    Variant::new(
        "generated-narrative",
        "resources get a narrative from the server",
        &[Before(|_, asked| {
            if asked.is_any(&[Create, Update])
                && let Some(mut body) = asked.json()
                && body["text"].is_null()
                && body["resourceType"]
                    .as_str()
                    .is_some_and(|name| name != "Bundle" && name != "Binary")
            {
                body["text"] = json!({
                    "status": "generated",
                    "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">made by the server</div>",
                });
                asked.set_json(&body);
            }
        })],
    ),
    Variant::new(
        "tags-added",
        "resources get a tag from the server",
        &[Before(|_, asked| {
            if asked.is_any(&[Create, Update])
                && let Some(mut body) = asked.json()
                && body["resourceType"].is_string()
            {
                let tag = json!({ "system": "urn:example:tier", "code": "raw" });
                let tags = match body.pointer("/meta/tag").and_then(Value::as_array) {
                    Some(tags) => tags
                        .iter()
                        .filter(|known| **known != tag)
                        .cloned()
                        .chain([tag.clone()])
                        .collect(),
                    None => vec![tag.clone()],
                };
                // A body that is wrong is left wrong.
                if body["meta"].is_null() || body["meta"].is_object() {
                    body["meta"]["tag"] = json!(tags);
                }
                asked.set_json(&body);
            }
        })],
    ),
    Variant::new(
        "new-metadata-each-time",
        "the metadata have the time at which they were asked for, and no ETag",
        &[After(|_, asked, answer| {
            if asked.is(Capabilities) {
                answer.edit_resource("CapabilityStatement", |body| {
                    body["date"] = json!(crate::fhir::time::format_instant(crate::fhir::time::now()));
                });
                answer.remove("etag");
            }
        })],
    ),
];
