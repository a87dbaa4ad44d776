//! What a judge has to say: broken rules, and what was not looked at.

use serde_json::Value;

use super::definition::{Profile, core_type};
use super::element::Element;
use super::item::{Item, resource_type};
use super::judge::Judge;
use crate::fhir::Severity;
use crate::fhir::validate::path::fhirpath_of;
use crate::fhir::validate::{BrokenRule, Mend, RuleKind, Unchecked, UncheckedKind, Violation};

impl<'a> Judge<'a> {
    pub(super) fn wrong_type(&self, canonical: &str, wanted: &str, item: &Item<'a>) -> Violation {
        let message = format!("{} is not what {canonical} is for, which is {wanted}", item.type_name);
        Violation {
            severity: Severity::Error,
            path: self.path(&item.pointer),
            pointer: item.pointer.clone(),
            rule: BrokenRule {
                kind: RuleKind::Type,
                element: core_type(wanted).to_owned(),
                key: None,
                text: format!("the type is {wanted}"),
                source: canonical.to_owned(),
            },
            message,
            found: Some(item.type_name.to_owned()),
            mend: None,
            count: 1,
        }
    }

    fn path(&self, pointer: &str) -> String {
        let type_name = resource_type(self.body).unwrap_or("$this");
        fhirpath_of(self.release, type_name, self.body, pointer)
    }

    /// Tells of a rule that an item breaks, at its place.
    pub(super) fn broken_by(
        &mut self,
        kind: RuleKind,
        profile: &Profile,
        element: &Element,
        item: &Item<'a>,
        text: String,
        message: String,
    ) {
        self.broken(kind, profile, element, item.pointer.clone(), text, message, item.value);
    }

    /// Notes a broken rule of an element.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn broken(
        &mut self,
        kind: RuleKind,
        profile: &Profile,
        element: &Element,
        pointer: String,
        text: String,
        message: String,
        found: Option<&Value>,
    ) {
        self.violations.push(Violation {
            severity: Severity::Error,
            path: self.path(&pointer),
            pointer,
            rule: BrokenRule {
                kind,
                element: element.id.clone(),
                key: None,
                text,
                source: profile.canonical.clone(),
            },
            message,
            found: found.map(shown),
            mend: None,
            count: 1,
        });
    }

    /// Adds the way out to what was noted last.
    pub(super) fn mend(&mut self, replacement: Value) {
        if let Some(last) = self.violations.last_mut() {
            last.mend = Some(Mend::with(replacement));
        }
    }

    /// Says more of what was noted last.
    pub(super) fn amend(&mut self, change: impl FnOnce(&mut Violation)) {
        if let Some(last) = self.violations.last_mut() {
            change(last);
        }
    }

    /// Notes a part of a profile that is not looked at.
    pub(super) fn not_looked_at(&mut self, profile: &Profile, element: &str, why: &str) {
        self.note(UncheckedKind::Profile, &format!("{} {element}", profile.canonical), why);
    }

    pub(super) fn note(&mut self, kind: UncheckedKind, subject: &str, reason: &str) {
        self.unchecked.insert(Unchecked {
            kind,
            subject: subject.to_owned(),
            reason: reason.to_owned(),
        });
    }
}

/// A value as a message shows it: short.
pub(super) fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let short: String = text.chars().take(80).collect();
    let cut = if short.len() < text.len() { "..." } else { "" };
    format!("`{short}{cut}`")
}
