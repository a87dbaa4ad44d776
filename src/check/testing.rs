//! Steps, cases and exchanges for the tests of the judges.

use std::sync::Arc;

use serde_json::Value;

use super::{Context, Reading, check};
use crate::exchange::{Body, Exchange, Headers, Request, Response, Timing};
use crate::fhir::profile::Profiles;
use crate::fhir::{FhirVersion, Interaction};
use crate::requirement::{Catalogue, RequirementId};
use crate::source::{SourceFile, Span, Spanned};
use crate::suite::assertion::{FhirPath, StatusPattern};
use crate::suite::{
    Action, Body as SuiteBody, BodyMatcher, BodySource, Case, Expectation, HeaderMatcher, JsonText, Needs,
    PartialResponse, StatusMatcher, Step, Template, Types, Variables,
};
use crate::verdict::{Finding, Outcome};

pub(super) const BASE: &str = "http://localhost:8080/fhir";

pub(super) fn spanned<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Span::new(8..11))
}

pub(super) fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

pub(super) fn path(text: &str) -> FhirPath {
    FhirPath::new(spanned(text.to_owned()))
}

/// `Read Patient/1`: an interaction and its URL.
pub(super) fn step(interaction: Interaction, expect: Vec<Expectation>) -> Step {
    Step {
        action: Action::Interaction {
            interaction,
            url: spanned(template("Patient/1")),
        },
        ..bare(expect)
    }
}

pub(super) fn raw(expect: Vec<Expectation>) -> Step {
    Step {
        action: Action::Request {
            method: "GET".to_owned(),
            url: spanned(template("x")),
        },
        ..bare(expect)
    }
}

pub(super) fn bare(expect: Vec<Expectation>) -> Step {
    Step {
        action: Action::Assert,
        span: Span::default(),
        note: None,
        headers: Box::default(),
        body: None,
        form: None,
        capture: Box::default(),
        expect: expect.into(),
        assume: None,
        condition: None,
        regardless: false,
        wait: None,
        repetition: None,
        eventually: None,
        keep: false,
        tag: true,
    }
}

pub(super) fn expectation(requirement: &str, response: PartialResponse) -> Expectation {
    Expectation {
        requirements: vec![spanned(RequirementId::new(requirement))],
        response,
        any_of: Box::default(),
        fhirpath: Box::default(),
        condition: None,
        at_most: None,
        because: None,
        fhir: None,
        span: Span::new(0..6),
    }
}

pub(super) fn codes(codes: &[u16]) -> Box<[StatusPattern]> {
    codes.iter().map(|code| StatusPattern::Code(*code)).collect()
}

pub(super) fn pass(pass: &[u16]) -> StatusMatcher {
    StatusMatcher::Judged {
        pass: codes(pass),
        note: Box::default(),
        warn: Box::default(),
        because: None,
    }
}

pub(super) fn status(status: &[u16]) -> PartialResponse {
    PartialResponse {
        status: Some(spanned(pass(status))),
        ..PartialResponse::default()
    }
}

impl PartialResponse {
    pub(super) fn header(mut self, name: &str, matcher: HeaderMatcher) -> Self {
        self.headers.push((spanned(name.to_owned()), spanned(matcher)));
        self
    }

    pub(super) fn body(mut self, matcher: BodyMatcher) -> Self {
        self.body.push(spanned(matcher));
        self
    }
}

pub(super) fn like(value: Value) -> BodyMatcher {
    BodyMatcher::Like(Box::new(json_body(value)))
}

pub(super) fn json_body(value: Value) -> SuiteBody {
    SuiteBody {
        source: BodySource::Json(JsonText::new(&value)),
        set: Vec::new(),
        remove: Vec::new(),
        span: Span::default(),
    }
}

fn case() -> Case {
    Case {
        id: spanned("case".to_owned()),
        title: "A case".into(),
        fhir: FhirVersion::HTTP.into(),
        tags: Arc::default(),
        needs: Needs::default(),
        types: Types::One,
        given: Arc::default(),
        variables: Arc::default(),
        setup: Vec::new(),
        steps: Vec::new(),
        cleanup: Vec::new(),
        keep: false,
        fixtures: Arc::default(),
        source: Arc::new(SourceFile::new("a.yaml", "status: 200\n")),
    }
}

/// An exchange by FHIR's own media type.
pub(super) fn exchange(method: &str, url: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Exchange {
    let url = if url.contains("://") {
        url.to_owned()
    } else {
        format!("{BASE}/{url}")
    };
    Exchange {
        request: Request {
            method: method.to_owned(),
            url,
            headers: [("Accept", "application/fhir+json")].into_iter().collect(),
            body: Body::Empty,
        },
        response: Response {
            status,
            version: "HTTP/1.1".to_owned(),
            headers: headers.iter().copied().collect::<Headers>(),
            body: Body::new(body.to_owned()),
        },
        timing: Timing::default(),
    }
}

pub(super) const FHIR: (&str, &str) = ("Content-Type", "application/fhir+json");

/// A case under test: a release and variables.
pub(super) struct World {
    pub case: Case,
    pub variables: Variables,
    pub release: FhirVersion,
    pub profiles: Profiles,
}

impl World {
    pub fn new() -> Self {
        let mut variables = Variables::default();
        variables.set("id", "1");
        variables.set("v1", "3");
        variables.set("case.tag", "t");
        variables.set_all("none", Vec::new());
        Self {
            case: case(),
            variables,
            release: FhirVersion::R4,
            profiles: Profiles::default(),
        }
    }

    pub fn context(&self) -> Context<'_> {
        Context {
            release: self.release,
            catalogue: Catalogue::embedded(),
            case: &self.case,
            variables: &self.variables,
            base: BASE,
            profiles: &self.profiles,
            deviations: &[],
        }
    }

    pub fn check(&self, step: &Step, exchange: &Exchange) -> Vec<Finding> {
        check(step, 0, &Reading::new(exchange, FhirVersion::R4), &self.context())
    }

    pub fn told(&self, step: &Step, exchange: &Exchange) -> String {
        told(&self.check(step, exchange))
    }
}

/// Findings, one a line.
pub(super) fn told(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            let mut line = format!("{:?} {}", finding.outcome, finding.rule.id);
            if let Some(mismatch) = &finding.mismatch {
                line += &format!(": {}", mismatch.message);
                if let Some(judgement) = mismatch.judgement.as_ref().filter(|_| finding.outcome != Outcome::Fail) {
                    line += &format!(" [{judgement}]");
                }
                for detail in &mismatch.details {
                    line += &format!("\n    {detail}");
                }
            }
            line
        })
        .collect();
    if lines.is_empty() {
        "nothing".to_owned()
    } else {
        lines.join("\n")
    }
}
