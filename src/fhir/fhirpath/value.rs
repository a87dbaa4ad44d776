//! Values between JSON and the engine.

use std::sync::Arc;

use octofhir_fhirpath::core::model_provider::TypeInfo;
use octofhir_fhirpath::core::node::FhirNode;
use octofhir_fhirpath::{Collection, FhirPathValue};
use serde_json::{Map, Number, Value};

use super::FhirPathError;
use super::provider::VARIABLE;
use crate::fhir::model::Model;

/// JSON that our parser accepts is at most 128 deep; the engine recurses over what it gets.
const DEEPEST: usize = 150;

/// Turns JSON into the engine's tree.
///
/// The engine takes `periodMax` for a choice of `period` when there is no `period`; an empty array in its place,
/// which FHIRPath sees as nothing at all, keeps it from that.
///
/// # Errors
/// When the JSON is nested too deeply.
pub(super) fn to_node(value: &Value, model: &Model, depth: usize) -> Result<FhirNode, FhirPathError> {
    if depth > DEEPEST {
        return Err(FhirPathError::new(format!(
            "the body is nested deeper than {DEEPEST} levels"
        )));
    }
    Ok(match value {
        Value::Null => FhirNode::Null,
        Value::Bool(found) => FhirNode::Bool(*found),
        Value::Number(found) => FhirNode::Number(found.clone()),
        Value::String(found) => FhirNode::Str(Arc::from(found.as_str())),
        Value::Array(items) => FhirNode::Array(
            items
                .iter()
                .map(|item| to_node(item, model, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(properties) => {
            let mut entries = Vec::with_capacity(properties.len());
            for (name, found) in properties {
                entries.push((Arc::from(name.as_str()), to_node(found, model, depth + 1)?));
                for short in model.mistakable_for(name) {
                    if !properties.contains_key(*short) {
                        entries.push((Arc::from(*short), FhirNode::Array(Arc::from([]))));
                    }
                }
            }
            FhirNode::Object(entries.into())
        }
    })
}

/// How many values a body has.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(properties) => 1 + properties.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// The engine's value for a body: a resource is typed by its `resourceType`.
pub(super) fn to_subject(value: &Value, model: &Model) -> Result<Collection, FhirPathError> {
    let items = to_items(value, model)?;
    Ok(Collection::from_values(items))
}

/// The engine's value for an element of a type that is known from its place.
///
/// # Errors
/// When the JSON is nested too deeply.
pub(super) fn to_typed(value: &Value, type_name: &str, model: &Model) -> Result<Collection, FhirPathError> {
    if !value.is_object() {
        return to_subject(value, model);
    }
    let info = TypeInfo {
        name: Some(type_name.to_owned()),
        ..TypeInfo::new_complex(type_name)
    };
    let node = to_node(value, model, 0)?;
    Ok(Collection::single(FhirPathValue::Resource(node, Arc::new(info), None)))
}

/// The property that holds the items of a variable.
pub(super) const ITEMS: &str = "item";

/// The engine's value for a variable: an array is a collection, null and an empty array are the empty one.
///
/// The engine counts a collection in a variable as one thing, and so it does with an empty one. So a variable is an
/// object with the items in [`ITEMS`], and `%x` is compiled as `%x.item` (see [`super::text`]).
pub(super) fn to_variable(value: &Value, model: &Model) -> Result<FhirPathValue, FhirPathError> {
    let items = match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().filter(|item| !item.is_null()).collect(),
        _ => vec![value],
    };
    let mut item_types = items.iter().map(|item| item_type(item));
    let first = item_types.next().unwrap_or_default();
    let item_type = if item_types.all(|other| other == first) {
        first
    } else {
        ""
    };
    let nodes = items
        .iter()
        .map(|item| to_node(item, model, 0))
        .collect::<Result<_, _>>()?;
    let node = FhirNode::Object(Arc::from([(Arc::from(ITEMS), FhirNode::Array(nodes))]));
    let info = TypeInfo::new_complex(&format!("{VARIABLE}{item_type}"));
    Ok(FhirPathValue::Resource(node, Arc::new(info), None))
}

fn item_type(item: &Value) -> &str {
    match item {
        Value::Bool(_) => "Boolean",
        Value::String(_) => "String",
        Value::Number(found) if found.as_i64().is_some() => "Integer",
        Value::Number(_) => "Decimal",
        _ => item["resourceType"].as_str().unwrap_or_default(),
    }
}

fn to_items(value: &Value, model: &Model) -> Result<Vec<FhirPathValue>, FhirPathError> {
    Ok(match value {
        Value::Null => Vec::new(),
        Value::Array(items) => {
            let nested = items
                .iter()
                .map(|item| to_items(item, model))
                .collect::<Result<Vec<_>, _>>()?;
            nested.into_iter().flatten().collect()
        }
        Value::Bool(found) => vec![FhirPathValue::boolean(*found)],
        Value::String(found) => vec![FhirPathValue::string(found.as_str())],
        Value::Number(found) => vec![match found.as_i64() {
            Some(whole) => FhirPathValue::integer(whole),
            None => match found.to_string().parse::<rust_decimal::Decimal>() {
                Ok(decimal) => FhirPathValue::decimal(decimal),
                Err(_) => FhirPathValue::string(found.to_string()),
            },
        }],
        Value::Object(properties) => {
            let named = properties.get("resourceType").and_then(Value::as_str);
            let type_name = named.unwrap_or("Element").to_owned();
            let info = TypeInfo {
                name: Some(type_name.clone()),
                ..TypeInfo::new_complex(&type_name)
            };
            vec![FhirPathValue::Resource(to_node(value, model, 0)?, Arc::new(info), None)]
        }
    })
}

/// Turns what the engine found into JSON; decimals keep their digits.
pub(super) fn to_json(found: &Collection) -> Vec<Value> {
    let mut values = Vec::with_capacity(found.len());
    for item in found.iter() {
        push_json(item, &mut values);
    }
    values
}

fn push_json(item: &FhirPathValue, values: &mut Vec<Value>) {
    match item {
        FhirPathValue::Empty => {}
        FhirPathValue::Collection(items) => items.iter().for_each(|item| push_json(item, values)),
        FhirPathValue::Decimal(found, ..) => values.push(number(&found.to_string())),
        FhirPathValue::Resource(node, ..) => values.push(node_to_json(node)),
        // FHIR writes a time without the `T` of FHIRPath's literals.
        FhirPathValue::Time(found, ..) => {
            let text = found.to_string();
            values.push(Value::from(text.strip_prefix('T').unwrap_or(&text)));
        }
        _ => values.push(item.to_json_value()),
    }
}

fn number(text: &str) -> Value {
    text.parse::<Number>()
        .map_or_else(|_| Value::String(text.to_owned()), Value::Number)
}

fn node_to_json(node: &FhirNode) -> Value {
    match node {
        FhirNode::Array(items) => Value::Array(items.iter().map(node_to_json).collect()),
        FhirNode::Object(entries) => {
            let mut properties = Map::with_capacity(entries.len());
            for (name, found) in entries.iter() {
                // What `to_node` put in; FHIR has no empty arrays.
                if found.as_array().is_some_and(<[FhirNode]>::is_empty) {
                    continue;
                }
                properties.insert(name.to_string(), node_to_json(found));
            }
            Value::Object(properties)
        }
        _ => node.to_json(),
    }
}
