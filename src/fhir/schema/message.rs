//! What a broken rule says to a person: the smallest explanation, and what should probably stand there instead.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use super::{SchemaError, Schemas, structure};
use crate::fhir::model::Model;

/// A list of codes is not read when it is longer.
const MOST_CODES: usize = 12;
/// Of more properties than this nobody wants to know what each could have meant.
const MOST_HINTS: usize = 20;

/// Explains an error of the validator; one that names several properties becomes several.
pub(super) fn explain(schemas: &Schemas, error: &ValidationError<'_>, at: &str) -> Vec<SchemaError> {
    let rule = Rule::find(schemas, error);
    let place = format!("{at}{}", error.instance_path().as_str());
    let name = last_name(&place);
    let instance = error.instance().as_ref();
    let new = |message: String| SchemaError {
        instance_path: place.clone(),
        message,
        schema_path: rule.location.clone(),
        keyword: error.kind().keyword().to_owned(),
        suggestion: None,
    };
    let told = match error.kind() {
        Kind::AdditionalProperties { unexpected } => {
            return unexpected
                .iter()
                .enumerate()
                .map(|(index, property)| unknown_property(schemas, &rule, &new(String::new()), property, index))
                .collect();
        }
        Kind::Required { property } => {
            let missing = property.as_str().unwrap_or_default();
            format!("{} lacks `{missing}`, which is required", rule.type_name)
        }
        Kind::Type { .. } => wrong_type(&name, rule.value["type"].as_str().unwrap_or("something else"), instance),
        Kind::Enum { options } => return vec![wrong_code(&name, options, instance, new(String::new()))],
        Kind::Constant { expected_value } => {
            format!("`{name}` must be `{}`, found {}", text(expected_value), shown(instance))
        }
        Kind::Pattern { .. } => wrong_format(&name, &rule.type_name, instance),
        Kind::OneOfMultipleValid { .. } => {
            format!(
                "only one form of `{}` may be there, found {}",
                rule.element,
                present(&rule, instance)
            )
        }
        Kind::OneOfNotValid { .. } => {
            format!(
                "{} lacks `{}`, which is required in one of its forms: {}",
                rule.type_name,
                rule.element,
                forms(&rule)
            )
        }
        Kind::AnyOf { .. } if rule.element.is_empty() => {
            format!(
                "no coding of `{name}` is from the value set {}, which is required",
                rule.value_set
            )
        }
        Kind::AnyOf { .. } => format!("{} lacks `{}`, which is required", rule.type_name, rule.element),
        Kind::MinItems { .. } => format!("`{name}` is an empty array: leave it out"),
        Kind::MinProperties { .. } => format!("`{name}` is an empty object: leave it out"),
        Kind::MinLength { .. } => format!("`{name}` is an empty string: leave it out"),
        Kind::MaxLength { limit } => format!("`{name}` is longer than {limit} characters"),
        Kind::Minimum { limit } => format!("`{name}` must be at least {limit}, found {}", shown(instance)),
        Kind::Maximum { limit } => format!("`{name}` must be at most {limit}, found {}", shown(instance)),
        _ => format!("`{name}` breaks the rule `{}`", error.kind().keyword()),
    };
    vec![new(told)]
}

/// Where a value breaks several rules, the first of these says it all.
const WEIGHT: [&str; 5] = ["type", "minLength", "enum", "const", "pattern"];

/// Puts errors into the order of their places and drops those that another one of the same place explains.
pub(super) fn tidy(mut errors: Vec<SchemaError>) -> Vec<SchemaError> {
    let weight = |error: &SchemaError| WEIGHT.iter().position(|keyword| *keyword == error.keyword);
    errors.sort_by(|a, b| {
        a.instance_path
            .cmp(&b.instance_path)
            .then_with(|| weight(a).cmp(&weight(b)))
    });
    let mut kept: Vec<SchemaError> = Vec::with_capacity(errors.len());
    for error in errors {
        let same_place = |other: &&SchemaError| other.instance_path == error.instance_path;
        let explained = kept.last().filter(same_place).is_some_and(|before| {
            weight(before).is_some() && weight(&error).is_some() || before.message == error.message
        });
        if !explained {
            kept.push(error);
        }
    }
    kept
}

/// The rule that an error comes from.
struct Rule {
    /// File and JSON Pointer of the keyword.
    location: String,
    /// The type, or group of elements, that the rule belongs to.
    type_name: String,
    /// The object that the keyword stands in.
    value: Value,
    element: String,
    value_set: String,
}

impl Rule {
    fn find(schemas: &Schemas, error: &ValidationError<'_>) -> Self {
        let full = error
            .absolute_keyword_location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let location = full
            .rsplit('/')
            .find_map(|_| full.split_once(".schema.json#"))
            .map_or_else(
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
        Self {
            type_name: group.unwrap_or(file).to_owned(),
            element: value["x-element"].as_str().unwrap_or_default().to_owned(),
            value_set: value["x-value-set"].as_str().unwrap_or_default().to_owned(),
            value,
            location,
        }
    }

    /// The properties that the schema of the type allows.
    fn properties(&self) -> impl Iterator<Item = &str> {
        self.value["properties"]
            .as_object()
            .into_iter()
            .flat_map(|all| all.keys())
            .map(String::as_str)
    }
}

fn unknown_property(schemas: &Schemas, rule: &Rule, around: &SchemaError, property: &str, index: usize) -> SchemaError {
    let mut place = around.instance_path.clone();
    structure::push(&mut place, property);
    let model = Model::for_release(schemas.release);
    let choice = model.elements(&rule.type_name).into_iter().find(|element| {
        let rest = property.strip_prefix(element.name);
        element.choice && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_uppercase))
    });
    // The type of a choice is half of its name: `valueFoo` is no misspelt `valueUri`.
    let least = if choice.is_some() { 0.8 } else { LEAST_LIKENESS };
    let near = (index < MOST_HINTS)
        .then(|| most_like(property, rule.properties(), least))
        .flatten();
    let suggestion = near.map(str::to_owned);
    let mut message = format!("`{property}` is no element of {}", rule.type_name);
    match (choice, &suggestion) {
        (_, Some(near)) => message.push_str(&format!("; did you mean `{near}`?")),
        (Some(element), None) => {
            let names: Vec<_> = element.property_names().collect();
            message.push_str(&format!(
                "; `{}[x]` is written with its type: {}",
                element.name,
                listed(&names)
            ));
        }
        (None, None) => {}
    }
    SchemaError {
        instance_path: place,
        message,
        suggestion,
        ..around.clone()
    }
}

fn wrong_code(name: &str, options: &Value, instance: &Value, mut error: SchemaError) -> SchemaError {
    let codes: Vec<&str> = options
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    error.suggestion = instance
        .as_str()
        .and_then(|found| nearest(found, codes.iter().copied()))
        .map(str::to_owned);
    let hint = match &error.suggestion {
        Some(near) if codes.len() > MOST_CODES => format!("; did you mean `{near}`?"),
        _ => String::new(),
    };
    error.message = if name == "resourceType" {
        format!("{} is no type of resource{hint}", shown(instance))
    } else {
        format!(
            "`{name}` must be one of {}, found {}{hint}",
            listed(&codes),
            shown(instance)
        )
    };
    error
}

fn wrong_type(name: &str, wanted: &str, found: &Value) -> String {
    match (wanted, found) {
        ("array", _) => format!("`{name}` must be an array, found {}: put it into [ ]", kind_of(found)),
        (_, Value::Array(_)) => format!("`{name}` must not be an array: it occurs at most once"),
        ("string", Value::Number(_) | Value::Bool(_)) => {
            format!("`{name}` must be a string, found {}: put it into quotes", shown(found))
        }
        ("integer", Value::Number(_)) => format!("`{name}` must be a whole number, found {}", shown(found)),
        ("boolean" | "number" | "integer", Value::String(_)) => {
            format!(
                "`{name}` must be a {}, found the string {}",
                plain(wanted),
                shown(found)
            )
        }
        _ => format!(
            "`{name}` must be {} {}, found {}",
            article(wanted),
            plain(wanted),
            kind_of(found)
        ),
    }
}

fn plain(wanted: &str) -> &str {
    match wanted {
        "boolean" => "Boolean (true or false)",
        "integer" => "whole number",
        _ => wanted,
    }
}

fn article(wanted: &str) -> &'static str {
    if wanted.starts_with(['a', 'o']) { "an" } else { "a" }
}

fn wrong_format(name: &str, type_name: &str, found: &Value) -> String {
    let wanted = match type_name {
        "date" => "YYYY, YYYY-MM or YYYY-MM-DD",
        "dateTime" => "YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with Z or an offset such as +01:00",
        "instant" => "YYYY-MM-DDThh:mm:ss, with a fraction of a second or without, and Z or an offset such as +01:00",
        "time" => "hh:mm:ss, with a fraction of a second or without",
        "id" => "1 to 64 letters, digits, `-` and `.`",
        "code" => "no white space at its ends, and no two white spaces in a row",
        "uri" | "url" | "canonical" => "no white space",
        "oid" => "urn:oid: and numbers with dots between them",
        "uuid" => "urn:uuid: and 8-4-4-4-12 lower-case hexadecimal digits",
        "base64Binary" => "base64",
        "xhtml" => "XHTML that begins with <div",
        _ => return format!("`{name}`: {} is no {type_name}", shown(found)),
    };
    format!("`{name}`: {} is no {type_name} ({wanted})", shown(found))
}

/// The properties of a choice that an instance has.
fn present(rule: &Rule, instance: &Value) -> String {
    let names: Vec<_> = form_names(rule)
        .into_iter()
        .filter(|name| instance.get(name).is_some())
        .collect();
    listed(&names)
}

fn forms(rule: &Rule) -> String {
    let names: Vec<_> = form_names(rule)
        .into_iter()
        .filter(|name| !name.starts_with('_'))
        .collect();
    listed(&names)
}

fn form_names(rule: &Rule) -> Vec<String> {
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
    collect(&rule.value, &mut names);
    names
}

fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let mut shown: Vec<_> = names
        .iter()
        .take(MOST_CODES)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    if names.len() > MOST_CODES {
        shown.push(format!("... ({} more)", names.len() - MOST_CODES));
    }
    shown.join(", ")
}

/// The name among some that is most like another one, if any is like it at all.
pub(in crate::fhir) fn nearest<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    most_like(name, among, LEAST_LIKENESS)
}

/// Names that are less alike than this (0 to 1) are not taken for each other.
const LEAST_LIKENESS: f64 = 0.6;

fn most_like<'a>(name: &str, among: impl Iterator<Item = &'a str>, least: f64) -> Option<&'a str> {
    if name.len() > 100 {
        return None;
    }
    let lower = name.to_lowercase();
    let mut best = (least, None);
    for candidate in among {
        let score = strsim::normalized_damerau_levenshtein(&lower, &candidate.to_lowercase());
        let wins = score > best.0 || score == best.0 && best.1.is_some_and(|before| candidate < before);
        if wins {
            best = (score, Some(candidate));
        }
    }
    best.1
}

/// The property that a place is about: the last step that is no index.
fn last_name(place: &str) -> String {
    let steps = place.rsplit('/').filter(|step| !step.is_empty());
    let named = steps
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .find(|step| step.parse::<usize>().is_err());
    named.unwrap_or_else(|| "the body".to_owned())
}

fn kind_of(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        _ => shown(value),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value as a message shows it: short.
fn shown(value: &Value) -> String {
    let text = text(value);
    let short: String = text.chars().take(60).collect();
    let cut = if short.len() < text.len() { "..." } else { "" };
    format!("`{short}{cut}`")
}
