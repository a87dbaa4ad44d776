//! Constraints of a profile, evaluated at the place where they hang (`elementdefinition.html#constraint`).

use std::sync::Arc;

use serde_json::Value;

use super::definition::Profile;
use super::element::{Constraint, Element};
use super::item::Item;
use super::judge::Judge;
use super::reference::Targets;
use crate::fhir::fhirpath::direct::{Focus, Node, Resolve, Shape, Stop};
use crate::fhir::fhirpath::{Expression, FhirPathError, Place, Truth};
use crate::fhir::validate::{RuleKind, TOO_LARGE, UncheckedKind};

impl<'a> Judge<'a> {
    /// Judges the constraints of an element.
    pub(super) fn constraints(&mut self, profile: &Arc<Profile>, element: &Element, item: &Item<'a>) {
        for constraint in &element.constraints {
            self.spend(20);
            match self.holds(constraint, item) {
                Ok(true) => {}
                Ok(false) => {
                    let message = format!("{}: {}", constraint.key, constraint.human);
                    let text = constraint.human.clone();
                    let pointer = item.pointer.clone();
                    self.broken(RuleKind::Constraint, profile, element, pointer, text, message, None);
                    self.amend(|found| {
                        found.severity = constraint.severity;
                        found.rule.key = Some(constraint.key.clone());
                        found.rule.source.clone_from(&constraint.source);
                    });
                }
                Err(why) => self.note(UncheckedKind::Constraint, &constraint.key, &why),
            }
        }
    }

    /// Whether a constraint holds. What finds nothing breaks nothing.
    fn holds(&self, constraint: &Constraint, item: &Item<'a>) -> Result<bool, String> {
        if constraint.expression.is_empty() {
            return Err("it has no FHIRPath expression".to_owned());
        }
        let (Some(direct), Some(shape)) = (&constraint.direct, Shape::find(self.release, item.type_name)) else {
            return self.ask_engine(constraint, item);
        };
        let node = Node {
            value: item.value,
            companion: item.companion,
            shape,
        };
        let around = |value: Option<&'a Value>| value.map_or(node, |value| Node::resource(value, shape));
        let follow = Follow {
            targets: self.targets(),
            from: item,
        };
        let (resource, root) = (around(item.scope.resource), around(item.scope.container));
        match direct.holds(&Focus::new(node, resource, root, &follow, self.budget())) {
            Ok(found) => Ok(found != Some(false)),
            Err(Stop::Unsupported) => self.ask_engine(constraint, item),
            Err(Stop::Unresolved(reference)) => Err(format!("it follows `{reference}`, which leads out of the body")),
            Err(Stop::Failed(why)) => Err(format!("it cannot be evaluated: {why}")),
            Err(Stop::TooMuch) => Err(TOO_LARGE.to_owned()),
        }
    }

    fn ask_engine(&self, constraint: &Constraint, item: &Item<'a>) -> Result<bool, String> {
        let compile = || Expression::compile_constraint(&constraint.expression).map_err(|error| error.to_string());
        let expression = constraint.engine.get_or_init(compile).as_ref().map_err(Clone::clone)?;
        let value = item.value.ok_or("there is no value, only what extends it")?;
        let place = Place {
            type_name: item.type_name,
            value,
            resource: item.scope.resource.unwrap_or(&Value::Null),
            root: item.scope.container.unwrap_or(&Value::Null),
            budget: self.budget(),
        };
        let found = expression.is_true_at(self.release, &place);
        let failed = |error: FhirPathError| match error.given_up {
            true => TOO_LARGE.to_owned(),
            false => format!("it cannot be evaluated: {error}"),
        };
        match found.map_err(failed)? {
            Truth::True | Truth::Empty => Ok(true),
            Truth::False => Ok(false),
            Truth::NotBoolean(found) if found.len() == 1 => Ok(true),
            Truth::NotBoolean(_) => Err("it says several things at once".to_owned()),
        }
    }
}

/// Follows references from one item.
struct Follow<'f, 'a> {
    targets: &'f Targets<'a>,
    from: &'f Item<'a>,
}

impl<'f> Resolve<'f> for Follow<'f, '_> {
    fn resolve(&self, reference: &str) -> Option<&'f Value> {
        self.targets.resolve(reference, self.from)?.value
    }
}
