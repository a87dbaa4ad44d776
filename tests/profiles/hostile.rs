//! Packages that are broken or mean harm: they are refused at once, with everything that is wrong with them.

use std::io::Write as _;
use std::time::{Duration, Instant};

use fhir_assay::fhir::FhirVersion;
use fhir_assay::fhir::profile::{Loader, Profiles};
use fhir_assay::fhir::validate::Validator;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::bodies::packed;

fn definition(url: &str, type_name: &str, elements: &Value) -> Vec<u8> {
    json!({
        "resourceType": "StructureDefinition", "url": url, "kind": "resource", "type": type_name,
        "derivation": "constraint", "snapshot": {"element": elements}
    })
    .to_string()
    .into_bytes()
}

fn loaded(files: Vec<(&str, Vec<u8>)>) -> Result<Profiles, String> {
    let mut loader = Loader::default();
    for (name, bytes) in files {
        loader.file(name, bytes);
    }
    loader.finish().map_err(|problems| problems.to_string())
}

/// Nothing here may take long.
fn soon<T>(what: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let found = what();
    assert!(
        started.elapsed() < Duration::from_secs(90),
        "it took {:?}",
        started.elapsed()
    );
    found
}

#[test]
fn all_problems_are_told_at_once() {
    let root = json!([{"id": "Patient", "path": "Patient", "min": 0, "max": "*"}]);
    let differential = json!({
        "resourceType": "StructureDefinition", "url": "http://example.org/differential", "type": "Patient",
        "kind": "resource", "derivation": "constraint", "differential": {"element": root}});
    let nameless = json!({
        "resourceType": "StructureDefinition", "type": "Patient", "snapshot": {"element": root}});
    let typeless = json!({
        "resourceType": "StructureDefinition", "url": "http://example.org/typeless", "snapshot": {"element": root}});
    let found = loaded(vec![
        ("cut.json", b"{\"resourceType\": \"Struc".to_vec()),
        ("differential.json", differential.to_string().into_bytes()),
        ("nameless.json", nameless.to_string().into_bytes()),
        ("typeless.json", typeless.to_string().into_bytes()),
        (
            "empty.json",
            definition("http://example.org/empty", "Patient", &json!([])),
        ),
        ("one.json", definition("http://example.org/twice", "Patient", &root)),
        ("two.json", definition("http://example.org/twice", "Person", &root)),
        ("package.json", b"[]".to_vec()),
    ]);
    insta::assert_snapshot!(found.unwrap_err());
}

#[test]
fn archives_that_are_none_or_lead_elsewhere_are_refused() {
    let mut text = String::new();
    let mut refused = |name: &str, archive: &[u8]| {
        let mut loader = Loader::default();
        loader.package(name, archive);
        let problems = soon(|| loader.finish().unwrap_err());
        text.push_str(&format!("{problems}\n"));
    };
    refused("text.tgz", b"this is no archive");
    refused("nothing.tgz", b"");
    let good = packed(&[("a.json".to_owned(), b"{}".to_vec())]);
    refused("cut.tgz", &good[..good.len() / 2]);
    refused("empty.tgz", &packed(&[]));
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_gnu();
    let evil = b"../../evil.json";
    header.as_gnu_mut().unwrap().name[..evil.len()].copy_from_slice(evil);
    header.set_size(2);
    header.set_cksum();
    archive.append(&header, &b"{}"[..]).unwrap();
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    archive
        .append_link(&mut link, "package/link.json", "/etc/passwd")
        .unwrap();
    refused("evil.tgz", &archive.into_inner().unwrap().finish().unwrap());
    insta::assert_snapshot!(text);
}

#[test]
fn a_bomb_is_not_unpacked() {
    let mut archive = GzEncoder::new(Vec::new(), Compression::fast());
    let mut header = tar::Header::new_gnu();
    header.set_path("package/bomb.json").unwrap();
    header.set_size(8 << 30);
    header.set_cksum();
    archive.write_all(header.as_bytes()).unwrap();
    for _ in 0..64 {
        archive.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let archive = archive.finish().unwrap();
    let mut loader = Loader::default();
    soon(|| loader.package("bomb.tgz", archive.as_slice()));
    let problems = loader.finish().unwrap_err().to_string();
    assert!(problems.contains("more than 512 MiB"), "{problems}");
}

#[test]
fn a_million_elements_are_too_many() {
    let element = "{\"path\":\"Patient\"},".repeat(999_999);
    let text = format!(
        "{{\"resourceType\":\"StructureDefinition\",\"url\":\"http://example.org/huge\",\"type\":\"Patient\",\
         \"snapshot\":{{\"element\":[{element}{{\"path\":\"Patient\"}}]}}}}"
    );
    let problems = soon(|| loaded(vec![("huge.json", text.into_bytes())]).unwrap_err());
    assert!(
        problems.contains("has 1000000 elements, and 20000 are the most"),
        "{problems}"
    );
}

#[test]
fn depth_is_refused() {
    let deep = format!(
        "{{\"resourceType\":\"StructureDefinition\",\"url\":{}1{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let problems = soon(|| loaded(vec![("deep.json", deep.into_bytes())]).unwrap_err());
    assert!(problems.contains("recursion limit"), "{problems}");
    let path = format!("Patient{}", ".x".repeat(500));
    let elements = json!([{"path": "Patient", "min": 0, "max": "*"}, {"path": path, "min": 0, "max": "*"}]);
    let profiles = loaded(vec![(
        "path.json",
        definition("http://example.org/path", "Patient", &elements),
    )])
    .unwrap();
    let body = json!({"resourceType": "Patient"});
    let error = profiles
        .judge_as(FhirVersion::R4, "http://example.org/path", &body)
        .unwrap_err();
    assert!(error.to_string().contains("more than 100 steps"), "{error}");
}

#[test]
fn profiles_that_need_themselves_come_to_an_end() {
    let own = "http://example.org/self";
    let elements = json!([
        {"path": "Extension", "min": 0, "max": "*"},
        {"path": "Extension.extension", "min": 0, "max": "*", "type": [{"code": "Extension", "profile": [own]}]},
        {"path": "Extension.url", "min": 1, "max": "1", "fixedUri": own}]);
    let bundle = json!([
        {"path": "Bundle", "min": 0, "max": "*"},
        {"path": "Bundle.entry", "min": 0, "max": "*", "contentReference": "#Bundle.entry"},
        {"path": "Bundle.entry.resource", "min": 1, "max": "1",
         "type": [{"code": "Resource", "profile": ["http://example.org/bundle"]}]}]);
    let set = |name: &str, other: &str| {
        let include = json!([{"valueSet": [format!("http://example.org/{other}")]}]);
        json!({"resourceType": "ValueSet", "url": format!("http://example.org/{name}"), "compose": {"include": include}})
            .to_string()
            .into_bytes()
    };
    let coded = json!([
        {"path": "Patient", "min": 0, "max": "*"},
        {"path": "Patient.gender", "min": 1, "max": "1", "type": [{"code": "code"}],
         "binding": {"strength": "required", "valueSet": "http://example.org/a"}}]);
    let profiles = loaded(vec![
        ("self.json", definition(own, "Extension", &elements)),
        (
            "bundle.json",
            definition("http://example.org/bundle", "Bundle", &bundle),
        ),
        ("coded.json", definition("http://example.org/coded", "Patient", &coded)),
        ("a.json", set("a", "b")),
        ("b.json", set("b", "a")),
    ])
    .unwrap();
    let mut extension = json!({"url": own, "valueString": "x"});
    for _ in 0..40 {
        extension = json!({"url": own, "extension": [extension]});
    }
    let body = json!({"resourceType": "Patient", "extension": [extension], "gender": "male",
        "meta": {"profile": ["http://example.org/coded"]}});
    let found = soon(|| profiles.judge(FhirVersion::R4, &body));
    assert!(found.violations.is_empty(), "{found:?}");
    assert!(
        found
            .unchecked
            .iter()
            .any(|left| left.subject == "http://example.org/a"),
        "{found:?}"
    );
    let mut bundle = json!({"resourceType": "Bundle", "type": "collection"});
    for _ in 0..30 {
        bundle = json!({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": bundle}]});
    }
    let found = soon(|| {
        profiles
            .judge_as(FhirVersion::R4, "http://example.org/bundle", &bundle)
            .unwrap()
    });
    assert!(found.violations.is_empty(), "{found:?}");
}

#[test]
fn references_in_a_ring_come_to_an_end() {
    let own = "http://example.org/member";
    let elements = json!([
        {"path": "Observation", "min": 0, "max": "*"},
        {"path": "Observation.hasMember", "min": 0, "max": "*",
         "slicing": {"discriminator": [{"type": "profile", "path": "resolve()"}], "rules": "closed"},
         "type": [{"code": "Reference", "targetProfile": [own]}]},
        {"path": "Observation.hasMember", "sliceName": "own", "min": 0, "max": "*",
         "type": [{"code": "Reference", "targetProfile": [own]}]}]);
    let profiles = loaded(vec![("member.json", definition(own, "Observation", &elements))]).unwrap();
    let url = |index: usize| format!("http://example.org/fhir/Observation/{index}");
    let entries: Vec<Value> = (0..400)
        .map(|index| {
            let members: Vec<_> = (1..20)
                .map(|step| json!({"reference": url((index + step) % 400)}))
                .collect();
            json!({"fullUrl": url(index), "resource": {
                "resourceType": "Observation", "meta": {"profile": [own]}, "hasMember": members}})
        })
        .collect();
    let body = json!({"resourceType": "Bundle", "type": "collection", "entry": entries});
    let found = soon(|| profiles.judge(FhirVersion::R4, &body));
    assert!(found.violations.is_empty(), "{:?}", found.violations.first());
}

#[test]
fn a_body_that_takes_too_long_is_no_pass() {
    let slices = (0..300).map(|index| {
        json!({"path": "Patient.identifier", "sliceName": format!("s{index}"), "min": 0, "max": "*",
            "patternIdentifier": {"value": format!("v{index}")}})
    });
    let mut elements = vec![
        json!({"path": "Patient", "min": 0, "max": "*"}),
        json!({"path": "Patient.identifier", "min": 0, "max": "*",
            "slicing": {"discriminator": [{"type": "pattern", "path": "$this"}], "rules": "open"}}),
    ];
    elements.extend(slices);
    let file = definition("http://example.org/many", "Patient", &Value::Array(elements));
    let profiles = loaded(vec![("many.json", file)]).unwrap();
    let identifiers: Vec<Value> = (0..20_000).map(|index| json!({"value": format!("x{index}")})).collect();
    let body = json!({"resourceType": "Patient", "identifier": identifiers});
    let error = soon(|| {
        profiles
            .judge_as(FhirVersion::R4, "http://example.org/many", &body)
            .unwrap_err()
    });
    assert!(error.to_string().contains("given up"), "{error}");
}

/// A patient with so many ranges, each of which the direct road leaves to the engine: its ends have no value.
fn many_odd_ranges(count: usize) -> Value {
    let range = json!({"low": {"unit": "a"}, "high": {"unit": "a"}});
    let extension = json!({"url": "http://example.org/range", "valueRange": range});
    json!({"resourceType": "Patient", "extension": vec![extension; count]})
}

/// What was not judged, and why.
fn left(validation: &fhir_assay::fhir::validate::Validation) -> String {
    let left = validation.unchecked.iter();
    left.map(|found| format!("{}: {}\n", found.subject, found.reason))
        .collect()
}

#[test]
fn constraints_that_only_the_engine_answers_have_an_end() {
    let body = many_odd_ranges(60_000);
    let found = soon(|| Validator::new(FhirVersion::R4).validate(&body));
    let few = Validator::new(FhirVersion::R4).validate(&many_odd_ranges(10));
    assert_eq!(found.violations, few.violations);
    assert_eq!(few.unchecked, [], "as long as there are few, all are judged");
}

#[test]
fn constraints_of_a_profile_have_an_end_together() {
    let constraints = [
        // The direct road, and the engine.
        "%resource.descendants().where($this = 'x').empty()",
        "%resource.descendants().where($this.toString().upper() = 'X').empty()",
        "%rootResource.extension.value.low.unit.toString().lower().count() < 5 or true",
    ];
    let constraint = |(index, expression): (usize, &&str)| json!({"key": format!("x-{index}"), "severity": "error", "human": "x", "expression": expression});
    let constraints: Vec<_> = constraints.iter().enumerate().map(constraint).collect();
    let elements = json!([
        {"id": "Patient", "path": "Patient", "min": 0, "max": "*"},
        {"id": "Patient.extension", "path": "Patient.extension", "min": 0, "max": "*", "type": [{"code": "Extension"}], "constraint": constraints},
    ]);
    let profiles = loaded(vec![(
        "a.json",
        definition("http://example.org/a", "Patient", &elements),
    )])
    .unwrap();
    let validator = Validator::new(FhirVersion::R4).with_profiles(profiles);
    let mut body = many_odd_ranges(20_000);
    body["meta"] = json!({"profile": ["http://example.org/a"]});
    let found = soon(|| validator.validate(&body));
    let left = left(&found);
    assert!(left.contains("x-0: the body is too large for it"), "{left}");
}
