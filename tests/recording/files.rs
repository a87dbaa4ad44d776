//! Recordings as files, from the command line.

use serde_json::{Value, json};

use crate::support::embedded::{Embedded, outcome};
use crate::support::{assay, file, small};

const SECRET: &str = "s3cret-t0ken-0815";

/// Records the small suite; the server is gone afterwards.
fn recording() -> (String, Value) {
    let server = Embedded::start();
    let gone = small(&server.base, "--record run.har --bearer-env TOKEN")
        .env("TOKEN", SECRET)
        .run()
        .ended(0);
    let text = std::fs::read_to_string(gone.folder.path().join("run.har")).unwrap();
    assert!(!gone.folder.path().join("run.har.part").exists());
    (text, gone.report())
}

fn replay(har: impl AsRef<[u8]>, more: &[&str]) -> crate::support::Gone {
    let suite = file("small.yaml");
    let fixed = ["run", "--replay", "run.har", "--suite", &suite];
    assay(fixed.into_iter().chain(more.iter().copied()))
        .with("run.har", har)
        .run()
}

fn timeless(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for name in ["started", "started_us", "duration_us", "options"] {
                members.remove(name);
            }
            members.values_mut().for_each(timeless);
        }
        Value::Array(items) => items.iter_mut().for_each(timeless),
        _ => {}
    }
}

#[test]
fn a_recording_is_judged_without_its_server() {
    let (har, mut report) = recording();
    let gone = replay(&har, &[]).ended(0);
    let mut again = gone.report();
    assert_eq!(again["options"]["replay"], "run.har");
    timeless(&mut report);
    timeless(&mut again);
    assert_eq!(report, again);
}

#[test]
fn a_recording_holds_no_secret_and_is_har() {
    let (text, _) = recording();
    assert!(!text.contains(SECRET));
    let har: Value = serde_json::from_str(&text).unwrap();
    assert!(text.contains(r#"{"name":"Authorization","value":"***"}"#));
    let log = &har["log"];
    assert_eq!(log["version"], "1.2");
    assert!(log["creator"]["name"].is_string() && log["creator"]["version"].is_string());
    let entries = log["entries"].as_array().unwrap();
    assert!(entries.len() > 10);
    for entry in entries {
        // What HAR 1.2 requires of an entry.
        let started = entry["startedDateTime"].as_str().unwrap();
        assert!(started.parse::<jiff::Timestamp>().is_ok(), "{started}");
        let (request, response) = (&entry["request"], &entry["response"]);
        assert!(entry["time"].as_f64().unwrap() >= 0.0 && entry["cache"].is_object());
        for name in ["send", "wait", "receive"] {
            assert!(entry["timings"][name].as_f64().unwrap() >= 0.0);
        }
        for name in ["method", "url", "httpVersion"] {
            assert!(request[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        }
        for name in ["cookies", "headers", "queryString"] {
            assert!(request[name].is_array(), "{name}");
        }
        for name in ["cookies", "headers"] {
            assert!(response[name].is_array(), "{name}");
        }
        for name in ["statusText", "httpVersion", "redirectURL"] {
            assert!(response[name].is_string(), "{name}");
        }
        for side in [request, response] {
            assert!(side["headersSize"].is_i64() && side["bodySize"].is_i64());
        }
        assert!(response["status"].as_u64().is_some_and(|status| status >= 100));
        assert!(response["content"]["size"].is_i64() && response["content"]["mimeType"].is_string());
        assert!(entry["_assay"]["request"].is_u64());
    }
}

/// The recordings that are in the tree: what vendors print as examples.
fn of_documents() -> Vec<(String, Vec<u8>)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/systems");
    let mut found = Vec::new();
    for system in std::fs::read_dir(root).unwrap() {
        let folder = system.unwrap().path().join("recordings");
        for file in std::fs::read_dir(folder).into_iter().flatten() {
            let path = file.unwrap().path();
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    found
}

#[test]
fn recordings_are_what_their_schema_says() {
    let schema = jsonschema::draft202012::new(&fhir_assay::recording::har::schema()).unwrap();
    let documents = of_documents();
    assert!(documents.len() >= 5);
    let all = documents.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let (own, _) = recording();
    for (name, bytes) in all.chain([("our own", own.as_bytes())]) {
        let har: Value = serde_json::from_slice(bytes).unwrap();
        let problems: Vec<String> = schema.iter_errors(&har).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{name}: {problems:?}");
        assert!(fhir_assay::recording::read(name, bytes).is_ok_and(|replay| !replay.is_empty()));
        for entry in har["log"]["entries"].as_array().unwrap() {
            let content = &entry["response"]["content"];
            if content["mimeType"].as_str().unwrap().contains("json") && content["text"].is_string() {
                assert!(
                    serde_json::from_str::<Value>(content["text"].as_str().unwrap()).is_ok(),
                    "{name}"
                );
            }
        }
    }
}

/// The documents' own pairs answer a suite, without a network.
#[test]
fn a_document_is_judged_by_its_examples() {
    let (_, har) = of_documents()
        .into_iter()
        .find(|(name, _)| name.ends_with("open.har"))
        .unwrap();
    let claims = json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [{ "mode": "server",
        "resource": [{ "type": "Procedure", "interaction": [{ "code": "read" }, { "code": "search-type" }] }] }] });
    let suite = "suite: printed
title: What is printed
fhir: [R4]
cases:
  - id: read
    title: A Procedure is read
    steps:
      - read: Procedure/2572382193
        expect: [{ requirement: read.returns-current, status: 200, body: { schema: Procedure } }]
  - id: search
    title: Procedures of a patient are found
    steps:
      - search: Procedure?patient=12724066
        expect: [{ requirement: search.status-200, status: 200, body: { fhirpath: entry.count() = 2 } }]
  - id: write
    title: A Procedure is written
    steps:
      - create: Procedure
        body: { json: { resourceType: Procedure, status: completed, subject: { display: nobody } } }
        expect: [{ requirement: create.status-201, status: 201 }]
";
    let base = "https://fhir-open.cerner.com/r4/ec2458f2-1e24-41c8-b71b-0e701af7583d";
    let gone = assay([
        "run",
        base,
        "--replay",
        "open.har",
        "--assume",
        "claims.json",
        "--suite",
        "printed.yaml",
    ])
    .with("open.har", har)
    .with("claims.json", claims.to_string())
    .with("printed.yaml", suite)
    .run()
    .ended(0);
    let verdicts = gone.verdicts();
    let of = |name: &str| verdicts[&format!("printed::{name}")].as_str();
    assert_eq!((of("read"), of("search"), of("write")), ("pass", "pass", "skip"));
}

/// What the program says of a damaged recording.
fn told(har: impl AsRef<[u8]>) -> String {
    let gone = replay(har, &[]).ended(2);
    gone.stderr
}

#[test]
fn what_is_wrong_with_a_recording_is_told() {
    let (text, _) = recording();
    let har: Value = serde_json::from_str(&text).unwrap();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut har = har.clone();
        change(&mut har);
        har.to_string()
    };
    let entry = |har: &mut Value, index: usize, pointer: &str, value: Value| {
        let entry = &mut har["log"]["entries"][index];
        *entry.pointer_mut(pointer).unwrap() = value;
    };
    let several = changed(&|har| {
        har["log"]["version"] = json!("3.0");
        har["log"]["_assay"]["marks"] = json!("many");
        entry(har, 0, "/response/status", json!("ok"));
        entry(har, 2, "/request/method", json!(7));
        har["log"]["entries"][1]["response"]["content"]["encoding"] = json!("rot13");
        for entry in &mut har["log"]["entries"].as_array_mut().unwrap()[..3] {
            entry["request"]["url"] = json!("http://server.example/x");
        }
    });
    let foreign = changed(&|har| {
        har["log"].as_object_mut().unwrap().remove("_assay");
        entry(har, 0, "/request/url", json!("http://other.example/x"));
    });
    let cut = &text[..text.len() / 2];
    let cut_told = told(cut);
    assert!(cut_told.contains("the file ends too early"), "{cut_told}");
    let all = [told("no JSON"), told("{}"), told(several), told(foreign)].join("---\n");
    insta::assert_snapshot!(all);
}

#[test]
fn a_case_that_was_not_recorded_is_left_out() {
    let server = Embedded::start();
    let gone = small(&server.base, "--record run.har --case *::read").run().ended(0);
    let har = std::fs::read(gone.folder.path().join("run.har")).unwrap();
    drop(server);
    let again = replay(&har, &[]).ended(0);
    let verdicts = again.verdicts();
    assert_eq!(
        (&*verdicts["small::read"], &*verdicts["small::update"]),
        ("pass", "skip")
    );
}

#[test]
fn a_run_that_ended_early_is_replayed_as_far_as_it_came() {
    let server = Embedded::with(|request| (request.method == "PUT").then(|| outcome(422, &[])), |_| {});
    let gone = small(&server.base, "--fail-fast --jobs 1 --record run.har")
        .run()
        .ended(1);
    let har = std::fs::read(gone.folder.path().join("run.har")).unwrap();
    drop(server);
    let again = replay(&har, &[]).ended(1);
    assert_eq!(again.verdicts(), gone.verdicts());
    assert_eq!(again.report()["stopped"], gone.report()["stopped"]);
}

/// A file of somebody else: no marks, other names of headers, only what HAR has.
#[test]
fn a_har_file_of_others_is_judged_by_method_and_url() {
    let entry = |method: &str, url: &str, status: u16, body: Value| {
        json!({
            "request": { "method": method, "url": url, "headers": [] },
            "response": {
                "status": status,
                "headers": [{ "name": "Content-Type", "value": "application/fhir+json" }],
                "content": { "text": body.to_string() },
            },
        })
    };
    let claims = json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [{ "mode": "server",
        "resource": [{ "type": "Patient", "interaction": [{ "code": "read" }] }] }] });
    let outcome =
        json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "error", "code": "not-found" }] });
    let base = "https://ehr.example/tenant/r4";
    let har = json!({ "log": { "version": "1.2", "creator": {}, "entries": [
        entry("GET", &format!("{base}/metadata"), 200, claims),
        entry("GET", &format!("{base}/Patient/nobody"), 404, outcome),
    ] } });
    let suite = "suite: theirs
title: Theirs
fhir: [R4]
cases:
  - id: known
    title: It was asked
    steps:
      - read: Patient/nobody
        expect: [{ requirement: read.unknown-404, status: 404 }]
  - id: unknown
    title: It was not asked
    steps:
      - read: Patient/somebody
        expect: [{ requirement: read.unknown-404, status: 404 }]
";
    let gone = assay(["run", base, "--replay", "their.har", "--suite", "theirs.yaml"])
        .with("their.har", har.to_string())
        .with("theirs.yaml", suite)
        .run()
        .ended(0);
    let verdicts = gone.verdicts();
    assert_eq!(
        (&*verdicts["theirs::known"], &*verdicts["theirs::unknown"]),
        ("pass", "skip")
    );
    let report = gone.report();
    let reason = report.pointer("/suites/0/cases/1/reason").unwrap();
    assert_eq!(
        *reason,
        json!({ "kind": "unrecorded",
            "text": "the recording shows no answer to GET https://ehr.example/tenant/r4/Patient/somebody" })
    );
}

/// Programs save HAR files without the bodies of responses, and tell their sizes all the same.
#[test]
fn a_body_that_was_not_saved_is_no_empty_body() {
    let entry = |method: &str, size: i64| {
        json!({
            "request": { "method": method, "url": "http://server.example/fhir/Patient/1", "headers": [] },
            "response": { "status": 200, "headers": [], "content": { "size": size, "mimeType": "application/fhir+json" } },
        })
    };
    let read = |entry: Value| {
        let har = json!({ "log": { "version": "1.2", "entries": [entry] } });
        let replay = fhir_assay::recording::read("x.har", har.to_string().as_bytes()).unwrap();
        let request = fhir_assay::exchange::Request {
            method: "GET".into(),
            url: "http://server.example/fhir/Patient/1".into(),
            headers: fhir_assay::exchange::Headers::new(),
            body: fhir_assay::exchange::Body::Empty,
        };
        use fhir_assay::transport::Transport;
        let answered = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(replay.perform(&request));
        answered
            .map(|exchange| exchange.response.body.len())
            .map_err(|error| error.to_string())
    };
    let told = read(entry("GET", 5120)).unwrap_err();
    assert!(told.contains("holds none of the 5120 bytes"), "{told}");
    assert_eq!(read(entry("GET", 0)), Ok(0));
    assert_eq!(read(entry("GET", -1)), Ok(0));
}
