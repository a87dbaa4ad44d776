//! The business rules of this server (`http.html#create`, `http.html#rejecting-updates`): what is a valid resource, and is refused
//! all the same. Nothing in FHIR asks for them; a tester who knows them can try what a server does with such rules.

use std::sync::Arc;

use http::StatusCode;
use http::header::LOCATION;
use serde_json::Value;

use super::super::reply::Refusal;
use super::super::store::{Version, Writing};
use crate::fhir::{FhirVersion, ResourceType};

/// No two patients have the same identifier in this system.
pub(in crate::server) const UNIQUE: &str = "urn:fhir-assay:member-number";

/// Refuses with 422 what breaks a rule: a patient who died before being born, and one with the member number of another.
pub(super) fn check(
    resource_type: ResourceType,
    id: &str,
    resource: &Value,
    base: &str,
    release: FhirVersion,
    store: &Writing<'_>,
) -> Result<(), Refusal> {
    if resource_type.name() != "Patient" {
        return Ok(());
    }
    let text = |name: &str| resource[name].as_str().unwrap_or_default();
    let (born, died) = (text("birthDate"), text("deceasedDateTime"));
    // Dates of FHIR that are as long as the shorter of both are compared as texts.
    let length = born.len().min(died.len()).min("1815-12-10".len());
    if length > 0 && died.get(..length) < born.get(..length) {
        let reason = format!("the patient died on {died}, before being born on {born}");
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "business-rule", reason));
    }
    if let Some((number, other)) = holder(id, resource, store) {
        let reason = format!("the member number {number} is that of Patient/{}", other.id);
        let refusal = Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "duplicate", reason);
        return Err(match release {
            // From R5 on the Location of a refusal says who holds the value.
            FhirVersion::Dstu2 | FhirVersion::R4 | FhirVersion::R4B => refusal,
            _ => refusal.with(LOCATION, format!("{base}/Patient/{}", other.id)),
        });
    }
    Ok(())
}

/// The first member number of a patient that another patient has, and that patient.
fn holder<'r>(id: &str, resource: &'r Value, store: &Writing<'_>) -> Option<(&'r str, Arc<Version>)> {
    let mut numbers = member_numbers(resource).peekable();
    numbers.peek()?;
    numbers.find_map(|number| {
        let mut others = store.present("Patient").filter(|version| version.id != id);
        let has_it = |version: &&Arc<Version>| {
            let other = version.resource.as_deref();
            other.is_some_and(|other| member_numbers(other).any(|known| known == number))
        };
        others.find(has_it).map(|other| (number, other.clone()))
    })
}

fn member_numbers(resource: &Value) -> impl Iterator<Item = &str> {
    let identifiers = resource["identifier"].as_array().into_iter().flatten();
    identifiers
        .filter(|identifier| identifier["system"] == UNIQUE)
        .filter_map(|identifier| identifier["value"].as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::store::Store;

    fn refused(store: &Store, id: &str, resource: &Value, release: FhirVersion) -> Option<(u16, Option<String>)> {
        let patient = ResourceType::parse(release, "Patient").unwrap();
        let refusal = check(patient, id, resource, "http://x/fhir", release, &store.write()).err()?;
        let reply = refusal.into_reply();
        let location = reply
            .headers
            .get(LOCATION)
            .map(|value| value.to_str().unwrap().to_owned());
        Some((reply.status.as_u16(), location))
    }

    #[test]
    fn nobody_dies_before_being_born() {
        let store = Store::new(Default::default());
        for (born, died, is_refused) in [
            (json!("1990-05-01"), json!("1980"), true),
            (json!("1990-05-01"), json!("1990-04-30T10:00:00Z"), true),
            (json!("1990-05-01"), json!("1990"), false),
            (json!("1990"), json!("1990-05-01"), false),
            (json!("1990-05-01"), json!("2001-01-01"), false),
            (json!("1990-05-01"), json!(null), false),
            (json!(null), json!("1980"), false),
        ] {
            let body = json!({ "resourceType": "Patient", "birthDate": born, "deceasedDateTime": died });
            assert_eq!(
                refused(&store, "1", &body, FhirVersion::R4).is_some(),
                is_refused,
                "{body}"
            );
        }
    }

    #[test]
    fn a_member_number_belongs_to_one_patient() {
        let store = Store::new(Default::default());
        let with =
            |number: &str| json!({ "resourceType": "Patient", "identifier": [{ "system": UNIQUE, "value": number }] });
        store.write().create("Patient", "1", with("7"));
        assert_eq!(refused(&store, "1", &with("7"), FhirVersion::R5), None, "it is its own");
        assert_eq!(refused(&store, "2", &with("8"), FhirVersion::R5), None);
        assert_eq!(refused(&store, "2", &with("7"), FhirVersion::R4), Some((422, None)));
        let holder = "http://x/fhir/Patient/1".to_owned();
        assert_eq!(
            refused(&store, "2", &with("7"), FhirVersion::R5),
            Some((422, Some(holder)))
        );
        store.write().delete("Patient", "1");
        assert_eq!(
            refused(&store, "2", &with("7"), FhirVersion::R5),
            None,
            "the deleted have none"
        );
    }
}
