//! What a run says of each requirement, and of the whole.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::result::{CaseResult, CaseVerdict, Phase, RequirementResult, RunResult};
use super::{ReasonKind, Verdict};
use crate::fhir::FhirVersion;
use crate::requirement::{Actor, Basis, Catalogue, Requirement, RequirementId, Testable};

/// Fills in what follows from the cases: the verdict on the run, its requirements, and what was not checked.
pub fn complete(result: &mut RunResult, catalogue: &Catalogue) {
    let release = result.target.release;
    let mut citing: HashMap<RequirementId, Vec<CaseVerdict>> = HashMap::new();
    let mut audited: HashMap<RequirementId, u64> = HashMap::new();
    for case in result.cases() {
        for (id, verdict) in by_requirement(case) {
            citing.entry(id).or_default().push(CaseVerdict {
                case: case.id.clone(),
                verdict,
            });
        }
        for id in case.steps.iter().flat_map(|step| step.audited.iter()) {
            *audited.entry(id.clone()).or_default() += 1;
        }
    }
    tell_deviations(result);
    // The promises of a document are those that the suites of the run speak of; beside them, the specification tells what
    // was looked at, and not all that could be.
    let groups: HashSet<String> = result
        .cases()
        .flat_map(|case| case.requirements.iter())
        .filter(|id| catalogue.get(id.as_str()).is_some_and(is_of_a_system))
        .map(|id| id.group().to_owned())
        .collect();
    let is_system = result.system.is_some();
    result.requirements = catalogue
        .iter()
        .filter(|rule| rule.actor == Actor::Server)
        .filter(|rule| !is_of_a_system(rule) || groups.contains(rule.id.group()))
        .filter_map(|rule| {
            let cases = citing.remove(&rule.id).unwrap_or_default();
            if is_system && !is_of_a_system(rule) && cases.is_empty() && !audited.contains_key(&rule.id) {
                return None;
            }
            requirement(rule, release, cases, audited.get(&rule.id).copied().unwrap_or(0))
        })
        .collect();
    result.verdict = verdict(result);
    result.not_checked = not_checked(result, catalogue);
}

/// Whether a rule is the promise of a vendor's document.
fn is_of_a_system(rule: &Requirement) -> bool {
    rule.basis == Basis::Documented
}

/// Counts how often each documented deviation was seen.
fn tell_deviations(result: &mut RunResult) {
    let mut seen: HashMap<(RequirementId, String), u64> = HashMap::new();
    for finding in result
        .cases()
        .flat_map(|case| &case.steps)
        .flat_map(|step| &step.findings)
    {
        let documented = finding
            .mismatch
            .as_ref()
            .and_then(|mismatch| mismatch.deviation.as_ref());
        if let Some(documented) = documented {
            *seen
                .entry((finding.rule.id.clone(), documented.says.clone()))
                .or_default() += 1;
        }
    }
    for deviation in result.system.iter_mut().flat_map(|system| &mut system.deviations) {
        let key = (deviation.requirement.clone(), deviation.says.clone());
        deviation.seen = seen.get(&key).copied().unwrap_or(0);
    }
}

/// The verdict on a run: that of its worst case. A run that was stopped, or that judged nothing although something was
/// to be judged, has not passed.
fn verdict(result: &RunResult) -> Verdict {
    let rolled = Verdict::roll_up(result.cases().map(|case| case.verdict));
    if result.stopped.is_some() && result.cases().any(is_stopped) {
        return Verdict::Error;
    }
    rolled.unwrap_or(Verdict::Skip)
}

fn is_stopped(case: &CaseResult) -> bool {
    matches!(&case.reason, Some(reason) if reason.kind == ReasonKind::Stopped)
}

/// How a case judged each requirement: those that it cites, and those that were found broken without being asked.
#[must_use]
pub fn by_requirement(case: &CaseResult) -> IndexMap<RequirementId, Verdict> {
    let mut judged: IndexMap<RequirementId, Verdict> = IndexMap::new();
    for finding in case
        .steps
        .iter()
        .filter(|step| step.phase == Phase::Steps)
        .flat_map(|step| &step.findings)
    {
        let verdict = finding.outcome.verdict();
        let known = judged.entry(finding.rule.id.clone()).or_insert(verdict);
        *known = verdict.max(*known);
    }
    for id in case.requirements.iter() {
        // Cited, but not reached: why the case ended says what became of it. A case that ended well left it out by an `if`.
        judged.entry(id.clone()).or_insert(match case.verdict {
            Verdict::Error => Verdict::Error,
            Verdict::Inapplicable => Verdict::Inapplicable,
            _ if matches!(&case.reason, Some(reason) if reason.kind == ReasonKind::Assumption) => Verdict::Inapplicable,
            _ => Verdict::Skip,
        });
    }
    judged
}

fn requirement(
    rule: &Requirement,
    release: FhirVersion,
    cases: Vec<CaseVerdict>,
    audited: u64,
) -> Option<RequirementResult> {
    let level = rule.level_in(release)?;
    let rolled = Verdict::roll_up(cases.iter().map(|case| case.verdict));
    // What was looked at in passing and never found broken has passed, whatever became of the cases that cite it.
    let verdict = match rolled {
        Some(verdict) if verdict >= Verdict::Pass => Some(verdict),
        _ if audited > 0 => Some(Verdict::Pass),
        other => other,
    };
    let untested = (cases.is_empty() && audited == 0).then(|| rule.untested_reason());
    Some(RequirementResult {
        id: rule.id.clone(),
        level,
        basis: rule.basis,
        statement: rule.statement.clone(),
        url: rule.url(release),
        verdict,
        cases,
        audited,
        untested,
    })
}

/// What the run did not check, in sentences.
fn not_checked(result: &RunResult, catalogue: &Catalogue) -> Vec<String> {
    let mut sentences = Vec::new();
    let untestable = |wanted: bool| {
        result
            .requirements
            .iter()
            .filter(|rule| rule.untested.is_some())
            .filter(|rule| {
                catalogue
                    .get(rule.id.as_str())
                    .is_some_and(|rule| (rule.testable == Testable::No) == wanted)
            })
            .count()
    };
    let counted = |count: usize, one: &str, many: &str| {
        let words = |what: &str, rest: &str| format!("{what} {rest}");
        super::counted(count as u64, &words("requirement", one), &words("requirements", many))
    };
    match untestable(true) {
        0 => {}
        count => sentences.push(format!(
            "{}; each has its written reason.",
            counted(count, "cannot be tested over HTTP", "cannot be tested over HTTP")
        )),
    }
    match untestable(false) {
        0 => {}
        count => sentences.push(format!(
            "{}.",
            counted(
                count,
                "is tested by no suite of this run",
                "are tested by no suite of this run"
            )
        )),
    }
    let left = |kind: ReasonKind| {
        let is_of_kind = |case: &&CaseResult| matches!(&case.reason, Some(reason) if reason.kind == kind);
        result.cases().filter(is_of_kind).count()
    };
    for (kind, why) in [
        (
            ReasonKind::NotClaimed,
            "because the server does not claim what they need",
        ),
        (
            ReasonKind::NotGiven,
            "because what a tester has to give was neither given nor found",
        ),
        (
            ReasonKind::Assumption,
            "because the server does not do what they probe for",
        ),
        (ReasonKind::Filtered, "by the filters of this run"),
        (ReasonKind::Shard, "because they belong to other shards"),
        (
            ReasonKind::NotAllowed,
            "because they send what this run may not send (--allow-writes, --read-only)",
        ),
        (ReasonKind::Unrecorded, "because the recording holds nothing of them"),
        (
            ReasonKind::Blocked,
            "wholly or in part, because an earlier step went wrong",
        ),
        (ReasonKind::Stopped, "because the run was stopped"),
    ] {
        match left(kind) {
            0 => {}
            count => {
                let cases = super::counted(count as u64, "case was", "cases were");
                sentences.push(format!("{cases} left out {why}."));
            }
        }
    }
    if result.target.release == FhirVersion::Dstu2 {
        sentences.push("Bodies were not judged by the definitions of DSTU2: there are none of them here.".into());
    }
    sentences
        .push("Terminology, profiles and the meaning of search parameters beyond the suites were not checked.".into());
    sentences
}
