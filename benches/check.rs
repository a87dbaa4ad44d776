//! What judging costs. Budget: six checks of a Patient of 2 KB, with the audit and without the parse, well under 50 µs.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use fhir_assay::check::{Context, Reading, always, check};
use fhir_assay::exchange::{Body, Exchange, Request, Response, Timing};
use fhir_assay::fhir::FhirVersion;
use fhir_assay::fhir::profile::Profiles;
use fhir_assay::fhir::schema::Schemas;
use fhir_assay::fhir::validate::Validator;
use fhir_assay::requirement::Catalogue;
use fhir_assay::suite::{Case, Suites, Variables};
use serde_json::{Value, json};

const SUITE: &str = r#"
suite: bench.check
title: A suite to measure with
fhir: [R4]
fixtures: { ada: ada.json }
cases:
  - id: case
    title: A patient is created and read
    setup:
      - create: Patient
        body: ada
        capture: { id: { location: id }, v1: { etag: version } }
    steps:
      - read: Patient/${id}
        expect:
          - requirement: read.returns-current
            status: 200
            headers: { Content-Type: { media-type: application/fhir+json }, ETag: { version: '${v1}' } }
            body: { like: ada, fhirpath: "id = %id and name.where(use = 'official').given.count() = 2" }
          - requirement: read.last-modified
            headers: { Last-Modified: { http-date: true } }
"#;

fn patient() -> String {
    let contact = |number: u32| {
        format!(
            r#"{{"relationship":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v2-0131","code":"N"}}]}}],"name":{{"family":"Family{number}","given":["Given{number}"]}},"telecom":[{{"system":"phone","value":"+44 20 7946 0{number}","use":"home"}}]}}"#
        )
    };
    let contacts: Vec<String> = (100..107).map(contact).collect();
    format!(
        r#"{{"resourceType":"Patient","id":"17","meta":{{"versionId":"3","lastUpdated":"2009-02-13T23:31:30.500Z"}},"text":{{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">Ada Lovelace</div>"}},"active":true,"identifier":[{{"system":"urn:fhir-assay:test","value":"a"}}],"name":[{{"use":"official","family":"Lovelace","given":["Ada","Augusta"]}}],"gender":"female","birthDate":"1815-12-10","multipleBirthInteger":1,"contact":[{}]}}"#,
        contacts.join(",")
    )
}

fn exchange(patient: &str) -> Exchange {
    let response = [
        ("Content-Type", "application/fhir+json; charset=utf-8"),
        ("ETag", "W/\"3\""),
        ("Last-Modified", "Fri, 13 Feb 2009 23:31:30 GMT"),
        ("Date", "Fri, 13 Feb 2009 23:31:31 GMT"),
    ];
    Exchange {
        request: Request {
            method: "GET".to_owned(),
            url: "http://localhost:8080/fhir/Patient/17".to_owned(),
            headers: [("Accept", "application/fhir+json")].into_iter().collect(),
            body: Body::Empty,
        },
        response: Response {
            status: 200,
            version: "HTTP/1.1".to_owned(),
            headers: response.into_iter().collect(),
            body: Body::new(patient.to_owned()),
        },
        timing: Timing::default(),
    }
}

fn case(folder: &Path, patient: &str) -> Arc<Case> {
    std::fs::write(folder.join("suite.yaml"), SUITE).expect("a suite");
    std::fs::write(folder.join("ada.json"), patient).expect("a fixture");
    let suites = Suites::load([folder.join("suite.yaml")]).unwrap_or_else(|problems| panic!("{problems}"));
    Arc::clone(&suites.iter().next().expect("one suite").cases[0])
}

fn measure(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let patient = patient();
    assert!((1_900..2_300).contains(&patient.len()), "{}", patient.len());
    let case = case(folder.path(), &patient);
    let exchange = exchange(&patient);
    let mut variables = Variables::default();
    variables.set("id", "17");
    variables.set("v1", "3");
    let profiles = Profiles::default();
    let cx = Context {
        release: FhirVersion::R4,
        catalogue: Catalogue::embedded(),
        case: &case,
        variables: &variables,
        base: "http://localhost:8080/fhir",
        profiles: &profiles,
        deviations: &[],
    };
    let step = &case.steps[0];
    let reading = Reading::new(&exchange, FhirVersion::R4);
    let findings = check(step, 0, &reading, &cx);
    assert!(
        findings.len() == 6 && findings.iter().all(|finding| finding.mismatch.is_none()),
        "{findings:?}"
    );
    assert_eq!(always::audit(step, 0, &reading, &cx).broken, []);

    let mut group = criterion.benchmark_group("check");
    group.bench_function("read a Patient of 2 KB", |bencher| {
        bencher.iter(|| black_box(Reading::new(black_box(&exchange), FhirVersion::R4)).status())
    });
    group.bench_function("audit", |bencher| {
        bencher.iter(|| always::audit(step, 0, black_box(&reading), &cx))
    });
    group.bench_function("six checks", |bencher| {
        bencher.iter(|| check(step, 0, black_box(&reading), &cx))
    });
    group.bench_function("all of it", |bencher| {
        bencher.iter(|| {
            let reading = Reading::new(black_box(&exchange), FhirVersion::R4);
            (check(step, 0, &reading, &cx), always::audit(step, 0, &reading, &cx))
        })
    });
    group.finish();
}

/// What judging whole bodies costs, warm. Budget: the Patient at most 60 µs, the Bundle of 100 entries at most 5 ms.
fn validate(criterion: &mut Criterion) {
    let patient: Value = serde_json::from_str(&patient()).expect("a Patient");
    let entry = |number: u32| {
        let mut resource = patient.clone();
        resource["id"] = Value::from(number.to_string());
        json!({"fullUrl": format!("http://example.org/fhir/Patient/{number}"), "resource": resource,
            "search": {"mode": "match"}})
    };
    let entries: Vec<Value> = (0..100).map(entry).collect();
    let bundle = json!({"resourceType": "Bundle", "type": "searchset", "total": 100, "entry": entries,
        "link": [{"relation": "self", "url": "http://example.org/fhir/Patient"}]});
    let judge = Validator::new(FhirVersion::R4);
    let schemas = Schemas::for_release(FhirVersion::R4);
    for body in [&patient, &bundle] {
        assert_eq!(judge.validate(body).violations, []);
    }
    let mut group = criterion.benchmark_group("validate");
    group.bench_function("a Patient of 2 KB", |bencher| {
        bencher.iter(|| judge.validate(black_box(&patient)))
    });
    group.bench_function("its schema alone", |bencher| {
        bencher.iter(|| schemas.validate("Patient", black_box(&patient)))
    });
    group.bench_function("a Bundle of 100", |bencher| {
        bencher.iter(|| judge.validate(black_box(&bundle)))
    });
    group.finish();
}

criterion_group!(benches, measure, validate);
criterion_main!(benches);
