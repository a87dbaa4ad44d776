//! YAML values as JSON data, by the core schema of YAML 1.2 (`yaml.org/spec/1.2.2/#103-core-schema`).

use serde_json::{Map, Number, Value};

use super::reader::Reader;
use super::yaml::{Kind, Node, Style};

/// What an unquoted text is in data.
#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    /// JSON has it.
    Value(Value),
    /// A number that JSON cannot write (`.inf`), or that probably is meant as text (`007`).
    Doubtful,
}

/// Resolves an unquoted text.
pub fn plain(text: &str) -> Plain {
    let value = match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Plain::Doubtful,
        _ => return number(text),
    };
    Plain::Value(value)
}

fn number(text: &str) -> Plain {
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.'));
    let as_text = || Plain::Value(Value::String(text.to_owned()));
    if !is_number {
        return as_text();
    }
    // Most are written as JSON writes them, and keep all their digits.
    if let Some(number) = json_number(text) {
        return Plain::Value(Value::Number(number));
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Plain::Doubtful;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && !digits.is_empty()
            && digits.chars().all(|digit| digit.is_digit(radix))
        {
            return u64::from_str_radix(digits, radix)
                .map_or(Plain::Doubtful, |number| Plain::Value(Value::Number(number.into())));
        }
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_digits = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
    let exponent_holds = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    if !(has_digits && digits(whole) && fraction.is_none_or(digits) && exponent_holds) {
        return as_text();
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return Plain::Doubtful;
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    let mut written = format!("{sign}{whole}");
    if let Some(fraction) = fraction.filter(|fraction| !fraction.is_empty()) {
        written.push('.');
        written.push_str(fraction);
    }
    if let Some(exponent) = exponent {
        written.push('e');
        written.push_str(exponent);
    }
    json_number(&written).map_or_else(as_text, |number| Plain::Value(Value::Number(number)))
}

/// A number with exactly these digits, where JSON can write it so.
fn json_number(text: &str) -> Option<Number> {
    text.parse().ok()
}

/// A YAML value as JSON data. What cannot be said in JSON is reported and becomes `null`.
pub fn data(reader: &mut Reader<'_>, node: &Node<'_>) -> Value {
    match &node.kind {
        Kind::Scalar(text, Style::Text) => text_value(reader, node, text),
        Kind::Scalar(text, Style::Plain) => match plain(text) {
            Plain::Value(Value::String(_)) => text_value(reader, node, text),
            Plain::Value(value) => value,
            Plain::Doubtful => {
                let message = format!("`{text}` is a number in YAML, but not as it is written");
                let help = format!("write '{text}' to mean a text");
                reader.error("doubtful-number", node.span, message, help);
                Value::Null
            }
        },
        Kind::List(items) => Value::Array(items.iter().map(|item| data(reader, item)).collect()),
        Kind::Map(entries) => {
            let mut members = Map::with_capacity(entries.len());
            for entry in entries {
                let value = data(reader, &entry.value);
                members.insert(entry.key.clone().into_owned(), value);
            }
            Value::Object(members)
        }
    }
}

fn text_value(reader: &mut Reader<'_>, node: &Node<'_>, text: &str) -> Value {
    if text.contains("${") {
        reader.check_template(node, text);
    }
    Value::String(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(text: &str) -> String {
        match plain(text) {
            Plain::Value(value) => value.to_string(),
            Plain::Doubtful => "doubtful".into(),
        }
    }

    #[test]
    fn the_core_schema_decides() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("null", json!(null)),
            ("True", json!(true)),
            ("yes", json!("yes")),
            ("on", json!("on")),
            ("12", json!(12)),
            ("-3", json!(-3)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("1970-03-30", json!("1970-03-30")),
            ("4.0.1", json!("4.0.1")),
            ("-", json!("-")),
            (".", json!(".")),
            ("1e", json!("1e")),
            ("+", json!("+")),
            ("0x", json!("0x")),
            ("1_000", json!("1_000")),
        ] {
            assert_eq!(plain(text), Plain::Value(value), "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        for (text, number) in [
            ("72.50", "72.50"),
            ("1.0", "1.0"),
            ("0.10e2", "0.10e2"),
            ("123456789012345678901234567890.10", "123456789012345678901234567890.10"),
            ("+1.50", "1.50"),
            (".5", "0.5"),
            ("-.50", "-0.50"),
            ("5.", "5"),
        ] {
            // The sign and the form of an exponent may change; digits may not.
            assert_eq!(written(text).replace("e+", "e"), number, "{text}");
        }
        for text in ["007", "-.inf", ".nan", "00", "0xFFFFFFFFFFFFFFFFFF"] {
            assert_eq!(plain(text), Plain::Doubtful, "{text}");
        }
    }
}
