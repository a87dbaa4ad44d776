//! What a document prints is judged by the suites of its system, with nothing sent; and what was recorded of a run against a
//! system is judged again as it was.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use fhir_assay::system;
use serde_json::Value;

use super::support::served::Served;
use super::support::{assay, verdicts};

/// The recordings of a document, in the order of their names.
fn recordings(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/systems").join(name);
    let files = std::fs::read_dir(folder.join("recordings")).into_iter().flatten();
    let mut found: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    found.sort();
    found
}

/// Replays a recording under its system. Whatever was sent all the same would come to a proxy that waits for it.
fn replayed(name: &str, har: &Path) -> (i32, Value) {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let mut running = assay(["run", "--system", name, "--replay", &har.display().to_string()]);
    for variable in [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ] {
        running = running.env(variable, &address);
    }
    let gone = running.run();
    assert!(proxy.accept().is_err(), "{name}: something was sent");
    assert!(gone.code < 2, "{}{}", gone.stdout, gone.stderr);
    (gone.code, gone.report())
}

fn cases(report: &Value) -> impl Iterator<Item = &Value> {
    let suites = report["suites"].as_array().unwrap();
    suites.iter().flat_map(|suite| suite["cases"].as_array().unwrap())
}

fn findings(case: &Value) -> impl Iterator<Item = &Value> {
    let steps = case["steps"].as_array().into_iter().flatten();
    steps.flat_map(|step| step["findings"].as_array().into_iter().flatten())
}

/// What was judged, and what was found; of what was left out, how much and why.
fn told(name: &str, har: &Path, report: &Value) -> String {
    let mut text = format!(
        "{name} {}: {} at {}\n",
        har.file_name().unwrap().display(),
        report["verdict"].as_str().unwrap(),
        report["target"]["base"].as_str().unwrap()
    );
    let mut left_out: BTreeMap<String, u32> = BTreeMap::new();
    for case in cases(report) {
        let verdict = case["verdict"].as_str().unwrap();
        if let "skip" | "inapplicable" = verdict {
            let reason = case["reason"]["kind"].as_str().unwrap();
            *left_out.entry(format!("{verdict}, {reason}")).or_default() += 1;
            continue;
        }
        let passed = findings(case).filter(|finding| finding["outcome"] == "pass").count();
        let _ = writeln!(
            text,
            "  {verdict} {}: {passed} expectations hold",
            case["id"].as_str().unwrap()
        );
        for finding in findings(case).filter(|finding| finding["outcome"] != "pass") {
            let because = [&finding["mismatch"]["message"], &finding["deviation"]["says"]];
            let because = because.into_iter().find_map(Value::as_str).unwrap_or_default();
            let rule = finding["rule"]["id"].as_str().unwrap();
            let _ = writeln!(text, "    {} {rule}: {because}", finding["outcome"].as_str().unwrap());
        }
    }
    for (why, count) in left_out {
        let _ = writeln!(text, "  {count} left out: {why}");
    }
    text
}

#[test]
fn documents_are_judged_by_what_they_print() {
    let mut text = String::new();
    for name in system::load::names() {
        for har in recordings(name) {
            let (code, report) = replayed(name, &har);
            assert_eq!(code == 0, report["verdict"] != "fail", "{}", har.display());
            // A document that is silent is not accused, and nothing of it is an Error.
            for (case, verdict) in verdicts(&report) {
                assert_ne!(verdict, "error", "{case}");
            }
            text += &told(name, &har, &report);
        }
    }
    insta::assert_snapshot!(text);
}

/// What a tester gave, and what was looked for and found, is in the recording: a replay needs none of it again.
#[test]
fn a_run_against_a_system_is_judged_again_as_it_was() {
    for name in system::load::names() {
        let (known, _) = system::load(name).unwrap().strict().unwrap();
        let server = Served::start(&format!("--system {name}"));
        let mut running = assay(["run", &server.base, "--system", name, "--record", "run.har"]);
        for (variable, value) in &known.emulation {
            // The others are found.
            if !variable.starts_with("procedure") || variable == "procedure-with-provenance" {
                running = running.args(["--var", &format!("{variable}={}", value.value)]);
            }
        }
        let recorded = running.run().ended(0);
        drop(server);
        let har = recorded.folder.path().join("run.har");
        let again = assay(["run", "--system", name, "--replay", &har.display().to_string()])
            .run()
            .ended(0);
        assert_eq!(recorded.verdicts(), again.verdicts(), "{name}");
        assert!(recorded.verdicts().values().any(|verdict| verdict == "pass"));
        let (recorded, again) = (recorded.report(), again.report());
        assert_eq!(found(&recorded), found(&again), "{name}");
        let all = |report: &Value| cases(report).flat_map(findings).cloned().collect::<Vec<Value>>();
        assert_eq!(all(&recorded), all(&again), "{name}");
    }
}

/// The options of a run that tell of given variables.
fn found(report: &Value) -> Vec<(String, Value)> {
    let options = report["options"].as_object().unwrap();
    let told: Vec<_> = options
        .iter()
        .filter(|(name, _)| name.starts_with("var "))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    assert!(!told.is_empty());
    told
}
