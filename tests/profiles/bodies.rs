//! Bodies that the package's profiles accept, and the package itself.

use std::fs;
use std::path::Path;

use fhir_assay::fhir::profile::{Loader, Profiles};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// The canonicals of the package begin so.
pub const DEFINITIONS: &str = "http://example.org/assay/StructureDefinition/";

/// The files of the package: names and contents.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiles/package");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// An archive as `npm pack` makes it.
pub fn packed(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, format!("package/{name}"), bytes.as_slice())
            .unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// The package, loaded file by file.
pub fn profiles() -> Profiles {
    let mut loader = Loader::default();
    for (name, bytes) in files() {
        loader.file(&name, bytes);
    }
    loader.finish().unwrap()
}

/// The canonical of a profile of the package.
pub fn canonical(name: &str) -> String {
    format!("{DEFINITIONS}{name}")
}

/// A body that a profile of the package accepts, and that uses all that it speaks of.
pub fn valid(name: &str) -> Value {
    match name {
        "patient" => patient(),
        "observation" => observation(),
        "bundle" | "bundle-by-profile" => json!({
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [
                {"fullUrl": "http://example.org/fhir/Patient/p", "resource": patient()},
                {"fullUrl": "http://example.org/fhir/Observation/o", "resource": observation()}
            ]
        }),
        _ => panic!("no body for {name}"),
    }
}

fn patient() -> Value {
    json!({
        "resourceType": "Patient",
        "id": "p",
        "contained": [
            {"resourceType": "Practitioner", "id": "gp", "name": [{"family": "Lind"}]},
            {"resourceType": "Organization", "id": "clinic", "name": "Clinic"}
        ],
        "extension": [{"url": canonical("nickname"), "valueString": "Ada"}],
        "identifier": [
            {"system": "urn:example:other", "value": "a value that is long"},
            {"system": "urn:example:record", "value": "17"}
        ],
        "active": true,
        "name": [
            {"use": "official", "family": "Berg"},
            {"use": "usual", "text": "Ada"},
            {"use": "nickname", "text": "A"}
        ],
        "telecom": [
            {"system": "phone", "use": "home", "value": "1"},
            {"system": "email", "value": "a@example.org"}
        ],
        "gender": "female",
        "birthDate": "1970-01-01",
        "maritalStatus": {"coding": [{"system": "http://example.org/assay/CodeSystem/union", "code": "married"}]},
        "communication": [
            {"language": {"text": "Swedish"}, "preferred": true},
            {"language": {"text": "Finnish"}}
        ],
        "generalPractitioner": [{"reference": "#gp"}, {"reference": "#clinic"}],
        "managingOrganization": {"reference": "Organization/1"}
    })
}

fn component(code: &str) -> Value {
    json!({
        "code": {"coding": [{"system": "urn:example:code", "code": code}]},
        "valueQuantity": {"value": 80, "unit": "mm"},
        "referenceRange": [{"low": {"value": 1}}]
    })
}

fn observation() -> Value {
    json!({
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "category": [
            {"coding": [{"system": "urn:example:category", "code": "other"}]},
            {"coding": [{"system": "urn:example:category", "code": "vital"}]}
        ],
        "code": {"coding": [{"system": "urn:example:code", "code": "pressure", "display": "Pressure"}]},
        "subject": {"reference": "Patient/p"},
        "performer": [{"reference": "Practitioner/1"}, {"reference": "Organization/1"}],
        "valueQuantity": {"value": 1, "unit": "mm", "system": "http://unitsofmeasure.org"},
        "note": [
            {"text": "plain"},
            {
                "extension": [{"url": canonical("kind"), "valueCode": "warning"}],
                "time": "2024-01-01",
                "text": "late"
            },
            {"extension": [{"url": canonical("kind"), "valueCode": "remark"}], "text": "no time"}
        ],
        "referenceRange": [{"low": {"value": 1}}],
        "component": [component("upper"), component("lower"), component("third")]
    })
}
