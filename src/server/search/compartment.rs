//! Compartments: which resources belong to a patient, an encounter, ... (`compartmentdefinition.html`).

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::Value;

use super::extract;
use super::matching::local;
use super::parameters::Path;
use crate::fhir::{FhirVersion, ResourceType};

/// What leads from a type to the resources whose compartment it is in.
type Table = HashMap<(&'static str, &'static str), Ways>;

#[derive(Debug, Default)]
struct Ways {
    /// Whether the resource itself belongs to its own compartment.
    itself: bool,
    paths: Vec<Path>,
}

fn table(release: FhirVersion) -> &'static Table {
    static ALL: [OnceLock<Table>; FhirVersion::ALL.len()] = [const { OnceLock::new() }; FhirVersion::ALL.len()];
    ALL[release as usize].get_or_init(|| {
        let lines = text(release).lines().filter(|line| !line.starts_with('#'));
        let rows = lines.filter_map(|line| {
            let mut columns = line.split(' ');
            let (kind, resource_type, paths) = (columns.next()?, columns.next()?, columns.next()?);
            let paths = paths.split('|');
            let ways = Ways {
                itself: paths.clone().any(|path| path == "."),
                paths: paths.filter(|path| *path != ".").map(Path::parse).collect(),
            };
            Some(((kind, resource_type), ways))
        });
        rows.collect()
    })
}

fn text(release: FhirVersion) -> &'static str {
    match release {
        FhirVersion::Dstu2 => "",
        FhirVersion::R4 => include_str!("compartments-r4.txt"),
        FhirVersion::R4B => include_str!("compartments-r4b.txt"),
        FhirVersion::R5 => include_str!("compartments-r5.txt"),
        FhirVersion::R6 => include_str!("compartments-r6.txt"),
    }
}

/// The kinds of compartments in every release, by the type of the resource that they are about.
pub(in crate::server) const KINDS: [&str; 5] = ["Device", "Encounter", "Patient", "Practitioner", "RelatedPerson"];

/// One compartment: that of a patient, for example. The resource that it is about need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct Compartment {
    /// The type of the resource that it is about.
    pub kind: ResourceType,
    /// The id of that resource.
    pub id: String,
}

impl Compartment {
    /// The compartment of a resource; `None` for a type that has none.
    pub fn of(kind: ResourceType, id: &str) -> Option<Self> {
        KINDS.contains(&kind.name()).then(|| Self {
            kind,
            id: id.to_owned(),
        })
    }

    /// The types that can be in it.
    pub fn types(&self, release: FhirVersion) -> Vec<ResourceType> {
        let all = ResourceType::all(release).iter().copied();
        all.filter(|one| self.takes(*one, release)).collect()
    }

    /// Whether resources of a type can be in it.
    pub fn takes(&self, resource_type: ResourceType, release: FhirVersion) -> bool {
        table(release).contains_key(&(self.kind.name(), resource_type.name()))
    }

    /// Whether a resource is in it: one of the references that count leads to the resource that it is about.
    pub fn has(&self, resource_type: &str, resource: &Value, base: &str, release: FhirVersion) -> bool {
        let name = self.kind.name();
        // The table has names that live as long as the program, and so has every type.
        let Some(ways) =
            ResourceType::parse(release, resource_type).and_then(|known| table(release).get(&(name, known.name())))
        else {
            return false;
        };
        let is_itself = ways.itself && resource_type == name && resource["id"] == self.id.as_str();
        let leads_here = |value: &Value| {
            local(value, base).is_some_and(|literal| literal.resource_type == name && literal.id == self.id)
        };
        is_itself || extract::at_all(&ways.paths, resource).into_iter().any(leads_here)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::elements::Elements;

    fn patient(release: FhirVersion) -> Compartment {
        Compartment::of(ResourceType::parse(release, "Patient").unwrap(), "a").unwrap()
    }

    #[test]
    fn every_line_is_understood_and_begins_with_an_element() {
        for release in FhirVersion::HTTP {
            let lines = text(release).lines().filter(|line| !line.starts_with('#')).count();
            assert!(lines > 200 && table(release).len() == lines, "{release}");
            for ((kind, resource_type), ways) in table(release) {
                assert!(KINDS.contains(kind), "{kind}");
                let elements = Elements::of(release, resource_type);
                for path in &ways.paths {
                    assert!(
                        elements.element_of(path.steps[0]).is_some(),
                        "{release} {resource_type} {path:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_refers_to_a_patient_is_in_the_compartment() {
        for release in FhirVersion::HTTP {
            let is_in = |resource: serde_json::Value| {
                let name = resource["resourceType"].as_str().unwrap().to_owned();
                patient(release).has(&name, &resource, "http://x/fhir", release)
            };
            let of = |reference: &str| json!({ "resourceType": "Observation", "subject": { "reference": reference } });
            assert!(is_in(of("Patient/a")) && is_in(of("http://x/fhir/Patient/a/_history/1")));
            assert!(!is_in(of("Patient/b")) && !is_in(of("http://y/fhir/Patient/a")) && !is_in(of("Group/a")));
            assert!(is_in(json!({ "resourceType": "Appointment",
                "participant": [{ "actor": { "reference": "Location/a" } }, { "actor": { "reference": "Patient/a" } }] })));
            assert!(!is_in(
                json!({ "resourceType": "Medication", "x": { "reference": "Patient/a" } })
            ));
            let itself = is_in(json!({ "resourceType": "Patient", "id": "a" }));
            assert_eq!(
                itself,
                release >= FhirVersion::R5,
                "{release}: from R5 on a patient is in the own compartment"
            );
        }
    }

    #[test]
    fn only_some_types_have_compartments() {
        let of = |name: &str| Compartment::of(ResourceType::parse(FhirVersion::R4, name).unwrap(), "a");
        assert!(of("Observation").is_none());
        let types = of("Patient").unwrap().types(FhirVersion::R4);
        assert!(types.iter().any(|one| one.name() == "Observation"));
        assert!(!types.iter().any(|one| one.name() == "Medication"));
    }
}
