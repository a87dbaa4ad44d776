//! Parts of resources: `_summary` and `_elements` (`search.html#summary`).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::elements::Elements;
use super::query;
use super::reply::Refusal;
use crate::fhir::FhirVersion;

/// The system of the tag that marks a part.
const SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";

/// How much of a resource is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subset {
    Whole,
    Summary,
    Text,
    Data,
    /// Only how many there are; says nothing about a single resource.
    Count,
    /// The named elements and the mandatory ones.
    Elements(Vec<String>),
}

impl Subset {
    /// Reads `_summary` and `_elements`; refuses unknown values, repetitions, and both at once.
    pub fn of(query: &[(String, String)]) -> Result<Self, Refusal> {
        let elements = query::single(query, "_elements")?;
        let summary = match query::single(query, "_summary")? {
            None | Some("false") => Self::Whole,
            Some("true") => Self::Summary,
            Some("text") => Self::Text,
            Some("data") => Self::Data,
            Some("count") => Self::Count,
            Some(other) => {
                return Err(Refusal::invalid(format!(
                    "`_summary={other}`: it is one of true, text, data, count, false"
                )));
            }
        };
        match elements {
            None => Ok(summary),
            Some(_) if summary != Self::Whole => Err(Refusal::invalid("_summary and _elements exclude each other")),
            // `Patient.name` and `name.family` both keep all of `name`.
            Some(names) => Ok(Self::Elements(
                names
                    .split(',')
                    .filter_map(|name| {
                        name.trim()
                            .split('.')
                            .find(|part| part.starts_with(|c: char| c.is_ascii_lowercase()))
                    })
                    .map(str::to_owned)
                    .collect(),
            )),
        }
    }

    /// The part of a resource, tagged SUBSETTED where something is left out.
    pub fn apply(&self, resource: &Arc<Value>, release: FhirVersion) -> Arc<Value> {
        let Some(whole) = resource.as_object() else {
            return resource.clone();
        };
        if matches!(self, Self::Whole | Self::Count) {
            return resource.clone();
        }
        let resource_type = whole.get("resourceType").and_then(Value::as_str).unwrap_or_default();
        let elements = Elements::of(release, resource_type);
        let mut part: Map<String, Value> = whole
            .iter()
            .filter(|(name, _)| self.keeps(name, &elements))
            .map(|(a, b)| (a.clone(), b.clone()))
            .collect();
        if part.len() == whole.len() {
            return resource.clone();
        }
        tag(&mut part);
        Arc::new(Value::Object(part))
    }

    fn keeps(&self, property: &str, elements: &Elements<'_>) -> bool {
        match self {
            Self::Whole | Self::Count => true,
            Self::Summary => elements.is_kept(property) || elements.is_summary(property),
            Self::Text => {
                matches!(property, "resourceType" | "id" | "meta" | "text" | "implicitRules")
                    || elements.is_mandatory(property)
            }
            Self::Data => property != "text",
            Self::Elements(names) => {
                let name = elements
                    .element_of(property)
                    .unwrap_or(property.strip_prefix('_').unwrap_or(property));
                elements.is_kept(property) || names.iter().any(|wanted| wanted == name || wanted == property)
            }
        }
    }
}

fn tag(resource: &mut Map<String, Value>) {
    let meta = resource.entry("meta").or_insert_with(|| json!({}));
    let Some(meta) = meta.as_object_mut() else { return };
    let tags = meta.entry("tag").or_insert_with(|| json!([]));
    if let Some(tags) = tags.as_array_mut() {
        tags.push(json!({ "system": SYSTEM, "code": "SUBSETTED", "display": "subsetted" }));
    }
}

/// Whether a resource is marked as a part.
pub(super) fn is_subsetted(resource: &Map<String, Value>) -> bool {
    let tags = resource
        .get("meta")
        .and_then(|meta| meta.get("tag"))
        .and_then(Value::as_array);
    tags.into_iter().flatten().any(|tag| {
        tag.get("code").is_some_and(|code| code == "SUBSETTED")
            && tag.get("system").is_some_and(|system| system == SYSTEM)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(query: &str, resource: &Value) -> String {
        let part = Subset::of(&query::parse(query).unwrap())
            .unwrap()
            .apply(&Arc::new(resource.clone()), FhirVersion::R4);
        let part = part.as_object().unwrap();
        let tagged = if is_subsetted(part) { " +" } else { "" };
        part.keys().map(String::as_str).collect::<Vec<_>>().join(" ") + tagged
    }

    #[test]
    fn a_part_keeps_what_it_must_and_is_tagged() {
        let observation = json!({ "resourceType": "Observation", "id": "1", "text": {}, "status": "final", "category": [], "code": {},
            "_valueString": {}, "note": [] });
        for (query, expected) in [
            ("", "resourceType id text status category code _valueString note"),
            (
                "_summary=false",
                "resourceType id text status category code _valueString note",
            ),
            (
                "_summary=count",
                "resourceType id text status category code _valueString note",
            ),
            ("_summary=true", "resourceType id status code _valueString meta +"),
            ("_summary=text", "resourceType id text status code meta +"),
            (
                "_summary=data",
                "resourceType id status category code _valueString note meta +",
            ),
            (
                "_elements=category,Observation.value",
                "resourceType id status category code _valueString meta +",
            ),
            ("_elements=text", "resourceType id text status code meta +"),
        ] {
            assert_eq!(names(query, &observation), expected, "{query}");
        }
        assert_eq!(
            names("_summary=true", &json!({ "resourceType": "Patient", "id": "1" })),
            "resourceType id"
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for query in [
            "_summary=yes",
            "_summary=true&_summary=text",
            "_summary=true&_elements=name",
        ] {
            assert!(Subset::of(&query::parse(query).unwrap()).is_err(), "{query}");
        }
    }
}
