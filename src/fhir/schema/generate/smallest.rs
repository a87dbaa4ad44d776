//! The smallest valid resource of every type: what has to be there, and nothing else.
//!
//! What cardinalities and bindings ask for is read from the definitions; what only a FHIRPath constraint asks for, or no
//! definition at hand, stands in `wanted.rs`. A reference points at nothing: it has a `display`, which every
//! server can keep. Texts that have to differ from resource to resource hold variables of the suite language, such as
//! `${case.uuid}`. That all of them are valid is tested with the validator (`fhir::smallest`).

use serde_json::{Map, Value, json};

use super::definitions::{Definitions, Element, ElementType, Kind, Shape};
use super::layout::layout;
use super::value_set;
use super::wanted::{forced, is_wanted, least};
use crate::fhir::FhirVersion;
use crate::fhir::model::property_name;

/// What stands where any text will do.
const TEXT: &str = "smallest";
/// A system, or a URI, of which nobody knows more.
const URI: &str = "urn:fhir-assay:test";
/// Groups inside of groups: no definition needs more.
const DEEPEST: usize = 12;
/// Types of a choice that are taken before others, since they need nothing else to be there.
const PREFERRED: [&str; 6] = [
    "CodeableConcept",
    "CodeableReference",
    "string",
    "dateTime",
    "boolean",
    "uri",
];

/// Writes the smallest valid resource of every concrete type of a release, by type: one JSON object. Where the definitions
/// of resources do not say what is required, as those of R6, what R5's smallest resource has is there too, as far as it fits.
#[must_use]
pub fn smallest(definitions: &Definitions) -> String {
    let shapes = definitions.shapes.values();
    let concrete = shapes.filter(|shape| shape.kind == Kind::Resource && !shape.is_abstract);
    let all: Map<String, Value> = concrete
        .map(|shape| {
            let mut body = Map::new();
            body.insert("resourceType".to_owned(), json!(shape.path));
            body.extend(required(definitions, shape, 0));
            if definitions.resources_of_schema {
                add_from_r5(definitions, shape, &mut body);
            }
            (shape.path.clone(), Value::Object(body))
        })
        .collect();
    layout(&Value::Object(all))
}

fn add_from_r5(definitions: &Definitions, shape: &Shape, body: &mut Map<String, Value>) {
    let before = crate::fhir::smallest(FhirVersion::R5, &shape.path).and_then(Value::as_object);
    for (name, value) in before.into_iter().flatten() {
        let path = format!("{}.{name}", shape.path);
        if forced(definitions, &path).is_some() {
            let element = shape.elements.iter().find(|element| element.name == *name);
            body.extend(element.and_then(|element| member(definitions, &path, element, 0)));
        } else if name != "resourceType" && fits(definitions, shape, name, value) {
            body.insert(name.clone(), value.clone());
        }
    }
}

/// Whether a shape has an element that JSON calls so, of the form that the value has; and has the code, where codes are known.
fn fits(definitions: &Definitions, shape: &Shape, name: &str, value: &Value) -> bool {
    let found = shape
        .elements
        .iter()
        .find_map(|element| Some((element, form(element, name)?)));
    let Some((element, found)) = found.filter(|(element, _)| element.many == value.is_array()) else {
        return false;
    };
    let one = value.get(0).unwrap_or(value);
    let is_known = |codes: &Vec<String>| one.as_str().is_none_or(|code| codes.iter().any(|known| known == code));
    let Some(inner) = definitions.shapes.get(&found.code) else {
        return false;
    };
    element.codes.as_ref().is_none_or(is_known)
        && match one {
            Value::Object(members) => members
                .iter()
                .all(|(name, value)| fits(definitions, inner, name, value)),
            _ => inner.kind == Kind::Primitive,
        }
}

/// The type that an element has where JSON calls it by this name.
fn form<'a>(element: &'a Element, name: &str) -> Option<&'a ElementType> {
    let stem = element.name.strip_suffix("[x]");
    let stem_or_name = stem.unwrap_or(&element.name);
    let mut types = element.types.iter();
    types.find(|found| property_name(stem_or_name, stem.is_some(), &found.code) == name)
}

/// The members that an instance of a shape has to have.
fn required(definitions: &Definitions, shape: &Shape, depth: usize) -> Map<String, Value> {
    let mut members = Map::new();
    if depth == DEEPEST {
        return members;
    }
    for element in &shape.elements {
        let path = format!("{}.{}", shape.path, element.name);
        if element.min > 0 || is_wanted(definitions, &path) {
            members.extend(member(definitions, &path, element, depth));
        }
    }
    members
}

/// An element with its value, or as many of them as have to be there.
fn member(definitions: &Definitions, path: &str, element: &Element, depth: usize) -> Option<(String, Value)> {
    let found = chosen(element)?;
    let stem = element.name.strip_suffix("[x]");
    let name = property_name(stem.unwrap_or(&element.name), stem.is_some(), &found.code);
    let one = forced(definitions, path).unwrap_or_else(|| value(definitions, element, found, depth + 1));
    let many = usize::try_from(element.min).unwrap_or(1).max(least(path));
    Some((
        name,
        if element.many {
            Value::Array(vec![one; many])
        } else {
            one
        },
    ))
}

fn chosen(element: &Element) -> Option<&ElementType> {
    let preferred = PREFERRED
        .iter()
        .find_map(|code| element.types.iter().find(|found| found.code == *code));
    preferred.or_else(|| element.types.first())
}

fn value(definitions: &Definitions, element: &Element, found: &ElementType, depth: usize) -> Value {
    let code = codes(definitions, element).into_iter().next();
    match found.code.as_str() {
        "CodeableConcept" => match code {
            Some((system, code)) => json!({ "coding": [{ "system": system, "code": code }] }),
            None => json!({ "text": TEXT }),
        },
        "Coding" => match code {
            Some((system, code)) => json!({ "system": system, "code": code }),
            None => json!({ "system": URI, "code": TEXT }),
        },
        "CodeableReference" => json!({ "concept": { "text": TEXT } }),
        "Reference" => json!({ "display": TEXT }),
        "Identifier" => json!({ "system": URI, "value": "${case.tag}" }),
        "Period" => json!({ "start": "2024-01-01" }),
        "Money" => json!({ "value": 1, "currency": "EUR" }),
        "Range" => json!({ "low": { "value": 1 } }),
        "Ratio" => json!({ "numerator": { "value": 1 }, "denominator": { "value": 1 } }),
        "Attachment" => json!({ "contentType": "text/plain", "data": "c21hbGxlc3Q=" }),
        "ContactPoint" => json!({ "system": "phone", "value": TEXT }),
        "Narrative" => {
            json!({ "status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">smallest</div>" })
        }
        "Expression" => json!({ "language": "text/fhirpath", "expression": "true" }),
        "Timing" => json!({ "event": ["2024-01-01"] }),
        "Quantity" | "SimpleQuantity" => json!({ "value": 1 }),
        name => match definitions.shapes.get(name) {
            Some(shape) if shape.kind == Kind::Primitive => match code {
                Some((_, code)) => json!(code),
                None => primitive(name, element),
            },
            Some(shape) => Value::Object(filled(definitions, shape, depth)),
            None => json!(TEXT),
        },
    }
}

/// The members of a group: an element has to hold something (ele-1), though nothing in it may be required.
fn filled(definitions: &Definitions, shape: &Shape, depth: usize) -> Map<String, Value> {
    let mut members = required(definitions, shape, depth);
    if members.is_empty() && depth < DEEPEST {
        let is_plain = |element: &&Element| {
            let inherited = matches!(element.name.as_str(), "id" | "extension" | "modifierExtension");
            let found = chosen(element).map(|found| found.code.as_str());
            !inherited && found.is_some_and(|code| code == "CodeableConcept" || definitions.is_primitive(code))
        };
        let own = || shape.elements.iter().filter(|element| element.own);
        if let Some(element) = own().find(is_plain).or_else(|| own().next()) {
            let path = format!("{}.{}", shape.path, element.name);
            members.extend(member(definitions, &path, element, depth));
        }
    }
    members
}

/// The codes that a binding leaves, with their system.
fn codes(definitions: &Definitions, element: &Element) -> Vec<(String, String)> {
    let bound = element
        .binding
        .as_ref()
        .filter(|binding| binding.strength == "required");
    let enumerated = bound.and_then(|binding| value_set::enumerate(definitions, &binding.value_set).ok());
    match (enumerated, &element.codes) {
        (Some(codes), _) => codes.into_iter().map(|code| (code.system, code.code)).collect(),
        (None, Some(codes)) => codes.iter().map(|code| (URI.to_owned(), code.clone())).collect(),
        (None, None) => Vec::new(),
    }
}

fn primitive(name: &str, element: &Element) -> Value {
    match name {
        "boolean" => json!(false),
        "integer" | "positiveInt" | "unsignedInt" | "decimal" => json!(1),
        // A number of 64 bits is a text in JSON (`json.html#primitive`).
        "integer64" => json!("1"),
        "date" | "dateTime" => json!("2024-01-01"),
        "instant" => json!("2024-01-01T00:00:00Z"),
        "time" => json!("12:00:00"),
        "base64Binary" => json!("c21hbGxlc3Q="),
        "oid" => json!("urn:oid:2.999"),
        "uuid" => json!("urn:uuid:${case.uuid}"),
        // What names the resource has to be its own.
        "uri" | "url" | "canonical" if element.name == "url" => json!("urn:uuid:${case.uuid}"),
        "uri" | "url" | "canonical" => json!(URI),
        // The value sets of media types, languages and currencies are other people's.
        "code" if is_bound_to(element, "mimetypes") => json!("text/plain"),
        "code" if is_bound_to(element, "languages") => json!("en"),
        "code" if is_bound_to(element, "currencies") => json!("EUR"),
        _ => json!(TEXT),
    }
}

fn is_bound_to(element: &Element, value_set: &str) -> bool {
    element
        .binding
        .as_ref()
        .is_some_and(|binding| binding.value_set.contains(value_set))
}
