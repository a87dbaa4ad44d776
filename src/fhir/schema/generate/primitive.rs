//! JSON Schemas of the primitive types.

use serde_json::{Map, Value, json};

use super::definitions::Shape;

/// The longest string FHIR allows, in characters (`datatypes.html#string`).
const LONGEST_STRING: u64 = 1024 * 1024;

/// The rules of a primitive's value: its JSON type, its format and its range.
pub(super) fn rules(shape: &Shape) -> Map<String, Value> {
    // JSON Schema takes 1.0 and 1e2 for whole numbers; FHIR wants digits only (`datatypes.html#integer`).
    let bounds = |least: i64| json!({"type": "integer", "x-digits": true, "minimum": least, "maximum": i32::MAX});
    let rules = match shape.path.as_str() {
        "boolean" => json!({"type": "boolean"}),
        // The format of numbers is that of JSON, which the parser has seen to.
        "decimal" => json!({"type": "number"}),
        "integer" => bounds(i64::from(i32::MIN)),
        "unsignedInt" => bounds(0),
        "positiveInt" => bounds(1),
        "string" | "markdown" => json!({"type": "string", "minLength": 1, "maxLength": LONGEST_STRING}),
        // What may be inside is more than a schema can say (`narrative.html#xhtml`).
        "xhtml" => json!({"type": "string", "pattern": r"^\s*<div[\s>/]"}),
        _ => json!({"type": "string", "minLength": 1}),
    };
    let Value::Object(mut rules) = rules else {
        unreachable!("every arm is an object")
    };
    let is_text = rules["type"] == "string";
    if let Some(regex) = shape.regex.as_deref().filter(|_| is_text).and_then(portable) {
        rules.insert("pattern".to_owned(), Value::from(format!("^(?:{regex})$")));
    }
    rules
}

/// A regular expression of FHIR for JSON Schema. In FHIR `\s` is XML's white space (space, tab, line breaks); in JSON
/// Schema it is Unicode's, which would refuse a no-break space in a name. `None` when any text will do.
fn portable(regex: &str) -> Option<String> {
    let anything = [r"[ \r\n\t\S]+", r"[\s\S]+", r"[\r\n\t\u0020-\uFFFF]*"];
    if anything.contains(&regex) {
        return None;
    }
    let classes = regex.replace(r"[^\s]", r"[^ \t\r\n]");
    Some(classes.replace(r"\S", r"[^ \t\r\n]").replace(r"\s", r"[ \t\r\n]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_that_of_xml() {
        assert_eq!(portable(r"\S*").as_deref(), Some(r"[^ \t\r\n]*"));
        assert_eq!(
            portable(r"[^\s]+(\s[^\s]+)*").as_deref(),
            Some(r"[^ \t\r\n]+([ \t\r\n][^ \t\r\n]+)*")
        );
        assert_eq!(portable(r"[ \r\n\t\S]+"), None);
    }
}
