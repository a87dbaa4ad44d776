//! Damage to the shape of a document: JSON types, cardinality, choices, companions.

use fhir_assay::fhir::model::property_name;
use serde_json::{Value, json};

use super::document::{Damage, Document, Place, Sequence};
use super::{Kind, kind};

pub const KINDS: &[Kind] = &[
    kind("an unknown property", unknown_property),
    kind("a misspelt property", misspelt_property),
    kind("an empty object", |document, sequence| {
        let place = document.pick(sequence, |_, value| value.is_object())?;
        Some(document.with(&place.pointer, json!({})))
    }),
    kind("an empty array", |document, sequence| {
        let place = document.pick(sequence, |place, _| place.element.many)?;
        Some(document.with(&place.property, json!([])))
    }),
    kind("an empty string", |document, sequence| {
        let place = document.pick(sequence, |_, value| value.is_string())?;
        Some(document.with(&place.pointer, json!("")))
    }),
    kind("a number for text", |document, sequence| {
        let place = document.pick(sequence, |_, value| value.is_string())?;
        Some(document.with(&place.pointer, json!(5)))
    }),
    kind("a Boolean for text", |document, sequence| {
        let place = document.pick(sequence, |_, value| value.is_string())?;
        Some(document.with(&place.pointer, json!(true)))
    }),
    kind("text for a number", |document, sequence| {
        let place = document.pick(sequence, |_, value| value.is_number())?;
        let text = document.value(&place.pointer).to_string();
        Some(document.with(&place.pointer, json!(text)))
    }),
    kind("text for a Boolean", |document, sequence| {
        let place = document.pick(sequence, |_, value| value.is_boolean())?;
        let text = document.value(&place.pointer).to_string();
        Some(document.with(&place.pointer, json!(text)))
    }),
    kind("text for an object", |document, sequence| {
        let place = document.pick(sequence, |_, value| value.is_object())?;
        Some(document.with(&place.pointer, json!("x")))
    }),
    kind("an object for a primitive", |document, sequence| {
        let place = document.pick(sequence, |place, _| document.is_primitive(&place.type_name))?;
        Some(document.with(&place.pointer, json!({"value": "x"})))
    }),
    kind("null", |document, sequence| {
        let place = document.pick(sequence, |_, value| !value.is_null())?;
        Some(document.with(&place.pointer, Value::Null))
    }),
    kind("a repeated gap", |document, sequence| {
        let place = document.pick(sequence, |place, _| place.element.many)?;
        Some(document.with(&place.property, json!([null, null])))
    }),
    kind("one put into an array", |document, sequence| {
        let place = document.pick(sequence, |place, _| !place.element.many)?;
        Some(document.with(&place.pointer, json!([document.value(&place.pointer)])))
    }),
    kind("an array taken apart", |document, sequence| {
        let place = document.pick(sequence, |place, _| place.element.many)?;
        Some(document.with(&place.property, document.value(&place.pointer).clone()))
    }),
    kind("more than one", |document, sequence| {
        let place = document.pick(sequence, |place, _| !place.element.many)?;
        let one = document.value(&place.pointer);
        Some(document.with(&place.pointer, json!([one, one])))
    }),
    kind("a required element is missing", missing),
    kind("two forms of a choice", two_forms),
    kind(
        "a form of a choice that its element does not have",
        |document, sequence| {
            let place = document.pick(sequence, |place, _| place.element.choice)?;
            let wrong = format!("{}Narrative", place.element.name);
            let value = json!({"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"});
            let mut damage = document.without(&place.parent, &place.name);
            damage.body.pointer_mut(&place.parent).unwrap()[&wrong] = value;
            damage.at = format!("{}/{wrong}", place.parent);
            Some(damage)
        },
    ),
    kind("a resource of no type", |document, sequence| {
        let resources = document.resources();
        let (at, name) = &resources[sequence.below(resources.len())];
        Some(document.and(at, "resourceType", json!(format!("{name}s"))))
    }),
    kind("a resource without a type", |document, sequence| {
        let resources = document.resources();
        let (at, _) = &resources[sequence.below(resources.len())];
        // Without it nothing can be said of the place but that a resource is expected there.
        Some(document.without(at, "resourceType").ruled_at(at))
    }),
    kind("a companion that is text", |document, sequence| {
        let place = primitive(document, sequence, |place| !place.element.many)?;
        Some(document.and(&place.parent, &format!("_{}", place.name), json!("x")))
    }),
    kind("a companion with an unknown property", |document, sequence| {
        let place = primitive(document, sequence, |place| !place.element.many)?;
        let name = format!("_{}", place.name);
        Some(document.and(&place.parent, &name, json!({"id": "a", "brokn": 1})))
    }),
    kind("a companion of another length", |document, sequence| {
        let place = primitive(document, sequence, |place| place.element.many)?;
        let count = document.value(&place.property).as_array().map_or(1, Vec::len);
        let mut companions = vec![Value::Null; count + 1];
        companions[0] = json!({"id": "a"});
        Some(document.and(&place.parent, &format!("_{}", place.name), Value::Array(companions)))
    }),
    kind("a companion without value and extension", |document, sequence| {
        let place = primitive(document, sequence, |place| !place.element.many)?;
        let mut damage = document.without(&place.parent, &place.name);
        let name = format!("_{}", place.name);
        damage.body.pointer_mut(&place.parent).unwrap()[&name] = json!({"id": "a"});
        damage.at = format!("{}/{name}", place.parent);
        Some(damage)
    }),
    kind("a companion of what is no primitive", |document, sequence| {
        let place = document.pick(sequence, |place, value| {
            value.is_object() && document.value(&place.parent).get(format!("_{}", place.name)).is_none()
        })?;
        Some(document.and(&place.parent, &format!("_{}", place.name), json!({"id": "a"})))
    }),
];

/// A place with a primitive that may have a companion.
fn primitive<'a>(document: &'a Document, sequence: &mut Sequence, suits: fn(&Place) -> bool) -> Option<&'a Place> {
    document.pick(sequence, |place, _| {
        document.is_primitive(&place.type_name)
            && !place.element.attribute
            && place.type_name != "xhtml"
            // The id of an element is an attribute in XML, and never extended.
            && (place.name != "id" || place.type_name == "id")
            && suits(place)
    })
}

fn unknown_property(document: &Document, sequence: &mut Sequence) -> Option<Damage> {
    let place = document.pick(sequence, |_, value| value.is_object());
    Some(document.and(place.map_or("", |place| &place.pointer), "brokn", json!(1)))
}

fn misspelt_property(document: &Document, sequence: &mut Sequence) -> Option<Damage> {
    let place = document.pick(sequence, |place, _| place.name.len() > 3)?;
    let mut name: Vec<char> = place.name.chars().collect();
    let last = name.len() - 1;
    name.swap(last, last - 1);
    let wrong: String = name.into_iter().collect();
    let model = document.model();
    let exists = model
        .elements(&place.parent_type)
        .into_iter()
        .any(|element| element.property_names().any(|name| name == wrong));
    if exists || wrong == place.name {
        return None;
    }
    let mut damage = document.without(&place.parent, &place.name);
    damage.body.pointer_mut(&place.parent).unwrap()[&wrong] = document.value(&place.property).clone();
    damage.at = format!("{}/{wrong}", place.parent);
    Some(damage)
}

/// A required element is named by its place; the rule that it must be there belongs to the object around it.
fn missing(document: &Document, sequence: &mut Sequence) -> Option<Damage> {
    let place = document.pick(sequence, |place, _| place.element.required)?;
    Some(document.without(&place.parent, &place.name).ruled_at(&place.parent))
}

/// That only one form may be there is a rule of the object that has both.
fn two_forms(document: &Document, sequence: &mut Sequence) -> Option<Damage> {
    let place = document.pick(sequence, |place, _| {
        place.element.choice && place.element.types.len() > 1
    })?;
    let other = place.element.types.iter().find(|found| found.name != place.type_name)?;
    let value = match other.name {
        "boolean" => json!(true),
        "integer" | "positiveInt" | "unsignedInt" | "decimal" => json!(1),
        "date" | "dateTime" => json!("2020-01-01"),
        "instant" => json!("2020-01-01T00:00:00Z"),
        "Reference" | "CodeableReference" => json!({"display": "x"}),
        "CodeableConcept" => json!({"text": "x"}),
        name if document.is_primitive(name) => json!("eA=="),
        _ => return None,
    };
    let name = property_name(place.element.name, true, other.name);
    Some(document.and(&place.parent, &name, value).ruled_at(&place.parent))
}
