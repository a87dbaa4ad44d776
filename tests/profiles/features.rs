//! For each feature of profiles a body that keeps it, and one that breaks exactly it.

use std::fmt::Write as _;

use fhir_assay::fhir::FhirVersion;
use fhir_assay::fhir::profile::{Loader, ProfileError};
use fhir_assay::fhir::validate::Validation;
use serde_json::{Value, json};

use super::bodies::{canonical, files, packed, profiles, valid};

/// A change of a valid body: a JSON Pointer and what to write there, null to take it away.
type Edit = (&'static str, Value);

fn edited(name: &str, edits: &[Edit]) -> Value {
    let mut body = valid(name);
    for (pointer, value) in edits {
        let (above, last) = pointer.rsplit_once('/').unwrap();
        let place = body.pointer_mut(above).unwrap_or_else(|| panic!("{name}{pointer}"));
        match place {
            Value::Array(items) => match last.parse::<usize>() {
                Ok(index) if value.is_null() => drop(items.remove(index)),
                Ok(index) if index < items.len() => items[index] = value.clone(),
                _ => items.push(value.clone()),
            },
            Value::Object(members) if value.is_null() => drop(members.shift_remove(last)),
            Value::Object(members) => drop(members.insert(last.to_owned(), value.clone())),
            _ => panic!("{pointer}"),
        }
    }
    body
}

fn told(found: &Validation) -> String {
    let mut text = String::new();
    for violation in &found.violations {
        let rule = &violation.rule;
        let key = rule.key.as_deref().map(|key| format!(" {key}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "  {:?} {:?}{key} at {}\n    {}\n    rule: {} ({} of {})",
            violation.severity, rule.kind, violation.pointer, violation.message, rule.text, rule.element, rule.source
        );
        if let Some(mend) = &violation.mend {
            let _ = writeln!(text, "    mend: {}", mend.text);
        }
    }
    for left in &found.unchecked {
        let _ = writeln!(text, "  unchecked {:?} {}: {}", left.kind, left.subject, left.reason);
    }
    text
}

fn judged(name: &str, body: &Value) -> Validation {
    let found = profiles().judge_as(FhirVersion::R4, &canonical(name), body);
    found.unwrap()
}

fn code(code: &str) -> Value {
    json!({"coding": [{"system": "urn:example:code", "code": code}]})
}

/// What is broken, in which profile, and how.
fn breaks() -> Vec<(&'static str, &'static str, Vec<Edit>)> {
    let union = |code: &str| json!({"coding": [{"system": "http://example.org/assay/CodeSystem/union", "code": code}]});
    let contact = |system: &str| json!({"system": system, "value": "1"});
    vec![
        ("a minimum", "patient", vec![("/birthDate", Value::Null)]),
        (
            "a maximum of none",
            "patient",
            vec![("/photo", json!([{"title": "x"}]))],
        ),
        (
            "a maximum",
            "patient",
            vec![
                ("/telecom/-", json!({"system": "phone", "use": "home", "value": "2"})),
                ("/telecom/-", json!({"system": "phone", "use": "home", "value": "3"})),
            ],
        ),
        (
            "a minimum in a slice",
            "patient",
            vec![("/name/0", json!({"use": "official", "text": "B"}))],
        ),
        ("a fixed value", "observation", vec![("/status", json!("amended"))]),
        ("a fixed Boolean", "patient", vec![("/active", json!(false))]),
        ("a pattern", "observation", vec![("/code", code("else"))]),
        (
            "the length of a text",
            "patient",
            vec![("/identifier/1/value", json!("123456789"))],
        ),
        (
            "a slice by value that is missing",
            "patient",
            vec![("/identifier/1", Value::Null)],
        ),
        (
            "a slice by value that is there twice",
            "patient",
            vec![("/identifier/-", json!({"system": "urn:example:record", "value": "18"}))],
        ),
        (
            "a slice by two values of one coding",
            "observation",
            vec![(
                "/category/1",
                json!({"coding": [{"system": "urn:example:category", "code": "x"}, {"system": "urn:else", "code": "vital"}]}),
            )],
        ),
        (
            "a slice by pattern",
            "observation",
            vec![("/component/1/code", code("fourth"))],
        ),
        (
            "a type in a slice",
            "observation",
            vec![
                ("/component/1/valueQuantity", Value::Null),
                ("/component/1/valueString", json!("high")),
            ],
        ),
        ("closed slices", "patient", vec![("/telecom/1", contact("fax"))]),
        (
            "ordered slices",
            "patient",
            vec![
                ("/name/0", json!({"use": "usual", "text": "Ada"})),
                ("/name/1", json!({"use": "official", "family": "Berg"})),
            ],
        ),
        (
            "slices that are open at their end",
            "patient",
            vec![
                ("/name/1", json!({"use": "nickname", "text": "A"})),
                ("/name/2", json!({"use": "usual", "text": "Ada"})),
            ],
        ),
        (
            "a slice by existence",
            "patient",
            vec![(
                "/communication/-",
                json!({"language": {"text": "Danish"}, "preferred": false}),
            )],
        ),
        (
            "a choice that is narrowed",
            "observation",
            vec![("/valueQuantity", Value::Null), ("/valueBoolean", json!(true))],
        ),
        (
            "a fixed value in a slice by type",
            "observation",
            vec![("/valueQuantity/system", json!("http://example.org/units"))],
        ),
        (
            "a slice by the type of a reference",
            "observation",
            vec![("/performer/-", json!({"reference": "Practitioner/2"}))],
        ),
        (
            "a slice by an extension's value",
            "observation",
            vec![("/note/1/time", Value::Null)],
        ),
        (
            "a content reference",
            "observation",
            vec![("/component/0/referenceRange/0", json!({"high": {"value": 2}}))],
        ),
        (
            "a required binding",
            "patient",
            vec![("/maritalStatus", union("secret"))],
        ),
        (
            "a required binding, by words alone",
            "patient",
            vec![("/maritalStatus", json!({"text": "married"}))],
        ),
        (
            "a binding of an extension",
            "observation",
            vec![("/note/2/extension/0/valueCode", json!("remarks"))],
        ),
        ("a constraint", "patient", vec![("/telecom", Value::Null)]),
        (
            "a constraint below the root",
            "patient",
            vec![("/name/2", json!({"use": "nickname", "given": ["A"]}))],
        ),
        (
            "a constraint that only warns",
            "patient",
            vec![("/gender", Value::Null)],
        ),
        (
            "an extension's type",
            "patient",
            vec![(
                "/extension/0",
                json!({"url": canonical("nickname"), "valueCode": "Ada"}),
            )],
        ),
        (
            "an extension's own definition",
            "patient",
            vec![("/extension/0/valueString", json!("Ada of the long name"))],
        ),
        (
            "an extension too often",
            "patient",
            vec![(
                "/extension/-",
                json!({"url": canonical("nickname"), "valueString": "B"}),
            )],
        ),
        (
            "the profile of a contained target",
            "patient",
            vec![(
                "/contained/0",
                json!({
            "resourceType": "Practitioner", "id": "gp"}),
            )],
        ),
        (
            "the type of a target",
            "observation",
            vec![("/performer/-", json!({"reference": "CareTeam/1"}))],
        ),
        (
            "the profile of an entry",
            "bundle",
            vec![("/entry/0/resource/birthDate", Value::Null)],
        ),
        (
            "the order of entries",
            "bundle",
            vec![
                ("/entry/0", valid("bundle")["entry"][1].clone()),
                ("/entry/1", valid("bundle")["entry"][0].clone()),
            ],
        ),
        (
            "entries of another type",
            "bundle",
            vec![(
                "/entry/-",
                json!({"resource": {"resourceType": "Basic", "code": {"text": "x"}}}),
            )],
        ),
        (
            "a slice by profile",
            "bundle-by-profile",
            vec![("/entry/0/resource/birthDate", Value::Null)],
        ),
        (
            "another type of resource",
            "patient",
            vec![("/resourceType", json!("Person"))],
        ),
    ]
}

#[test]
fn bodies_that_use_everything_conform() {
    for name in ["patient", "observation", "bundle", "bundle-by-profile"] {
        let found = judged(name, &valid(name));
        assert!(found.violations.is_empty(), "{name}:\n{}", told(&found));
    }
}

#[test]
fn each_feature_is_broken_alone() {
    let mut text = String::new();
    for (what, name, edits) in breaks() {
        let found = judged(name, &edited(name, &edits));
        assert!(!found.violations.is_empty(), "{what}: nothing is found");
        let _ = write!(text, "{what}\n{}", told(&found));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_a_body_claims_is_judged_wherever_it_stands() {
    let mut body = valid("bundle");
    body["entry"][0]["resource"]["meta"] = json!({"profile": [canonical("patient"), "http://example.org/unknown"]});
    body["entry"][0]["resource"]["birthDate"] = Value::Null;
    body["entry"][0]["resource"]
        .as_object_mut()
        .unwrap()
        .shift_remove("birthDate");
    let found = profiles().judge(FhirVersion::R4, &body);
    insta::assert_snapshot!(told(&found));
}

#[test]
fn what_cannot_be_judged_is_no_pass() {
    let body = valid("patient");
    let profiles = profiles();
    let asked = |canonical: &str, release| profiles.judge_as(release, canonical, &body).unwrap_err();
    let unknown = asked("http://example.org/unknown", FhirVersion::R4);
    let version = asked(&format!("{}|2.0.0", canonical("patient")), FhirVersion::R4);
    let release = asked(&canonical("patient"), FhirVersion::R5);
    assert!(matches!(unknown, ProfileError::NotLoaded { .. }));
    assert!(matches!(release, ProfileError::OtherRelease { .. }));
    insta::assert_snapshot!(format!("{unknown}\n{version}\n{release}"));
    assert!(
        profiles
            .judge_as(FhirVersion::R4, &format!("{}|1.0.0", canonical("patient")), &body)
            .is_ok()
    );
}

#[test]
fn a_package_is_as_good_as_its_files() {
    let mut loader = Loader::default();
    loader.package("assay.tgz", packed(&files()).as_slice());
    let packed = loader.finish().unwrap();
    assert_eq!(packed.iter().count(), profiles().iter().count());
    let missing: Vec<_> = packed.missing_dependencies().iter().map(ToString::to_string).collect();
    assert_eq!(missing, ["example.assay#1.0.0 needs example.base#2.1.0"]);
    let found = packed.judge_as(FhirVersion::R4, &canonical("patient"), &valid("patient"));
    assert!(found.unwrap().violations.is_empty());
}
