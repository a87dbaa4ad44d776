//! Which elements have a required value set that the schemas enumerate.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use fhir_assay::fhir::FhirVersion;
use serde_json::Value;

use super::document::Place;

/// Whether the codes of a primitive are enumerated.
pub fn is_enumerated(release: FhirVersion, place: &Place) -> bool {
    place.name != "resourceType" && rules(release, place).is_some_and(|rules| rules["enum"].is_array())
}

/// Whether one coding of a concept has to be from a list.
pub fn is_closed_concept(release: FhirVersion, place: &Place) -> bool {
    place.type_name == "CodeableConcept"
        && rules(release, place).is_some_and(|rules| rules["anyOf"].is_array() && rules["x-value-set"].is_string())
}

/// What the schema says of one value at a place.
fn rules(release: FhirVersion, place: &Place) -> Option<Value> {
    static DOCUMENTS: LazyLock<Mutex<HashMap<(FhirVersion, String), Value>>> = LazyLock::new(Mutex::default);
    let root = place.parent_type.split('.').next()?;
    let mut documents = DOCUMENTS.lock().unwrap();
    let document = documents.entry((release, root.to_owned())).or_insert_with(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("schemas/fhir")
            .join(release.name().to_lowercase());
        let text = fs::read(folder.join(format!("{root}.schema.json"))).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    });
    let shape = if place.parent_type == root {
        &*document
    } else {
        &document["$defs"][&place.parent_type]
    };
    let property = &shape["properties"][&place.name];
    let one = if property["items"].is_object() {
        &property["items"]
    } else {
        property
    };
    let one = if one["else"].is_object() { &one["else"] } else { one };
    one.is_object().then(|| one.clone())
}
