//! Taking the values of a search parameter out of a resource.

use serde_json::Value;

use super::number::{Decimal, Span};
use super::parameters::{Definition, Path};
use crate::fhir::Reference;
use crate::fhir::time::{Interval, parse_partial};

/// The values at the paths of a parameter, in their order.
pub(super) fn values<'a>(definition: &Definition, resource: &'a Value) -> Vec<&'a Value> {
    at_all(&definition.paths, resource)
}

/// The values at any of the paths below an element.
pub(super) fn at_all<'a>(paths: &[Path], element: &'a Value) -> Vec<&'a Value> {
    paths.iter().flat_map(|path| at(path, element)).collect()
}

/// The values at a path below an element. Without steps, the element itself.
pub(super) fn at<'a>(path: &Path, element: &'a Value) -> Vec<&'a Value> {
    let mut found = vec![element];
    for step in &path.steps {
        found = found
            .into_iter()
            .filter_map(|value| value.get(step))
            .flat_map(items)
            .collect();
    }
    found.retain(|value| {
        path.with
            .is_none_or(|(name, expected)| value.get(name).is_some_and(|found| found == expected))
            && path.target.is_none_or(|target| refers_to(value, target))
    });
    found
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// Whether a Reference is one to a type. One that tells neither a URL nor a type may be.
fn refers_to(value: &Value, target: &str) -> bool {
    if let Some(literal) = value
        .get("reference")
        .and_then(Value::as_str)
        .and_then(Reference::parse)
    {
        return literal.resource_type == target;
    }
    value
        .get("type")
        .and_then(Value::as_str)
        .is_none_or(|named| named == target)
}

/// The strings in a value: its own, or the parts of a name or an address (`search.html#string`).
pub(super) fn strings(value: &Value) -> Vec<&str> {
    const PARTS: [&str; 11] = [
        "text",
        "family",
        "given",
        "prefix",
        "suffix",
        "line",
        "city",
        "district",
        "state",
        "postalCode",
        "country",
    ];
    match value {
        Value::String(text) => vec![text],
        Value::Object(parts) => PARTS
            .iter()
            .filter_map(|part| parts.get(*part))
            .flat_map(items)
            .filter_map(Value::as_str)
            .collect(),
        _ => Vec::new(),
    }
}

/// The time that a date, a Period or a Timing covers.
pub(super) fn interval(value: &Value) -> Option<Interval> {
    if let Some(text) = value.as_str() {
        return parse_partial(text);
    }
    let moment = |name: &str| value.get(name).map(|value| value.as_str().and_then(parse_partial));
    if let Some(events) = value.get("event").and_then(Value::as_array) {
        let events: Vec<Interval> = events
            .iter()
            .filter_map(|event| parse_partial(event.as_str()?))
            .collect();
        let start = events.iter().map(|event| event.start).min()?;
        return Some(Interval {
            start,
            end: events.iter().map(|event| event.end).max()?,
        });
    }
    if let Some(bounds) = value.pointer("/repeat/boundsPeriod") {
        return interval(bounds);
    }
    let (start, end) = (moment("start"), moment("end"));
    if start.is_none() && end.is_none() {
        return None;
    }
    // A boundary that is missing is open; one that cannot be read makes the whole unknown.
    let start = start.map_or(Some(Interval::ALWAYS.start), |start| Some(start?.start))?;
    let end = end.map_or(Some(Interval::ALWAYS.end), |end| Some(end?.end))?;
    Some(Interval { start, end })
}

/// The numbers that a number, a Quantity, a Range or SampledData covers.
pub(super) fn span(value: &Value) -> Option<Span> {
    let number = |value: &Value| value.as_number().and_then(|number| Decimal::parse(&number.to_string()));
    let of = |name: &str| value.get(name).and_then(number);
    if let Some(number) = number(value) {
        return Some(Span::point(number));
    }
    if let Some(quantity) = of("value") {
        let comparator = value.get("comparator").and_then(Value::as_str).unwrap_or_default();
        return Some(match comparator {
            "<" | "<=" => Span {
                low: None,
                high: Some(quantity),
            },
            ">" | ">=" => Span {
                low: Some(quantity),
                high: None,
            },
            _ => Span::point(quantity),
        });
    }
    let edge = |name: &str| value.get(name).and_then(|edge| number(edge.get("value")?));
    if value.get("low").is_some() || value.get("high").is_some() {
        return Some(Span {
            low: edge("low"),
            high: edge("high"),
        });
    }
    value.get("origin").map(|_| Span {
        low: of("lowerLimit"),
        high: of("upperLimit"),
    })
}

/// Where system, code and unit of a quantity stand: in itself, in an edge of a Range, or in the origin of SampledData.
pub(super) fn unit_of(value: &Value) -> &Value {
    ["low", "high", "origin"]
        .iter()
        .find_map(|name| value.get(name))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(resource_type: &str, name: &str, resource: &Value) -> Value {
        json!(values(
            Definition::find(crate::fhir::FhirVersion::R4, resource_type, name).unwrap(),
            resource
        ))
    }

    #[test]
    fn paths_walk_through_arrays_and_conditions() {
        let patient = json!({ "name": [{ "given": ["A", "B"] }, { "given": ["C"] }, {}],
            "telecom": [{ "system": "phone", "value": "1" }, { "system": "email", "value": "2" }] });
        assert_eq!(found("Patient", "given", &patient), json!(["A", "B", "C"]));
        assert_eq!(
            found("Patient", "email", &patient),
            json!([{ "system": "email", "value": "2" }])
        );
        assert_eq!(found("Patient", "family", &patient), json!([]));
    }

    #[test]
    fn references_are_told_apart_by_type() {
        for (subject, is_patient) in [
            (json!({ "reference": "Patient/1" }), true),
            (json!({ "reference": "http://x/Group/1", "type": "Patient" }), false),
            (json!({ "type": "Group" }), false),
            (json!({ "identifier": { "value": "1" } }), true),
        ] {
            let observation = json!({ "subject": subject });
            assert_eq!(
                found("Observation", "patient", &observation) != json!([]),
                is_patient,
                "{observation}"
            );
        }
    }

    #[test]
    fn times_are_found_in_every_form() {
        let covered = |value: Value| interval(&value).map(|found| (found.start.to_string(), found.end.to_string()));
        let may = Some(("2024-05-01T00:00:00Z".to_owned(), "2024-06-01T00:00:00Z".to_owned()));
        assert_eq!(covered(json!("2024-05")), may);
        assert_eq!(covered(json!({ "start": "2024-05-01", "end": "2024-05-31" })), may);
        assert_eq!(covered(json!({ "event": ["2024-05-31", "2024-05-01"] })), may);
        assert_eq!(
            covered(json!({ "repeat": { "boundsPeriod": { "start": "2024-05", "end": "2024-05" } } })),
            may
        );
        assert_eq!(
            interval(&json!({ "start": "2024-05" })).unwrap().end,
            Interval::ALWAYS.end
        );
        for nothing in [
            json!({}),
            json!("x"),
            json!(5),
            json!({ "start": "x" }),
            json!({ "event": [] }),
        ] {
            assert_eq!(interval(&nothing), None, "{nothing}");
        }
    }

    #[test]
    fn numbers_are_found_in_every_form() {
        let covered = |value: Value| span(&value).map(|span| (span.low.is_some(), span.high.is_some()));
        assert_eq!(covered(json!(1.5)), Some((true, true)));
        assert_eq!(covered(json!({ "value": 5, "comparator": "<" })), Some((false, true)));
        assert_eq!(covered(json!({ "low": { "value": 5 } })), Some((true, false)));
        assert_eq!(covered(json!({ "origin": {}, "lowerLimit": 1 })), Some((true, false)));
        assert_eq!(covered(json!({ "unit": "mg" })), None);
    }
}
