//! What is wrong with a body is found at its place, and what is right passes.

use serde_json::{Value, json};

use crate::fhir::FhirVersion;
use crate::fhir::validate::{RuleKind, UncheckedKind, Validator};

/// What is found, without the warnings that nearly every body gets.
fn told(release: FhirVersion, body: &Value) -> String {
    let found = Validator::new(release).validate_bytes(body.to_string().as_bytes());
    let told = found
        .violations
        .iter()
        .filter(|violation| violation.rule.key.as_deref() != Some("dom-6"));
    let lines = told.map(|found| {
        format!(
            "{:?} {:?} {} ({}): {}\n",
            found.severity, found.rule.kind, found.path, found.pointer, found.message
        )
    });
    lines.collect()
}

fn r4(body: &Value) -> String {
    told(FhirVersion::R4, body)
}

fn period(start: &str, end: &str) -> Value {
    json!({"resourceType": "Patient", "name": [{"family": "A", "period": {"start": start, "end": end}}]})
}

#[test]
fn constraints_hang_where_the_definitions_hang_them() {
    let contact = json!([{"gender": "male"}]);
    let inside = json!({"resourceType": "Patient", "id": "p", "contact": contact});
    let all = [
        r4(&inside),
        r4(&json!({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": inside}]})),
        r4(
            &json!({"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "contained": [inside],
            "subject": {"reference": "#p"}}),
        ),
        r4(&json!({"resourceType": "Parameters", "parameter": [{"name": "x", "resource": inside}]})),
        r4(
            &json!({"resourceType": "Patient", "extension": [{"url": "urn:x", "valuePeriod":
            {"start": "2021-01-01", "end": "2020-01-01"}}]}),
        ),
        r4(
            &json!({"resourceType": "Patient", "_birthDate": {"extension": [{"url": "urn:x", "valueContactPoint":
            {"value": "1"}}]}}),
        ),
        r4(
            &json!({"resourceType": "Questionnaire", "status": "draft", "item": [{"linkId": "1", "type": "group", "item":
            [{"linkId": "1", "type": "display", "required": true}]}]}),
        ),
        told(
            FhirVersion::R5,
            &json!({"resourceType": "ValueSet", "status": "draft", "url": "http://x|1",
            "identifier": [{"system": "urn:x"}]}),
        ),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn vague_dates_break_no_constraint() {
    for release in [FhirVersion::R4, FhirVersion::R4B, FhirVersion::R5] {
        for (start, end) in [
            ("2020", "2020"),
            ("2020", "2020-05"),
            ("2020-05-03", "2020-05"),
            ("2020-05-03", "2020-05-03T01:00:00Z"),
            ("2020-05-03T00:00:00+14:00", "2020-05-02"),
            ("2020-05-03T10:00:00Z", "2020-05-03T12:00:00+02:00"),
        ] {
            assert_eq!(told(release, &period(start, end)), "", "{release} {start} {end}");
        }
        for (start, end) in [
            ("2021", "2020"),
            ("2020-05-03", "2020-05-02"),
            ("2020-05-03T10:00:01Z", "2020-05-03T12:00:00+02:00"),
            ("2020-05-05", "2020-05-03T00:00:00Z"),
        ] {
            assert!(
                told(release, &period(start, end)).contains("per-1"),
                "{release} {start} {end}"
            );
        }
    }
}

#[test]
fn references_are_followed_inside_the_body() {
    let entry = |url: &str, resource: Value| json!({"fullUrl": url, "resource": resource});
    let observation = |reference: &str| json!({"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}, "subject": {"reference": reference}});
    let bundle = |reference: &str| {
        json!({"resourceType": "Bundle", "type": "collection", "entry": [
            entry("http://a/fhir/Observation/o", observation(reference)),
            entry("http://a/fhir/Patient/p", json!({"resourceType": "Patient", "id": "p", "meta": {"versionId": "2"}})),
            entry("urn:uuid:0b7ee2a4-12b5-4a3b-9a0b-5d5a7a0a1111", json!({"resourceType": "Organization", "name": "x"}))]})
    };
    for reference in ["Patient/p", "http://a/fhir/Patient/p", "Patient/p/_history/2"] {
        let found = Validator::new(FhirVersion::R4).validate(&bundle(reference));
        assert!(found.is_valid(), "{reference}");
        let left = found.unchecked.iter().any(|left| left.kind == UncheckedKind::Reference);
        assert!(!left, "{reference} {:?}", found.unchecked);
    }
    for reference in [
        "Patient/q",
        "http://b/fhir/Patient/p",
        "Patient/p/_history/3",
        "urn:uuid:0b7ee2a4-12b5-4a3b-9a0b-5d5a7a0a2222",
    ] {
        let found = Validator::new(FhirVersion::R4).validate(&bundle(reference));
        assert!(found.is_valid(), "{reference}");
        let left = found
            .unchecked
            .iter()
            .filter(|left| left.kind == UncheckedKind::Reference)
            .count();
        assert_eq!(left, 1, "{reference} {:?}", found.unchecked);
    }
    let contained = |reference: Value, contained: Value| json!({"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "contained": contained, "subject": reference});
    let patient = json!({"resourceType": "Patient", "id": "p"});
    let practitioner = json!({"resourceType": "Practitioner", "id": "d"});
    let all = [
        r4(&bundle("urn:uuid:0b7ee2a4-12b5-4a3b-9a0b-5d5a7a0a1111")),
        r4(&observation("Practitioner/1")),
        r4(&contained(json!({"reference": "#d"}), json!([practitioner]))),
        r4(&contained(json!({"reference": "#q"}), json!([patient]))),
        r4(&contained(
            json!({"reference": "#p"}),
            json!([patient, {"resourceType": "Group", "id": "p", "type": "person", "actual": true}]),
        )),
        r4(&contained(
            json!({"type": "Organization", "display": "x"}),
            json!([practitioner]),
        )),
        r4(&contained(
            json!({"reference": "Patient/1", "type": "Group"}),
            json!([practitioner]),
        )),
    ];
    assert_eq!(r4(&contained(json!({"reference": "#p"}), json!([patient]))), "");
    assert_eq!(
        r4(&contained(
            json!({"reference": "Patient/1", "type": "Patient"}),
            json!([patient])
        ))
        .matches("dom-3")
        .count(),
        1
    );
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn bundles_name_their_entries_rightly() {
    let bundle = |kind: &str, entries: Value| json!({"resourceType": "Bundle", "type": kind, "entry": entries});
    let patient = json!({"resourceType": "Patient", "id": "1"});
    for url in [
        "http://a/Patient/1",
        "urn:uuid:0b7ee2a4-12b5-4a3b-9a0b-5d5a7a0a1111",
        "http://a/other",
    ] {
        assert_eq!(
            r4(&bundle("collection", json!([{"fullUrl": url, "resource": patient}]))),
            "",
            "{url}"
        );
    }
    let one = |url: &str| json!({"fullUrl": url, "resource": patient});
    let all = [
        r4(&bundle("collection", json!([one("http://a/Patient/2")]))),
        r4(&bundle("collection", json!([one("http://a/Group/1")]))),
        r4(&bundle(
            "collection",
            json!([one("http://a/Patient/1"), one("http://a/Patient/1")]),
        )),
        r4(&bundle("collection", json!([one("http://a/Patient/1/_history/1")]))),
        r4(&bundle(
            "collection",
            json!([{"search": {"mode": "match"}, "resource": patient}]),
        )),
        r4(&bundle("transaction", json!([{"resource": patient}]))),
        r4(&bundle("document", json!([{"resource": patient}]))),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn primitives_make_sense() {
    let all = [
        r4(&json!({"resourceType": "Patient", "birthDate": "2023-02-29"})),
        r4(&json!({"resourceType": "Patient", "birthDate": "2024-02-29", "deceasedDateTime": "2023-04-31T10:00:00Z"})),
        r4(&json!({"resourceType": "Patient", "name": [{"family": "a\u{1}b"}]})),
        r4(
            &json!({"resourceType": "Patient", "text": {"status": "generated", "div":
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>x</script></div>"}}),
        ),
        told_bytes(br#"{"resourceType":"Patient","multipleBirthInteger":1.0}"#),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

fn told_bytes(bytes: &[u8]) -> String {
    let found = Validator::new(FhirVersion::R4).validate_bytes(bytes);
    let lines = found
        .violations
        .iter()
        .filter(|found| found.rule.kind != RuleKind::Constraint);
    lines
        .map(|found| format!("{:?} {}: {}\n", found.rule.kind, found.pointer, found.message))
        .collect()
}

#[test]
fn bytes_show_what_values_hide() {
    let all = [
        told_bytes(br#"{"resourceType":"Patient","name":[{"family":"A"},{"family":"A","f\u0061mily":"B"}],"active":true,"active":true}"#),
        told_bytes(br#"{"resourceType":"Patient","contact":[{"name":{"text":"\"{,"},"gender":"male"},{"name":{"text":"x"}}]}"#),
        told_bytes(b"{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"\xff\"}]}"),
        told_bytes(b"{\"resourceType\":"),
        told_bytes(b""),
        told_bytes("[".repeat(500).as_bytes()),
    ];
    insta::assert_snapshot!(all.join("---\n"));
}

#[test]
fn what_is_not_looked_at_is_said() {
    let body = json!({"resourceType": "Patient", "meta": {"profile": ["http://example.org/p", "http://hl7.org/fhir/StructureDefinition/Patient"]},
        "maritalStatus": {"text": "x"}, "language": "en", "managingOrganization": {"reference": "Organization/1"},
        "generalPractitioner": [{"reference": "http://x/Practitioner/1"}, {"reference": "Practitioner/2"}]});
    let found = Validator::new(FhirVersion::R4).validate(&body);
    assert!(found.is_valid());
    let lines: Vec<_> = found
        .unchecked
        .iter()
        .map(|left| format!("{:?} {}: {}", left.kind, left.subject, left.reason))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn hostile_bodies_end_soon() {
    let started = std::time::Instant::now();
    let contained: Vec<_> = (0..3_000)
        .map(|id| json!({"resourceType": "Basic", "id": id.to_string(), "code": {"text": "x"}}))
        .collect();
    let refer = |id: u32| json!({"url": "urn:x", "valueReference": {"reference": format!("#{id}")}});
    let extensions: Vec<_> = (0..3_000).map(refer).collect();
    let body = json!({"resourceType": "Patient", "contained": contained, "extension": extensions});
    let found = Validator::new(FhirVersion::R4).validate(&body);
    assert!(
        found.unchecked.iter().any(|left| left.subject == "dom-3"),
        "{:?}",
        found.unchecked
    );
    let items: Vec<_> = (0..20_000)
        .map(|id| json!({"linkId": id.to_string(), "type": "display"}))
        .collect();
    let body = json!({"resourceType": "Questionnaire", "status": "draft", "item": items});
    assert!(Validator::new(FhirVersion::R4).validate(&body).is_valid());
    assert!(
        started.elapsed() < std::time::Duration::from_secs(90),
        "{:?}",
        started.elapsed()
    );
}
