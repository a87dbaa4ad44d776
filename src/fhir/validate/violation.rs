//! What a judge of bodies has to say: the rules that are broken, and what was not looked at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::path;
use crate::fhir::schema::SchemaError;
use crate::fhir::{FhirVersion, Severity};

pub use crate::fhir::Mend;

/// What came of judging a body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Validation {
    /// The rules that are broken, in the order of their places.
    pub violations: Vec<Violation>,
    /// What was not looked at: no silence is taken for a pass.
    pub unchecked: Vec<Unchecked>,
}

/// One rule that a body breaks at one place, or in the same way at several.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// `Error` where the body is not valid, `Warning` where the definition itself calls it that.
    pub severity: Severity,
    /// The place in the body, as a JSON Pointer; of a property that is too much or missing, the property's own.
    pub pointer: String,
    /// The same place as a FHIRPath: `Patient.contact[0].name`.
    pub path: String,
    /// What is broken.
    pub rule: BrokenRule,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What stands there, shortened; `None` where nothing does.
    pub found: Option<String>,
    /// The smallest change that would make it valid, where there is an obvious one.
    pub mend: Option<Mend>,
    /// At how many places of the body the same is wrong; this one is the first.
    pub count: usize,
}

/// The rule of a definition that a violation breaks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct BrokenRule {
    /// What sort of rule it is.
    pub kind: RuleKind,
    /// The element of the definition, such as `Patient.contact.name`; of a constraint, where it is defined.
    pub element: String,
    /// The key of a constraint, such as `pat-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the rule says, in a sentence: a constraint's own human text, a cardinality, a value set.
    pub text: String,
    /// Where it is written: the file and place of a schema, a canonical, or a page of the specification.
    pub source: String,
}

/// What sort of rule is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// A property that the type does not have.
    Property,
    /// A value of another JSON type, or a resource of another type.
    Type,
    /// Something required is missing, or there is too much of it, or nothing in it.
    Cardinality,
    /// More than one form of a choice, or none.
    Choice,
    /// A primitive that is not written as its type asks; a date that no calendar has.
    Format,
    /// A primitive and its companion `_name` do not go together.
    Companion,
    /// A code that is not in a value set that is required.
    Binding,
    /// A FHIRPath constraint of a definition.
    Constraint,
    /// A reference that points at nothing, or at something of the wrong type.
    Reference,
    /// What a Bundle asks of its entries: fullUrl and id.
    Bundle,
    /// Narrative that is not safe XHTML.
    Narrative,
    /// Bytes: no UTF-8, control characters, keys that occur twice.
    Encoding,
    /// A fixed value or a pattern of a profile.
    Fixed,
    /// Slices of a profile.
    Slicing,
    /// So much, or so deep, that not all was looked at.
    Limit,
}

/// Something that was not checked, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Unchecked {
    /// What sort of thing.
    pub kind: UncheckedKind,
    /// Which: a value set, a constraint's key, a profile, a reference.
    pub subject: String,
    /// Why.
    pub reason: String,
}

/// What sort of thing was not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UncheckedKind {
    /// Codes of a value set that is open, or that needs a terminology service.
    Terminology,
    /// A constraint that the FHIRPath engine cannot run.
    Constraint,
    /// A profile that is not loaded.
    Profile,
    /// A reference that leads out of the body.
    Reference,
}

impl Violation {
    pub(super) fn of_schema(release: FhirVersion, type_name: &str, body: &Value, error: SchemaError) -> Self {
        let mut pointer = error.instance_path;
        if let Some(missing) = &error.missing {
            pointer.push('/');
            pointer.push_str(missing);
        }
        let path = path::fhirpath_of(release, type_name, body, &pointer);
        let kind = match error.keyword.as_str() {
            "additionalProperties" => RuleKind::Property,
            "required" | "minItems" | "maxItems" | "minProperties" | "minLength" => RuleKind::Cardinality,
            "anyOf" if error.missing.is_some() => RuleKind::Cardinality,
            "anyOf" => RuleKind::Binding,
            "oneOf" => RuleKind::Choice,
            "pattern" | "minimum" | "maximum" | "maxLength" => RuleKind::Format,
            "companion" => RuleKind::Companion,
            "enum" if pointer.ends_with("/resourceType") => RuleKind::Type,
            "enum" => RuleKind::Binding,
            "limit" | "depth" => RuleKind::Limit,
            _ => RuleKind::Type,
        };
        // The rules of a primitive stand in its own schema, which does not know for which element it is used.
        let is_of_a_primitive = error.element.is_empty() || error.element.starts_with(|c: char| c.is_ascii_lowercase());
        Self {
            severity: Severity::Error,
            rule: BrokenRule {
                kind,
                element: if is_of_a_primitive {
                    path::without_indexes(&path)
                } else {
                    error.element
                },
                key: None,
                text: error.rule,
                source: error.schema_path,
            },
            pointer,
            path,
            mend: error.mend,
            message: error.message,
            found: error.found,
            count: 1,
        }
    }

    /// Whether another violation has the same cause, at another place.
    fn is_another_of(&self, other: &Self) -> bool {
        self.severity == other.severity && self.rule == other.rule && self.message == other.message
    }
}

impl Validation {
    /// Whether no rule is broken. A constraint that is only a warning breaks none.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let breaks = |violation: &Violation| matches!(violation.severity, Severity::Fatal | Severity::Error);
        !self.violations.iter().any(breaks)
    }

    /// The violations with each cause told once: at its first place, with the number of places. What makes a body
    /// invalid comes before what is only a warning.
    #[must_use]
    pub fn causes(&self) -> Vec<Violation> {
        let mut causes: Vec<Violation> = Vec::new();
        for violation in &self.violations {
            match causes.iter_mut().find(|known| known.is_another_of(violation)) {
                Some(known) => known.count += violation.count,
                None => causes.push(violation.clone()),
            }
        }
        causes.sort_by_key(|violation| violation.severity);
        causes
    }
}
