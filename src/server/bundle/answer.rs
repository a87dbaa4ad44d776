//! Entries of a batch-response or transaction-response (`http.html#transaction-response`).

use http::header::{ETAG, LOCATION};
use http::{HeaderMap, HeaderName};
use serde_json::{Map, Value, json};

use crate::fhir::time::format_instant;
use crate::fhir::{OperationOutcome, Severity};
use crate::server::negotiate::Give;
use crate::server::reply::Reply;

/// What the entry of a response shows beside the status.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    /// Whether the entry was a write, which shows its resource only where that is preferred (`http.html#prefer`).
    pub is_write: bool,
    /// Whether only headers are wanted.
    pub is_head: bool,
    /// What the client prefers.
    pub give: Give,
    /// `[base]`, without a slash at the end.
    pub base: &'a str,
}

/// Writes the answer to one entry.
pub(super) fn entry(reply: &Reply, shown: Shown<'_>) -> Value {
    let header = |name: &HeaderName| text(&reply.headers, name);
    let mut response = Map::new();
    response.insert("status".into(), json!(reply.status.to_string()));
    // Here an update has a location in every release, while alone it has one from R5 on only.
    let location = header(&LOCATION).or_else(|| place(reply, shown));
    if let Some(location) = &location {
        response.insert("location".into(), json!(location));
    }
    if let Some(etag) = header(&ETAG) {
        response.insert("etag".into(), json!(etag));
    }
    if let Some(modified) = reply.modified {
        response.insert("lastModified".into(), json!(format_instant(modified)));
    }
    let mut entry = Map::new();
    let is_done = reply.status.is_success();
    let body = reply.body.as_deref().filter(|_| !shown.is_head);
    let outcome = body.filter(|body| body["resourceType"] == "OperationOutcome" && (!is_done || shown.is_write));
    if let Some(outcome) = outcome {
        response.insert("outcome".into(), outcome.clone());
    } else if shown.is_write && is_done && shown.give == Give::Outcome {
        let said = location.map_or_else(|| "done".to_owned(), |location| format!("stored as {location}"));
        let outcome = OperationOutcome::of(Severity::Information, "informational", said).to_value();
        response.insert("outcome".into(), outcome);
    } else if let Some(body) = body
        && (!shown.is_write || shown.give == Give::Representation)
    {
        entry.insert("resource".into(), body.clone());
    }
    entry.insert("response".into(), Value::Object(response));
    Value::Object(entry)
}

/// Where what was written stands.
fn place(reply: &Reply, shown: Shown<'_>) -> Option<String> {
    let body = reply
        .body
        .as_deref()
        .filter(|_| shown.is_write && reply.status.is_success())?;
    let (name, id) = (body["resourceType"].as_str()?, body["id"].as_str()?);
    let version = body["meta"]["versionId"].as_str()?;
    Some(format!("{}/{name}/{id}/_history/{version}", shown.base))
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::server::reply::Refusal;

    fn shown(is_write: bool, give: Give) -> Shown<'static> {
        Shown {
            base: "http://x/fhir",
            is_write,
            is_head: false,
            give,
        }
    }

    #[test]
    fn an_entry_shows_what_was_preferred() {
        let created = || {
            Reply::resource(StatusCode::CREATED, json!({ "resourceType": "Patient", "id": "1" }))
                .header(LOCATION, "http://x/fhir/Patient/1/_history/1")
                .header(ETAG, "W/\"1\"")
        };
        let response =
            json!({ "status": "201 Created", "location": "http://x/fhir/Patient/1/_history/1", "etag": "W/\"1\"" });
        for give in [Give::Unsaid, Give::Minimal] {
            assert_eq!(
                entry(&created(), shown(true, give)),
                json!({ "response": response }),
                "{give:?}"
            );
        }
        let whole = entry(&created(), shown(true, Give::Representation));
        assert_eq!(
            whole,
            json!({ "resource": { "resourceType": "Patient", "id": "1" }, "response": response })
        );
        let told = entry(&created(), shown(true, Give::Outcome));
        assert_eq!(told["response"]["outcome"]["issue"][0]["severity"], "information");
        assert!(told.get("resource").is_none());
    }

    #[test]
    fn what_failed_has_an_outcome_and_what_was_read_a_resource() {
        let refused = entry(&Refusal::invalid("no").into_reply(), shown(false, Give::Minimal));
        assert_eq!(refused["response"]["status"], "400 Bad Request");
        assert_eq!(refused["response"]["outcome"]["resourceType"], "OperationOutcome");
        assert!(refused.get("resource").is_none());
        let found = Reply::resource(
            StatusCode::OK,
            json!({ "resourceType": "OperationOutcome", "id": "kept" }),
        );
        let read = entry(&found, shown(false, Give::Unsaid));
        assert_eq!(read["resource"]["id"], "kept");
        let head = Shown {
            is_head: true,
            ..shown(false, Give::Unsaid)
        };
        assert_eq!(entry(&found, head), json!({ "response": { "status": "200 OK" } }));
    }
}
