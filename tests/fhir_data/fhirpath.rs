//! HL7's official FHIRPath suites, as a gate for the engine behind `fhir::fhirpath`.
//!
//! `fhirpath/r4.json.gz` and `fhirpath/r5.json.gz` hold the tests (id, expression, input, expected outputs) and their
//! inputs; see the README there. `fhirpath_known_failures.txt` lists what the engine gets wrong, with the reason.

use std::collections::BTreeMap;

use fhir_assay::fhir::FhirVersion;
use fhir_assay::fhir::fhirpath::Expression;
use flate2::read::GzDecoder;
use serde_json::Value;

const KNOWN: &str = include_str!("fhirpath_known_failures.txt");
const R4: &[u8] = include_bytes!("fhirpath/r4.json.gz");
const R5: &[u8] = include_bytes!("fhirpath/r5.json.gz");

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
fn failure(test: &Value, inputs: &Value, release: FhirVersion) -> Option<String> {
    let input = match test["input"].as_str() {
        None | Some("") => &Value::Null,
        Some(name) => match inputs.get(name) {
            Some(input) => input,
            None => return Some(format!("the collection has no input {name}")),
        },
    };
    let text = test["expr"].as_str().unwrap();
    let found = Expression::compile(text).and_then(|expression| expression.evaluate(release, input, &[]));
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

/// Runs the suite of a release: as many tests as there are, of which at least so many per cent pass.
fn run(release: FhirVersion, packed: &[u8], count: usize, least: f64) {
    let suite: Value = serde_json::from_reader(GzDecoder::new(packed)).unwrap();
    let tests = suite["tests"].as_array().unwrap();
    assert_eq!(tests.len(), count);
    let known = known(release.name());
    let mut failed = BTreeMap::new();
    for test in tests {
        if let Some(why) = failure(test, &suite["inputs"], release) {
            failed.insert(test["id"].as_str().unwrap(), why);
        }
    }
    let passed = tests.len() - failed.len();
    let rate = 100.0 * passed as f64 / tests.len() as f64;
    println!("FHIRPath {release}: {passed} of {count} pass ({rate:.1} %)");
    let new: Vec<_> = failed.iter().filter(|(id, _)| !known.contains_key(*id)).collect();
    let mended: Vec<_> = known.keys().filter(|id| !failed.contains_key(*id)).collect();
    assert!(new.is_empty(), "not known to fail: {new:#?}");
    assert!(
        mended.is_empty(),
        "these pass now, strike them off the list: {mended:?}"
    );
    assert!(rate >= least, "{rate:.2} %, at least {least} % have to pass");
}

#[test]
fn the_suite_of_r4_passes() {
    run(FhirVersion::R4, R4, 935, 98.0);
}

#[test]
fn the_suite_of_r5_passes() {
    run(FhirVersion::R5, R5, 1051, 97.0);
}
