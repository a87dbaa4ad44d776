//! `schemas generate`: twice the same bytes, and nothing at all where the definitions cannot be used.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Gone, assay};

fn definition(name: &str, kind: &str, elements: &[Value]) -> Value {
    let mut all = vec![json!({"path": name})];
    all.extend(elements.iter().cloned());
    json!({
        "resourceType": "StructureDefinition", "name": name, "type": name, "kind": kind, "abstract": name == "Resource",
        "fhirVersion": "4.0.1", "derivation": "specialization",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Resource", "snapshot": {"element": all},
    })
}

/// A release of four types.
fn definitions(folder: &Path) {
    let element = |path: &str, code: &str, min: u8, max: &str| json!({"path": path, "min": min, "max": max, "type": [{"code": code}]});
    let mut bound = element("Thing.status", "code", 1, "1");
    bound["binding"] = json!({"strength": "required", "valueSet": "http://hl7.org/fhir/ValueSet/s"});
    let entries = [
        definition("Element", "complex-type", &[element("Element.id", "string", 0, "1")]),
        definition("Resource", "resource", &[element("Resource.id", "id", 0, "1")]),
        definition("string", "primitive-type", &[]),
        definition("Thing", "resource", &[bound, element("Thing.name", "string", 0, "*")]),
        json!({"resourceType": "ValueSet", "url": "http://hl7.org/fhir/ValueSet/s",
            "compose": {"include": [{"system": "http://hl7.org/fhir/s", "concept": [{"code": "b"}, {"code": "a"}]}]}}),
    ];
    let entries: Vec<_> = entries
        .into_iter()
        .map(|resource| json!({"resource": resource}))
        .collect();
    let bundle = json!({"resourceType": "Bundle", "entry": entries});
    fs::write(folder.join("profiles.json"), bundle.to_string()).unwrap();
}

fn generate(definitions: &Path, release: &str, out: &Path) -> Gone {
    let words = ["schemas", "generate", "--release", release, "--definitions"];
    let folders = [definitions.to_str().unwrap(), "--out", out.to_str().unwrap()];
    assay(words.into_iter().chain(folders)).run()
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let read = |entry: fs::DirEntry| {
        (
            entry.file_name().into_string().unwrap(),
            fs::read_to_string(entry.path()).unwrap(),
        )
    };
    entries.map(read).collect()
}

#[test]
fn the_same_definitions_give_the_same_bytes() {
    let (source, first, second) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    definitions(source.path());
    let gone = generate(source.path(), "R4", first.path()).ended(0);
    assert!(gone.stdout.starts_with("R4: 8 files in "), "{}", gone.stdout);
    generate(source.path(), "4.0.1", second.path()).ended(0);
    let made = files(&first.path().join("r4"));
    assert_eq!(made, files(&second.path().join("r4")));
    let thing: Value = serde_json::from_str(&made["Thing.schema.json"]).unwrap();
    assert_eq!(thing["properties"]["status"]["enum"], json!(["b", "a"]));
    assert_eq!(thing["properties"]["name"]["type"], "array");
    // Once more over the first: the same again, and what is no longer made goes.
    fs::write(first.path().join("r4/Gone.schema.json"), "{}").unwrap();
    generate(source.path(), "R4", first.path()).ended(0);
    assert_eq!(made, files(&first.path().join("r4")));
}

#[test]
fn what_cannot_be_used_is_refused_and_nothing_is_written() {
    let (source, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut told = String::new();
    let mut refused = |what: &str, definitions: &Path, release: &str| {
        let gone = generate(definitions, release, out.path()).ended(2);
        assert!(
            files(out.path()).is_empty() && gone.stdout.is_empty(),
            "{}",
            gone.stdout
        );
        let stderr = gone.stderr.replace(source.path().to_str().unwrap(), "[definitions]");
        told.push_str(&format!("{what}\n{stderr}"));
    };
    refused("a folder that is none", &source.path().join("nowhere"), "R4");
    refused("an empty folder", source.path(), "R4");
    definitions(source.path());
    refused("another release", source.path(), "R5");
    refused("a release that nobody knows", source.path(), "R9");
    fs::write(
        source.path().join("valuesets.json"),
        "{\n  \"resourceType\": \"Bundle\",\n  \"entry\": [,\n",
    )
    .unwrap();
    refused("damaged JSON", source.path(), "R4");
    insta::assert_snapshot!(told);
}

#[cfg(unix)]
#[test]
fn a_failure_leaves_the_folder_as_it_was() {
    let (source, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    definitions(source.path());
    fs::create_dir(out.path().join("r4")).unwrap();
    // A folder where a file has to be written.
    fs::create_dir(out.path().join("r4/string.schema.json.part")).unwrap();
    fs::write(out.path().join("r4/Thing.schema.json"), "before").unwrap();
    let gone = generate(source.path(), "R4", out.path()).ended(2);
    assert!(gone.stderr.contains("string.schema.json.part: "), "{}", gone.stderr);
    let left: Vec<_> = fs::read_dir(out.path().join("r4"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert_eq!(
        fs::read_to_string(out.path().join("r4/Thing.schema.json")).unwrap(),
        "before"
    );
}
