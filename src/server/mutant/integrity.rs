//! `http.html#transactional-integrity`

use serde_json::{Value, json};

use super::Mutant;
use crate::fhir::FhirVersion::{R5, R6};
use crate::fhir::Interaction::{Capabilities, Create, Update};
use crate::server::rewrite::{Asked, remove};

pub(super) const ALL: &[Mutant] = &[
    Mutant::before(
        "integrity.change-little",
        "family names are stored in upper case",
        |_, asked| {
            edit(asked, |resource| {
                for name in resource["name"].as_array_mut().into_iter().flatten() {
                    if let Some(family) = name["family"].as_str().map(str::to_uppercase) {
                        name["family"] = json!(family);
                    }
                }
            });
        },
    ),
    Mutant::after(
        "integrity.read-offered-with-update",
        "a type that can be updated claims no read",
        |_, asked, answer| {
            if asked.is(Capabilities) {
                answer.edit_resource("CapabilityStatement", |statement| {
                    let resources = statement["rest"][0]["resource"].as_array_mut();
                    let basic = resources
                        .into_iter()
                        .flatten()
                        .find(|resource| resource["type"] == "Basic");
                    if let Some(interactions) = basic.and_then(|basic| basic["interaction"].as_array_mut()) {
                        interactions.retain(|interaction| interaction["code"] != "read");
                    }
                });
            }
        },
    ),
    Mutant::before(
        "integrity.changed-content-etag",
        "telecoms are not stored, and a minimal answer does not tell",
        |_, asked| {
            if asked.header("prefer").is_some_and(|prefer| prefer.contains("minimal")) {
                edit(asked, |resource| {
                    remove(resource, "telecom");
                });
            }
        },
    )
    .only(&[R5, R6]),
];

/// Changes what a create or update stores.
fn edit(asked: &mut Asked, change: impl FnOnce(&mut Value)) {
    if asked.is_any(&[Create, Update])
        && let Some(mut resource) = asked.json()
    {
        change(&mut resource);
        asked.set_json(&resource);
    }
}
