//! What a definition asks for and no schema can say: its FHIRPath constraints, and bindings whose codes cannot be listed.
//!
//! A constraint is a line `pat-1 error Patient.contact`, with every place that it hangs on and does not reach by
//! inheritance; below it, indented, what it says to people and what it says in FHIRPath. A place is a type or an element
//! of one. See [`crate::fhir::validate`], which reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::definitions::{Constraint, Definitions, Element, Shape};
use super::value_set;

/// Writes the constraints of a release, by key.
#[must_use]
pub fn constraints(definitions: &Definitions) -> String {
    let mut places: BTreeMap<&Constraint, BTreeSet<String>> = BTreeMap::new();
    for shape in definitions.shapes.values().filter(|shape| !shape.narrows) {
        for constraint in &shape.constraints {
            if !inherits(definitions, shape, constraint) {
                places.entry(constraint).or_default().insert(shape.path.clone());
            }
        }
        for element in shape.elements.iter().filter(|element| element.own) {
            for constraint in &element.constraints {
                if !comes_with_type(definitions, element, constraint) {
                    places.entry(constraint).or_default().insert(place(shape, element));
                }
            }
        }
    }
    let mut text = String::new();
    for (constraint, places) in places {
        let places: Vec<_> = places.into_iter().collect();
        let Constraint {
            key,
            severity,
            human,
            expression,
        } = constraint;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{key} {severity} {}\n  {}\n  {}",
            places.join(" "),
            one_line(human),
            one_line(expression)
        );
    }
    text
}

/// Writes the bindings that bind and that no schema judges: `Patient.maritalStatus extensible http://...`.
#[must_use]
pub fn open_bindings(definitions: &Definitions) -> String {
    let mut text = String::new();
    for shape in definitions.shapes.values().filter(|shape| !shape.narrows) {
        for element in shape.elements.iter().filter(|element| element.own) {
            let Some(binding) = &element.binding else { continue };
            let open = match binding.strength.as_str() {
                "required" => element.codes.is_none() && value_set::enumerate(definitions, &binding.value_set).is_err(),
                "extensible" => true,
                // What is preferred or an example binds nobody.
                _ => false,
            };
            if open {
                let _ = writeln!(
                    text,
                    "{} {} {}",
                    place(shape, element),
                    binding.strength,
                    binding.value_set
                );
            }
        }
    }
    text
}

fn place(shape: &Shape, element: &Element) -> String {
    let name = element.name.strip_suffix("[x]").unwrap_or(&element.name);
    format!("{}.{name}", shape.path)
}

fn inherits(definitions: &Definitions, shape: &Shape, constraint: &Constraint) -> bool {
    let base = shape.base.as_deref();
    base.is_some_and(|base| brings(definitions, base, constraint))
}

/// Whether a type has a constraint, of its own or from what it specializes.
fn brings(definitions: &Definitions, code: &str, constraint: &Constraint) -> bool {
    let Some(shape) = definitions.shapes.get(code) else {
        return false;
    };
    shape.constraints.iter().any(|other| same(other, constraint)) || inherits(definitions, shape, constraint)
}

/// R4B writes ele-1 in two ways, at random places; both say the same.
fn same(a: &Constraint, b: &Constraint) -> bool {
    a == b || a.key == "ele-1" && b.key == "ele-1"
}

/// Whether every type that the element may have brings the constraint itself.
fn comes_with_type(definitions: &Definitions, element: &Element, constraint: &Constraint) -> bool {
    let types = &element.types;
    !types.is_empty() && types.iter().all(|found| brings(definitions, &found.code, constraint))
}

fn one_line(text: &str) -> String {
    text.split(['\r', '\n'])
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ")
        .trim()
        .to_owned()
}
