//! Constraints of a profile, evaluated at the place where they hang (`elementdefinition.html#constraint`).

use std::sync::Arc;

use serde_json::Value;

use super::definition::Profile;
use super::element::{Constraint, Element};
use super::item::Item;
use super::judge::Judge;
use crate::fhir::fhirpath::{Place, Truth};
use crate::fhir::validate::{RuleKind, UncheckedKind};

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
        let expression = constraint.expression.as_ref().map_err(Clone::clone)?;
        let value = item.value.ok_or("there is no value, only what extends it")?;
        let place = Place {
            type_name: item.type_name,
            value,
            resource: item.scope.resource.unwrap_or(&Value::Null),
            root: item.scope.container.unwrap_or(&Value::Null),
        };
        let found = expression.is_true_at(self.release, &place);
        match found.map_err(|error| format!("it cannot be evaluated: {error}"))? {
            Truth::True | Truth::Empty => Ok(true),
            Truth::False => Ok(false),
            Truth::NotBoolean(found) if found.len() == 1 => Ok(true),
            Truth::NotBoolean(_) => Err("it says several things at once".to_owned()),
        }
    }
}
