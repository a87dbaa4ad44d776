//! The entries of Bundles that a run sends to `[base]`: what marks them, and what they did.

use serde_json::{Value, json};

use super::cleanup::Created;
use super::render::add_tag;
use crate::exchange::Exchange;
use crate::fhir::Location;

/// Gives what the entries of a batch or transaction create or update the run's tag, so that it can be found again.
pub(super) fn tag(bundle: &mut Value, tag: &str) {
    for entry in entries_mut(bundle) {
        let is_stored = matches!(entry["request"]["method"].as_str(), Some("POST" | "PUT"))
            && entry["request"]["url"].as_str().is_some_and(|url| !url.contains('$'));
        if let Some(resource) = entry.get_mut("resource").filter(|_| is_stored) {
            add_tag(resource, tag);
        }
    }
}

/// Gives entries that update without a condition the version that is known of their resource, for servers that demand
/// If-Match (`http.html#concurrency`).
pub(super) fn name_versions(bundle: &mut Value, version_of: impl Fn(&str) -> Option<String>) -> bool {
    let mut changed = false;
    for entry in entries_mut(bundle) {
        let request = &mut entry["request"];
        let is_free =
            request["method"] == "PUT" && request.get("ifMatch").is_none() && request.get("ifNoneMatch").is_none();
        let version = request["url"].as_str().filter(|_| is_free).and_then(&version_of);
        if let Some(version) = version {
            request["ifMatch"] = json!(version);
            changed = true;
        }
    }
    changed
}

fn entries_mut(bundle: &mut Value) -> impl Iterator<Item = &mut Value> {
    let entries = bundle.get_mut("entry").and_then(Value::as_array_mut);
    entries
        .into_iter()
        .flatten()
        .filter(|entry| entry["request"].is_object())
}

/// What the entries of a Bundle created, or may have, by an exchange of `[base]`. `is_ours` tells whether an id was chosen by
/// this run.
///
/// What they deleted is not told: a server whose router loses a deletion says that it was done, and to delete again what
/// is gone does no harm.
pub(super) fn created(exchange: &Exchange, base: &str, is_ours: impl Fn(&str) -> bool) -> Vec<Created> {
    let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let sent = parse(exchange.request.body.bytes());
    let answered = parse(exchange.response.body.bytes());
    let sent = sent["entry"].as_array().map_or(&[][..], Vec::as_slice);
    let answered = answered["entry"].as_array().map_or(&[][..], Vec::as_slice);
    let is_success = (200..300).contains(&exchange.response.status);
    let are_pairs = sent.len() == answered.len();
    let mut created = Vec::new();
    if !is_success || !are_pairs {
        // It promises that nothing was done, or does not tell what: both are looked after.
        created.extend(sent.iter().filter_map(written_type).map(Created::Doubtful));
    }
    if is_success && !are_pairs {
        let kept = sent.iter().filter_map(|entry| named_if(&entry["resource"], &is_ours));
        created.extend(kept.map(Created::Instance));
    }
    // A server may have stored the Bundle itself.
    let stored = exchange.response.headers.get("location");
    let stored = stored.and_then(|text| Location::parse(text, &exchange.request.url));
    if let Some(stored) = stored.filter(|stored| stored.resource_type == "Bundle") {
        created.push(Created::Instance(stored.instance()));
    }
    for answer in answered.iter().filter(|_| !are_pairs) {
        let is_created = status(answer).starts_with("201");
        created.extend(located(answer, exchange).filter(|_| is_created).map(Created::Instance));
    }
    let pairs = sent.iter().zip(answered).filter(|_| are_pairs);
    let done = pairs.filter(|(_, answer)| status(answer).starts_with('2'));
    created.extend(done.filter_map(|(entry, answer)| created_by(entry, answer, exchange, base, &is_ours)));
    created
}

/// What one entry that succeeded created.
fn created_by(
    entry: &Value,
    answer: &Value,
    exchange: &Exchange,
    base: &str,
    is_ours: &impl Fn(&str) -> bool,
) -> Option<Created> {
    let request = &entry["request"];
    let url = request["url"].as_str().unwrap_or_default();
    let url = url.strip_prefix(base).unwrap_or(url).trim_start_matches('/');
    let is_created = status(answer).starts_with("201");
    // A condition may hold a slash: `Patient?identifier=http://example.org|1` names no instance.
    let instance = url
        .split_once('/')
        .filter(|(resource_type, _)| !resource_type.contains('?'));
    match (request["method"].as_str(), instance) {
        (Some("PUT"), Some((_, id))) if is_created || is_ours(id) => Some(Created::Instance(url.to_owned())),
        (Some("GET" | "HEAD" | "DELETE" | "PATCH"), _) | (Some("PUT"), Some(_)) => None,
        // 200 tells that the condition found one: it was there before.
        (Some("POST" | "PUT"), _)
            if !is_created && (url.contains('?') || url.contains('$') || request.get("ifNoneExist").is_some()) =>
        {
            None
        }
        _ => {
            let stored = written_type(entry);
            let is_of_entry = |instance: &String| {
                stored
                    .as_deref()
                    .is_none_or(|name| instance.split('/').next() == Some(name))
            };
            let named = located(answer, exchange)
                .filter(is_of_entry)
                .or_else(|| named(&answer["resource"]).filter(is_of_entry));
            // What an entry of a history or collection holds keeps its id.
            let kept = named_if(&entry["resource"], is_ours).filter(|_| request["method"] != "POST" || named.is_none());
            let instance = named.or(kept).map(Created::Instance);
            instance.or_else(|| stored.map(Created::Unknown))
        }
    }
}

/// The type of what an entry stores.
pub(super) fn written_type(entry: &Value) -> Option<String> {
    let is_stored = matches!(entry["request"]["method"].as_str(), None | Some("POST" | "PUT"));
    let name = entry["resource"]["resourceType"].as_str().filter(|_| is_stored)?;
    let is_operation = entry["request"]["url"].as_str().is_some_and(|url| url.contains('$'));
    (!is_operation).then(|| name.to_owned())
}

fn status(answer: &Value) -> &str {
    answer["response"]["status"].as_str().unwrap_or_default()
}

fn located(answer: &Value, exchange: &Exchange) -> Option<String> {
    let location = answer["response"]["location"].as_str()?;
    // A Bundle is posted to `[base]`, and relative URLs start below it.
    let asked = format!("{}/", exchange.request.url.trim_end_matches('/'));
    Some(Location::parse(location, &asked)?.instance())
}

fn named(resource: &Value) -> Option<String> {
    named_if(resource, &|_| true)
}

fn named_if(resource: &Value, is_wanted: &impl Fn(&str) -> bool) -> Option<String> {
    let (name, id) = (resource["resourceType"].as_str()?, resource["id"].as_str()?);
    (name != "OperationOutcome" && is_wanted(id)).then(|| format!("{name}/{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Body, Headers, Request, Response, Timing};

    const BASE: &str = "http://localhost/fhir";

    fn bundle(entries: &[Value]) -> Body {
        Body::new(json!({ "resourceType": "Bundle", "entry": entries }).to_string())
    }

    fn seen(status: u16, sent: &[Value], answered: &[Value]) -> Vec<Created> {
        let exchange = Exchange {
            request: Request {
                method: "POST".into(),
                url: BASE.into(),
                headers: Headers::new(),
                body: bundle(sent),
            },
            response: Response {
                status,
                version: "HTTP/1.1".into(),
                headers: Headers::new(),
                body: bundle(answered),
            },
            timing: Timing::default(),
        };
        created(&exchange, BASE, |id| id.starts_with("ours"))
    }

    fn entry(method: &str, url: &str) -> Value {
        json!({ "resource": { "resourceType": "Patient" }, "request": { "method": method, "url": url } })
    }

    fn answer(status: &str, location: &str) -> Value {
        json!({ "response": { "status": status, "location": location } })
    }

    #[test]
    fn what_entries_did_is_read_from_both_sides() {
        let mut conditional = entry("POST", "Patient");
        conditional["request"]["ifNoneExist"] = json!("identifier=1");
        let kept = json!({ "resource": { "resourceType": "Patient", "id": "ours-3" } });
        let done = seen(
            200,
            &[
                entry("POST", "Patient"),
                entry("POST", "Patient"),
                entry("POST", "Patient"),
                conditional.clone(),
                conditional,
                entry("PUT", "Patient/ours-1"),
                entry("PUT", "Patient/foreign"),
                entry("PUT", "Patient?identifier=1"),
                entry("DELETE", "Patient/gone"),
                entry("GET", "Patient/seen"),
                entry("POST", "Patient"),
                kept,
            ],
            &[
                answer("201 Created", "Patient/1/_history/1"),
                answer("201", "http://localhost/fhir/Patient/2"),
                json!({ "response": { "status": "201" } }),
                answer("200", "Patient/before"),
                answer("201", "/fhir/Patient/4"),
                answer("200", "Patient/ours-1"),
                answer("200", "Patient/foreign"),
                answer("201", "Patient/5"),
                answer("204", ""),
                answer("200", ""),
                answer("422 Unprocessable Entity", ""),
                json!({ "response": { "status": "200" } }),
            ],
        );
        let instance = |text: &str| Created::Instance(text.into());
        assert_eq!(
            done,
            [
                instance("Patient/1"),
                instance("Patient/2"),
                Created::Unknown("Patient".into()),
                instance("Patient/4"),
                instance("Patient/ours-1"),
                instance("Patient/5"),
                instance("Patient/ours-3"),
            ]
        );
    }

    #[test]
    fn a_condition_with_a_slash_names_no_instance() {
        let conditional = |method: &str| entry(method, "Patient?identifier=http://localhost/ours|1");
        let done = seen(
            200,
            &[conditional("PUT"), conditional("PUT"), conditional("DELETE")],
            &[
                answer("201", "Patient/5"),
                answer("200", "Patient/before"),
                answer("204", ""),
            ],
        );
        assert_eq!(done, [Created::Instance("Patient/5".into())]);
    }

    #[test]
    fn what_is_of_another_type_was_not_created_here() {
        let done = seen(
            200,
            &[entry("POST", "Patient")],
            &[answer("201", "Organization/of-somebody")],
        );
        assert_eq!(done, [Created::Unknown("Patient".into())]);
    }

    #[test]
    fn a_failure_may_have_left_something() {
        let sent = [entry("POST", "Patient"), entry("DELETE", "Patient/1")];
        let doubtful = vec![Created::Doubtful("Patient".into())];
        assert_eq!(seen(412, &sent, &[]), doubtful);
        assert_eq!(seen(200, &sent, &[]), doubtful);
        let odd = seen(200, &sent, &[answer("201", "Patient/7")]);
        assert_eq!(odd, [doubtful, vec![Created::Instance("Patient/7".into())]].concat());
    }

    #[test]
    fn entries_are_marked_where_they_store_something() {
        let mut sent = json!({ "entry": [entry("POST", "Patient"), entry("PUT", "Patient/1"), entry("POST", "Patient/$match"),
            entry("DELETE", "Patient/1"), { "resource": { "resourceType": "Patient" } }] });
        tag(&mut sent, "t");
        let marked: Vec<bool> = sent["entry"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["resource"]["meta"]["tag"][0]["code"] == "t")
            .collect();
        assert_eq!(marked, [true, true, false, false, false]);
        let versions = |instance: &str| (instance == "Patient/1").then(|| "W/\"4\"".to_owned());
        assert!(name_versions(&mut sent, versions));
        assert_eq!(sent["entry"][1]["request"]["ifMatch"], "W/\"4\"");
        assert!(!name_versions(&mut sent, versions), "a condition stays as it is");
    }
}
