//! Holding a result against a baseline: what is known, what is new, and which entries are not so any more.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{Baseline, Entry, Terms};
use crate::requirement::{Catalogue, RequirementId};
use crate::suite::parse::nearest;
use crate::verdict::coverage::by_requirement;
use crate::verdict::{
    BaselineResult, CaseResult, FreshFailure, Known, ReasonKind, RunResult, StaleEntry, StaleKind, Verdict,
};

/// What is wrong in a case, as far as the gate is concerned.
#[derive(Debug, Default)]
pub(super) struct Wrong {
    pub rules: Vec<RequirementId>,
    /// It could not be judged, or failed without a rule that says why.
    pub unjudged: bool,
}

/// What is wrong in a case and known, and what is not.
pub(super) struct Looked<'b> {
    pub entries: Vec<&'b Entry>,
    pub fresh: Wrong,
}

impl Wrong {
    pub fn in_case(case: &CaseResult, fail_on: Verdict) -> Self {
        if case.verdict < fail_on || !case.is_reached() {
            return Self::default();
        }
        let judged = by_requirement(case);
        let broken = |verdict: Verdict| verdict >= fail_on && verdict != Verdict::Error;
        let rules: Vec<RequirementId> = judged
            .into_iter()
            .filter(|(_, verdict)| broken(*verdict))
            .map(|(id, _)| id)
            .collect();
        Self {
            unjudged: case.verdict == Verdict::Error || rules.is_empty(),
            rules,
        }
    }

    pub fn is_nothing(&self) -> bool {
        self.rules.is_empty() && !self.unjudged
    }
}

/// The entries that know what is wrong in a case.
pub(super) fn look<'b>(entries: &'b [Entry], case: &CaseResult, fail_on: Verdict) -> Looked<'b> {
    let wrong = Wrong::in_case(case, fail_on);
    let mut looked = Looked {
        entries: Vec::new(),
        fresh: Wrong::default(),
    };
    if wrong.is_nothing() {
        return looked;
    }
    let is_of_case = |entry: &Entry| entry.case.as_ref() == Some(&case.id);
    let mut take = |entry: Option<&'b Entry>| match entry {
        Some(entry) => {
            if !looked.entries.iter().any(|known| std::ptr::eq(*known, entry)) {
                looked.entries.push(entry);
            }
            true
        }
        None => false,
    };
    for rule in wrong.rules {
        // What is said of the case goes before what is said of a rule in all cases.
        let knows = |entry: &&Entry| entry.requirements.contains(&rule);
        let known = entries
            .iter()
            .find(|entry| is_of_case(entry) && knows(entry))
            .or_else(|| {
                entries
                    .iter()
                    .find(|entry| is_of_case(entry) && entry.is_of_whole_case())
            })
            .or_else(|| entries.iter().find(|entry| entry.case.is_none() && knows(entry)));
        if !take(known) {
            looked.fresh.rules.push(rule);
        }
    }
    if wrong.unjudged {
        let known = entries
            .iter()
            .find(|entry| is_of_case(entry) && (entry.unjudged || entry.is_of_whole_case()));
        looked.fresh.unjudged = !take(known);
    }
    looked
}

/// Marks a case as known where all that is wrong in it is. Returns what is not.
pub(super) fn mark_case(entries: &[Entry], case: &mut Arc<CaseResult>, fail_on: Verdict) -> Wrong {
    let looked = look(entries, case, fail_on);
    if looked.fresh.is_nothing() && !looked.entries.is_empty() {
        Arc::make_mut(case).known = looked.entries.into_iter().map(known).collect();
    }
    looked.fresh
}

/// Marks a case as known where all that is wrong in it is, for whoever watches the run.
pub fn mark(baseline: &Baseline, case: &mut Arc<CaseResult>, fail_on: Verdict) {
    mark_case(&baseline.entries, case, fail_on);
}

fn known(entry: &Entry) -> Known {
    Known {
        reason: entry.reason.clone(),
        issue: entry.issue.clone(),
        expires: entry.expires.map(|date| date.to_string()),
    }
}

/// Holds a result against a baseline: marks its cases, and tells what is new and which entries are not so any more.
/// Verdicts stay: a known failure is a failure.
pub fn apply(baseline: &Baseline, result: &mut RunResult, terms: &Terms) {
    let mut told = BaselineResult {
        file: baseline.file.name().to_string(),
        entries: baseline.entries.len() as u64,
        ..BaselineResult::default()
    };
    for case in result.suites.iter_mut().flat_map(|suite| &mut suite.cases) {
        if case.is_known() {
            // A report that was held against another list before.
            Arc::make_mut(case).known.clear();
        }
        let fresh = mark_case(&baseline.entries, case, terms.fail_on);
        if !fresh.is_nothing() {
            told.fresh.push(FreshFailure {
                case: case.id.clone(),
                requirements: fresh.rules,
                unjudged: fresh.unjudged,
            });
        }
    }
    let seen = Seen::of(result, terms);
    told.stale = baseline
        .entries
        .iter()
        .flat_map(|entry| {
            let line = baseline.file.line_at(entry.span.start as usize).number;
            seen.stale(entry).into_iter().map(move |(kind, text)| StaleEntry {
                kind,
                entry: entry.name(),
                line,
                text,
            })
        })
        .collect();
    result.baseline = Some(told);
}

/// For how many entries it is guessed what was meant: that is dear, and nobody reads more.
const GUESSES: u32 = 50;

/// A result, as entries are looked up in it.
pub(super) struct Seen<'r> {
    cases: HashMap<&'r str, &'r CaseResult>,
    guesses: Cell<u32>,
    result: &'r RunResult,
    terms: Terms,
}

/// What of an entry is not so any more.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Gone {
    /// Rules that hold now.
    pub mended: Vec<RequirementId>,
    /// Rules that are in no catalogue.
    pub unknown: Vec<RequirementId>,
    /// The case can be judged, where it was known that it cannot.
    pub judged: bool,
    /// Nothing is wrong in the case, of which anything was known.
    pub whole: bool,
    /// The case is not there.
    pub missing: bool,
}

impl<'r> Seen<'r> {
    pub fn of(result: &'r RunResult, terms: &Terms) -> Self {
        let is_cut = |case: &CaseResult| {
            let kind = case.reason.as_ref().map(|reason| reason.kind);
            use ReasonKind::{Filtered, NotAllowed, Shard, Stopped};
            matches!(kind, Some(Filtered | NotAllowed | Shard | Stopped)) && !case.is_reached()
        };
        let is_cut = result.stopped.is_some() || result.cases().any(is_cut);
        Self {
            cases: result.cases().map(|case| (case.id.as_str(), case)).collect(),
            guesses: Cell::new(0),
            result,
            terms: Terms {
                whole: terms.whole && !is_cut,
                ..*terms
            },
        }
    }

    /// What of an entry is not so any more. Only what was judged counts: a case that was left out says nothing.
    pub fn gone(&self, entry: &Entry) -> Gone {
        let catalogue = Catalogue::embedded();
        let mut gone = Gone::default();
        let case = entry.case.as_ref().and_then(|id| self.cases.get(id.as_str()));
        let judged: IndexMap<RequirementId, Verdict> = case.map(|case| by_requirement(case)).unwrap_or_default();
        let (known, unknown): (Vec<&RequirementId>, Vec<_>) = entry.requirements.iter().partition(|id| {
            // The rules of a vendor's documents are in a catalogue of their own; those of the run stand in its result.
            let is_of_run = || self.result.requirements.iter().any(|rule| rule.id == **id);
            judged.contains_key(*id) || catalogue.get(id.as_str()).is_some() || is_of_run()
        });
        // A suite that was not run may be of a system in a folder, whose rules nobody else knows.
        if entry.case.as_ref().is_none_or(|id| self.has_suite(id.suite())) {
            gone.unknown = unknown.into_iter().cloned().collect();
        }
        let Some(id) = &entry.case else {
            let holds = |id: &&RequirementId| self.terms.whole && self.holds_everywhere(id);
            gone.mended = known.into_iter().filter(holds).cloned().collect();
            return gone;
        };
        let Some(case) = case else {
            gone.missing = self.is_missing(id.suite(), id.stem());
            return gone;
        };
        let is_well = matches!(case.verdict, Verdict::Pass | Verdict::Warning) && case.verdict < self.terms.fail_on;
        gone.mended = known
            .into_iter()
            .filter(|id| match judged.get(*id) {
                Some(verdict) => *verdict >= Verdict::Pass && *verdict < self.terms.fail_on,
                // What always has to hold is only told where it does not.
                None => is_well,
            })
            .cloned()
            .collect();
        gone.judged = entry.unjudged && case.verdict.is_judged();
        gone.whole = entry.is_of_whole_case() && is_well;
        gone
    }

    fn holds_everywhere(&self, id: &RequirementId) -> bool {
        let rule = self.result.requirements.iter().find(|rule| rule.id == *id);
        rule.and_then(|rule| rule.verdict)
            .is_some_and(|verdict| verdict >= Verdict::Pass && verdict < self.terms.fail_on)
    }

    /// A case that is expanded for another type than this run asked for is there, though not in this run; so may be one of a
    /// suite that was not loaded.
    fn is_missing(&self, suite: &str, stem: &str) -> bool {
        let has_stem = || self.result.cases().any(|case| case.id.stem() == stem);
        self.has_suite(suite) && !has_stem()
    }

    /// What may be meant by a name, for the end of a sentence.
    fn guess<'n>(&self, name: &str, known: impl Iterator<Item = &'n str>) -> String {
        self.guesses.set(self.guesses.get() + 1);
        let near = Some(name)
            .filter(|_| self.guesses.get() <= GUESSES)
            .and_then(|name| nearest(name, known));
        near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
    }

    fn has_suite(&self, suite: &str) -> bool {
        self.result.suites.iter().any(|known| known.id.as_str() == suite)
    }

    fn stale(&self, entry: &Entry) -> Vec<(StaleKind, String)> {
        let gone = self.gone(entry);
        let mut told = Vec::new();
        let names = |ids: &[RequirementId]| {
            let names: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
            names.join(", ")
        };
        let (verb, place) = (
            |ids: &[RequirementId]| if ids.len() == 1 { "holds" } else { "hold" },
            if entry.case.is_some() { " in this case" } else { "" },
        );
        if gone.missing {
            let id = entry.case.as_ref().map_or("", |id| id.as_str());
            let near = self.guess(id, self.cases.keys().copied());
            told.push((StaleKind::Missing, format!("there is no such case{near}")));
        }
        for id in &gone.unknown {
            let known = Catalogue::embedded().iter().map(|rule| rule.id.as_str());
            let near = self.guess(id.as_str(), known);
            told.push((StaleKind::Missing, format!("there is no requirement `{id}`{near}")));
        }
        if gone.whole {
            told.push((StaleKind::Mended, "the case passes now".to_owned()));
        }
        if !gone.mended.is_empty() {
            let rules = names(&gone.mended);
            told.push((StaleKind::Mended, format!("{rules} {} now{place}", verb(&gone.mended))));
        }
        if gone.judged {
            told.push((StaleKind::Mended, "the case can be judged now".to_owned()));
        }
        if let Some(date) = entry.expires.filter(|date| *date < self.terms.today) {
            told.push((
                StaleKind::Expired,
                format!("it was known until {date}: {}", entry.reason),
            ));
        }
        told
    }
}
