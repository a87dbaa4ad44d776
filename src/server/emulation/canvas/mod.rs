//! Canvas Medical, Procedure, as its documentation says: read and search, relative links with `_count` and `_offset`.

mod mutants;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Emulation, claim_only};
use crate::fhir::FhirVersion;
use crate::fhir::Interaction::{Capabilities, Read, SearchType};
use crate::server::Shared;
use crate::server::rewrite::{Answer, Asked, Rewrite, Switch, remove};

/// Canvas Medical, Procedure.
pub(super) static EMULATION: Emulation = Emulation {
    name: "canvas",
    release: FhirVersion::R4,
    resources: &[
        include_str!("../../../../suites/systems/canvas/resources/procedure-9789e57b-a645-4a7a-b0d5-284749bd6fb0.json"),
        include_str!("../../../../suites/systems/canvas/resources/procedure-abf44ce9-a71e-4fc4-8ac7-5b4cf9663b05.json"),
        include_str!("../../../../suites/systems/canvas/resources/procedure-41ae8ee6-1967-4ec5-ab96-46b14c7c7e6d.json"),
        include_str!("../../../../suites/systems/canvas/resources/procedure-25a213a0-75f7-49bb-96f1-84a6945cd6af.json"),
        include_str!("../../../../suites/systems/canvas/resources/procedure-e669ed9a-86d2-4a23-8e20-119bd3fae177.json"),
        include_str!("../../../../suites/systems/canvas/resources/procedure-feff5126-1679-4a93-ad46-fcd95569d74e.json"),
        include_str!("../../../../suites/systems/canvas/resources/procedure-8ab210e7-de5c-4343-8e70-5a2268e08d94.json"),
    ],
    rewrites: &[
        Rewrite::Switch(Switch::JsonOnly),
        Rewrite::Instead(refuse),
        Rewrite::Before(widen),
        Rewrite::After(answer),
    ],
    mutants: &[mutants::ALL],
};

/// The rule that a patient is named by an identifier.
const NEEDS_IDENTIFIER: &str = "canvas-procedure.search.patient-needs-identifier";
/// How many entries a page has where nothing else is asked for.
const PAGE: usize = 10;
/// What stands as it is in a link.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn is_procedure(asked: &Asked) -> bool {
    asked.resource_type().is_some_and(|name| name == "Procedure")
}

/// A refusal as the examples show it.
fn refusal(status: u16, code: &str, text: &str) -> Answer {
    let issue = json!({ "severity": "error", "code": code, "details": { "text": text } });
    Answer::resource(status, &json!({ "resourceType": "OperationOutcome", "issue": [issue] }))
}

fn refuse(server: &Shared, asked: &Asked) -> Option<Answer> {
    match asked.interaction() {
        Some(Capabilities) => None,
        Some(Read) if is_procedure(asked) => {
            let id = asked.id().unwrap_or_default();
            let is_known = server.store.current("Procedure", &id).is_some();
            (!is_known).then(|| refusal(404, "not-found", &format!("Unknown Procedure resource '{id}'")))
        }
        Some(SearchType) if is_procedure(asked) && asked.segments().len() == 1 => {
            let mut patients = asked.parameters().into_iter().filter(|(name, _)| name == "patient");
            let names_none = patients.any(|(_, value)| value.strip_prefix("Patient/").is_none_or(str::is_empty));
            (names_none && server.keeps(NEEDS_IDENTIFIER))
                .then(|| refusal(400, "invalid", "patient must contain a resource identifier"))
        }
        _ if is_procedure(asked) => {
            let mut answer = refusal(405, "not-supported", "there is no such interaction");
            answer.set("allow", "GET, HEAD");
            Some(answer)
        }
        _ => Some(refusal(404, "not-supported", "there is no such resource")),
    }
}

/// Has the server find everything: the page is cut out of it afterwards.
fn widen(server: &Shared, asked: &mut Asked) {
    if !asked.is(SearchType) {
        return;
    }
    let keeps = server.keeps(NEEDS_IDENTIFIER);
    asked.change_query(|pairs| {
        pairs.retain(|(name, value)| {
            let is_empty = name == "patient" && (value.is_empty() || value == "Patient/");
            !matches!(name.as_str(), "_count" | "_offset") && (keeps || !is_empty)
        });
        pairs.push(("_count".to_owned(), "1000".to_owned()));
    });
}

fn answer(_: &Shared, asked: &Asked, answer: &mut Answer) {
    // Of procedures neither versions nor their times are told.
    if !asked.is(Capabilities) {
        answer.remove("etag");
        answer.remove("last-modified");
    }
    match asked.interaction() {
        Some(Capabilities) => {
            claim_only(
                answer,
                "Procedure",
                &["read", "search-type"],
                &["_id", "patient", "date"],
                &json!({}),
            );
        }
        Some(SearchType) => answer.edit_resource("Bundle", |bundle| page(asked, bundle)),
        _ => {}
    }
}

/// Cuts a page out of everything that was found.
fn page(asked: &Asked, bundle: &mut Value) {
    let number = |name: &str, otherwise: usize| {
        let asked = asked.parameter(name).and_then(|text| text.parse().ok());
        asked.unwrap_or(otherwise)
    };
    let (count, offset): (usize, usize) = (number("_count", PAGE).max(1), number("_offset", 0));
    let all = bundle
        .get_mut("entry")
        .and_then(Value::as_array_mut)
        .map(std::mem::take);
    let mut entries = all.unwrap_or_default();
    for entry in &mut entries {
        remove(entry, "fullUrl");
        remove(entry, "search");
    }
    let total = entries.len();
    let link = |relation: &str, offset: usize| {
        let kept = asked
            .query()
            .into_iter()
            .filter(|(name, _)| !matches!(name.as_str(), "_count" | "_offset"));
        let kept: String = kept
            .map(|(name, value)| format!("{name}={}&", utf8_percent_encode(&value, PLAIN)))
            .collect();
        json!({ "relation": relation, "url": format!("/Procedure?{kept}_count={count}&_offset={offset}") })
    };
    let last = total.saturating_sub(1) / count * count;
    let mut links = vec![link("self", offset), link("first", 0)];
    if offset + count < total {
        links.push(link("next", offset + count));
    }
    if offset > 0 {
        links.push(link("previous", offset.saturating_sub(count)));
    }
    links.push(link("last", last));
    let shown: Vec<Value> = entries.into_iter().skip(offset).take(count).collect();
    *bundle = json!({ "resourceType": "Bundle", "type": "searchset", "total": total, "link": links });
    if !shown.is_empty() {
        bundle["entry"] = Value::Array(shown);
    }
}
