//! `docs/systems/adding-one.md` is true: its YAML, and nothing else, is a system that runs.

use std::fs;
use std::process::Command;

use super::support::stub::{self, Stub};

/// The YAML blocks of the document, with the files that they are.
fn blocks() -> Vec<(String, String)> {
    let text = fs::read_to_string("docs/systems/adding-one.md").expect("the document");
    let mut blocks = Vec::new();
    let mut parts = text.split("```yaml\n");
    let mut before = parts.next().unwrap_or_default();
    for part in parts {
        let (yaml, after) = part.split_once("```").expect("a block that ends");
        let name = before.rsplit("`acme/").next().and_then(|rest| rest.split('`').next());
        blocks.push((name.expect("a file name").to_owned(), yaml.to_owned()));
        before = after;
    }
    blocks
}

fn run(unknown: &'static str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut lines = 0;
    for (name, yaml) in blocks() {
        lines += yaml.lines().count();
        fs::write(folder.path().join(name), yaml).expect("a writable folder");
    }
    assert!(lines < 60, "{lines} lines of YAML");
    let server = Stub::claiming(move |seen, out| {
        assert_eq!(seen.header("accept"), Some("application/json"));
        if seen.target.contains("name=") || seen.target.contains("_count=1") {
            let found = r#"{"resourceType":"Bundle","type":"searchset","link":[{"relation":"self","url":"http://x/Patient"}],"entry":[
                {"fullUrl":"http://x/Patient/1","resource":{"resourceType":"Patient","id":"1","name":[{"family":"Chalmers"}]}}]}"#;
            return stub::json(out, "200 OK", found);
        }
        let outcome = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}"#;
        stub::json(out, unknown, outcome)
    });
    let out = Command::new(env!("CARGO_BIN_EXE_fhir-assay"))
        .args(["run", "--system"])
        .arg(folder.path())
        .arg(server.base())
        .args([
            "-q",
            "--case",
            "*::by-name",
            "--case",
            "*::unknown-id*",
            "--report",
            "markdown=-",
        ])
        .output()
        .expect("the binary");
    let told = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    (out.status.code(), told)
}

#[test]
fn the_yaml_of_the_document_is_a_system_that_runs() {
    let (exit, told) = run("410 Gone");
    assert_eq!(exit, Some(0), "{told}");
    assert!(told.contains("An id that does not exist is answered 410"), "{told}");
    assert!(told.contains("The Acme handbook, page 7"), "{told}");
    assert!(told.contains("seen once"), "{told}");
}

#[test]
fn what_the_document_does_not_say_is_a_failure() {
    let (exit, told) = run("500 Internal Server Error");
    assert_eq!(exit, Some(1), "{told}");
}
