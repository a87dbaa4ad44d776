//! The rule that an error of the validator comes from: where it is written, for which element, and what it says.

use std::sync::Arc;

use jsonschema::ValidationError;
use serde_json::Value;

use super::Schemas;

/// The rule that an error comes from.
pub(super) struct Rule {
    /// File and JSON Pointer of the keyword.
    pub location: String,
    /// The type, or group of elements, that the rule belongs to.
    pub type_name: String,
    /// The object that the keyword stands in.
    pub value: Value,
    /// The choice or required primitive that the rule is about, by its name in the definition: `value[x]`.
    pub element: String,
    /// The canonical of the value set, where the rule is a binding.
    pub value_set: String,
    /// The property whose schema the rule stands in; empty where it is a rule of the type itself.
    property: String,
    /// The file of the schema, and the place of the type in it.
    owner: (Option<Arc<Value>>, String),
}

impl Rule {
    pub fn find(schemas: &Schemas, error: &ValidationError<'_>) -> Self {
        let full = error
            .absolute_keyword_location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let location = full.split_once(".schema.json#").map_or_else(
            || error.schema_path().as_str().to_owned(),
            |(file, pointer)| format!("{}.schema.json#{pointer}", file.rsplit('/').next().unwrap_or_default()),
        );
        let (file, pointer) = location.split_once(".schema.json#").unwrap_or_default();
        let around = pointer.rsplit_once('/').map_or("", |(around, _)| around);
        let document = schemas.document(file);
        let value = document
            .as_ref()
            .and_then(|document| document.pointer(around))
            .cloned()
            .unwrap_or_default();
        let group = pointer.strip_prefix("/$defs/").and_then(|rest| rest.split('/').next());
        let property = around.rsplit_once("/properties/").map_or("", |(_, rest)| rest);
        let type_name = group.unwrap_or(file).to_owned();
        let owner = group.map_or_else(String::new, |group| format!("/$defs/{group}"));
        Self {
            type_name,
            element: value["x-element"].as_str().unwrap_or_default().to_owned(),
            value_set: value["x-value-set"].as_str().unwrap_or_default().to_owned(),
            property: property.split('/').next().unwrap_or_default().to_owned(),
            owner: (document, owner),
            value,
            location,
        }
    }

    /// The properties that the schema of the type allows.
    pub fn properties(&self) -> impl Iterator<Item = &str> {
        self.value["properties"]
            .as_object()
            .into_iter()
            .flat_map(|all| all.keys())
            .map(String::as_str)
    }

    /// The element of the definition: `Patient.contact.gender`, `Extension.value[x]`; the type alone where the rule is its own.
    pub fn defined_at(&self) -> String {
        let name = if self.element.is_empty() {
            self.property.trim_start_matches('_')
        } else {
            &self.element
        };
        match name {
            "" => self.type_name.clone(),
            name => format!("{}.{name}", self.type_name),
        }
    }

    /// The codes of a property, where it has a value set that is enumerated.
    pub fn codes_of(&self, property: &str) -> Vec<&str> {
        let (document, place) = &self.owner;
        let owner = document.as_ref().and_then(|document| document.pointer(place));
        let codes = owner.and_then(|owner| owner["properties"][property]["enum"].as_array());
        codes.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// How often a property of the type may occur: `1..1`, `0..*`.
    pub fn cardinality(&self, property: &str) -> String {
        let is_required = self.value["required"]
            .as_array()
            .is_some_and(|names| names.iter().any(|name| name == property));
        let is_many = self.value["properties"][property]["type"] == "array";
        let least = if is_required { "1" } else { "0" };
        format!("{least}..{}", if is_many { "*" } else { "1" })
    }

    /// The properties of a choice, or of a primitive and its companion.
    pub fn form_names(&self) -> Vec<String> {
        fn collect(rule: &Value, names: &mut Vec<String>) {
            if let Some(name) = rule["required"][0].as_str() {
                names.push(name.to_owned());
            }
            for form in ["oneOf", "anyOf"]
                .iter()
                .filter_map(|keyword| rule[keyword].as_array())
                .flatten()
            {
                collect(form, names);
            }
        }
        let mut names = Vec::new();
        collect(&self.value, &mut names);
        names
    }
}
