//! The counts behind every summary, made once from a result.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::known;
use super::problem::Problem;
use super::text::{clean, counted, line};
use crate::requirement::Level;
use crate::verdict::{CaseResult, Outcome, ReasonKind, RequirementResult, RunResult, SuiteResult, Tally, Verdict};

/// What every summary tells.
pub(super) struct Overview<'a> {
    pub result: &'a RunResult,
    pub tally: Tally,
    /// SHALL, SHOULD, MAY.
    pub levels: [Standing; 3],
    /// The groups of the requirements, in the catalogue's order, each by level.
    pub sections: IndexMap<&'a str, [Standing; 3]>,
    /// What was found, by requirement and outcome: failures first, then errors, warnings and notes.
    pub groups: Vec<Group<'a>>,
    /// Cases in which all that is wrong is known.
    pub known: Vec<&'a CaseResult>,
    /// Why cases were left out.
    pub left_out: IndexMap<(Verdict, Option<ReasonKind>), Vec<&'a CaseResult>>,
}

/// The verdicts on cases in the order of every table, and how they are said.
pub(super) const VERDICTS: [(Verdict, &str); 6] = [
    (Verdict::Pass, "passed"),
    (Verdict::Warning, "with warnings"),
    (Verdict::Fail, "failed"),
    (Verdict::Error, "not judged"),
    (Verdict::Skip, "skipped"),
    (Verdict::Inapplicable, "not applicable"),
];

/// The levels of a table, strongest first.
pub(super) const LEVELS: [Level; 3] = [Level::Shall, Level::Should, Level::May];

/// What a run comes to for one requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Passed,
    Warned,
    Failed,
    NotJudged,
    NotClaimed,
    LeftOut,
    Untested,
}

/// How many requirements are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing([u64; 7]);

/// Everything that was found under one requirement with one outcome.
pub(super) struct Group<'a> {
    pub outcome: Outcome,
    /// The requirement and its level; `None` for what no rule speaks of, such as a lost answer.
    pub rule: Option<&'a crate::verdict::Rule>,
    /// What was found first.
    pub first: Problem<'a>,
    /// How often, with repetitions.
    pub times: usize,
    /// In which cases.
    pub cases: Vec<&'a CaseResult>,
}

impl State {
    pub const ALL: [Self; 7] = [
        Self::Passed,
        Self::Warned,
        Self::Failed,
        Self::NotJudged,
        Self::NotClaimed,
        Self::LeftOut,
        Self::Untested,
    ];

    pub fn of(requirement: &RequirementResult) -> Self {
        match requirement.verdict {
            Some(Verdict::Pass) => Self::Passed,
            Some(Verdict::Warning) => Self::Warned,
            Some(Verdict::Fail) => Self::Failed,
            Some(Verdict::Error) => Self::NotJudged,
            // What was looked at in passing counts, also where its own cases were left out.
            _ if requirement.audited > 0 => Self::Passed,
            Some(Verdict::Inapplicable) => Self::NotClaimed,
            Some(Verdict::Skip) => Self::LeftOut,
            None => Self::Untested,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Failed => "failed",
            Self::NotJudged => "not judged",
            Self::NotClaimed => "not claimed",
            Self::LeftOut => "left out",
            Self::Untested => "untested",
        }
    }

    /// Its name in a style sheet.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Failed => "failed",
            Self::NotJudged => "not-judged",
            Self::NotClaimed => "not-claimed",
            Self::LeftOut => "left-out",
            Self::Untested => "untested",
        }
    }

    /// The verdict whose colour it wears.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Passed => Verdict::Pass,
            Self::Warned => Verdict::Warning,
            Self::Failed => Verdict::Fail,
            Self::NotJudged => Verdict::Error,
            Self::LeftOut => Verdict::Skip,
            Self::NotClaimed | Self::Untested => Verdict::Inapplicable,
        }
    }
}

impl Standing {
    pub const fn of(&self, state: State) -> u64 {
        self.0[state as usize]
    }

    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// How many were judged, whether they hold or not.
    pub const fn tested(&self) -> u64 {
        self.of(State::Passed) + self.of(State::Warned) + self.of(State::Failed) + self.of(State::NotJudged)
    }

    fn plus(mut self, other: Self) -> Self {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
        self
    }

    /// All levels together.
    pub fn sum(levels: &[Self; 3]) -> Self {
        levels.iter().fold(Self::default(), |sum, standing| sum.plus(*standing))
    }
}

impl Group<'_> {
    /// Its place on a page: the outcome and the rule, or a number where no rule speaks of it.
    pub fn anchor(&self, index: usize) -> String {
        match self.rule {
            Some(rule) => format!("{}-{}", self.outcome.verdict().name(), clean(rule.id.as_str())),
            None => format!("{}-{index}", self.outcome.verdict().name()),
        }
    }
}

impl<'a> Overview<'a> {
    pub fn of(result: &'a RunResult) -> Self {
        let mut levels = [Standing::default(); 3];
        let mut sections: IndexMap<&str, [Standing; 3]> = IndexMap::new();
        for requirement in &result.requirements {
            let level = level_index(requirement.level);
            let state = State::of(requirement) as usize;
            levels[level].0[state] += 1;
            sections.entry(requirement.id.group()).or_default()[level].0[state] += 1;
        }
        let mut left_out: IndexMap<_, Vec<_>> = IndexMap::new();
        for case in result.cases() {
            if matches!(case.verdict, Verdict::Skip | Verdict::Inapplicable) {
                let kind = case.reason.as_ref().map(|reason| reason.kind);
                left_out.entry((case.verdict, kind)).or_default().push(case);
            }
        }
        left_out.sort_by(|_, a, _, b| b.len().cmp(&a.len()));
        Self {
            result,
            tally: result.tally(),
            levels,
            sections,
            groups: groups(result),
            known: result.cases().filter(|case| case.is_known()).collect(),
            left_out,
        }
    }

    /// The groups of one outcome.
    pub fn groups_of(&self, outcome: Outcome) -> impl Iterator<Item = &Group<'a>> {
        self.groups.iter().filter(move |group| group.outcome == outcome)
    }

    /// The verdict in one sentence.
    pub fn sentence(&self) -> String {
        let broken = self.groups_of(Outcome::Fail).count() as u64;
        let by = counted(self.tally.of(Verdict::Fail), "case", "cases");
        let broken = counted(broken, "SHALL is broken", "SHALLs are broken") + ", in " + &by;
        let errors = counted(self.tally.of(Verdict::Error), "case", "cases");
        let not_kept = self.groups_of(Outcome::Warning).count() as u64;
        let not_kept = counted(not_kept, "SHOULD is not kept", "SHOULDs are not kept");
        let tested = counted(Standing::sum(&self.levels).tested(), "requirement", "requirements");
        let sentence = match self.result.verdict {
            Verdict::Error if self.groups_of(Outcome::Fail).next().is_some() => {
                format!("Not conformant: {broken}, and {errors} could not be judged.")
            }
            Verdict::Error => format!("Could not judge: {errors} ended in an error."),
            Verdict::Fail => format!("Not conformant: {broken}."),
            Verdict::Warning => format!("Conformant, with remarks: no SHALL is broken, {not_kept} ({tested} tested)."),
            Verdict::Pass => format!("Conformant: nothing that was tested is broken ({tested})."),
            Verdict::Skip | Verdict::Inapplicable if self.tally.total() == 0 => {
                "Nothing was judged: no case was selected.".to_owned()
            }
            Verdict::Skip | Verdict::Inapplicable => "Nothing was judged: every case was left out.".to_owned(),
        };
        let sentence = match known::sentence(self) {
            Some(words) => format!("{sentence} {words}"),
            None => sentence,
        };
        match &self.result.stopped {
            Some(why) => format!(
                "{sentence} The run ended before its plan did: {}.",
                line(why, 300).trim_end_matches('.')
            ),
            None => sentence,
        }
    }

    /// The verdict whose colour the sentence wears: a broken SHALL is certain, whatever else could not be judged.
    pub fn color(&self) -> Verdict {
        if self.groups_of(Outcome::Fail).next().is_some() {
            Verdict::Fail
        } else {
            self.result.verdict
        }
    }

    /// What was tested, in a line: base URL, release, software.
    pub fn target(&self) -> String {
        target(self.result)
    }

    /// What became of what the run created, in a sentence; `None` where it created nothing.
    pub fn cleanup(&self) -> Option<String> {
        let cleanup = &self.result.cleanup;
        let left = cleanup.left.len() as u64;
        if cleanup.deleted == 0 && cleanup.kept == 0 && left == 0 {
            return None;
        }
        let mut text = format!("{} deleted", counted(cleanup.deleted, "resource", "resources"));
        if cleanup.kept > 0 {
            text += &format!(", {} kept as asked", counted(cleanup.kept, "resource", "resources"));
        }
        if left > 0 {
            text += &format!(", {} left behind", counted(left, "resource", "resources"));
        }
        Some(format!("{text}; the tag of this run is {}", line(&cleanup.tag, 120)))
    }
}

/// What was tested, in a line: base URL, release, software.
pub(super) fn target(result: &RunResult) -> String {
    let target = &result.target;
    let mut words = vec![line(&target.base, 200).into_owned()];
    words.push(match &target.fhir_version {
        Some(number) => format!("FHIR {} ({})", target.release, line(number, 40)),
        None => format!("FHIR {}", target.release),
    });
    words.extend(
        target
            .software
            .as_deref()
            .map(|software| line(software, 120).into_owned()),
    );
    if let Some(shard) = result.options.get("shard") {
        words.push(format!("SHARD {} ONLY", line(shard, 20)));
    }
    if target.assumed {
        words.push("claims assumed, not read from the server".to_owned());
    }
    words.join(" · ")
}

/// How long the cases of a suite took, in microseconds.
pub(super) fn time_of_cases(suite: &SuiteResult) -> u64 {
    let times = suite.cases.iter().map(|case| case.duration_us);
    times.fold(0, u64::saturating_add)
}

/// Where a level stands in [`LEVELS`].
pub(super) const fn level_index(level: Level) -> usize {
    match level.strength() {
        Level::Shall | Level::ShallNot => 0,
        Level::Should | Level::ShouldNot => 1,
        Level::May => 2,
    }
}

/// Gathers what was found, so that a rule that nothing keeps is one entry and not a hundred.
fn groups(result: &RunResult) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut known: HashMap<(Outcome, &str), usize> = HashMap::new();
    for problem in result.cases().flat_map(Problem::of_case) {
        // What has no rule goes by its message.
        let name = problem.rule.map_or(problem.message, |rule| rule.id.as_str());
        let index = *known.entry((problem.outcome, name)).or_insert_with(|| {
            groups.push(Group {
                outcome: problem.outcome,
                rule: problem.rule,
                first: problem.clone(),
                times: 0,
                cases: Vec::new(),
            });
            groups.len() - 1
        });
        let group = &mut groups[index];
        group.times += problem.times();
        if !group.cases.last().is_some_and(|last| std::ptr::eq(*last, problem.case)) {
            group.cases.push(problem.case);
        }
    }
    let rank = |outcome: Outcome| match outcome {
        Outcome::Fail => 0,
        Outcome::Unjudged => 1,
        Outcome::Warning => 2,
        Outcome::Note | Outcome::Pass => 3,
    };
    groups.sort_by_key(|group| rank(group.outcome));
    groups
}

/// Why a case was left out, for counting.
pub(super) const fn reason_name(kind: Option<ReasonKind>) -> &'static str {
    match kind {
        Some(ReasonKind::Release) => "not in the release under test",
        Some(ReasonKind::NotClaimed) => "not claimed by the server",
        Some(ReasonKind::NotGiven) => "what a tester has to give was neither given nor found",
        Some(ReasonKind::Assumption) => "a probe showed that the server does not do it",
        Some(ReasonKind::Filtered) => "filtered out",
        Some(ReasonKind::Shard) => "belongs to another shard",
        Some(ReasonKind::NotAllowed) => "sends what this run may not send",
        Some(ReasonKind::Unrecorded) => "not in the recording",
        Some(ReasonKind::Blocked) => "an earlier step went wrong",
        Some(ReasonKind::Condition) => "its condition was not true",
        Some(ReasonKind::Setup) => "its setup failed",
        Some(ReasonKind::Unjudged) => "the answer could not be judged",
        Some(ReasonKind::Transport) => "a request or its answer was lost",
        Some(ReasonKind::Stopped) => "the run was stopped before",
        None => "no reason was recorded",
    }
}
