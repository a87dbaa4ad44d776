//! HL7's own profiles over the official examples, and the definitions of the resources themselves, read as if they were profiles.
//!
//! They run where the environment variables `FHIR_EXAMPLES` and `FHIR_DEFINITIONS` name folders with `r4/`; elsewhere they
//! pass without a word.

use std::fs;
use std::path::{Path, PathBuf};

use fhir_assay::fhir::FhirVersion;
use fhir_assay::fhir::profile::{Loader, Profiles};
use fhir_assay::fhir::schema::Schemas;
use fhir_assay::fhir::validate::RuleKind;
use serde_json::Value;

/// Examples that break a profile that they claim, with the reason: file, part of the message, why.
const KNOWN: &str = include_str!("official_findings.txt");

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}

/// The folders of the examples and of the definitions of R4.
fn folders() -> Option<(PathBuf, PathBuf)> {
    let folder = |name: &str| std::env::var_os(name).map(|root| PathBuf::from(root).join("r4"));
    Some((folder("FHIR_EXAMPLES")?, folder("FHIR_DEFINITIONS")?))
}

fn load(definitions: &Path, wanted: impl Fn(&Value) -> bool, change: impl Fn(Value) -> Value) -> Profiles {
    let mut loader = Loader::default();
    for path in json_files(definitions) {
        let bytes = fs::read(&path).unwrap();
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        if wanted(&document) {
            loader.file(
                path.file_name().unwrap().to_str().unwrap(),
                change(document).to_string().into_bytes(),
            );
        }
    }
    loader.finish().unwrap()
}

/// Constraints are judged elsewhere, and take their time.
fn without_constraints(mut document: Value) -> Value {
    for element in document["snapshot"]["element"].as_array_mut().into_iter().flatten() {
        element.as_object_mut().unwrap().shift_remove("constraint");
    }
    document
}

#[test]
fn official_profiles_agree_with_official_examples() {
    let Some((examples, definitions)) = folders() else {
        return;
    };
    let profiles = load(
        &definitions,
        |document| document["derivation"] != "specialization",
        |whole| whole,
    );
    let known: Vec<Vec<&str>> = KNOWN
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split(" | ").collect())
        .collect();
    let mut used = vec![false; known.len()];
    let mut new = Vec::new();
    let (mut files, mut vital) = (0, 0);
    for path in json_files(&examples) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(&path).unwrap();
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        files += 1;
        let found = profiles.judge(FhirVersion::R4, &body);
        for violation in &found.violations {
            let line = format!("{} {} {}", violation.pointer, violation.rule.source, violation.message);
            let matches = |known: &Vec<&str>| known[0] == name && line.contains(known[1]);
            match known.iter().position(matches) {
                Some(index) => used[index] = true,
                None => new.push(format!("{name} {line}")),
            }
        }
        // What claims to be a vital sign is one no more without its category.
        if body["meta"]["profile"][0] == "http://hl7.org/fhir/StructureDefinition/vitalsigns" {
            let mut broken = body.clone();
            broken.as_object_mut().unwrap().shift_remove("category");
            let found = profiles.judge(FhirVersion::R4, &broken).violations;
            assert!(
                found.iter().any(|found| found.pointer == "/category"),
                "{name}: {found:?}"
            );
            vital += 1;
        }
    }
    println!("{files} examples, {vital} of which are vital signs");
    assert!(vital >= 10, "only {vital} examples claim to be vital signs");
    assert!(new.is_empty(), "{} findings are not known: {new:#?}", new.len());
    assert!(
        used.iter().all(|used| *used),
        "lines that match nothing any more: {used:?}"
    );
}

/// A definition and the schema made of it have to say the same of every example.
#[test]
fn definitions_as_profiles_agree_with_the_schemas() {
    let Some((examples, definitions)) = folders() else {
        return;
    };
    let profiles = load(
        &definitions,
        |document| document["resourceType"] == "StructureDefinition" && document["derivation"] == "specialization",
        without_constraints,
    );
    let schemas = Schemas::for_release(FhirVersion::R4);
    let mut unlike = Vec::new();
    let mut judged = 0;
    for path in json_files(&examples) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let body: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let Some(type_name) = body["resourceType"].as_str() else {
            continue;
        };
        let canonical = format!("http://hl7.org/fhir/StructureDefinition/{type_name}");
        let found = profiles.judge_as(FhirVersion::R4, &canonical, &body);
        let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
        judged += 1;
        // References are no matter of schemas.
        let of_schema = |kind: RuleKind| matches!(kind, RuleKind::Cardinality | RuleKind::Type | RuleKind::Slicing);
        let is_valid = schemas.validate(type_name, &body).unwrap().is_empty();
        for violation in &found.violations {
            if is_valid && of_schema(violation.rule.kind) {
                unlike.push(format!("{name} {} {}", violation.pointer, violation.message));
            }
        }
    }
    println!("{judged} examples");
    assert!(unlike.is_empty(), "{} differ: {unlike:#?}", unlike.len());
}
