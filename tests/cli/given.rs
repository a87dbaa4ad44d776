//! What a tester gives: `--var`, the environment, and what is found where nobody gives anything.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::embedded::{Embedded, outcome};
use crate::support::{Assay, assay, file};

/// What the Patient is found by.
const FOUND_BY: &str = "/fhir/Patient?_count=1&active=true";

/// The suite that asks for something, against a server.
fn given(base: &str, more: &[&str]) -> Assay {
    let suite = file("given.yaml");
    assay(
        ["run", base, "--suite", &suite, "--timeout", "30s"]
            .into_iter()
            .chain(more.iter().copied()),
    )
}

/// A server that holds an active Patient, and the id of that.
fn holding_a_patient() -> (Embedded, String) {
    let server = Embedded::start();
    let id = create(&server.base, r#"{ "resourceType": "Patient", "active": true }"#);
    (server, id)
}

/// Creates a Patient and returns its id.
fn create(base: &str, body: &str) -> String {
    let authority = base.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    write!(
        stream,
        "POST /fhir/Patient HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/fhir+json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, rest) = answer.split_once("/fhir/Patient/").expect("a Location");
    rest.split('/').next().unwrap().to_owned()
}

/// How often the server was asked for a path with a query.
fn times(server: &Embedded, target: &str) -> usize {
    server
        .recorded()
        .iter()
        .filter(|request| request.target == target)
        .count()
}

fn reason(report: &serde_json::Value, case: &str) -> String {
    let cases = report["suites"][0]["cases"].as_array().unwrap();
    let found = cases
        .iter()
        .find(|found| found["id"] == format!("given::{case}"))
        .unwrap();
    format!(
        "{} ({}): {}",
        found["verdict"], found["reason"]["kind"], found["reason"]["text"]
    )
}

#[test]
fn what_is_given_reaches_the_requests_and_is_told() {
    let (server, id) = holding_a_patient();
    let patient = format!("patient={id}");
    let vars = ["--var", &patient, "--var", "body=@body.json"];
    let body = r#"{ "resourceType": "Patient", "language": "de", "identifier": [{ "value": "${case.tag}" }] }"#;
    let gone = given(&server.base, &vars)
        .with("body.json", body)
        .env("FHIR_ASSAY_VAR_TENANT", "clinic")
        .run()
        .ended(0);
    let verdicts = gone.verdicts();
    for case in ["reads", "searches", "creates", "needs-nothing"] {
        assert_eq!(verdicts[&format!("given::{case}")], "pass", "{case}");
    }
    let report = gone.report();
    let options = &report["options"];
    assert_eq!(options["var patient"], *id);
    assert_eq!(options["var tenant"], "clinic");
    assert_eq!(options["var body"], "a Patient");
    assert_eq!(
        times(&server, "/fhir/Patient?identifier=of-clinic"),
        1,
        "the constant holds what was given"
    );
    assert_eq!(times(&server, FOUND_BY), 0, "nobody looks for what was given");
}

#[test]
fn what_is_not_given_is_found_once_or_the_case_is_left_out() {
    let (server, id) = holding_a_patient();
    let gone = given(&server.base, &[]).run().ended(0);
    let report = gone.report();
    assert_eq!(gone.verdicts()["given::reads"], "pass");
    assert_eq!(
        report["options"]["var patient"],
        format!("{id} (found by GET Patient?_count=1&active=true)")
    );
    assert_eq!(times(&server, FOUND_BY), 1);
    let told = ["searches", "creates", "reads-another"]
        .map(|case| reason(&report, case))
        .join("\n");
    insta::assert_snapshot!(told.replace(&id, "[id]"));
    gone.says("what a tester has to give was neither given nor found");
}

#[test]
fn requests_go_to_a_url_that_was_given_but_credentials_do_not() {
    let (server, other) = (Embedded::start(), Embedded::start());
    let var = format!("other={}", other.base);
    let gone = given(
        &server.base,
        &[
            "--case",
            "*::goes-elsewhere",
            "--case",
            "*::reads-another",
            "--var",
            &var,
        ],
    )
    .env("TOKEN", "s3cret-token")
    .args(["--bearer-env", "TOKEN"])
    .run()
    .ended(0);
    assert_eq!(gone.verdicts()["given::goes-elsewhere"], "pass");
    let with_token = |server: &Embedded| {
        let all = server.recorded();
        let with = all
            .iter()
            .filter(|request| request.header("authorization") == Some("Bearer s3cret-token"));
        (with.count(), all.len())
    };
    assert_eq!(
        with_token(&other),
        (0, 1),
        "the other server was asked once, without the token"
    );
    let (with, all) = with_token(&server);
    assert!(all > 1 && with == all, "{with} of {all}");
    assert!(!gone.file("reports/latest/report.json").contains("s3cret"));
}

#[test]
fn a_secret_is_told_nowhere() {
    let server = Embedded::start();
    let formats =
        "--report console=a.txt --report junit=a.xml --report json=a.json --report markdown=a.md --report html=a.html";
    let gone = given(&server.base, &["--case", "*::tells-no-secret"])
        .env("FHIR_ASSAY_VAR_KEY", "k3y/of \"mine\"")
        .args(formats.split(' '))
        .run()
        .ended(1);
    let seen = server.recorded();
    let went_out = |request: &crate::support::embedded::Recorded| {
        request.header("x-key") == Some("k3y/of \"mine\"") && request.json()["name"][0]["family"] == "k3y/of \"mine\""
    };
    assert!(seen.iter().any(went_out), "the server was told");
    let files = ["a.txt", "a.xml", "a.json", "a.md", "a.html", "journal.jsonl"];
    let told: Vec<String> = files.iter().filter_map(|name| gone.file_if_any(name)).collect();
    assert!(told.len() >= 5, "{}", told.len());
    for text in told.iter().chain([&gone.stdout, &gone.stderr]) {
        assert!(!text.contains("k3y"), "{text}");
    }
    let report: serde_json::Value = serde_json::from_str(&gone.file("a.json")).unwrap();
    assert_eq!(report["options"]["var key"], "***");
    for recorded in [["--record", "a.har"], ["--evidence", "a.zip"]] {
        given(&server.base, &recorded)
            .args(["--var", "key=k3y-of-mine"])
            .run()
            .ended(2)
            .says("`key`, which is a secret")
            .says_not("k3y");
    }
}

#[test]
fn a_search_that_cannot_be_judged_is_an_error() {
    let server = Embedded::with(
        |request| {
            request
                .query()
                .is_some_and(|query| query.contains("active=true"))
                .then(|| outcome(401, &[]))
        },
        |_| {},
    );
    let gone = given(&server.base, &["--case", "*::reads*"]).run().ended(3);
    insta::assert_snapshot!(
        ["reads", "reads-another"]
            .map(|case| reason(&gone.report(), case))
            .join("\n")
    );
}

#[test]
fn names_and_values_that_are_wrong_end_with_2() {
    let vars = ["--var", "patent=1", "--var", "body=@nowhere.json", "--var", "tenant="];
    let gone = given("http://127.0.0.1:1/fhir", &vars).run().ended(2);
    insta::assert_snapshot!(gone.stderr);
    let gone = assay(["run", "--suite", "http.vread", "--var", "x=1"]).run().ended(2);
    insta::assert_snapshot!(gone.stderr);
}

#[test]
fn a_list_says_what_a_run_would_need() {
    let suite = file("given.yaml");
    let gone = assay(["list", "cases", "--suite", &suite, "--var", "tenant=x"])
        .run()
        .ended(0);
    insta::assert_snapshot!(gone.stdout);
}
