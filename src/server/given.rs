//! What a tester of this server knows of it, under the names by which the suites of http.html ask for it.

use serde_json::{Value, json};

use super::write::UNIQUE;

/// The host of the other base URL, where this server is called without a socket.
pub const SECOND_HOST: &str = "second.localhost";

/// The values that suites can be given for this server. Strings hold variables of the suites: each case has its own number.
#[must_use]
pub fn given() -> Vec<(&'static str, Value)> {
    let member = |family: &str| {
        json!({
            "resourceType": "Patient",
            "identifier": [{ "system": UNIQUE, "value": "${case.tag}" }],
            "name": [{ "family": family }],
        })
    };
    let with_birth = |died: &str| {
        json!({
            "resourceType": "Patient",
            "name": [{ "family": "Cox" }],
            "birthDate": "1933-10-25",
            "deceasedDateTime": died,
        })
    };
    vec![
        ("accepted-body", with_birth("2004-05-14")),
        ("refused-body", with_birth("1902-02-01")),
        ("holder-body", member("Hopper")),
        ("rival-body", member("Murray")),
        ("purge", json!("yes")),
    ]
}
