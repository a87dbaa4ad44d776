//! The element table: which elements each type has, as one text that is small enough to be embedded as it is.
//!
//! A type begins with a line `Patient < DomainResource resource`; its own elements follow, in the order of the
//! specification: `contact Patient.contact *`. See [`crate::fhir::model`], which reads it.

use std::fmt::Write as _;

use super::definitions::{Definitions, Element, ElementType, Kind, Shape};

/// Writes the element table of a release.
#[must_use]
pub fn element_table(definitions: &Definitions) -> String {
    let mut table = String::new();
    for shape in definitions.shapes.values().filter(|shape| !shape.narrows) {
        write_shape(&mut table, shape);
    }
    table
}

fn write_shape(table: &mut String, shape: &Shape) {
    let kind = match shape.kind {
        Kind::Primitive => "primitive",
        Kind::Complex => "complex",
        Kind::Resource => "resource",
        Kind::Backbone => "group",
    };
    let base = shape.base.as_deref().unwrap_or("-");
    let abstract_mark = if shape.is_abstract { " abstract" } else { "" };
    // Writing to a String cannot fail.
    let _ = writeln!(table, "{} < {base} {kind}{abstract_mark}", shape.path);
    // A group repeats what its base has; the reader takes it from there.
    let inherited = ["id", "extension", "modifierExtension"];
    for element in &shape.elements {
        let repeated = shape.kind == Kind::Backbone && inherited.contains(&element.name.as_str());
        if element.own && !repeated {
            let _ = writeln!(table, "{}", element_line(element));
        }
    }
}

fn element_line(element: &Element) -> String {
    let types = element.types.iter().map(type_text).collect::<Vec<_>>().join("|");
    let many = if element.many { " *" } else { "" };
    let required = if element.min > 0 { " !" } else { "" };
    let attribute = if element.attribute { " @" } else { "" };
    format!("{} {types}{many}{required}{attribute}", element.name)
}

fn type_text(found: &ElementType) -> String {
    let any = found.targets.is_empty() || found.targets.iter().any(|target| target == "Resource");
    if any {
        found.code.clone()
    } else {
        format!("{}({})", found.code, found.targets.join(","))
    }
}
