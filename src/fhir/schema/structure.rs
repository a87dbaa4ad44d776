//! What holds of every FHIR body, whatever its type, and cannot be said by a schema: how a primitive and its companion
//! `_name` go together (`json.html#primitive`). On the way, the resources and extensions inside the body are found.

use serde_json::{Map, Value};

use super::SchemaError;
use crate::fhir::Mend;

/// Our parser accepts 128 levels.
const DEEPEST: usize = 150;

/// What a look at a body found.
pub(super) struct Structure<'a> {
    /// Broken pairs of primitives and companions.
    pub(super) errors: Vec<SchemaError>,
    /// What has to be judged by itself, resources and extensions: where, of which type, and the thing.
    pub(super) parts: Vec<(String, &'a str, &'a Value)>,
    /// The body is nested so deeply that nobody should look at it.
    pub(super) too_deep: bool,
}

pub(super) fn is_too_deep(place: &str) -> bool {
    place.bytes().filter(|byte| *byte == b'/').count() > DEEPEST
}

pub(super) fn too_deep(at: &str) -> SchemaError {
    limit(
        at.to_owned(),
        format!("the body is nested deeper than {DEEPEST} levels"),
        "depth",
    )
}

/// Looks at a body that stands at a place of a larger one.
pub(super) fn inspect<'a>(body: &'a Value, at: &str) -> Structure<'a> {
    let mut found = Structure {
        errors: Vec::new(),
        parts: Vec::new(),
        too_deep: false,
    };
    let mut place = at.to_owned();
    walk(body, &mut place, 0, &mut found);
    found
}

fn walk<'a>(value: &'a Value, place: &mut String, depth: usize, found: &mut Structure<'a>) {
    if depth > DEEPEST {
        found.too_deep = true;
        return;
    }
    let length = place.len();
    match value {
        Value::Object(properties) => {
            let is_resource = depth > 0 && stands_for_a_resource(place);
            let resource_type = properties
                .get("resourceType")
                .and_then(Value::as_str)
                .filter(|_| is_resource);
            if let Some(resource_type) = resource_type {
                found.parts.push((place.clone(), resource_type, value));
                return;
            }
            for (name, child) in properties {
                if let Some(plain) = name.strip_prefix('_') {
                    companions(properties, plain, child, place, found);
                }
                if child.is_object() || child.is_array() {
                    push(place, name);
                    let has_gaps = child.as_array().is_some_and(|items| items.iter().any(Value::is_null));
                    if has_gaps && !properties.contains_key(&format!("_{name}")) {
                        lonely_nulls(child, place, found);
                    }
                    walk(child, place, depth + 1, found);
                    place.truncate(length);
                }
            }
        }
        Value::Array(items) => {
            // No release has another element of these names.
            let is_extension = place.ends_with("/extension") || place.ends_with("/modifierExtension");
            for (index, item) in items.iter().enumerate() {
                if item.is_object() || item.is_array() {
                    push(place, &index.to_string());
                    if is_extension && item.is_object() {
                        found.parts.push((place.clone(), "Extension", item));
                    } else {
                        walk(item, place, depth + 1, found);
                    }
                    place.truncate(length);
                }
            }
        }
        _ => {}
    }
}

/// Whether the place belongs to an element of type Resource. `ExampleScenario.instance` has a `resourceType` without
/// being a resource, so that this property alone proves nothing.
fn stands_for_a_resource(place: &str) -> bool {
    let named = place.rsplit('/').find(|step| step.parse::<usize>().is_err());
    matches!(named, Some("contained" | "resource" | "outcome" | "issues"))
}

/// Appends a step to a JSON Pointer.
pub(super) fn push(place: &mut String, step: &str) {
    place.push('/');
    if step.contains(['~', '/']) {
        place.push_str(&step.replace('~', "~0").replace('/', "~1"));
    } else {
        place.push_str(step);
    }
}

/// What keeps the rest of a body from being looked at.
pub(super) fn limit(instance_path: String, message: String, keyword: &str) -> SchemaError {
    SchemaError {
        rule: "what a harness looks at has bounds".to_owned(),
        schema_path: String::new(),
        mend: None,
        ..error(instance_path, message, keyword, "")
    }
}

fn error(instance_path: String, message: String, keyword: &str, way_out: &str) -> SchemaError {
    SchemaError {
        instance_path,
        message,
        schema_path: "https://hl7.org/fhir/json.html#primitive".to_owned(),
        keyword: keyword.to_owned(),
        element: String::new(),
        rule: "a primitive and its companion, item by item, make one element (json.html#primitive)".to_owned(),
        missing: None,
        found: None,
        mend: Some(Mend::told(way_out)),
    }
}

/// A gap in an array has to be filled by the companion, which is not there.
fn lonely_nulls(child: &Value, place: &str, found: &mut Structure<'_>) {
    if place.rsplit('/').next().is_some_and(|name| name.starts_with('_')) {
        return;
    }
    let items = child.as_array().map(Vec::as_slice).unwrap_or_default();
    for (index, _) in items.iter().enumerate().filter(|(_, item)| item.is_null()) {
        let message = "null stands here for no item: no companion array says what it is".to_owned();
        found.errors.push(error(
            format!("{place}/{index}"),
            message,
            "companion",
            "take the null away",
        ));
    }
}

fn companions(properties: &Map<String, Value>, plain: &str, companion: &Value, place: &str, found: &mut Structure<'_>) {
    let mut at = place.to_owned();
    push(&mut at, &format!("_{plain}"));
    match (properties.get(plain), companion) {
        (Some(Value::Array(values)), Value::Array(companions)) => {
            if values.len() != companions.len() {
                let (count, wanted) = (companions.len(), values.len());
                let message = format!("`_{plain}` must have as many items as `{plain}`: it has {count}, not {wanted}");
                let way_out = "write null where there is nothing to add";
                found.errors.push(error(at, message, "companion", way_out));
                return;
            }
            for (index, (value, companion)) in values.iter().zip(companions).enumerate() {
                if value.is_null() && companion.is_null() {
                    let message = format!("`{plain}` and `_{plain}` are both null here: one of them must be something");
                    let way_out = "take both nulls away";
                    found
                        .errors
                        .push(error(format!("{place}/{plain}/{index}"), message, "companion", way_out));
                } else if value.is_null() {
                    needs_extension(companion, plain, format!("{at}/{index}"), found);
                }
            }
        }
        (None, Value::Array(companions)) => {
            for (index, companion) in companions.iter().enumerate() {
                needs_extension(companion, plain, format!("{at}/{index}"), found);
            }
        }
        (Some(Value::Array(_)), Value::Object(_)) => {
            let message = format!("`_{plain}` must be an array, as `{plain}` is");
            found.errors.push(error(at, message, "companion", "put it into [ ]"));
        }
        (None, Value::Object(_)) => needs_extension(companion, plain, at, found),
        _ => {}
    }
}

/// Without a value, an element needs an extension to be anything (`element.html`, ele-1).
fn needs_extension(companion: &Value, plain: &str, at: String, found: &mut Structure<'_>) {
    if companion.is_object() && companion.get("extension").is_none() {
        let message = format!("`_{plain}` needs an extension where `{plain}` has no value");
        let way_out = format!("add an extension, or the value as `{plain}`");
        found.errors.push(error(at, message, "companion", &way_out));
    }
}
