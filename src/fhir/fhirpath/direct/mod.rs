//! A direct road for FHIRPath: the engine's parser, and an evaluation that walks over the JSON as it lies there.
//!
//! The engine copies a body into a tree of its own and needs some 20 µs for each expression. The constraints of the
//! definitions are hundreds of small conditions on each body; the direct road answers one in less than a microsecond. It
//! knows the types of a release, so that `value` finds `valueQuantity`. What it does not know goes to the engine.

mod code;
mod evaluate;
mod function;
mod item;
mod shape;

use std::cell::Cell;

use octofhir_fhirpath::parser;
use serde_json::Value;
use smallvec::smallvec;

use self::code::Code;
use self::item::Item;
pub(crate) use self::item::{Node, each};
pub use self::shape::{Form, Shape};
use super::text::PreparedText;

/// What one evaluation may look at; a body that asks for more is hostile.
pub const MOST_STEPS: usize = 2_000_000;

/// What all evaluations on one body together may look at. The constraints of the definitions need a tenth of it for a
/// Bundle of 10 MB.
pub const MOST_STEPS_OF_BODY: usize = 20_000_000;

/// A condition that can be evaluated directly.
#[derive(Debug)]
pub struct Condition {
    code: Code,
}

/// Why an evaluation has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Something that only the engine knows.
    Unsupported,
    /// A reference that leads out of the body.
    Unresolved(String),
    /// FHIRPath says that this is an error.
    Failed(&'static str),
    /// It takes too long.
    TooMuch,
}

/// Finds what a reference in a body points at.
pub trait Resolve<'a> {
    /// The resource that a literal reference names, if it is part of the body.
    fn resolve(&self, reference: &str) -> Option<&'a Value>;
}

/// What a condition is asked about.
pub struct Focus<'e, 'a> {
    /// `%context` and `$this`: the element.
    pub node: Node<'a>,
    /// `%resource`: the resource that it belongs to.
    pub resource: Node<'a>,
    /// `%rootResource`: the resource that contains that one, or itself.
    pub root: Node<'a>,
    /// Who follows references.
    pub resolver: &'e dyn Resolve<'a>,
    /// What is left of what all evaluations on the body together may look at.
    pub budget: &'e Cell<usize>,
    steps: Cell<usize>,
}

impl<'e, 'a> Focus<'e, 'a> {
    /// Something to ask a condition about; `budget` is [`Focus::budget`].
    pub fn new(
        node: Node<'a>,
        resource: Node<'a>,
        root: Node<'a>,
        resolver: &'e dyn Resolve<'a>,
        budget: &'e Cell<usize>,
    ) -> Self {
        Self {
            node,
            resource,
            root,
            resolver,
            budget,
            steps: Cell::new(0),
        }
    }

    fn spend(&self, steps: usize) -> Result<(), Stop> {
        let spent = self.steps.get() + steps;
        self.steps.set(spent);
        let left = self.budget.get().saturating_sub(steps);
        self.budget.set(left);
        if spent > MOST_STEPS || left == 0 {
            Err(Stop::TooMuch)
        } else {
            Ok(())
        }
    }
}

impl Condition {
    /// Compiles a condition; `None` for one that the direct road does not know, or that is no FHIRPath.
    #[must_use]
    pub fn compile(source: &str) -> Option<Self> {
        let prepared = PreparedText::prepare(source).ok()?;
        let tree = parser::parse_ast(&prepared.text).ok()?;
        Some(Self {
            code: code::translate(&tree)?,
        })
    }

    /// Whether the condition holds; `None` where it says neither.
    ///
    /// # Errors
    /// When it has no answer, or only the engine knows it.
    pub fn holds<'a>(&'a self, focus: &Focus<'_, 'a>) -> Result<Option<bool>, Stop> {
        focus.steps.set(0);
        // Where others have spent everything, not even the beginning is tried.
        focus.spend(1)?;
        focus.truth(&self.code, &smallvec![Item::Node(focus.node)])
    }
}
