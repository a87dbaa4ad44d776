//! Damage to valid examples is found, and found where it is.
//!
//! Runs where the environment variable `FHIR_EXAMPLES` names a folder with `r4/`, `r4b/` and `r5/`, each with the
//! release's examples as JSON; elsewhere it passes without a word.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fhir_assay::fhir::FhirVersion;
use fhir_assay::fhir::schema::Schemas;
use serde_json::{Value, json};

/// A kind of damage: what it is called, and what it makes of a value it can be done to.
type Damage = (&'static str, fn(&Value) -> Option<Value>);

const KINDS: [Damage; 14] = [
    ("empty object", |value| value.is_object().then(|| json!({}))),
    ("empty array", |value| value.is_array().then(|| json!([]))),
    ("empty string", |value| value.is_string().then(|| json!(""))),
    ("a number for text", |value| value.is_string().then(|| json!(5))),
    ("text for a number", |value| value.is_number().then(|| json!("5x"))),
    ("text for a Boolean", |value| value.is_boolean().then(|| json!("true"))),
    ("a Boolean for text", |value| value.is_string().then(|| json!(true))),
    ("one put into an array", |value| {
        (!value.is_array()).then(|| json!([value]))
    }),
    ("an array taken apart", |value| {
        value.as_array().and_then(|items| items.first()).cloned()
    }),
    ("an object for a primitive", |value| {
        (value.is_string() || value.is_number()).then(|| json!({"id": "x"}))
    }),
    ("text for an object", |value| value.is_object().then(|| json!("x"))),
    ("null", |value| (!value.is_null()).then_some(Value::Null)),
    ("an unknown property", with_unknown_property),
    ("a repeated gap", |value| value.is_array().then(|| json!([null, null]))),
];

fn with_unknown_property(value: &Value) -> Option<Value> {
    let mut properties = value.as_object()?.clone();
    properties.insert("brokn".to_owned(), json!(1));
    Some(Value::Object(properties))
}

fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

/// The places of all values that are properties of an object.
fn places(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(properties) => {
            for (name, child) in properties {
                let here = format!("{place}/{name}");
                places(child, &here, found);
                found.push(here);
            }
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| places(item, &format!("{place}/{index}"), found));
        }
        _ => {}
    }
}

/// A sequence that looks random and is the same every time (xorshift).
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}

#[derive(Default)]
struct Tally {
    done: usize,
    missed: Vec<String>,
    elsewhere: Vec<String>,
}

fn damage(release: FhirVersion) {
    let Some(root) = std::env::var_os("FHIR_EXAMPLES") else {
        return;
    };
    let schemas = Schemas::for_release(release);
    let mut paths = Vec::new();
    json_files(&PathBuf::from(root).join(release.name().to_lowercase()), &mut paths);
    paths.sort();
    let mut sequence = Sequence(0x9E37_79B9_7F4A_7C15);
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for path in paths.iter().filter(|path| fs::metadata(path).unwrap().len() < 40_000) {
        let body: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let Some(type_name) = body["resourceType"].as_str() else {
            continue;
        };
        if !schemas.validate(type_name, &body).unwrap().is_empty() {
            continue;
        }
        let mut all = Vec::new();
        places(&body, "", &mut all);
        for (kind, make) in KINDS {
            let place = &all[sequence.below(all.len())];
            // What has a companion may lose its value.
            let (parent, name) = place.rsplit_once('/').unwrap();
            if body.pointer(&format!("{parent}/_{name}")).is_some() {
                continue;
            }
            let Some(broken) = make(body.pointer(place).unwrap()) else {
                continue;
            };
            let mut damaged = body.clone();
            *damaged.pointer_mut(place).unwrap() = broken;
            let errors = schemas.validate(type_name, &damaged).unwrap();
            let tally = tallies.entry(kind).or_default();
            tally.done += 1;
            let file = path.file_name().unwrap().to_string_lossy();
            if errors.is_empty() {
                tally.missed.push(format!("{file} {place}"));
            } else if !errors
                .iter()
                .any(|error| error.instance_path.starts_with(place.as_str()))
            {
                tally.elsewhere.push(format!(
                    "{file} {place}: {} {}",
                    errors[0].instance_path, errors[0].message
                ));
            }
        }
    }
    let done: usize = tallies.values().map(|tally| tally.done).sum();
    println!("{release}: {done} damaged examples");
    for (kind, tally) in &tallies {
        assert!(
            tally.missed.is_empty(),
            "{release}, {kind}: {} missed: {:#?}",
            tally.missed.len(),
            tally.missed
        );
        assert!(
            tally.elsewhere.is_empty(),
            "{release}, {kind}, found elsewhere: {:#?}",
            tally.elsewhere
        );
    }
    assert_eq!(tallies.len(), KINDS.len(), "every kind of damage was done");
}

#[test]
fn damage_to_r4b_is_found() {
    damage(FhirVersion::R4B);
}

#[test]
fn damage_to_r5_is_found() {
    damage(FhirVersion::R5);
}

#[test]
fn damage_to_r4_is_found() {
    damage(FhirVersion::R4);
}
