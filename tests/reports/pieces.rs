//! The pieces of which results are made.

use std::sync::Arc;

use fhir_assay::exchange::{Body, Exchange, Headers, Request, Response, Timing};
use fhir_assay::fhir::FhirVersion;
use fhir_assay::requirement::{Catalogue, Level, RequirementId};
use fhir_assay::source::Site;
use fhir_assay::suite::{CaseId, SuiteId};
use fhir_assay::verdict::{
    CaseResult, Finding, Mismatch, Outcome, Part, Phase, Reason, ReasonKind, Rule, StepResult, SuiteResult, Verdict,
};

use super::BASE;

pub fn suite_of(id: &SuiteId, title: &str, file: &str, cases: Vec<CaseResult>) -> SuiteResult {
    SuiteResult {
        id: id.clone(),
        title: title.into(),
        file: file.into(),
        cases: cases.into_iter().map(Arc::new).collect(),
    }
}

pub fn case(suite: &SuiteId, file: &str, name: &str, title: &str, line: u32, steps: Vec<StepResult>) -> CaseResult {
    let steps: Vec<StepResult> = steps.into_iter().map(judged).collect();
    let mut requirements: Vec<RequirementId> = Vec::new();
    for finding in steps.iter().flat_map(|step| &step.findings) {
        if !requirements.contains(&finding.rule.id) {
            requirements.push(finding.rule.id.clone());
        }
    }
    CaseResult {
        id: CaseId::new(suite, name, None),
        title: title.into(),
        site: site(file, line, &format!("  - id: {name}"), name),
        requirements: requirements.into(),
        verdict: Verdict::roll_up(steps.iter().map(|step| step.verdict)).unwrap_or(Verdict::Pass),
        reason: None,
        started_us: 100,
        duration_us: 1_000 * u64::from(line),
        steps,
        known: Vec::new(),
    }
}

pub fn left_out(case: &mut CaseResult, verdict: Verdict, kind: ReasonKind, text: &str) {
    case.verdict = verdict;
    case.duration_us = 0;
    case.reason = Some(Reason {
        kind,
        text: text.into(),
    });
}

pub fn step(number: u32, title: &str, line: u32) -> StepResult {
    StepResult {
        phase: Phase::Steps,
        number,
        title: title.into(),
        note: None,
        line,
        verdict: Verdict::Pass,
        reason: None,
        findings: Vec::new(),
        audited: Default::default(),
        exchanges: Vec::new(),
        lost: None,
        duration_us: 1_500,
    }
}

pub fn with_verdict(mut step: StepResult, verdict: Verdict) -> StepResult {
    step.verdict = verdict;
    step
}

/// The step with the verdict of its findings, where it has none of its own.
pub fn judged(step: StepResult) -> StepResult {
    let rolled = Verdict::roll_up(step.findings.iter().map(|finding| finding.outcome.verdict()));
    let verdict = rolled.unwrap_or(step.verdict);
    with_verdict(step, verdict)
}

pub fn rule(id: &str) -> Rule {
    let known = Catalogue::embedded()
        .get(id)
        .and_then(|rule| rule.level_in(FhirVersion::R4));
    Rule::new(RequirementId::new(id), known.unwrap_or(Level::Shall))
}

pub fn finding(id: &str, outcome: Outcome, mismatch: Mismatch) -> Finding {
    Finding {
        rule: rule(id),
        outcome,
        mismatch: Some(Box::new(mismatch)),
    }
}

pub fn mismatch(message: &str, part: Part) -> Mismatch {
    Mismatch {
        message: message.into(),
        part,
        expected: None,
        actual: None,
        site: None,
        excerpt: None,
        exchange: 0,
        diff: None,
        details: Vec::new(),
        judgement: None,
        deviation: None,
        mend: None,
    }
}

pub fn site(file: &str, line: u32, text: &str, marked: &str) -> Site {
    let column = text.find(marked).unwrap_or_default() + 1;
    Site {
        file: file.into(),
        line,
        column: u32::try_from(column).unwrap(),
        width: u32::try_from(marked.len().max(1)).unwrap(),
        text: text.into(),
    }
}

pub fn request(method: &str, path: &str, body: &str) -> Request {
    let mut headers: Headers = [("Accept", "application/fhir+json"), ("Authorization", "***")]
        .into_iter()
        .collect();
    if !body.is_empty() {
        headers.push("Content-Type", "application/fhir+json");
    }
    Request {
        method: method.into(),
        url: format!("{BASE}/{path}"),
        headers,
        body: Body::new(body.to_owned()),
    }
}

pub fn exchange(method: &str, path: &str, body: &str, status: u16, answer: &str) -> Exchange {
    let kind = if answer.starts_with('<') {
        "text/html"
    } else {
        "application/fhir+json;charset=UTF-8"
    };
    Exchange {
        request: request(method, path, body),
        response: Response {
            status,
            version: "HTTP/1.1".into(),
            headers: [
                ("Content-Type", kind),
                ("Last-Modified", "Wed, 04 Mar 2026 05:06:07 GMT"),
            ]
            .into_iter()
            .collect(),
            body: Body::new(answer.to_owned()),
        },
        timing: Timing {
            started_us: 200,
            first_byte_us: 900,
            total_us: 1_200,
            attempts: 1,
        },
    }
}
