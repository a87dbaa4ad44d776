//! `http.html#patch`

use http::Method;
use serde_json::{Value, json};

use super::content_negotiation::declare;
use super::{Mutant, current, set_id, versions};
use crate::fhir::FhirVersion::{R5, R6};
use crate::fhir::Interaction;
use crate::server::Shared;
use crate::server::patch::Patch;
use crate::server::rewrite::{Answer, Asked, Rewrite};

pub(super) const ALL: &[Mutant] = &[
    Mutant::before(
        "patch.json-patch",
        "add replaces what is at an index of an array",
        |_, asked| {
            let Some(mut operations) = operations(asked) else {
                return;
            };
            for operation in &mut operations {
                let indexed = operation["path"]
                    .as_str()
                    .is_some_and(|path| path.ends_with(|last: char| last.is_ascii_digit()));
                if operation["op"] == "add" && indexed {
                    operation["op"] = json!("replace");
                }
            }
            asked.set_body(Value::Array(operations).to_string().into_bytes());
        },
    ),
    Mutant::instead(
        "patch.fhirpath-patch",
        "the Parameters take the place of the resource",
        |server, asked| {
            let parameters = asked.json().filter(|_| is_patch(asked))?;
            (parameters["resourceType"] == "Parameters" && current(server, asked).is_some())
                .then(|| store(server, asked, parameters))?
        },
    ),
    Mutant::instead(
        "patch.xml-patch",
        "XML Patch is declared, and answered 200 without doing anything",
        |server, asked| {
            let current = current(server, asked).filter(|_| is_xml_patch(asked))?;
            Some(Answer::resource(200, current.resource.as_deref()?))
        },
    )
    .also(Rewrite::After(declare_xml_patch)),
    Mutant::instead(
        "patch.xml-namespaces",
        "XML Patch is declared, but selectors with the prefix of a namespace find nothing",
        |_, asked| {
            let selector = str::from_utf8(&asked.body).ok()?.split("sel=\"").nth(1)?;
            let is_prefixed = selector
                .split(['/', '\"'])
                .next()
                .is_some_and(|first| first.contains(':'));
            (is_xml_patch(asked) && is_prefixed)
                .then(|| Answer::refusal(422, "processing", "the selector finds nothing"))
        },
    )
    .also(Rewrite::After(declare_xml_patch)),
    Mutant::instead(
        "patch.applied-to-server-copy",
        "the patch is applied to the first version, which is in a cache",
        |server, asked| {
            let first = versions(server, asked)
                .first()?
                .resource
                .clone()
                .filter(|_| is_patch(asked))?;
            let patched = patched(server, asked, &first, &asked.body)?;
            store(server, asked, patched)
        },
    ),
    Mutant::after(
        "patch.all-or-nothing",
        "what comes before the operation that fails is done",
        |server, asked, answer| {
            let content = current(server, asked).and_then(|version| version.resource.clone());
            if let (422, Some(operations), Some(content)) = (answer.status.as_u16(), operations(asked), content)
                && let Some(first) = operations.first()
                && let Some(patched) = patched(server, asked, &content, json!([first]).to_string().as_bytes())
            {
                drop(store(server, asked, patched));
            }
        },
    ),
    Mutant::after(
        "patch.result-handled-as-update",
        "the result of a patch is not looked at",
        |server, asked, answer| {
            let content = current(server, asked).and_then(|version| version.resource.clone());
            if let (422, Some([only]), Some(content)) = (answer.status.as_u16(), operations(asked).as_deref(), content)
                && only["op"] == "remove"
                && let Some(name) = only["path"].as_str().and_then(|path| path.strip_prefix('/'))
            {
                let mut content = (*content).clone();
                if content
                    .as_object_mut()
                    .and_then(|members| members.shift_remove(name))
                    .is_some()
                    && let Some(done) = store(server, asked, content)
                {
                    *answer = done;
                }
            }
        },
    ),
    Mutant::before("patch.prefer", "patches do not look at Prefer", |_, asked| {
        if is_patch(asked) {
            asked.remove_header("prefer");
        }
    }),
    Mutant::before(
        "patch.concurrency-supported",
        "patches do not look at If-Match",
        |_, asked| {
            if is_patch(asked) {
                asked.remove_header("if-match");
            }
        },
    ),
    Mutant::after(
        "patch.narrative-safe",
        "the narrative of the data before stays",
        |server, asked, answer| {
            let versions = versions(server, asked);
            if let (true, [.., before, last]) = (is_patch(asked) && answer.is_success(), versions.as_slice())
                && let (Some(before), Some(last)) = (&before.resource, &last.resource)
                && before.get("text").is_some()
            {
                let mut content = (**last).clone();
                content["text"] = before["text"].clone();
                if let Some(done) = store(server, asked, content) {
                    *answer = done;
                }
            }
        },
    ),
    Mutant::after(
        "patch.json-test-failure-422",
        "where a test fails the rest is left out, and the answer is 200",
        |server, asked, answer| {
            let tests = operations(asked).is_some_and(|all| all.iter().any(|operation| operation["op"] == "test"));
            let content = current(server, asked).and_then(|version| version.resource.clone());
            if let (true, 422, Some(content)) = (tests, answer.status.as_u16(), content) {
                *answer = Answer::resource(200, &content);
            }
        },
    )
    .only(&[R5, R6]),
    Mutant::before(
        "patch.unsupported-format-415",
        "a merge patch is merged, though it is no format of FHIR",
        |server, asked| {
            let content = current(server, asked).and_then(|version| version.resource.clone());
            let merges = asked.header("content-type") == Some("application/merge-patch+json");
            if let (true, Some(content), Some(Value::Object(members))) = (merges, content, asked.json()) {
                let mut content = (*content).clone();
                for (name, value) in members {
                    content[name.as_str()] = value;
                }
                asked.set_method(Method::PUT);
                asked.set_header("content-type", "application/fhir+json");
                asked.set_json(&content);
            }
        },
    ),
    Mutant::before(
        "patch.unknown-resource-404",
        "a patch of what never existed creates it",
        |server, asked| {
            if let (true, Some(id)) = (is_patch(asked) && versions(server, asked).is_empty(), asked.id()) {
                asked.set_method(Method::PUT);
                asked.set_header("content-type", "application/fhir+json");
                let body = json!({ "resourceType": asked.resource_type() });
                asked.set_json(&body);
                set_id(asked, &id);
            }
        },
    ),
];

fn is_xml_patch(asked: &Asked) -> bool {
    asked.is(Interaction::Patch)
        && asked
            .header("content-type")
            .is_some_and(|text| text.contains("xml-patch"))
}

fn declare_xml_patch(_: &Shared, asked: &Asked, answer: &mut Answer) {
    declare(asked, answer, "patchFormat", "application/xml-patch+xml");
}

fn is_patch(asked: &Asked) -> bool {
    asked.is(Interaction::Patch)
}

/// The operations of a JSON Patch.
fn operations(asked: &Asked) -> Option<Vec<Value>> {
    let is_json_patch = asked.header("content-type") == Some("application/json-patch+json");
    serde_json::from_slice(&asked.body)
        .ok()
        .filter(|_| is_patch(asked) && is_json_patch)
}

/// What the patch of a request makes of a resource.
fn patched(server: &Shared, asked: &Asked, resource: &Value, body: &[u8]) -> Option<Value> {
    let release = server.options.release;
    Patch::read(asked.headers(), body, release)
        .ok()?
        .apply(resource, release)
        .ok()
}

/// Stores the next version of what a request names, and answers 200 with it.
fn store(server: &Shared, asked: &Asked, content: Value) -> Option<Answer> {
    let version = server
        .store
        .write()
        .patch(&asked.resource_type()?, &asked.id()?, content);
    let mut answer = Answer::resource(200, version.resource.as_deref()?);
    answer.set("etag", &version.etag());
    Some(answer)
}
