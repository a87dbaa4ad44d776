//! What a regular expression cannot say of a primitive: days that no calendar has, signs that no text may hold.

use serde_json::Value;

use super::violation::RuleKind;
use super::walk::Walk;
use crate::fhir::time::parse_partial;

const DATES: &str = "https://hl7.org/fhir/datatypes.html#date";
const STRINGS: &str = "https://hl7.org/fhir/datatypes.html#string";

/// Judges the value of a primitive. What its schema says is not said again.
pub(super) fn judge(walk: &mut Walk<'_>, type_name: &str, value: &Value) {
    match (type_name, value) {
        ("date" | "dateTime" | "instant", Value::String(text)) if !is_a_day(text) => {
            let message = format!("there is no {} in the calendar", text.get(..10).unwrap_or(text));
            walk.report(RuleKind::Format, DATES, message, Some(text.clone()));
        }
        ("date" | "dateTime" | "instant" | "base64Binary", _) => {}
        (_, Value::String(text)) => {
            if let Some(sign) = text
                .bytes()
                .find(|byte| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r'))
            {
                let message = format!("a {type_name} must not hold the control character U+{sign:04X}");
                walk.report(RuleKind::Encoding, STRINGS, message, None);
            }
        }
        _ => {}
    }
}

/// Whether a date that has the right form is one; of another form, its schema speaks.
fn is_a_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_day = bytes.len() >= 10
        && bytes[..10].iter().enumerate().all(|(at, byte)| {
            if matches!(at, 4 | 7) {
                *byte == b'-'
            } else {
                byte.is_ascii_digit()
            }
        });
    let day = match has_day {
        true => text.get(..10),
        false => None,
    };
    // Months and days beyond 12 and 31 break the regular expression already.
    let plausible = |day: &str| day[5..7] <= *"12" && day[8..10] <= *"31" && day[5..7] != *"00" && day[8..10] != *"00";
    day.is_none_or(|day| !plausible(day) || day.starts_with("0000") || parse_partial(day).is_some())
}
