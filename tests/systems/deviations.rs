//! A documented deviation is judged by the document and told in every report; one that is not documented fails as always.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::support::stub::{self, Stub};

const SUITE: &str = "suite: acme.read
title: Read
fhir: R4
cases:
  - id: unknown
    title: An unknown id
    steps:
      - read: Patient/none
        expect:
          - { requirement: read.unknown-404, status: 404 }
";

/// Runs a system that documents a status for unknown ids against a server that answers with another one.
fn run(documented: u16) -> (Option<i32>, Value, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let system = format!(
        "system: acme\ntitle: Acme\nfhir: R4\ndocument: The Acme handbook\nbase: https://acme.example/r4\nsuites: [read.yaml]\n\
         deviations:\n  - requirement: read.unknown-404\n    says: An unknown id is answered {documented}\n    source: The Acme handbook, page 7\n    \
         response: {{ status: {documented} }}\n"
    );
    fs::write(folder.path().join("system.yaml"), system).expect("a writable folder");
    fs::write(folder.path().join("read.yaml"), SUITE).expect("a writable folder");
    let server = Stub::claiming(|_, out| {
        let outcome = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}"#;
        stub::json(out, "410 Gone", outcome)
    });
    let out = Command::new(env!("CARGO_BIN_EXE_fhir-assay"))
        .args(["run", "--system"])
        .arg(folder.path())
        .arg(server.base())
        .args(["-q", "--report", "json=-", "--report"])
        .arg(format!("markdown={}", folder.path().join("report.md").display()))
        .output()
        .expect("the binary");
    let result =
        serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out.stderr)));
    let markdown = fs::read_to_string(folder.path().join("report.md")).unwrap_or_default();
    (
        out.status.code(),
        result,
        markdown + &String::from_utf8_lossy(&out.stderr),
    )
}

#[test]
fn what_the_document_says_is_no_failure_and_is_told_with_its_source() {
    let (exit, result, told) = run(410);
    assert_eq!(exit, Some(0), "{told}");
    assert_eq!(result["verdict"], "pass");
    let deviation = &result["system"]["deviations"][0];
    assert_eq!(deviation["seen"], 1, "{deviation}");
    let sentence = "read.unknown-404: An unknown id is answered 410 (The Acme handbook, page 7), seen once";
    assert_eq!(told.matches(sentence).count(), 2, "{told}");
}

#[test]
fn what_the_document_does_not_say_fails_as_always() {
    let (exit, result, told) = run(400);
    assert_eq!(exit, Some(1), "{told}");
    assert_eq!(result["verdict"], "fail");
    assert_eq!(result["system"]["deviations"][0]["seen"], 0);
    assert!(told.contains("not seen in this run"), "{told}");
}
