//! Bundles posted to `[base]`: batches, transactions, and the histories and collections that are replayed as such
//! (`http.html#transaction`).
//!
//! `entry` reads one entry as the request that it stands for, `batch` and `transaction` have it answered by the same
//! code as any request, and `answer` writes the entry of the response. `links` and `condition` replace references, by
//! the types that `walk` knows and inside the texts that `prose` parses.

mod answer;
mod batch;
mod condition;
mod entry;
mod links;
mod prose;
#[cfg(test)]
mod tests;
mod transaction;
mod walk;

use http::StatusCode;
use serde_json::{Value, json};

use self::entry::relative;
use super::Shared;
use super::body;
use super::incoming::Incoming;
use super::negotiate::{Give, check_body_type};
use super::reply::{Refusal, Reply};
use crate::fhir::{Bundle, Reference};

/// Processes a Bundle: 200 with one entry for each. 400 for what is no Bundle of a type that this server processes; a
/// transaction that fails is refused whole.
pub(super) fn post(shared: &Shared, request: &Incoming) -> Result<Reply, Refusal> {
    check_body_type(&request.headers, shared.options.release)?;
    // Only the frame is looked at: what is wrong with an entry is told for that entry.
    let sent = body::of_type(&request.body, "Bundle")?;
    let kind = Bundle::read(&sent).and_then(|bundle| bundle.kind()).unwrap_or_default();
    let none = Vec::new();
    let entries = match sent.get("entry") {
        None => &none,
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(Refusal::invalid("Bundle.entry is no array")),
    };
    let answers = match kind {
        "batch" => batch::process(shared, request, entries),
        "transaction" => transaction::process(shared, request, entries)?,
        "history" => transaction::replay(shared, request, &replayed(entries)?)?,
        "collection" => transaction::process(shared, request, &collected(shared, &request.base, entries)?)?,
        other => {
            return Err(Refusal::invalid(format!(
                "a Bundle of type `{other}` is not processed: batch, transaction, history and collection are"
            )));
        }
    };
    let answered = if kind == "batch" {
        "batch-response"
    } else {
        "transaction-response"
    };
    let mut bundle = json!({ "resourceType": "Bundle", "type": answered });
    if !answers.is_empty() {
        bundle["entry"] = Value::Array(answers);
    }
    Ok(Reply::resource(StatusCode::OK, bundle))
}

/// A batch-response with the answer to one request, for whoever asks for it later (`async.html`).
pub(super) fn of_one(reply: &Reply, base: &str) -> Value {
    let shown = answer::Shown {
        is_write: false,
        is_head: false,
        give: Give::Unsaid,
        base,
    };
    json!({ "resourceType": "Bundle", "type": "batch-response", "entry": [answer::entry(reply, shown)] })
}

/// The entries of a history, so that doing them in turn does again what was done: ids are kept, and what was a condition
/// then is none now (`http.html#other-bundles`).
fn replayed(entries: &[Value]) -> Result<Vec<Value>, Refusal> {
    let again = |entry: &Value| {
        let resource = entry.get("resource");
        let named = resource.and_then(|resource| {
            let (name, id) = (resource["resourceType"].as_str()?, resource["id"].as_str()?);
            Some(format!("{name}/{id}"))
        });
        match (entry["request"]["method"].as_str(), named) {
            (Some("DELETE"), _) => Ok(json!({ "request": { "method": "DELETE", "url": entry["request"]["url"] } })),
            (Some("POST" | "PUT" | "PATCH"), Some(url)) => {
                Ok(json!({ "resource": resource, "request": { "method": "PUT", "url": url } }))
            }
            _ => Err(Refusal::invalid(
                "an entry of a history has a request that writes, and its resource an id",
            )),
        }
    };
    entries.iter().map(again).collect()
}

/// The entries of a collection as those of a transaction: an identity that is known here is updated, another created
/// (`http.html#other-bundles`).
fn collected(shared: &Shared, base: &str, entries: &[Value]) -> Result<Vec<Value>, Refusal> {
    let written = |entry: &Value| {
        let resource = &entry["resource"];
        let Some(name) = resource["resourceType"].as_str() else {
            return Err(Refusal::invalid("an entry of a collection has a resource"));
        };
        let own = resource["id"].as_str().map(|id| format!("{name}/{id}"));
        let full_url = entry["fullUrl"].as_str();
        // Another server's Patient/1 is not the Patient/1 of this one.
        let is_ours = full_url.is_none_or(|full_url| Some(relative(full_url, base)) == own.as_deref());
        let known = own.filter(|own| {
            let named = Reference::parse(own);
            is_ours && named.is_some_and(|named| shared.store.current(named.resource_type, named.id).is_some())
        });
        let request = match known {
            Some(url) => json!({ "method": "PUT", "url": url }),
            None => json!({ "method": "POST", "url": name }),
        };
        let mut entry = entry.clone();
        entry["request"] = request;
        Ok(entry)
    };
    entries.iter().map(written).collect()
}
