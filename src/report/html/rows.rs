//! Every case in few words, for the list of all cases and for the pictures of their time. The page holds them packed, so
//! that a case that passes costs next to nothing.

use std::collections::HashMap;

use serde::Serialize;

use super::findings::Telling;
use super::pack::Place;
use crate::report::failure::label;
use crate::report::known;
use crate::report::problem::{Problem, step_name};
use crate::report::text::{LINE, clean, line, request_line};
use crate::verdict::{CaseResult, RunResult, StepResult};

/// How many exchanges of a step are drawn; a step may poll.
const EXCHANGES: usize = 40;

/// What the script of the page knows.
#[derive(Serialize)]
pub(super) struct Rows {
    /// The names of the suites.
    suites: Vec<String>,
    /// The base URL, for commands.
    base: String,
    rows: Vec<Row>,
}

/// One case.
#[derive(Serialize)]
struct Row {
    id: String,
    title: String,
    /// Which suite, from 0.
    suite: usize,
    verdict: &'static str,
    label: &'static str,
    place: String,
    rules: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    took: u64,
    steps: Vec<Step>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    found: Vec<(&'static str, String, String)>,
    /// Why it is known to be so, where it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    known: Vec<String>,
    /// Whether the page tells it as it is.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    told: bool,
    /// Where its telling is packed.
    #[serde(skip_serializing_if = "Option::is_none")]
    packed: Option<Place>,
}

#[derive(Serialize)]
struct Step {
    name: String,
    title: String,
    verdict: &'static str,
    took: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sent: Vec<Sent>,
}

/// One exchange: what was sent, the status, and from the start of the case to the sending, to the first byte and to the
/// end, in microseconds.
#[derive(Serialize)]
struct Sent(String, u16, u64, u64, u64);

impl Rows {
    pub fn of(result: &RunResult, told: &HashMap<&str, Telling>) -> Self {
        let suites = result.suites.iter().enumerate();
        Self {
            suites: result
                .suites
                .iter()
                .map(|suite| clean(suite.id.as_str()).into_owned())
                .collect(),
            base: line(&result.target.base, 300).into_owned(),
            rows: suites
                .flat_map(|(index, suite)| suite.cases.iter().map(move |case| (index, case)))
                .map(|(index, case)| Row::of(case, index, told.get(case.id.as_str()).copied()))
                .collect(),
        }
    }
}

impl Row {
    fn of(case: &CaseResult, suite: usize, telling: Option<Telling>) -> Self {
        let found = |problem: &Problem<'_>| {
            (
                label(problem.outcome),
                problem
                    .rule
                    .map_or_else(String::new, |rule| clean(rule.id.as_str()).into_owned()),
                line(problem.message, LINE).into_owned(),
            )
        };
        Self {
            id: clean(case.id.as_str()).into_owned(),
            title: line(&case.title, LINE).into_owned(),
            suite,
            verdict: case.verdict.name(),
            label: case.verdict.label(),
            place: format!("{}:{}", clean(&case.site.file), case.site.line),
            rules: case
                .requirements
                .iter()
                .map(|id| clean(id.as_str()).into_owned())
                .collect(),
            reason: case.reason.as_ref().map(|reason| line(&reason.text, LINE).into_owned()),
            took: case.duration_us,
            steps: case.steps.iter().map(|step| Step::of(step, case.started_us)).collect(),
            found: Problem::of_case(case).iter().map(found).collect(),
            known: case.known.iter().map(known::words).collect(),
            told: telling == Some(Telling::Plain),
            packed: match telling {
                Some(Telling::Packed(place)) => Some(place),
                _ => None,
            },
        }
    }
}

impl Step {
    fn of(step: &StepResult, start: u64) -> Self {
        let sent = step.exchanges.iter().take(EXCHANGES).map(|exchange| {
            let timing = exchange.timing;
            Sent(
                request_line(&exchange.request),
                exchange.response.status,
                timing.started_us.saturating_sub(start),
                timing.first_byte_us,
                timing.total_us,
            )
        });
        Self {
            name: step_name(step),
            title: line(&step.title, LINE).into_owned(),
            verdict: step.verdict.name(),
            took: step.duration_us,
            sent: sent.collect(),
        }
    }
}
