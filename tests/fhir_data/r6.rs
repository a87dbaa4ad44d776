//! R6 has schemas and elements of its own, from the ballot's JSON Schema: resources of ours validate, and so do R5's
//! examples of the types that are still the same.

use std::env;
use std::fs;
use std::path::PathBuf;

use fhir_assay::fhir::FhirVersion;
use fhir_assay::fhir::model::{ElementInfo, Model};
use fhir_assay::fhir::validate::Validator;
use serde_json::{Value, json};

use crate::damage::committed;
use crate::examples::json_files;

#[test]
fn resources_of_r6_are_valid() {
    let judge = Validator::new(FhirVersion::R6);
    let subject = json!({"reference": "Patient/1"});
    for body in [
        json!({"resourceType": "Patient", "id": "1", "active": true, "gender": "other", "birthDate": "1970-01",
            "deceasedDateTime": "2020-01-01T10:00:00Z", "name": [{"use": "official", "family": "A", "given": ["B", "C"],
            "_given": [null, {"id": "c"}]}], "contact": [{"additionalName": [{"text": "D"}]}],
            "contained": [{"resourceType": "Organization", "id": "o", "name": "O"}],
            "managingOrganization": {"reference": "#o"}}),
        json!({"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": subject,
            "valueQuantity": {"value": 1.50, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}}),
        json!({"resourceType": "DeviceAlert", "status": "completed", "code": {"text": "x"}, "subject": subject,
            "presence": true, "signal": [{"presence": "on"}]}),
        json!({"resourceType": "ClinicalAssessment", "status": "completed", "subject": subject}),
        json!({"resourceType": "InsuranceProduct", "name": "x", "period": {"start": "2020", "end": "2021"}}),
        json!({"resourceType": "PersonalRelationship", "relationshipType": {"text": "x"}, "source": subject, "target": subject}),
        json!({"resourceType": "Encounter", "actualPeriod": {"start": "2020-01-01T10:00:00Z"}, "plannedStartDate": "2020-01-01"}),
        json!({"resourceType": "ServiceRequest", "status": "active", "intent": "order", "subject": subject,
            "occurrenceDateTime": "2020-01-01"}),
        json!({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]}),
        json!({"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
            "resource": {"resourceType": "Basic", "code": {"text": "x"}}}]}),
        json!({"resourceType": "Parameters", "parameter": [{"name": "x", "valueInteger64": "9007199254740993"},
            {"name": "y", "part": [{"name": "z", "resource": {"resourceType": "Basic", "code": {"text": "x"}}}]}]}),
    ] {
        let validation = judge.validate(&body);
        assert!(validation.is_valid(), "{body}: {:#?}", validation.violations);
        assert!(!validation.unchecked.is_empty(), "what R6 does not tell is said");
    }
}

#[test]
fn broken_resources_of_r6_are_not() {
    let judge = Validator::new(FhirVersion::R6);
    for (body, place) in [
        (json!({"resourceType": "Patient", "brithDate": "1970"}), "/brithDate"),
        (
            json!({"resourceType": "Patient", "birthDate": "1970-02-30"}),
            "/birthDate",
        ),
        (
            json!({"resourceType": "Patient", "name": [{"use": "offical"}]}),
            "/name/0/use",
        ),
        (json!({"resourceType": "Patient", "name": {"family": "A"}}), "/name"),
        (
            json!({"resourceType": "Patient", "telecom": [{"value": "1"}]}),
            "/telecom/0",
        ),
        (
            json!({"resourceType": "Patient", "deceasedBoolean": true, "deceasedDateTime": "2020"}),
            "",
        ),
        (
            json!({"resourceType": "PersonalRelationship", "relationshipType": {"text": "x"}, "source": {"display": "x"}}),
            "/target",
        ),
        (
            json!({"resourceType": "Parameters", "parameter": [{"name": "x", "valueInteger64": 5}]}),
            "/parameter/0/valueInteger64",
        ),
        (
            json!({"resourceType": "InsurancePlan", "period": {"start": "2021", "end": "2020"}}),
            "/period",
        ),
        (json!({"resourceType": "RequestGroup"}), "/resourceType"),
    ] {
        let validation = judge.validate(&body);
        let places: Vec<_> = validation
            .violations
            .iter()
            .map(|found| found.pointer.as_str())
            .collect();
        assert!(places.contains(&place), "{body}: {:#?}", validation.violations);
    }
}

/// An element as far as R6's schema tells it.
fn told(element: &ElementInfo) -> (&str, Vec<&str>, bool) {
    let types = element.types.iter().map(|found| found.name);
    (element.name, types.collect(), element.many)
}

/// Whether a resource type and its groups have the same elements in both releases.
fn is_the_same(name: &str) -> bool {
    let (before, now) = (Model::for_release(FhirVersion::R5), Model::for_release(FhirVersion::R6));
    let inside = format!("{name}.");
    let shapes = |model: &'static Model| {
        let all = model.types().map(|found| found.name);
        let mut names: Vec<_> = all
            .filter(|found| *found == name || found.starts_with(&inside))
            .collect();
        names.sort_unstable();
        names
    };
    let same = |shape: &&str| {
        let of = |model: &'static Model| model.elements(shape).into_iter().map(told).collect::<Vec<_>>();
        of(before) == of(now)
    };
    shapes(before) == shapes(now) && shapes(now).iter().all(same)
}

#[test]
fn examples_of_r5_are_valid_where_their_type_is_the_same() {
    let mut examples = committed(FhirVersion::R5);
    if let Some(root) = env::var_os("FHIR_EXAMPLES") {
        let mut paths = Vec::new();
        json_files(&PathBuf::from(root).join("r5"), &mut paths);
        for path in paths {
            let body = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            examples.push((path.display().to_string(), body));
        }
    }
    let judges = [FhirVersion::R5, FhirVersion::R6].map(Validator::new);
    let (mut count, mut types) = (0, std::collections::BTreeSet::new());
    for (name, body) in &examples {
        let Some(type_name) = body["resourceType"].as_str().filter(|found| is_the_same(found)) else {
            continue;
        };
        if holds_resources(body) || !judges[0].validate(body).is_valid() {
            continue;
        }
        let validation = judges[1].validate(body);
        assert!(validation.is_valid(), "{name}: {:#?}", validation.violations);
        count += 1;
        types.insert(type_name);
    }
    println!("R6: {count} examples of R5 are valid, of {} types", types.len());
    assert!(count > 1);
}

/// Other resources inside may be of types that changed.
fn holds_resources(body: &Value) -> bool {
    match body {
        Value::Object(properties) => {
            properties.contains_key("contained")
                || properties.contains_key("resource")
                || properties.values().any(holds_resources)
        }
        Value::Array(items) => items.iter().any(holds_resources),
        _ => false,
    }
}
