//! The committed schemas are what the generator makes of the definitions, byte for byte.
//!
//! Runs where the environment variable `FHIR_DEFINITIONS` names a folder with `r4/`, `r4b/`, `r5/` and `r6/`, each
//! with the release's definitions; elsewhere it passes without a word.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fhir_assay::fhir::FhirVersion;
use fhir_assay::fhir::schema::generate::{generate, generate_into};

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                fs::read_to_string(entry.path()).unwrap(),
            )
        })
        .collect()
}

fn check(release: FhirVersion) {
    let Some(root) = std::env::var_os("FHIR_DEFINITIONS") else {
        return;
    };
    let name = release.name().to_lowercase();
    let definitions = PathBuf::from(root).join(&name);
    let first = generate(&definitions, release).unwrap();
    let fresh = tempfile::tempdir().unwrap();
    fs::create_dir(fresh.path().join(&name)).unwrap();
    fs::write(fresh.path().join(&name).join("Gone.schema.json"), "{}").unwrap();
    let (_, count) = generate_into(&definitions, release, fresh.path()).unwrap();
    let second = files(&fresh.path().join(&name));
    assert_eq!(second.len(), count, "what is no longer made is removed");
    assert!(first.files == second, "twice the same");
    let committed = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/fhir").join(&name));
    let differ = |file: &&String| committed.get(*file) != second.get(*file);
    let different: Vec<_> = committed.keys().chain(second.keys()).filter(differ).collect();
    assert!(different.is_empty(), "{release}: generate again: {different:?}");
}

#[test]
fn the_schemas_of_r4_are_up_to_date() {
    check(FhirVersion::R4);
}

#[test]
fn the_schemas_of_r4b_are_up_to_date() {
    check(FhirVersion::R4B);
}

#[test]
fn the_schemas_of_r5_are_up_to_date() {
    check(FhirVersion::R5);
}

#[test]
fn the_schemas_of_r6_are_up_to_date() {
    check(FhirVersion::R6);
}
