//! Servers that refuse, or send elsewhere, what others take, and may.

use serde_json::{Value, json};

use super::Variant;
use crate::fhir::Interaction::{Batch, Create, Transaction};
use crate::server::rewrite::Rewrite::{After, Instead};
use crate::server::rewrite::{Answer, found};

pub(super) const ALL: &[Variant] = &[
    Variant::new(
        "bare-json-errors",
        "what the web framework refuses itself is told as JSON that is no resource",
        &[After(|_, asked, answer| {
            let known = asked.resource_type().is_some() && asked.segments().len() <= 4;
            if matches!(answer.status.as_u16(), 404 | 405 | 501) && (!known || answer.status != 404) {
                answer.set("content-type", "application/json");
                answer.set_json(&json!({ "detail": "no" }));
            }
        })],
    ),
    Variant::new(
        "slash-redirected",
        "a slash at the end of a collection is sent to the form without, which nobody has to like (http.html#root)",
        &[Instead(|_, asked| {
            let slashed = asked.path().ends_with('/') && asked.segments().len() == 1;
            slashed.then(|| {
                let mut answer = Answer::empty(307);
                let target = asked.target();
                let (path, query) = target
                    .split_once('?')
                    .map_or((target, ""), |(path, query)| (path, query));
                let mark = if query.is_empty() { "" } else { "?" };
                answer.set("location", &format!("{}{mark}{query}", path.trim_end_matches('/')));
                answer
            })
        })],
    ),
    Variant::new(
        "fitting-creates",
        "a conditional create is refused where what it would create does not meet its own condition",
        &[Instead(|server, asked| {
            let criteria = asked.header("if-none-exist").filter(|_| asked.is(Create))?;
            let criteria: Vec<(String, String)> =
                url::form_urlencoded::parse(criteria.trim_start_matches('?').as_bytes())
                    .into_owned()
                    .collect();
            let body = asked.json()?;
            (!criteria.iter().all(|(name, value)| fits(&body, name, value))
                && found(server, asked, &criteria).is_empty())
            .then(|| Answer::refusal(400, "processing", "the resource does not meet its own condition"))
        })],
    ),
    Variant::new(
        "no-searches-in-transactions",
        "a transaction that asks for a search is refused",
        &[Instead(|_, asked| {
            let searches = asked.is(Transaction)
                && entries(&asked.json()?).iter().any(|entry| {
                    let request = &entry["request"];
                    request["method"] == "GET" && request["url"].as_str().is_some_and(|url| url.contains('?'))
                });
            searches.then(|| Answer::refusal(400, "not-supported", "no searches in transactions"))
        })],
    ),
    Variant::new(
        "batch-refused-whole",
        "a batch with a reference by search is refused as a whole",
        &[Instead(|_, asked| {
            let by_search = asked.is(Batch)
                && entries(&asked.json()?).iter().any(|entry| {
                    let reference = entry.pointer("/resource/subject/reference").and_then(Value::as_str);
                    reference.is_some_and(|reference| reference.contains('?'))
                });
            by_search.then(|| Answer::refusal(400, "invalid", "references by search are for transactions"))
        })],
    ),
];

fn entries(bundle: &Value) -> &[Value] {
    bundle["entry"].as_array().map_or(&[], Vec::as_slice)
}

/// Whether a resource meets a criterion by identifier or by code; others are not looked at.
fn fits(resource: &Value, name: &str, value: &str) -> bool {
    match name {
        "identifier" => {
            let value = value.rsplit('|').next().unwrap_or(value);
            let identifiers = resource["identifier"].as_array();
            identifiers.is_some_and(|all| all.iter().any(|one| one["value"] == value))
        }
        "gender" => resource["gender"] == value,
        _ => true,
    }
}
