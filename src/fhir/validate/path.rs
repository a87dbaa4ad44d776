//! Places in a body as FHIRPath: the choice `valueQuantity` is `value`, the companion `_birthDate` is `birthDate` itself.

use serde_json::Value;

use crate::fhir::FhirVersion;
use crate::fhir::model::{ElementInfo, Model, property_name};

/// A JSON Pointer into an instance of a type as a FHIRPath. What the type does not have is named as the body names it.
pub(crate) fn fhirpath_of(release: FhirVersion, type_name: &str, body: &Value, pointer: &str) -> String {
    let model = Model::for_release(release);
    let mut path = type_name.to_owned();
    let mut place = Some(body);
    let mut at = named(body).unwrap_or(type_name).to_owned();
    if type_name == "Resource" {
        path.clone_from(&at);
    }
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        if let Some(items) = place.and_then(Value::as_array) {
            path.push_str(&format!("[{step}]"));
            place = step.parse().ok().and_then(|index: usize| items.get(index));
        } else {
            let plain = step.strip_prefix('_').unwrap_or(&step);
            let choice = || choices(model, &at).find_map(|(choice, types)| form(choice, &types, plain));
            let (name, next) = match model.element(&at, plain).filter(|element| !element.choice) {
                Some(element) => (
                    plain.to_owned(),
                    element.types.first().map(|known| known.name.to_owned()),
                ),
                None => choice().map_or((plain.to_owned(), None), |(name, kind)| (name, Some(kind))),
            };
            path.push('.');
            path.push_str(&name);
            place = place.and_then(|value| value.get(&step));
            at = next.unwrap_or_default();
        }
        if let Some(name) = place.and_then(named).filter(|_| at == "Resource") {
            name.clone_into(&mut at);
        }
    }
    path
}

fn named(value: &Value) -> Option<&str> {
    value.get("resourceType").and_then(Value::as_str)
}

fn choices<'a>(model: &'a Model, type_name: &str) -> impl Iterator<Item = (&'a ElementInfo, Vec<&'static str>)> {
    let elements = model.elements(type_name).into_iter().filter(|element| element.choice);
    elements.map(|element| (element, element.types.iter().map(|known| known.name).collect()))
}

/// What a property is of a choice: `value.ofType(Quantity)` and its type.
fn form(choice: &ElementInfo, types: &[&'static str], property: &str) -> Option<(String, String)> {
    let kind = types
        .iter()
        .find(|kind| property_name(choice.name, true, kind) == property)?;
    Some((format!("{}.ofType({kind})", choice.name), (*kind).to_owned()))
}

/// A path without its indexes: the element that the definition names.
pub(super) fn without_indexes(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    let mut inside = false;
    for character in path.chars() {
        match character {
            '[' => inside = true,
            ']' => inside = false,
            _ if !inside => plain.push(character),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_are_told_in_the_words_of_fhirpath() {
        let bundle = json!({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Observation",
            "valueQuantity": {"value": "x"}, "_status": {"extension": [{"url": "x", "valueCode": 1}]}}}]});
        let told = |pointer: &str| fhirpath_of(FhirVersion::R4, "Bundle", &bundle, pointer);
        let cases = [
            ("", "Bundle"),
            (
                "/entry/0/resource/valueQuantity/value",
                "Bundle.entry[0].resource.value.ofType(Quantity).value",
            ),
            (
                "/entry/0/resource/_status/extension/0/valueCode",
                "Bundle.entry[0].resource.status.extension[0].value.ofType(code)",
            ),
            ("/entry/0/resource/nmae/0", "Bundle.entry[0].resource.nmae.0"),
            ("/a~1b", "Bundle.a/b"),
        ];
        for (pointer, path) in cases {
            assert_eq!(told(pointer), path);
        }
        assert_eq!(without_indexes("Bundle.entry[0].resource"), "Bundle.entry.resource");
    }
}
