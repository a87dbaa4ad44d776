//! Bodies of writes: strict JSON that is a resource of the right type.

use std::fmt;

use http::StatusCode;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::elements::Elements;
use super::reply::Refusal;
use super::subset::is_subsetted;
use crate::fhir::FhirVersion;
use crate::fhir::schema::Schemas;

/// Reads the resource of a create or update at a type's endpoint.
///
/// 400 for what is no JSON, no such resource, or not of the shape that its type prescribes; 422 for a subset of a
/// resource.
pub(super) fn resource(bytes: &[u8], resource_type: &str, release: FhirVersion) -> Result<Value, Refusal> {
    let value = of_type(bytes, resource_type)?;
    check_shape(&value, resource_type, release)?;
    Ok(value)
}

/// Reads JSON in which no name stands twice in an object; 400 for what is none.
pub(super) fn json(bytes: &[u8]) -> Result<Value, Refusal> {
    let Strict(value) = serde_json::from_slice(bytes)
        .map_err(|error| refuse("structure", format!("the body is not well-formed JSON: {error}")))?;
    Ok(value)
}

/// Reads JSON that names itself as a resource of a type, and looks no further. 400 for everything else.
pub(super) fn of_type(bytes: &[u8], resource_type: &str) -> Result<Value, Refusal> {
    let value = json(bytes)?;
    check_type(&value, resource_type)?;
    Ok(value)
}

/// Refuses what [`resource`] refuses, for what is read already.
pub(super) fn check(value: &Value, resource_type: &str, release: FhirVersion) -> Result<(), Refusal> {
    check_type(value, resource_type)?;
    check_shape(value, resource_type, release)
}

fn refuse(code: &'static str, text: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, code, text)
}

fn check_type(value: &Value, resource_type: &str) -> Result<(), Refusal> {
    let Some(object) = value.as_object() else {
        return Err(refuse("structure", "the body is no JSON object".into()));
    };
    match object.get("resourceType").map(Value::as_str) {
        Some(Some(found)) if found == resource_type => {}
        Some(Some(found)) => {
            return Err(refuse(
                "invalid",
                format!("the body is a {found}, but the URL is that of {resource_type}"),
            ));
        }
        _ => return Err(refuse("required", "the body has no resourceType".into())),
    }
    Ok(())
}

fn check_shape(value: &Value, resource_type: &str, release: FhirVersion) -> Result<(), Refusal> {
    let Some(object) = value.as_object() else {
        return Err(refuse("structure", "the body is no JSON object".into()));
    };
    for (name, is_right) in [
        ("id", Value::is_string as fn(&Value) -> bool),
        ("meta", Value::is_object),
        ("text", Value::is_object),
        ("contained", Value::is_array),
    ] {
        if object.get(name).is_some_and(|value| !is_right(value)) {
            return Err(refuse("structure", format!("`{name}` is of the wrong JSON type")));
        }
    }
    if let Some(path) = empty(value, resource_type) {
        return Err(refuse(
            "structure",
            format!("{path} is empty: FHIR's JSON has no empty arrays, objects and strings"),
        ));
    }
    Elements::of(release, resource_type)
        .check(object)
        .map_err(|(code, text)| refuse(code, text))?;
    if let Ok(errors) = Schemas::for_release(release).validate(resource_type, value)
        && let Some(first) = errors.first()
    {
        let place = if first.instance_path.is_empty() {
            resource_type
        } else {
            &first.instance_path
        };
        return Err(refuse("structure", format!("{place}: {}", first.message)));
    }
    if is_subsetted(object) {
        // Storing a subset would wipe what it leaves out (search.html#elements).
        let reason = "a resource tagged SUBSETTED is incomplete and is not stored".to_owned();
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "business-rule", reason));
    }
    Ok(())
}

/// The path of the first thing that is empty, or null outside an array (`json.html`).
fn empty(value: &Value, path: &str) -> Option<String> {
    let here = || Some(path.to_owned());
    match value {
        Value::Array(items) if items.is_empty() => here(),
        Value::Object(members) if members.is_empty() => here(),
        Value::String(text) if text.is_empty() => here(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .filter(|(_, item)| !item.is_null())
            .find_map(|(index, item)| empty(item, &format!("{path}[{index}]"))),
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            let path = format!("{path}.{name}");
            if member.is_null() {
                Some(path)
            } else {
                empty(member, &path)
            }
        }),
        _ => None,
    }
}

/// JSON in which a name that stands twice in an object is an error; otherwise the last would silently win.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        // With `arbitrary_precision`, serde_json hands numbers over as a map with this one name, so that no digit is
        // lost.
        const NUMBER: &str = "$serde_json::private::Number";
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if name == NUMBER && object.is_empty() {
                let digits = members.next_value::<String>()?;
                return digits.parse::<Number>().map(Value::Number).map_err(de::Error::custom);
            }
            if object.contains_key(&name) {
                return Err(de::Error::custom(format!("`{name}` stands twice in one object")));
            }
            let Strict(value) = members.next_value()?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn patient(body: &str) -> Result<Value, (u16, String)> {
        resource(body.as_bytes(), "Patient", FhirVersion::R4).map_err(|refusal| {
            let status = refusal.status.as_u16();
            let body = refusal.into_reply().body.unwrap();
            (status, body["issue"][0]["diagnostics"].as_str().unwrap().to_owned())
        })
    }

    #[test]
    fn order_and_digits_are_kept() {
        let text = r#"{"resourceType":"Patient","telecom":[{"rank":1}],"extension":[{"url":"u","valueDecimal":1.500}],"active":true}"#;
        assert_eq!(serde_json::to_string(&patient(text).unwrap()).unwrap(), text);
    }

    #[test]
    fn what_is_no_resource_is_refused_with_its_reason() {
        for (body, reason) in [
            ("", "EOF"),
            ("{\"resourceType\":\"Patient\"", "EOF"),
            ("[]", "no JSON object"),
            ("{}", "no resourceType"),
            ("{\"resourceType\":7}", "no resourceType"),
            ("{\"resourceType\":\"Observation\"}", "is a Observation"),
            (
                "{\"resourceType\":\"Patient\",\"active\":true,\"active\":false}",
                "stands twice",
            ),
            ("{\"resourceType\":\"Patient\",\"id\":7}", "wrong JSON type"),
            ("{\"resourceType\":\"Patient\",\"meta\":[1]}", "wrong JSON type"),
            ("{\"resourceType\":\"Patient\",\"name\":[]}", "Patient.name is empty"),
            (
                "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"\"}]}",
                "Patient.name[0].family is empty",
            ),
            (
                "{\"resourceType\":\"Patient\",\"active\":null}",
                "Patient.active is empty",
            ),
            ("{\"resourceType\":\"Patient\",\"shoeSize\":43}", "no element"),
            ("{\"$serde_json::private::Number\":\"x\"}", "not well-formed"),
            ("\u{feff}{\"resourceType\":\"Patient\"}", "not well-formed"),
        ] {
            let (status, diagnostics) = patient(body).unwrap_err();
            assert!(
                status == 400 && diagnostics.contains(reason),
                "{body}: {status} {diagnostics}"
            );
        }
        let deep = format!("{{\"resourceType\":\"Patient\",\"x\":{}", "[".repeat(100_000));
        assert!(patient(&deep).unwrap_err().1.contains("recursion limit"));
        assert!(
            resource(
                b"{\"resourceType\":\"Patient\",\"language\":\"\xff\"}",
                "Patient",
                FhirVersion::R4
            )
            .is_err()
        );
    }

    #[test]
    fn a_subset_is_not_stored() {
        let body = r#"{"resourceType":"Patient","meta":{"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]}}"#;
        assert_eq!(patient(body).unwrap_err().0, 422);
    }

    /// Runs where `FHIR_EXAMPLES` names a folder with HL7's examples, those of R4 in `r4/`.
    #[test]
    fn official_examples_are_taken() {
        let Some(root) = std::env::var_os("FHIR_EXAMPLES") else {
            return;
        };
        let folder = std::path::Path::new(&root).join("r4");
        let mut refused = Vec::new();
        let mut taken = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let Ok(example) = serde_json::from_slice::<Value>(&bytes) else {
                continue;
            };
            let Some(resource_type) = example.get("resourceType").and_then(Value::as_str) else {
                continue;
            };
            // Some of them break the schema, and are refused for that.
            let errors = Schemas::for_release(FhirVersion::R4).validate(resource_type, &example);
            if !errors.is_ok_and(|errors| errors.is_empty()) {
                continue;
            }
            match resource(&bytes, resource_type, FhirVersion::R4) {
                Err(refusal) if refusal.status == StatusCode::BAD_REQUEST => {
                    refused.push(format!("{resource_type}/{}: {refusal:?}", example["id"]));
                }
                _ => taken += 1,
            }
        }
        assert!(refused.is_empty(), "{}", refused.join("\n"));
        assert!(taken > 1000, "only {taken} are valid");
    }

    proptest! {
        #[test]
        fn no_body_panics(body in "\\PC{0,60}") {
            let _ = patient(&body);
        }
    }
}
