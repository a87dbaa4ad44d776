//! The criteria of a conditional interaction: the normal search of a type finds what it means
//! (`http.html#ccreate`, `http.html#cond-update`, `http.html#cond-patch`, `http.html#cdelete`).

use std::sync::Arc;

use http::StatusCode;

use super::matching::Criterion;
use super::parse::{Parameter, check_size, read};
use crate::fhir::{FhirVersion, ResourceType};
use crate::server::query::{Pairs, write};
use crate::server::reply::Refusal;
use crate::server::store::{Version, Writing};

/// Parameters that say how to answer and not what is meant.
const OF_THE_ANSWER: [&str; 2] = ["_format", "_pretty"];

/// What a conditional interaction means: the resources of one type that fit its criteria.
#[derive(Debug)]
pub(in crate::server) struct Condition {
    resource_type: ResourceType,
    criteria: Vec<Criterion>,
    base: String,
    text: String,
}

impl Condition {
    /// Reads criteria. 400 for those that are malformed or unknown, and where there are none: what a write means has to
    /// be certain, so nothing is ignored here, not even under `Prefer: handling=lenient`.
    pub fn of(
        query: &[(String, String)],
        resource_type: ResourceType,
        base: &str,
        release: FhirVersion,
    ) -> Result<Self, Refusal> {
        check_size(query)?;
        let asked: Pairs = query
            .iter()
            .filter(|(name, _)| !OF_THE_ANSWER.contains(&name.as_str()))
            .cloned()
            .collect();
        let mut criteria = Vec::new();
        for (name, value) in &asked {
            match read(name, value, resource_type, base, release)? {
                Parameter::Criterion(criterion) => criteria.push(criterion),
                Parameter::Nothing => return Err(Refusal::invalid(format!("the criterion `{name}` has no value"))),
                Parameter::Unknown => {
                    let reason = format!("`{name}` is no criterion that this server knows for {resource_type}");
                    return Err(Refusal::new(StatusCode::BAD_REQUEST, "not-supported", reason));
                }
            }
        }
        if criteria.is_empty() {
            return Err(Refusal::invalid("there are no criteria to find a resource by"));
        }
        Ok(Self {
            resource_type,
            criteria,
            base: base.to_owned(),
            text: write(&asked),
        })
    }

    /// Every resource that fits, in the order of creation.
    pub fn all(&self, store: &Writing<'_>) -> Vec<Arc<Version>> {
        let fits = |version: &&Arc<Version>| {
            let resource = version.resource.as_deref();
            resource.is_some_and(|resource| self.criteria.iter().all(|one| one.matches(resource, &self.base)))
        };
        let present = store.present(self.resource_type.name());
        present.filter(fits).cloned().collect()
    }

    /// The one resource that fits, or none; 412 where several do.
    pub fn one(&self, store: &Writing<'_>) -> Result<Option<Arc<Version>>, Refusal> {
        let mut all = self.all(store);
        match all.len() {
            0 | 1 => Ok(all.pop()),
            several => Err(self.ambiguous(several)),
        }
    }

    /// 412: more resources fit than the interaction allows.
    pub fn ambiguous(&self, several: usize) -> Refusal {
        let reason = format!("{several} resources fit {self}: which one is meant is not certain");
        Refusal::new(StatusCode::PRECONDITION_FAILED, "multiple-matches", reason)
    }
}

/// `Patient?identifier=a`, for texts.
impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}?{}", self.resource_type, self.text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::query::parse;
    use crate::server::store::{Store, new_id};

    fn condition(query: &str) -> Result<Condition, u16> {
        let patient = ResourceType::parse(FhirVersion::R4, "Patient").unwrap();
        Condition::of(&parse(query).unwrap(), patient, "http://x/fhir", FhirVersion::R4)
            .map_err(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn what_is_not_certain_is_refused() {
        for query in [
            "",
            "_format=json",
            "x=1",
            "identifier=",
            "gender:below=a",
            "_count=1",
            "identifier=a&_sort=name",
        ] {
            assert_eq!(condition(query).unwrap_err(), 400, "{query}");
        }
        assert_eq!(
            condition("identifier=a%7Cb&_format=json").unwrap().to_string(),
            "Patient?identifier=a%7Cb"
        );
    }

    #[test]
    fn what_was_deleted_does_not_fit() {
        let store = Store::default();
        let create = |value: &str| {
            let patient = json!({ "resourceType": "Patient", "identifier": [{ "value": value }], "active": true });
            store.write().create("Patient", &new_id(), patient).id.clone()
        };
        let (a, b) = (create("a"), create("b"));
        let find = |query: &str| {
            let found = condition(query).unwrap().one(&store.write());
            found
                .map(|found| found.map(|version| version.id.clone()))
                .map_err(|refusal| refusal.status.as_u16())
        };
        assert_eq!(find("identifier=a"), Ok(Some(a.clone())));
        assert_eq!(find(&format!("_id={b}")), Ok(Some(b.clone())));
        assert_eq!(find("identifier=c"), Ok(None));
        assert_eq!(find("active=true"), Err(412));
        store.write().delete("Patient", &a);
        assert_eq!(find("active=true"), Ok(Some(b)));
        assert_eq!(find("identifier=a"), Ok(None));
    }
}
