//! Placeholders: what an expected body says of a value that nobody knows before.
//!
//! A placeholder is a mapping with one key that begins with `$`, which no element of FHIR does: `{ $any: id }`.
//! HL7's own dialect (`$id$`) is put into ours by [`dialect`].

pub mod dialect;

use std::fmt;

use serde_json::{Map, Value};

use crate::fhir::FhirVersion;
use crate::fhir::schema::Schemas;

/// A value that nobody knows before.
#[derive(Clone, Debug, PartialEq)]
pub enum Placeholder<'a> {
    /// `{ $any: id }`: any value of a kind.
    Any(Kind),
    /// `{ $one-of: [a, b] }`: equal to one of these.
    OneOf(&'a [Value]),
    /// `{ $includes: [a, b] }`: a text that holds all of these, without case.
    Includes(Vec<&'a str>),
    /// `{ $count: 2 }`: an array of so many items.
    Count(usize),
    /// `{ $optional: x }`: not there, or like that.
    Optional(&'a Value),
}

/// Kinds of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whatever it is.
    Value,
    /// A string without white space at its ends.
    Text,
    /// A logical id.
    Id,
    /// A UUID, with `urn:uuid:` before it or without.
    Uuid,
    /// An instant.
    Instant,
    /// A date, with a time or without.
    Date,
    /// An absolute URL or URN.
    Url,
    /// A code: no white space at its ends, and none twice.
    Code,
    /// A version such as `1.2.0`.
    Version,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Value,
        Self::Text,
        Self::Id,
        Self::Uuid,
        Self::Instant,
        Self::Date,
        Self::Url,
        Self::Code,
        Self::Version,
    ];

    /// As it is written: `id`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Text => "text",
            Self::Id => "id",
            Self::Uuid => "uuid",
            Self::Instant => "instant",
            Self::Date => "date",
            Self::Url => "url",
            Self::Code => "code",
            Self::Version => "version",
        }
    }

    /// Whether a value is of this kind.
    #[must_use]
    pub fn is(self, value: &Value) -> bool {
        if self == Self::Value {
            return true;
        }
        let Some(text) = value.as_str() else { return false };
        let is_a = |type_name: &str| {
            let errors = Schemas::for_release(FhirVersion::R4).validate(type_name, value);
            errors.is_ok_and(|errors| errors.is_empty())
        };
        match self {
            Self::Value => true,
            Self::Text => !text.is_empty() && text.trim() == text,
            Self::Id => is_a("id"),
            Self::Uuid => uuid::Uuid::try_parse(text.strip_prefix("urn:uuid:").unwrap_or(text)).is_ok(),
            Self::Instant => is_a("instant"),
            Self::Date => is_a("date") || is_a("dateTime"),
            Self::Url => is_a("uri") && url::Url::parse(text).is_ok(),
            Self::Code => is_a("code"),
            Self::Version => {
                let core = text.split(['-', '+']).next().unwrap_or_default();
                let numbers: Vec<&str> = core.split('.').collect();
                let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
                (2..=3).contains(&numbers.len()) && numbers.iter().all(is_number)
            }
        }
    }
}

/// The keys of placeholders.
pub const KEYS: [&str; 5] = ["$any", "$one-of", "$includes", "$count", "$optional"];

/// Why a mapping that looks like a placeholder is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: String,
}

impl<'a> Placeholder<'a> {
    /// The placeholder that a value is; `None` where it is plain data.
    ///
    /// # Errors
    /// Where a key begins with `$` and the mapping is no placeholder.
    pub fn of(value: &'a Value) -> Option<Result<Self, Fault>> {
        let members = value.as_object()?;
        let name = members.keys().find(|name| name.starts_with('$'))?;
        Some(Self::parse(members, name))
    }

    fn parse(members: &'a Map<String, Value>, name: &str) -> Result<Self, Fault> {
        let fault = |message: String, help: &str| Fault {
            message,
            help: help.to_owned(),
        };
        if !KEYS.contains(&name) {
            let near = super::parse::nearest(name, KEYS.into_iter());
            let help = near.map_or_else(
                || format!("placeholders are {}", KEYS.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(fault(format!("`{name}` is no placeholder"), &help));
        }
        if members.len() > 1 {
            let message = format!("`{name}` stands alone in its mapping");
            return Err(fault(
                message,
                "write the other properties elsewhere, or inside of `$optional`",
            ));
        }
        let inside = &members[name];
        match (name, inside) {
            ("$optional", inside) => Ok(Self::Optional(inside)),
            ("$one-of", Value::Array(items)) if !items.is_empty() => Ok(Self::OneOf(items)),
            ("$one-of", _) => Err(fault(
                "`$one-of` holds a list of values".to_owned(),
                "write `{ $one-of: [a, b] }`",
            )),
            ("$count", inside) => inside
                .as_u64()
                .and_then(|count| usize::try_from(count).ok())
                .map_or_else(
                    || {
                        Err(fault(
                            "`$count` holds a whole number".to_owned(),
                            "write `{ $count: 2 }`",
                        ))
                    },
                    |count| Ok(Self::Count(count)),
                ),
            ("$includes", Value::Array(items)) if !items.is_empty() && items.iter().all(Value::is_string) => {
                Ok(Self::Includes(items.iter().filter_map(Value::as_str).collect()))
            }
            ("$includes", Value::String(text)) => Ok(Self::Includes(vec![text])),
            ("$includes", _) => Err(fault(
                "`$includes` holds a text, or a list of them".to_owned(),
                "write `{ $includes: [unknown, code] }`",
            )),
            (_, kind) => {
                let known = Kind::ALL.into_iter().find(|known| kind == known.name());
                known.map(Self::Any).ok_or_else(|| {
                    let names = Kind::ALL.map(Kind::name);
                    let near = kind
                        .as_str()
                        .and_then(|kind| super::parse::nearest(kind, names.into_iter()));
                    let help = near.map_or_else(
                        || format!("kinds are {}", names.join(", ")),
                        |near| format!("did you mean `{near}`?"),
                    );
                    let shown = kind.as_str().map_or_else(|| kind.to_string(), str::to_owned);
                    fault(format!("`{shown}` is no kind of value"), &help)
                })
            }
        }
    }
}

impl fmt::Display for Placeholder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |items: Vec<String>| items.join(" or ");
        match self {
            Self::Any(kind) => write!(f, "any {}", kind.name()),
            Self::OneOf(items) => f.write_str(&list(items.iter().map(Value::to_string).collect())),
            Self::Includes(parts) => write!(f, "a text with {}", parts.join(" and ")),
            Self::Count(1) => f.write_str("an array of 1 item"),
            Self::Count(count) => write!(f, "an array of {count} items"),
            Self::Optional(inside) => write!(f, "nothing or {inside}"),
        }
    }
}

/// Every fault in the placeholders of data.
pub fn faults(value: &Value, see: &mut dyn FnMut(Fault)) {
    match Placeholder::of(value) {
        Some(Err(fault)) => see(fault),
        Some(Ok(Placeholder::Optional(inside))) => faults(inside, see),
        Some(Ok(_)) => {}
        None => match value {
            Value::Array(items) => items.iter().for_each(|item| faults(item, see)),
            Value::Object(members) => members.values().for_each(|member| faults(member, see)),
            _ => {}
        },
    }
}

/// Whether there is a placeholder, or something that looks like one, in data.
#[must_use]
pub fn is_in(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(is_in),
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| name.starts_with('$') || is_in(member)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_are_told_apart() {
        let yes = [
            (Kind::Value, json!({})),
            (Kind::Text, json!("a b")),
            (Kind::Id, json!("a-1")),
            (Kind::Uuid, json!("urn:uuid:c757873d-ec9a-4326-a141-556f43239520")),
            (Kind::Uuid, json!("C757873D-EC9A-4326-A141-556F43239520")),
            (Kind::Instant, json!("2020-01-02T10:00:00.5Z")),
            (Kind::Date, json!("2020-01")),
            (Kind::Date, json!("2020-01-02T10:00:00+01:00")),
            (Kind::Url, json!("urn:oid:1.2")),
            (Kind::Code, json!("in-progress")),
            (Kind::Version, json!("1.2.0-ballot")),
        ];
        let no = [
            (Kind::Text, json!(1)),
            (Kind::Text, json!(" a")),
            (Kind::Id, json!("a_1")),
            (Kind::Uuid, json!("1")),
            (Kind::Instant, json!("2020-01-02")),
            (Kind::Date, json!("yesterday")),
            (Kind::Url, json!("Patient/1")),
            (Kind::Code, json!("a  b")),
            (Kind::Version, json!("1")),
            (Kind::Version, json!("latest.1")),
        ];
        for (kind, value) in yes {
            assert!(kind.is(&value), "{kind:?} {value}");
        }
        for (kind, value) in no {
            assert!(!kind.is(&value), "{kind:?} {value}");
        }
    }

    #[test]
    fn faults_say_the_way_out() {
        let data = json!([
            { "$anny": "id" }, { "$any": "uid" }, { "$any": 1 }, { "$one-of": [] }, { "$count": -1 }, { "$includes": 1 },
            { "$any": "id", "x": 1 }, { "a": { "$optional": { "$what": 1 } } }, { "$optional": [{ "$any": "date" }] },
        ]);
        let mut told = Vec::new();
        faults(&data, &mut |fault| {
            told.push(format!("{}: {}", fault.message, fault.help))
        });
        insta::assert_snapshot!(told.join("\n"));
        assert!(is_in(&data) && !is_in(&json!({ "a": ["$id$"] })));
    }
}
