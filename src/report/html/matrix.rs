//! Every requirement in a row, and what was left out or is not tested, with the reasons.

use indexmap::IndexMap;
use serde::Serialize;

use super::link;
use crate::report::overview::{Overview, State, VERDICTS, reason_name};
use crate::report::text::{LINE, clean, count, counted, line};
use crate::verdict::{CaseResult, RequirementResult, Tally, Verdict};

/// How many cases of a rule are named.
const NAMED: usize = 8;
/// How many that pass are: the list of all cases has the others.
const NAMED_PASSES: usize = 2;

#[derive(Serialize)]
pub(super) struct Requirement {
    id: String,
    section: String,
    level: &'static str,
    strength: &'static str,
    statement: String,
    url: Option<String>,
    is_reading: bool,
    state: &'static str,
    class: &'static str,
    counts: Vec<String>,
    audited: String,
    untested: Option<String>,
    cases: Vec<String>,
    more: usize,
}

#[derive(Serialize)]
pub(super) struct LeftOut {
    label: &'static str,
    verdict: &'static str,
    heading: String,
    /// Each reason and the cases that were left out for it.
    reasons: Vec<(String, Vec<String>)>,
}

#[derive(Serialize)]
pub(super) struct Untested {
    section: String,
    rules: Vec<(String, &'static str, String)>,
}

impl Requirement {
    pub fn of(requirement: &RequirementResult) -> Self {
        let tally: Tally = requirement.cases.iter().map(|case| case.verdict).collect();
        let state = State::of(requirement);
        let mut cases: Vec<_> = requirement.cases.iter().collect();
        // The cases that say something come first; among equals the order of the plan stays.
        cases.sort_by_key(|case| std::cmp::Reverse(case.verdict));
        let remarkable = cases.iter().filter(|case| case.verdict > Verdict::Pass).count();
        let named = remarkable.clamp(NAMED_PASSES, NAMED);
        Self {
            id: clean(requirement.id.as_str()).into_owned(),
            section: clean(requirement.id.group()).into_owned(),
            level: requirement.level.name(),
            strength: requirement.level.strength().name(),
            statement: line(&requirement.statement, 600).into_owned(),
            url: link(&requirement.url).map(str::to_owned),
            is_reading: requirement.basis.is_our_reading(),
            state: state.name(),
            class: state.verdict().name(),
            counts: counts(&tally),
            audited: some(requirement.audited),
            untested: requirement.untested.as_deref().map(|why| line(why, 600).into_owned()),
            more: cases.len().saturating_sub(named),
            cases: cases
                .iter()
                .take(named)
                .map(|case| clean(case.case.as_str()).into_owned())
                .collect(),
        }
    }
}

/// A number, or nothing where it is 0: a matrix is read by what stands in it.
fn some(number: u64) -> String {
    if number == 0 { String::new() } else { count(number) }
}

/// How many of each verdict, in the order of the tables.
pub(super) fn counts(tally: &Tally) -> Vec<String> {
    VERDICTS.iter().map(|&(verdict, _)| some(tally.of(verdict))).collect()
}

/// The cases that were not judged, by reason.
pub(super) fn left_out(overview: &Overview<'_>) -> Vec<LeftOut> {
    let view = |((verdict, kind), cases): (&(Verdict, _), &Vec<&CaseResult>)| {
        let mut reasons: IndexMap<String, Vec<String>> = IndexMap::new();
        for case in cases {
            let text = case
                .reason
                .as_ref()
                .map_or(reason_name(None).into(), |reason| line(&reason.text, LINE));
            reasons
                .entry(text.into_owned())
                .or_default()
                .push(clean(case.id.as_str()).into_owned());
        }
        LeftOut {
            label: verdict.label(),
            verdict: verdict.name(),
            heading: format!(
                "{}: {}",
                counted(cases.len() as u64, "case", "cases"),
                reason_name(*kind)
            ),
            reasons: reasons.into_iter().collect(),
        }
    };
    overview.left_out.iter().map(view).collect()
}

/// The requirements that nothing tests, by section.
pub(super) fn untested(requirements: &[RequirementResult]) -> Vec<Untested> {
    let mut sections: IndexMap<&str, Vec<(String, &'static str, String)>> = IndexMap::new();
    for requirement in requirements.iter().filter(|it| State::of(it) == State::Untested) {
        let why = requirement.untested.as_deref().unwrap_or("no reason is written");
        let row = (
            clean(requirement.id.as_str()).into_owned(),
            requirement.level.name(),
            line(why, 600).into_owned(),
        );
        sections.entry(requirement.id.group()).or_default().push(row);
    }
    let view = |(section, rules): (&str, _)| Untested {
        section: clean(section).into_owned(),
        rules,
    };
    sections.into_iter().map(view).collect()
}

impl Untested {
    pub fn len(&self) -> usize {
        self.rules.len()
    }
}
