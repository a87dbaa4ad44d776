//! The JSON Schema of the file, from the command line, so that they cannot differ.

use clap::Arg;
use serde_json::{Map, Value, json};

use super::{is_flag, is_list, name_of, options};

/// The JSON Schema of `fhir-assay.toml`. It lies in the tree as `schemas/config.schema.json`.
#[must_use]
pub fn schema() -> Value {
    let options = options();
    let keys: Map<String, Value> = options
        .all()
        .filter_map(|option| Some((name_of(option)?.to_owned(), property(option))))
        .collect();
    let mut run = keys.clone();
    run.insert(
        "target".to_owned(),
        json!({ "description": "The target where nothing else names one", "type": "string" }),
    );
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The configuration of fhir-assay",
        "description": "Made by fhir-assay from its command line. See docs/ci.md.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "run": { "description": "What holds for every run", "type": "object", "additionalProperties": false, "properties": run },
            "targets": {
                "description": "Servers by name; what stands here wins over `run`",
                "type": "object",
                "additionalProperties": { "type": "object", "additionalProperties": false, "properties": keys },
            },
        },
    })
}

fn property(option: &Arg) -> Value {
    let scalar = json!({ "type": ["string", "number", "boolean"] });
    let words: Vec<String> = option
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    let one = if is_flag(option) {
        json!({ "type": "boolean" })
    } else if words.is_empty() {
        scalar
    } else {
        json!({ "enum": words })
    };
    let mut property = if is_list(option) {
        json!({ "anyOf": [one, { "type": "array", "items": one }, { "type": "object", "additionalProperties": one }] })
    } else {
        one
    };
    if let Some(help) = option.get_help() {
        property["description"] = json!(help.to_string());
    }
    property
}
