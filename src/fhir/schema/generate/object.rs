//! JSON Schemas of types with elements.

use serde_json::{Map, Value, json};

use super::definitions::{Binding, Definitions, Element, ElementType, Kind, Shape};
use super::value_set::{Code, enumerate};
use crate::fhir::model::property_name;

/// The rules of a type with elements, or of a group of elements.
pub(super) fn rules(definitions: &Definitions, shape: &Shape) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut rules = Vec::new();
    if shape.kind == Kind::Resource {
        properties.insert("resourceType".to_owned(), json!({"const": shape.path}));
        required.push("resourceType".to_owned());
    }
    for element in &shape.elements {
        add_element(definitions, shape, element, &mut properties);
        require(definitions, element, &mut required, &mut rules);
    }
    let mut object = Map::new();
    object.insert("type".to_owned(), json!("object"));
    object.insert("minProperties".to_owned(), json!(1));
    object.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        object.insert("required".to_owned(), json!(required));
    }
    object.insert("additionalProperties".to_owned(), json!(false));
    if !rules.is_empty() {
        object.insert("allOf".to_owned(), Value::Array(rules));
    }
    object
}

/// What stands where a resource of any type may stand. Which rules it has to obey is in its own `resourceType`, so
/// the judge goes on with the schema of that type.
pub(super) fn any_resource(definitions: &Definitions) -> Map<String, Value> {
    let rules = json!({
        "type": "object",
        "properties": {"resourceType": {"enum": definitions.concrete_resources()}},
        "required": ["resourceType"],
        "x-continue": "with the schema of the type that resourceType names",
    });
    rules.as_object().cloned().unwrap_or_default()
}

/// The properties of an element, each with whether it has a companion.
fn names(definitions: &Definitions, element: &Element) -> Vec<(String, bool)> {
    let stem = element.name.strip_suffix("[x]");
    let name = |found: &ElementType| property_name(stem.unwrap_or(&element.name), stem.is_some(), &found.code);
    let extended = |found: &ElementType| !element.attribute && definitions.is_primitive(&found.code);
    element
        .types
        .iter()
        .map(|found| (name(found), extended(found)))
        .collect()
}

fn add_element(definitions: &Definitions, shape: &Shape, element: &Element, properties: &mut Map<String, Value>) {
    for (found, (name, is_primitive)) in element.types.iter().zip(names(definitions, element)) {
        let one = value_rules(definitions, shape, element, found);
        let rules = match (element.many, is_primitive) {
            (false, _) => one,
            (true, false) => json!({"type": "array", "minItems": 1, "items": one}),
            // Null keeps the place of an item that has an extension only (`json.html#primitive`).
            (true, true) => {
                json!({"type": "array", "minItems": 1, "items": {"if": {"type": "null"}, "else": one}})
            }
        };
        properties.insert(name.clone(), rules);
        if is_primitive {
            let companion = if element.many {
                "Element.schema.json#/$defs/companions"
            } else {
                "Element.schema.json"
            };
            properties.insert(format!("_{name}"), json!({"$ref": companion}));
        }
    }
}

/// The rules of the companion of a repeated primitive: a list with the gaps of the other list.
pub(super) fn companions() -> Value {
    json!({"type": "array", "minItems": 1, "items": {"if": {"type": "null"}, "else": {"$ref": "#"}}})
}

fn value_rules(definitions: &Definitions, shape: &Shape, element: &Element, found: &ElementType) -> Value {
    let mut rules = Map::new();
    rules.insert("$ref".to_owned(), Value::from(reference(shape, found)));
    if !found.targets.is_empty() && !found.targets.iter().any(|target| target == "Resource") {
        rules.insert("x-targets".to_owned(), json!(found.targets));
    }
    match &element.binding {
        Some(binding) if binding.strength == "required" => {
            bind(definitions, element, binding, &found.code, &mut rules);
        }
        _ => one_of(element.codes.as_ref(), &mut rules),
    }
    Value::Object(rules)
}

fn reference(shape: &Shape, found: &ElementType) -> String {
    let code = found.narrowed.as_ref().unwrap_or(&found.code);
    match code.split_once('.') {
        None => format!("{code}.schema.json"),
        Some((root, _)) if shape.path.split('.').next() == Some(root) => format!("#/$defs/{code}"),
        Some((root, _)) => format!("{root}.schema.json#/$defs/{code}"),
    }
}

/// A code that is one of a list.
fn one_of(codes: Option<&Vec<String>>, rules: &mut Map<String, Value>) {
    if let Some(codes) = codes {
        rules.remove("$ref");
        rules.insert("type".to_owned(), json!("string"));
        rules.insert("enum".to_owned(), json!(codes));
    }
}

fn bind(
    definitions: &Definitions,
    element: &Element,
    binding: &Binding,
    type_name: &str,
    rules: &mut Map<String, Value>,
) {
    rules.insert("x-value-set".to_owned(), json!(binding.value_set));
    let codes = match type_name {
        "code" | "string" | "uri" | "Coding" | "CodeableConcept" | "Quantity" => {
            enumerate(definitions, &binding.value_set).map_err(|why| why.to_string())
        }
        _ => Err(format!("codes of type {type_name} are not looked at")),
    };
    let codes = match codes {
        Ok(codes) => codes,
        Err(_) if element.codes.is_some() => return one_of(element.codes.as_ref(), rules),
        Err(why) => {
            rules.insert("x-unchecked".to_owned(), json!(why));
            return;
        }
    };
    match type_name {
        "Coding" | "Quantity" => rules.extend([(
            "anyOf".to_owned(),
            json!([coding(&codes), {"not": {"required": ["code"]}}]),
        )]),
        // A concept without codings can only say with an extension why it has none.
        "CodeableConcept" => {
            let bound = json!({"properties": {"coding": {"contains": coding(&codes)}}, "required": ["coding"]});
            let absent = json!({"not": {"required": ["coding"]}, "required": ["extension"]});
            rules.insert("anyOf".to_owned(), json!([bound, absent]));
        }
        _ => {
            let codes = codes.into_iter().map(|code| code.code).collect();
            one_of(Some(&codes), rules);
        }
    }
}

/// A coding that is one of these codes.
fn coding(codes: &[Code]) -> Value {
    let mut systems: Vec<&str> = codes.iter().map(|code| code.system.as_str()).collect();
    systems.dedup();
    systems.sort_unstable();
    systems.dedup();
    let mut branches: Vec<_> = systems
        .into_iter()
        .map(|system| {
            let of_system = codes.iter().filter(|code| code.system == system).map(|code| code.code.as_str());
            let codes: Vec<_> = of_system.collect();
            json!({"properties": {"system": {"const": system}, "code": {"enum": codes}}, "required": ["system", "code"]})
        })
        .collect();
    if branches.len() == 1 {
        branches.remove(0)
    } else {
        json!({"anyOf": branches})
    }
}

/// The rules about which elements must be there, and how many forms of a choice may.
fn require(definitions: &Definitions, element: &Element, required: &mut Vec<String>, rules: &mut Vec<Value>) {
    let names = names(definitions, element);
    let is_choice = element.name.ends_with("[x]");
    let present = |(name, is_primitive): &(String, bool)| {
        let value = json!({"required": [name]});
        // A primitive without a value is there when it has an extension.
        let companion = json!({"required": [format!("_{name}")]});
        if *is_primitive {
            json!({"anyOf": [value, companion]})
        } else {
            value
        }
    };
    if is_choice {
        let mut forms: Vec<_> = names.iter().map(present).collect();
        if element.min == 0 {
            forms.push(json!({"not": {"anyOf": absent(&names)}}));
        }
        // A single form that need not be there is no rule.
        if element.min > 0 || names.len() > 1 {
            rules.push(json!({"x-element": element.name, "oneOf": forms}));
        }
    } else if element.min > 0 {
        match names.first() {
            Some((name, true)) => {
                let Value::Object(mut rule) = present(&(name.clone(), true)) else {
                    return;
                };
                rule.insert("x-element".to_owned(), json!(element.name));
                rules.push(Value::Object(rule));
            }
            Some((name, false)) => required.push(name.clone()),
            None => {}
        }
    }
}

fn absent(names: &[(String, bool)]) -> Vec<Value> {
    let with_companion = |(name, is_primitive): &(String, bool)| {
        let companion = is_primitive.then(|| format!("_{name}"));
        std::iter::once(name.clone()).chain(companion).collect::<Vec<_>>()
    };
    names
        .iter()
        .flat_map(with_companion)
        .map(|name| json!({"required": [name]}))
        .collect()
}
