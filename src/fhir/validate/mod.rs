//! Whether a resource is valid: its schema, and what no schema can say.
//!
//! ```
//! use fhir_assay::fhir::FhirVersion;
//! use fhir_assay::fhir::validate::Validator;
//!
//! let body = serde_json::json!({"resourceType": "Patient", "gender": "femal"});
//! let found = Validator::new(FhirVersion::R4).validate(&body);
//! assert_eq!(found.violations[0].pointer, "/gender");
//! assert_eq!(found.violations[0].path, "Patient.gender");
//! assert!(!found.is_valid());
//! ```

pub(crate) mod path;
mod violation;

use serde_json::Value;

use super::FhirVersion;
use super::schema::{Schemas, UnknownType};

pub use violation::{BrokenRule, Mend, RuleKind, Unchecked, UncheckedKind, Validation, Violation};

/// Judges resources of one release. Cheap to make and to clone: what it reads is opened on first use and shared.
#[derive(Clone, Debug)]
pub struct Validator {
    release: FhirVersion,
}

impl Validator {
    /// A judge by the definitions of a release alone.
    #[must_use]
    pub const fn new(release: FhirVersion) -> Self {
        Self { release }
    }

    /// The release whose definitions it goes by.
    #[must_use]
    pub const fn release(&self) -> FhirVersion {
        self.release
    }

    /// Judges a resource as what its `resourceType` says it is; without one that the release has, that is the violation.
    #[must_use]
    pub fn validate(&self, body: &Value) -> Validation {
        let name = body.get("resourceType").and_then(Value::as_str);
        self.validate_as(name.unwrap_or("Resource"), body)
            .or_else(|_| self.validate_as("Resource", body))
            .unwrap_or_default()
    }

    /// Judges a body as an instance of a type: a resource type, `Resource` for any of them, or a data type.
    ///
    /// # Errors
    /// When the release has no such type.
    pub fn validate_as(&self, type_name: &str, body: &Value) -> Result<Validation, UnknownType> {
        let errors = Schemas::for_release(self.release).validate(type_name, body)?;
        let violations = errors
            .into_iter()
            .map(|error| Violation::of_schema(self.release, type_name, body, error))
            .collect();
        Ok(Validation {
            violations,
            unchecked: Vec::new(),
        })
    }
}
