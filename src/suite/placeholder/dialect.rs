//! HL7's dialect of placeholders (the test cases of the terminology ecosystem), put into ours.
//!
//! `docs/suite-format.md#placeholders` has the table. What depends on a mode of HL7's runner is optional here, since there
//! are no modes; `$external:N$` is any text, since there is no list of a server's own words.

use serde_json::{Map, Value, json};

use crate::fhir::FhirVersion;

/// Data in which every placeholder of HL7's dialect is one of ours. Data without any is as it was.
#[must_use]
pub fn ours(value: &Value, release: FhirVersion) -> Value {
    match value {
        Value::String(text) => text_of(text, release).unwrap_or_else(|| value.clone()),
        Value::Array(items) => items.iter().filter_map(|item| member(item, release)).collect(),
        Value::Object(_) => member(value, release).unwrap_or(Value::Null),
        _ => value.clone(),
    }
}

/// A value; `None` for one that must not be there in this release.
fn member(value: &Value, release: FhirVersion) -> Option<Value> {
    let Value::Object(members) = value else {
        return Some(ours(value, release));
    };
    let names = |key: &str| -> Vec<&str> {
        let listed = members.get(key).and_then(Value::as_array);
        listed.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let (optional, counted) = (names("$optional-properties$"), names("$count-arrays$"));
    if members.get("$only$").is_some_and(|filter| !passes(filter, release)) {
        return None;
    }
    let mut made = Map::new();
    for (name, member_value) in members {
        if name.starts_with('$') && name.ends_with('$') {
            continue;
        }
        let mut new = match member_value {
            Value::Array(items) if counted.contains(&name.as_str()) => json!({ "$count": items.len() }),
            member_value => match member(member_value, release) {
                Some(new) => new,
                None => continue,
            },
        };
        if optional.contains(&name.as_str()) || optional.contains(&"*") {
            new = json!({ "$optional": new });
        }
        made.insert(name.clone(), new);
    }
    let made = Value::Object(made);
    let is_optional = match members.get("$optional$") {
        Some(Value::Bool(is_optional)) => *is_optional,
        Some(filter) => filter != "true" && passes(filter, release),
        None => false,
    };
    Some(if is_optional {
        json!({ "$optional": made })
    } else {
        made
    })
}

/// Whether a filter lets an entry be left out. A mode that nobody is in, or whose absence nobody asked for, does.
fn passes(filter: &Value, release: FhirVersion) -> bool {
    match filter.as_str().and_then(|text| text.strip_prefix("version:")) {
        Some(version) => release.major_minor().starts_with(version) || version.starts_with(release.major_minor()),
        None => true,
    }
}

fn text_of(text: &str, release: FhirVersion) -> Option<Value> {
    let inside = text.strip_prefix('$').and_then(|rest| rest.strip_suffix('$'));
    let any = |kind: &str| Some(json!({ "$any": kind }));
    match inside {
        Some("") => return any("value"),
        Some("string") => return any("text"),
        Some("token") => return any("code"),
        Some("semver") => return any("version"),
        Some(kind @ ("id" | "uuid" | "url" | "date" | "instant")) => return any(kind),
        Some(inside) => {
            let listed = |rest: &str| -> Vec<Value> { rest.split('|').map(Value::from).collect() };
            if let Some(rest) = inside.strip_prefix("choice:") {
                return Some(json!({ "$one-of": listed(rest) }));
            }
            if let Some(rest) = inside.strip_prefix("fragments:") {
                return Some(json!({ "$includes": listed(rest) }));
            }
            if let Some(rest) = inside.strip_prefix("external:") {
                return match rest.split_once(':') {
                    Some((_, fragments)) => Some(json!({ "$includes": listed(fragments) })),
                    None => any("text"),
                };
            }
        }
        None => {}
    }
    version(text, release)
}

/// `$version$` is the number of the release under test, with its patch or without.
fn version(text: &str, release: FhirVersion) -> Option<Value> {
    if !text.contains("$version$") {
        return None;
    }
    let numbers: &[&str] = match release {
        FhirVersion::Dstu2 => &["1.0.2", "1.0"],
        FhirVersion::R4 => &["4.0.1", "4.0"],
        FhirVersion::R4B => &["4.3.0", "4.3"],
        FhirVersion::R5 => &["5.0.0", "5.0"],
        FhirVersion::R6 => &["6.0.0", "6.0", "6.0.0-ballot2", "6.0.0-ballot3"],
    };
    let filled = numbers
        .iter()
        .map(|number| Value::from(text.replace("$version$", number)));
    Some(json!({ "$one-of": filled.collect::<Vec<_>>() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_of_hl7_is_one_of_ours() {
        let cases = [
            (json!("$$"), json!({ "$any": "value" })),
            (json!("$id$"), json!({ "$any": "id" })),
            (json!("$uuid$"), json!({ "$any": "uuid" })),
            (json!("$instant$"), json!({ "$any": "instant" })),
            (json!("$date$"), json!({ "$any": "date" })),
            (json!("$url$"), json!({ "$any": "url" })),
            (json!("$string$"), json!({ "$any": "text" })),
            (json!("$token$"), json!({ "$any": "code" })),
            (json!("$semver$"), json!({ "$any": "version" })),
            (json!("$choice:a|b$"), json!({ "$one-of": ["a", "b"] })),
            (json!("$fragments:a|b$"), json!({ "$includes": ["a", "b"] })),
            (json!("$external:12$"), json!({ "$any": "text" })),
            (json!("$external:12:a|b$"), json!({ "$includes": ["a", "b"] })),
            (json!("$version$"), json!({ "$one-of": ["5.0.0", "5.0"] })),
            (json!("x|$version$"), json!({ "$one-of": ["x|5.0.0", "x|5.0"] })),
            (json!("US$ 5"), json!("US$ 5")),
            (
                json!({ "$optional-properties$": ["b"], "$count-arrays$": ["c"], "a": 1, "b": 2, "c": [1, 2] }),
                json!({ "a": 1, "b": { "$optional": 2 }, "c": { "$count": 2 } }),
            ),
            (
                json!([{ "$optional$": true, "a": "$id$" }, { "$optional$": "!tx.fhir.org", "a": 1 }, { "$optional$": "version:4", "a": 2 }]),
                json!([{ "$optional": { "a": { "$any": "id" } } }, { "$optional": { "a": 1 } }, { "a": 2 }]),
            ),
            (
                json!([{ "$only$": "version:4", "a": 1 }, { "$only$": "version:5", "a": 2 }]),
                json!([{ "a": 2 }]),
            ),
        ];
        for (theirs, wanted) in cases {
            assert_eq!(ours(&theirs, FhirVersion::R5), wanted, "{theirs}");
        }
    }
}
