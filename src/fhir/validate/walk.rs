//! The walk through a body: each element meets the rules of its place.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::Value;

use super::constraint::{Constraint, Outcome};
use super::rules::{ElementRules, OpenBinding, Rules, TypeRules};
use super::scope::{Entries, Scope};
use super::violation::{BrokenRule, RuleKind, Unchecked, UncheckedKind, Violation};
use super::{narrative, primitive, reference};
use crate::fhir::fhirpath::direct::{Focus, Form, MOST_STEPS_OF_BODY, Node, Shape, each};
use crate::fhir::{FhirVersion, Severity};

/// A walk goes no deeper; what is deeper was refused before.
const DEEPEST: usize = 200;
/// More violations than this are not listed.
const MOST_VIOLATIONS: usize = 500;

/// A step down into the body.
#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

/// A walk in progress.
pub(super) struct Walk<'a> {
    pub(super) release: FhirVersion,
    rules: &'static Rules,
    type_name: &'a str,
    steps: Vec<Step<'a>>,
    pub(super) violations: Vec<Violation>,
    unchecked: BTreeSet<Unchecked>,
    bindings: Vec<(OpenBinding, &'static str)>,
    budget: Rc<Cell<usize>>,
}

impl<'a> Walk<'a> {
    /// Walks through an instance of a type.
    pub(super) fn through(
        release: FhirVersion,
        type_name: &'a str,
        body: &'a Value,
    ) -> (Vec<Violation>, BTreeSet<Unchecked>) {
        let rules = Rules::for_release(release);
        let mut walk = Self {
            release,
            rules,
            type_name,
            steps: Vec::new(),
            violations: Vec::new(),
            unchecked: BTreeSet::new(),
            bindings: Vec::new(),
            budget: Rc::new(Cell::new(MOST_STEPS_OF_BODY)),
        };
        let node = Node::resource(body, Shape::named(release, type_name));
        let scope = Scope::of(node);
        let rules = rules.of(node.shape);
        walk.node(node, rules, &[], &scope);
        for (binding, element) in std::mem::take(&mut walk.bindings) {
            let reason = format!(
                "{element}: {} binding, which needs a terminology service",
                binding.strength
            );
            walk.leave(UncheckedKind::Terminology, binding.value_set, reason);
        }
        (walk.violations, walk.unchecked)
    }

    /// Notes that something was not checked.
    pub(super) fn leave(&mut self, kind: UncheckedKind, subject: &str, reason: String) {
        let same = |other: &&Unchecked| other.kind == kind && other.subject == subject;
        if self.unchecked.iter().find(same).is_none() {
            self.unchecked.insert(Unchecked {
                kind,
                subject: subject.to_owned(),
                reason,
            });
        }
    }

    fn node(
        &mut self,
        node: Node<'a>,
        rules: &'static TypeRules,
        of_element: &[&'static Constraint],
        scope: &Scope<'a>,
    ) {
        if self.steps.len() > DEEPEST || self.violations.len() > MOST_VIOLATIONS {
            return;
        }
        if !(rules.constraints.is_empty() && of_element.is_empty()) {
            let budget = Rc::clone(&self.budget);
            let focus = Focus::new(node, scope.resource, scope.root, scope, &budget);
            for constraint in of_element.iter().chain(&rules.constraints) {
                self.constraint(constraint, &focus);
            }
        }
        if node.shape.is_primitive {
            if let Some(value) = node.value {
                primitive::judge(self, node.shape.name, value);
                if node.shape.name == "xhtml" {
                    narrative::judge(self, value);
                }
            }
        } else {
            self.children(node, rules, scope);
        }
    }

    fn children(&mut self, node: Node<'a>, rules: &'static TypeRules, scope: &Scope<'a>) {
        let Some(object) = node.value.and_then(Value::as_object) else {
            return;
        };
        let entries = (node.shape.name == "Bundle").then(|| Entries::of(object));
        for (name, value) in object {
            // What is no property of the type, the schema tells.
            let Some(at) = node.shape.index_of(name) else { continue };
            let (form, element) = (&node.shape.forms()[at], &rules.elements[at]);
            if name == form.companion {
                self.steps.push(Step::Name(name));
                self.companion(value, scope);
                self.steps.pop();
                if object.contains_key(form.property) {
                    continue;
                }
                // Constraints of the element itself are asked although it has no value.
                if !element.constraints.is_empty() {
                    each(None, Some(value), |value, companion| {
                        let node = Node::of(form, value, companion);
                        let budget = Rc::clone(&self.budget);
                        let focus = Focus::new(node, scope.resource, scope.root, scope, &budget);
                        for constraint in &element.constraints {
                            self.constraint(constraint, &focus);
                        }
                    });
                }
                continue;
            }
            let companion = if form.companion.is_empty() {
                None
            } else {
                object.get(form.companion)
            };
            self.steps.push(Step::Name(name));
            match value {
                Value::Array(items) => {
                    for (index, item) in items.iter().enumerate() {
                        let companion = companion.and_then(|all| all.get(index));
                        self.steps.push(Step::Index(index));
                        self.element(form, element, item, companion, (scope, entries.as_ref()));
                        self.steps.pop();
                    }
                }
                _ => self.element(form, element, value, companion, (scope, entries.as_ref())),
            }
            self.steps.pop();
        }
        reference::judge_resource(self, node, scope, entries.as_ref());
    }

    fn element(
        &mut self,
        form: &'static Form,
        element: &'static ElementRules,
        value: &'a Value,
        companion: Option<&'a Value>,
        (scope, entries): (&Scope<'a>, Option<&Entries<'a>>),
    ) {
        if value.is_null() {
            return;
        }
        let node = Node::of(form, Some(value), companion);
        if let Some(binding) = element.binding {
            let seen = |(other, _): &(OpenBinding, &str)| other.value_set == binding.value_set;
            if !self.bindings.iter().any(seen) && !node.shape.name.is_empty() {
                self.bindings.push((binding, &form.element));
            }
        }
        let inner = if std::ptr::eq(node.shape, form.shape()) {
            element.inner(node.shape)
        } else {
            self.rules.of(node.shape)
        };
        if matches!(form.of.name, "Resource" | "DomainResource") {
            let inside = scope.inside(node, form.property == "contained");
            self.node(node, inner, &element.constraints, &inside);
        } else if form.element == "Bundle.entry"
            && let Some(entries) = entries
        {
            let inside = scope.in_entry(entries, value);
            self.node(node, inner, &element.constraints, &inside);
        } else {
            self.node(node, inner, &element.constraints, scope);
            if matches!(form.of.name, "Reference" | "CodeableReference") {
                reference::judge(self, form, node, scope);
            } else if form.element == "Meta.profile" {
                reference::judge_profile(self, value, scope);
            }
        }
    }

    /// The extensions of a primitive have rules as any others.
    fn companion(&mut self, value: &'a Value, scope: &Scope<'a>) {
        let shape = Shape::named(self.release, "Element");
        let rules = self.rules.of(shape);
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate().filter(|(_, item)| item.is_object()) {
                    self.steps.push(Step::Index(index));
                    self.children(
                        Node {
                            value: Some(item),
                            companion: None,
                            shape,
                        },
                        rules,
                        scope,
                    );
                    self.steps.pop();
                }
            }
            _ => self.children(
                Node {
                    value: Some(value),
                    companion: None,
                    shape,
                },
                rules,
                scope,
            ),
        }
    }

    fn constraint(&mut self, constraint: &'static Constraint, focus: &Focus<'_, 'a>) {
        #[cfg(test)]
        super::tests::compare(constraint, focus);
        match constraint.judge(focus) {
            Outcome::Kept => {}
            Outcome::Unknown(reason) => self.leave(UncheckedKind::Constraint, constraint.key, reason),
            Outcome::Broken => {
                let shape = focus.node.shape.name;
                let rule = BrokenRule {
                    kind: RuleKind::Constraint,
                    element: shape.to_owned(),
                    key: Some(constraint.key.to_owned()),
                    text: constraint.human.to_owned(),
                    source: format!(
                        "http://hl7.org/fhir/StructureDefinition/{}",
                        shape.split('.').next().unwrap_or(shape)
                    ),
                };
                let message = format!("{} does not hold: {}", constraint.key, constraint.human);
                self.report_as(constraint.severity, rule, message, None);
            }
        }
    }

    /// Notes a violation at the present place.
    pub(super) fn report(&mut self, kind: RuleKind, source: &str, message: String, found: Option<String>) {
        let element = self.path(false);
        let rule = BrokenRule {
            kind,
            element,
            key: None,
            text: message.clone(),
            source: source.to_owned(),
        };
        self.report_as(Severity::Error, rule, message, found);
    }

    /// Notes a violation at a property of the present place.
    pub(super) fn report_below(
        &mut self,
        name: &'a str,
        kind: RuleKind,
        source: &str,
        message: String,
        found: Option<String>,
    ) {
        self.steps.push(Step::Name(name));
        self.report(kind, source, message, found);
        self.steps.pop();
    }

    /// Looks at a property of the present place.
    pub(super) fn at_property(&mut self, name: &'a str, look: impl FnOnce(&mut Self)) {
        self.steps.push(Step::Name(name));
        look(self);
        self.steps.pop();
    }

    /// Looks at an item of a repeated property of the present place.
    pub(super) fn at_item(&mut self, name: &'a str, index: usize, look: impl FnOnce(&mut Self)) {
        self.steps.extend([Step::Name(name), Step::Index(index)]);
        look(self);
        self.steps.truncate(self.steps.len() - 2);
    }

    fn report_as(&mut self, severity: Severity, rule: BrokenRule, message: String, found: Option<String>) {
        let (pointer, path) = (self.pointer(), self.path(true));
        self.violations.push(Violation {
            severity,
            pointer,
            path,
            rule,
            message,
            found,
            mend: None,
            count: 1,
        });
    }

    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.steps {
            pointer.push('/');
            match step {
                Step::Name(name) => pointer.push_str(&name.replace('~', "~0").replace('/', "~1")),
                Step::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }

    fn path(&self, with_indexes: bool) -> String {
        let mut path = self.type_name.to_owned();
        for step in &self.steps {
            match step {
                Step::Name(name) => {
                    path.push('.');
                    path.push_str(name);
                }
                Step::Index(index) if with_indexes => path.push_str(&format!("[{index}]")),
                Step::Index(_) => {}
            }
        }
        path
    }
}
