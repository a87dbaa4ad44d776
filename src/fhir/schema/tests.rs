use std::time::{Duration, Instant};

use super::*;

fn schemas() -> &'static Schemas {
    Schemas::for_release(FhirVersion::R4)
}

/// What is wrong with a body, one line an error.
fn told(type_name: &str, body: &Value) -> String {
    let errors = schemas().validate(type_name, body).unwrap();
    errors
        .iter()
        .map(|error| format!("{}: {}\n", error.instance_path, error.message))
        .collect()
}

fn patient() -> Value {
    json!({
        "resourceType": "Patient", "id": "p1", "active": true, "gender": "male", "birthDate": "1970-01-01",
        "name": [{"family": "A", "given": ["B", null], "_given": [null, {"extension": [
            {"url": "http://example.org/absent", "valueCode": "unknown"}]}]}],
        "contained": [{"resourceType": "Organization", "id": "o", "name": "x"}],
        "deceasedBoolean": false,
        "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"},
    })
}

#[test]
fn what_is_valid_passes() {
    assert_eq!(told("Patient", &patient()), "");
    let spaced = json!({"resourceType": "Patient", "name": [{"text": "A\u{a0}B"}]});
    assert_eq!(
        told("Patient", &spaced),
        "",
        "a no-break space is no white space of XML"
    );
    let absent = json!({"resourceType": "Observation", "code": {"text": "x"}, "_status": {"extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}});
    assert_eq!(
        told("Observation", &absent),
        "",
        "an extension stands for a required primitive"
    );
    let bundle = json!({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient()}]});
    assert_eq!(told("Bundle", &bundle), "");
    let scenario = json!({"resourceType": "ExampleScenario", "status": "draft",
        "instance": [{"resourceId": "x", "resourceType": "Patient"}]});
    assert_eq!(
        told("ExampleScenario", &scenario),
        "",
        "an element named resourceType makes no resource"
    );
}

/// Damage at a place, and nothing else is found but that.
#[test]
fn damage_is_found_where_it_is() {
    let cases: &[(&str, Value, &str)] = &[
        ("/brithDate", json!("1970"), "/brithDate"),
        ("/active", json!("true"), "/active"),
        ("/gender", json!("mael"), "/gender"),
        ("/birthDate", json!("1970-13-01"), "/birthDate"),
        ("/birthDate", json!(1970), "/birthDate"),
        ("/id", json!("a b"), "/id"),
        ("/id", json!(""), "/id"),
        ("/name", json!([]), "/name"),
        ("/name", json!({"family": "A"}), "/name"),
        ("/name/0", json!({}), "/name/0"),
        ("/name/0/family", json!(["A"]), "/name/0/family"),
        ("/name/0/given/0", json!(""), "/name/0/given/0"),
        ("/name/0/given/0", json!(null), "/name/0/given/0"),
        ("/name/0/_given/1", json!({"id": "x"}), "/name/0/_given/1"),
        ("/name/0/_given", json!([null]), "/name/0/_given"),
        (
            "/name/0/_given/1/extension/0/url",
            json!(1),
            "/name/0/_given/1/extension/0/url",
        ),
        (
            "/name/0/_given/1/extension/0/valueString",
            json!("x"),
            "/name/0/_given/1/extension/0",
        ),
        (
            "/name/0/_given/1/extension/0/valueFoo",
            json!("x"),
            "/name/0/_given/1/extension/0/valueFoo",
        ),
        ("/name/0/period", json!({"start": "yesterday"}), "/name/0/period/start"),
        ("/deceasedDateTime", json!("1999"), ""),
        ("/multipleBirth", json!(2), "/multipleBirth"),
        ("/multipleBirthInteger", json!(1.5), "/multipleBirthInteger"),
        (
            "/multipleBirthInteger",
            json!(9_999_999_999_i64),
            "/multipleBirthInteger",
        ),
        ("/contact", json!([{"gender": "x"}]), "/contact/0/gender"),
        ("/link", json!([{"type": "refer"}]), "/link/0"),
        ("/communication", json!([{"preferred": true}]), "/communication/0"),
        ("/telecom", json!([{"rank": 0}]), "/telecom/0/rank"),
        ("/photo", json!([{"data": "not base64!"}]), "/photo/0/data"),
        ("/photo", json!([{"size": -1}]), "/photo/0/size"),
        ("/contained/0/nmae", json!("x"), "/contained/0/nmae"),
        (
            "/contained/0/resourceType",
            json!("Organisation"),
            "/contained/0/resourceType",
        ),
        ("/contained/0", json!({"id": "x"}), "/contained/0"),
        ("/text/div", json!("no XHTML"), "/text/div"),
        ("/text/status", json!("Generated"), "/text/status"),
        ("/meta", json!({"lastUpdated": "2020-01-01"}), "/meta/lastUpdated"),
        ("/meta", json!(null), "/meta"),
        ("/resourceType", json!("Person"), "/resourceType"),
        ("/_birthDate", json!({"extension": "x"}), "/_birthDate/extension"),
        (
            "/managingOrganization",
            json!({"identifier": {"use": "x"}}),
            "/managingOrganization/identifier/use",
        ),
    ];
    let mut messages = String::new();
    for (place, damage, expected) in cases {
        let mut body = patient();
        let (parent, last) = place.rsplit_once('/').unwrap();
        match body.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[last.parse::<usize>().unwrap()] = damage.clone(),
            Value::Object(properties) => drop(properties.insert(last.to_owned(), damage.clone())),
            _ => unreachable!(),
        }
        let errors = schemas().validate("Patient", &body).unwrap();
        assert!(!errors.is_empty(), "{place} = {damage} is not found");
        for error in &errors {
            assert_eq!(error.instance_path, *expected, "{place} = {damage}: {}", error.message);
        }
        messages.push_str(&format!("{place} = {damage}\n"));
        for error in errors {
            messages.push_str(&format!(
                "    {}: {} [{}]\n",
                error.instance_path, error.message, error.schema_path
            ));
        }
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn what_is_missing_is_named() {
    let all = [
        told("Observation", &json!({"resourceType": "Observation"})),
        told(
            "MedicationRequest",
            &json!({"resourceType": "MedicationRequest", "status": "active", "intent": "order",
                "subject": {"reference": "Patient/1"}}),
        ),
        told(
            "Condition",
            &json!({"resourceType": "Condition", "subject": {"reference": "Patient/1"},
                "clinicalStatus": {"coding": [{"system": "http://example.org", "code": "active"}]}}),
        ),
        told(
            "Observation",
            &json!({"resourceType": "Observation", "status": "fnal", "code": {"text": "x"},
                "valueQuantty": {"value": 1}, "value": 2}),
        ),
        told(
            "Bundle",
            &json!({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource":
                {"resourceType": "Patient", "contained": [{"resourceType": "Patient", "gender": 1}]}}]}),
        ),
    ]
    .join("\n");
    insta::assert_snapshot!(all);
}

#[test]
fn a_condition_without_a_coding_of_the_value_set_may_say_why() {
    let body = json!({"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "clinicalStatus":
        {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}});
    assert_eq!(told("Condition", &body), "");
}

#[test]
fn unknown_types_get_a_hint() {
    let error = schemas().validate("Pateint", &json!({})).unwrap_err();
    assert_eq!(error.to_string(), "R4 has no type `Pateint`; did you mean `Patient`?");
    assert!(
        Schemas::for_release(FhirVersion::Dstu2)
            .validate("Patient", &json!({}))
            .is_err()
    );
}

#[test]
fn whole_numbers_have_digits_only() {
    for (number, valid) in [("1", true), ("1.0", false), ("1e2", false), ("0", false), ("-1", false)] {
        let text = format!(r#"{{"resourceType": "Patient", "telecom": [{{"rank": {number}}}]}}"#);
        let errors = schemas()
            .validate("Patient", &serde_json::from_str(&text).unwrap())
            .unwrap();
        assert_eq!(errors.is_empty(), valid, "{number}: {errors:?}");
        assert!(
            errors.iter().all(|error| error.instance_path == "/telecom/0/rank"),
            "{errors:?}"
        );
    }
    let body = serde_json::from_str(r#"{"resourceType": "Patient", "telecom": [{"rank": 1.0}]}"#).unwrap();
    assert_eq!(
        told("Patient", &body),
        "/telecom/0/rank: `rank` must be a whole number written with digits only, found `1.0`\n"
    );
}

/// A small set of resources of R6, and what its own schemas find in them.
#[test]
fn r6_has_schemas_of_its_own() {
    let r6 = Schemas::for_release(FhirVersion::R6);
    let valid = [
        json!({"resourceType": "Patient", "gender": "female", "birthDate": "1970-01-01", "deceasedBoolean": false,
            "name": [{"use": "official", "family": "A"}], "contact": [{"name": {"family": "B"}}]}),
        json!({"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "valueQuantity": {"value": 1.50},
            "organizer": true}),
        json!({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Basic",
            "code": {"text": "x"}}}]}),
        json!({"resourceType": "ClinicalAssessment", "status": "completed", "subject": {"reference": "Patient/1"}}),
    ];
    for body in &valid {
        let name = body["resourceType"].as_str().unwrap();
        assert_eq!(r6.validate(name, body), Ok(vec![]), "{body}");
    }
    for (body, place) in [
        (
            json!({"resourceType": "Patient", "name": [{"use": "offical"}]}),
            "/name/0/use",
        ),
        (json!({"resourceType": "Observation"}), ""),
        (
            json!({"resourceType": "Observation", "code": {"text": "x"}, "valueInteger": 1, "valueString": "x"}),
            "",
        ),
        (json!({"resourceType": "Patient", "brithDate": "1970"}), "/brithDate"),
        (
            json!({"resourceType": "Patient", "contact": {"gender": "male"}}),
            "/contact",
        ),
        (json!({"resourceType": "Patient", "birthDate": "1970-13"}), "/birthDate"),
    ] {
        let name = body["resourceType"].as_str().unwrap();
        let errors = r6.validate(name, &body).unwrap();
        assert_eq!(errors.len(), 1, "{body}: {errors:?}");
        assert_eq!(errors[0].instance_path, place, "{body}");
    }
    assert!(r6.knows("DeviceAlert") && !Schemas::for_release(FhirVersion::R5).knows("DeviceAlert"));
}

#[test]
fn every_schema_compiles() {
    for release in FhirVersion::HTTP {
        let schemas = Schemas::for_release(release);
        let names: Vec<_> = schemas.archive.names().collect();
        assert!(names.len() > 180, "{release}: {}", names.len());
        for name in names {
            assert!(schemas.validator(name).is_ok(), "{release} {name}");
        }
    }
}

/// Extensions and resources are judged by the names of the elements that hold them; the definitions must agree.
#[test]
fn parts_are_told_by_the_names_of_their_elements() {
    use crate::fhir::model::Model;
    for release in FhirVersion::HTTP {
        for found in Model::for_release(release).types() {
            for element in found.own_elements() {
                let names: Vec<_> = element.types.iter().map(|found| found.name).collect();
                let is_extension = matches!(element.name, "extension" | "modifierExtension");
                assert_eq!(is_extension, names == ["Extension"], "{}.{}", found.name, element.name);
                if names.contains(&"Resource") {
                    assert!(
                        matches!(element.name, "contained" | "resource" | "outcome" | "issues"),
                        "{}",
                        found.name
                    );
                }
            }
        }
    }
}

#[test]
fn hostile_bodies_end_soon() {
    let started = Instant::now();
    let mut deep = json!({"url": "x"});
    for _ in 0..2_000 {
        let mut around = serde_json::Map::new();
        around.insert("url".to_owned(), json!("x"));
        around.insert("extension".to_owned(), Value::Array(vec![deep]));
        deep = Value::Object(around);
    }
    let mut body = serde_json::Map::new();
    body.insert("resourceType".to_owned(), json!("Patient"));
    body.insert("extension".to_owned(), Value::Array(vec![deep]));
    let body = Value::Object(body);
    let errors = schemas().validate("Patient", &body).unwrap();
    assert!(errors.iter().any(|error| error.keyword == "depth"), "{errors:?}");
    // Dropping it would recurse.
    std::mem::forget(body);
    let mut wide = serde_json::Map::new();
    for index in 0..50_000 {
        wide.insert(format!("birthDat{index}"), json!(index));
    }
    let errors = schemas().validate("Patient", &Value::Object(wide)).unwrap();
    assert_eq!(errors.len(), MOST_ERRORS + 1);
    let long = json!({"resourceType": "Binary", "contentType": "x", "data": "QUJD".repeat(500_000)});
    assert_eq!(told("Binary", &long), "");
    assert!(started.elapsed() < Duration::from_secs(90), "{:?}", started.elapsed());
}

#[test]
fn a_companion_is_no_mend_of_a_value() {
    let body = json!({"resourceType": "Patient", "birthDate": "1815-12-10", "brithDate": "1815-12-10"});
    let errors = Schemas::for_release(FhirVersion::R4)
        .validate("Patient", &body)
        .unwrap();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].mend.as_ref().unwrap().replacement.is_none(), "{errors:?}");
}
