//! The top-level elements of each resource type: what may stand in a body, and what a subset keeps.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::fhir::FhirVersion;
use crate::fhir::reference::is_id;
use crate::fhir::time::{parse_instant, parse_partial};

/// One line a type; see the head of the file for its form. Read when the first body arrives, so that starting costs
/// nothing.
type Lines = HashMap<&'static str, &'static str>;

fn lines(release: FhirVersion) -> &'static Lines {
    static ALL: [OnceLock<Lines>; FhirVersion::ALL.len()] = [const { OnceLock::new() }; FhirVersion::ALL.len()];
    ALL[release as usize].get_or_init(|| {
        let text = match release {
            FhirVersion::Dstu2 => "",
            FhirVersion::R4 => include_str!("elements-r4.txt"),
            FhirVersion::R4B => include_str!("elements-r4b.txt"),
            FhirVersion::R5 => include_str!("elements-r5.txt"),
            FhirVersion::R6 => include_str!("elements-r6.txt"),
        };
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(' '))
            .collect()
    })
}

/// What every resource has (`resource.html`, `domainresource.html`).
const COMMON: [&str; 8] = [
    "id",
    "meta",
    "implicitRules",
    "language",
    "text",
    "contained",
    "extension",
    "modifierExtension",
];

/// One top-level element of a type. `name` of a choice is what stands before `[x]`.
#[derive(Debug)]
struct Element<'a> {
    name: &'a str,
    choice: bool,
    mandatory: bool,
    repeats: bool,
    summary: bool,
    modifier: bool,
    types: Vec<&'a str>,
}

/// The elements of one resource type.
#[derive(Debug)]
pub(super) struct Elements<'a>(Vec<Element<'a>>);

/// A breach of the shape that the type prescribes: its code of the value set issue-type, and a text.
pub(super) type Breach = (&'static str, String);

impl Elements<'static> {
    /// The elements of a type in a release; none where the type is unknown.
    pub fn of(release: FhirVersion, resource_type: &str) -> Self {
        let line = lines(release).get(resource_type).copied().unwrap_or_default();
        Self(line.split(' ').filter_map(Element::parse).collect())
    }
}

impl<'a> Element<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (name, rest) = text.split_once('=')?;
        let (flags, types) = rest.split_once(':')?;
        let plain = name.strip_suffix("[x]");
        Some(Self {
            name: plain.unwrap_or(name),
            choice: plain.is_some(),
            mandatory: flags.contains(['!', '+']),
            repeats: flags.contains(['*', '+']),
            summary: flags.contains('s'),
            modifier: flags.contains('m'),
            types: types.split('|').collect(),
        })
    }

    /// The data type of a property, where the property is this element.
    fn type_of(&self, property: &str) -> Option<&'a str> {
        if !self.choice {
            return (property == self.name).then(|| self.types[0]);
        }
        let suffix = property.strip_prefix(self.name)?;
        self.types.iter().copied().find(|known| {
            // `valueString` holds a `string`: the first letter is raised.
            suffix.len() == known.len()
                && suffix.get(..1).map(str::to_ascii_uppercase) == known.get(..1).map(str::to_ascii_uppercase)
                && suffix.get(1..) == known.get(1..)
                && suffix.starts_with(|letter: char| letter.is_ascii_uppercase())
        })
    }
}

impl Elements<'_> {
    /// The name of the element that a property belongs to: `deceased` for `_deceasedBoolean`; `None` for common and
    /// unknown properties.
    pub fn element_of(&self, property: &str) -> Option<&str> {
        self.find(property.strip_prefix('_').unwrap_or(property))
            .map(|(element, _)| element.name)
    }

    /// Whether a subset keeps a property in any case: it is mandatory or changes the meaning of the others
    /// (`search.html#elements`).
    pub fn is_kept(&self, property: &str) -> bool {
        matches!(
            property,
            "resourceType" | "id" | "meta" | "implicitRules" | "_implicitRules" | "modifierExtension"
        ) || self.has(property, |element| element.mandatory || element.modifier)
    }

    /// Whether a property is mandatory.
    pub fn is_mandatory(&self, property: &str) -> bool {
        self.has(property, |element| element.mandatory)
    }

    /// Whether a property is part of the summary.
    pub fn is_summary(&self, property: &str) -> bool {
        self.has(property, |element| element.summary)
    }

    fn has(&self, property: &str, test: impl Fn(&Element<'_>) -> bool) -> bool {
        let name = property.strip_prefix('_').unwrap_or(property);
        self.find(name).is_some_and(|(element, _)| test(element))
    }

    fn find(&self, property: &str) -> Option<(&Element<'_>, &str)> {
        self.0
            .iter()
            .find_map(|element| Some((element, element.type_of(property)?)))
    }

    /// The first breach of the type's shape: an unknown property, a missing mandatory one, a wrong cardinality or
    /// primitive. Only the top level is looked at; what lies deeper is stored as it is sent.
    pub fn check(&self, resource: &Map<String, Value>) -> Result<(), Breach> {
        for (property, value) in resource {
            if property == "resourceType" || COMMON.contains(&property.as_str()) {
                continue;
            }
            let name = property.strip_prefix('_').unwrap_or(property);
            if COMMON.contains(&name) {
                continue;
            }
            let Some((element, data_type)) = self.find(name) else {
                return Err(("structure", format!("`{property}` is no element of this type")));
            };
            let primitive = data_type.starts_with(|letter: char| letter.is_ascii_lowercase());
            if property.starts_with('_') {
                if !primitive {
                    return Err(("structure", format!("`{property}` is no element of this type")));
                }
                continue;
            }
            if element.repeats != value.is_array() {
                let form = if element.repeats {
                    "repeats: it is an array"
                } else {
                    "does not repeat: it is no array"
                };
                return Err(("structure", format!("`{property}` {form}")));
            }
            let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            // Within an array of primitives, null stands for a value that has extensions only.
            let mut given = items
                .iter()
                .filter(|item| !(primitive && element.repeats && item.is_null()));
            if let Some(wrong) = given.find(|item| !fits(item, data_type)) {
                return Err((
                    "value",
                    format!("`{property}` holds {wrong}, which is no {}", spoken(data_type)),
                ));
            }
        }
        for element in &self.0 {
            let present: Vec<&str> = resource
                .keys()
                .map(|name| name.strip_prefix('_').unwrap_or(name))
                .filter(|name| element.type_of(name).is_some())
                .collect();
            if element.mandatory && present.is_empty() {
                return Err(("required", format!("`{}` is missing", element.name)));
            }
            if let Some(other) = present.iter().find(|name| **name != present[0]) {
                return Err((
                    "structure",
                    format!("`{}` and `{other}` exclude each other", present[0]),
                ));
            }
        }
        Ok(())
    }
}

fn spoken(data_type: &str) -> &str {
    if data_type == "_" { "object" } else { data_type }
}

fn fits(value: &Value, data_type: &str) -> bool {
    let text = |test: fn(&str) -> bool| value.as_str().is_some_and(test);
    let integer = |least: i64| {
        value
            .as_i64()
            .is_some_and(|number| number >= least && i32::try_from(number).is_ok())
    };
    match data_type {
        "boolean" => value.is_boolean(),
        "decimal" => value.is_number(),
        "integer" => integer(i64::from(i32::MIN)),
        "unsignedInt" => integer(0),
        "positiveInt" => integer(1),
        "date" => text(|text| !text.contains('T') && parse_partial(text).is_some()),
        "dateTime" => text(|text| {
            if text.contains('T') {
                parse_instant(text).is_some()
            } else {
                parse_partial(text).is_some()
            }
        }),
        "instant" => text(|text| parse_instant(text).is_some()),
        "id" => text(is_id),
        "code" => text(|text| {
            text.split(' ')
                .all(|part| !part.is_empty() && !part.contains(char::is_whitespace))
        }),
        "uri" | "url" | "canonical" => text(|text| !text.contains(char::is_whitespace)),
        _ if data_type.starts_with(|letter: char| letter.is_ascii_lowercase()) => value.is_string(),
        _ => value.is_object(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fhir::ResourceType;

    fn check(resource: Value) -> Result<(), &'static str> {
        let resource = resource.as_object().unwrap();
        Elements::of(FhirVersion::R4, resource["resourceType"].as_str().unwrap())
            .check(resource)
            .map_err(|(code, _)| code)
    }

    #[test]
    fn every_type_has_elements() {
        for release in FhirVersion::HTTP {
            for resource_type in ResourceType::all(release) {
                // Parameters has no elements of its own but one, and Binary none that are common.
                let elements = Elements::of(release, resource_type.name());
                assert!(!elements.0.is_empty(), "{resource_type} of {release}");
            }
            assert!(Elements::of(release, "Nonsense").0.is_empty());
        }
    }

    #[test]
    fn good_shapes_pass() {
        for good in [
            json!({ "resourceType": "Patient" }),
            json!({ "resourceType": "Patient", "id": "a", "meta": {}, "_language": {}, "birthDate": "1970-03", "_birthDate": {} }),
            json!({ "resourceType": "Patient", "deceasedDateTime": "2020-01-01T00:00:00Z", "_deceasedDateTime": {} }),
            json!({ "resourceType": "Patient", "multipleBirthInteger": 2, "name": [{ "family": "A" }] }),
            json!({ "resourceType": "Observation", "status": "final", "code": { "text": "x" }, "valueQuantity": { "value": 1.0 } }),
            json!({ "resourceType": "Observation", "_status": { "extension": [] }, "code": {}, "valueString": "x" }),
        ] {
            assert_eq!(check(good.clone()), Ok(()), "{good}");
        }
    }

    #[test]
    fn wrong_shapes_are_found() {
        for (wrong, code) in [
            (json!({ "resourceType": "Patient", "nme": [] }), "structure"),
            (
                json!({ "resourceType": "Patient", "name": { "family": "A" } }),
                "structure",
            ),
            (json!({ "resourceType": "Patient", "birthDate": ["1970"] }), "structure"),
            (json!({ "resourceType": "Patient", "_name": {} }), "structure"),
            (json!({ "resourceType": "Patient", "valueString": "x" }), "structure"),
            (
                json!({ "resourceType": "Patient", "deceasedboolean": true }),
                "structure",
            ),
            (
                json!({ "resourceType": "Patient", "deceasedBoolean": true, "deceasedDateTime": "2020" }),
                "structure",
            ),
            (json!({ "resourceType": "Patient", "birthDate": "not-a-date" }), "value"),
            (
                json!({ "resourceType": "Patient", "birthDate": "2020-01-01T00:00:00Z" }),
                "value",
            ),
            (json!({ "resourceType": "Patient", "active": "yes" }), "value"),
            (json!({ "resourceType": "Patient", "gender": " male" }), "value"),
            (
                json!({ "resourceType": "Patient", "multipleBirthInteger": 1.5 }),
                "value",
            ),
            (json!({ "resourceType": "Patient", "name": ["A"] }), "value"),
            (json!({ "resourceType": "Observation", "code": {} }), "required"),
        ] {
            assert_eq!(check(wrong.clone()), Err(code), "{wrong}");
        }
    }
}
