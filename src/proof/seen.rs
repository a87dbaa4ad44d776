//! What a run says of a server, and what of that is news.

use std::collections::BTreeSet;

use super::Seen;
use crate::requirement::RequirementId;
use crate::suite::CaseId;
use crate::verdict::{CaseResult, Outcome, RunResult, Verdict};

/// What is said of a right server anyway, by case, requirement and outcome.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(BTreeSet<(CaseId, Option<RequirementId>, Outcome)>);

impl Known {
    /// Everything that a run says.
    pub fn of(result: &RunResult) -> Self {
        let all = result.cases().flat_map(all_of);
        Self(all.map(|seen| (seen.case, seen.requirement, seen.outcome)).collect())
    }

    /// Whether anything is said under a requirement.
    pub fn tells(&self, requirement: &RequirementId) -> bool {
        self.0.iter().any(|(_, known, _)| known.as_ref() == Some(requirement))
    }

    /// What a case says beyond that.
    pub fn news(&self, case: &CaseResult) -> impl Iterator<Item = Seen> {
        all_of(case).filter(|seen| {
            let key = (seen.case.clone(), seen.requirement.clone(), seen.outcome);
            !self.0.contains(&key)
        })
    }
}

/// Everything but what passed.
pub(super) fn all_of(case: &CaseResult) -> impl Iterator<Item = Seen> {
    let findings = case.steps.iter().flat_map(|step| &step.findings);
    let broken = findings.filter(|finding| finding.outcome != Outcome::Pass);
    let broken = broken.map(|finding| Seen {
        outcome: finding.outcome,
        case: case.id.clone(),
        requirement: Some(finding.rule.id.clone()),
        message: finding
            .mismatch
            .as_ref()
            .map(|mismatch| mismatch.message.clone())
            .unwrap_or_default(),
    });
    let unjudged = (case.verdict == Verdict::Error).then(|| Seen {
        outcome: Outcome::Unjudged,
        case: case.id.clone(),
        requirement: None,
        message: why(case),
    });
    broken.chain(unjudged)
}

/// Why a case could not be judged.
fn why(case: &CaseResult) -> String {
    let reasons = case.steps.iter().filter(|step| step.verdict == Verdict::Error);
    let reason = reasons.filter_map(|step| step.reason.as_ref()).next();
    let reason = reason.or(case.reason.as_ref());
    let text = reason.map_or_else(|| "it could not be judged".to_owned(), |reason| reason.text.clone());
    text.lines().next().unwrap_or_default().to_owned()
}
