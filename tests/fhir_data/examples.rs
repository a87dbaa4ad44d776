//! The official examples of each release, as a gate for the judge of bodies: schemas, constraints and all the rest.
//!
//! They run where the environment variable `FHIR_EXAMPLES` names a folder with `r4/`, `r4b/` and `r5/`, each with the
//! release's examples as JSON; elsewhere they pass without a word. `tests/fhir_data/invalid_examples.txt` lists the
//! examples that break the rules of their own release, with the reason; `docs/validation.md` tells it to people. Files
//! that are no resources are passed over.

use std::fs;
use std::path::{Path, PathBuf};

use fhir_assay::fhir::validate::Validator;
use fhir_assay::fhir::{FhirVersion, Severity};
use serde_json::Value;

const KNOWN: &str = include_str!("invalid_examples.txt");

pub fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

/// A line of the list: `release | file, * for anything | part of the message | reason`.
struct Known {
    file: globset::GlobMatcher,
    message: &'static str,
}

fn known(release: FhirVersion) -> Vec<Known> {
    let lines = KNOWN.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let fields = lines.map(|line| line.split(" | ").collect::<Vec<_>>());
    let mine = fields.filter(|fields| fields[0] == release.name());
    mine.map(|fields| {
        assert!(fields.len() == 4, "a reason is missing: {fields:?}");
        Known {
            file: globset::Glob::new(fields[1]).unwrap().compile_matcher(),
            message: fields[2],
        }
    })
    .collect()
}

fn run(release: FhirVersion) {
    let Some(root) = std::env::var_os("FHIR_EXAMPLES") else {
        return;
    };
    let judge = Validator::new(release);
    let known = known(release);
    let mut used = vec![false; known.len()];
    let mut paths = Vec::new();
    json_files(&PathBuf::from(root).join(release.name().to_lowercase()), &mut paths);
    paths.sort();
    let (mut invalid, mut new) = (0, Vec::new());
    for path in &paths {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = fs::read(path).unwrap();
        let body: Value = serde_json::from_slice(&text).unwrap();
        if !body["resourceType"].is_string() {
            continue;
        }
        let found = judge.validate_bytes(&text);
        invalid += usize::from(!found.is_valid());
        // A warning of a definition breaks no rule.
        let errors = found
            .violations
            .iter()
            .filter(|found| found.severity == Severity::Error);
        for error in errors {
            let matches = |known: &Known| known.file.is_match(name) && error.message.contains(known.message);
            let places: Vec<_> = (0..known.len()).filter(|index| matches(&known[*index])).collect();
            if places.is_empty() {
                new.push(format!("{name} {}: {}", error.pointer, error.message));
            }
            places.into_iter().for_each(|index| used[index] = true);
        }
    }
    println!(
        "{release}: {} of {} examples are valid",
        paths.len() - invalid,
        paths.len()
    );
    assert!(
        new.is_empty(),
        "{} findings are not known: {:#?}",
        new.len(),
        &new[..new.len().min(200)]
    );
    assert!(
        used.iter().all(|used| *used),
        "lines that match nothing any more: {used:?}"
    );
}

#[test]
fn the_examples_of_r4_are_valid() {
    run(FhirVersion::R4);
}

#[test]
fn the_examples_of_r4b_are_valid() {
    run(FhirVersion::R4B);
}

#[test]
fn the_examples_of_r5_are_valid() {
    run(FhirVersion::R5);
}
