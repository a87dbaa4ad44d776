//! What CI systems see: annotations and a summary on GitHub, formats for others; and what shells and `man` read.

use std::fs;

use serde_json::Value;

use crate::support::embedded::{Embedded, outcome};
use crate::support::{Assay, assay, file, small, words};

/// A server that refuses updates, and says so in words that would be commands of GitHub's runner.
fn hostile() -> Embedded {
    Embedded::with(
        |request| {
            (request.method == "PUT").then(|| {
                let mut response = outcome(422, &[]);
                let text = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"\n::error::forged\n##[error]forged"}]}"#;
                *response.body_mut() = text.into();
                response
            })
        },
        |_| {},
    )
}

fn on_github(assay: Assay) -> Assay {
    let summary = assay.folder().join("summary.md").display().to_string();
    assay
        .with("summary.md", "# before\n")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &summary)
}

/// The lines that the runner reads as commands: those between stopping and resuming it does not read.
fn commands(text: &str) -> Vec<&str> {
    let mut stopped: Option<String> = None;
    let mut commands = Vec::new();
    for line in text.lines() {
        match &stopped {
            Some(token) if line == token => stopped = None,
            Some(_) => {}
            None => match line.strip_prefix("::stop-commands::") {
                Some(token) => stopped = Some(format!("::{token}::")),
                None if line.contains("::") || line.contains("##[") => commands.push(line),
                None => {}
            },
        }
    }
    assert_eq!(stopped, None, "commands are read again at the end:\n{text}");
    commands
}

#[test]
fn a_job_of_github_is_told() {
    let server = hostile();
    let gone = on_github(small(&server.base, "")).run().ended(1);
    let commands = commands(&gone.stdout);
    assert!(!commands.is_empty(), "{}", gone.stdout);
    for command in &commands {
        assert!(command.starts_with("::error file="), "{command}");
        assert!(command.contains("small.yaml,line="), "{command}");
        assert!(!command.contains("forged"), "{command}");
    }
    let summary = gone.file("summary.md");
    assert!(summary.starts_with("# before\n# ❌ Not conformant: "), "{summary}");
    assert!(summary.contains("## Failures"));
    assert!(!gone.stderr.contains("::"), "{}", gone.stderr);
}

#[test]
fn a_report_on_standard_output_stays_alone_there() {
    let server = hostile();
    let gone = on_github(small(&server.base, "--report sarif=-")).run().ended(1);
    let log: Value = serde_json::from_str(&gone.stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert!(!commands(&gone.stderr).is_empty(), "{}", gone.stderr);
}

/// What the server says instead of its claims is told too.
#[test]
fn no_command_is_read_where_no_run_begins() {
    let server = Embedded::with(|_| Some(outcome(500, &[])), |_| {});
    let gone = on_github(small(&server.base, "")).run().ended(3);
    assert!(gone.stdout.starts_with("::stop-commands::"), "{}", gone.stdout);
}

#[test]
fn nobody_else_is_told() {
    let server = hostile();
    small(&server.base, "")
        .run()
        .ended(1)
        .says_not("::error")
        .says_not("::stop-commands");
    let gone = on_github(small(&server.base, "--no-annotations")).run().ended(1);
    assert_eq!(gone.file("summary.md"), "# before\n");
    gone.says_not("::error").says_not("::stop-commands");
}

#[test]
fn a_summary_that_cannot_be_written_changes_no_verdict() {
    let server = Embedded::start();
    let gone = small(&server.base, "")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", "/dev/null/summary.md")
        .run()
        .ended(0);
    gone.says("note: the summary of the job cannot be written: ");
}

#[test]
fn files_are_annotated_too() {
    let body = "{\n  \"resourceType\": \"Patient\",\n  \"gender\": \"femal\"\n}";
    let gone = on_github(words("validate ada.json").with("ada.json", body))
        .run()
        .ended(1);
    let commands = commands(&gone.stdout);
    assert!(commands[0].starts_with("::error file=ada.json,line=3,"), "{commands:?}");
    assert!(gone.file("summary.md").len() > 100);
    words("validate ada.json --report test-report=out.json")
        .with("ada.json", body)
        .run()
        .ended(2)
        .says("cannot be written as test-report");
}

#[test]
fn a_json_report_becomes_each_format() {
    let server = Embedded::start();
    let suite = file("small.yaml");
    let gone = assay(["run", &server.base, "--suite", &suite, "--report", "json=report.json"])
        .run()
        .ended(0);
    let from = gone.folder.path().join("report.json").display().to_string();
    for (format, told) in [
        ("sarif", "\"ruleId\"|\"rules\""),
        ("tap", "TAP version 14"),
        ("gitlab", "["),
        ("badge", "<svg "),
        ("shields", "\"schemaVersion\":1"),
        ("test-report", "\"resourceType\":\"TestReport\""),
        ("github", ""),
    ] {
        let made = assay(["report", &from, "--to", &format!("{format}=-")]).run().ended(0);
        assert!(
            told.split('|').any(|told| made.stdout.contains(told)),
            "{format}: {}",
            made.stdout
        );
    }
}

#[test]
fn each_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let gone = words(&format!("completions {shell}")).run().ended(0);
        for word in ["fhir-assay", "validate", "report", "fail-on"] {
            assert!(gone.stdout.contains(word), "{shell}: {word}");
        }
    }
    words("completions tcsh").run().ended(2);
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let gone = words("man pages/man1").run().ended(0);
    let folder = gone.folder.path().join("pages/man1");
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for command in [
        "",
        "-run",
        "-serve",
        "-prove",
        "-report",
        "-completions",
        "-man",
        "-schemas-generate",
    ] {
        assert!(names.contains(&format!("fhir-assay{command}.1")), "{names:?}");
    }
    let run = gone.file("pages/man1/fhir-assay-run.1");
    assert!(run.contains(".TH") && run.contains("fail\\-on"), "{run}");
    let gone = words("man").run().ended(0);
    assert!(gone.stdout.contains(".SH NAME"), "{}", gone.stdout);
    words("man taken/man1")
        .with("taken", "a file")
        .run()
        .ended(2)
        .says("taken/man1");
}
