//! The result depends neither on the order of the cases, nor on who else is at the server, nor on what was there before; and
//! nothing of ours is left.
//!
//! `SHUFFLED_RUNS=20 cargo test --test cli shuffled` runs as many as that instead of a few, and all suites instead of some.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use fhir_assay::fhir::{FhirVersion, ResourceType};
use serde_json::Value;

use crate::support::embedded::Embedded;
use crate::support::served::Served;
use crate::support::{Gone, words};

/// Suites that write much and search for what they wrote.
const SOME: &str = "--suite http.create --suite http.conditional-* --suite http.delete --suite http.search --suite http.transaction-searches";
/// How many runs are at the server at a time.
const AT_A_TIME: usize = 4;

/// Asks with a connection of its own, and gives the body.
fn get(base: &str, path: &str) -> Value {
    let (host, root) = base.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let request = format!("GET /{root}/{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
    serde_json::from_str(body).unwrap()
}

/// How many resources of each type are there, where there are any.
fn holds(base: &str) -> BTreeMap<&'static str, u64> {
    let types = ResourceType::all(FhirVersion::R4).iter().map(|known| known.name());
    types
        .filter(|name| *name != "Parameters")
        .map(|name| {
            (
                name,
                get(base, &format!("{name}?_summary=count"))["total"].as_u64().unwrap(),
            )
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// Where two runs differ in their verdicts.
fn differences(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differ = names.into_iter().filter(|name| one.get(*name) != other.get(*name));
    differ
        .map(|name| format!("{name}: {:?} and {:?}", one.get(name), other.get(name)))
        .collect()
}

#[test]
fn shuffled_runs_side_by_side_give_the_same_verdicts_and_leave_nothing() {
    let asked = std::env::var("SHUFFLED_RUNS")
        .ok()
        .and_then(|text| text.parse::<usize>().ok());
    let (runs, suites) = asked.map_or((4, SOME), |runs| (runs, ""));
    let server = Served::start("");
    let plain = words(&format!("run {} {suites} --quiet", server.base))
        .run()
        .ended(0)
        .verdicts();
    assert!(plain.len() > 60 && plain.values().filter(|verdict| *verdict == "pass").count() > 40);
    let seeds: Vec<usize> = (1..=runs).collect();
    for together in seeds.chunks(AT_A_TIME) {
        let going: Vec<_> = together
            .iter()
            .map(|seed| {
                // Two runs with one seed are at the server at once; and not all have as many cases in flight.
                let (seed, jobs) = (seed.div_ceil(2), [1, 4, 16, 64][seed % 4]);
                words(&format!(
                    "run {} {suites} --quiet --seed {seed} --jobs {jobs}",
                    server.base
                ))
                .start()
            })
            .collect();
        for gone in going.into_iter().map(|going| going.wait().ended(0)) {
            let found = differences(&plain, &gone.verdicts());
            assert!(found.is_empty(), "{:?}: {found:#?}", gone.report()["options"]);
            assert_eq!(gone.report()["cleanup"]["left"], serde_json::json!([]));
        }
    }
    assert_eq!(holds(&server.base), BTreeMap::new());
}

/// The cases in the order in which they began.
fn order(gone: &Gone) -> Vec<String> {
    let report = gone.report();
    let suites = report["suites"].as_array().unwrap().iter();
    let cases = suites.flat_map(|suite| suite["cases"].as_array().unwrap());
    let mut begun: Vec<(u64, String)> = cases
        .filter(|case| case["started_us"].as_u64().is_some_and(|began| began > 0))
        .map(|case| {
            (
                case["started_us"].as_u64().unwrap(),
                case["id"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    begun.sort();
    begun.into_iter().map(|(_, id)| id).collect()
}

#[test]
fn a_seed_gives_the_order_and_nothing_else() {
    let runs = ["", "--seed 42", "--seed 42", "--seed 43"].map(|seed| {
        let server = Embedded::start();
        let gone = words(&format!(
            "run {} --suite http.read --jobs 1 {seed} --quiet",
            server.base
        ))
        .run();
        let seed = gone.report()["options"]["seed"].clone();
        let tag = gone.report()["cleanup"]["tag"].clone();
        (order(&gone), seed, tag)
    });
    let [plain, one, again, other] = runs;
    assert!(plain.0.len() > 5 && plain.1.is_null());
    assert_eq!((&one.0, &one.1), (&again.0, &again.1));
    assert_eq!(one.1, "42");
    assert!(one.0 != plain.0 && one.0 != other.0, "{:?}", one.0);
    assert_ne!(one.2, again.2, "two runs with one seed have no ids in common");
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(one.0), sorted(plain.0));
}

#[test]
fn cases_about_any_type_run_over_the_types_that_were_asked_for() {
    let run = |types: &str| {
        words(&format!("run --suite http.read --quiet {types}"))
            .run()
            .ended(0)
            .verdicts()
    };
    let plain = run("");
    let verdict = |verdicts: &BTreeMap<String, String>, name: &str| verdicts.get(name).cloned().unwrap_or_default();
    assert_eq!(verdict(&plain, "http.read::etag"), "pass");
    let some = run("--types Observation,Subscription,Observation");
    assert_eq!(verdict(&some, "http.read::etag[Observation]"), "pass");
    assert_eq!(verdict(&some, "http.read::etag[Subscription]"), "skip");
    assert!(!some.contains_key("http.read::etag") && !some.contains_key("http.read::etag[Patient]"));
    assert_eq!(verdict(&some, "http.read::created-resource-is-read"), "pass");
    let all = run("--types claimed");
    let of_any = all.keys().filter(|name| name.starts_with("http.read::etag[")).count();
    assert_eq!(
        of_any,
        ResourceType::all(FhirVersion::R4).len() - 1,
        "all but Parameters"
    );
    assert!(
        all.values()
            .all(|verdict| matches!(verdict.as_str(), "pass" | "skip" | "inapplicable"))
    );
}
