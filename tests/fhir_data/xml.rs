//! XML over the element tables: what is written in XML and read again is the same JSON, to the digit and to the byte of
//! narrative.
//!
//! The committed examples go both ways always, and all official ones where `FHIR_EXAMPLES` names their folder. Of those of
//! R5 18 do not: they have an `integer64` that is a number, which JSON has to write as a string (`json.html#primitive`).

use std::fs;
use std::path::PathBuf;

use fhir_assay::fhir::FhirVersion;
use fhir_assay::fhir::xml;
use serde_json::Value;

use crate::damage::committed;
use crate::examples::json_files;

/// What is different after the way to XML and back; nothing where all is the same.
fn difference(resource: &Value, release: FhirVersion, pretty: bool) -> Option<String> {
    let written = match xml::write(resource, release, pretty) {
        Ok(written) => written,
        Err(error) => return Some(error.to_string()),
    };
    let read = match xml::read(&written, release) {
        Ok(read) => read,
        Err(fault) => return Some(fault.to_string()),
    };
    if let Some(fault) = read.faults.first() {
        return Some(fault.to_string());
    }
    // Numbers compare digit by digit.
    (read.value != *resource).then(|| {
        let (before, after) = (resource.to_string(), read.value.to_string());
        let at = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
        let around = |text: &str| text.chars().skip(at.saturating_sub(40)).take(120).collect::<String>();
        format!("{} became {}", around(&before), around(&after))
    })
}

#[test]
fn committed_examples_go_both_ways() {
    for release in [FhirVersion::R4, FhirVersion::R4B, FhirVersion::R5] {
        let examples = committed(release);
        assert!(!examples.is_empty());
        for (name, example) in examples {
            for pretty in [false, true] {
                assert_eq!(difference(&example, release, pretty), None, "{release} {name}");
            }
        }
    }
}

/// R5's examples of the types that R6 still has in the same shape.
#[test]
fn what_is_of_r6_goes_both_ways() {
    let judge = fhir_assay::fhir::validate::Validator::new(FhirVersion::R6);
    let mut count = 0;
    for (name, example) in committed(FhirVersion::R5) {
        if judge.validate(&example).is_valid() {
            count += 1;
            assert_eq!(difference(&example, FhirVersion::R6, false), None, "{name}");
        }
    }
    assert!(count > 10, "{count}");
}

#[test]
fn official_examples_go_both_ways() {
    let Some(root) = std::env::var_os("FHIR_EXAMPLES") else {
        return;
    };
    for release in [FhirVersion::R4, FhirVersion::R4B, FhirVersion::R5] {
        let mut paths = Vec::new();
        json_files(&PathBuf::from(&root).join(release.name().to_lowercase()), &mut paths);
        let mut wrong = Vec::new();
        for path in &paths {
            let body: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            if body["resourceType"].is_string()
                && let Some(found) = difference(&body, release, false)
            {
                wrong.push(format!("{}: {found}", path.file_name().unwrap().display()));
            }
        }
        println!("{release}: {} of {} differ", wrong.len(), paths.len());
        let all = wrong.len();
        wrong.retain(|found| !found.ends_with("the type integer64 has another JSON type"));
        assert_eq!(all - wrong.len(), if release == FhirVersion::R5 { 18 } else { 0 });
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
