//! Walking a body beside a snapshot: cardinalities, values, types, and whatever the other files here judge.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::definition::{CORE, Profile};
use super::element::Element;
use super::item::Item;
use super::reference::Targets;
use super::store::{Profiles, split};
use super::told::shown;
use crate::fhir::FhirVersion;
use crate::fhir::fhirpath::direct::MOST_STEPS_OF_BODY;
use crate::fhir::model::{Model, property_name};
use crate::fhir::validate::{RuleKind, Unchecked, UncheckedKind, Validation, Violation};

/// A body that takes more steps is given up.
pub(super) const MOST_STEPS: usize = 2_000_000;
/// Elements inside elements and profiles inside profiles; our parser accepts bodies of 128 levels.
const DEEPEST: usize = 300;
/// More violations are not listed.
const MOST_VIOLATIONS: usize = 500;

/// What is known of an item and a profile: nothing while it is being judged.
type Known = Option<Rc<Vec<Violation>>>;

/// The judging of one body.
pub(super) struct Judge<'a> {
    pub(super) profiles: &'a Profiles,
    pub(super) release: FhirVersion,
    pub(super) model: &'static Model,
    pub(super) body: &'a Value,
    targets: Targets<'a>,
    /// The resources and extensions of the body.
    claimants: Vec<Item<'a>>,
    pub(super) violations: Vec<Violation>,
    pub(super) unchecked: BTreeSet<Unchecked>,
    /// Each item is judged by each profile once.
    known: HashMap<(usize, usize), Known>,
    steps: usize,
    /// What is left for all constraints.
    budget: Cell<usize>,
    depth: usize,
    pub(super) hops: usize,
}

impl<'a> Judge<'a> {
    pub(super) fn new(profiles: &'a Profiles, release: FhirVersion, body: &'a Value) -> Self {
        let model = Model::for_release(release);
        let mut targets = Targets::default();
        let claimants = super::find::claimants(model, body, &mut targets);
        Self {
            profiles,
            release,
            model,
            body,
            targets,
            claimants,
            violations: Vec::new(),
            unchecked: BTreeSet::new(),
            known: HashMap::new(),
            steps: 0,
            budget: Cell::new(MOST_STEPS_OF_BODY),
            depth: 0,
            hops: 0,
        }
    }

    /// Judges every resource by what it claims and every extension by its definition, as far as that is loaded.
    pub(super) fn claims(&mut self) {
        for item in std::mem::take(&mut self.claimants) {
            if item.type_name == "Extension" {
                let url = item.get("url").and_then(Value::as_str).unwrap_or_default();
                if self.profiles.type_of(url) == Some("Extension") {
                    self.report(url, &item);
                }
                continue;
            }
            let claimed = item.get("meta").and_then(|meta| meta["profile"].as_array());
            for canonical in claimed.into_iter().flatten().filter_map(Value::as_str) {
                self.report(canonical, &item);
            }
        }
    }

    /// Judges the whole body by a profile.
    pub(super) fn as_profile(&mut self, profile: &Arc<Profile>) {
        let body = self.body;
        let type_name = self.model.type_named(&profile.type_name).map_or("", |found| found.name);
        let item = Item::whole(body, type_name);
        let found = self.judged(profile, &item);
        self.violations.extend(found.iter().cloned());
    }

    fn report(&mut self, canonical: &str, item: &Item<'a>) {
        if let Some(found) = self.conforms(canonical, item) {
            self.violations.extend(found.iter().cloned());
        }
    }

    pub(super) fn gave_up(&self) -> bool {
        self.steps > MOST_STEPS
    }

    /// What is left of what the constraints may look at.
    pub(super) fn budget(&self) -> &Cell<usize> {
        &self.budget
    }

    /// Counts steps.
    pub(super) fn spend(&mut self, steps: usize) {
        self.steps = self.steps.saturating_add(steps);
    }

    pub(super) fn finish(mut self) -> Validation {
        if self.gave_up() {
            self.unchecked.insert(Unchecked {
                kind: UncheckedKind::Profile,
                subject: "the body".to_owned(),
                reason: format!("judging it was given up after {MOST_STEPS} steps"),
            });
        }
        // What an element and its slice both ask for is broken once.
        let mut seen = std::collections::HashSet::new();
        self.violations.retain(|found| {
            let key = (
                found.pointer.clone(),
                found.rule.kind,
                found.rule.key.clone(),
                found.message.clone(),
            );
            seen.insert(key)
        });
        self.violations.truncate(MOST_VIOLATIONS);
        Validation {
            violations: self.violations,
            unchecked: self.unchecked.into_iter().collect(),
        }
    }

    /// In what an item breaks a profile; `None` where it cannot be judged by it, which is noted.
    pub(super) fn conforms(&mut self, canonical: &str, item: &Item<'a>) -> Option<Rc<Vec<Violation>>> {
        if self.profiles.type_of(canonical).is_none()
            && let Some(base) = split(canonical).0.strip_prefix(CORE)
            && self.model.type_named(base).is_some()
        {
            let fits = item.type_name.is_empty() || self.model.is_a(item.type_name, base);
            let wrong = || self.wrong_type(canonical, base, item);
            return Some(Rc::new(if fits { Vec::new() } else { vec![wrong()] }));
        }
        match self.profiles.profile(self.release, canonical) {
            Ok(profile) => Some(self.judged(&profile, item)),
            Err(error) => {
                self.note(UncheckedKind::Profile, canonical, &error.to_string());
                None
            }
        }
    }

    fn judged(&mut self, profile: &Arc<Profile>, item: &Item<'a>) -> Rc<Vec<Violation>> {
        let name = profile.type_name.as_str();
        if !item.type_name.is_empty() && !self.model.is_a(item.type_name, name) && item.type_name != name {
            return Rc::new(vec![self.wrong_type(&profile.canonical, name, item)]);
        }
        let key = (item.address(), profile.index);
        match self.known.get(&key) {
            Some(Some(found)) => return Rc::clone(found),
            // A profile that needs itself holds as far as nothing else speaks against it.
            Some(None) => return Rc::new(Vec::new()),
            None => {}
        }
        self.known.insert(key, None);
        let before = std::mem::take(&mut self.violations);
        self.element(profile, 0, item);
        let found = Rc::new(std::mem::replace(&mut self.violations, before));
        self.known.insert(key, Some(Rc::clone(&found)));
        found
    }

    /// Judges an item by an element or slice and everything below it.
    pub(super) fn element(&mut self, profile: &Arc<Profile>, index: usize, item: &Item<'a>) {
        self.spend(1);
        if self.gave_up() || self.violations.len() > MOST_VIOLATIONS {
            return;
        }
        if self.depth >= DEEPEST {
            return self.not_looked_at(profile, &profile.elements[index].id, "the body goes too deep here");
        }
        self.depth += 1;
        let element = &profile.elements[index];
        self.value(profile, element, item);
        if index == 0 || self.types(profile, element, item) {
            self.binding(profile, element, item);
            self.constraints(profile, element, item);
            for child in profile.children(element) {
                if !profile.elements[*child].quiet {
                    self.child(profile, *child, item);
                }
            }
        }
        self.depth -= 1;
    }

    /// Judges the instances of a child element.
    fn child(&mut self, profile: &Arc<Profile>, index: usize, parent: &Item<'a>) {
        let element = &profile.elements[index];
        let items = parent.children(self.model, &element.name);
        self.spend(items.len());
        if element.counted {
            self.count(profile, element, &items, parent);
        }
        if !element.slices.is_empty() {
            self.slices(profile, index, &items, parent);
        }
        for item in &items {
            self.element(profile, index, item);
        }
    }

    fn count(&mut self, profile: &Arc<Profile>, element: &Element, items: &[Item<'a>], parent: &Item<'a>) {
        let (name, count) = (&element.name, items.len());
        if count >= element.min && element.max.is_none_or(|max| count <= max) {
            return;
        }
        let pointer = format!("{}/{}", parent.pointer, self.property(parent, element));
        if count < element.min {
            let message = match (element.min, count) {
                (1, _) => format!("`{name}` is required here"),
                (min, count) => format!("`{name}` must occur at least {min} times here, found {count}"),
            };
            let text = format!("`{name}` occurs at least {}", times(element.min));
            self.broken(
                RuleKind::Cardinality,
                profile,
                element,
                pointer.clone(),
                text,
                message,
                None,
            );
        }
        if let Some(max) = element.max.filter(|max| count > *max) {
            let message = match max {
                0 => format!("`{name}` must not be here"),
                1 => format!("`{name}` must occur at most once here, found {count}"),
                _ => format!("`{name}` must occur at most {max} times here, found {count}"),
            };
            let text = match max {
                0 => format!("`{name}` does not occur"),
                _ => format!("`{name}` occurs at most {}", times(max)),
            };
            self.broken(RuleKind::Cardinality, profile, element, pointer, text, message, None);
        }
    }

    /// The property that is too much, or that is missing.
    pub(super) fn property(&self, parent: &Item<'a>, element: &Element) -> String {
        let there = parent.children(self.model, &element.name);
        let above = parent.pointer.len() + 1;
        if let Some(first) = there.first() {
            let rest = first.pointer.get(above..).unwrap_or_default();
            return rest.split('/').next().unwrap_or_default().to_owned();
        }
        match element.types.as_slice() {
            [only] => property_name(&element.name, element.choice, &only.code),
            _ if element.choice => format!("{}[x]", element.name),
            _ => element.name.clone(),
        }
    }

    fn value(&mut self, profile: &Arc<Profile>, element: &Element, item: &Item<'a>) {
        if let Some(rule) = &element.value
            && !item.value.is_some_and(|value| rule.holds(value))
        {
            let wanted = shown(&rule.value);
            let (name, verb) = (&element.name, if rule.fixed { "be" } else { "have at least" });
            let found = item.value.map_or("no value".to_owned(), shown);
            let message = format!("`{name}` must {verb} {wanted}, found {found}");
            let text = format!(
                "`{name}` is {} {wanted}",
                if rule.fixed { "fixed to" } else { "of the pattern" }
            );
            self.broken_by(RuleKind::Fixed, profile, element, item, text, message);
            if !rule.value.is_object() && !rule.value.is_array() {
                self.mend(rule.value.clone());
            }
        }
        if let (Some(most), Some(text)) = (element.max_length, item.text())
            && text.chars().count() > most
        {
            let (name, length) = (&element.name, text.chars().count());
            let message = format!("`{name}` must have at most {most} characters, found {length}");
            let text = format!("`{name}` has at most {most} characters");
            self.broken_by(RuleKind::Format, profile, element, item, text, message);
        }
    }

    pub(super) fn targets(&self) -> &Targets<'a> {
        &self.targets
    }
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        _ => format!("{count} times"),
    }
}
