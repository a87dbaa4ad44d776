//! Patches in Bundles: `http.html#patch`, `http.html#jsonpatch-transaction`

use serde_json::{Value, json};

use super::Mutant;
use crate::fhir::FhirVersion::{R5, R6};
use crate::fhir::Interaction::Transaction;
use crate::server::Shared;
use crate::server::rewrite::{Answer, Asked};

pub(super) const ALL: &[Mutant] = &[
    Mutant::instead(
        "patch.in-bundle-fhirpath",
        "the Parameters of a patch in a transaction are stored as an update",
        |server, asked| stored_as_it_is(server, asked, "Parameters"),
    ),
    Mutant::instead(
        "patch.in-bundle-json-binary",
        "the Binary of a patch in a transaction is stored",
        |server, asked| stored_as_it_is(server, asked, "Binary"),
    )
    .only(&[R5, R6]),
];

/// Stores what the only entry of a transaction has, where that is a patch in a resource of this type.
fn stored_as_it_is(server: &Shared, asked: &Asked, resource_type: &str) -> Option<Answer> {
    let bundle = asked.json().filter(|_| asked.is(Transaction))?;
    let [entry] = bundle["entry"].as_array()?.as_slice() else {
        return None;
    };
    if entry["request"]["method"] != "PATCH" || entry["resource"]["resourceType"] != resource_type {
        return None;
    }
    let (target, id) = entry["request"]["url"].as_str()?.split_once('/')?;
    server
        .store
        .write()
        .update(target, id, Value::clone(&entry["resource"]));
    let response = json!({ "resourceType": "Bundle", "type": "transaction-response", "entry": [{ "response": { "status": "200 OK" } }] });
    Some(Answer::resource(200, &response))
}
