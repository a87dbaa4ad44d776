//! Expectations: which of them are judged at all, and what their requirements make of it.

use super::judged::{Judged, mismatch};
use super::turn::{self, Classes};
use super::{Context, Reading, Unreadable, body, fhirpath, header, status};
use crate::requirement::Basis;
use crate::source::Span;
use crate::suite::assertion::AtMost;
use crate::suite::{Assertion, Assume, BodyMatcher, Expectation, PartialResponse, Step};
use crate::verdict::{Finding, Mismatch, Outcome, Part, Rule};

/// Judges one exchange of a step by everything that the step expects, under each requirement that is cited and holds in
/// the release under test. `exchange_index` counts the exchanges of the step from 0.
#[must_use]
pub fn check(step: &Step, exchange_index: u32, reading: &Reading<'_>, cx: &Context<'_>) -> Vec<Finding> {
    let mut findings = Findings::new(exchange_index, cx);
    let unjudged = turn::unjudged(step, reading.status(), cx.release);
    let live: Vec<_> = step
        .expect
        .iter()
        .filter_map(|expectation| Live::new(expectation, Some(reading), cx, &mut findings))
        .collect();
    let named = live
        .iter()
        .fold(Classes::default(), |named, live| named.or(live.classes));
    for live in &live {
        let expectation = live.expectation;
        if let Some(reason) = &unjudged {
            findings.record(live, expectation.span, Judged::unjudged(Part::Status, reason));
            continue;
        }
        let about = if live.classes == Classes::default() {
            named
        } else {
            live.classes
        };
        for (span, judged) in response(&expectation.response, about, reading, cx) {
            findings.record(live, span, judged);
        }
        if !expectation.any_of.is_empty() {
            let (span, judged) = any_of(&expectation.any_of, expectation.span, reading, cx);
            findings.record(live, span, judged);
        }
    }
    findings.list
}

/// Judges an `assert` step, which looks at variables only.
#[must_use]
pub fn check_assert(step: &Step, cx: &Context<'_>) -> Vec<Finding> {
    let mut findings = Findings::new(0, cx);
    for expectation in &step.expect {
        let Some(live) = Live::new(expectation, None, cx, &mut findings) else {
            continue;
        };
        for expression in &expectation.fhirpath {
            let judged = fhirpath::judge(expression, None, Part::Variables, cx);
            findings.record(&live, expression.text.span, judged);
        }
    }
    findings.list
}

/// Why an assumption cannot be relied on, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It does not hold.
    Refuted(String),
    /// It could not be looked at.
    Unjudged(String),
}

/// Whether an assumption holds.
///
/// # Errors
/// Why it does not, or why that could not be looked at. What is refuted is told before what could not be looked at.
pub fn assume(assume: &Assume, reading: &Reading<'_>, cx: &Context<'_>) -> Result<(), Doubt> {
    let mut blind = None;
    for (_, judged) in response(&assume.response, Classes::default(), reading, cx) {
        match judged {
            Judged::Holds | Judged::Tolerated(..) => {}
            Judged::LeftOut => return Err(Doubt::Refuted("what it is compared with was not found".to_owned())),
            Judged::Broken(mismatch) => return Err(Doubt::Refuted(mismatch.message)),
            Judged::Unjudged(mismatch) => blind = blind.or(Some(mismatch.message)),
        }
    }
    blind.map_or(Ok(()), |why| Err(Doubt::Unjudged(why)))
}

/// An expectation that is judged here and now.
struct Live<'a> {
    expectation: &'a Expectation,
    /// The cited requirements that hold in the release; never empty.
    rules: Vec<(Rule, Basis)>,
    /// The kinds of statuses that it asks for; none where it names no status.
    classes: Classes,
}

impl<'a> Live<'a> {
    /// `None` where the expectation is not of this release, none of its requirements is, or its `if` is not true. An `if` that
    /// cannot be evaluated is told as a finding.
    fn new(
        expectation: &'a Expectation,
        reading: Option<&Reading<'_>>,
        cx: &Context<'_>,
        findings: &mut Findings<'_>,
    ) -> Option<Self> {
        if !turn::is_of_release(expectation, cx.release) {
            return None;
        }
        let rules: Vec<_> = expectation
            .requirements
            .iter()
            .filter_map(|id| {
                let requirement = cx.catalogue.get(id.as_str())?;
                let level = requirement.level_in(cx.release)?;
                Some((Rule::new(requirement.id.clone(), level), requirement.basis))
            })
            .collect();
        if rules.is_empty() {
            return None;
        }
        let live = Self {
            expectation,
            rules,
            classes: Classes::of_expectation(expectation),
        };
        match &expectation.condition {
            None => Some(live),
            Some(condition) => match fhirpath::condition(condition, reading, cx) {
                Ok(holds) => holds.then_some(live),
                Err(reason) => {
                    let part = if reading.is_some() {
                        Part::Body(String::new())
                    } else {
                        Part::Variables
                    };
                    findings.record(&live, condition.text.span, Judged::unjudged(part, reason));
                    None
                }
            },
        }
    }
}

/// Judges a partial response, assertion by assertion.
///
/// `about` are the kinds of statuses that the expectation speaks of, where it names no status itself. An answer of another
/// kind says nothing about headers and body: they would blame the wrong rule.
fn response(asked: &PartialResponse, about: Classes, reading: &Reading<'_>, cx: &Context<'_>) -> Vec<(Span, Judged)> {
    let mut judged = Vec::new();
    let code = reading.status();
    let mut about = about;
    let mut status_holds = true;
    if let Some(matcher) = &asked.status {
        let judgement = status::judge(matcher, code);
        status_holds = !matches!(judgement, Judged::Broken(_));
        judged.push((matcher.span, judgement));
        about = Classes::asked_by(matcher);
    }
    let is_about_this = about == Classes::default() || about.hold(code);
    if !is_about_this {
        return judged;
    }
    // Without the status that is asked for, an answer that cannot have a body tells nothing about it.
    let has_no_body = matches!(code, 204 | 205 | 304) || reading.exchange().request.method == "HEAD";
    let skips_body = !status_holds && has_no_body;
    let mut is_unreadable = false;
    for assertion in asked.assertions() {
        match assertion {
            Assertion::Status(_) => {}
            Assertion::Header(name, matcher) => {
                judged.push((matcher.span, header::judge(name, matcher, reading, cx)));
            }
            Assertion::Body(matcher) => {
                if skips_body && !matches!(matcher.value, BodyMatcher::Empty(_)) {
                    continue;
                }
                // A body that cannot be read is told once.
                if body::needs_json(matcher)
                    && reading.json().is_err_and(|error| *error != Unreadable::Empty)
                    && std::mem::replace(&mut is_unreadable, true)
                {
                    continue;
                }
                judged.push((matcher.span, body::judge(matcher, reading, cx)));
            }
        }
    }
    judged
}

/// What is broken in an alternative, and where that stands.
type Faults = Vec<(Span, Box<Mismatch>)>;

/// Judges alternatives, of which one has to hold whole.
fn any_of(alternatives: &[PartialResponse], span: Span, reading: &Reading<'_>, cx: &Context<'_>) -> (Span, Judged) {
    let mut tolerated: Option<(Outcome, Box<Mismatch>)> = None;
    let mut unjudged = None;
    let mut is_open = false;
    let mut broken: Vec<(usize, Faults)> = Vec::new();
    for (index, alternative) in alternatives.iter().enumerate() {
        let judged = response(alternative, Classes::default(), reading, cx);
        let mut faults = Faults::new();
        let mut worst_tolerated: Option<(Outcome, Box<Mismatch>)> = None;
        let mut blind = None;
        let mut was_looked_at = false;
        for (place, judged) in judged {
            match judged {
                Judged::Holds => was_looked_at = true,
                Judged::Tolerated(outcome, mismatch) => {
                    was_looked_at = true;
                    if worst_tolerated.as_ref().is_none_or(|(known, _)| *known < outcome) {
                        worst_tolerated = Some((outcome, mismatch));
                    }
                }
                Judged::Broken(mismatch) => faults.push((place, mismatch)),
                Judged::Unjudged(mismatch) => blind = Some(mismatch),
                Judged::LeftOut => {}
            }
        }
        if !faults.is_empty() {
            broken.push((index, faults));
        } else if let Some(mismatch) = blind {
            unjudged = Some(mismatch);
        } else if let Some((outcome, mismatch)) = worst_tolerated {
            if tolerated.as_ref().is_none_or(|(known, _)| *known > outcome) {
                tolerated = Some((outcome, mismatch));
            }
        } else if was_looked_at {
            return (span, Judged::Holds);
        } else {
            is_open = true;
        }
    }
    if let Some((outcome, mismatch)) = tolerated {
        return (span, Judged::Tolerated(outcome, mismatch));
    }
    if let Some(mismatch) = unjudged {
        return (span, Judged::Unjudged(mismatch));
    }
    // An alternative of which nothing could be looked at may have held.
    if is_open {
        return (span, Judged::LeftOut);
    }
    closest(broken, alternatives.len()).map_or((span, Judged::LeftOut), |(place, mismatch)| {
        (place, Judged::Broken(mismatch))
    })
}

/// The alternative that came closest: its status holds, and the fewest of its assertions are broken.
fn closest(broken: Vec<(usize, Faults)>, count: usize) -> Option<(Span, Box<Mismatch>)> {
    let distance = |faults: &[(Span, Box<Mismatch>)]| {
        let is_off = faults.iter().any(|(_, fault)| fault.part == Part::Status);
        (is_off, faults.len())
    };
    let nearest = broken
        .iter()
        .min_by_key(|(_, faults)| distance(faults))
        .map(|(index, _)| *index)?;
    let mut others = Vec::new();
    let mut chosen = None;
    for (index, mut faults) in broken {
        if index == nearest {
            let (place, first) = faults.remove(0);
            others.splice(0..0, faults.into_iter().map(|(_, fault)| fault.message));
            chosen = Some((place, first));
        } else {
            let messages: Vec<_> = faults.into_iter().map(|(_, fault)| fault.message).collect();
            others.push(format!("alternative {}: {}", index + 1, messages.join("; ")));
        }
    }
    let (place, mut first) = chosen?;
    first.message = format!(
        "none of {count} alternatives holds; number {} came closest: {}",
        nearest + 1,
        first.message
    );
    first.details.extend(others);
    Some((place, first))
}

/// Findings as they are made.
struct Findings<'a> {
    list: Vec<Finding>,
    exchange: u32,
    cx: &'a Context<'a>,
}

impl<'a> Findings<'a> {
    const fn new(exchange: u32, cx: &'a Context<'a>) -> Self {
        Self {
            list: Vec::new(),
            exchange,
            cx,
        }
    }

    /// Makes a finding of each requirement.
    fn record(&mut self, live: &Live<'_>, span: Span, judged: Judged) {
        let expectation = live.expectation;
        for (rule, basis) in &live.rules {
            let of_broken = Outcome::of_broken(rule.level);
            let (outcome, mismatch, is_broken) = match &judged {
                Judged::LeftOut => return,
                Judged::Holds => {
                    self.list.push(Finding::pass(rule.clone()));
                    continue;
                }
                Judged::Tolerated(outcome, mismatch) => {
                    (capped((*outcome).min(of_broken), expectation.at_most), mismatch, false)
                }
                Judged::Broken(mismatch) => (capped(of_broken, expectation.at_most), mismatch, true),
                Judged::Unjudged(mismatch) => (Outcome::Unjudged, mismatch, false),
            };
            let mut told = mismatch.clone();
            told.site = Some(self.cx.case.source.site(span));
            told.exchange = self.exchange;
            told.judgement = judgement([
                told.judgement.as_deref(),
                expectation.because.as_deref(),
                is_broken.then(|| our_reading(*basis)).flatten(),
            ]);
            self.list.push(Finding {
                rule: rule.clone(),
                outcome,
                mismatch: Some(told),
            });
        }
    }
}

/// An outcome that is no worse than a ceiling.
pub(super) fn capped(outcome: Outcome, at_most: Option<AtMost>) -> Outcome {
    match at_most {
        None => outcome,
        Some(AtMost::Warning) => outcome.min(Outcome::Warning),
        Some(AtMost::Note) => outcome.min(Outcome::Note),
    }
}

/// What is said of a broken rule whose level is no word of the specification.
pub(super) const fn our_reading(basis: Basis) -> Option<&'static str> {
    match basis {
        Basis::Keyword => None,
        Basis::Lowercase => Some("the text has the word in lower case; the level is our reading"),
        Basis::Descriptive => Some("the text says so without SHALL or SHOULD; the level is our reading"),
        Basis::Table => Some("only the summary table says so; the level is our reading"),
        Basis::Documented => Some("the vendor documents it; the level is our reading"),
    }
}

/// Reasons in one text, each once.
pub(super) fn judgement(reasons: [Option<&str>; 3]) -> Option<String> {
    let mut told: Vec<&str> = Vec::new();
    for reason in reasons.into_iter().flatten() {
        if !told.contains(&reason) {
            told.push(reason);
        }
    }
    (!told.is_empty()).then(|| told.join("; "))
}

/// A mismatch of the whole body.
pub(super) fn of_body(message: impl Into<String>) -> Box<Mismatch> {
    mismatch(Part::Body(String::new()), message)
}

#[cfg(test)]
mod tests;
