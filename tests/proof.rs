//! The suites see the defects that they say they see, and accuse no right server: for one section, on one release.

use std::path::Path;

use fhir_assay::FhirVersion;
use fhir_assay::plan::Selection;
use fhir_assay::proof::{self, Fate, Proof, Question};
use fhir_assay::server::{Mutant, Variant};
use fhir_assay::suite::Suites;

/// The proof of some mutants, on right servers of some names.
fn proof(requirements: &str, variants: &[&str]) -> Proof {
    let suites = Suites::embedded().unwrap();
    let suites = suites.iter().filter(|suite| suite.id.as_str().starts_with("http."));
    let mutants: Vec<&Mutant> = Mutant::all()
        .filter(|mutant| mutant.name.starts_with(requirements))
        .collect();
    let cited: Vec<String> = mutants.iter().map(|mutant| mutant.requirement().to_owned()).collect();
    let question = Question {
        release: FhirVersion::R4,
        suites: suites.cloned().collect(),
        mutants,
        variants: variants.iter().map(|name| Variant::named(name).unwrap()).collect(),
        system: None,
        all: Selection::all(),
        selection: Selection::all().requirements(&cited).unwrap(),
        complete: false,
    };
    proof::prove(&question).unwrap()
}

#[test]
fn every_defect_of_vread_is_seen_by_the_rule_that_it_breaks() {
    let variants = [
        "no-versioning",
        "opaque-versions",
        "deletions-untracked",
        "last-modified-rounded-up",
    ];
    let proof = proof("vread.", &variants);
    for server in &proof.right {
        assert!(server.accused.is_empty(), "{}: {:?}", server.name, server.accused);
    }
    // The two differ in nothing that a wish could be about.
    assert_eq!(warned(&proof, "last-modified-rounded-up"), warned(&proof, "plain"));
    assert!(proof.right.iter().any(|server| server.judged >= 5));
    let fates: Vec<String> = proof
        .mutants
        .iter()
        .map(|mutant| {
            let seen = mutant
                .seen
                .first()
                .map_or_else(String::new, |seen| format!("{:?} by {}", seen.outcome, seen.case));
            format!("{}: {} {seen}", mutant.name, mutant.fate.word())
        })
        .collect();
    insta::assert_snapshot!(fates.join("\n"));
    assert_eq!(proof.count(Fate::Killed), proof.mutants.len());
    assert!(proof.holds());
}

/// How many cases warn of a server.
fn warned(proof: &Proof, name: &str) -> u64 {
    proof.right.iter().find(|server| server.name == name).unwrap().warnings
}

/// What no server can declare, and what the search page leaves to it.
#[test]
fn searches_that_are_right_otherwise_are_not_accused() {
    let defects = |requirements, variants: &[&str]| {
        let proof = proof(requirements, variants);
        for server in &proof.right {
            assert!(server.accused.is_empty(), "{}: {:?}", server.name, server.accused);
        }
        assert_eq!(proof.count(Fate::Killed), proof.mutants.len(), "{requirements}");
        proof
    };
    defects("compartment-search.", &["compartments-type-by-type"]);
    defects("search.failure-status", &["malformed-values-ignored"]);
    defects("search.defined-order", &["another-order-each-time"]);
    let links = defects("paging.navigation-links", &["another-order-each-time"]);
    assert_eq!(warned(&links, "another-order-each-time"), warned(&links, "plain"));
}

#[test]
fn reports_tell_the_same_matrix() {
    let proof = proof("head.unknown-resource", &[]);
    let json = serde_json::to_string(&proof).unwrap();
    assert_eq!(serde_json::from_str::<Proof>(&json).unwrap(), proof);
    for text in [proof::markdown(&proof), proof::html(&proof)] {
        assert!(
            text.contains("head.unknown-resource") && text.contains("killed"),
            "{text}"
        );
        assert!(text.contains(&proof.sentence()), "{text}");
    }
    assert!(proof::console(&proof).contains("1 killed"));
    let sentence = proof.sentence();
    assert!(
        sentence.contains(": 1 mutant, ") && sentence.contains("; 1 right server, "),
        "{sentence}"
    );
}

/// Writes the schema anew with `UPDATE_SCHEMAS=1`; otherwise holds the file to the types.
#[test]
fn the_schema_is_that_of_the_types() {
    const SCHEMA: &str = "schemas/proof.schema.json";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCHEMA);
    let schema = serde_json::to_string_pretty(&proof::schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&file, &schema).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(
        written == schema,
        "{SCHEMA} is not that of the types: UPDATE_SCHEMAS=1 cargo test --test proof"
    );
}
