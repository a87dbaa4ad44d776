//! Bodies are valid resources of their release (`conformance-rules.html`).
//!
//! What the server makes itself (outcomes, its CapabilityStatement, Bundles of answers) has to be valid. What it stores is
//! somebody's: how much of it a server validates is its own choice. So a stored resource is blamed on the server only where
//! this case sent it and sent it valid; any other is a warning, and what comes back as broken as it was sent is nothing.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use foldhash::quality::RandomState;
use serde_json::Value;

use super::{Ledger, Look, Softened};
use crate::check::excerpt::BodyText;
use crate::check::violation;
use crate::fhir::schema::Schemas;
use crate::fhir::validate::{RuleKind, Unchecked, Validation, Validator, Violation};
use crate::fhir::{FhirVersion, Severity};
use crate::suite::Case;
use crate::suite::assertion::AtMost;
use crate::suite::fixture::{self, Rendered};

const RULE: &str = "general.resources-conform";
/// So many causes are told one by one.
const TOLD: usize = 10;
/// So many bodies are remembered as valid.
const REMEMBERED: usize = 4096;

pub(super) fn audit(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let release = look.cx.release;
    let Some((body, resource_type)) = look.resource() else {
        return;
    };
    if look.request().method == "HEAD" || look.asked_for_parts() || is_subset(body) {
        return;
    }
    if !Schemas::for_release(release).knows("Resource") {
        return;
    }
    let bytes = look.reading.body().bytes();
    let key = SEEN.key(release, bytes);
    // What is remembered was judged by the release alone.
    let is_plain = look.cx.profiles.is_empty();
    if let Some(unchecked) = SEEN.get(key).filter(|_| is_plain) {
        ledger.holds(RULE);
        ledger.audit.unchecked.extend(unchecked.iter().cloned());
        return;
    }
    let mut validation = look.cx.validator().validate(body);
    let unchecked: Arc<[Unchecked]> = std::mem::take(&mut validation.unchecked).into();
    ledger.audit.unchecked.extend(unchecked.iter().cloned());
    // What a definition only warns of is for who made the resource.
    validation
        .violations
        .retain(|violation| matches!(violation.severity, Severity::Fatal | Severity::Error));
    if validation.is_valid() {
        if is_plain {
            SEEN.remember(key, unchecked);
        }
        ledger.holds(RULE);
        return;
    }
    let sent = Sent::by(look);
    validation.violations.retain(|violation| !sent.has(violation));
    if validation.violations.is_empty() {
        return;
    }
    let text = look.reading.json_text();
    let text = BodyText::new("answer", &text, body);
    let (own, stored): (Vec<_>, Vec<_>) = validation
        .violations
        .into_iter()
        .partition(|violation| is_servers_own(look, body, resource_type, &violation.pointer));
    for (violations, softened) in [
        (own, Softened::default()),
        (
            stored,
            Softened {
                at_most: Some(AtMost::Warning),
                because: Some(
                    "it may have been stored by somebody else as it is; how much of it a server validates is its own choice",
                ),
            },
        ),
    ] {
        let part = Validation {
            violations,
            unchecked: Vec::new(),
        };
        let told = violation::mismatches(&part, Some(&text));
        let left = told.len().saturating_sub(TOLD);
        for (index, (_, mut mismatch)) in told.into_iter().take(TOLD).enumerate() {
            if left > 0 && index == TOLD - 1 {
                mismatch
                    .details
                    .push(format!("and {left} more things are wrong with the body"));
            }
            mismatch.message = format!("the answer is no valid {resource_type}: {}", mismatch.message);
            ledger.broken_but(RULE, softened, mismatch);
        }
    }
}

/// Whether a resource says that it is a part of one (`_summary`, `_elements`).
fn is_subset(body: &Value) -> bool {
    let says_so = |resource: &Value| {
        let tags = resource["meta"]["tag"].as_array();
        tags.is_some_and(|tags| tags.iter().any(|tag| tag["code"] == "SUBSETTED"))
    };
    let mut entries = body["entry"].as_array().into_iter().flatten();
    says_so(body) || entries.any(|entry| says_so(&entry["resource"]))
}

/// Whether the server answers for a place: what it makes itself, and what this case gave it in a valid form.
fn is_servers_own(look: &Look<'_>, body: &Value, resource_type: &str, pointer: &str) -> bool {
    use crate::fhir::Interaction::{Create, Patch, Read, Update, Vread};
    let is_made = |name: &str| matches!(name, "OperationOutcome" | "CapabilityStatement");
    if look.made_bundle().is_some() {
        let mut steps = pointer.split('/').skip(1);
        let (Some("entry"), Some(index), Some("resource")) = (steps.next(), steps.next(), steps.next()) else {
            return true;
        };
        let resource = index.parse().ok().map(|index: usize| &body["entry"][index]["resource"]);
        return resource.is_some_and(|resource| {
            is_made(resource["resourceType"].as_str().unwrap_or_default()) || is_of_case(look, resource)
        });
    }
    let is_stored = look.is(&[Create, Patch, Read, Update, Vread]) || look.interaction.is_none();
    is_made(resource_type) || !is_stored || is_of_case(look, body)
}

/// Whether a resource holds the word of this case, as what it sends does.
fn is_of_case(look: &Look<'_>, resource: &Value) -> bool {
    let word = look.cx.variables.text("case.tag").unwrap_or_default();
    !word.is_empty() && resource.to_string().contains(&*word)
}

/// What is wrong with what the case itself sends.
#[derive(Default)]
struct Sent {
    broken: Vec<(RuleKind, String)>,
    texts: Vec<String>,
}

impl Sent {
    /// Looks at every body that the case's steps have, as far as variables are known, and at what this exchange sent.
    fn by(look: &Look<'_>) -> Self {
        let mut sent = Self::default();
        let judge = look.cx.validator();
        let case: &Case = look.cx.case;
        for body in [&case.setup, &case.steps, &case.cleanup]
            .into_iter()
            .flatten()
            .chain([look.step])
            .filter_map(|step| step.body.as_ref())
        {
            match fixture::render(body, &case.fixtures, look.cx.variables) {
                Ok(Rendered::Json(value)) => sent.add(&judge, &value),
                Ok(Rendered::Text(text)) => sent.add_text(&judge, text),
                Err(_) => {}
            }
        }
        let own = look.request().body.bytes();
        sent.add_text(&judge, String::from_utf8_lossy(own).into_owned());
        sent
    }

    fn add_text(&mut self, judge: &Validator, text: String) {
        if let Ok(value) = serde_json::from_str(&text) {
            self.add(judge, &value);
        }
        self.texts.push(text);
    }

    fn add(&mut self, judge: &Validator, body: &Value) {
        if body["resourceType"].is_string() && body["resourceType"] != "Parameters" {
            let found = judge.validate(body).violations;
            self.broken
                .extend(found.into_iter().map(|one| (one.rule.kind, one.message)));
        } else {
            // A patch is no resource, but makes one.
            self.texts.push(body.to_string());
        }
    }

    fn has(&self, violation: &Violation) -> bool {
        let is_value_of = |text: &String| {
            violation
                .found
                .as_ref()
                .is_some_and(|found| text.contains(found.as_str()))
        };
        self.broken
            .iter()
            .any(|(kind, message)| *kind == violation.rule.kind && *message == violation.message)
            || self.texts.iter().any(is_value_of)
    }
}

/// Bodies that are valid, by their bytes: what a server answers again and again is judged once.
struct Seen {
    hasher: RandomState,
    valid: Mutex<HashMap<u64, Arc<[Unchecked]>>>,
}

static SEEN: LazyLock<Seen> = LazyLock::new(|| Seen {
    hasher: RandomState::default(),
    valid: Mutex::default(),
});

impl Seen {
    fn key(&self, release: FhirVersion, bytes: &[u8]) -> u64 {
        self.hasher.hash_one((release, bytes))
    }

    fn get(&self, key: u64) -> Option<Arc<[Unchecked]>> {
        self.valid
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned()
    }

    fn remember(&self, key: u64, unchecked: Arc<[Unchecked]>) {
        let mut valid = self.valid.lock().unwrap_or_else(PoisonError::into_inner);
        if valid.len() >= REMEMBERED {
            valid.clear();
        }
        valid.insert(key, unchecked);
    }
}
