//! What stands after the findings.

use serde::Serialize;

use super::findings::{self, Note};
use super::matrix::{self, LeftOut, Requirement, Untested};
use super::timings::Timings;
use crate::report::known;
use crate::report::overview::{Overview, State};
use crate::report::text::{LINE, clean, count, line};
use crate::verdict::{BaselineResult, Outcome};

#[derive(Serialize)]
pub(super) struct Tail {
    is_clean: bool,
    /// Whether there is a list of known failures.
    knows: bool,
    stale: Vec<String>,
    notes: Vec<Note>,
    requirements: Vec<Requirement>,
    states: [&'static str; 7],
    sections: Vec<String>,
    suites: Vec<String>,
    number: String,
    left_out: Vec<LeftOut>,
    untested: Vec<Untested>,
    untested_number: String,
    timings: Timings,
    facts: Vec<(&'static str, String)>,
    options: Vec<(String, String)>,
    not_checked: Vec<String>,
    cleanup: Option<String>,
    left_behind: Vec<(String, String)>,
}

/// What is out of date in a list of known failures.
fn stale(baseline: &BaselineResult) -> impl Iterator<Item = String> {
    let told = |entry| known::stale(&baseline.file, entry);
    baseline.stale.iter().map(told)
}

impl Tail {
    pub fn of(overview: &Overview<'_>) -> Self {
        let result = overview.result;
        let untested = matrix::untested(&result.requirements);
        let owned = |text: &str| line(text, LINE).into_owned();
        Self {
            is_clean: !overview.groups.iter().any(|group| group.outcome > Outcome::Note),
            knows: result.baseline.is_some(),
            stale: result.baseline.iter().flat_map(stale).collect(),
            notes: findings::notes(overview),
            requirements: result.requirements.iter().map(Requirement::of).collect(),
            states: State::ALL.map(State::name),
            sections: overview.sections.keys().map(|name| clean(name).into_owned()).collect(),
            suites: result
                .suites
                .iter()
                .map(|suite| clean(suite.id.as_str()).into_owned())
                .collect(),
            number: count(overview.tally.total()),
            left_out: matrix::left_out(overview),
            untested_number: count(untested.iter().map(|section| section.len() as u64).sum()),
            untested,
            timings: Timings::of(result),
            facts: super::head::facts(overview),
            options: result
                .options
                .iter()
                .map(|(name, value)| (owned(name), owned(value)))
                .collect(),
            not_checked: result.not_checked.iter().map(|text| owned(text)).collect(),
            cleanup: overview.cleanup(),
            left_behind: result
                .cleanup
                .left
                .iter()
                .map(|left| (owned(&left.url), owned(&left.reason)))
                .collect(),
        }
    }
}
