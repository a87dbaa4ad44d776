//! What must hold of every exchange without being asked: one small function for each rule.
//!
//! A rule that does not speak of the exchange at hand says nothing. Where a server may be right, nothing is said either: an
//! answer that a proxy may have made, a media type that was not asked for by name, a body that has been told to be broken.

mod bundle;
mod identity;
mod look;
mod media;
mod outcome;
mod table;
mod valid;
mod version;

use std::borrow::Cow;

use super::expectation::{capped, judgement, our_reading};
use super::{Context, Reading};
use crate::fhir::validate::Unchecked;
use crate::requirement::RequirementId;
use crate::suite::Step;
use crate::suite::assertion::AtMost;
use crate::verdict::{Finding, Mismatch, Outcome, Rule};
use look::Look;

/// What was looked at in an exchange without being asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audit {
    /// The rules that were looked at and hold, each once.
    pub held: Vec<RequirementId>,
    /// Those that do not.
    pub broken: Vec<Finding>,
    /// What was not looked at in a body, and why.
    pub unchecked: Vec<Unchecked>,
}

/// Whether a rule is judged in every exchange that it speaks of, so that no case has to cite it: a row of the summary
/// table (`http.html#summary`), or that bodies are valid.
#[must_use]
pub fn is_audited(rule: &RequirementId) -> bool {
    table::is_row(rule.as_str()) || rule.as_str() == "general.resources-conform"
}

/// Judges one exchange of a step by what must always hold. `exchange_index` counts the exchanges of the step from 0.
#[must_use]
pub fn audit(step: &Step, exchange_index: u32, reading: &Reading<'_>, cx: &Context<'_>) -> Audit {
    let mut ledger = Ledger {
        audit: Audit::default(),
        exchange: exchange_index,
        cx,
    };
    if let Some(look) = Look::new(step, exchange_index, reading, cx) {
        media::audit(&look, &mut ledger);
        version::audit(&look, &mut ledger);
        identity::audit(&look, &mut ledger);
        outcome::audit(&look, &mut ledger);
        bundle::audit(&look, &mut ledger);
        table::audit(&look, &mut ledger);
        valid::audit(&look, &mut ledger);
    }
    let Audit { held, broken, .. } = &mut ledger.audit;
    held.retain(|id| !broken.iter().any(|finding| finding.rule.id == *id));
    ledger.audit
}

/// Where rules write what they saw.
struct Ledger<'a> {
    audit: Audit,
    exchange: u32,
    cx: &'a Context<'a>,
}

/// How a broken rule is judged, where it is not by its level alone.
#[derive(Clone, Copy, Default)]
struct Softened {
    at_most: Option<AtMost>,
    because: Option<&'static str>,
}

impl Ledger<'_> {
    /// A rule that was looked at holds, or is broken as told.
    fn judge(&mut self, id: &str, holds: bool, mismatch: impl FnOnce() -> Box<Mismatch>) {
        if holds {
            self.holds(id);
        } else {
            self.broken(id, mismatch());
        }
    }

    /// A rule was looked at and holds.
    fn holds(&mut self, id: &str) {
        let Some(requirement) = self.cx.catalogue.get(id) else {
            return;
        };
        if requirement.level_in(self.cx.release).is_some() && !self.audit.held.contains(&requirement.id) {
            self.audit.held.push(requirement.id.clone());
        }
    }

    /// A rule does not hold.
    fn broken(&mut self, id: &str, mismatch: Box<Mismatch>) {
        self.broken_but(id, Softened::default(), mismatch);
    }

    /// A rule does not hold, and is judged more softly than its level.
    fn broken_but(&mut self, id: &str, softened: Softened, mut mismatch: Box<Mismatch>) {
        let Some(requirement) = self.cx.catalogue.get(id) else {
            return;
        };
        let Some(level) = requirement.level_in(self.cx.release) else {
            return;
        };
        mismatch.exchange = self.exchange;
        mismatch.judgement = judgement([None, softened.because, our_reading(requirement.basis)]);
        self.audit.broken.push(Finding {
            rule: Rule::new(requirement.id.clone(), level),
            outcome: capped(Outcome::of_broken(level), softened.at_most),
            mismatch: Some(mismatch),
        });
    }
}

/// A segment of a URL with its percent-encoding taken off.
fn decoded(segment: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy()
}

#[cfg(test)]
mod tests;
