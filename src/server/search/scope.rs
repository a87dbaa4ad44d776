//! Where a search looks: in one type, in several, or in a compartment (`http.html#vsearch`).

use super::compartment::Compartment;
use crate::fhir::{FhirVersion, ResourceType};
use crate::server::query::single;
use crate::server::reply::Refusal;

/// Where a search looks.
#[derive(Debug)]
pub(in crate::server) struct Scope {
    /// The types whose resources can be found.
    pub types: Vec<ResourceType>,
    /// Only what is in this compartment.
    pub within: Option<Compartment>,
    /// The path below `[base]`, with a slash in front where there is one.
    pub place: String,
    /// Whether `_type` was given, and says which types these are.
    pub is_narrowed: bool,
}

impl Scope {
    /// One type.
    pub fn of_type(resource_type: ResourceType) -> Self {
        Self {
            types: vec![resource_type],
            within: None,
            place: format!("/{resource_type}"),
            is_narrowed: false,
        }
    }

    /// All types, or those of `_type`; 400 where that names something else.
    pub fn of_system(query: &[(String, String)], release: FhirVersion) -> Result<Self, Refusal> {
        let all = ResourceType::all(release).to_vec();
        Self::narrowed(all, None, String::new(), query, release)
    }

    /// One type in a compartment, or all types that can be in it; 404 for a type that cannot.
    pub fn of_compartment(
        compartment: Compartment,
        resource_type: Option<ResourceType>,
        query: &[(String, String)],
        release: FhirVersion,
    ) -> Result<Self, Refusal> {
        let place = format!("/{}/{}", compartment.kind, compartment.id);
        match resource_type {
            None => {
                let types = compartment.types(release);
                Self::narrowed(types, Some(compartment), format!("{place}/*"), query, release)
            }
            Some(one) if compartment.takes(one, release) => Ok(Self {
                types: vec![one],
                within: Some(compartment),
                place: format!("{place}/{one}"),
                is_narrowed: false,
            }),
            Some(other) => Err(Refusal::unknown(format!(
                "a compartment of a {} holds nothing of type {other}",
                compartment.kind
            ))),
        }
    }

    fn narrowed(
        mut types: Vec<ResourceType>,
        within: Option<Compartment>,
        place: String,
        query: &[(String, String)],
        release: FhirVersion,
    ) -> Result<Self, Refusal> {
        let named = single(query, "_type")?;
        if let Some(names) = named {
            let parse = |name: &str| {
                let known = ResourceType::parse(release, name);
                known
                    .ok_or_else(|| Refusal::invalid(format!("`_type={names}`: there is no type `{name}` in {release}")))
            };
            let wanted = names.split(',').map(parse).collect::<Result<Vec<_>, _>>()?;
            types.retain(|known| wanted.contains(known));
        }
        Ok(Self {
            types,
            within,
            place,
            is_narrowed: named.is_some(),
        })
    }
}
