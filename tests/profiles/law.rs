//! A body that uses nothing of what a profile constrains is never accused by it.

use fhir_assay::fhir::FhirVersion;
use fhir_assay::fhir::profile::{Loader, Profiles};
use fhir_assay::fhir::validate::Validator;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Constrains only what is optional, in every way there is: none of it matters as long as it is not used.
fn profiles() -> Profiles {
    let slicing =
        |kind: &str, path: &str, rules: &str| json!({"discriminator": [{"type": kind, "path": path}], "rules": rules});
    let elements = json!([
        {"path": "Patient", "min": 0, "max": "*"},
        {"path": "Patient.extension", "min": 0, "max": "*", "slicing": slicing("value", "url", "open")},
        {"path": "Patient.extension", "sliceName": "own", "min": 0, "max": "1",
         "type": [{"code": "Extension", "profile": ["http://example.org/unloaded"]}]},
        {"path": "Patient.photo", "min": 0, "max": "0", "base": {"path": "Patient.photo", "min": 0, "max": "*"}},
        {"path": "Patient.maritalStatus", "min": 0, "max": "1", "patternCodeableConcept": {"text": "x"}},
        {"path": "Patient.contact", "min": 0, "max": "2", "slicing": slicing("exists", "name", "closed")},
        {"path": "Patient.contact", "sliceName": "named", "min": 0, "max": "1"},
        {"path": "Patient.contact.name", "min": 1, "max": "1"},
        {"path": "Patient.multipleBirth[x]", "min": 0, "max": "1", "type": [{"code": "integer"}], "fixedInteger": 2},
        {"path": "Patient.link", "min": 0, "max": "1", "slicing": slicing("profile", "other.resolve()", "closed")},
        {"path": "Patient.link", "sliceName": "one", "min": 0, "max": "1"},
        {"path": "Patient.link.other", "min": 1, "max": "1",
         "type": [{"code": "Reference", "targetProfile": ["http://example.org/free"]}]}
    ]);
    let file = json!({"resourceType": "StructureDefinition", "url": "http://example.org/free", "type": "Patient",
        "kind": "resource", "derivation": "constraint", "snapshot": {"element": elements}});
    let mut loader = Loader::default();
    loader.file("free.json", file.to_string().into_bytes());
    loader.finish().unwrap()
}

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z]{1,12}"
}

fn members() -> impl Strategy<Value = Vec<(String, Value)>> {
    let name = (word(), word()).prop_map(|(family, given)| json!([{"family": family, "given": [given]}]));
    let identifier =
        (word(), word()).prop_map(|(system, value)| json!([{"system": format!("urn:x:{system}"), "value": value}]));
    let extension = word().prop_map(|url| json!([{"url": format!("http://example.org/{url}s"), "valueString": url}]));
    let language = word().prop_map(|text| json!([{"language": {"text": text}}]));
    let contained = word().prop_map(|name| json!([{"resourceType": "Organization", "id": "o", "name": name}]));
    let all: Vec<BoxedStrategy<(&str, Value)>> = vec![
        name.prop_map(|value| ("name", value)).boxed(),
        identifier.prop_map(|value| ("identifier", value)).boxed(),
        extension.prop_map(|value| ("extension", value)).boxed(),
        language.prop_map(|value| ("communication", value)).boxed(),
        any::<bool>().prop_map(|value| ("active", json!(value))).boxed(),
        any::<bool>()
            .prop_map(|value| ("deceasedBoolean", json!(value)))
            .boxed(),
        Just(("birthDate", json!("1970-01"))).boxed(),
        Just((
            "_birthDate",
            json!({"extension": [{"url": "http://example.org/t", "valueTime": "10:00:00"}]}),
        ))
        .boxed(),
        contained.prop_map(|value| ("contained", value)).boxed(),
        Just(("managingOrganization", json!({"reference": "#o"}))).boxed(),
    ];
    prop::collection::vec(prop::strategy::Union::new(all), 0..8).prop_map(|found| {
        found
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_not_constrained_is_not_accused(members in members()) {
        let mut body = Map::new();
        body.insert("resourceType".to_owned(), json!("Patient"));
        body.extend(members);
        // A contained resource has to be referenced, and the other way round.
        if body.contains_key("contained") != body.contains_key("managingOrganization") {
            body.shift_remove("contained");
            body.shift_remove("managingOrganization");
        }
        let body = Value::Object(body);
        let plain = Validator::new(FhirVersion::R4).validate(&body);
        prop_assume!(plain.is_valid());
        let judge = Validator::new(FhirVersion::R4).with_profiles(profiles());
        let found = judge.validate_against("http://example.org/free", &body).unwrap();
        prop_assert_eq!(found.violations, plain.violations);
    }
}
