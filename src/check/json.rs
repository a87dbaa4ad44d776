//! JSON as servers send it: read once, with every key that is given twice.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

/// The name under which `serde_json` hands over a number whose digits are kept.
const NUMBER: &str = "$serde_json::private::Number";

/// For how many members an object has room from the beginning.
const USUAL_MEMBERS: usize = 7;

/// A JSON text that was read.
#[derive(Debug)]
pub(super) struct Json {
    /// Its value; where a key is given twice, the last one counts.
    pub value: Value,
    /// Keys that are given more than once in one object, each once.
    pub repeated: Vec<String>,
}

/// Reads a JSON text. Nesting beyond 128 levels is an error.
///
/// # Errors
/// Why the text is no JSON, in a phrase that follows "the body is no JSON: ".
pub(super) fn parse(text: &str) -> Result<Json, String> {
    let repeated = RefCell::new(Vec::new());
    // RFC 8259 lets a reader pass over a byte order mark.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Node { repeated: &repeated }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| reason(&error))?;
    let repeated = repeated.into_inner();
    Ok(Json { value, repeated })
}

/// Why a text is no JSON, in the words of a person.
fn reason(error: &serde_json::Error) -> String {
    let place = format!("line {}, column {}", error.line(), error.column());
    if error.is_eof() {
        return format!("it ends too early, at {place}");
    }
    let text = error.to_string();
    if text.starts_with("recursion limit") {
        return format!("it is nested deeper than 128 levels, at {place}");
    }
    let what = text.split(" at line ").next().unwrap_or(&text);
    format!("{what}, at {place}")
}

#[derive(Clone, Copy)]
struct Node<'a> {
    repeated: &'a RefCell<Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        // Most objects of FHIR have a handful of members: with room for them nothing is hashed or moved again.
        let mut object = Map::with_capacity(USUAL_MEMBERS);
        while let Some(name) = members.next_key::<String>()? {
            if name == NUMBER && object.is_empty() {
                let digits: String = members.next_value()?;
                return digits.parse::<Number>().map(Value::Number).map_err(A::Error::custom);
            }
            let member = members.next_value_seed(self)?;
            match object.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(member);
                }
                Entry::Occupied(mut entry) => {
                    let mut repeated = self.repeated.borrow_mut();
                    if repeated.len() < 20 && !repeated.contains(entry.key()) {
                        repeated.push(entry.key().clone());
                    }
                    entry.insert(member);
                }
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_and_order_are_kept() {
        let text = r#"{"b":[1.00,-0,1e3,123456789012345678901234567890],"a":{"x":null,"y":true}}"#;
        let json = parse(text).unwrap();
        assert_eq!(json.value.to_string(), text.replace("1e3", "1e+3"));
        assert!(json.repeated.is_empty());
    }

    #[test]
    fn keys_given_twice_are_told_once() {
        let json = parse(r#"{"id":"1","name":[{"use":"a","use":"b","use":"c"}],"id":"2"}"#).unwrap();
        assert_eq!(json.repeated, ["use", "id"]);
        assert_eq!(json.value["id"], "2");
    }

    #[test]
    fn faults_are_told_in_words() {
        let told: Vec<String> = [
            "",
            "{\"a\":",
            "{\"a\" 1}",
            "<html>",
            "{} {}",
            "{\"$serde_json::private::Number\": {}}",
            &"[".repeat(5000),
        ]
        .iter()
        .map(|text| parse(text).unwrap_err())
        .collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn what_serde_reads_is_read_the_same(text in r#"[\[\]{}":,0-9a-z.eE+\- ]{0,40}"#) {
            match serde_json::from_str::<Value>(&text) {
                Ok(value) => prop_assert_eq!(parse(&text).unwrap().value, value),
                Err(_) => prop_assert!(parse(&text).is_err()),
            }
        }
    }
}
