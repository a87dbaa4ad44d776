//! Which codes a loaded value set has (`valueset.html#compositions`). `None` wherever that cannot be told for certain.

use std::collections::HashSet;

use serde_json::Value;

use super::store::Profiles;
use crate::fhir::concepts::{concepts, narrow};

/// Value sets name each other; so deep no real one does.
const DEEPEST: usize = 16;
/// More codes are not enumerated.
const MOST_CODES: usize = 500_000;

/// The codes of a value set, each with its system.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Codes {
    all: HashSet<(String, String)>,
    plain: HashSet<String>,
}

impl Codes {
    fn new(all: HashSet<(String, String)>) -> Self {
        let plain = all.iter().map(|(_, code)| code.clone()).collect();
        Self { all, plain }
    }

    /// Whether a code of a system is among them.
    pub(super) fn has(&self, system: &str, code: &str) -> bool {
        self.all.contains(&(system.to_owned(), code.to_owned()))
    }

    /// Whether a code without a system, as the data type `code` has it, is among them.
    pub(super) fn has_code(&self, code: &str) -> bool {
        self.plain.contains(code)
    }

    /// The codes alone, in the order of the alphabet.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.plain.iter().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}

/// The codes of a ValueSet that stands inside others.
pub(super) fn expand(profiles: &Profiles, value_set: &Value, depth: usize) -> Option<Codes> {
    if depth > DEEPEST {
        return None;
    }
    let compose = &value_set["compose"];
    composed(profiles, compose, depth)
        .or_else(|| expanded(&value_set["expansion"]))
        .filter(|codes| codes.len() <= MOST_CODES)
        .map(Codes::new)
}

type Set = HashSet<(String, String)>;

fn composed(profiles: &Profiles, compose: &Value, depth: usize) -> Option<Set> {
    let mut codes = Set::new();
    for include in compose["include"].as_array()? {
        codes.extend(part(profiles, include, depth)?);
        if codes.len() > MOST_CODES {
            return None;
        }
    }
    for exclude in compose["exclude"].as_array().into_iter().flatten() {
        let excluded = part(profiles, exclude, depth)?;
        codes.retain(|code| !excluded.contains(code));
    }
    Some(codes)
}

/// One `include` or `exclude`. All that it says has to hold of a code.
fn part(profiles: &Profiles, include: &Value, depth: usize) -> Option<Set> {
    let mut found = match include["system"].as_str() {
        Some(system) => Some(of_system(profiles, system, include)?),
        None => None,
    };
    for value_set in include["valueSet"].as_array().into_iter().flatten() {
        let codes = profiles.codes_at(value_set.as_str()?, depth + 1)?;
        found = Some(match found {
            None => codes.all.clone(),
            Some(found) => found.into_iter().filter(|code| codes.all.contains(code)).collect(),
        });
    }
    found
}

fn of_system(profiles: &Profiles, system: &str, include: &Value) -> Option<Set> {
    let pair = |code: &str| (system.to_owned(), code.to_owned());
    let filters = include["filter"].as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(concepts) = include["concept"].as_array() {
        let listed = concepts.iter().filter_map(|concept| concept["code"].as_str());
        return filters.is_empty().then(|| listed.map(pair).collect());
    }
    let canonical = match include["version"].as_str() {
        Some(version) => format!("{system}|{version}"),
        None => system.to_owned(),
    };
    let code_system = profiles.code_system(&canonical)?;
    if code_system["content"] != "complete" {
        return None;
    }
    // A hierarchy may be written as properties too, which are not looked at.
    let by_property = |concept: &Value| concept["property"].as_array().is_some_and(|list| !list.is_empty());
    let top = code_system["concept"].as_array();
    if !filters.is_empty() && top.is_some_and(|list| list.iter().any(by_property)) {
        return None;
    }
    let mut all = concepts(code_system);
    for filter in filters {
        narrow(&mut all, filter, &["concept"])?;
    }
    Some(all.into_iter().map(|concept| pair(concept.code)).collect())
}

/// The codes of an expansion that somebody made, where it is whole.
fn expanded(expansion: &Value) -> Option<Set> {
    fn collect(contains: &Value, codes: &mut Set) -> Option<()> {
        for found in contains.as_array().into_iter().flatten() {
            if found["abstract"] != true
                && let Some(code) = found["code"].as_str()
            {
                codes.insert((found["system"].as_str()?.to_owned(), code.to_owned()));
            }
            collect(&found["contains"], codes)?;
        }
        Some(())
    }
    let contains = expansion["contains"].as_array()?;
    let is_part = expansion["offset"].as_u64().is_some_and(|offset| offset > 0) || expansion["extension"].is_array();
    let mut codes = Set::new();
    collect(&expansion["contains"], &mut codes)?;
    let total = expansion["total"].as_u64().unwrap_or(codes.len() as u64);
    (!is_part && !contains.is_empty() && total <= codes.len() as u64).then_some(codes)
}
