//! The order of matches (`search.html#sort`).

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::extract;
use super::fold::fold;
use super::number::Decimal;
use super::parameters::Definition;
use crate::fhir::SearchParameterType;
use crate::server::store::Version;

/// One parameter to sort by.
#[derive(Debug)]
pub(super) struct Key {
    pub definition: &'static Definition,
    pub descending: bool,
}

/// What is compared. Values of one parameter are all of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Moment(Timestamp),
    Number(Decimal),
    Text(String),
}

/// Sorts by the first key, then the next. Ties keep the order of creation; what has no value comes last in both
/// directions.
pub(super) fn sort(matches: &mut [Arc<Version>], keys: &[Key]) {
    if keys.is_empty() {
        return;
    }
    matches.sort_by_cached_key(|version| {
        let ranks = keys.iter().map(|key| Placed {
            rank: version.resource.as_deref().and_then(|resource| rank(key, resource)),
            descending: key.descending,
        });
        ranks.collect::<Vec<_>>()
    });
}

#[derive(Debug, PartialEq, Eq)]
struct Placed {
    rank: Option<Rank>,
    descending: bool,
}

impl PartialOrd for Placed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Placed {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.rank, &other.rank) {
            (Some(a), Some(b)) if self.descending => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        }
    }
}

/// The value that places a resource: of several the one that comes first in the direction.
fn rank(key: &Key, resource: &Value) -> Option<Rank> {
    let values = extract::values(key.definition, resource);
    if key.definition.existence {
        let exists = values.iter().any(|value| **value != Value::Bool(false));
        return Some(Rank::Text(exists.to_string()));
    }
    let ranks = values.into_iter().filter_map(|value| rank_of(key, value));
    if key.descending { ranks.max() } else { ranks.min() }
}

fn rank_of(key: &Key, value: &Value) -> Option<Rank> {
    let texts = |texts: Vec<&str>| {
        let ranks = texts.into_iter().map(|text| Rank::Text(fold(text)));
        if key.descending { ranks.max() } else { ranks.min() }
    };
    match key.definition.kind {
        SearchParameterType::Date => {
            let interval = extract::interval(value)?;
            Some(Rank::Moment(if key.descending { interval.end } else { interval.start }))
        }
        SearchParameterType::Number | SearchParameterType::Quantity => {
            let span = extract::span(value)?;
            if key.descending {
                span.high.or(span.low)
            } else {
                span.low.or(span.high)
            }
            .map(Rank::Number)
        }
        // The family comes first in how people sort names; a text only stands in for it.
        SearchParameterType::String => match value.get("family").and_then(Value::as_str) {
            Some(family) => Some(Rank::Text(fold(family))),
            None => texts(extract::strings(value)),
        },
        _ => {
            let coded = value
                .pointer("/coding/0/code")
                .or_else(|| value.get("code"))
                .or_else(|| value.get("value"));
            let text = value
                .as_str()
                .or_else(|| coded?.as_str())
                .or_else(|| value.get("reference")?.as_str());
            match value {
                Value::Bool(truth) => Some(Rank::Text(truth.to_string())),
                _ => texts(vec![text.or_else(|| value.get("text")?.as_str())?]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::store::{Store, new_id};

    fn sorted(by: &[(&str, bool)]) -> String {
        let store = Store::default();
        for (index, patient) in [
            json!({ "birthDate": "1990-05-01", "name": [{ "family": "Ängel" }, { "family": "Zo" }] }),
            json!({ "name": [{ "family": "bo" }], "active": true }),
            json!({ "birthDate": "1990", "name": [{ "family": "Angel" }], "active": false }),
            json!({ "birthDate": "1989" }),
        ]
        .into_iter()
        .enumerate()
        {
            let mut patient = patient;
            patient["resourceType"] = json!("Patient");
            patient["language"] = json!(index.to_string());
            store.write().create("Patient", &new_id(), patient);
        }
        let mut all = store.snapshot("Patient", None).1;
        let keys: Vec<Key> = by
            .iter()
            .map(|(name, descending)| Key {
                definition: Definition::find(crate::fhir::FhirVersion::R4, "Patient", name).unwrap(),
                descending: *descending,
            })
            .collect();
        sort(&mut all, &keys);
        all.iter()
            .map(|version| {
                version.resource.as_ref().unwrap()["language"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }

    #[test]
    fn matches_are_ordered_and_gaps_come_last() {
        for (by, expected) in [
            (&[][..], "0123"),
            (&[("birthdate", false)], "3201"),
            (&[("birthdate", true)], "2031"),
            (&[("family", false)], "0213"),
            (&[("family", true)], "0123"),
            (&[("name", false), ("birthdate", false)], "2013"),
            (&[("active", false)], "2103"),
            (&[("_lastUpdated", false)], "0123"),
            (&[("deceased", false), ("birthdate", false)], "3201"),
        ] {
            assert_eq!(sorted(by), expected, "{by:?}");
        }
    }
}
