//! What this server does with a type beyond what it does with every type. The CapabilityStatement claims precisely this.
//!
//! Types differ on purpose, so that what a specification says of servers without a feature can be tried here as well.

use crate::fhir::{FhirVersion, ResourceType};

/// How many resources one conditional delete removes (`http.html#cdelete`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConditionalDelete {
    /// It is not offered.
    NotSupported,
    /// One; where several fit, the request is refused.
    Single,
    /// Every one that fits.
    Multiple,
}

impl ConditionalDelete {
    /// The code of `CapabilityStatement.rest.resource.conditionalDelete`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotSupported => "not-supported",
            Self::Single => "single",
            Self::Multiple => "multiple",
        }
    }
}

/// What is done with one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub patch: bool,
    /// Whether resources are created, updated and patched by criteria.
    pub conditional: bool,
    pub conditional_delete: ConditionalDelete,
    /// Whether past versions are removed on request (`http.html#delete-history`, R6).
    pub delete_history: bool,
}

impl Policy {
    /// The policy for a type in a release.
    ///
    /// A person links what is known about somebody, so what is meant has to be named by its id, and its past stays. Of
    /// patients no more than one is deleted at once.
    pub fn of(resource_type: ResourceType, release: FhirVersion) -> Self {
        let name = resource_type.name();
        let conditional = name != "Person";
        Self {
            // The content of a Binary has no elements to patch (http.html#patch).
            patch: name != "Binary",
            conditional,
            conditional_delete: match name {
                _ if !conditional => ConditionalDelete::NotSupported,
                "Patient" => ConditionalDelete::Single,
                _ => ConditionalDelete::Multiple,
            },
            delete_history: conditional && release >= FhirVersion::R6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_server_is_found_in_some_type() {
        let of = |name: &str, release| {
            let policy = Policy::of(ResourceType::parse(release, name).unwrap(), release);
            (
                policy.conditional,
                policy.conditional_delete.code(),
                policy.delete_history,
            )
        };
        assert_eq!(of("Patient", FhirVersion::R4), (true, "single", false));
        assert_eq!(of("Patient", FhirVersion::R6), (true, "single", true));
        assert_eq!(of("Practitioner", FhirVersion::R5), (true, "multiple", false));
        assert_eq!(of("Person", FhirVersion::R6), (false, "not-supported", false));
    }
}
