//! By what the items of one slice are known: the discriminators, looked up in the slice's own definition.

use std::sync::Arc;

use serde_json::Value;

use super::definition::{CORE, Profile, core_type};
use super::discriminator::{Discriminator, Kind, Step};
use super::element::{Element, ValueRule};
use super::store::{Profiles, split};
use super::value_set::Codes;
use crate::fhir::FhirVersion;

/// Something that has to hold of an item for it to be of a slice.
#[derive(Debug)]
pub(super) enum Test {
    /// Somewhere at the path there is a thing whose parts have all these values.
    Value {
        /// The way to that thing.
        path: Vec<Step>,
        /// The parts and what each has to be; no step stands for the thing itself.
        parts: Vec<(Option<Step>, Vec<Want>)>,
    },
    /// One of several is enough.
    Any(Vec<Test>),
    /// There is something at the path, or nothing.
    Exists(Vec<Step>, bool),
    /// What is at the path has one of these types.
    Type(Vec<Step>, Vec<String>),
    /// What is at the path conforms to one of these profiles.
    Profile(Vec<Step>, Vec<String>),
}

/// What a value has to be.
#[derive(Debug)]
pub(super) enum Want {
    /// A fixed value or a pattern.
    Value(ValueRule),
    /// A code of a value set.
    Codes(Arc<Codes>),
}

/// A place in definitions that a path leads to.
#[derive(Clone, Debug)]
enum Spot {
    /// An element.
    Element(Arc<Profile>, usize),
    /// A part of a fixed value or of a pattern.
    Given(Value, bool),
    /// What a reference points at.
    Target(Vec<String>),
}

/// Where definitions are looked up.
pub(super) struct Lookup<'a> {
    pub(super) profiles: &'a Profiles,
    pub(super) release: FhirVersion,
}

/// How slices of what a path crosses are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slices {
    Required,
    All,
}

impl Lookup<'_> {
    /// The tests that tell the items of a slice; `None` where the definition does not say what they are.
    ///
    /// A discriminator of which the slice says nothing is passed over as long as another one tells.
    pub(super) fn tests(&self, profile: &Arc<Profile>, slice: usize, by: &[Discriminator]) -> Option<Vec<Test>> {
        let start = Spot::Element(Arc::clone(profile), slice);
        let mut tests = Vec::new();
        let mut seen: Vec<&[Step]> = Vec::new();
        for discriminator in by {
            let path = discriminator.path.as_slice();
            match discriminator.kind {
                Kind::Position => return None,
                Kind::Exists => tests.extend(self.exists(&start, path)),
                Kind::Type => tests.extend(self.types(&start, path)),
                Kind::Profile => tests.extend(self.conforms(&start, path)),
                Kind::Value => {
                    // Parts of one thing are looked for together: system and code of the same Coding.
                    let above = path.split_last().map_or(path, |(_, above)| above);
                    if !seen.contains(&above) {
                        seen.push(above);
                        let siblings = by.iter().filter(|other| {
                            let above_other = other
                                .path
                                .split_last()
                                .map_or(other.path.as_slice(), |(_, above)| above);
                            other.kind == Kind::Value && above_other == above
                        });
                        let lasts: Vec<Option<Step>> = siblings.map(|other| other.path.last().cloned()).collect();
                        tests.extend(self.values(&start, above, &lasts));
                    }
                }
            }
        }
        (!tests.is_empty()).then_some(tests)
    }

    fn values(&self, start: &Spot, above: &[Step], lasts: &[Option<Step>]) -> Vec<Test> {
        let read = |slices: Slices| {
            let mut tests = Vec::new();
            for spot in self.walk(start, above, slices) {
                let parts = lasts.iter().map(|last| {
                    let spots = match last {
                        Some(step) => self.step(&spot, step, slices),
                        None => vec![spot.clone()],
                    };
                    let wants: Vec<Want> = spots.iter().filter_map(|spot| self.want(spot)).collect();
                    (last.clone(), wants)
                });
                let parts: Vec<_> = parts.filter(|(_, wants)| !wants.is_empty()).collect();
                if !parts.is_empty() {
                    let path = above.to_vec();
                    tests.push(Test::Value { path, parts });
                }
            }
            tests
        };
        let required = read(Slices::Required);
        if !required.is_empty() {
            return required;
        }
        let any = read(Slices::All);
        if any.is_empty() {
            Vec::new()
        } else {
            vec![Test::Any(any)]
        }
    }

    /// What a value at a place of the definitions has to be.
    fn want(&self, spot: &Spot) -> Option<Want> {
        match spot {
            Spot::Given(value, fixed) => Some(Want::Value(ValueRule {
                fixed: *fixed,
                value: value.clone(),
            })),
            Spot::Element(profile, index) => {
                let element = &profile.elements[*index];
                if let Some(rule) = &element.value {
                    return Some(Want::Value(ValueRule {
                        fixed: rule.fixed,
                        value: rule.value.clone(),
                    }));
                }
                let binding = element.binding.as_ref().filter(|binding| binding.required)?;
                self.profiles.codes(&binding.value_set).map(Want::Codes)
            }
            Spot::Target(_) => None,
        }
    }

    fn exists(&self, start: &Spot, path: &[Step]) -> Option<Test> {
        let spots = self.walk(start, path, Slices::Required);
        let elements = spots.iter().filter_map(|spot| match spot {
            Spot::Element(profile, index) => Some(&profile.elements[*index]),
            _ => None,
        });
        let elements: Vec<&Element> = elements.collect();
        if elements.iter().any(|element| element.max == Some(0)) {
            return Some(Test::Exists(path.to_vec(), false));
        }
        let is_required = elements.iter().any(|element| element.min > 0);
        is_required.then(|| Test::Exists(path.to_vec(), true))
    }

    fn types(&self, start: &Spot, path: &[Step]) -> Option<Test> {
        let mut names: Vec<String> = Vec::new();
        for spot in self.walk(start, path, Slices::Required) {
            match spot {
                Spot::Element(profile, 0) => names.push(profile.type_name.clone()),
                Spot::Element(profile, index) => {
                    names.extend(profile.elements[index].types.iter().map(|rule| rule.code.clone()));
                }
                Spot::Target(targets) => {
                    for target in &targets {
                        // A profile that nobody knows may be of any type.
                        names.push(self.type_of(target)?);
                    }
                }
                Spot::Given(..) => {}
            }
        }
        (!names.is_empty()).then(|| Test::Type(path.to_vec(), names))
    }

    fn conforms(&self, start: &Spot, path: &[Step]) -> Option<Test> {
        let mut names: Vec<String> = Vec::new();
        for spot in self.walk(start, path, Slices::Required) {
            match spot {
                Spot::Element(profile, index) => {
                    let rules = profile.elements[index].types.iter();
                    names.extend(rules.flat_map(|rule| rule.profiles.iter().cloned()));
                }
                Spot::Target(targets) => names.extend(targets),
                Spot::Given(..) => {}
            }
        }
        (!names.is_empty()).then(|| Test::Profile(path.to_vec(), names))
    }

    /// The type that a canonical is about, a type of the specification or a loaded profile.
    pub(super) fn type_of(&self, canonical: &str) -> Option<String> {
        if let Some(found) = self.profiles.type_of(canonical) {
            return Some(found.to_owned());
        }
        let name = split(canonical).0.strip_prefix(CORE).map(|_| core_type(canonical))?;
        let model = crate::fhir::model::Model::for_release(self.release);
        model.type_named(name).map(|_| name.to_owned())
    }

    fn walk(&self, start: &Spot, path: &[Step], slices: Slices) -> Vec<Spot> {
        let mut spots = vec![start.clone()];
        for step in path {
            spots = spots.iter().flat_map(|spot| self.step(spot, step, slices)).collect();
            // A hostile definition may have many slices at every step.
            spots.truncate(1000);
        }
        spots
    }

    fn step(&self, spot: &Spot, step: &Step, slices: Slices) -> Vec<Spot> {
        match (spot, step) {
            (Spot::Given(value, fixed), Step::Child(name)) => given(value, name, *fixed),
            (Spot::Given(..), _) => Vec::new(),
            (Spot::Target(targets), _) => match targets.as_slice() {
                [only] => self
                    .root(only)
                    .map_or_else(Vec::new, |root| self.step(&root, step, slices)),
                _ => Vec::new(),
            },
            (Spot::Element(profile, index), Step::Child(name)) => self.child(profile, *index, name, slices),
            (Spot::Element(profile, index), Step::Extension(url)) => self.extension(profile, *index, url),
            (Spot::Element(profile, index), Step::Resolve) => {
                let rules = profile.elements[*index].types.iter();
                let targets: Vec<String> = rules.flat_map(|rule| rule.targets.iter().cloned()).collect();
                if targets.is_empty() {
                    Vec::new()
                } else {
                    vec![Spot::Target(targets)]
                }
            }
            (Spot::Element(profile, index), Step::OfType(name)) => {
                let element = &profile.elements[*index];
                let of_type = |index: &&usize| profile.elements[**index].types.iter().all(|rule| rule.code == *name);
                let slices = element.slices.iter().filter(of_type);
                let slices = slices.map(|index| Spot::Element(Arc::clone(profile), *index));
                std::iter::once(spot.clone()).chain(slices).collect()
            }
        }
    }

    fn child(&self, profile: &Arc<Profile>, index: usize, name: &str, slices: Slices) -> Vec<Spot> {
        let element = &profile.elements[index];
        let mut spots = Vec::new();
        if let Some(rule) = &element.value {
            spots.extend(given(&rule.value, name, rule.fixed));
        }
        for child in profile.children(element) {
            let found = &profile.elements[*child];
            if found.name != name {
                continue;
            }
            spots.push(Spot::Element(Arc::clone(profile), *child));
            let taken = found.slices.iter().filter(|slice| {
                let is_whole = !profile.elements[**slice]
                    .slice
                    .as_deref()
                    .unwrap_or_default()
                    .contains('/');
                is_whole && (slices == Slices::All || profile.elements[**slice].min > 0)
            });
            spots.extend(taken.map(|slice| Spot::Element(Arc::clone(profile), *slice)));
        }
        // The profile of the element's type says it, and of an extension its canonical does.
        if let [rule] = element.types.as_slice()
            && let [canonical] = rule.profiles.as_slice()
            && index > 0
        {
            if rule.code == "Extension" && name == "url" {
                spots.push(Spot::Given(Value::String(split(canonical).0.to_owned()), true));
            } else if let Some(Spot::Element(root, _)) = self.root(canonical) {
                spots.extend(self.child(&root, 0, name, slices));
            }
        }
        spots
    }

    /// The slices of an element's extensions that are of a URL.
    fn extension(&self, profile: &Arc<Profile>, index: usize, url: &str) -> Vec<Spot> {
        let children = profile.children(&profile.elements[index]).iter();
        let lists = children.filter(|child| matches!(profile.elements[**child].name.as_str(), "extension"));
        let slices = lists.flat_map(|list| profile.elements[*list].slices.iter());
        let spots = slices.map(|slice| Spot::Element(Arc::clone(profile), *slice));
        let has_url = |spot: &Spot| {
            let urls = self.step(spot, &Step::Child("url".to_owned()), Slices::Required);
            urls.iter().filter_map(|spot| self.want(spot)).any(|want| match want {
                Want::Value(rule) => rule.value == url,
                Want::Codes(_) => false,
            })
        };
        spots.filter(has_url).collect()
    }

    fn root(&self, canonical: &str) -> Option<Spot> {
        let profile = self.profiles.profile(self.release, canonical).ok()?;
        Some(Spot::Element(profile, 0))
    }
}

/// The parts of a fixed value or pattern under a name, which may be that of a choice without its type.
fn given(value: &Value, name: &str, fixed: bool) -> Vec<Spot> {
    let Some(object) = value.as_object() else {
        return Vec::new();
    };
    let is_form = |key: &str| {
        let rest = key.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || name == "value" && rest.starts_with(char::is_uppercase))
    };
    let found = object.iter().filter(|(key, _)| is_form(key)).map(|(_, value)| value);
    let items = found.flat_map(|value| match value {
        Value::Array(items) => items.iter().collect::<Vec<_>>(),
        other => vec![other],
    });
    items.map(|value| Spot::Given(value.clone(), fixed)).collect()
}
