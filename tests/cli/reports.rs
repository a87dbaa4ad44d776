//! Reports: where they go, from what they can be made, and what they never hold.

use std::fs;

use crate::support::embedded::{Embedded, outcome};
use crate::support::{Gone, assay, file, small, verdicts, words};

const FORMATS: [&str; 5] = ["console", "junit", "json", "markdown", "html"];

#[test]
fn each_format_goes_where_it_is_sent() {
    let server = Embedded::start();
    let to: Vec<String> = FORMATS
        .iter()
        .map(|format| format!("--report {format}=out/deep/{format}.txt"))
        .collect();
    let gone = small(&server.base, &to.join(" ")).run().ended(0);
    for format in FORMATS {
        let text = gone.file(&format!("out/deep/{format}.txt"));
        let told = if matches!(format, "console" | "markdown") {
            "4 cases in"
        } else {
            "small"
        };
        assert!(text.contains(told), "{format}: {text}");
        assert!(gone.stdout.contains(&format!("out/deep/{format}.txt")));
    }
    assert!(!gone.folder.path().join("reports").exists(), "only what was asked for");
    let names: Vec<_> = fs::read_dir(gone.folder.path().join("out/deep"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        names.iter().all(|name| !name.to_string_lossy().ends_with(".part")),
        "{names:?}"
    );
}

#[test]
fn without_words_all_are_in_one_folder() {
    let server = Embedded::start();
    let gone = small(&server.base, "").run().ended(0);
    for name in ["report.html", "report.json", "junit.xml", "report.md", "journal.jsonl"] {
        assert!(!gone.file(&format!("reports/latest/{name}")).is_empty());
    }
}

#[test]
fn a_report_on_standard_output_is_alone_there() {
    let server = Embedded::with(|request| (request.method == "PUT").then(|| outcome(422, &[])), |_| {});
    let gone = small(&server.base, "--report json=-").run().ended(1);
    let report: serde_json::Value = serde_json::from_str(&gone.stdout).unwrap();
    assert_eq!(verdicts(&report)["small::update"], "fail");
    gone.says("FAIL small::update");
}

/// `report` in the folder of a run.
fn again(gone: Gone, from: &str, to: &str) -> Gone {
    let folder = tempfile::tempdir().unwrap();
    let from = gone.folder.path().join(from).display().to_string();
    let to = folder.path().join(to).display().to_string();
    let format = to.rsplit('.').next().unwrap().to_owned();
    let mut made = assay(["report", &from, "--to", &format!("{format}={to}")]).run();
    made.folder = folder;
    made
}

#[test]
fn every_format_comes_out_of_the_json() {
    let server = Embedded::start();
    for (name, ending) in [
        ("report.html", "html"),
        ("junit.xml", "xml"),
        ("report.md", "md"),
        ("report.json", "json"),
    ] {
        let gone = small(&server.base, "").run().ended(0);
        let first = gone.file(&format!("reports/latest/{name}"));
        let made = again(gone, "reports/latest/report.json", &format!("again.{ending}")).ended(0);
        assert!(made.file(&format!("again.{ending}")) == first, "{name} differs");
    }
}

#[test]
fn the_journal_tells_the_same() {
    let server = Embedded::start();
    let gone = small(&server.base, "").run().ended(0);
    let first = gone.report();
    let made = again(gone, "reports/latest/journal.jsonl", "again.json").ended(0);
    let second: serde_json::Value = serde_json::from_str(&made.file("again.json")).unwrap();
    assert_eq!(verdicts(&first), verdicts(&second));
    assert_eq!(first["requirements"], second["requirements"]);
    assert_eq!(first["cleanup"], second["cleanup"]);
    assert_eq!(second["stopped"], serde_json::Value::Null);
}

#[test]
fn a_journal_that_was_cut_tells_what_it_had() {
    let server = Embedded::start();
    let gone = small(&server.base, "").run().ended(0);
    let whole = gone.file("reports/latest/journal.jsonl");
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    assert_eq!(lines.len(), 7, "a beginning, its suite, four cases, an end");
    let path = gone.folder.path().join("cut.jsonl");
    let cut = format!("{}{}", lines[..4].concat(), &lines[4][..lines[4].len() / 2]);
    fs::write(&path, cut).unwrap();
    let made = again(gone, "cut.jsonl", "again.json").ended(0);
    let report: serde_json::Value = serde_json::from_str(&made.file("again.json")).unwrap();
    let verdicts = verdicts(&report);
    assert_eq!(
        verdicts.values().filter(|verdict| *verdict == "pass").count(),
        2,
        "{verdicts:?}"
    );
    assert_eq!(
        verdicts.values().filter(|verdict| *verdict == "skip").count(),
        2,
        "{verdicts:?}"
    );
    assert!(report["stopped"].is_string(), "{}", report["stopped"]);
}

#[test]
fn what_is_no_report_is_refused() {
    for content in [
        "",
        "nonsense",
        "{}",
        "[]",
        "{\"run\": 1}",
        "{\"run\":",
        "{\"format\":99}",
    ] {
        let gone = words("report x.json --to html=out.html")
            .with("x.json", content)
            .run()
            .ended(2);
        gone.says("x.json: ");
    }
    let folder = tempfile::tempdir().unwrap();
    assay(["report", &folder.path().display().to_string(), "--to", "html=out.html"])
        .run()
        .ended(2);
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_the_run() {
    let server = Embedded::start();
    let suite = file("small.yaml");
    for path in ["html=taken/report.html", "html=folder", "html=/dev/null/x/report.html"] {
        let assay = assay([
            "run",
            &server.base,
            "--suite",
            &suite,
            "--report",
            "json=fine.json",
            "--report",
            path,
        ])
        .with("taken", "a file");
        fs::create_dir(assay.folder().join("folder")).unwrap();
        let gone = assay.run().ended(2);
        gone.says(path.split_once('=').unwrap().1);
    }
    assert!(
        server.recorded().iter().all(|request| request.method == "GET"),
        "no case may be run"
    );
}

/// The server echoes the token wherever it can.
#[test]
fn no_secret_comes_out() {
    const TOKEN: &str = "s3cret/t0ken+with=signs";
    let server = Embedded::with(
        |request| {
            assert_eq!(request.header("authorization"), Some("Bearer s3cret/t0ken+with=signs"));
            (request.method == "PUT").then(|| {
                let mut response = outcome(422, &[]);
                let text = format!(
                    r#"{{"resourceType":"OperationOutcome","issue":[{{"severity":"error","code":"x","diagnostics":"bad token {TOKEN}"}}]}}"#
                );
                *response.body_mut() = text.into();
                response
            })
        },
        |recorded| {
            recorded.answer_headers.insert("x-echo", TOKEN.parse().unwrap());
            recorded
                .answer_headers
                .insert("set-cookie", "session=another-s3cret".parse().unwrap());
            recorded
                .answer_headers
                .insert("www-authenticate", format!("Bearer realm=\"{TOKEN}\"").parse().unwrap());
            if recorded.method == "GET" && recorded.path().starts_with("Patient/") {
                let text =
                    String::from_utf8_lossy(&recorded.answer).replacen('{', &format!("{{\"language\":\"{TOKEN}\","), 1);
                recorded.answer = text.into();
            }
        },
    );
    let more = "--bearer-env TOKEN --report console=out/c.txt --report junit=out/j.xml --report json=out/j.json \
                --report markdown=out/m.md --report html=out/h.html --report sarif=out/s.sarif --report tap=out/t.tap \
                --report github=out/g.txt --report gitlab=out/g.json --report badge=out/b.svg --report shields=out/b.json \
                --report test-report=out/t.json";
    let gone = small(&server.base, more).env("TOKEN", TOKEN).run().ended(1);
    let mut files = 0;
    for entry in fs::read_dir(gone.folder.path().join("out")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        files += 1;
        for secret in [TOKEN, "s3cret", "t0ken"] {
            assert!(!text.contains(secret), "{} holds {secret}", path.display());
        }
    }
    assert_eq!(files, 13, "twelve reports and the journal");
    gone.says_not("s3cret").says_not("t0ken").says("***");
}

#[test]
fn a_password_does_not_come_out() {
    let server = Embedded::with(
        |request| (request.header("authorization") != Some("Basic YWRhOmwwdmVsYWNl")).then(|| outcome(401, &[])),
        |recorded| {
            let echo = recorded.header("authorization").unwrap().parse().unwrap();
            recorded.answer_headers.insert("x-echo", echo);
        },
    );
    let gone = small(&server.base, "--basic-env PAIR")
        .env("PAIR", "ada:l0velace")
        .run()
        .ended(0);
    for name in ["report.html", "report.json", "junit.xml", "report.md", "journal.jsonl"] {
        let text = gone.file(&format!("reports/latest/{name}"));
        assert!(
            !text.contains("YWRhOmwwdmVsYWNl") && !text.contains("l0velace"),
            "{name}"
        );
    }
    gone.says_not("YWRhOmwwdmVsYWNl").says_not("l0velace");
}
