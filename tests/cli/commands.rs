//! `list`, `explain`, `lint` and `serve`.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::served::Served;
use crate::support::{assay, file, words};

fn json(arguments: &str) -> Value {
    let gone = words(arguments).run().ended(0);
    assert!(gone.stderr.is_empty(), "{}", gone.stderr);
    serde_json::from_str(&gone.stdout).unwrap()
}

#[test]
fn suites_are_listed() {
    let all = json("list suites --json");
    let names: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|suite| suite["id"].as_str().unwrap())
        .collect();
    for name in ["http.read", "http.update", "http.paging"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let text = words("list suites --suite http.*").run().ended(0).stdout;
    assert_eq!(text.lines().count(), names.len());
    assert!(text.lines().all(|line| line.contains(" cases  ")), "{text}");
}

#[test]
fn cases_are_listed_with_the_reason_why_not() {
    let suite = file("small.yaml");
    let text = assay(["list", "cases", "--suite", &suite]).run().ended(0).stdout;
    insta::assert_snapshot!("list_cases", text);
    let filtered = assay(["list", "cases", "--suite", &suite, "--case", "*::read", "--json"])
        .run()
        .ended(0)
        .stdout;
    let cases: Value = serde_json::from_str(&filtered).unwrap();
    let planned = |name: &str| {
        let found = cases
            .as_array()
            .unwrap()
            .iter()
            .find(|case| case["id"] == name)
            .cloned()
            .unwrap_or_default();
        (found["planned"].clone(), found["reason"]["kind"].clone())
    };
    assert_eq!(planned("small::read"), (true.into(), Value::Null));
    assert_eq!(planned("small::update"), (false.into(), "filtered".into()));
}

#[test]
fn claims_decide_where_they_are_known() {
    let claims = crate::support::stub::CLAIMS.replace(r#"{"code":"update"},"#, "");
    let suite = file("small.yaml");
    let gone =
        assay(["list", "cases", "--suite", &suite, "--assume", "claims.json", "--json"]).with("claims.json", claims);
    let cases: Value = serde_json::from_str(&gone.run().ended(0).stdout).unwrap();
    let update = cases
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["id"] == "small::update")
        .unwrap()
        .clone();
    assert_eq!(update["reason"]["text"], "Patient: interaction update is not claimed");
}

#[test]
fn requirements_are_listed_with_what_tests_them() {
    let all = json("list requirements --json");
    let all = all.as_array().unwrap();
    assert!(all.len() > 300, "{}", all.len());
    let mut tested = 0;
    for rule in all {
        let cases = rule["tested-by"].as_array().map_or(0, Vec::len);
        tested += usize::from(cases > 0);
        let reason = rule["untested"].as_str().unwrap_or_default();
        let audited = rule["audited"].as_bool().unwrap();
        assert!(
            cases > 0 || audited || reason.len() > 10,
            "neither a case, nor the audit, nor a reason: {rule}"
        );
    }
    assert!(tested >= 150, "{tested} tested");
    let text = words("list requirements --requirement delete.*").run().ended(0).stdout;
    assert!(text.lines().last().unwrap().contains(" tested, "), "{text}");
}

/// What can be tested is tested, in every release; the numbers are those of the catalogue.
#[test]
fn every_testable_requirement_is_tested() {
    for (release, testable) in [("R4", 329), ("R4B", 329), ("R5", 359), ("R6", 385)] {
        let all = json(&format!("list requirements --json --fhir {release}"));
        let of_servers = all.as_array().unwrap().iter().filter(|rule| rule["actor"] == "server");
        let (cannot, can): (Vec<_>, Vec<_>) = of_servers.partition(|rule| rule["testable"] == "no");
        let untested: Vec<_> = can
            .iter()
            .filter(|rule| !rule["untested"].is_null())
            .map(|rule| &rule["id"])
            .collect();
        assert!(untested.is_empty(), "{release}: {untested:?}");
        assert_eq!(can.len(), testable, "{release}");
        for rule in cannot {
            assert!(
                rule["untested"].as_str().is_some_and(|reason| reason.len() > 10),
                "{release}: {rule}"
            );
        }
    }
}

#[test]
fn a_requirement_is_explained() {
    insta::assert_snapshot!(
        "explain_requirement",
        words("explain read.unknown-404").run().ended(0).stdout
    );
}

#[test]
fn a_rule_for_clients_names_the_test_that_proves_it() {
    let gone = words("explain delete.request-body-empty").run().ended(0);
    gone.says("clients, and so this harness")
        .says("`deletions_have_no_body` in tests/client_rules/traffic.rs");
}

#[test]
fn a_case_is_explained() {
    let suite = file("small.yaml");
    let text = assay(["explain", "small::update", "--suite", &suite])
        .run()
        .ended(0)
        .stdout;
    insta::assert_snapshot!("explain_case", text.replace(env!("CARGO_MANIFEST_DIR"), "[repository]"));
}

#[test]
fn suites_are_linted() {
    let gone = assay(["lint", &file("small.yaml")]).run().ended(0);
    assert!(gone.stdout.contains("4 cases"), "{}", gone.stdout);
    let wrong = "suite: a\ntitle: A\nfhir: [R4]\ncases:\n  - id: one\n    title: One\n    steps:\n      - read: Patient/1\n        capture: { unused: { status: code } }\n        expect:\n          - requirement: no.such\n            status: 200\n";
    let gone = words("lint a.yaml b.yaml")
        .with("a.yaml", wrong)
        .with("b.yaml", "suite: [")
        .run()
        .ended(2);
    insta::assert_snapshot!("lint", format!("{}---\n{}", gone.stdout, gone.stderr));
}

#[test]
fn the_server_says_where_it_is() {
    let server = Served::start("");
    let base = &server.base;
    assert!(
        base.starts_with("http://127.0.0.1:") && base.ends_with("/fhir"),
        "{base}"
    );
    let over_tcp = crate::support::small(base, "").run().ended(0).verdicts();
    drop(server);
    let suite = file("small.yaml");
    let embedded = assay(["run", "--suite", &suite]).run().ended(0).verdicts();
    assert_eq!(over_tcp, embedded);
}

#[test]
fn the_run_over_tcp_equals_the_embedded_run() {
    let server = crate::support::embedded::Embedded::start();
    // What the program knows of its own server a tester has to give.
    let given = fhir_assay::server::given::given()
        .into_iter()
        .flat_map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            ["--var".to_owned(), format!("{name}={value}")]
        });
    let over_tcp = ["run", &server.base, "--quiet"].map(str::to_owned);
    let tcp = assay(over_tcp.into_iter().chain(given)).run();
    let embedded = words("run --quiet").run();
    assert_eq!(tcp.code, embedded.code);
    assert_eq!(tcp.verdicts(), embedded.verdicts());
    assert_eq!(embedded.code, 0, "{}", embedded.stdout);
}

/// A reader that takes the first line and goes away.
#[test]
fn a_reader_may_go_away() {
    let program = env!("CARGO_BIN_EXE_fhir-assay");
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        "list requirements",
        "list requirements --json",
        "explain read.returns-current",
        "--help",
        "run --suite http.read",
        "run --suite http.read --report json=-",
    ] {
        let script = format!("({program} {arguments}; echo $? > code) | head -n 1 > /dev/null");
        let shell = Command::new("sh")
            .args(["-c", &script])
            .current_dir(folder.path())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let code = std::fs::read_to_string(folder.path().join("code")).unwrap();
        let told = String::from_utf8_lossy(&shell.stderr).into_owned();
        assert_eq!(code.trim(), "0", "{arguments}: {told}");
        assert!(
            !told.contains("roken pipe") && !told.contains("panicked"),
            "{arguments}: {told}"
        );
    }
}
