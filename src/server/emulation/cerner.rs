//! Cerner DSTU2, AllergyIntolerance, as a thread of its developers shows it: updates under If-Match, refused in plain text.
//! There is no server of DSTU2 below: every answer is made here.

use serde_json::{Map, Value, json};

use super::Emulation;
use crate::fhir::Interaction::{Capabilities, Create, Read, Update};
use crate::fhir::time::format_http_date;
use crate::fhir::{Etag, FhirVersion};
use crate::server::mutant::Mutant;
use crate::server::rewrite::{Answer, Asked, Rewrite};
use crate::server::store::{Version, new_id};
use crate::server::{BASE_PATH, Shared};

/// Cerner DSTU2, AllergyIntolerance.
pub(super) static EMULATION: Emulation = Emulation {
    name: "cerner-dstu2",
    release: FhirVersion::Dstu2,
    resources: &[include_str!(
        "../../../suites/systems/cerner-dstu2/resources/allergyintolerance-6215743.json"
    )],
    rewrites: &[Rewrite::Instead(answer)],
    mutants: &[MUTANTS],
};

const TYPE: &str = "AllergyIntolerance";
const REQUIRED: &str = "cerner-dstu2-update.if-match-required";
const INVALID: &str = "cerner-dstu2-update.invalid-if-match-412";
const STALE: &str = "cerner-dstu2-update.stale-if-match-409/applied";

const MUTANTS: &[Mutant] = &[
    Mutant::forgets(REQUIRED, "an update without If-Match is done"),
    Mutant::after(
        "cerner-dstu2-update.missing-if-match-412",
        "a missing If-Match is answered 400",
        |_, asked, answer| {
            if asked.is(Update) && asked.header("if-match").is_none() && answer.status == 412 {
                answer.set_status(400);
            }
        },
    ),
    Mutant::after(
        "cerner-dstu2-update.missing-if-match-body",
        "the refusal says nothing",
        |_, _, answer| {
            if answer.status == 412 {
                answer.clear();
            }
        },
    ),
    Mutant::forgets(INVALID, "an If-Match that cannot be read counts as none that is wrong"),
    Mutant::instead(
        "cerner-dstu2-update.current-if-match-accepted",
        "an update under the current version is refused",
        |_, asked| (asked.is(Update) && asked.header("if-match").is_some()).then(refused),
    ),
    Mutant::after(
        "cerner-dstu2-update.stale-if-match-409",
        "a conflict is answered 412",
        |_, _, answer| {
            if answer.status == 409 {
                answer.set_status(412);
            }
        },
    ),
    Mutant::forgets(STALE, "an update under a version of the past is done"),
    Mutant::instead(
        "cerner-dstu2-update.create-without-if-match",
        "a create wants If-Match too",
        |_, asked| (asked.is(Create) && asked.header("if-match").is_none()).then(refused),
    ),
    Mutant::after(
        "cerner-dstu2-update.response-headers",
        "the refusal has none of the headers that were seen",
        |_, _, answer| {
            if answer.status == 412 {
                answer.remove("x-request-id");
                answer.remove("cache-control");
            }
        },
    ),
];

fn answer(server: &Shared, asked: &Asked) -> Option<Answer> {
    let is_known = asked.resource_type().is_some_and(|name| name == TYPE);
    Some(match asked.interaction() {
        Some(Capabilities) => conformance(),
        Some(Read) if is_known => read(server, asked),
        Some(Create) if is_known => create(server, asked),
        Some(Update) if is_known => update(server, asked),
        _ => refusal(404, "not-found", "there is no such resource"),
    })
}

/// An answer with a resource, under the media type of that time.
fn resource(status: u16, body: &Value) -> Answer {
    let mut answer = Answer::resource(status, body);
    answer.set("content-type", "application/json+fhir; charset=utf-8");
    answer
}

fn refusal(status: u16, code: &str, text: &str) -> Answer {
    let issue = json!({ "severity": "error", "code": code, "details": { "text": text } });
    resource(status, &json!({ "resourceType": "OperationOutcome", "issue": [issue] }))
}

/// The refusal of the thread.
fn refused() -> Answer {
    let mut answer = Answer::empty(412);
    answer.body = "no If-Match or invalid If-Match header provided".into();
    answer.chunked = true;
    let id = uuid::Uuid::new_v4().simple().to_string();
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("vary", "Origin,User-Agent,Accept-Encoding"),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("x-request-id", id.as_str()),
    ] {
        answer.set(name, value);
    }
    answer
}

fn conformance() -> Answer {
    let interactions: Vec<Value> = ["read", "create", "update"]
        .iter()
        .map(|code| json!({ "code": code }))
        .collect();
    let resources = json!([{ "type": TYPE, "interaction": interactions, "versioning": "versioned-update" }]);
    resource(
        200,
        &json!({
            "resourceType": "Conformance", "status": "active", "date": "2017-04-12", "kind": "instance",
            "fhirVersion": FhirVersion::Dstu2.number(), "acceptUnknown": "no", "format": ["json"],
            "rest": [{ "mode": "server", "resource": resources }],
        }),
    )
}

fn told(status: u16, version: &Version) -> Answer {
    let mut answer = match &version.resource {
        Some(found) => resource(status, found),
        None => Answer::empty(status),
    };
    answer.set("etag", &version.etag());
    answer.set("last-modified", &format_http_date(version.at));
    answer
}

fn read(server: &Shared, asked: &Asked) -> Answer {
    let found = server.store.current(TYPE, &asked.id().unwrap_or_default());
    found.map_or_else(
        || refusal(404, "not-found", "it is not known"),
        |version| told(200, &version),
    )
}

/// The body of a write, where it is one of the type.
fn body(asked: &Asked) -> Option<Value> {
    let body: Map<String, Value> = serde_json::from_slice(&asked.body).ok()?;
    let is_fitting = body.get("resourceType").is_some_and(|name| name == TYPE);
    is_fitting.then_some(Value::Object(body))
}

fn other_body() -> Answer {
    refusal(400, "structure", "the body is no AllergyIntolerance")
}

fn create(server: &Shared, asked: &Asked) -> Answer {
    let Some(body) = body(asked) else { return other_body() };
    let id = new_id();
    let version = server.store.write().create(TYPE, &id, body);
    let mut answer = told(201, &version);
    answer.clear();
    let host = asked.header("host").unwrap_or(&server.authority);
    let url = format!("http://{host}{BASE_PATH}/{TYPE}/{id}/_history/{}", version.version_id);
    answer.set("location", &url);
    answer
}

fn update(server: &Shared, asked: &Asked) -> Answer {
    let id = asked.id().unwrap_or_default();
    // Read and written under one lock, as the precondition wants it.
    let mut store = server.store.write();
    let Some(current) = store.current(TYPE, &id).cloned() else {
        return refusal(404, "not-found", "it is not known");
    };
    match asked.header("if-match") {
        None if server.keeps(REQUIRED) => return refused(),
        None => {}
        Some(text) => match Etag::parse(text).filter(|tag| tag.weak) {
            None if server.keeps(INVALID) => return refused(),
            Some(tag) if tag.tag != current.version_id && server.keeps(STALE) => {
                return refusal(409, "conflict", "it was changed by somebody else");
            }
            _ => {}
        },
    }
    match body(asked) {
        Some(body) if body["id"] == id.as_str() => told(200, &store.update(TYPE, &id, body)),
        Some(_) => refusal(400, "invalid", "the id of the body is not that of the URL"),
        None => other_body(),
    }
}
