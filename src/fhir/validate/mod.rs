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

mod bytes;
mod constraint;
mod narrative;
mod primitive;
mod reference;
mod rules;
mod scope;
mod violation;
mod walk;

use std::collections::BTreeSet;

use serde_json::Value;

use super::schema::{Schemas, UnknownType};
use super::{FhirVersion, Severity};

use self::walk::Walk;
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
        let mut violations: Vec<_> = errors
            .into_iter()
            .map(|error| Violation::of_schema(type_name, error))
            .collect();
        let mut unchecked = BTreeSet::new();
        // What is too deep, nobody should look at.
        if !violations.iter().any(|found| found.rule.kind == RuleKind::Limit) {
            let (found, left) = Walk::through(self.release, type_name, body);
            unchecked = left;
            add(&mut violations, found);
        }
        if matches!(self.release, FhirVersion::Dstu2 | FhirVersion::R6) {
            unchecked.insert(Unchecked {
                kind: UncheckedKind::Constraint,
                subject: format!("all of {}", self.release),
                reason: "its definitions are not at hand".to_owned(),
            });
        }
        Ok(Validation {
            violations,
            unchecked: unchecked.into_iter().collect(),
        })
    }

    /// Judges the bytes of a body, as [`Validator::validate`] does, and what only bytes show: that they are UTF-8, and
    /// that no property occurs twice in an object.
    #[must_use]
    pub fn validate_bytes(&self, body: &[u8]) -> Validation {
        let value = match bytes::read(body) {
            Ok(value) => value,
            Err(violation) => {
                return Validation {
                    violations: vec![violation],
                    unchecked: Vec::new(),
                };
            }
        };
        let mut validation = self.validate(&value);
        let type_name = value.get("resourceType").and_then(Value::as_str).unwrap_or("Resource");
        add(&mut validation.violations, bytes::twice(body, type_name));
        validation
    }
}

/// Elements that hold nothing: the schema says so too, and better.
const SAID_BY_SCHEMA: [&str; 2] = ["ele-1", "ext-1"];

/// Adds violations to those of the schema, by place. What the schema says of a place already is not said again.
fn add(violations: &mut Vec<Violation>, found: Vec<Violation>) {
    for violation in found {
        let key = violation.rule.key.as_deref();
        let is_format = violation.rule.kind == RuleKind::Format;
        let is_said = is_format || key.is_some_and(|key| SAID_BY_SCHEMA.contains(&key));
        if !(is_said
            && violations
                .iter()
                .any(|other| other.rule.key.is_none() && other.pointer == violation.pointer))
        {
            violations.push(violation);
        }
    }
    violations.sort_by(|a, b| a.pointer.cmp(&b.pointer));
}

impl Validation {
    /// Whether no rule is broken. A constraint that is only a warning breaks none.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let breaks = |violation: &Violation| matches!(violation.severity, Severity::Fatal | Severity::Error);
        !self.violations.iter().any(breaks)
    }
}

#[cfg(test)]
mod tests;
