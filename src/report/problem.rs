//! Problems: what went wrong in a case, gathered from its findings and steps, with repetitions folded.

use crate::exchange::Request;
use crate::verdict::{CaseResult, Finding, Mismatch, Outcome, Phase, Reason, Rule, StepResult, Verdict};

/// One thing that a report tells of a case.
#[derive(Clone, Debug)]
pub(super) struct Problem<'a> {
    /// How bad it is.
    pub outcome: Outcome,
    /// The case.
    pub case: &'a CaseResult,
    /// The step; `None` where the whole case is meant.
    pub step: Option<&'a StepResult>,
    /// The rule that was broken; `None` where nothing could be judged.
    pub rule: Option<&'a Rule>,
    /// What is wrong, in a line.
    pub message: &'a str,
    /// What was asked for and found.
    pub mismatch: Option<&'a Mismatch>,
    /// The request that shows it.
    pub request: Option<&'a Request>,
    /// The steps in which the same was found again, with repetitions.
    pub again: Vec<&'a StepResult>,
}

impl<'a> Problem<'a> {
    /// Everything that a case has to tell, in the order of its steps. A case that passes without remarks has none,
    /// and costs next to nothing.
    pub fn of_case(case: &'a CaseResult) -> Vec<Self> {
        let mut problems: Vec<Self> = Vec::new();
        for step in &case.steps {
            for problem in step
                .findings
                .iter()
                .filter_map(|finding| Self::of_finding(case, step, finding))
            {
                match problems.iter_mut().find(|known| known.says_the_same(&problem)) {
                    Some(known) => known.again.push(step),
                    None => problems.push(problem),
                }
            }
            problems.extend(Self::of_step(case, step));
        }
        let unexplained = case.verdict == Verdict::Error && !problems.iter().any(|p| p.outcome == Outcome::Unjudged);
        if unexplained {
            let message = case
                .reason
                .as_ref()
                .map_or("it could not be judged", |reason| &reason.text);
            problems.push(Self::unjudged(case, None, message, None));
        }
        problems
    }

    fn of_finding(case: &'a CaseResult, step: &'a StepResult, finding: &'a Finding) -> Option<Self> {
        let mismatch = finding.mismatch.as_deref();
        // A note without words is a rule that may be broken, and holds.
        if finding.outcome == Outcome::Pass || (finding.outcome == Outcome::Note && mismatch.is_none()) {
            return None;
        }
        let exchange = mismatch.map_or(0, |mismatch| mismatch.exchange as usize);
        Some(Self {
            outcome: finding.outcome,
            case,
            step: Some(step),
            rule: Some(&finding.rule),
            message: mismatch.map_or("it does not hold", |mismatch| &mismatch.message),
            mismatch,
            request: step.exchanges.get(exchange).map(|exchange| &exchange.request),
            again: Vec::new(),
        })
    }

    /// What stopped a step from being judged, where its findings do not say it.
    fn of_step(case: &'a CaseResult, step: &'a StepResult) -> Option<Self> {
        if let Some(lost) = &step.lost {
            return Some(Self::unjudged(case, Some(step), &lost.error, Some(&lost.request)));
        }
        let told = step.findings.iter().any(|finding| finding.outcome == Outcome::Unjudged);
        let Reason { text, .. } = step
            .reason
            .as_ref()
            .filter(|_| step.verdict == Verdict::Error && !told)?;
        let request = step.exchanges.last().map(|exchange| &exchange.request);
        Some(Self::unjudged(case, Some(step), text, request))
    }

    const fn unjudged(
        case: &'a CaseResult,
        step: Option<&'a StepResult>,
        message: &'a str,
        request: Option<&'a Request>,
    ) -> Self {
        Self {
            outcome: Outcome::Unjudged,
            case,
            step,
            rule: None,
            message,
            mismatch: None,
            request,
            again: Vec::new(),
        }
    }

    fn says_the_same(&self, other: &Self) -> bool {
        let site = |problem: &Self| problem.mismatch.and_then(|mismatch| mismatch.site.as_ref());
        self.outcome == other.outcome
            && self.rule == other.rule
            && self.message == other.message
            && site(self) == site(other)
    }

    /// How often it was found in the case.
    pub fn times(&self) -> usize {
        1 + self.again.len()
    }

    /// `step 4`, `setup step 1`, or nothing where the whole case is meant.
    pub fn place(&self) -> Option<String> {
        self.step.map(step_name)
    }

    /// In which further steps it was found: `the same in step 5 (twice) and step 7`.
    pub fn repetition(&self) -> Option<String> {
        if self.again.is_empty() {
            return None;
        }
        let mut places: Vec<(&StepResult, usize)> = Vec::new();
        for step in &self.again {
            match places.iter_mut().find(|(known, _)| std::ptr::eq(*known, *step)) {
                Some((_, times)) => *times += 1,
                None => places.push((step, 1)),
            }
        }
        const SHOWN: usize = 8;
        let left = places.len().saturating_sub(SHOWN);
        let mut words: Vec<String> = places
            .iter()
            .take(SHOWN)
            .map(|(step, times)| place_and_times(step, *times))
            .collect();
        if left > 0 {
            words.push(format!("{left} more steps"));
        }
        let last = words.pop().unwrap_or_default();
        let list = if words.is_empty() {
            last
        } else {
            format!("{} and {last}", words.join(", "))
        };
        Some(format!("the same again in {list}; {} times in all", self.times()))
    }
}

fn place_and_times(step: &StepResult, times: usize) -> String {
    match times {
        1 => step_name(step),
        2 => format!("{} (twice)", step_name(step)),
        _ => format!("{} ({times} times)", step_name(step)),
    }
}

/// `step 4`, `setup step 1`, `clean-up step 2`
pub(super) fn step_name(step: &StepResult) -> String {
    let list = match step.phase {
        Phase::Setup => "setup ",
        Phase::Steps => "",
        Phase::Cleanup => "clean-up ",
    };
    format!("{list}step {}", step.number)
}
