//! Bindings to value sets whose codes are loaded (`terminologies.html#strength`).

use std::sync::Arc;

use serde_json::Value;

use super::definition::Profile;
use super::element::Element;
use super::item::Item;
use super::judge::Judge;
use super::told::shown;
use super::value_set::Codes;
use crate::fhir::schema;
use crate::fhir::validate::{RuleKind, UncheckedKind};

/// So many codes are told.
const MOST_TOLD: usize = 10;

impl<'a> Judge<'a> {
    /// Judges the codes of an item.
    pub(super) fn binding(&mut self, profile: &Arc<Profile>, element: &Element, item: &Item<'a>) {
        let Some(binding) = &element.binding else { return };
        if !is_coded(item) {
            return;
        }
        let Some(codes) = self.profiles.codes(&binding.value_set) else {
            let reason = "its codes are not all in what is loaded";
            return self.note(UncheckedKind::Terminology, &binding.value_set, reason);
        };
        if has_code(item, &codes) != Some(false) {
            return;
        }
        if !binding.required {
            let reason = "a code outside of it may be used where it has nothing fitting";
            return self.note(UncheckedKind::Terminology, &binding.value_set, reason);
        }
        let names = codes.names();
        let mut told: Vec<_> = names.iter().take(MOST_TOLD).map(|name| format!("`{name}`")).collect();
        if names.len() > MOST_TOLD {
            told.push(format!("... ({} more)", names.len() - MOST_TOLD));
        }
        let found = found_code(item);
        let shown_code = found.map_or_else(
            || item.value.map_or_else(String::new, shown),
            |code| format!("`{code}`"),
        );
        let name = &element.name;
        let message = format!(
            "`{name}` must have a code of its value set, {}; found {shown_code}",
            told.join(", ")
        );
        let text = format!("`{name}` is bound to {}", binding.value_set);
        let pointer = item.pointer.clone();
        self.broken(RuleKind::Binding, profile, element, pointer, text, message, item.value);
        let near = found.and_then(|found| schema::nearest(found, names.iter().copied()));
        if let Some(near) = near.filter(|_| item.text().is_some()) {
            self.mend(Value::String(near.to_owned()));
        }
    }
}

/// Whether there is a code at all, or words instead of one.
fn is_coded(item: &Item<'_>) -> bool {
    let has = |name: &str| item.get(name).is_some();
    match item.type_name {
        "CodeableConcept" => has("coding") || has("text"),
        "CodeableReference" => has("concept"),
        "Coding" | "Quantity" => has("code"),
        _ => item.text().is_some(),
    }
}

fn found_code<'a>(item: &Item<'a>) -> Option<&'a str> {
    let value = item.value?;
    let concept = value.get("concept").unwrap_or(value);
    let coded = concept.get("coding").and_then(|list| list.get(0)).unwrap_or(concept);
    coded.get("code").unwrap_or(coded).as_str()
}

/// Whether an item has a code of a set; `None` where that cannot be told.
pub(super) fn has_code(item: &Item<'_>, codes: &Codes) -> Option<bool> {
    match item.type_name {
        "CodeableConcept" => concept(item.value?, codes),
        "CodeableReference" => concept(item.get("concept")?, codes),
        "Coding" | "Quantity" => coding(item.value?, codes),
        _ => item.text().map(|code| codes.has_code(code)),
    }
}

/// One of the codings has to be in the set; words alone are not (`terminologies.html#required`).
fn concept(value: &Value, codes: &Codes) -> Option<bool> {
    let codings = value["coding"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found: Vec<_> = codings.iter().map(|value| coding(value, codes)).collect();
    if found.contains(&Some(true)) {
        return Some(true);
    }
    // An extension may say why there is no code.
    let excused = found.contains(&None) || codings.is_empty() && value["extension"].is_array();
    (!excused).then_some(false)
}

/// Without a system a code means nothing for certain.
fn coding(value: &Value, codes: &Codes) -> Option<bool> {
    let code = value["code"].as_str()?;
    match value["system"].as_str() {
        Some(system) => Some(codes.has(system, code)),
        None if codes.has_code(code) => None,
        None => Some(false),
    }
}
