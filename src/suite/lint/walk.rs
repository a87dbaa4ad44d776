//! The parts of steps, in the order in which a run comes to them.

use serde_json::Value;

use crate::source::{Span, Spanned};
use crate::suite::JsonText;
use crate::suite::assertion::{BodyMatcher, Expectation, FhirPath, HeaderMatcher, PartialResponse};
use crate::suite::model::{Action, Body, BodySource, CaptureSource, Case, Repetition, Step};
use crate::suite::template::Template;

/// A part of a step that may speak of something else.
#[derive(Clone, Copy)]
pub enum Part<'s> {
    /// Text with variables, and a span in which it is written.
    Text(&'s Template, Span),
    /// Data whose strings may hold variables, and a span in which it is written.
    Data(&'s Value, Span),
    /// The same, as the text of JSON.
    Json(&'s JsonText, Span),
    /// A FHIRPath.
    Path(&'s FhirPath),
    /// The name of a fixture.
    Fixture(&'s Spanned<String>),
    /// The name of a variable that holds a resource.
    Captured(&'s Spanned<String>),
}

/// Every step of a case, in the order of a run.
pub fn steps(case: &Case) -> impl Iterator<Item = &Step> {
    case.setup.iter().chain(&case.steps).chain(&case.cleanup)
}

/// The parts that are read before the step is performed at all: its condition, and what it runs over.
pub fn before<'s>(step: &'s Step, see: &mut dyn FnMut(Part<'s>)) {
    step.condition.iter().for_each(|path| see(Part::Path(path)));
    if let Some(Repetition::ForEach { values, .. }) = step.repetition.as_deref() {
        see(Part::Path(values));
    }
}

/// The parts that make a request.
pub fn request<'s>(step: &'s Step, see: &mut dyn FnMut(Part<'s>)) {
    if let Action::Interaction { url, .. } | Action::Request { url, .. } = &step.action {
        see(Part::Text(&url.value, url.span));
    }
    for line in &step.headers {
        if let Some(value) = &line.value {
            see(Part::Text(&value.value, value.span));
        }
    }
    for value in step.form.iter().flatten().flat_map(|(_, values)| values) {
        see(Part::Text(value, step.span));
    }
    if let Some(written) = &step.body {
        body(written, see);
    }
}

/// The FHIRPaths of captures.
pub fn captures<'s>(step: &'s Step, see: &mut dyn FnMut(Part<'s>)) {
    for source in step.capture.iter().flat_map(|capture| &capture.sources) {
        if let CaptureSource::FhirPath(path) = source {
            see(Part::Path(path));
        }
    }
}

/// The parts that judge.
pub fn judgement<'s>(step: &'s Step, see: &mut dyn FnMut(Part<'s>)) {
    if let Some(assume) = &step.assume {
        partial(&assume.response, step.span, see);
    }
    for expectation in &step.expect {
        expected(expectation, see);
    }
}

fn expected<'s>(expectation: &'s Expectation, see: &mut dyn FnMut(Part<'s>)) {
    let paths = expectation
        .condition
        .as_deref()
        .into_iter()
        .chain(&expectation.fhirpath);
    paths.for_each(|path| see(Part::Path(path)));
    partial(&expectation.response, expectation.span, see);
    for alternative in &expectation.any_of {
        partial(alternative, expectation.span, see);
    }
}

fn partial<'s>(response: &'s PartialResponse, near: Span, see: &mut dyn FnMut(Part<'s>)) {
    for (_, matcher) in &response.headers {
        header(&matcher.value, matcher.span, see);
    }
    for matcher in &response.body {
        let span = if matcher.span == Span::default() {
            near
        } else {
            matcher.span
        };
        match &matcher.value {
            BodyMatcher::Empty(_) => {}
            BodyMatcher::Like(expected) | BodyMatcher::SameAs(expected) => body(expected, see),
            BodyMatcher::Schema(text) | BodyMatcher::TextIs(text) | BodyMatcher::TextNot(text) => {
                see(Part::Text(text, span));
            }
            BodyMatcher::FhirPath(path) => see(Part::Path(path)),
            BodyMatcher::TextMatches(regex) => see(Part::Text(&regex.pattern, span)),
        }
    }
}

fn header<'s>(matcher: &'s HeaderMatcher, span: Span, see: &mut dyn FnMut(Part<'s>)) {
    let texts = match matcher {
        HeaderMatcher::Present(_) | HeaderMatcher::HttpDate | HeaderMatcher::MediaType(_) => return,
        HeaderMatcher::OneOf(texts) | HeaderMatcher::Not(texts) | HeaderMatcher::Includes(texts) => texts.as_slice(),
        HeaderMatcher::Matches(regex) => std::slice::from_ref(&regex.pattern),
        HeaderMatcher::Version(text) | HeaderMatcher::Reference(text) | HeaderMatcher::Date(_, text) => {
            std::slice::from_ref(text)
        }
    };
    texts.iter().for_each(|text| see(Part::Text(text, span)));
}

fn body<'s>(body: &'s Body, see: &mut dyn FnMut(Part<'s>)) {
    match &body.source {
        BodySource::Fixture(name) => see(Part::Fixture(name)),
        BodySource::Captured(name) => see(Part::Captured(name)),
        BodySource::Json(text) => see(Part::Json(text, body.span)),
        BodySource::Text(text) => see(Part::Text(&text.value, text.span)),
    }
    body.set.iter().for_each(|(_, value)| see(Part::Data(value, body.span)));
}

/// Every part of a step.
pub fn all<'s>(step: &'s Step, see: &mut dyn FnMut(Part<'s>)) {
    before(step, see);
    request(step, see);
    captures(step, see);
    judgement(step, see);
}

/// Every text in data that holds a variable.
pub fn texts(value: &Value, see: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) if text.contains("${") => see(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, see)),
        Value::Object(members) => members.values().for_each(|member| texts(member, see)),
        _ => {}
    }
}
