//! Authorization end to end: an authorization server, a FHIR server behind it, and the program that has to get in.

#[path = "support/authority.rs"]
mod authority;
#[path = "authorization/check.rs"]
mod check;
#[path = "authorization/renewal.rs"]
mod renewal;
#[path = "authorization/secrets.rs"]
mod secrets;
mod support;
#[path = "support/tls.rs"]
mod tls;
#[path = "authorization/ways.rs"]
mod ways;

use std::path::Path;

use support::embedded;
use support::file;
use support::stub;
use support::{Assay, assay};

/// The JWKS of a key of `tests/support/keys/`, as the program prints it.
fn jwks(key: &str) -> serde_json::Value {
    let gone = assay(["auth", "jwks", "--key", &key_file(key)]).run().ended(0);
    serde_json::from_str(&gone.stdout).unwrap()
}

/// The path of a key.
fn key_file(name: &str) -> String {
    file(&format!("keys/{name}"))
}

/// `auth check` of a server, with the client of the tests.
fn check_client(base: &str, more: &str) -> Assay {
    // No busy machine is as slow as that; a test of a silent server gives a time-out of its own.
    let patient = if more.contains("--timeout") {
        ""
    } else {
        "--timeout 30s"
    };
    let fixed = ["auth", "check", base, "--oauth-client", "assay"];
    assay(
        fixed
            .into_iter()
            .chain(patient.split_whitespace())
            .chain(more.split_whitespace()),
    )
}

/// Every byte in a folder, and where it stands.
fn everything_in(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything_in(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    found
}
