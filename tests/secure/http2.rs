//! HTTP/2, as ALPN chooses it.

use ::h2::Reason;
use serde_json::Value;

use crate::h2::{Act, Asked, Http2};
use crate::support::{Assay, Gone, small};
use crate::tls;

/// The small suite over TLS, of an authority that is trusted.
fn run(server: &Http2, more: &str) -> Assay {
    small(&server.base, &format!("--ca {} {more}", tls::file("ca.pem")))
}

/// Headers as HTTP/1 writes them and HTTP/2 never does.
const HEADERS: &str = r#"
suite: headers
title: Names without case, values as they are
fhir: [R4]
cases:
  - id: right
    title: What is there is found
    steps:
      - create: Patient
        headers: { X-Request-Id: 'An-Id-In-Both-Cases' }
        body: { json: { resourceType: Patient, active: true } }
        expect:
          - requirement: create.status-201
            status: 201
            headers: { LOCATION: { matches: '/Patient/[^/]+/_history/' }, ETag: { present: true }, x-none: { present: false } }
        capture: { id: { location: id }, etag: { header: ETag } }
      - read: Patient/${id}
        expect:
          - requirement: read.returns-current
            status: 200
            headers: { eTAG: '${etag}', Content-Type: { matches: '^application/fhir\+json' } }
            body: { fhirpath: "%response.headers.`etag` = %etag" }
  - id: wrong
    title: What is not there is missed
    steps:
      - read: metadata
        expect:
          - requirement: create.status-201
            headers: { Last-Modified: { present: true }, Content-Type: text/plain }
"#;

#[test]
fn a_whole_run_takes_one_connection() {
    let server = Http2::start();
    let gone = run(&server, "--suite http.read --suite http.create --suite http.search")
        .run()
        .ended(0);
    let report = gone.report();
    let exchanges = all(&report, "exchanges");
    assert!(exchanges.len() > 40, "{}", exchanges.len());
    assert!(
        exchanges
            .iter()
            .all(|exchange| exchange["response"]["version"] == "HTTP/2.0")
    );
    // The first requests of cases side by side may each begin one before it is known that one is enough.
    let (connections, asked) = (server.connections(), server.asked().len());
    assert!(
        asked > 40 && connections <= 2,
        "{asked} requests by {connections} connections"
    );
}

#[test]
fn headers_are_judged_as_those_of_http_1() {
    let server = Http2::start();
    let suite = |base: &str| {
        let assay = crate::support::assay(["run", base, "--suite", "headers.yaml", "--ca", &tls::file("ca.pem")]);
        assay.with("headers.yaml", HEADERS).run().ended(1)
    };
    let gone = suite(&server.base);
    let verdicts = gone.verdicts();
    assert_eq!(
        (verdicts["headers::right"].as_str(), verdicts["headers::wrong"].as_str()),
        ("pass", "fail")
    );
    let plain = crate::support::embedded::Embedded::start();
    assert_eq!(
        findings(&gone),
        findings(&suite(&plain.base)),
        "in both versions the same is said"
    );
}

#[test]
fn a_request_of_which_the_server_did_nothing_is_sent_again_whatever_it_is() {
    for act in [Act::Reset(Reason::REFUSED_STREAM), Act::GoAwayBefore] {
        let server = Http2::with(false, move |method, _, before| {
            let first = !before.iter().any(|asked| asked.method == method);
            if first && method != "GET" { act } else { Act::Answer }
        });
        let gone = run(&server, "--jobs 1").run().ended(0);
        let report = gone.report();
        let twice = all(&report, "exchanges")
            .into_iter()
            .filter(|exchange| exchange["timing"]["attempts"] == 2)
            .map(|exchange| exchange["request"]["method"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>();
        // The deletion may be that of the clean-up, which is no part of a case.
        assert!(
            twice.contains(&"POST".to_owned()) && twice.contains(&"PUT".to_owned()),
            "{act:?}: {twice:?}"
        );
        let refused = server.asked().iter().filter(|asked| asked.act == act).count();
        assert_eq!(refused, 3, "POST, PUT and DELETE");
        let more = if act == Act::GoAwayBefore { 3 } else { 0 };
        assert_eq!(server.connections(), 1 + more, "{act:?}");
    }
}

#[test]
fn a_request_that_may_have_been_done_is_sent_again_only_where_that_is_harmless() {
    for act in [Act::GoAwayIn, Act::Reset(Reason::INTERNAL_ERROR)] {
        let server = Http2::with(false, move |method, path, before| {
            let comes_again = before.iter().any(|asked| asked.method == method && asked.path == path);
            let is_ours = path.contains("/Patient");
            if is_ours && !comes_again && matches!(method, "GET" | "POST") {
                act
            } else {
                Act::Answer
            }
        });
        let gone = run(&server, "--jobs 1 --case *::read --case *::update").run().ended(3);
        let verdicts = gone.verdicts();
        // The first creation is lost, and nothing but the case that it was for.
        assert_eq!(verdicts["small::read"], "error", "{act:?}");
        assert_eq!(verdicts["small::update"], "pass", "{act:?}");
        gone.says("the connection was lost before an answer came");
        assert_eq!(posted(&server.asked()), 2, "{act:?}: each creation once");
    }
}

#[test]
fn a_server_that_refuses_for_ever_is_an_error_and_no_failure() {
    let server = Http2::with(false, |method, _, _| match method {
        "POST" => Act::Reset(Reason::REFUSED_STREAM),
        _ => Act::Answer,
    });
    let gone = run(&server, "--jobs 1 --case *::read").run().ended(3);
    assert_eq!(gone.verdicts()["small::read"], "error");
    gone.says("the server refused the request before it did anything: it takes no more at a time (REFUSED_STREAM)");
    assert_eq!(posted(&server.asked()), 3, "it is asked three times, and not for ever");
}

fn posted(asked: &[Asked]) -> usize {
    asked.iter().filter(|asked| asked.method == "POST").count()
}

/// Everything that lists of this name hold, wherever they stand in a report.
fn all<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(|item| all(item, name)).collect(),
        Value::Object(members) => {
            let found = |(key, value): (&'a String, &'a Value)| match value {
                Value::Array(items) if key == name => items.iter().collect(),
                value => all(value, name),
            };
            members.iter().flat_map(found).collect()
        }
        _ => Vec::new(),
    }
}

/// Which rules were judged, and how.
fn findings(gone: &Gone) -> Vec<(String, String)> {
    let report = gone.report();
    all(&report["suites"], "findings")
        .into_iter()
        .map(|finding| (finding["rule"]["id"].to_string(), finding["outcome"].to_string()))
        .collect()
}
