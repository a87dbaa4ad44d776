//! What should probably stand there instead: the nearest name or code, a date as FHIR writes it, quotes that are missing.

use regex::Regex;
use serde_json::Value;

use crate::fhir::mend::Mend;

/// Names that are less alike than this (0 to 1) are not taken for each other.
const LEAST_LIKENESS: f64 = 0.6;

/// The name among some that is most like another one, if any is like it at all.
pub(in crate::fhir) fn nearest<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    most_like(name, among, LEAST_LIKENESS)
}

/// The property that was probably meant. The type of a choice is half of its name: `valueFoo` is no misspelt `valueUri`.
pub(super) fn nearest_property<'a>(
    name: &str,
    among: impl Iterator<Item = &'a str>,
    is_choice: bool,
) -> Option<&'a str> {
    most_like(name, among, if is_choice { 0.8 } else { LEAST_LIKENESS })
}

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

/// A value of another JSON type, written as the one that is wanted; `None` where it says something else.
pub(super) fn as_type(wanted: &str, found: &Value) -> Option<Mend> {
    let replacement = match (wanted, found) {
        ("array", Value::Array(_)) => return None,
        ("array", Value::Object(_)) => return Some(Mend::told("put it into [ ]")),
        ("array", value) => Value::Array(vec![value.clone()]),
        (_, Value::Array(items)) => match items.as_slice() {
            [one @ (Value::String(_) | Value::Bool(_) | Value::Number(_))] => one.clone(),
            [_] => return Some(Mend::told("take the [ ] away")),
            _ => return Some(Mend::told("keep one of them, without [ ]")),
        },
        ("string", Value::Number(_) | Value::Bool(_)) => Value::String(found.to_string()),
        ("boolean", Value::String(text)) => match text.trim() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => return Some(Mend::told("write true or false, without quotes")),
        },
        ("integer" | "number", Value::String(text)) => {
            let number: Value = serde_json::from_str(text.trim()).ok()?;
            let is_whole = || !number.to_string().contains(['.', 'e', 'E']);
            (number.is_number() && (wanted == "number" || is_whole())).then_some(number)?
        }
        ("integer", Value::Number(number)) => {
            let text = number.to_string();
            let whole = text
                .split_once('.')
                .filter(|(_, zeros)| zeros.bytes().all(|byte| byte == b'0'))?;
            serde_json::from_str(whole.0).ok()?
        }
        _ => return None,
    };
    Some(Mend::with(replacement))
}

/// A primitive as its type writes it, where what it means is plain. `pattern` has the last word.
pub(super) fn as_format(type_name: &str, found: &Value, pattern: &str) -> Option<Mend> {
    let text = found.as_str().filter(|text| text.len() <= 100)?;
    let plain = text.trim();
    let candidate = match type_name {
        "date" => date(plain),
        "dateTime" | "instant" => date_time(plain),
        "time" => clock(plain).map(|(time, _)| time),
        "code" => Some(plain.split_whitespace().collect::<Vec<_>>().join(" ")),
        "uri" | "url" | "canonical" | "id" | "decimal" => Some(plain.to_owned()),
        "oid" => Some(format!("urn:oid:{}", plain.trim_start_matches("urn:oid:"))),
        "uuid" => {
            let lower = plain.to_ascii_lowercase();
            Some(format!("urn:uuid:{}", lower.trim_start_matches("urn:uuid:")))
        }
        _ => None,
    }?;
    let is_right = !candidate.is_empty()
        && candidate != text
        && Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(&candidate));
    is_right.then(|| Mend::with(candidate))
}

/// `2020/1/2`, `20200102` and `2020-01-02T10:00:00Z` as a date. What begins with a day or a month is not guessed.
fn date(text: &str) -> Option<String> {
    let text = text.split(['T', 't', ' ']).next().unwrap_or(text);
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]));
    }
    let mut parts = text.split(['-', '/', '.']);
    let year = parts.next().filter(|year| year.len() == 4)?;
    let mut made = year.to_owned();
    for part in parts {
        made.push_str(&format!("-{part:0>2}"));
    }
    Some(made)
}

fn date_time(text: &str) -> Option<String> {
    let Some((day, rest)) = text.split_once(['T', 't', ' ']) else {
        return date(text);
    };
    let (time, zone) = clock(rest.trim())?;
    Some(format!(
        "{}T{time}{}",
        date(day)?,
        zone.unwrap_or_else(|| "Z".to_owned())
    ))
}

/// A time with its seconds, and its offset where it has one.
fn clock(text: &str) -> Option<(String, Option<String>)> {
    let split = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (time, zone) = text.split_at_checked(split)?;
    let mut parts: Vec<String> = time.trim().split(':').map(|part| format!("{part:0>2}")).collect();
    if parts.len() == 2 {
        parts.push("00".to_owned());
    }
    let zone = match zone {
        "" => None,
        "Z" | "z" => Some("Z".to_owned()),
        zone => {
            let digits: String = zone[1..].chars().filter(char::is_ascii_digit).collect();
            let digits = if digits.len() <= 2 {
                format!("{digits:0>2}00")
            } else {
                format!("{digits:0>4}")
            };
            Some(format!("{}{}:{}", &zone[..1], &digits[..2], &digits[2..]))
        }
    };
    Some((parts.join(":"), zone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::FhirVersion;
    use crate::fhir::schema::Schemas;
    use proptest::prelude::*;
    use serde_json::json;

    fn mended(type_name: &str, text: &str) -> Option<Value> {
        let schema = Schemas::for_release(FhirVersion::R4).document(type_name).unwrap();
        let mend = as_format(type_name, &json!(text), schema["pattern"].as_str().unwrap())?;
        mend.replacement
    }

    #[test]
    fn dates_are_written_as_fhir_writes_them() {
        let cases = [
            ("date", "2020/1/2", Some("2020-01-02")),
            ("date", "20200102", Some("2020-01-02")),
            ("date", "2020-01-02T10:00:00Z", Some("2020-01-02")),
            ("date", "1.2.2020", None),
            ("date", "2020-13-01", None),
            ("date", "yesterday", None),
            ("dateTime", "2020-01-02 10:00", Some("2020-01-02T10:00:00Z")),
            ("dateTime", "2020-01-02T10:00:00", Some("2020-01-02T10:00:00Z")),
            (
                "dateTime",
                "2020-01-02T10:00:00+0100",
                Some("2020-01-02T10:00:00+01:00"),
            ),
            ("instant", "2020-01-02", None),
            ("time", "9:30", Some("09:30:00")),
            ("code", " a  b", Some("a b")),
            (
                "uuid",
                "C757873D-EC9A-4326-A141-556F43239520",
                Some("urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
            ),
            ("oid", "1.2.3", Some("urn:oid:1.2.3")),
            ("uri", " http://example.org ", Some("http://example.org")),
        ];
        for (type_name, text, wanted) in cases {
            assert_eq!(mended(type_name, text), wanted.map(Value::from), "{type_name} {text}");
        }
    }

    proptest! {
        /// No text makes a mend panic, and what it gives is of the type.
        #[test]
        fn what_is_written_instead_is_valid(text in "[0-9TZtz:/.+\\- ä]{0,30}", type_name in "date|dateTime|instant|time|code|uri|oid|uuid") {
            if let Some(mended) = mended(&type_name, &text) {
                let schemas = Schemas::for_release(FhirVersion::R4);
                prop_assert_eq!(schemas.validate(&type_name, &mended).unwrap(), vec![]);
            }
        }
    }
}
