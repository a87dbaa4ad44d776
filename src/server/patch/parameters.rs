//! Reading a FHIRPath Patch: Parameters with one `operation` for each change (`fhirpatch.html`).

use serde_json::Value;

use super::super::reply::Refusal;
use super::items::Item;
use super::locate::Path;
use super::operation::{Change, Given, Operation};
use crate::fhir::FhirVersion;
use crate::fhir::model::Model;
use crate::fhir::schema::Schemas;

/// Reads the operations; 400 where the resource is no FHIRPath Patch.
pub(super) fn read(parameters: &Value, release: FhirVersion) -> Result<Vec<Operation>, Refusal> {
    if let Ok(errors) = Schemas::for_release(release).validate("Parameters", parameters)
        && let Some(first) = errors.first()
    {
        return Err(Refusal::invalid(format!("{}: {}", first.instance_path, first.message)));
    }
    let list = items(parameters, "parameter");
    if list.is_empty() {
        return Err(Refusal::invalid(
            "a FHIRPath Patch has at least one parameter `operation`",
        ));
    }
    let read_one = |(index, parameter): (usize, &Value)| {
        let refuse = |reason: String| Refusal::invalid(format!("operation {}: {reason}", index + 1));
        match parameter["name"].as_str() {
            Some("operation") => operation(parameter, release).map_err(refuse),
            other => Err(refuse(format!(
                "the parameter is named `operation`, not `{}`",
                other.unwrap_or_default()
            ))),
        }
    };
    list.iter().enumerate().map(read_one).collect()
}

fn operation(parameter: &Value, release: FhirVersion) -> Result<Operation, String> {
    const PARTS: [&str; 7] = ["type", "path", "name", "value", "index", "source", "destination"];
    let parts = items(parameter, "part");
    for (index, part) in parts.iter().enumerate() {
        let name = part["name"].as_str().unwrap_or_default();
        if !PARTS.contains(&name) {
            return Err(format!("`{name}` is none of its parts, which are {}", PARTS.join(", ")));
        }
        if parts[..index].iter().any(|before| before["name"] == name) {
            return Err(format!("`{name}` stands twice"));
        }
    }
    let part = |name: &str| {
        let found = parts.iter().find(|part| part["name"] == name);
        found.ok_or_else(|| format!("the part `{name}` is missing"))
    };
    let text = |name: &str| {
        let found = part(name)?;
        let values = ["valueString", "valueCode"]
            .iter()
            .find_map(|value| found[value].as_str());
        values
            .map(str::to_owned)
            .ok_or_else(|| format!("`{name}` has no valueString"))
    };
    let number = |name: &str| {
        let value = part(name)?["valueInteger"].as_u64();
        let number = value.and_then(|value| usize::try_from(value).ok());
        number.ok_or_else(|| format!("`{name}` has no valueInteger that is 0 or more"))
    };
    let value = || given(part("value")?, release);
    let change = match text("type")?.as_str() {
        "add" => Change::Add {
            name: text("name")?,
            value: value()?,
        },
        "insert" => Change::Insert {
            index: number("index")?,
            value: value()?,
        },
        "delete" => Change::Delete,
        "replace" => Change::Replace { value: value()? },
        "move" => Change::Move {
            source: number("source")?,
            destination: number("destination")?,
        },
        other => return Err(format!("`{other}` is no type: add, insert, delete, replace or move")),
    };
    let path = Path::parse(&text("path")?)?;
    Ok(Operation { path, change })
}

/// The value of a parameter: one of a data type, a resource, or the elements of a group one by one.
fn given(parameter: &Value, release: FhirVersion) -> Result<Given, String> {
    if let Some(resource) = parameter.get("resource") {
        return Ok(Given::One {
            data_type: "Resource".to_owned(),
            item: resource.clone().into(),
        });
    }
    let members = parameter.as_object().into_iter().flatten();
    let property = members
        .map(|(name, _)| name.strip_prefix('_').unwrap_or(name))
        .find(|name| name.starts_with("value"));
    if let Some(property) = property {
        let suffix = &property["value".len()..];
        return Ok(Given::One {
            data_type: data_type(suffix, release),
            item: Item {
                value: parameter[property].clone(),
                sibling: parameter[format!("_{property}").as_str()].clone(),
            },
        });
    }
    let parts = items(parameter, "part");
    if parts.is_empty() {
        return Err("the value is empty".to_owned());
    }
    let read_one = |part: &Value| {
        Ok((
            part["name"].as_str().unwrap_or_default().to_owned(),
            given(part, release)?,
        ))
    };
    parts
        .iter()
        .map(read_one)
        .collect::<Result<_, String>>()
        .map(Given::Parts)
}

/// `HumanName` for `valueHumanName`, `boolean` for `valueBoolean`.
fn data_type(suffix: &str, release: FhirVersion) -> String {
    if Model::for_release(release).type_named(suffix).is_some() {
        return suffix.to_owned();
    }
    let mut letters = suffix.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(parts: Value) -> String {
        let parameters = json!({ "resourceType": "Parameters", "parameter": [{ "name": "operation", "part": parts }] });
        format!("{:?}", read(&parameters, FhirVersion::R4).unwrap_err())
    }

    #[test]
    fn what_is_no_operation_is_told() {
        let (kind, path) = (
            json!({ "name": "type", "valueCode": "add" }),
            json!({ "name": "path", "valueString": "Patient" }),
        );
        for (parts, reason) in [
            (json!([path]), "the part `type` is missing"),
            (json!([kind]), "the part `name` is missing"),
            (json!([kind, kind]), "`type` stands twice"),
            (
                json!([{ "name": "kind", "valueCode": "add" }]),
                "`kind` is none of its parts",
            ),
            (
                json!([{ "name": "type", "valueCode": "bend" }, path]),
                "`bend` is no type",
            ),
            (
                json!([{ "name": "type", "valueCode": "insert" }, path, { "name": "index", "valueInteger": -1 }]),
                "0 or more",
            ),
            (
                json!([{ "name": "type", "valueCode": "replace" }, path, { "name": "value" }]),
                "the value is empty",
            ),
            (
                json!([{ "name": "type", "valueCode": "delete" }, { "name": "path", "valueString": "Patient..x" }]),
                "Patient..x",
            ),
            (json!([{ "name": "type", "valueNonsense": "delete" }]), "valueNonsense"),
        ] {
            let told = refusal(parts.clone());
            assert!(told.contains(reason) && told.contains("400"), "{parts}: {told}");
        }
        for parameters in [
            json!({ "resourceType": "Parameters" }),
            json!({ "resourceType": "Parameters", "parameter": [{ "name": "x", "valueString": "x" }] }),
        ] {
            assert!(read(&parameters, FhirVersion::R5).is_err(), "{parameters}");
        }
    }
}
