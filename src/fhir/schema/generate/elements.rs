//! Reading the elements of a StructureDefinition.

use serde_json::Value;

use super::definitions::{Binding, Constraint, Element, ElementType};

const FHIR_TYPE: &str = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type";
const REGEX: &str = "http://hl7.org/fhir/StructureDefinition/regex";

fn extension<'a>(of: &'a Value, url: &str) -> Option<&'a str> {
    let found = of["extension"]
        .as_array()?
        .iter()
        .find(|extension| extension["url"] == url)?;
    ["valueUrl", "valueString", "valueUri"]
        .iter()
        .find_map(|key| found[*key].as_str())
}

/// The regular expression of a primitive's value.
pub(super) fn regex_of(definition: &Value) -> Option<String> {
    let found = extension(&definition["type"][0], REGEX)?;
    Some(found.trim_start_matches('^').trim_end_matches('$').to_owned())
}

/// Reads an element: its full path, the last part of that, and the type whose definition it stands in.
pub(super) fn read_element(definition: &Value, full: &str, last: &str, type_name: &str) -> Element {
    let introduced_by = definition["base"]["path"]
        .as_str()
        .and_then(|path| path.split('.').next());
    Element {
        name: last.to_owned(),
        types: read_types(definition, full),
        min: definition["min"]
            .as_u64()
            .and_then(|min| u32::try_from(min).ok())
            .unwrap_or(0),
        many: definition["max"] != "1",
        attribute: definition["representation"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == "xmlAttr")),
        binding: read_binding(definition),
        constraints: read_constraints(definition),
        codes: None,
        own: introduced_by.is_none_or(|introduced_by| introduced_by == type_name),
    }
}

fn read_types(definition: &Value, full: &str) -> Vec<ElementType> {
    let plain = |code: &str| ElementType {
        code: code.to_owned(),
        targets: Vec::new(),
        narrowed: None,
    };
    if let Some(reference) = definition["contentReference"].as_str() {
        return vec![plain(reference.rsplit('#').next().unwrap_or(reference))];
    }
    let last_part = |url: &Value| url.as_str().and_then(|url| url.rsplit('/').next()).map(str::to_owned);
    let types = definition["type"].as_array().map(Vec::as_slice).unwrap_or_default();
    types
        .iter()
        .map(|found| {
            let code = found["code"].as_str().unwrap_or_default();
            match code {
                "BackboneElement" | "Element" if full.contains('.') && full != "Element" => plain(full),
                // The definitions of the releases do not agree on the type of ids, but their pages do: that of a resource
                // is an `id`, that of an element any string (`element.html#id`).
                _ if definition["base"]["path"] == "Resource.id" => plain("id"),
                _ if definition["base"]["path"] == "Element.id" => plain("string"),
                _ if code.starts_with("http://hl7.org/fhirpath/") => {
                    plain(extension(found, FHIR_TYPE).unwrap_or("string"))
                }
                _ => ElementType {
                    code: code.to_owned(),
                    targets: found["targetProfile"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(last_part)
                        .collect(),
                    narrowed: found["profile"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(last_part)
                        .find(|name| matches!(name.as_str(), "SimpleQuantity" | "MoneyQuantity")),
                },
            }
        })
        .collect()
}

fn read_binding(definition: &Value) -> Option<Binding> {
    let binding = &definition["binding"];
    Some(Binding {
        strength: binding["strength"].as_str()?.to_owned(),
        value_set: binding["valueSet"].as_str()?.to_owned(),
    })
}

/// The constraints that have an expression; R4 has one or two that are told to people only.
pub(super) fn read_constraints(definition: &Value) -> Vec<Constraint> {
    let all = definition["constraint"].as_array().into_iter().flatten();
    all.filter_map(|found| {
        let text = |name: &str| found[name].as_str().map(str::to_owned);
        Some(Constraint {
            key: text("key")?,
            severity: text("severity")?,
            human: text("human").unwrap_or_default(),
            expression: text("expression")?,
        })
    })
    .collect()
}
