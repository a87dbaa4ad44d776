//! One constraint: how it is run, and what comes of it.

use std::sync::OnceLock;

use serde_json::Value;

use crate::fhir::fhirpath::direct::{Condition, Focus, Stop};
use crate::fhir::fhirpath::{Expression, Place, Truth};
use crate::fhir::{FhirVersion, Severity};

/// Constraints that are known not to run, with the reason.
const UNRUNNABLE: &str = include_str!("unrunnable.txt");

/// Why a constraint is not judged that would take too long.
pub(in crate::fhir) const TOO_LARGE: &str = "the body is too large for it";

/// A FHIRPath constraint of a definition.
#[derive(Debug)]
pub(super) struct Constraint {
    pub(super) key: &'static str,
    pub(super) severity: Severity,
    pub(super) human: &'static str,
    pub(super) expression: &'static str,
    release: FhirVersion,
    road: OnceLock<Road>,
    engine: OnceLock<Option<Expression>>,
}

/// How a constraint is run.
#[derive(Debug)]
enum Road {
    /// `ele-1`: an element has a value or something in it besides its id.
    HasContent,
    /// `txt-1` and `txt-2`: the judge of narrative does it.
    Narrative,
    /// Over the JSON as it is.
    Direct(Condition),
    /// By the engine.
    Engine,
    /// Not at all.
    Closed(&'static str),
}

/// What came of a constraint at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It holds, or says neither: an expression that finds nothing breaks nothing.
    Kept,
    /// It does not hold.
    Broken,
    /// It could not be judged here, and why.
    Unknown(String),
}

impl Constraint {
    pub(super) const fn new(
        release: FhirVersion,
        key: &'static str,
        severity: Severity,
        human: &'static str,
        expression: &'static str,
    ) -> Self {
        Self {
            key,
            severity,
            human,
            expression,
            release,
            road: OnceLock::new(),
            engine: OnceLock::new(),
        }
    }

    fn road(&self) -> &Road {
        self.road.get_or_init(|| {
            if let Some(reason) = unrunnable(self.release, self.key) {
                Road::Closed(reason)
            } else if self.key == "ele-1" {
                Road::HasContent
            } else if self.expression.trim() == "htmlChecks()" {
                Road::Narrative
            } else if let Some(condition) = Condition::compile(self.expression) {
                Road::Direct(condition)
            } else if self.engine().is_some() {
                Road::Engine
            } else {
                Road::Closed("its expression is no FHIRPath that the engine reads")
            }
        })
    }

    fn engine(&self) -> Option<&Expression> {
        self.engine
            .get_or_init(|| Expression::compile_constraint(self.expression).ok())
            .as_ref()
    }

    /// Why it never runs, if it does not.
    #[cfg(test)]
    pub(super) fn closed(&self) -> Option<&'static str> {
        match self.road() {
            Road::Closed(reason) => Some(reason),
            _ => None,
        }
    }

    /// What the direct road says of it, and nothing where that leaves it to the engine.
    #[cfg(test)]
    pub(super) fn ask_directly(&'static self, focus: &Focus<'_, '_>) -> Option<Result<Option<bool>, Stop>> {
        match self.road() {
            Road::Direct(condition) => Some(condition.holds(focus)).filter(|found| *found != Err(Stop::Unsupported)),
            _ => None,
        }
    }

    /// How it is run, in a word.
    #[cfg(test)]
    pub(super) fn road_name(&self) -> &'static str {
        match self.road() {
            Road::HasContent | Road::Narrative => "native",
            Road::Direct(_) => "direct",
            Road::Engine => "engine",
            Road::Closed(_) => "closed",
        }
    }

    /// Judges an element.
    pub(super) fn judge<'a>(&'static self, focus: &Focus<'_, 'a>) -> Outcome {
        match self.road() {
            Road::HasContent => {
                let object = focus.node.value.and_then(Value::as_object);
                let is_empty = object.is_some_and(|object| object.keys().all(|name| name == "id"));
                if is_empty { Outcome::Broken } else { Outcome::Kept }
            }
            Road::Narrative => Outcome::Kept,
            Road::Closed(reason) => Outcome::Unknown((*reason).to_owned()),
            Road::Engine => self.ask_engine(focus),
            Road::Direct(condition) => match condition.holds(focus) {
                Ok(Some(false)) => Outcome::Broken,
                Ok(_) => Outcome::Kept,
                Err(Stop::Unsupported) => self.ask_engine(focus),
                Err(Stop::Unresolved(reference)) => {
                    Outcome::Unknown(format!("it follows `{reference}`, which leads out of the body"))
                }
                Err(Stop::Failed(why)) => Outcome::Unknown(format!("its expression cannot be evaluated: {why}")),
                Err(Stop::TooMuch) => Outcome::Unknown(TOO_LARGE.to_owned()),
            },
        }
    }

    /// What the engine says of it.
    pub(super) fn ask_engine(&self, focus: &Focus<'_, '_>) -> Outcome {
        let (Some(expression), Some(value)) = (self.engine(), focus.node.value) else {
            return Outcome::Unknown("the engine does not run it here".to_owned());
        };
        let place = Place {
            type_name: focus.node.shape.name,
            value,
            resource: focus.resource.value.unwrap_or(&Value::Null),
            root: focus.root.value.unwrap_or(&Value::Null),
            budget: focus.budget,
        };
        match expression.is_true_at(self.release, &place) {
            Ok(Truth::False) => Outcome::Broken,
            Ok(Truth::True | Truth::Empty) => Outcome::Kept,
            Ok(Truth::NotBoolean(found)) if found.len() == 1 => Outcome::Kept,
            Ok(Truth::NotBoolean(_)) => Outcome::Unknown("it finds several things, not one condition".to_owned()),
            Err(error) if error.given_up => Outcome::Unknown(TOO_LARGE.to_owned()),
            Err(error) => Outcome::Unknown(format!("its expression cannot be evaluated: {error}")),
        }
    }
}

fn unrunnable(release: FhirVersion, key: &str) -> Option<&'static str> {
    let lines = UNRUNNABLE.lines().filter(|line| !line.starts_with('#'));
    let mut known = lines.filter_map(|line| {
        let mut words = line.splitn(3, ' ');
        Some((words.next()?, words.next()?, words.next()?))
    });
    known
        .find(|(of, name, _)| *of == release.name() && *name == key)
        .map(|(_, _, reason)| reason)
}
