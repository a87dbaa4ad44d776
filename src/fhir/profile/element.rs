//! One element of a snapshot, with the rules that it has (`elementdefinition.html`).

use std::sync::OnceLock;

use serde_json::Value;

use super::discriminator::Discriminator;
use crate::fhir::Severity;
use crate::fhir::fhirpath::Expression;
use crate::fhir::fhirpath::direct::Condition;

/// An element or a slice of one.
#[derive(Debug)]
pub(super) struct Element {
    /// Its id, slices and all: `Observation.component:systolic.code`.
    pub(super) id: String,
    /// Its name, without `[x]` for a choice.
    pub(super) name: String,
    /// Whether it is a choice.
    pub(super) choice: bool,
    /// Its path: `Observation.component.code`.
    pub(super) path: String,
    /// The name of the slice that it is.
    pub(super) slice: Option<String>,
    /// How often it occurs at least.
    pub(super) min: usize,
    /// How often it occurs at most; `None` for `*`.
    pub(super) max: Option<usize>,
    /// The types it may have.
    pub(super) types: Vec<TypeRule>,
    /// What it has to be, or to hold.
    pub(super) value: Option<ValueRule>,
    /// The most characters of a text.
    pub(super) max_length: Option<usize>,
    /// The value set its codes are bound to.
    pub(super) binding: Option<Binding>,
    /// The constraints that are its own.
    pub(super) constraints: Vec<Constraint>,
    /// The element whose children are its children.
    pub(super) content: Option<usize>,
    /// How it is sliced.
    pub(super) slicing: Option<Slicing>,
    /// Its slices.
    pub(super) slices: Vec<usize>,
    /// The elements below it.
    pub(super) children: Vec<usize>,
    /// Whether neither it nor anything below it asks for more than its base type.
    pub(super) quiet: bool,
    /// Whether it asks for another number of occurrences than its base type.
    pub(super) counted: bool,
}

/// One type that an element may have.
#[derive(Debug)]
pub(super) struct TypeRule {
    /// Its code: `Quantity`.
    pub(super) code: String,
    /// Profiles on it, one of which has to hold.
    pub(super) profiles: Vec<String>,
    /// What a reference may point at.
    pub(super) targets: Vec<String>,
}

/// `fixed[x]` or `pattern[x]`.
#[derive(Debug)]
pub(super) struct ValueRule {
    /// Whether nothing else may be there.
    pub(super) fixed: bool,
    /// The value.
    pub(super) value: Value,
}

/// A value set that codes are bound to.
#[derive(Debug)]
pub(super) struct Binding {
    /// Whether they have to be in it (`required`), or have to where it says something fitting (`extensible`).
    pub(super) required: bool,
    /// Its canonical.
    pub(super) value_set: String,
}

/// A constraint.
#[derive(Debug)]
pub(super) struct Constraint {
    /// Its key: `vs-1`.
    pub(super) key: String,
    /// `Error` or `Warning`.
    pub(super) severity: Severity,
    /// What it says.
    pub(super) human: String,
    /// Where it is defined.
    pub(super) source: String,
    /// Its expression.
    pub(super) expression: String,
    /// The same for the direct road, where that knows it.
    pub(super) direct: Option<Condition>,
    /// The same for the engine, or why it is no FHIRPath.
    pub(super) engine: OnceLock<Result<Expression, String>>,
}

/// How an element is sliced (`profiling.html#slicing`).
#[derive(Debug)]
pub(super) struct Slicing {
    /// By what items are told apart; or why that cannot be read.
    pub(super) discriminators: Result<Vec<Discriminator>, String>,
    /// Whether slices have to come in their order.
    pub(super) ordered: bool,
    /// What may be there beside the slices.
    pub(super) rules: Rules,
}

/// What may be there beside the slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    Open,
    OpenAtEnd,
    Closed,
}
