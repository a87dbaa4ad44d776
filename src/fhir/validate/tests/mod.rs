//! The constraints of the definitions: that they run, and that both roads say the same of them.

mod damaged;
mod found;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Validator;
use super::constraint::{Constraint, Outcome};
use super::rules::Rules;
use crate::fhir::FhirVersion;
use crate::fhir::fhirpath::direct::Focus;

const RELEASES: [FhirVersion; 3] = [FhirVersion::R4, FhirVersion::R4B, FhirVersion::R5];

/// Of every constraint no more than this many places are compared in one test.
const MOST_COMPARISONS: usize = 150;

thread_local! {
    static COMPARING: RefCell<Option<Comparison>> = const { RefCell::new(None) };
}

#[derive(Default)]
struct Comparison {
    counts: BTreeMap<(&'static str, &'static str), usize>,
    differences: BTreeSet<String>,
}

/// Asks the engine what the direct road is asked, where a test wants that.
pub(super) fn compare(constraint: &'static Constraint, focus: &Focus<'_, '_>) {
    COMPARING.with_borrow_mut(|comparing| {
        let Some(comparison) = comparing else { return };
        let count = comparison
            .counts
            .entry((constraint.key, constraint.expression))
            .or_default();
        if *count >= MOST_COMPARISONS {
            return;
        }
        let Some(direct) = constraint.ask_directly(focus) else {
            return;
        };
        *count += 1;
        let engine = constraint.ask_engine(focus);
        let same = match (&direct, &engine) {
            // `answer is Boolean`: the engine tells FHIR's boolean from FHIRPath's, and no answer would do. R4B mended it.
            (Ok(Some(true)), Outcome::Broken) if constraint.expression.contains("(answer is Boolean)") => true,
            (Ok(Some(false)), Outcome::Broken) | (Ok(Some(true) | None), Outcome::Kept) => true,
            // R5's per-1: for the engine a day without a zone may be any day around it, on either side.
            (Ok(Some(false)), Outcome::Kept) if constraint.expression.contains("start.lowBoundary()") => true,
            // The engine resolves nothing, and an error of one is no judgement of the other.
            (Err(_), _) | (_, Outcome::Unknown(_)) => true,
            _ => false,
        };
        if !same {
            let value = focus.node.value.map(ToString::to_string).unwrap_or_default();
            let value: String = value.chars().take(400).collect();
            let text = format!(
                "{} {}: direct {direct:?}, engine {engine:?}: {value}",
                constraint.key, constraint.expression
            );
            let of_key = |other: &&String| other.starts_with(&format!("{} ", constraint.key));
            if comparison.differences.iter().filter(of_key).count() < 2 {
                comparison.differences.insert(text);
            }
        }
    });
}

fn differences(of: impl FnOnce()) -> (usize, BTreeSet<String>) {
    COMPARING.set(Some(Comparison::default()));
    of();
    let found = COMPARING.take().unwrap_or_default();
    (found.counts.values().sum(), found.differences)
}

#[test]
fn nearly_all_constraints_run_and_the_others_are_known() {
    let mut told = String::new();
    for release in RELEASES {
        let mut roads: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
        let mut closed = BTreeMap::new();
        for (_, constraint) in Rules::for_release(release).constraints() {
            roads
                .entry(constraint.road_name())
                .or_default()
                .insert((constraint.key, constraint.expression));
            if let Some(reason) = constraint.closed() {
                closed.insert(constraint.key, reason);
            }
        }
        let all: usize = roads.values().map(BTreeSet::len).sum();
        let counts: Vec<_> = roads
            .iter()
            .map(|(road, found)| format!("{road} {}", found.len()))
            .collect();
        told.push_str(&format!("{release}: {all} constraints: {}\n", counts.join(", ")));
        closed
            .iter()
            .for_each(|(key, reason)| told.push_str(&format!("  {key}: {reason}\n")));
        assert!(closed.len() * 20 <= all, "at least 95 % run: {closed:?}");
        let engine = roads.get("engine").into_iter().flatten();
        engine.for_each(|(key, expression)| told.push_str(&format!("  engine: {key}: {expression}\n")));
    }
    insta::assert_snapshot!(told);
}

fn examples(release: FhirVersion) -> Vec<PathBuf> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    if let Some(root) = std::env::var_os("FHIR_EXAMPLES") {
        collect(&PathBuf::from(root).join(release.name().to_lowercase()), &mut found);
    }
    found.sort();
    found
}

#[test]
fn both_roads_agree_on_the_official_examples() {
    let mut all = BTreeSet::new();
    for release in RELEASES {
        let (count, found) = differences(|| {
            for path in examples(release) {
                let text = std::fs::read(path).unwrap();
                // The engine copies the resource for each constraint.
                if text.len() < 30_000 {
                    let body: Value = serde_json::from_slice(&text).unwrap();
                    let _ = Validator::new(release).validate(&body);
                }
            }
        });
        println!("{release}: {count} comparisons");
        all.extend(found);
    }
    assert!(all.is_empty(), "{all:#?}");
}
