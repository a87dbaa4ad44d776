//! What a broken rule says to a person: the smallest explanation, and what should probably stand there instead.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use super::rule::Rule;
use super::{SchemaError, Schemas, mend, structure};
use crate::fhir::mend::{Mend, short};
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
    let mut told = SchemaError {
        instance_path: place.clone(),
        message: String::new(),
        schema_path: rule.location.clone(),
        keyword: error.kind().keyword().to_owned(),
        element: rule.defined_at(),
        rule: String::new(),
        missing: None,
        found: found(instance),
        mend: None,
    };
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => {
            return unexpected
                .iter()
                .enumerate()
                .map(|(index, property)| unknown_property(schemas, &rule, &told, property, index, instance))
                .collect();
        }
        Kind::Required { property } => lacks(&rule, property.as_str().unwrap_or_default(), &mut told),
        Kind::Type { .. } => wrong_type(
            &name,
            rule.value["type"].as_str().unwrap_or("something else"),
            instance,
            &mut told,
        ),
        Kind::Enum { options } => wrong_code(&name, options, &rule, instance, &mut told),
        Kind::Constant { expected_value } => {
            told.message = format!("`{name}` must be `{}`, found {}", text(expected_value), shown(instance));
            told.rule = format!("the schema is that of {}", rule.type_name);
            told.mend = Some(Mend::with(Value::clone(expected_value)));
        }
        Kind::Pattern { .. } => wrong_format(&name, &rule, instance, &mut told),
        Kind::OneOfMultipleValid { .. } => {
            let names = present(&rule, instance);
            told.message = format!(
                "only one form of `{}` may be there, found {}",
                rule.element,
                listed(&names)
            );
            told.rule = "a choice has one type, and so one property".to_owned();
            told.found = Some(names.join(", "));
            told.mend = Some(Mend::told(format!("keep one of {}", listed(&names))));
        }
        Kind::OneOfNotValid { .. } => {
            let forms = listed(&forms(&rule));
            told.message = format!("{} lacks `{}`, which is required", rule.type_name, rule.element);
            told.rule = "1..1, in one of its forms".to_owned();
            told.mend = Some(Mend::told(format!("add one of {forms}")));
            told.found = None;
        }
        Kind::AnyOf { .. } if rule.element.is_empty() => {
            told.message = format!("no coding of `{name}` is from the value set that is required");
            told.rule = binding(&rule);
            told.mend = Some(Mend::told("add a coding from that value set"));
        }
        Kind::AnyOf { .. } => {
            let name = rule.element.clone();
            lacks(&rule, &name, &mut told);
        }
        Kind::MinItems { .. } => nothing_in(&name, "array", &mut told),
        Kind::MinProperties { .. } => nothing_in(&name, "object", &mut told),
        Kind::MinLength { .. } => nothing_in(&name, "string", &mut told),
        Kind::MaxLength { limit } => {
            told.message = format!("`{name}` is longer than {limit} characters");
            told.rule = format!("{} has at most {limit} characters", rule.type_name);
            told.mend = Some(Mend::told("shorten it"));
        }
        Kind::Minimum { limit } => {
            told.message = format!("`{name}` must be at least {limit}, found {}", shown(instance));
            told.rule = format!("{} is {limit} or more", rule.type_name);
            told.mend = Some(Mend::told(format!("write {limit} or more")));
        }
        Kind::Maximum { limit } => {
            told.message = format!("`{name}` must be at most {limit}, found {}", shown(instance));
            told.rule = format!("{} is {limit} or less", rule.type_name);
            told.mend = Some(Mend::told(format!("write {limit} or less")));
        }
        Kind::Custom { keyword, .. } if keyword == "x-digits" => {
            told.message = format!(
                "`{name}` must be a whole number written with digits only, found {}",
                shown(instance)
            );
            told.rule = "a whole number has no point and no exponent".to_owned();
            told.mend = mend::as_type("integer", instance).or_else(|| Some(Mend::told("write digits only")));
        }
        _ => {
            told.message = format!("`{name}` breaks the rule `{}`", error.kind().keyword());
            told.rule = format!("the keyword `{}` of the schema", error.kind().keyword());
        }
    }
    vec![told]
}

/// Something required is not there.
fn lacks(rule: &Rule, name: &str, told: &mut SchemaError) {
    told.message = format!("{} lacks `{name}`, which is required", rule.type_name);
    told.element = format!("{}.{name}", rule.type_name);
    told.rule = rule.cardinality(name);
    told.found = None;
    told.missing = Some(name.to_owned());
    let codes = rule.codes_of(name);
    let only = rule.value["properties"][name]["const"].as_str();
    told.mend = Some(Mend::told(match (codes.as_slice(), only) {
        ([], None) => format!("add `{name}`"),
        ([], Some(only)) => format!("add `{name}`: `{only}`"),
        _ if name == "resourceType" => "add `resourceType`, the name of its type".to_owned(),
        (codes, _) => format!("add `{name}`: one of {}", listed(codes)),
    }));
    if told.rule.starts_with('0') {
        // A required primitive may be an extension alone, which only another rule of the schema says.
        told.rule.replace_range(0..1, "1");
    }
}

/// An array, object or string is empty.
fn nothing_in(name: &str, kind: &str, told: &mut SchemaError) {
    let article = article(kind);
    told.message = format!("`{name}` is {article} empty {kind}").replace("a empty", "an empty");
    told.rule = "what has no content is left out (json.html)".to_owned();
    told.found = None;
    told.mend = Some(Mend::told(format!("leave `{name}` out")));
}

fn binding(rule: &Rule) -> String {
    match rule.value_set.as_str() {
        "" => "a code that the specification lists".to_owned(),
        value_set => format!("a code of {value_set} (required)"),
    }
}

/// Where a value breaks several rules, the first of these says it all.
const WEIGHT: [&str; 6] = ["type", "x-digits", "minLength", "enum", "const", "pattern"];

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

fn unknown_property(
    schemas: &Schemas,
    rule: &Rule,
    around: &SchemaError,
    property: &str,
    index: usize,
    instance: &Value,
) -> SchemaError {
    let mut told = SchemaError {
        message: format!("`{property}` is no element of {}", rule.type_name),
        rule: format!("{} has no such element in {}", rule.type_name, schemas.release),
        found: instance.get(property).and_then(found),
        ..around.clone()
    };
    structure::push(&mut told.instance_path, property);
    let model = Model::for_release(schemas.release);
    let choice = model.elements(&rule.type_name).into_iter().find(|element| {
        let rest = property.strip_prefix(element.name);
        element.choice && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_uppercase))
    });
    // What is there already was not meant once more, nor its companion where a value stands.
    let is_free = |name: &&str| instance.get(*name).is_none() && name.starts_with('_') == property.starts_with('_');
    let free = rule.properties().filter(is_free);
    let near = (index < MOST_HINTS)
        .then(|| mend::nearest_property(property, free, choice.is_some()))
        .flatten();
    told.mend = Some(match (choice, near) {
        (_, Some(near)) => Mend::with(near),
        (Some(element), None) => {
            let names: Vec<_> = element.property_names().collect();
            told.rule = format!("`{}[x]` is written with its type", element.name);
            Mend::told(format!("write {}", listed(&names)))
        }
        (None, None) => Mend::told("take it away, or send it as an extension"),
    });
    told
}

fn wrong_code(name: &str, options: &Value, rule: &Rule, instance: &Value, told: &mut SchemaError) {
    let codes: Vec<&str> = options
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let near = instance
        .as_str()
        .and_then(|found| mend::nearest(found, codes.iter().copied()));
    told.mend = near.map(Mend::with);
    if name == "resourceType" {
        told.message = format!("{} is no type of resource", shown(instance));
        told.rule = "one of the resource types of the release".to_owned();
    } else {
        told.message = format!("`{name}` must be one of {}, found {}", listed(&codes), shown(instance));
        told.rule = binding(rule);
    }
    let way_out = match name {
        "resourceType" => "write the name of a resource type",
        _ => "write one of the codes",
    };
    told.mend.get_or_insert_with(|| Mend::told(way_out));
}

fn wrong_type(name: &str, wanted: &str, instance: &Value, told: &mut SchemaError) {
    told.mend = match instance {
        Value::Null => Some(Mend::told(format!("leave `{name}` out"))),
        _ => mend::as_type(wanted, instance),
    };
    told.message = match (wanted, instance) {
        ("array", _) => format!("`{name}` must be an array, found {}", kind_of(instance)),
        (_, Value::Array(_)) => format!("`{name}` must not be an array"),
        ("string", Value::Number(_) | Value::Bool(_)) => {
            format!("`{name}` must be a string, found {} without quotes", shown(instance))
        }
        ("integer", Value::Number(_)) => format!("`{name}` must be a whole number, found {}", shown(instance)),
        ("boolean" | "number" | "integer", Value::String(_)) => {
            format!(
                "`{name}` must be a {}, found the string {}",
                plain(wanted),
                shown(instance)
            )
        }
        _ => format!(
            "`{name}` must be {} {}, found {}",
            article(wanted),
            plain(wanted),
            kind_of(instance)
        ),
    };
    told.rule = match (wanted, instance) {
        ("array", _) => "it may occur more than once, so JSON writes an array".to_owned(),
        (_, Value::Array(_)) => "it occurs at most once".to_owned(),
        _ => format!("JSON writes it as {} {}", article(wanted), plain(wanted)),
    };
    if told.mend.is_none() {
        told.mend = Some(Mend::told(format!("write {} {}", article(wanted), plain(wanted))));
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

fn wrong_format(name: &str, rule: &Rule, instance: &Value, told: &mut SchemaError) {
    let type_name = rule.type_name.as_str();
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
        "string" | "markdown" => "text that is more than white space",
        _ => "the pattern of the type",
    };
    told.message = format!("`{name}`: {} is no {type_name}", shown(instance));
    told.rule = format!("{type_name}: {wanted}");
    let pattern = rule.value["pattern"].as_str().unwrap_or_default();
    let way_out = match type_name {
        "uri" | "url" | "canonical" => "write each space as %20, or take it away".to_owned(),
        "string" | "markdown" => "write a text, or leave it out".to_owned(),
        _ => format!("write {wanted}"),
    };
    told.mend = mend::as_format(type_name, instance, pattern).or_else(|| Some(Mend::told(way_out)));
}

/// The properties of a choice that an instance has.
fn present(rule: &Rule, instance: &Value) -> Vec<String> {
    let mut names = rule.form_names();
    names.retain(|name| instance.get(name).is_some());
    names
}

fn forms(rule: &Rule) -> Vec<String> {
    let mut names = rule.form_names();
    names.retain(|name| !name.starts_with('_'));
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
    format!("`{}`", short(&text(value)))
}

/// What stands there, as JSON; nothing for what has no value of its own.
fn found(value: &Value) -> Option<String> {
    match value {
        Value::Object(_) | Value::Array(_) => None,
        _ => Some(short(&value.to_string())),
    }
}
