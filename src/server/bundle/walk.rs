//! A walk over a resource that knows the type of each element, so that links are told from words and canonicals.

use serde_json::{Map, Value};

use crate::fhir::model::{ElementInfo, Model, property_name};

/// A place in a resource that can hold a link.
#[derive(Debug)]
pub(super) enum Place<'a> {
    /// A Reference, whole.
    Reference(&'a mut Map<String, Value>),
    /// The text of a uri, url, oid or uuid. Canonicals are none (`http.html#trules`).
    Url(&'a mut String),
    /// The text of a markdown.
    Markdown(&'a mut String),
    /// The XHTML of a narrative.
    Narrative(&'a mut String),
}

/// Shows every place of a resource, contained resources and extensions of primitives included. What the type does not
/// have is passed over.
pub(super) fn walk(model: &Model, resource: &mut Value, visit: &mut dyn FnMut(Place<'_>)) {
    let Some(members) = resource.as_object_mut() else {
        return;
    };
    let Some(name) = members.get("resourceType").and_then(Value::as_str).map(str::to_owned) else {
        return;
    };
    object(model, &name, members, visit);
}

fn object(model: &Model, type_name: &str, members: &mut Map<String, Value>, visit: &mut dyn FnMut(Place<'_>)) {
    let elements = model.elements(type_name);
    for (property, value) in members.iter_mut() {
        if let Some(primitive) = property.strip_prefix('_') {
            if type_of(&elements, primitive).is_some() {
                each(value, &mut |item| {
                    if let Value::Object(members) = item {
                        object(model, "Element", members, visit);
                    }
                });
            }
            continue;
        }
        let Some(element_type) = type_of(&elements, property) else {
            continue;
        };
        each(value, &mut |item| {
            element(model, element_type, item, visit);
        });
    }
    if model.is_a(type_name, "Reference") {
        visit(Place::Reference(members));
    }
}

fn element(model: &Model, type_name: &str, value: &mut Value, visit: &mut dyn FnMut(Place<'_>)) {
    match value {
        Value::String(text) => match type_name {
            "uri" | "url" | "oid" | "uuid" => visit(Place::Url(text)),
            "markdown" => visit(Place::Markdown(text)),
            "xhtml" => visit(Place::Narrative(text)),
            _ => {}
        },
        // `contained`, and what Bundle and Parameters hold.
        Value::Object(_) if type_name == "Resource" || model.is_a(type_name, "Resource") => walk(model, value, visit),
        Value::Object(members) => object(model, type_name, members, visit),
        _ => {}
    }
}

fn each(value: &mut Value, act: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(act),
        one => act(one),
    }
}

/// The type of what a property holds. Attributes such as `Extension.url` name a definition and are no links.
fn type_of(elements: &[&ElementInfo], property: &str) -> Option<&'static str> {
    let plain = elements.iter().find(|info| !info.choice && info.name == property);
    if let Some(info) = plain {
        return info.types.first().filter(|_| !info.attribute).map(|found| found.name);
    }
    elements
        .iter()
        .filter(|info| info.choice && property.starts_with(info.name))
        .flat_map(|info| info.types.iter().map(move |found| (info, found)))
        .find(|(info, found)| property_name(info.name, true, found.name) == property)
        .map(|(_, found)| found.name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fhir::FhirVersion;

    #[test]
    fn places_are_found_by_type_at_every_depth() {
        let mut resource = json!({
            "resourceType": "Patient",
            "meta": { "profile": ["canonical"], "source": "uri" },
            "text": { "status": "generated", "div": "<div>narrative</div>" },
            "contained": [{ "resourceType": "Organization", "id": "o", "partOf": { "reference": "contained" } }],
            "extension": [{ "url": "attribute", "valueUrl": "extension" }, { "url": "x", "valueMarkdown": "marked" },
                { "url": "y", "valueReference": { "reference": "extended" } }, { "url": "z", "valueString": "words" }],
            "identifier": [{ "system": "system", "value": "no link" }],
            "_birthDate": { "extension": [{ "url": "q", "valueUri": "of a primitive" }] },
            "name": [{ "_given": [null, { "extension": [{ "url": "q", "valueUri": "of a given" }] }] }],
            "photo": [{ "url": "photo" }],
            "managingOrganization": { "reference": "nested", "identifier": { "assigner": { "reference": "deep" } } },
            "unknown": { "reference": "unknown" },
        });
        for release in [FhirVersion::R4, FhirVersion::R4B, FhirVersion::R5, FhirVersion::R6] {
            let mut found = Vec::new();
            walk(Model::for_release(release), &mut resource, &mut |place| {
                found.push(match place {
                    Place::Reference(reference) => format!("-> {}", reference["reference"].as_str().unwrap()),
                    Place::Url(text) => text.clone(),
                    Place::Markdown(text) => format!("# {text}"),
                    Place::Narrative(text) => text.clone(),
                });
            });
            assert_eq!(
                found,
                [
                    "uri",
                    "<div>narrative</div>",
                    "-> contained",
                    "extension",
                    "# marked",
                    "-> extended",
                    "system",
                    "of a primitive",
                    "of a given",
                    "photo",
                    "-> deep",
                    "-> nested",
                ],
                "{release}"
            );
        }
    }
}
