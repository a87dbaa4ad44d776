//! `$meta` and `$meta-add` (`resource-operation-meta.html`, `resource-operation-meta-add.html`).

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Place, input, parameter};
use crate::fhir::ResourceType;
use crate::server::Shared;
use crate::server::body;
use crate::server::incoming::Incoming;
use crate::server::reply::{Refusal, Reply};

/// The parts of `meta` that can be added to.
const LISTS: [&str; 3] = ["profile", "security", "tag"];

/// The metadata of a resource; or which profiles, labels and tags the resources of a type or of the server have.
pub(super) fn meta(shared: &Shared, request: &Incoming, place: &Place) -> Result<Reply, Refusal> {
    if let Some(sent) = input(shared, request)?
        && sent["resourceType"] != "Parameters"
    {
        return Err(Refusal::invalid("the body of an operation is a Parameters resource"));
    }
    let release = shared.options.release;
    let all;
    let types: &[ResourceType] = match place {
        Place::System => ResourceType::all(release),
        Place::Type(one) => {
            all = [*one];
            &all
        }
        Place::Instance(resource_type, id) => {
            let name = format!("{resource_type}/{id}");
            let current = shared.store.current(resource_type.name(), id);
            let current = current.ok_or_else(|| Refusal::not_found(format!("there is no {name}")))?;
            let Some(resource) = &current.resource else {
                return Err(Refusal::deleted(&current, &name));
            };
            return Ok(answer(resource["meta"].clone()));
        }
    };
    let mut sum = Map::new();
    for one in types {
        for version in shared.store.snapshot(one.name(), None).1 {
            if let Some(resource) = &version.resource {
                add_to(&mut sum, &resource["meta"]);
            }
        }
    }
    Ok(answer(Value::Object(sum)))
}

/// Adds profiles, labels and tags to a resource, which makes a new version of it where it changes anything.
pub(super) fn add(shared: &Shared, request: &Incoming, place: &Place) -> Result<Reply, Refusal> {
    let Place::Instance(resource_type, id) = place else {
        return Err(Refusal::invalid("it is called on an instance"));
    };
    let name = format!("{resource_type}/{id}");
    let sent = input(shared, request)?.unwrap_or_default();
    let given = parameter(&sent, "meta").map(|parameter| &parameter["valueMeta"]);
    let given = given.filter(|given| sent["resourceType"] == "Parameters" && given.is_object());
    let given = given.ok_or_else(|| Refusal::invalid("the body is a Parameters resource with `meta` in valueMeta"))?;

    // Looking and writing are one act.
    let mut store = shared.store.write();
    let current = store.current(resource_type.name(), id).cloned();
    let current = current.ok_or_else(|| Refusal::not_found(format!("there is no {name}")))?;
    let Some(resource) = &current.resource else {
        return Err(Refusal::deleted(&current, &name));
    };
    let mut changed = (**resource).clone();
    let mut meta = changed["meta"].as_object().cloned().unwrap_or_default();
    add_to(&mut meta, given);
    if Some(&meta) == changed["meta"].as_object() {
        return Ok(answer(Value::Object(meta)));
    }
    changed["meta"] = Value::Object(meta);
    body::check(&changed, resource_type.name(), shared.options.release)?;
    let stored = store.update(resource_type.name(), id, changed);
    let meta = stored.resource.as_ref().map(|resource| resource["meta"].clone());
    Ok(answer(meta.unwrap_or_default()).version(&stored))
}

/// Adds what is not there yet.
fn add_to(meta: &mut Map<String, Value>, more: &Value) {
    for list in LISTS {
        for item in more[list].as_array().into_iter().flatten() {
            let known = meta.entry(list).or_insert_with(|| json!([]));
            if let Some(known) = known.as_array_mut()
                && !known.iter().any(|known| is_same(known, item))
            {
                known.push(item.clone());
            }
        }
    }
}

/// Whether two codings, or two canonicals, are the same: texts for people do not count.
fn is_same(a: &Value, b: &Value) -> bool {
    if a.is_object() {
        a["system"] == b["system"] && a["code"] == b["code"]
    } else {
        a == b
    }
}

fn answer(meta: Value) -> Reply {
    let mut result = json!({ "name": "return" });
    // An element without content is none (json.html).
    if meta.as_object().is_some_and(|meta| !meta.is_empty()) {
        result["valueMeta"] = meta;
    } else {
        return Reply::resource(StatusCode::OK, json!({ "resourceType": "Parameters" }));
    }
    Reply::resource(
        StatusCode::OK,
        json!({ "resourceType": "Parameters", "parameter": [result] }),
    )
}
