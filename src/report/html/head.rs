//! What a reader sees first: the verdict, the numbers, what to mend, and how much of the specification was tested.

use serde::Serialize;

use super::coverage::{self, Row, Section};
use crate::report::failure::label;
use crate::report::known;
use crate::report::overview::{Overview, State, VERDICTS};
use crate::report::text::{LINE, clean, count, counted, duration, line};
use crate::verdict::Outcome;

/// How many broken rules the summary names.
const NAMED: usize = 12;

/// The top of the page and its first view.
#[derive(Serialize)]
pub(super) struct Head {
    sentence: String,
    verdict: &'static str,
    base: String,
    facts: Vec<(&'static str, String)>,
    tiles: Vec<Tile>,
    baseline: Option<String>,
    broken: Vec<Broken>,
    more_broken: usize,
    states: Vec<(&'static str, &'static str)>,
    levels: Vec<Row>,
    sections: Vec<Section>,
    deviations: Vec<String>,
    not_checked: Vec<String>,
}

#[derive(Serialize)]
struct Tile {
    verdict: &'static str,
    word: &'static str,
    number: String,
    is_zero: bool,
}

/// One rule that is not kept.
#[derive(Serialize)]
struct Broken {
    label: &'static str,
    verdict: &'static str,
    anchor: String,
    id: String,
    level: &'static str,
    message: String,
    number: String,
}

impl Head {
    pub fn of(overview: &Overview<'_>) -> Self {
        let result = overview.result;
        let (broken, more_broken) = broken(overview);
        Self {
            sentence: overview.sentence(),
            verdict: overview.color().name(),
            base: line(&result.target.base, 300).into_owned(),
            facts: facts(overview),
            tiles: VERDICTS
                .iter()
                .map(|&(verdict, word)| {
                    let number = overview.tally.of(verdict);
                    Tile {
                        verdict: verdict.name(),
                        word,
                        number: count(number),
                        is_zero: number == 0,
                    }
                })
                .collect(),
            baseline: known::sentence(overview),
            broken,
            more_broken,
            states: State::ALL.iter().map(|state| (state.name(), state.class())).collect(),
            levels: coverage::levels(overview),
            sections: coverage::picture(overview),
            deviations: result
                .deviations()
                .iter()
                .map(|deviation| line(&deviation.sentence(), LINE).into_owned())
                .collect(),
            not_checked: result
                .not_checked
                .iter()
                .map(|text| line(text, LINE).into_owned())
                .collect(),
        }
    }
}

/// What was tested, when, and with what.
pub(super) fn facts(overview: &Overview<'_>) -> Vec<(&'static str, String)> {
    let result = overview.result;
    let target = &result.target;
    let mut facts = vec![("Server", line(&target.base, 300).into_owned())];
    facts.extend(
        target
            .software
            .as_deref()
            .map(|text| ("Software", line(text, 200).into_owned())),
    );
    let number = target
        .fhir_version
        .as_deref()
        .map(|number| format!(" ({})", line(number, 40)));
    facts.push((
        "Release",
        format!("FHIR {}{}", target.release, number.unwrap_or_default()),
    ));
    if target.assumed {
        facts.push(("Claims", "assumed, not read from the server".to_owned()));
    }
    let started = line(&result.started, 40).replacen('T', " ", 1).replacen('Z', " UTC", 1);
    facts.push(("Started", started));
    facts.push(("Took", duration(result.duration_us)));
    facts.push((
        "Tool",
        format!("{} {}", line(&result.tool.name, 60), line(&result.tool.version, 60)),
    ));
    facts
}

/// The rules that are not kept, worst first, and how many more there are.
fn broken(overview: &Overview<'_>) -> (Vec<Broken>, usize) {
    let groups: Vec<_> = overview
        .groups
        .iter()
        .enumerate()
        .filter(|(_, group)| group.outcome > Outcome::Note)
        .collect();
    let view = |(index, group): &(usize, &crate::report::overview::Group<'_>)| Broken {
        label: label(group.outcome),
        verdict: group.outcome.verdict().name(),
        anchor: group.anchor(*index),
        id: group
            .rule
            .map_or_else(String::new, |rule| clean(rule.id.as_str()).into_owned()),
        level: group.rule.map_or("", |rule| rule.level.name()),
        message: line(group.first.message, LINE).into_owned(),
        number: counted(group.cases.len() as u64, "case", "cases"),
    };
    let more = groups.len().saturating_sub(NAMED);
    (groups.iter().take(NAMED).map(view).collect(), more)
}
