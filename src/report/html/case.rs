//! One case as the page tells it: what is wrong, then its story step by step with every exchange.

use std::borrow::Cow;

use minijinja::Value;
use serde::Serialize;

use super::body;
use super::link;
use crate::exchange::curl::quoted;
use crate::exchange::{Body, Exchange, Headers, Request, curl};
use crate::report::failure::{contents, draw_excerpt, is_mended, label};
use crate::report::known;
use crate::report::overview::Overview;
use crate::report::problem::{Problem, step_name};
use crate::report::rules::Rules;
use crate::report::text::{LINE, clean, duration, line, request_line, size};
use crate::source::snippet::draw_site;
use crate::verdict::{CaseResult, Mend, Mismatch, Outcome, Part, Phase, StepResult, Verdict};

/// How many lines of a diff the page shows.
const DIFF_LINES: usize = 1000;
/// How many further lines of a finding the page shows.
const DETAIL_LINES: usize = 200;
/// How many places of a body are marked.
const MARKS: usize = 50;

#[derive(Serialize)]
pub(super) struct CaseView {
    id: String,
    title: String,
    place: String,
    verdict: &'static str,
    label: &'static str,
    duration: String,
    is_open: bool,
    reason: Option<String>,
    known: Vec<String>,
    requirements: Vec<String>,
    rerun: String,
    problems: Vec<ProblemView>,
    steps: Vec<StepView>,
}

#[derive(Serialize)]
struct ProblemView {
    label: &'static str,
    verdict: &'static str,
    place: Option<String>,
    message: String,
    rule: Option<RuleView>,
    excerpt: Option<String>,
    expected: Option<String>,
    found: Option<String>,
    details: Vec<String>,
    more_details: usize,
    diff: Vec<DiffLine>,
    more_diff: usize,
    repetition: Option<String>,
    judgement: Option<String>,
    mend: Option<String>,
    replacement: Option<String>,
    curl: Option<String>,
}

#[derive(Serialize)]
struct RuleView {
    id: String,
    level: &'static str,
    statement: Option<String>,
    place: Option<String>,
    url: Option<String>,
    reading: Option<&'static str>,
}

#[derive(Serialize)]
struct DiffLine {
    class: &'static str,
    /// What it shares with the line that it replaces, what differs, what it shares again.
    parts: [String; 3],
}

#[derive(Serialize)]
struct StepView {
    name: String,
    title: String,
    note: Option<String>,
    verdict: &'static str,
    label: &'static str,
    reason: Option<String>,
    duration: String,
    findings: String,
    open: bool,
    exchanges: Vec<ExchangeView>,
}

#[derive(Serialize)]
struct ExchangeView {
    line: String,
    request: MessageView,
    /// `None` where the answer was lost.
    response: Option<MessageView>,
    status: Option<u16>,
    lost: Option<String>,
    timing: String,
    curl: String,
}

#[derive(Serialize)]
struct MessageView {
    first: String,
    is_first_marked: bool,
    /// Name, value, and whether a finding is about it.
    headers: Vec<(String, String, bool)>,
    body: Value,
    note: Option<String>,
}

impl CaseView {
    /// The view of a case, folded or open.
    pub fn of(case: &CaseResult, rules: &Rules<'_>, overview: &Overview<'_>, with_bodies: bool, is_open: bool) -> Self {
        let problems = Problem::of_case(case);
        let is_shown = |step: &StepResult| {
            let pointed = |problem: &Problem<'_>| problem.step.is_some_and(|shown| std::ptr::eq(shown, step));
            problems.iter().any(pointed)
        };
        Self {
            rerun: format!(
                "fhir-assay run {} --case {}",
                clean(&quoted(&overview.result.target.base)),
                clean(&quoted(case.id.as_str()))
            ),
            is_open,
            id: clean(case.id.as_str()).into_owned(),
            title: line(&case.title, LINE).into_owned(),
            place: format!("{}:{}", clean(&case.site.file), case.site.line),
            verdict: case.verdict.name(),
            label: case.verdict.label(),
            duration: duration(case.duration_us),
            reason: case.reason.as_ref().map(|reason| line(&reason.text, LINE).into_owned()),
            known: case.known.iter().map(known::words).collect(),
            requirements: case
                .requirements
                .iter()
                .map(|id| clean(id.as_str()).into_owned())
                .collect(),
            steps: case
                .steps
                .iter()
                .map(|step| StepView::of(step, is_shown(step), with_bodies))
                .collect(),
            problems: problem_views(&problems, rules),
        }
    }
}

/// Problems that one request shows in a row share its command; it stands under the last of them.
fn problem_views(problems: &[Problem<'_>], rules: &Rules<'_>) -> Vec<ProblemView> {
    let view = |(index, problem): (usize, &Problem<'_>)| {
        let mut view = ProblemView::of(problem, rules);
        let next = problems.get(index + 1).and_then(|next| next.request);
        if next.is_some_and(|next| problem.request.is_some_and(|mine| std::ptr::eq(mine, next))) {
            view.curl = None;
        }
        view
    };
    problems.iter().enumerate().map(view).collect()
}

impl ProblemView {
    fn of(problem: &Problem<'_>, rules: &Rules<'_>) -> Self {
        let mismatch = problem.mismatch;
        let owned = |text: &str| line(text, LINE).into_owned();
        let message = owned(problem.message);
        let diff = mismatch
            .and_then(|mismatch| mismatch.diff.as_deref())
            .unwrap_or_default();
        let details = mismatch.map_or(&[][..], |mismatch| &mismatch.details[..]);
        let mend = mismatch.and_then(|mismatch| mismatch.mend.as_ref());
        let (expected, found) = mismatch.map_or((None, None), contents);
        Self {
            label: label(problem.outcome),
            verdict: match problem.outcome {
                Outcome::Note => "note",
                outcome => outcome.verdict().name(),
            },
            place: problem
                .step
                .map(|step| format!("{}: {}", step_name(step), line(&step.title, 200))),
            rule: problem.rule.map(|rule| {
                let text = rules.get(rule.id.as_str());
                RuleView {
                    id: clean(rule.id.as_str()).into_owned(),
                    level: rule.level.name(),
                    statement: text.map(|text| owned(text.statement)),
                    place: text.map(|text| clean(&rules.place(text)).into_owned()),
                    url: text.and_then(|text| link(&text.url)).map(str::to_owned),
                    reading: text.and_then(|text| text.reading()),
                }
            }),
            excerpt: excerpt_of(mismatch, &message),
            expected: expected.map(owned),
            found: found.map(owned),
            details: details.iter().take(DETAIL_LINES).map(|text| owned(text)).collect(),
            more_details: details.len().saturating_sub(DETAIL_LINES),
            diff: diff_lines(diff),
            more_diff: diff.lines().count().saturating_sub(DIFF_LINES),
            repetition: problem.repetition(),
            judgement: mismatch.and_then(|mismatch| mismatch.judgement.as_deref()).map(owned),
            mend: mend.map(|mend| owned(&mend.text)),
            replacement: mend
                .filter(|_| !mismatch.is_some_and(is_mended))
                .and_then(Mend::unsaid)
                .map(|text| owned(&text)),
            curl: problem.request.map(|request| clean(&curl(request)).into_owned()),
            message,
        }
    }
}

/// The line of the suite, and the line of the body.
fn excerpt_of(mismatch: Option<&Mismatch>, message: &str) -> Option<String> {
    let Mismatch { site, excerpt, .. } = mismatch?;
    let body = |message: &str| excerpt.as_ref().map(|excerpt| draw_excerpt(excerpt, message));
    let drawn = match site {
        Some(site) => draw_site(site, message) + &body("").unwrap_or_default(),
        None => body(message)?,
    };
    Some(clean(&drawn).into_owned())
}

/// The lines of a diff; where one line takes the place of another, with what differs in them.
fn diff_lines(diff: &str) -> Vec<DiffLine> {
    let lines: Vec<_> = diff.lines().take(DIFF_LINES).map(|text| line(text, LINE)).collect();
    let is = |index: Option<usize>, sign: char| {
        index
            .and_then(|index| lines.get(index))
            .filter(|text| text.starts_with(sign) && !is_heading(text))
    };
    let view = |(index, text): (usize, &Cow<'_, str>)| {
        let (before, after) = (index.checked_sub(1), index + 1);
        // A pair is one line less and one more: in longer runs nobody knows which replaces which.
        let other = match text.as_bytes().first() {
            _ if is_heading(text) => None,
            Some(b'-') if is(before, '-').is_none() && is(Some(after + 1), '+').is_none() => is(Some(after), '+'),
            Some(b'+') if is(Some(after), '+').is_none() && is(index.checked_sub(2), '-').is_none() => is(before, '-'),
            _ => None,
        };
        DiffLine::of(text, other.map(AsRef::as_ref))
    };
    lines.iter().enumerate().map(view).collect()
}

/// The lines of a diff that name what is compared.
fn is_heading(text: &str) -> bool {
    text.starts_with("--- ") || text.starts_with("+++ ")
}

impl DiffLine {
    fn of(text: &str, other: Option<&str>) -> Self {
        let class = match text.as_bytes().first() {
            _ if is_heading(text) => "hunk",
            Some(b'-') => "minus",
            Some(b'+') => "plus",
            Some(b'@') => "hunk",
            _ => "same",
        };
        let Some(other) = other else {
            return Self {
                class,
                parts: [text.to_owned(), String::new(), String::new()],
            };
        };
        // The sign stands before both and differs.
        let same = |pair: &(char, char)| pair.0 == pair.1;
        let begin = text.chars().zip(other.chars()).skip(1).take_while(same).count() + 1;
        let room = text.chars().count().min(other.chars().count()) - begin;
        let end = text
            .chars()
            .rev()
            .zip(other.chars().rev())
            .take(room)
            .take_while(same)
            .count();
        let all = text.chars().count();
        let part = |from: usize, to: usize| text.chars().skip(from).take(to - from).collect::<String>();
        Self {
            class,
            parts: [part(0, begin), part(begin, all - end), part(all - end, all)],
        }
    }
}

impl StepView {
    fn of(step: &StepResult, is_shown: bool, with_bodies: bool) -> Self {
        let asked = step.findings.len();
        let held = step
            .findings
            .iter()
            .filter(|finding| finding.outcome.verdict() == Verdict::Pass)
            .count();
        let findings = match (asked, step.audited.len()) {
            (0, 0) => String::new(),
            (0, audited) => format!("{audited} audited"),
            (_, 0) => format!("{held} of {asked} hold"),
            (_, audited) => format!("{held} of {asked} hold, {audited} audited"),
        };
        let mut exchanges: Vec<_> = step
            .exchanges
            .iter()
            .enumerate()
            .map(|(index, it)| ExchangeView::of(it, &Marks::of(step, index), with_bodies))
            .collect();
        if let Some(lost) = &step.lost {
            exchanges.push(ExchangeView {
                line: request_line(&lost.request),
                request: MessageView::of_request(&lost.request, with_bodies),
                response: None,
                status: None,
                lost: Some(line(&lost.error, LINE).into_owned()),
                timing: String::new(),
                curl: clean(&curl(&lost.request)).into_owned(),
            });
        }
        Self {
            name: match step.phase {
                Phase::Steps => step.number.to_string(),
                Phase::Setup | Phase::Cleanup => step_name(step).replace("step ", ""),
            },
            title: line(&step.title, LINE).into_owned(),
            note: step.note.as_deref().map(|note| line(note, LINE).into_owned()),
            verdict: step.verdict.name(),
            label: step.verdict.label(),
            reason: step.reason.as_ref().map(|reason| line(&reason.text, LINE).into_owned()),
            duration: duration(step.duration_us),
            findings,
            open: is_shown,
            exchanges,
        }
    }
}

/// The parts of an answer that findings are about.
#[derive(Default)]
struct Marks<'a> {
    status: bool,
    headers: Vec<&'a str>,
    pointers: Vec<&'a str>,
}

impl<'a> Marks<'a> {
    fn of(step: &'a StepResult, exchange: usize) -> Self {
        let mut marks = Self::default();
        let mismatches = step
            .findings
            .iter()
            .filter(|finding| finding.outcome > Outcome::Note)
            .filter_map(|finding| finding.mismatch.as_deref())
            .filter(|mismatch| mismatch.exchange as usize == exchange);
        for mismatch in mismatches {
            match &mismatch.part {
                Part::Status => marks.status = true,
                Part::Header(name) => marks.headers.push(name),
                Part::Body(pointer) if !pointer.is_empty() && marks.pointers.len() < MARKS => {
                    marks.pointers.push(pointer);
                }
                Part::Body(_) | Part::Variables => {}
            }
        }
        marks
    }
}

impl ExchangeView {
    fn of(exchange: &Exchange, marks: &Marks<'_>, with_bodies: bool) -> Self {
        let response = &exchange.response;
        let timing = &exchange.timing;
        let mut text = format!(
            "first byte {}, whole {}",
            duration(timing.first_byte_us),
            duration(timing.total_us)
        );
        if timing.attempts > 1 {
            text += &format!(", sent {} times", timing.attempts);
        }
        Self {
            line: request_line(&exchange.request),
            request: MessageView::of_request(&exchange.request, with_bodies),
            response: Some(MessageView::of(
                format!("{} {}", line(&response.version, 20), response.status),
                &response.headers,
                &response.body,
                marks,
                with_bodies,
            )),
            status: Some(response.status),
            lost: None,
            timing: text,
            curl: clean(&curl(&exchange.request)).into_owned(),
        }
    }
}

impl MessageView {
    fn of_request(request: &Request, with_bodies: bool) -> Self {
        let first = format!("{} {}", line(&request.method, 40), line(&request.url, 2000));
        Self::of(first, &request.headers, &request.body, &Marks::default(), with_bodies)
    }

    fn of(first: String, headers: &Headers, body: &Body, marks: &Marks<'_>, with_bodies: bool) -> Self {
        let shown = if with_bodies || body.is_empty() {
            body::show(body, &marks.pointers)
        } else {
            body::Shown {
                html: String::new(),
                note: Some(format!(
                    "{}, left out: this page is long enough; the JSON report has it",
                    size(body.len())
                )),
            }
        };
        Self {
            first,
            is_first_marked: marks.status,
            headers: headers
                .iter()
                .map(|(name, value)| {
                    let is_marked = marks.headers.iter().any(|marked| marked.eq_ignore_ascii_case(name));
                    (line(name, 200).into_owned(), line(value, 2000).into_owned(), is_marked)
                })
                .collect(),
            body: Value::from_safe_string(shown.html),
            note: shown.note,
        }
    }
}
