//! The rules of a release that no schema says, by the place that they hang on: constraints and open bindings.

use std::sync::{OnceLock, PoisonError, RwLock};

use foldhash::HashMap;

use super::constraint::Constraint;
use crate::fhir::fhirpath::direct::Shape;
use crate::fhir::model::{Model, TypeKind};
use crate::fhir::{FhirVersion, Severity};

/// A binding that no schema judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenBinding {
    /// `required` or `extensible`.
    pub(super) strength: &'static str,
    /// The canonical of the value set.
    pub(super) value_set: &'static str,
}

/// The rules of one release.
#[derive(Debug, Default)]
pub(super) struct Rules {
    constraints: HashMap<&'static str, Vec<&'static Constraint>>,
    bindings: HashMap<&'static str, OpenBinding>,
    places: RwLock<HashMap<&'static str, &'static TypeRules>>,
}

/// The rules of a type and of its elements. Made on first use; there are no more of them than types.
#[derive(Debug)]
pub(super) struct TypeRules {
    /// What is asked of the whole.
    pub(super) constraints: Vec<&'static Constraint>,
    /// What is asked of each element, in the order of [`Shape::forms`].
    pub(super) elements: Vec<ElementRules>,
}

/// The rules of an element.
#[derive(Debug)]
pub(super) struct ElementRules {
    /// What is asked of it, besides what its type asks.
    pub(super) constraints: Vec<&'static Constraint>,
    /// Where its codes come from, if nobody looks.
    pub(super) binding: Option<OpenBinding>,
    inner: OnceLock<&'static TypeRules>,
}

impl ElementRules {
    /// The rules of its type.
    pub(super) fn inner(&self, shape: &'static Shape) -> &'static TypeRules {
        self.inner.get_or_init(|| Rules::for_release(shape.release).of(shape))
    }
}

impl Rules {
    /// The rules of a release, read on first use. For DSTU2 there are none, for R6 those of the
    /// data types.
    pub(super) fn for_release(release: FhirVersion) -> &'static Self {
        static ALL: [OnceLock<Rules>; FhirVersion::ALL.len()] = [const { OnceLock::new() }; FhirVersion::ALL.len()];
        macro_rules! texts {
            ($release:literal) => {
                (
                    include_str!(concat!("../../../schemas/fhir/", $release, "/constraints.txt")),
                    include_str!(concat!("../../../schemas/fhir/", $release, "/open-bindings.txt")),
                )
            };
        }
        ALL[release as usize].get_or_init(|| match release {
            FhirVersion::R4 => Self::parse(release, texts!("r4")),
            FhirVersion::R4B => Self::parse(release, texts!("r4b")),
            FhirVersion::R5 => Self::parse(release, texts!("r5")),
            FhirVersion::R6 => Self::parse(release, texts!("r6")),
            FhirVersion::Dstu2 => Self::default(),
        })
    }

    fn parse(release: FhirVersion, (constraints, bindings): (&'static str, &'static str)) -> Self {
        let mut rules = Self::default();
        let mut lines = constraints.lines();
        while let (Some(head), Some(human), Some(expression)) = (lines.next(), lines.next(), lines.next()) {
            let mut words = head.split(' ');
            let key = words.next().unwrap_or_default();
            let severity = if words.next() == Some("warning") {
                Severity::Warning
            } else {
                Severity::Error
            };
            let places = words.clone();
            let constraint = Constraint::new(release, key, severity, human.trim(), expression.trim());
            // It lives as long as the program does, as the text that it points into.
            let constraint: &'static Constraint = Box::leak(Box::new(constraint));
            for place in places {
                rules.constraints.entry(place).or_default().push(constraint);
            }
        }
        for line in bindings.lines() {
            let mut words = line.splitn(3, ' ');
            if let (Some(place), Some(strength), Some(value_set)) = (words.next(), words.next(), words.next()) {
                rules.bindings.insert(place, OpenBinding { strength, value_set });
            }
        }
        rules
    }

    #[cfg(test)]
    /// Every constraint with each place that it hangs on.
    pub(super) fn constraints(&self) -> impl Iterator<Item = (&'static str, &'static Constraint)> {
        let all = self.constraints.iter();
        all.flat_map(|(place, constraints)| constraints.iter().map(|constraint| (*place, *constraint)))
    }

    /// The rules of a type.
    pub(super) fn of(&self, shape: &'static Shape) -> &'static TypeRules {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = places.get(shape.name) {
            return found;
        }
        drop(places);
        let made: &'static TypeRules = Box::leak(Box::new(self.build(shape)));
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        places.entry(shape.name).or_insert(made)
    }

    fn at(&self, place: &str) -> Vec<&'static Constraint> {
        self.constraints.get(place).cloned().unwrap_or_default()
    }

    fn build(&self, shape: &'static Shape) -> TypeRules {
        let model = Model::for_release(shape.release);
        let mut constraints = Vec::new();
        let mut next = Some(shape.name);
        while let Some(definition) = next.and_then(|name| model.type_named(name)) {
            constraints.extend(self.at(definition.name));
            next = definition.base;
        }
        let elements = shape.forms().iter().map(|form| {
            // A group is a type of its own, with the path of its element as a name.
            let is_group = model
                .type_named(form.of.name)
                .is_some_and(|found| found.kind == TypeKind::Group);
            let constraints = if is_group && form.of.name == form.element {
                Vec::new()
            } else {
                self.at(&form.element)
            };
            ElementRules {
                constraints,
                binding: self.bindings.get(form.element.as_str()).copied(),
                inner: OnceLock::new(),
            }
        });
        let elements = elements.collect();
        TypeRules { constraints, elements }
    }
}
