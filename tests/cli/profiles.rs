//! `--profile`: packages and folders, in `run` and in `validate`.

use std::path::Path;

use crate::support::assay;
use crate::support::embedded::Embedded;

const SUITE: &str = "\
suite: own.profiles
title: Profiles
fhir: [R4]
cases:
  - id: of-profile
    title: What was stored is of the profile
    needs: { Patient: { interaction: [create, read] } }
    steps:
      - create: Patient
        body: { json: { resourceType: Patient, active: true } }
        capture: { id: { location: id } }
      - read: 'Patient/${id}'
        expect:
          - { requirement: read.returns-current, body: { schema: 'http://example.org/assay/StructureDefinition/patient' } }
";

fn package() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiles/package");
    folder.display().to_string()
}

#[test]
fn a_suite_asks_for_a_profile() {
    let server = Embedded::start();
    let asked = |more: &[&str]| {
        let words = ["run", &server.base, "--suite", "own.yaml", "--report", "json=-"];
        assay(words.iter().copied().chain(more.iter().copied()))
            .with("own.yaml", SUITE)
            .run()
    };
    let package = package();
    let without = asked(&[]).ended(3);
    assert!(
        without
            .stdout
            .contains("is not loaded: give its package with --profile"),
        "{}",
        without.stdout
    );
    let with = asked(&["--profile", &package]).ended(1);
    assert!(with.stdout.contains("`birthDate` is required here"), "{}", with.stdout);
    assert!(
        with.stderr.contains("example.assay#1.0.0 needs example.base#2.1.0"),
        "{}",
        with.stderr
    );
}

#[test]
fn validate_judges_by_what_a_body_claims() {
    let body = r#"{"resourceType": "Practitioner",
        "meta": {"profile": ["http://example.org/assay/StructureDefinition/practitioner"]}}"#;
    let package = package();
    let judged = |words: &[&str]| assay(words.iter().copied()).with("a.json", body).run();
    judged(&["validate", "a.json"]).ended(0);
    let gone = judged(&["validate", "a.json", "--profile", &package]).ended(1);
    assert!(gone.stdout.contains("`name` is required here"), "{}", gone.stdout);
}

#[test]
fn what_is_no_package_is_refused_with_all_its_problems() {
    let words = ["validate", "a.json", "--profile", "x.tgz", "--profile", "y.json"];
    let gone = assay(words)
        .with("a.json", "{}")
        .with("x.tgz", "no archive")
        .with("y.json", "{")
        .run();
    let gone = gone.ended(2);
    assert!(gone.stderr.contains("2 problems"), "{}", gone.stderr);
    assert!(gone.stderr.contains("x.tgz: it is no package"), "{}", gone.stderr);
    assay(["validate", "a.json", "--profile", "none.tgz"])
        .with("a.json", "{}")
        .run()
        .ended(2);
    let empty = tempfile::tempdir().unwrap();
    let path = empty.path().display().to_string();
    let gone = assay(["validate", "a.json", "--profile", &path])
        .with("a.json", "{}")
        .run()
        .ended(2);
    assert!(gone.stderr.contains("no folder of them"), "{}", gone.stderr);
}
