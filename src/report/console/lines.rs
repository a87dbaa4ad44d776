//! The events of a run as lines of JSON, for programs that follow it. Its schema is `schemas/events.schema.json`.

use std::io::{self, Write};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;

use crate::report::overview::{Overview, VERDICTS};
use crate::report::problem::{Problem, step_name};
use crate::requirement::{Level, RequirementId};
use crate::verdict::{CaseResult, Outcome, Reason, RunEvent, RunResult, Verdict};

/// One line. Members may be added; those that are there keep their meaning.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Line<'a> {
    /// The run begins.
    Started {
        /// The base URL.
        base: &'a str,
        /// How many cases will be run.
        planned: usize,
        /// How many are left out.
        left_out: usize,
    },
    /// A case begins.
    CaseStarted {
        /// Its full name.
        case: &'a str,
    },
    /// A case is judged, or was left out. It comes once for each case of the plan.
    CaseFinished(CaseLine<'a>),
    /// Something that somebody who watches should know, in a sentence.
    Notice {
        /// The sentence.
        text: &'a str,
    },
    /// The run is over: the last line.
    Finished {
        /// The roll-up over all cases.
        verdict: Verdict,
        /// The verdict in one sentence.
        sentence: String,
        /// How many cases have each verdict.
        cases: IndexMap<&'static str, u64>,
        /// How long it took, in microseconds.
        duration_us: u64,
        /// Why the run ended before its plan did, where it did.
        #[serde(skip_serializing_if = "Option::is_none")]
        stopped: Option<&'a str>,
    },
}

/// What became of one case.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CaseLine<'a> {
    /// Its full name.
    case: &'a str,
    /// Its title.
    title: &'a str,
    /// The file that it is written in.
    file: &'a str,
    /// Its line there, from 1.
    line: u64,
    /// The requirements that it cites.
    requirements: &'a [RequirementId],
    /// The roll-up over its steps.
    verdict: Verdict,
    /// Why it was not judged, or not wholly.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Reason>,
    /// From the start of the run to the start of the case, in microseconds.
    started_us: u64,
    /// How long it took, in microseconds.
    duration_us: u64,
    /// What was found that is not simply well.
    found: Vec<Found<'a>>,
}

/// One thing that was found, each once for a case.
#[derive(Debug, Serialize, JsonSchema)]
struct Found<'a> {
    /// How it was judged.
    outcome: Outcome,
    /// The requirement; `None` for what no rule speaks of, such as a lost answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    requirement: Option<&'a RequirementId>,
    /// Its level in the release under test.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    /// The step: `step 2`, `setup step 1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    /// What is wrong, in a line.
    message: &'a str,
    /// How often it was found.
    times: usize,
}

/// Writes an event as a line, and hands it over at once: whoever reads it may be waiting.
///
/// # Errors
/// Where `out` fails.
pub(super) fn write(event: &RunEvent, out: &mut dyn Write) -> io::Result<()> {
    let line = match event {
        RunEvent::Started {
            planned,
            left_out,
            base,
        } => Line::Started {
            base,
            planned: *planned,
            left_out: *left_out,
        },
        RunEvent::CaseStarted(case) => Line::CaseStarted { case: case.as_str() },
        RunEvent::CaseFinished(case) => Line::CaseFinished(CaseLine::of(case)),
        RunEvent::Notice(text) => Line::Notice { text },
        RunEvent::Finished(result) => finished(result),
        RunEvent::Waiting => return out.flush(),
    };
    let mut text = serde_json::to_vec(&line)?;
    text.push(b'\n');
    out.write_all(&text)?;
    out.flush()
}

/// The JSON Schema of a line, from the types.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Line<'_>);
    schema.insert(
        "title".to_owned(),
        "A line of fhir-assay run --format json-lines".into(),
    );
    schema.to_value()
}

fn finished(result: &RunResult) -> Line<'_> {
    let tally = result.tally();
    Line::Finished {
        verdict: result.verdict,
        sentence: Overview::of(result).sentence(),
        cases: VERDICTS
            .map(|(verdict, _)| (verdict.name(), tally.of(verdict)))
            .into_iter()
            .collect(),
        duration_us: result.duration_us,
        stopped: result.stopped.as_deref(),
    }
}

impl<'a> CaseLine<'a> {
    fn of(case: &'a CaseResult) -> Self {
        let found = |problem: Problem<'a>| Found {
            outcome: problem.outcome,
            requirement: problem.rule.map(|rule| &rule.id),
            level: problem.rule.map(|rule| rule.level),
            step: problem.step.map(step_name),
            message: problem.message,
            times: problem.times(),
        };
        Self {
            case: case.id.as_str(),
            title: &case.title,
            file: &case.site.file,
            line: case.site.line as u64,
            requirements: &case.requirements,
            verdict: case.verdict,
            reason: case.reason.as_ref(),
            started_us: case.started_us,
            duration_us: case.duration_us,
            found: Problem::of_case(case).into_iter().map(found).collect(),
        }
    }
}
