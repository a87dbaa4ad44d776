//! What stands before and after the failures.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde::Serialize;

use super::link;
use crate::report::overview::{Group, LEVELS, Overview, Standing, State, reason_name};
use crate::report::text::{LINE, clean, count, counted, duration, line};
use crate::verdict::{CaseResult, Outcome, RequirementResult, SuiteResult, Tally, Verdict};

/// How many cases are named where a list of passing cases could be long.
const NAMED: usize = 8;
/// How many cases the list of the slowest has.
const SLOWEST: usize = 10;

/// Where on the page the cases are told that are told in full.
pub(super) struct Anchors<'a>(HashMap<&'a str, usize>);

impl<'a> Anchors<'a> {
    pub fn of(told: &[&'a CaseResult]) -> Self {
        Self(
            told.iter()
                .enumerate()
                .map(|(index, case)| (case.id.as_str(), index))
                .collect(),
        )
    }

    fn case(&self, id: &str) -> CaseLink {
        CaseLink {
            id: clean(id).into_owned(),
            anchor: self.0.get(id).map(|index| format!("case-{index}")),
        }
    }

    /// The first of these cases, and how many are not named. Cases that are told come first.
    fn cases<'c>(&self, ids: impl Iterator<Item = &'c str>) -> CaseLinks {
        let (mut told, others): (Vec<_>, Vec<_>) = ids.map(|id| (self.0.get(id), id)).partition(|(at, _)| at.is_some());
        told.extend(others);
        CaseLinks {
            more: told.len().saturating_sub(NAMED),
            named: told.iter().take(NAMED).map(|(_, id)| self.case(id)).collect(),
        }
    }
}

#[derive(Serialize)]
struct CaseLink {
    id: String,
    anchor: Option<String>,
}

#[derive(Serialize)]
struct CaseLinks {
    named: Vec<CaseLink>,
    more: usize,
}

#[derive(Serialize)]
pub(super) struct Head {
    sentence: String,
    verdict: &'static str,
    target: String,
    base: String,
    facts: Vec<(&'static str, String)>,
    tiles: Vec<Tile>,
    states: [&'static str; 7],
    levels: Vec<Row>,
    sections: Vec<Section>,
    untested_sections: Vec<String>,
    has_told: bool,
}

#[derive(Serialize)]
struct Tile {
    verdict: &'static str,
    word: &'static str,
    number: String,
    is_zero: bool,
}

#[derive(Serialize)]
struct Row {
    name: String,
    cells: Vec<Cell>,
    total: String,
}

#[derive(Serialize)]
struct Cell {
    state: &'static str,
    number: String,
    class: &'static str,
    is_zero: bool,
}

#[derive(Serialize)]
struct Section {
    name: String,
    levels: Vec<Coverage>,
}

/// One section at one level: a bar and a fraction.
#[derive(Serialize)]
struct Coverage {
    level: &'static str,
    total: u64,
    tested: u64,
    parts: Vec<Part>,
    words: String,
}

#[derive(Serialize)]
struct Part {
    class: &'static str,
    x: f64,
    width: f64,
}

impl Head {
    pub fn of(overview: &Overview<'_>, anchors: &Anchors<'_>) -> Self {
        let result = overview.result;
        let (tested, untested): (Vec<_>, Vec<_>) = overview
            .sections
            .iter()
            .partition(|(_, levels)| Standing::sum(levels).tested() > 0);
        let mut facts = vec![("Server", line(&result.target.base, 300).into_owned())];
        facts.extend(
            result
                .target
                .software
                .as_deref()
                .map(|text| ("Software", line(text, 200).into_owned())),
        );
        let number = result
            .target
            .fhir_version
            .as_deref()
            .map(|number| format!(" ({})", line(number, 40)));
        facts.push((
            "Release",
            format!("FHIR {}{}", result.target.release, number.unwrap_or_default()),
        ));
        facts.push((
            "Started",
            line(&result.started, 40).replacen('T', " ", 1).replacen('Z', " UTC", 1),
        ));
        facts.push(("Took", duration(result.duration_us)));
        facts.push((
            "Tool",
            format!("{} {}", line(&result.tool.name, 60), line(&result.tool.version, 60)),
        ));
        Self {
            sentence: overview.sentence(),
            verdict: overview.color().name(),
            target: overview.target(),
            base: line(&result.target.base, 300).into_owned(),
            facts,
            tiles: TILES
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
            states: State::ALL.map(State::name),
            levels: LEVELS
                .iter()
                .zip(&overview.levels)
                .map(|(level, standing)| Row::of(level.name(), standing))
                .collect(),
            sections: tested
                .into_iter()
                .map(|(name, levels)| Section {
                    name: clean(name).into_owned(),
                    levels: LEVELS
                        .iter()
                        .zip(levels)
                        .map(|(level, it)| Coverage::of(level.name(), it))
                        .collect(),
                })
                .collect(),
            untested_sections: untested.into_iter().map(|(name, _)| clean(name).into_owned()).collect(),
            has_told: !anchors.0.is_empty(),
        }
    }
}

const TILES: [(Verdict, &str); 6] = [
    (Verdict::Pass, "passed"),
    (Verdict::Warning, "with warnings"),
    (Verdict::Fail, "failed"),
    (Verdict::Error, "not judged"),
    (Verdict::Skip, "skipped"),
    (Verdict::Inapplicable, "not applicable"),
];

impl Row {
    fn of(name: &str, standing: &Standing) -> Self {
        let cell = |state: State| Cell {
            state: state.name(),
            number: count(standing.of(state)),
            class: state.verdict().name(),
            is_zero: standing.of(state) == 0,
        };
        Self {
            name: name.to_owned(),
            cells: State::ALL.map(cell).into(),
            total: count(standing.total()),
        }
    }
}

impl Coverage {
    fn of(level: &'static str, standing: &Standing) -> Self {
        let total = standing.total();
        let mut parts = Vec::new();
        let mut words = Vec::new();
        let mut x = 0.0;
        for state in State::ALL {
            let number = standing.of(state);
            if number == 0 {
                continue;
            }
            words.push(format!("{number} {}", state.name()));
            #[allow(clippy::cast_precision_loss)] // a bar is a hundred units wide
            let width = number as f64 * 100.0 / total as f64;
            if !matches!(state, State::Untested | State::NotClaimed | State::LeftOut) {
                parts.push(Part {
                    class: state.verdict().name(),
                    x: (x * 100.0_f64).round() / 100.0,
                    width: (width * 100.0).round() / 100.0,
                });
            }
            x += width;
        }
        Self {
            level,
            total,
            tested: standing.tested(),
            parts,
            words: words.join(", "),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Tail {
    has_told: bool,
    findings: Vec<Findings>,
    requirements: Vec<Requirement>,
    left_out: Vec<LeftOut>,
    untested: Vec<Untested>,
    untested_number: String,
    suites: Vec<SuiteRow>,
    slowest: Vec<(CaseLink, String)>,
    options: Vec<(String, String)>,
    deviations: Vec<String>,
    not_checked: Vec<String>,
    cleanup: Option<String>,
    left_behind: Vec<(String, String)>,
}

/// The warnings, or the notes.
#[derive(Serialize)]
struct Findings {
    heading: &'static str,
    explanation: &'static str,
    anchor: &'static str,
    groups: Vec<GroupView>,
}

#[derive(Serialize)]
struct GroupView {
    id: String,
    level: &'static str,
    message: String,
    number: String,
    cases: CaseLinks,
}

#[derive(Serialize)]
struct Requirement {
    id: String,
    level: &'static str,
    strength: &'static str,
    statement: String,
    url: Option<String>,
    is_reading: bool,
    state: &'static str,
    class: &'static str,
    counts: Vec<String>,
    audited: String,
    cases: CaseLinks,
}

#[derive(Serialize)]
struct LeftOut {
    label: &'static str,
    verdict: &'static str,
    heading: String,
    /// Each reason and the cases that were left out for it.
    reasons: Vec<(String, Vec<String>)>,
}

#[derive(Serialize)]
struct Untested {
    section: String,
    rules: Vec<(String, &'static str, String)>,
}

#[derive(Serialize)]
struct SuiteRow {
    id: String,
    title: String,
    file: String,
    counts: Vec<String>,
    duration: String,
}

impl Tail {
    pub fn of(overview: &Overview<'_>, anchors: &Anchors<'_>) -> Self {
        let result = overview.result;
        let untested = untested(&result.requirements);
        let owned = |text: &str| line(text, LINE).into_owned();
        Self {
            has_told: !anchors.0.is_empty(),
            findings: findings(overview, anchors),
            requirements: result
                .requirements
                .iter()
                .map(|it| Requirement::of(it, anchors))
                .collect(),
            left_out: left_out(overview),
            untested_number: count(untested.iter().map(|section| section.rules.len() as u64).sum()),
            untested,
            suites: result.suites.iter().map(SuiteRow::of).collect(),
            slowest: slowest(overview, anchors),
            options: result
                .options
                .iter()
                .map(|(name, value)| (owned(name), owned(value)))
                .collect(),
            deviations: result
                .deviations()
                .iter()
                .map(|deviation| owned(&deviation.sentence()))
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

fn findings(overview: &Overview<'_>, anchors: &Anchors<'_>) -> Vec<Findings> {
    let view = |group: &Group<'_>| GroupView {
        id: group
            .rule
            .map_or_else(String::new, |rule| clean(rule.id.as_str()).into_owned()),
        level: group.rule.map_or("", |rule| rule.level.name()),
        message: line(group.first.message, LINE).into_owned(),
        number: counted(group.cases.len() as u64, "case", "cases"),
        cases: anchors.cases(group.cases.iter().map(|case| case.id.as_str())),
    };
    let warnings = (
        "warnings",
        "Warnings",
        "SHOULDs that are not kept, each once. They do not fail the run; one case of each is told above.",
    );
    let notes = ("notes", "Notes", "Tolerated, or a MAY: for information.");
    [(Outcome::Warning, warnings), (Outcome::Note, notes)]
        .into_iter()
        .map(|(outcome, (anchor, heading, explanation))| Findings {
            heading,
            explanation,
            anchor,
            groups: overview.groups_of(outcome).map(view).collect(),
        })
        .filter(|findings| !findings.groups.is_empty())
        .collect()
}

impl Requirement {
    fn of(requirement: &RequirementResult, anchors: &Anchors<'_>) -> Self {
        let tally: Tally = requirement.cases.iter().map(|case| case.verdict).collect();
        let state = State::of(requirement);
        Self {
            id: clean(requirement.id.as_str()).into_owned(),
            level: requirement.level.name(),
            strength: requirement.level.strength().name(),
            statement: line(&requirement.statement, 600).into_owned(),
            url: link(&requirement.url).map(str::to_owned),
            is_reading: requirement.basis.is_our_reading(),
            state: state.name(),
            class: state.verdict().name(),
            counts: counts(&tally),
            audited: some(requirement.audited),
            cases: anchors.cases(requirement.cases.iter().map(|case| case.case.as_str())),
        }
    }
}

/// A number, or nothing where it is 0: a matrix is read by what stands in it.
fn some(number: u64) -> String {
    if number == 0 { String::new() } else { count(number) }
}

fn counts(tally: &Tally) -> Vec<String> {
    TILES.iter().map(|&(verdict, _)| some(tally.of(verdict))).collect()
}

impl SuiteRow {
    fn of(suite: &SuiteResult) -> Self {
        let tally: Tally = suite.cases.iter().map(|case| case.verdict).collect();
        Self {
            id: clean(suite.id.as_str()).into_owned(),
            title: line(&suite.title, 200).into_owned(),
            file: clean(&suite.file).into_owned(),
            counts: counts(&tally),
            duration: duration(suite.cases.iter().map(|case| case.duration_us).sum()),
        }
    }
}

fn left_out(overview: &Overview<'_>) -> Vec<LeftOut> {
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

fn untested(requirements: &[RequirementResult]) -> Vec<Untested> {
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

fn slowest(overview: &Overview<'_>, anchors: &Anchors<'_>) -> Vec<(CaseLink, String)> {
    let mut cases: Vec<&CaseResult> = overview.result.cases().filter(|case| case.duration_us > 0).collect();
    let slower = |a: &&CaseResult, b: &&CaseResult| b.duration_us.cmp(&a.duration_us);
    if cases.len() > SLOWEST {
        cases.select_nth_unstable_by(SLOWEST, slower);
        cases.truncate(SLOWEST);
    }
    cases.sort_by(slower);
    let view = |case: &CaseResult| (anchors.case(case.id.as_str()), duration(case.duration_us));
    cases.into_iter().map(view).collect()
}
