//! Whether a resource is valid: its schema, and what no schema can say.
//!
//! ```
//! use fhir_assay::fhir::FhirVersion;
//! use fhir_assay::fhir::validate::Validator;
//!
//! let body = serde_json::json!({"resourceType": "Patient", "gender": "femal"});
//! let found = Validator::new(FhirVersion::R4).validate(&body);
//! assert!(!found.is_valid());
//! // Warnings are there too: the definition says that a resource should have a narrative (dom-6).
//! let wrong = found.violations.iter().find(|found| found.pointer == "/gender").unwrap();
//! assert_eq!(wrong.path, "Patient.gender");
//! assert_eq!(wrong.mend.as_ref().unwrap().replacement, Some("female".into()));
//! ```

mod bytes;
mod constraint;
mod narrative;
pub(crate) mod path;
mod primitive;
mod reference;
mod rules;
mod scope;
mod violation;
mod walk;

use std::collections::BTreeSet;

use serde_json::Value;

use super::FhirVersion;
use super::profile::{ProfileError, Profiles};
use super::schema::{Schemas, UnknownType};

use self::walk::Walk;
pub(in crate::fhir) use constraint::TOO_LARGE;
pub use violation::{BrokenRule, Mend, RuleKind, Unchecked, UncheckedKind, Validation, Violation};

/// Judges resources of one release. Cheap to make and to clone: what it reads is opened on first use and shared.
#[derive(Clone, Debug)]
pub struct Validator {
    release: FhirVersion,
    profiles: Option<Profiles>,
}

impl Validator {
    /// A judge by the definitions of a release alone.
    #[must_use]
    pub const fn new(release: FhirVersion) -> Self {
        Self {
            release,
            profiles: None,
        }
    }

    /// The same judge, who also judges by the profiles that bodies claim in `meta.profile`, and extensions by their
    /// definitions, as far as they are among these.
    #[must_use]
    pub fn with_profiles(mut self, profiles: Profiles) -> Self {
        self.profiles = Some(profiles).filter(|profiles| !profiles.is_empty());
        self
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
            .map(|error| Violation::of_schema(self.release, type_name, body, error))
            .collect();
        let mut unchecked = BTreeSet::new();
        // What is too deep, nobody should look at.
        if !violations.iter().any(|found| found.rule.kind == RuleKind::Limit) {
            let (found, left) = Walk::through(self.release, type_name, body);
            unchecked = left;
            add(&mut violations, found);
        }
        for violation in &mut violations {
            violation.path = path::fhirpath_of(self.release, type_name, body, &violation.pointer);
        }
        if self.release == FhirVersion::R6 {
            unchecked.insert(Unchecked {
                kind: UncheckedKind::Constraint,
                subject: "all of R6's resource types".to_owned(),
                reason: "the ballot's definitions of resources are not at hand; those of data types are".to_owned(),
            });
        }
        let is_too_much = violations.iter().any(|found| found.rule.kind == RuleKind::Limit);
        let mut validation = Validation {
            violations,
            unchecked: unchecked.into_iter().collect(),
        };
        if let Some(profiles) = self.profiles.as_ref().filter(|_| !is_too_much) {
            join(&mut validation, profiles.judge(self.release, body), profiles);
        }
        Ok(validation)
    }

    /// Judges a body by a profile, whether it claims that or not, and as an instance of the type that the profile constrains.
    ///
    /// # Errors
    /// When the body cannot be judged by it, which is no pass.
    pub fn validate_against(&self, canonical: &str, body: &Value) -> Result<Validation, ProfileError> {
        let none = Profiles::default();
        let profiles = self.profiles.as_ref().unwrap_or(&none);
        let found = profiles.judge_as(self.release, canonical, body)?;
        let type_name = profiles.type_of(canonical).unwrap_or("Resource");
        let base = Self::new(self.release);
        let mut validation = if body.get("resourceType").is_some() {
            base.validate(body)
        } else {
            base.validate_as(type_name, body).unwrap_or_default()
        };
        join(&mut validation, found, profiles);
        Ok(validation)
    }

    /// Judges the bytes of a body, as [`Validator::validate`] does, and what only bytes show: that they are UTF-8, and
    /// that no property occurs twice in an object.
    #[must_use]
    pub fn validate_bytes(&self, body: &[u8]) -> Validation {
        let value = match bytes::read(body) {
            Ok(value) => value,
            Err(violation) => {
                return Validation {
                    violations: vec![*violation],
                    unchecked: Vec::new(),
                };
            }
        };
        let mut validation = self.validate(&value);
        let type_name = value.get("resourceType").and_then(Value::as_str).unwrap_or("Resource");
        let mut twice = bytes::twice(body, type_name);
        for violation in &mut twice {
            violation.path = path::fhirpath_of(self.release, type_name, &value, &violation.pointer);
            violation.rule.element = path::without_indexes(&violation.path);
        }
        add(&mut validation.violations, twice);
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

/// Adds what was found by profiles. What the base type says of a place already is not said again.
fn join(validation: &mut Validation, found: Validation, profiles: &Profiles) {
    let is_new = |violation: &Violation| {
        let mut known = validation.violations.iter();
        let same = |known: &Violation| known.pointer == violation.pointer && known.rule.kind == violation.rule.kind;
        !known.any(|known| same(known) && known.rule.key == violation.rule.key)
    };
    let more: Vec<_> = found.violations.into_iter().filter(is_new).collect();
    add(&mut validation.violations, more);
    let left = std::mem::take(&mut validation.unchecked).into_iter();
    let is_open = |left: &Unchecked| left.kind != UncheckedKind::Profile || profiles.type_of(&left.subject).is_none();
    let mut all: BTreeSet<_> = left.filter(is_open).collect();
    for more in found.unchecked {
        if !all
            .iter()
            .any(|known| known.kind == more.kind && known.subject == more.subject)
        {
            all.insert(more);
        }
    }
    validation.unchecked = all.into_iter().collect();
}

#[cfg(test)]
mod tests;
