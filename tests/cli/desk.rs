//! What a person at a desk sees, and what a program that follows a run reads.

use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::embedded::{Embedded, outcome};
use crate::support::{Going, assay, file, small, until, words};

/// Nothing that was created can be read: some cases fail.
fn failing() -> Embedded {
    Embedded::with(
        |request| {
            let is_read = request.method == "GET" && request.path().starts_with("Patient/");
            is_read.then(|| outcome(404, &[]))
        },
        |_| {},
    )
}

#[test]
fn lines_of_json_say_all_and_nothing_else_is_on_standard_output() {
    let server = failing();
    let gone = small(&server.base, "--format json-lines").run();
    let schema: Value = serde_json::from_str(
        &std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/events.schema.json")).unwrap(),
    )
    .unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let lines: Vec<Value> = gone
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    for line in &lines {
        let wrong: Vec<_> = schema.iter_errors(line).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{line}: {wrong:?}");
    }
    let events = |name: &'static str| lines.iter().filter(move |line| line["event"] == name);
    assert_eq!(lines[0]["event"], "started");
    assert_eq!(lines.last().unwrap()["event"], "finished");
    let cases = gone.verdicts();
    assert_eq!(events("case-finished").count(), cases.len());
    for line in events("case-finished") {
        assert_eq!(line["verdict"], *cases[line["case"].as_str().unwrap()]);
    }
    let failed = events("case-finished")
        .find(|line| line["verdict"] == "fail")
        .expect("a case fails");
    assert!(failed["found"][0]["message"].is_string() && failed["found"][0]["requirement"].is_string());
    gone.ended(1);
}

#[test]
fn verbose_tells_every_case_and_quiet_none() {
    let server = Embedded::start();
    let verbose = small(&server.base, "--format verbose").run().ended(0);
    for (name, verdict) in verbose.verdicts() {
        let label = verdict.replace("inapplicable", "n/a").to_uppercase();
        let told = verbose
            .stdout
            .lines()
            .any(|line| line.starts_with(&label) && line.contains(&name));
        assert!(told, "{label} {name}\n{}", verbose.stdout);
    }
    let quiet = small(&server.base, "--format quiet").run().ended(0);
    assert!(!quiet.stderr.contains("testing "), "{}", quiet.stderr);
    quiet.says("Conformant");
    words("run --quiet --format verbose")
        .run()
        .ended(2)
        .says("cannot be used with");
}

#[test]
fn there_are_no_colours_where_nobody_sees_them() {
    let server = failing();
    for format in ["normal", "verbose", "quiet", "json-lines"] {
        let gone = small(&server.base, &format!("--format {format} --report console=out.txt"))
            .run()
            .ended(1);
        for text in [&gone.stdout, &gone.stderr, &gone.file("out.txt")] {
            assert!(!text.contains('\u{1b}'), "{format}: {text}");
        }
    }
}

#[test]
fn what_was_misspelt_is_named() {
    let server = Embedded::start();
    small(&server.base, "--case small::raed")
        .run()
        .ended(4)
        .says("no case is named `small::raed`; did you mean `small::read`?");
    words("run --format jsonlines").run().ended(2).says("'json-lines'");
}

#[test]
fn what_a_report_prints_can_be_explained() {
    for printed in [
        "http.read::unknown-id, step 1",
        "#c-http.read::unknown-id",
        "http.read::unknown-id[Patient]",
    ] {
        assay(["explain", printed])
            .run()
            .ended(0)
            .says("An id that never existed is answered 404");
    }
}

/// A folder whose programs come first, with one of them that writes down what it is asked to open.
fn opener() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("xdg-open");
    std::fs::write(
        &program,
        format!("#!/bin/sh\necho \"$1\" >> {}/opened\n", folder.path().display()),
    )
    .unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    (folder, path)
}

#[test]
fn the_report_is_opened() {
    let server = Embedded::start();
    let (folder, path) = opener();
    let gone = small(&server.base, "--open").env("PATH", &path).run().ended(0);
    let opened = folder.path().join("opened");
    until("nothing was opened", || opened.exists());
    assert!(
        std::fs::read_to_string(opened)
            .unwrap()
            .trim()
            .ends_with("reports/latest/report.html")
    );
    drop(gone);
    small(&server.base, "--open --report json=a.json")
        .run()
        .ended(2)
        .says("add --report html=report.html");
}

/// How often a run was finished, by its report.
fn runs(going: &Going) -> Option<String> {
    let report = std::fs::read_to_string(going.folder().join("reports/latest/report.json")).ok()?;
    let report: Value = serde_json::from_str(&report).ok()?;
    Some(report["cleanup"]["tag"].as_str()?.to_owned())
}

#[test]
fn watching_runs_again_when_a_suite_changes_and_ends_with_ctrl_c() {
    let server = Embedded::start();
    let suite = std::fs::read_to_string(file("small.yaml")).unwrap();
    let going = words(&format!("run {} --suite . --watch --timeout 30s", server.base))
        .with("small.yaml", &suite)
        .start();
    going.until_told("waiting for a change", 1);
    let first = runs(&going);
    assert!(first.is_some());
    // In one step: half a file would be one more change.
    let write = |text: &str| {
        std::fs::write(going.folder().join("new"), text).unwrap();
        std::fs::rename(going.folder().join("new"), going.folder().join("small.yaml")).unwrap();
    };
    thread::sleep(Duration::from_millis(500));
    assert_eq!(runs(&going), first, "its own reports are no change");
    // In the middle of being written it is wrong; that ends nothing.
    write("suite: [");
    going.until_told("waiting for a change", 2);
    write(&suite.replace("title: ", "title: Again, "));
    going.until_told("waiting for a change", 3);
    assert!(runs(&going).is_some_and(|tag| Some(tag) != first));
    // Nobody waits for it to listen again: no Ctrl-C may get lost.
    going.signal("INT");
    let gone = going.wait().ended(0);
    assert_eq!(gone.stdout.matches("Conformant").count(), 2, "{}", gone.stdout);
    gone.says("the suites have changed").says("Ctrl-C ends");
    words("run --watch")
        .run()
        .ended(2)
        .says("--watch needs suites that are files");
}
