//! The JSON Schema of the suite format, made of the same tables that the parser reads by, so that they cannot differ.
//!
//! It lies in the tree as `schemas/suite.schema.json`; every suite names it in its first line, and editors complete and
//! check by it. It says less than the parser: which requirements exist, for example, only the parser knows.

use serde_json::{Map, Value, json};

use super::parse::keys;
use super::parse::table::{Choice, Key, Shape, Table};

/// The JSON Schema of a suite's file (draft 7, which editors know best).
#[must_use]
pub fn schema() -> Value {
    let description = "Made by fhir-assay from the keys that its parser knows. See docs/suite-format.md.";
    of_tables("A suite of fhir-assay", description, &keys::SUITE, keys::ALL)
}

/// The JSON Schema of a file whose root has the keys of one table, and all else those of `all`.
#[must_use]
pub fn of_tables(title: &str, description: &str, root: &Table, all: &[&Table]) -> Value {
    let definitions: Map<String, Value> = all
        .iter()
        .map(|table| (table.name.to_owned(), definition(table)))
        .collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "description": description,
        "$ref": reference(root),
        "definitions": definitions,
    })
}

fn reference(table: &Table) -> String {
    format!("#/definitions/{}", table.name)
}

fn definition(table: &Table) -> Value {
    let properties: Map<String, Value> = table
        .keys
        .iter()
        .map(|key| (key.name.to_owned(), property(key)))
        .collect();
    let mut definition = json!({
        "description": table.docs,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    let required: Vec<&str> = table
        .keys
        .iter()
        .filter(|key| key.required)
        .map(|key| key.name)
        .collect();
    if !required.is_empty() {
        definition["required"] = json!(required);
    }
    match table.choice {
        Choice::Any => {}
        Choice::Some => definition["minProperties"] = json!(1),
        Choice::One => {
            definition["minProperties"] = json!(1);
            definition["maxProperties"] = json!(1);
        }
        Choice::OneOfFirst(first) => {
            let choices: Vec<Value> = table.keys[..first]
                .iter()
                .map(|key| json!({ "required": [key.name] }))
                .collect();
            definition["oneOf"] = json!(choices);
        }
    }
    definition
}

fn property(key: &Key) -> Value {
    match shape(key.shape) {
        // Beside a reference a description would not be seen.
        Value::Object(members) if members.contains_key("$ref") => {
            json!({ "description": key.docs, "allOf": [Value::Object(members)] })
        }
        Value::Object(members) => {
            let mut described = Map::new();
            described.insert("description".to_owned(), json!(key.docs));
            described.extend(members);
            Value::Object(described)
        }
        other => other,
    }
}

fn shape(form: Shape) -> Value {
    match form {
        Shape::Text => json!({ "type": ["string", "number", "boolean"] }),
        Shape::TextOrNothing => json!({ "type": ["string", "number", "boolean", "null"] }),
        Shape::Pattern(pattern) => json!({ "type": "string", "pattern": pattern }),
        Shape::Status => json!({ "anyOf": [
            { "type": "integer", "minimum": 100, "maximum": 599 },
            { "type": "string", "pattern": "^([1-5][0-9][0-9]|[1-5]xx)$" },
        ] }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::True => json!({ "const": true }),
        Shape::Count(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Data => json!({}),
        Shape::Table(table) => json!({ "$ref": reference(table) }),
        Shape::Named(value) => json!({ "type": "object", "additionalProperties": shape(*value) }),
        Shape::TableAndNamed(table, value) => {
            let mut both = definition(table);
            both["additionalProperties"] = shape(*value);
            both
        }
        Shape::List(item) => json!({ "type": "array", "minItems": 1, "items": shape(*item) }),
        Shape::OneOrMany(item) => json!({ "anyOf": [shape(*item), shape(Shape::List(item))] }),
        Shape::Either(forms) => json!({ "anyOf": forms.iter().map(|form| shape(*form)).collect::<Vec<_>>() }),
        Shape::Claim(value) => json!({ "anyOf": [
            shape(*value),
            {
                "description": "None of these may be claimed.",
                "type": "object",
                "properties": { "not": shape(*value) },
                "required": ["not"],
                "additionalProperties": false,
            },
        ] }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_table_is_defined_once_and_every_reference_leads_somewhere() {
        let names: HashSet<_> = keys::ALL.iter().map(|table| table.name).collect();
        assert_eq!(names.len(), keys::ALL.len());
        let text = schema().to_string();
        for reference in text.split("#/definitions/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(names.contains(name), "{name}");
        }
    }

    #[test]
    fn every_key_says_what_it_is() {
        for table in keys::ALL {
            let mut names = HashSet::new();
            for key in table.keys {
                assert!(key.docs.ends_with('.'), "{} of {}", key.name, table.noun);
                assert!(names.insert(key.name), "{} of {} is there twice", key.name, table.noun);
            }
            assert!(!table.docs.is_empty());
        }
    }
}
