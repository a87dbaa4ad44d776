//! Constraints of a profile, evaluated at the place where they hang (`elementdefinition.html#constraint`).

use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Value, json};

use super::definition::Profile;
use super::element::{Constraint, Element};
use super::item::Item;
use super::judge::Judge;
use crate::fhir::fhirpath::{Expression, FhirPathError, Subject, Truth};
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

    /// Whether a constraint holds.
    ///
    /// It is evaluated from the nearest resource, so that the types of what it sees are known.
    fn holds(&mut self, constraint: &Constraint, item: &Item<'a>) -> Result<bool, String> {
        let expression = constraint.expression.as_ref().map_err(Clone::clone)?;
        let told = |error: FhirPathError| format!("it cannot be evaluated: {error}");
        let from = item.scope.resource.or(item.value);
        let Some(from) = from else { return Ok(true) };
        let subject = self.subject(from).ok_or("the body is nested too deeply")?;
        let is_contained = !same(item.scope.container, item.scope.resource);
        if is_contained && constraint.text.contains("%rootResource") {
            return Err("%rootResource of a contained resource is not known here".to_owned());
        }
        let truth = if item.path.is_empty() {
            expression.is_true_on(&subject, &[]).map_err(told)?
        } else {
            if constraint.text.contains("%context") {
                return Err("%context below the resource is not known here".to_owned());
            }
            let below = format!("{}.select({})", item.path, constraint.text);
            let below = self.compiled(below).map_err(told)?;
            let names: Vec<String> = (0..item.indexes.len()).map(|index| format!("i{index}")).collect();
            let indexes = names.iter().zip(&item.indexes);
            let variables: Vec<(&str, Value)> = indexes.map(|(name, index)| (name.as_str(), json!(index))).collect();
            below.is_true_on(&subject, &variables).map_err(told)?
        };
        match truth {
            Truth::True => Ok(true),
            // What is not true does not hold: an empty result too.
            Truth::False | Truth::Empty => Ok(false),
            Truth::NotBoolean(found) if found.len() == 1 => Ok(true),
            Truth::NotBoolean(_) => Err("it says several things at once".to_owned()),
        }
    }

    fn subject(&mut self, body: &'a Value) -> Option<Rc<Subject>> {
        let release = self.release;
        let address = std::ptr::from_ref(body) as usize;
        let made = || Subject::new(release, body).ok().map(Rc::new);
        self.subjects.entry(address).or_insert_with(made).clone()
    }

    fn compiled(&mut self, text: String) -> Result<Rc<Expression>, FhirPathError> {
        if let Some(known) = self.expressions.get(&text) {
            return Ok(Rc::clone(known));
        }
        let made = Rc::new(Expression::compile(&text)?);
        self.expressions.insert(text, Rc::clone(&made));
        Ok(made)
    }
}

fn same(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => std::ptr::eq(one, other),
        _ => one.is_none() && other.is_none(),
    }
}
