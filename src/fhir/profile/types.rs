//! Types of elements: which one, by which profile, and what references may point at.

use std::sync::Arc;

use serde_json::Value;

use super::criteria::Lookup;
use super::definition::{Profile, is_core_quantity};
use super::element::{Element, TypeRule};
use super::item::{Item, is_of_type, resource_type};
use super::judge::Judge;
use super::reference::{found_type, told_type};
use crate::fhir::Severity;
use crate::fhir::validate::{RuleKind, UncheckedKind};

/// References are followed from reference to reference so far.
const MOST_HOPS: usize = 8;

impl<'a> Judge<'a> {
    /// Judges the type of an item; whether it is one of those that it may have.
    pub(super) fn types(&mut self, profile: &Arc<Profile>, element: &Element, item: &Item<'a>) -> bool {
        let fits = |rule: &&TypeRule| {
            rule.code.starts_with("http://hl7.org/fhirpath/") || is_of_type(self.model, item.type_name, &rule.code)
        };
        let mut rules: Vec<&TypeRule> = element.types.iter().filter(fits).collect();
        // Only choices and resources show their type.
        let shows = element.choice || item.value.and_then(resource_type).is_some();
        if rules.is_empty() && !element.types.is_empty() && !item.type_name.is_empty() && shows {
            let names: Vec<_> = element.types.iter().map(|rule| format!("`{}`", rule.code)).collect();
            let names = names.join(" or ");
            let message = format!("`{}` must be of type {names}, found `{}`", element.name, item.type_name);
            let text = format!("`{}` is of type {names}", element.name);
            self.broken(
                RuleKind::Type,
                profile,
                element,
                item.pointer.clone(),
                text,
                message,
                None,
            );
            return false;
        }
        if rules.is_empty() {
            rules = element.types.iter().collect();
        }
        if !rules.is_empty() && rules.iter().all(|rule| !rule.profiles.is_empty()) {
            let all: Vec<&str> = rules
                .iter()
                .flat_map(|rule| &rule.profiles)
                .map(String::as_str)
                .collect();
            if !all.iter().any(|canonical| is_core_quantity(canonical)) {
                self.one_of(RuleKind::Type, profile, element, item, item, &all);
            }
        }
        let targets: Vec<&str> = rules
            .iter()
            .flat_map(|rule| &rule.targets)
            .map(String::as_str)
            .collect();
        let is_free = rules.iter().any(|rule| rule.targets.is_empty());
        if !targets.is_empty() && !is_free && matches!(item.type_name, "Reference" | "CodeableReference") {
            self.target(profile, element, item, &targets);
        }
        true
    }

    /// Judges what stands at a place by several profiles, of which one has to hold. What is broken is told at the item.
    fn one_of(
        &mut self,
        kind: RuleKind,
        profile: &Arc<Profile>,
        element: &Element,
        item: &Item<'a>,
        judged: &Item<'a>,
        canonicals: &[&str],
    ) {
        let mut reasons = Vec::new();
        for canonical in canonicals {
            match self.conforms(canonical, judged) {
                // What cannot be judged may hold.
                None => return,
                Some(found) if !found.iter().any(|found| found.severity == Severity::Error) => {
                    if kind == RuleKind::Type {
                        self.violations.extend(found.iter().cloned());
                    }
                    return;
                }
                Some(found) => reasons.push((*canonical, found)),
            }
        }
        if let ([(_, only)], RuleKind::Type) = (reasons.as_slice(), kind) {
            return self.violations.extend(only.iter().cloned());
        }
        let told: Vec<String> = reasons
            .iter()
            .filter_map(|(canonical, found)| found.first().map(|first| (canonical, first)))
            .map(|(canonical, first)| format!("{canonical}: {} (at {})", first.message, first.path))
            .collect();
        let what = if kind == RuleKind::Reference {
            "what it points at"
        } else {
            "it"
        };
        let message = format!(
            "`{}`: {what} conforms to no profile that is asked for; {}",
            element.name,
            told.join("; ")
        );
        let text = format!("`{}` conforms to {}", element.name, canonicals.join(" or "));
        self.broken_by(kind, profile, element, item, text, message);
    }

    /// Judges what a reference points at by the profiles that it may point at.
    fn target(&mut self, profile: &Arc<Profile>, element: &Element, item: &Item<'a>, targets: &[&str]) {
        let reference = if item.type_name == "CodeableReference" {
            match item.children(self.model, "reference").pop() {
                Some(reference) => reference,
                None => return,
            }
        } else {
            item.clone()
        };
        if let Some(target) = self.resolve(&reference) {
            if self.hops >= MOST_HOPS {
                return self.note(
                    UncheckedKind::Reference,
                    &element.id,
                    "references are not followed without end",
                );
            }
            self.hops += 1;
            self.one_of(RuleKind::Reference, profile, element, item, &target, targets);
            self.hops -= 1;
            return;
        }
        let Some(told) = told_type(&reference) else { return };
        let lookup = Lookup {
            profiles: self.profiles,
            release: self.release,
        };
        let types: Option<Vec<String>> = targets.iter().map(|target| lookup.type_of(target)).collect();
        if let Some(types) = types
            && self.model.type_named(told).is_some()
            && !types.iter().any(|name| self.model.is_a(told, name))
        {
            let names = types.join(" or ");
            let message = format!("`{}` must point at {names}, and points at {told}", element.name);
            let text = format!("`{}` points at {names}", element.name);
            return self.broken_by(RuleKind::Reference, profile, element, item, text, message);
        }
        if targets.iter().any(|target| self.profiles.type_of(target).is_some()) {
            self.note(
                UncheckedKind::Reference,
                &element.id,
                "what it points at is not in the body, so that its profile is not looked at",
            );
        }
    }

    /// What a reference points at, where it is in the body.
    pub(super) fn resolve(&self, item: &Item<'a>) -> Option<Item<'a>> {
        let text = item.get("reference").and_then(Value::as_str).or_else(|| item.text())?;
        self.targets()
            .resolve(text, item)
            .filter(|found| found_type(found).is_some())
    }
}
