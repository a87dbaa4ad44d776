//! Walking a body beside a snapshot: cardinalities, values, types, and whatever the other files here judge.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::definition::{CORE, Profile, core_type, is_core_quantity};
use super::element::{Element, TypeRule};
use super::item::{Item, is_of_type};
use super::reference::{Targets, found_type, told_type};
use super::store::{Profiles, split};
use crate::fhir::model::{Model, property_name};
use crate::fhir::validate::path::fhirpath_of;
use crate::fhir::validate::{BrokenRule, Mend, RuleKind, Unchecked, UncheckedKind, Validation, Violation};
use crate::fhir::{FhirVersion, Severity};

/// A body that takes more steps is given up.
pub(super) const MOST_STEPS: usize = 2_000_000;
/// Elements inside elements and profiles inside profiles; our parser accepts bodies of 128 levels.
const DEEPEST: usize = 300;
/// References are followed from reference to reference so far.
const MOST_HOPS: usize = 8;
/// More violations are not listed.
const MOST_VIOLATIONS: usize = 500;

/// What is known of an item and a profile: nothing while it is being judged.
type Known = Option<Rc<Vec<Violation>>>;

/// The judging of one body.
pub(super) struct Judge<'a> {
    pub(super) profiles: &'a Profiles,
    pub(super) release: FhirVersion,
    pub(super) model: &'static Model,
    body: &'a Value,
    targets: Targets<'a>,
    /// The resources and extensions of the body.
    claimants: Vec<Item<'a>>,
    violations: Vec<Violation>,
    unchecked: BTreeSet<Unchecked>,
    /// Each item is judged by each profile once.
    known: HashMap<(usize, usize), Known>,
    steps: usize,
    depth: usize,
    hops: usize,
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
            let text = format!("`{name}` occurs at least {} times", element.min);
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
            let text = format!("`{name}` occurs at most {max} times");
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
            self.broken(
                RuleKind::Fixed,
                profile,
                element,
                item.pointer.clone(),
                text,
                message,
                item.value,
            );
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
            self.broken(
                RuleKind::Format,
                profile,
                element,
                item.pointer.clone(),
                text,
                message,
                item.value,
            );
        }
    }

    /// Judges the type of an item; whether it is one of those that it may have.
    fn types(&mut self, profile: &Arc<Profile>, element: &Element, item: &Item<'a>) -> bool {
        let fits = |rule: &&TypeRule| {
            rule.code.starts_with("http://hl7.org/fhirpath/") || is_of_type(self.model, item.type_name, &rule.code)
        };
        let mut rules: Vec<&TypeRule> = element.types.iter().filter(fits).collect();
        // Only choices and resources show their type.
        let shows = element.choice || item.value.and_then(super::item::resource_type).is_some();
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
                Some(found) if !found.iter().any(|found| found.severity == Severity::Error) => return,
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
        self.broken(kind, profile, element, item.pointer.clone(), text, message, item.value);
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
        let lookup = super::criteria::Lookup {
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
            return self.broken(
                RuleKind::Reference,
                profile,
                element,
                item.pointer.clone(),
                text,
                message,
                item.value,
            );
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
        self.targets
            .resolve(text, item)
            .filter(|found| found_type(found).is_some())
    }

    pub(super) fn targets(&self) -> &Targets<'a> {
        &self.targets
    }

    fn wrong_type(&self, canonical: &str, wanted: &str, item: &Item<'a>) -> Violation {
        let message = format!("{} is not what {canonical} is for, which is {wanted}", item.type_name);
        Violation {
            severity: Severity::Error,
            path: self.path(&item.pointer),
            pointer: item.pointer.clone(),
            rule: BrokenRule {
                kind: RuleKind::Type,
                element: core_type(wanted).to_owned(),
                key: None,
                text: format!("the type is {wanted}"),
                source: canonical.to_owned(),
            },
            message,
            found: Some(item.type_name.to_owned()),
            mend: None,
            count: 1,
        }
    }

    fn path(&self, pointer: &str) -> String {
        let type_name = super::item::resource_type(self.body).unwrap_or("$this");
        fhirpath_of(self.release, type_name, self.body, pointer)
    }

    /// Notes a broken rule of an element.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn broken(
        &mut self,
        kind: RuleKind,
        profile: &Profile,
        element: &Element,
        pointer: String,
        text: String,
        message: String,
        found: Option<&Value>,
    ) {
        self.violations.push(Violation {
            severity: Severity::Error,
            path: self.path(&pointer),
            pointer,
            rule: BrokenRule {
                kind,
                element: element.id.clone(),
                key: None,
                text,
                source: profile.canonical.clone(),
            },
            message,
            found: found.map(shown),
            mend: None,
            count: 1,
        });
    }

    /// Adds the way out to what was noted last.
    pub(super) fn mend(&mut self, replacement: Value) {
        if let Some(last) = self.violations.last_mut() {
            last.mend = Some(Mend::with(replacement));
        }
    }

    /// Says more of what was noted last.
    pub(super) fn amend(&mut self, change: impl FnOnce(&mut Violation)) {
        if let Some(last) = self.violations.last_mut() {
            change(last);
        }
    }

    /// Notes a part of a profile that is not looked at.
    pub(super) fn not_looked_at(&mut self, profile: &Profile, element: &str, why: &str) {
        self.note(UncheckedKind::Profile, &format!("{} {element}", profile.canonical), why);
    }

    pub(super) fn note(&mut self, kind: UncheckedKind, subject: &str, reason: &str) {
        self.unchecked.insert(Unchecked {
            kind,
            subject: subject.to_owned(),
            reason: reason.to_owned(),
        });
    }
}

/// A value as a message shows it: short.
pub(super) fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let short: String = text.chars().take(80).collect();
    let cut = if short.len() < text.len() { "..." } else { "" };
    format!("`{short}{cut}`")
}
