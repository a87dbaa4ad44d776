//! The smallest valid resource of every type, as `schemas generate` made them from the definitions.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::FhirVersion;

type Bodies = LazyLock<Map<String, Value>>;

fn read(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).expect("a test holds the embedded resources to their form")
}

/// The smallest valid resource of a type in a release; `None` where the release does not have the type. Its texts hold
/// variables of the suite language (`${case.uuid}`, `${case.tag}`) where two resources must not be the same.
#[must_use]
pub fn smallest(release: FhirVersion, resource_type: &str) -> Option<&'static Value> {
    static R4: Bodies = Bodies::new(|| read(include_str!("../../schemas/fhir/r4/smallest.json")));
    static R4B: Bodies = Bodies::new(|| read(include_str!("../../schemas/fhir/r4b/smallest.json")));
    static R5: Bodies = Bodies::new(|| read(include_str!("../../schemas/fhir/r5/smallest.json")));
    static R6: Bodies = Bodies::new(|| read(include_str!("../../schemas/fhir/r6/smallest.json")));
    let bodies: &'static Bodies = match release {
        FhirVersion::Dstu2 => return None,
        FhirVersion::R4 => &R4,
        FhirVersion::R4B => &R4B,
        FhirVersion::R5 => &R5,
        FhirVersion::R6 => &R6,
    };
    bodies.get(resource_type)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::validate::Validator;
    use crate::fhir::{ResourceType, Severity};

    /// A resource with something in place of its variables.
    fn body(release: FhirVersion, resource_type: &str) -> Value {
        let text = smallest(release, resource_type).unwrap().to_string();
        let filled = text
            .replace("${case.uuid}", "9c1de5f4-5a46-4a0c-8b7e-0f1d6d7f1a2b")
            .replace("${case.tag}", "a0123-4567");
        assert!(!filled.contains("${"), "{filled}");
        serde_json::from_str(&filled).unwrap()
    }

    #[test]
    fn the_smallest_resource_of_every_type_is_valid() {
        let mut told = String::new();
        for release in [FhirVersion::R4, FhirVersion::R4B, FhirVersion::R5, FhirVersion::R6] {
            let validator = Validator::new(release);
            for resource_type in ResourceType::all(release) {
                let body = body(release, resource_type.name());
                assert_eq!(body["resourceType"], resource_type.name());
                let found = validator.validate(&body);
                for violation in found.violations.iter().filter(|one| one.severity != Severity::Warning) {
                    told += &format!(
                        "{release} {} {:?}: {} in {body}\n",
                        violation.path, violation.rule.key, violation.message
                    );
                }
            }
        }
        assert!(told.is_empty(), "{told}");
    }

    #[test]
    fn nothing_can_be_taken_away_from_a_smallest_resource() {
        let mut found = Vec::new();
        // R6 cannot be asked: its definitions of resources do not say what is required.
        for release in [FhirVersion::R4, FhirVersion::R4B, FhirVersion::R5] {
            let validator = Validator::new(release);
            for resource_type in ResourceType::all(release) {
                let body = body(release, resource_type.name());
                let names = body.as_object().unwrap().keys();
                for name in names.filter(|name| *name != "resourceType") {
                    let mut less = body.clone();
                    less.as_object_mut().unwrap().shift_remove(name);
                    if validator.validate(&less).is_valid() {
                        found.push(format!("{release} {resource_type}.{name}"));
                    }
                }
            }
        }
        // The FHIRPath of ait-1 asks for less than its words there.
        assert_eq!(found, ["R4B AllergyIntolerance.clinicalStatus"]);
    }

    #[test]
    fn no_reference_leads_out_of_a_smallest_resource() {
        for release in [FhirVersion::R4, FhirVersion::R4B, FhirVersion::R5, FhirVersion::R6] {
            for resource_type in ResourceType::all(release) {
                let text = body(release, resource_type.name()).to_string();
                assert!(!text.contains("\"reference\":\""), "{release} {text}");
            }
        }
        assert!(smallest(FhirVersion::R4, "Nothing").is_none() && smallest(FhirVersion::Dstu2, "Patient").is_none());
    }
}
