//! Damage to valid examples is found, and found where it is: at the damaged place, or where the definition puts the rule (each
//! kind says so). A string of nothing but blanks is no damage: FHIR says SHOULD of it, and no more.
//!
//! The examples of `examples/` are always damaged, in every way that fits. Where the environment variable `FHIR_EXAMPLES`
//! names a folder with `r4/`, `r4b/` and `r5/`, each with the release's official examples as JSON, those are
//! damaged too, each in some ways: more than 20,000 damaged documents.

mod bound;
mod document;
mod primitive;
mod rules;
mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::{env, fs};

use fhir_assay::fhir::FhirVersion;
use fhir_assay::fhir::validate::{Validation, Validator};
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::examples::json_files;
use document::{Damage, Document, Sequence};

/// A kind of damage: what it is called, and how it is done; `None` where nothing in a document fits.
#[derive(Clone, Copy)]
pub struct Kind {
    name: &'static str,
    make: fn(&Document, &mut Sequence) -> Option<Damage>,
}

/// A kind of damage.
pub const fn kind(name: &'static str, make: fn(&Document, &mut Sequence) -> Option<Damage>) -> Kind {
    Kind { name, make }
}

/// In how many ways one official example is damaged.
const WAYS: usize = 9;

/// Bigger examples take too long for what they add.
const BIGGEST: u64 = 30_000;

fn kinds() -> impl Iterator<Item = &'static Kind> + Clone {
    shape::KINDS.iter().chain(primitive::KINDS).chain(rules::KINDS)
}

#[derive(Default)]
struct Tally {
    done: usize,
    /// Found where the definition puts the rule, and not at the damaged place.
    at_rule: usize,
    missed: Vec<String>,
}

#[derive(Default)]
struct Tallies(BTreeMap<&'static str, Tally>);

/// What is found, as far as it says where: the place and the sentence.
fn found(validation: &Validation) -> BTreeSet<(String, String)> {
    let violations = validation.violations.iter();
    violations
        .map(|found| (found.pointer.clone(), found.message.clone()))
        .collect()
}

impl Tallies {
    /// Damages a document in one way, where that fits.
    fn damage(&mut self, kind: &Kind, document: &Document, name: &str, sequence: &mut Sequence) -> bool {
        let Some(damage) = (kind.make)(document, sequence) else {
            return false;
        };
        let judge = Validator::new(document.release);
        let before = found(&judge.validate(&document.body));
        let after = found(&judge.validate(&damage.body));
        self.note(kind.name, &damage, after.difference(&before), name);
        true
    }

    fn note<'a>(
        &mut self,
        kind: &'static str,
        damage: &Damage,
        new: impl Iterator<Item = &'a (String, String)>,
        name: &str,
    ) {
        let inside = format!("{}/", damage.at);
        let new: Vec<_> = new.collect();
        let is_here = new
            .iter()
            .any(|(place, _)| *place == damage.at || place.starts_with(&inside));
        let is_at_rule = new.iter().any(|(place, _)| damage.rule_at.as_ref() == Some(place));
        let tally = self.0.entry(kind).or_default();
        tally.done += 1;
        tally.at_rule += usize::from(is_at_rule && !is_here);
        if !is_here && !is_at_rule {
            let elsewhere = new.first().map_or("nothing is found".to_owned(), |(place, message)| {
                format!("{place}: {message}")
            });
            tally.missed.push(format!("{name} {}: {elsewhere}", damage.at));
        }
    }

    fn done(&self) -> usize {
        self.0.values().map(|tally| tally.done).sum()
    }

    /// Prints what came of it. Every damage has to be found.
    fn hold(&self, what: &str) {
        let count = |of: fn(&Tally) -> usize| self.0.values().map(of).sum::<usize>();
        let (done, missed) = (self.done(), count(|tally| tally.missed.len()));
        println!(
            "{what}: {done} damaged documents of {} kinds; {:.2} % found, {} of them where the definition puts the rule",
            self.0.len(),
            100.0 * (done - missed) as f64 / done as f64,
            count(|tally| tally.at_rule),
        );
        let missed = self.0.iter().filter(|(_, tally)| !tally.missed.is_empty());
        let missed: Vec<_> = missed
            .map(|(kind, tally)| {
                (
                    kind,
                    tally.missed.len(),
                    tally.done,
                    &tally.missed[..tally.missed.len().min(5)],
                )
            })
            .collect();
        assert!(missed.is_empty(), "{what}, not found: {missed:#?}");
        assert!(self.0.len() >= 70, "{what}: only {} kinds were done", self.0.len());
    }
}

/// The examples that are committed: one object, each body by its name.
pub fn committed(release: FhirVersion) -> Vec<(String, Value)> {
    let packed: &[u8] = match release {
        FhirVersion::R4 => include_bytes!("../examples/r4.json.gz"),
        FhirVersion::R4B => include_bytes!("../examples/r4b.json.gz"),
        _ => include_bytes!("../examples/r5.json.gz"),
    };
    let all: serde_json::Map<String, Value> = serde_json::from_reader(GzDecoder::new(packed)).unwrap();
    all.into_iter().collect()
}

/// Damages the committed examples of a release in every way that fits, several times.
fn damage_committed(release: FhirVersion) {
    let mut tallies = Tallies::default();
    let mut sequence = Sequence(0x9E37_79B9_7F4A_7C15);
    for (name, body) in committed(release) {
        let validation = Validator::new(release).validate(&body);
        assert!(validation.is_valid(), "{name}: {:#?}", validation.violations);
        let document = Document::new(release, body);
        for kind in kinds() {
            tallies.damage(kind, &document, &name, &mut sequence);
        }
        tallies.bytes(&document, &name, &mut sequence);
    }
    tallies.hold(&format!("{release}, committed examples"));
}

/// Damages the official examples of a release that are valid, each in some ways.
fn damage_official(release: FhirVersion) {
    let Some(root) = env::var_os("FHIR_EXAMPLES") else {
        return;
    };
    let mut paths = Vec::new();
    json_files(&PathBuf::from(root).join(release.name().to_lowercase()), &mut paths);
    paths.retain(|path| fs::metadata(path).unwrap().len() < BIGGEST);
    paths.sort();
    let mut tallies = Tallies::default();
    let mut sequence = Sequence(0x9E37_79B9_7F4A_7C15);
    let mut all = kinds().cycle();
    let count = kinds().count();
    for path in paths {
        let body: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        if body["resourceType"].is_null() || !Validator::new(release).validate(&body).is_valid() {
            continue;
        }
        let document = Document::new(release, body);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut ways = 0;
        // Each example goes on with the kinds where the one before stopped.
        for _ in 0..count {
            let kind = all.next().unwrap();
            ways += usize::from(tallies.damage(kind, &document, &name, &mut sequence));
            if ways == WAYS {
                break;
            }
        }
    }
    assert!(
        tallies.done() > 7_000,
        "{release}: {} damaged documents",
        tallies.done()
    );
    tallies.hold(&format!("{release}, official examples"));
}

impl Tallies {
    /// Damages the bytes of a document.
    fn bytes(&mut self, document: &Document, name: &str, sequence: &mut Sequence) {
        let judge = Validator::new(document.release);
        let before = found(&judge.validate(&document.body));
        let text = document.body.to_string();
        let Some(place) = document.pick(sequence, |place, value| value.is_string() && place.parent.is_empty()) else {
            return;
        };
        let property = format!(
            "{}:{}",
            Value::from(place.name.as_str()),
            document.value(&place.property)
        );
        let twice = text.replacen(&property, &format!("{property},{property}"), 1);
        let cut = text.len() - 2;
        let damages = [
            (
                "a property that occurs twice",
                twice.into_bytes(),
                place.property.clone(),
            ),
            (
                "bytes that are no UTF-8",
                [&text.as_bytes()[..cut], b"\xff\xfe", &text.as_bytes()[cut..]].concat(),
                String::new(),
            ),
            (
                "a document that is cut off",
                text.as_bytes()[..cut].to_vec(),
                String::new(),
            ),
        ];
        for (kind, bytes, at) in damages {
            let after = found(&judge.validate_bytes(&bytes));
            let damage = Damage {
                body: Value::Null,
                at,
                rule_at: None,
            };
            self.note(kind, &damage, after.difference(&before), name);
        }
    }
}

#[test]
fn what_is_not_found_or_found_elsewhere_counts() {
    let body = serde_json::json!({"resourceType": "Patient", "gender": "male", "active": true});
    let document = Document::new(FhirVersion::R4, body);
    let nothing = kind("nothing", |document, _| {
        Some(document.with("/gender", Value::from("female")))
    });
    let elsewhere = kind("elsewhere", |document, _| {
        let mut damage = document.with("/gender", Value::from("femal"));
        damage.at = "/active".to_owned();
        Some(damage)
    });
    let mut tallies = Tallies::default();
    for kind in [nothing, elsewhere] {
        tallies.damage(&kind, &document, "x", &mut Sequence(1));
    }
    let missed: Vec<_> = tallies.0.values().flat_map(|tally| &tally.missed).collect();
    assert_eq!(missed.len(), 2, "{missed:?}");
    assert!(missed[0].contains("/gender: "), "{missed:?}");
}

#[test]
fn damage_to_committed_examples_of_r4_is_found() {
    damage_committed(FhirVersion::R4);
}

#[test]
fn damage_to_committed_examples_of_r4b_is_found() {
    damage_committed(FhirVersion::R4B);
}

#[test]
fn damage_to_committed_examples_of_r5_is_found() {
    damage_committed(FhirVersion::R5);
}

#[test]
fn damage_to_official_examples_of_r4_is_found() {
    damage_official(FhirVersion::R4);
}

#[test]
fn damage_to_official_examples_of_r4b_is_found() {
    damage_official(FhirVersion::R4B);
}

#[test]
fn damage_to_official_examples_of_r5_is_found() {
    damage_official(FhirVersion::R5);
}
