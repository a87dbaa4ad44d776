//! What the smallest resources need though no cardinality says so.
//!
//! A constraint that is FHIRPath cannot be turned round into a resource; so what it asks for is written here, with its key.

use serde_json::{Value, json};

use super::definitions::Definitions;

/// Constraints, and the optional element that keeps them.
const BY_CONSTRAINT: [(&str, &str); 14] = [
    ("ait-1", "AllergyIntolerance.clinicalStatus"),
    ("app-1", "Appointment.participant.type"),
    ("apr-1", "AppointmentResponse.participantType"),
    ("cpb-1", "CapabilityStatement.rest"),
    ("cpb-2", "CapabilityStatement.description"),
    ("imr-1", "ImmunizationRecommendation.recommendation.vaccineCode"),
    ("ipn-1", "InsurancePlan.name"),
    ("lnk-1", "Linkage.item"),
    ("org-1", "Organization.name"),
    ("ppc-1", "Consent.policyRule"),
    ("sdf-6", "StructureDefinition.differential"),
    ("sdf-8a", "StructureDefinition.differential.element"),
    ("tcp-2", "TerminologyCapabilities.description"),
    ("trd-3", "TriggerDefinition.name"),
];

/// Elements that R6 requires of types that R5 does not have, as far as is known: R6's definitions are not at hand.
const IN_R6: [&str; 2] = ["ClinicalAssessment.status", "InsuranceProduct.status"];

/// Whether an element has to be there although its cardinality does not say so.
pub(super) fn is_wanted(definitions: &Definitions, path: &str) -> bool {
    let mut by_constraint = BY_CONSTRAINT.iter().filter(|(_, wanted)| *wanted == path);
    definitions.resources_of_schema && IN_R6.contains(&path)
        || by_constraint.any(|(key, _)| has_constraint(definitions, path, key))
}

/// Whether the release has a constraint on the type that a path begins with, or on an element of it.
fn has_constraint(definitions: &Definitions, path: &str, key: &str) -> bool {
    let type_name = path.split('.').next().unwrap_or_default();
    let shape = definitions.shapes.get(type_name);
    shape.is_some_and(|shape| {
        let elements = shape.elements.iter().flat_map(|element| &element.constraints);
        shape
            .constraints
            .iter()
            .chain(elements)
            .any(|constraint| constraint.key == key)
    })
}

/// How many of an element there have to be, where a constraint asks for more than its cardinality.
pub(super) fn least(path: &str) -> usize {
    // lnk-1
    if path == "Linkage.item" { 2 } else { 1 }
}

/// A value that an element has to have, where the first that comes to mind breaks a constraint.
pub(super) fn forced(definitions: &Definitions, path: &str) -> Option<Value> {
    Some(match path {
        // A document or a message has entries (bdl-9 to bdl-12).
        "Bundle.type" => json!("collection"),
        // An instance has an implementation, a capability has software (cpb-14, cpb-15, tcp-3, tcp-4).
        "CapabilityStatement.kind" | "TerminologyCapabilities.kind" => json!("requirements"),
        // What is not abstract has a base (sdf-4); and a logical model may call its elements what it likes (sdf-8a).
        "StructureDefinition.abstract" => json!(true),
        "StructureDefinition.kind" => json!("logical"),
        "StructureDefinition.differential.element" => json!({ "id": "smallest", "path": "smallest" }),
        "CapabilityStatement.fhirVersion" | "ImplementationGuide.fhirVersion" => json!(definitions.number),
        "ClinicalAssessment.status" => json!("completed"),
        "InsuranceProduct.status" => json!("active"),
        // The value has to be one of that kind (nsd-2 and the description of the element).
        "NamingSystem.uniqueId.type" => json!("other"),
        _ => return None,
    })
}
