//! What a judge of bodies found, as the findings of a report: one cause is one mismatch.

use std::collections::BTreeMap;

use super::excerpt::{BodyText, Target};
use super::expectation::of_body;
use super::judged::Between;
use crate::fhir::validate::{RuleKind, Unchecked, UncheckedKind, Validation, Violation};
use crate::verdict::{Mend, Mismatch, Part};

/// More lines of a body than this are not looked up.
const EXCERPTS: usize = 50;

/// Each cause of what is wrong, told once: the place, the rule, what was found, the line as it is and as it would be right.
/// What makes the body invalid comes before what is only a warning.
#[must_use]
pub fn mismatches(validation: &Validation, text: Option<&BodyText<'_>>) -> Vec<(Violation, Box<Mismatch>)> {
    let causes = validation.causes().into_iter().enumerate();
    causes
        .map(|(index, cause)| {
            let told = mismatch(&cause, text.filter(|_| index < EXCERPTS));
            (cause, told)
        })
        .collect()
}

/// One cause as a mismatch: the place, the rule, what was found, the line as it is and as it would be right.
#[must_use]
pub fn mismatch(violation: &Violation, text: Option<&BodyText<'_>>) -> Box<Mismatch> {
    let again = match violation.count {
        0 | 1 => String::new(),
        2 => "; the same at 1 more place".to_owned(),
        count => format!("; the same at {} more places", count - 1),
    };
    let mut told =
        of_body(format!("{}{again}", violation.message)).between(violation.rule.text.clone(), violation.found.clone());
    told.part = Part::Body(violation.pointer.clone());
    told.details = vec![place_and_rule(violation)];
    told.mend = violation
        .mend
        .clone()
        .or_else(|| way_out(violation.rule.kind).map(Mend::told));
    let target = if violation.rule.kind == RuleKind::Property {
        Target::Name
    } else {
        Target::Value
    };
    told.excerpt = text.and_then(|text| text.excerpt(&violation.pointer, target, violation.mend.as_ref()));
    told
}

/// What to do about a kind of rule, where the violation itself does not say it. What a constraint asks for says its own text.
const fn way_out(kind: RuleKind) -> Option<&'static str> {
    match kind {
        RuleKind::Reference => Some("point at something that is there, and of a type that may stand here"),
        RuleKind::Bundle => Some("let fullUrl and id name the same thing, and each thing only one entry"),
        RuleKind::Narrative => Some("leave in the narrative only what the rule allows"),
        RuleKind::Encoding => Some("keep one of them"),
        _ => None,
    }
}

/// `Patient.gender (/gender): a code of ... (required)`
fn place_and_rule(violation: &Violation) -> String {
    let rule = &violation.rule;
    let mut told = violation.path.clone();
    if !violation.pointer.is_empty() {
        told.push_str(&format!(" ({})", violation.pointer));
    }
    let key = rule.key.as_ref().map(|key| format!("{key} of {}", rule.element));
    // What the message says already is not said again; where it is written is.
    let text = match &key {
        Some(_) if violation.message.contains(&rule.text) => None,
        None if violation.message.contains(&rule.text) => Some(&rule.source),
        _ => Some(&rule.text),
    };
    for part in [key.as_ref(), text]
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
    {
        told.push_str(": ");
        told.push_str(part);
    }
    told
}

/// How many things of a kind are named in one sentence.
const NAMED: usize = 12;

/// What was not checked, one sentence for each kind and reason: which, and in how many bodies.
#[must_use]
pub fn not_checked(unchecked: &BTreeMap<Unchecked, u64>) -> Vec<String> {
    let mut groups: BTreeMap<(UncheckedKind, &str), Vec<(&str, u64)>> = BTreeMap::new();
    for (one, times) in unchecked {
        groups
            .entry((one.kind, &one.reason))
            .or_default()
            .push((&one.subject, *times));
    }
    groups
        .into_iter()
        .map(|((kind, reason), mut subjects)| {
            subjects.sort_by(|(name, times), (name_2, times_2)| times_2.cmp(times).then(name.cmp(name_2)));
            let (one, many) = match kind {
                UncheckedKind::Terminology => ("value set", "value sets"),
                UncheckedKind::Constraint => ("constraint", "constraints"),
                UncheckedKind::Profile => ("profile", "profiles"),
                UncheckedKind::Reference => ("kind of reference", "kinds of references"),
            };
            let names: Vec<&str> = subjects.iter().take(NAMED).map(|(name, _)| *name).collect();
            let more = match subjects.len().saturating_sub(NAMED) {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            let count = subjects.len();
            let what = if count == 1 { one } else { many };
            format!("In bodies, {count} {what} ({reason}): {}{more}.", names.join(", "))
        })
        .collect()
}
