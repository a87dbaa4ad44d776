//! HL7's official FHIRPath suites, as a gate for the engine behind `fhir::fhirpath`.
//!
//! They run where the environment variable `FHIRPATH_TESTS` names a folder with `r4.json` and `r5.json` (id,
//! expression, input, expected outputs) and the inputs in `r4/` and `r5/`; elsewhere they pass without a word.
//! `tests/fhir_data/fhirpath_known_failures.txt` lists what the engine gets wrong, with the reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fhir_assay::fhir::FhirVersion;
use fhir_assay::fhir::fhirpath::Expression;
use serde_json::Value;

const KNOWN: &str = include_str!("fhirpath_known_failures.txt");

fn folder() -> Option<PathBuf> {
    let root = PathBuf::from(std::env::var_os("FHIRPATH_TESTS")?);
    let nested = root.join("fhirpath-tests");
    Some(if nested.is_dir() { nested } else { root })
}

fn read(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn known(release: &str) -> BTreeMap<&'static str, &'static str> {
    let lines = KNOWN.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let words = lines.map(|line| {
        let mut words = line.splitn(3, ' ');
        (
            words.next().unwrap(),
            words.next().unwrap(),
            words.next().expect("every known failure has a reason"),
        )
    });
    words
        .filter(|(of, ..)| of.eq_ignore_ascii_case(release))
        .map(|(_, id, reason)| (id, reason))
        .collect()
}

/// Why a test fails, or nothing.
fn failure(test: &Value, inputs: &Path, release: FhirVersion) -> Option<String> {
    let input = match test["input"].as_str() {
        None | Some("") => Value::Null,
        Some(name) if !inputs.join(name).exists() => return Some(format!("the collection has no input {name}")),
        Some(name) => read(&inputs.join(name)),
    };
    let text = test["expr"].as_str().unwrap();
    let found = Expression::compile(text).and_then(|expression| expression.evaluate(release, &input, &[]));
    let wants_error = !test["invalid"].is_null();
    match (found, wants_error) {
        (Err(_), true) => None,
        (Ok(found), true) => Some(format!("`{text}` is an error, found {}", Value::Array(found))),
        (Err(error), false) => Some(format!("`{text}`: {error}")),
        (Ok(found), false) => {
            let wanted = test["outputs"].as_array().unwrap();
            let found = if test["predicate"] == true {
                vec![Value::Bool(!found.is_empty())]
            } else {
                found
            };
            let same =
                found.len() == wanted.len() && found.iter().zip(wanted).all(|(found, wanted)| equal(found, wanted));
            (!same).then(|| format!("`{text}`: wanted {}, found {}", test["outputs"], Value::Array(found)))
        }
    }
}

fn equal(found: &Value, wanted: &Value) -> bool {
    let Some(text) = wanted["value"].as_str() else {
        return true;
    };
    match (wanted["type"].as_str(), found) {
        (Some("Quantity") | None, Value::Object(quantity)) => {
            let unit = quantity
                .get("code")
                .or(quantity.get("unit"))
                .and_then(Value::as_str)
                .unwrap_or("1");
            let (value, wanted_unit) = text.split_once(' ').unwrap_or((text, "1"));
            same_number(&quantity["value"].to_string(), value) && unit == wanted_unit.trim_matches('\'')
        }
        (Some("decimal") | None, Value::Number(number)) => same_number(&number.to_string(), text),
        (_, Value::String(found)) => found == text || found == text.trim_start_matches('@').trim_start_matches('T'),
        (_, Value::Bool(found)) => text == if *found { "true" } else { "false" },
        (_, Value::Number(found)) => same_number(&found.to_string(), text),
        _ => false,
    }
}

fn same_number(a: &str, b: &str) -> bool {
    matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if (a - b).abs() < 1e-12)
}

fn run(name: &str, release: FhirVersion) {
    let Some(folder) = folder() else { return };
    let tests = read(&folder.join(format!("{name}.json")));
    let tests = tests.as_array().unwrap();
    let known = known(name);
    let mut failed = BTreeMap::new();
    for test in tests {
        if let Some(why) = failure(test, &folder.join(name), release) {
            failed.insert(test["id"].as_str().unwrap(), why);
        }
    }
    let passed = tests.len() - failed.len();
    let rate = 100.0 * passed as f64 / tests.len() as f64;
    println!("FHIRPath {name}: {passed} of {} pass ({rate:.1} %)", tests.len());
    let new: Vec<_> = failed.iter().filter(|(id, _)| !known.contains_key(*id)).collect();
    let mended: Vec<_> = known.keys().filter(|id| !failed.contains_key(*id)).collect();
    assert!(new.is_empty(), "not known to fail: {new:#?}");
    assert!(
        mended.is_empty(),
        "these pass now, strike them off the list: {mended:?}"
    );
}

#[test]
fn the_suite_of_r4_passes() {
    run("r4", FhirVersion::R4);
}

#[test]
fn the_suite_of_r5_passes() {
    run("r5", FhirVersion::R5);
}
