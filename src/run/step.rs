//! One step: render, perform, capture, check.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::capture;
use super::case::CaseRun;
use super::render;
use crate::check::{self, Doubt, Reading, Turn, always, deviation};
use crate::exchange::{Exchange, Request};
use crate::fhir::Interaction;
use crate::requirement::RequirementId;
use crate::suite::{Action, Repetition, Step, Variables};
use crate::transport::TransportError;
use crate::verdict::{Finding, Lost, Outcome, Phase, Reason, ReasonKind, StepResult, Verdict};

/// What a step means for those after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// They can go on.
    None,
    /// They cannot be judged, for this reason, unless they are marked `regardless`.
    Blocks(String),
    /// The case does not apply to this server, for this reason.
    Inapplicable(String),
    /// The case cannot be judged at all, for this reason.
    Breaks(Reason),
}

/// A step while it goes on.
struct Doing {
    findings: Vec<Finding>,
    audited: Vec<RequirementId>,
    exchanges: Vec<Exchange>,
    lost: Option<Box<Lost>>,
    reason: Option<Reason>,
    effect: Effect,
    /// The first request of those that follow links, as it was made: what an exchange keeps of it has its secrets masked.
    first: Option<Request>,
}

/// Performs and judges a step of a case.
pub async fn run(run: &mut CaseRun<'_>, phase: Phase, number: u32, step: &Step) -> (StepResult, Effect) {
    let begin = Instant::now();
    let mut doing = Doing {
        findings: Vec::new(),
        audited: Vec::new(),
        exchanges: Vec::new(),
        lost: None,
        reason: None,
        effect: Effect::None,
        first: None,
    };
    if run.may_run(phase, step, &mut doing.reason) {
        run.sender.begin(phase.into(), number);
        if let Some(pause) = step.wait.filter(|_| run.sender.is_live()) {
            // A stop ends the pause; the step after it is not begun.
            let _ = run.world.stop.or(tokio::time::sleep(pause)).await;
        }
        doing.perform_all(run, phase, number, step).await;
    }
    let title = title(
        run,
        step,
        doing
            .exchanges
            .first()
            .map(|exchange| &exchange.request)
            .or(doing.lost.as_ref().map(|lost| &lost.request)),
    );
    let result = StepResult {
        phase,
        number,
        title,
        note: step.note.clone(),
        line: run.planned.case.source.line_at(step.span.start as usize).number,
        verdict: doing.verdict(phase),
        reason: doing.reason,
        findings: doing.findings,
        audited: doing.audited.into(),
        exchanges: doing.exchanges,
        lost: doing.lost,
        duration_us: u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX),
    };
    (result, doing.effect)
}

/// What a step does, in words: the interaction and the URL after the base.
fn title(run: &CaseRun<'_>, step: &Step, request: Option<&Request>) -> String {
    let base = &*run.world.target.base;
    let shown = |url: &str| {
        let rest = url.strip_prefix(base).unwrap_or(url);
        let rest = rest.trim_start_matches('/');
        if rest.is_empty() {
            "[base]".to_owned()
        } else {
            rest.to_owned()
        }
    };
    match (&step.action, request) {
        (Action::Assert, _) => "assert".to_owned(),
        (Action::Interaction { interaction, .. }, Some(request)) => {
            format!("{} {}", word(*interaction), shown(&request.url))
        }
        (Action::Request { .. }, Some(request)) => format!("{} {}", request.method, shown(&request.url)),
        (Action::Interaction { interaction, url }, None) => {
            format!("{} {}", word(*interaction), run.planned.case.source.slice(url.span))
        }
        (Action::Request { method, url }, None) => format!("{method} {}", run.planned.case.source.slice(url.span)),
    }
}

/// The key of a step that stands for an interaction.
const fn word(interaction: Interaction) -> &'static str {
    match interaction {
        Interaction::HistoryInstance | Interaction::HistoryType | Interaction::HistorySystem => "history",
        Interaction::SearchType | Interaction::SearchSystem => "search",
        Interaction::DeleteHistory | Interaction::DeleteHistoryVersion => "delete",
        other => other.code(),
    }
}

impl Doing {
    fn verdict(&self, phase: Phase) -> Verdict {
        if phase == Phase::Cleanup {
            return Verdict::Skip;
        }
        match &self.reason {
            Some(reason) => match reason.kind {
                ReasonKind::Blocked | ReasonKind::Condition | ReasonKind::Stopped | ReasonKind::Unrecorded => {
                    Verdict::Skip
                }
                ReasonKind::Assumption => Verdict::Inapplicable,
                _ => Verdict::Error,
            },
            None => {
                Verdict::roll_up(self.findings.iter().map(|finding| finding.outcome.verdict())).unwrap_or(Verdict::Pass)
            }
        }
    }

    fn breaks(&mut self, kind: ReasonKind, text: String) {
        let reason = Reason { kind, text };
        self.reason = Some(reason.clone());
        self.effect = Effect::Breaks(reason);
    }

    async fn perform_all(&mut self, run: &mut CaseRun<'_>, phase: Phase, number: u32, step: &Step) {
        if step.action == Action::Assert {
            self.findings = check::check_assert(step, &run.context());
            return;
        }
        match step.repetition.as_deref() {
            None => {
                self.perform(run, phase, number, step, None, false).await;
            }
            Some(Repetition::Times(times)) => {
                run.start_loop(step, number);
                for count in 1..=*times {
                    run.variables.set("n", count);
                    if self.perform(run, phase, number, step, None, true).await.is_none() {
                        break;
                    }
                }
            }
            Some(Repetition::ForEach { variable, values }) => {
                let values = match check::evaluate(values, None, &run.context()) {
                    Ok(values) => values,
                    Err(message) => return self.breaks(ReasonKind::Setup, message),
                };
                run.start_loop(step, number);
                for (index, value) in values.into_iter().enumerate() {
                    run.variables.set("n", index + 1);
                    run.variables.set(variable.value.clone(), value);
                    if self.perform(run, phase, number, step, None, true).await.is_none() {
                        break;
                    }
                }
            }
            Some(Repetition::Follow { link, at_most }) => {
                let release = run.context().release;
                run.start_loop(step, number);
                let mut next = None;
                for count in 1..=*at_most {
                    run.variables.set("n", count);
                    let Some(exchange) = self.perform(run, phase, number, step, next.take(), true).await else {
                        break;
                    };
                    // Pages in XML have links, too.
                    let url = {
                        let reading = Reading::new(exchange, release);
                        let bundle = reading.resource();
                        bundle.and_then(|bundle| capture::link(bundle, link)).map(str::to_owned)
                    };
                    match url.zip(self.first.as_ref()) {
                        Some((url, first)) => next = Some(render::follow(&url, first)),
                        None => break,
                    }
                }
            }
        }
        if step.repetition.is_some() {
            run.variables.remove("n");
        }
    }

    /// One request and its judgement. `None` ends a loop: nothing more can be judged.
    async fn perform(
        &mut self,
        run: &mut CaseRun<'_>,
        phase: Phase,
        number: u32,
        step: &Step,
        prepared: Option<Request>,
        in_loop: bool,
    ) -> Option<&Exchange> {
        let request = match prepared.map_or_else(|| render::request(step, run.scene()), Ok) {
            Ok(request) => request,
            Err(error) => {
                match error.missing_variable() {
                    Some(missing) if phase != Phase::Setup => {
                        let text = run.cause_of(missing);
                        self.reason = Some(Reason {
                            kind: ReasonKind::Blocked,
                            text: text.clone(),
                        });
                        if writes(step) {
                            self.effect = Effect::Blocks(text);
                        }
                    }
                    _ => self.breaks(ReasonKind::Setup, error.to_string()),
                }
                return None;
            }
        };
        if matches!(step.repetition.as_deref(), Some(Repetition::Follow { .. })) {
            self.first.get_or_insert_with(|| request.clone());
        }
        let before = run.world.registry.len_of(run.index);
        let sent = match step.eventually {
            None => run.send(step, request.clone()).await,
            Some(patience) => {
                let patience = run.world.patience.map_or(patience, |most| most.min(patience));
                run.send_until(step, &request, patience).await
            }
        };
        let exchange = match sent {
            Some(Ok(exchange)) => exchange,
            Some(Err(error)) => {
                self.lose(run, phase, step, request, &error).await;
                return None;
            }
            None => {
                self.reason = Some(run.stopped());
                return None;
            }
        };
        run.world
            .registry
            .watch(run.index, &run.world.target.base, &exchange, |id| run.is_ours(id));
        if step.keep {
            run.world.registry.keep(run.index, before);
        }
        let index = u32::try_from(self.exchanges.len()).unwrap_or(u32::MAX);
        self.judge(run, phase, number, step, &exchange, index, in_loop);
        self.exchanges.reserve_exact(1);
        self.exchanges.push(exchange);
        if matches!(self.effect, Effect::None) {
            self.exchanges.last()
        } else {
            None
        }
    }

    async fn lose(&mut self, run: &CaseRun<'_>, phase: Phase, step: &Step, request: Request, error: &TransportError) {
        let request = run.sender.identified(&request).unwrap_or(request);
        if !error.is_unsent() {
            run.world
                .registry
                .watch_lost(run.index, &run.world.target.base, &request);
        }
        if matches!(error, TransportError::NotShown(_)) {
            return self.not_shown(step, phase, request, error);
        }
        run.world.check_outage(error, &run.sender).await;
        let ended = match error {
            TransportError::RecordingEnds(why) => Some(why.clone()),
            _ => run.world.stop.reason(),
        };
        match ended {
            Some(text) => self.breaks(ReasonKind::Stopped, text),
            None => self.breaks(ReasonKind::Transport, error.to_string()),
        }
        self.lost = Some(Box::new(Lost {
            request,
            error: error.to_string(),
        }));
    }

    /// A document does not show what became of this request: that is no fault of the server, and nothing is judged. Reads
    /// stop only what needs their captures, as always.
    fn not_shown(&mut self, step: &Step, phase: Phase, request: Request, error: &TransportError) {
        let reason = Reason {
            kind: ReasonKind::Unrecorded,
            text: error.to_string(),
        };
        if phase == Phase::Setup {
            self.effect = Effect::Breaks(reason.clone());
        } else if writes(step) {
            self.effect = Effect::Blocks(reason.text.clone());
        }
        self.lost = Some(Box::new(Lost {
            request,
            error: reason.text.clone(),
        }));
        self.reason = Some(reason);
    }

    #[allow(clippy::too_many_arguments)]
    fn judge(
        &mut self,
        run: &mut CaseRun<'_>,
        phase: Phase,
        number: u32,
        step: &Step,
        exchange: &Exchange,
        index: u32,
        in_loop: bool,
    ) {
        let reading = Reading::new(exchange, run.context().release);
        run.remember_version(exchange, &reading);
        for capture in &step.capture {
            match capture::capture(capture, exchange, &reading, &run.context()) {
                Ok(values) => run.captured(&capture.name, values, number, in_loop),
                Err(message) => {
                    return self.breaks(
                        ReasonKind::Setup,
                        format!("capture `{}`: {message}", capture.name.value),
                    );
                }
            }
        }
        let cx = run.context();
        let status = exchange.response.status;
        let turn = check::turn(step, status, &cx);
        if phase == Phase::Steps {
            let mut audit = always::audit(step, index, &reading, &cx);
            deviation::settle(&mut audit.broken, &reading, &cx);
            self.findings.extend(audit.broken);
            if !audit.unchecked.is_empty() {
                let mut known = run.world.unchecked.borrow_mut();
                audit
                    .unchecked
                    .into_iter()
                    .for_each(|one| *known.entry(one).or_default() += 1);
            }
            for id in audit.held {
                if !self.audited.contains(&id) {
                    self.audited.push(id);
                }
            }
            // A server that was too busy to answer has not shown that it cannot.
            if let Some(assume) = &step.assume
                && !matches!(turn, Turn::Unjudged(_))
                && let Err(doubt) = check::assume(assume, &reading, &cx)
            {
                let text = match doubt {
                    Doubt::Refuted(why) => format!("{} ({why})", assume.because),
                    // Nobody knows whether the case applies.
                    Doubt::Unjudged(why) => return self.breaks(ReasonKind::Unjudged, why),
                };
                self.reason = Some(Reason {
                    kind: ReasonKind::Assumption,
                    text: text.clone(),
                });
                self.effect = Effect::Inapplicable(text);
                return;
            }
            let mut findings = check::check(step, index, &reading, &cx);
            deviation::settle(&mut findings, &reading, &cx);
            self.findings.extend(findings);
        }
        let name = || {
            format!(
                "step {number} ({} {})",
                exchange.request.method,
                short(&exchange.request.url, &run.world.target.base)
            )
        };
        match (phase, turn) {
            (Phase::Cleanup, _) => {}
            (Phase::Setup, _) if !(200..300).contains(&status) => {
                self.breaks(ReasonKind::Setup, format!("setup {} was answered {status}", name()));
            }
            (Phase::Setup, _) => {
                let missing = step
                    .capture
                    .iter()
                    .find(|capture| run.variables.get(&capture.name).is_none_or(<[Value]>::is_empty));
                if let Some(capture) = missing {
                    self.breaks(
                        ReasonKind::Setup,
                        format!("setup {} did not yield `{}`", name(), capture.name.value),
                    );
                }
            }
            (Phase::Steps, Turn::AsExpected) => {}
            (Phase::Steps, Turn::Unjudged(why)) => {
                let text = format!("{} was answered {status}: {why}", name());
                self.reason = Some(Reason {
                    kind: ReasonKind::Unjudged,
                    text: text.clone(),
                });
                if writes(step) || step.expect.is_empty() {
                    self.effect = Effect::Blocks(text);
                }
            }
            (Phase::Steps, Turn::Refused) if step.expect.is_empty() && step.assume.is_none() => {
                let text = format!("{} was answered {status}", name());
                self.reason = Some(Reason {
                    kind: ReasonKind::Setup,
                    text: text.clone(),
                });
                self.effect = Effect::Blocks(text);
            }
            (Phase::Steps, Turn::Refused) if writes(step) => {
                self.effect = Effect::Blocks(format!("{} was refused with {status}", name()));
            }
            (Phase::Steps, Turn::Accepted) if writes(step) => {
                self.effect = Effect::Blocks(format!("{} was accepted with {status} instead of refused", name()));
            }
            (Phase::Steps, Turn::Refused | Turn::Accepted) => {}
        }
    }
}

fn short<'a>(url: &'a str, base: &str) -> &'a str {
    url.strip_prefix(base).map_or(url, |rest| rest.trim_start_matches('/'))
}

/// Whether a success of the step changes what the server stores.
#[must_use]
pub fn writes(step: &Step) -> bool {
    match &step.action {
        Action::Interaction { interaction, .. } => interaction.writes(),
        Action::Request { method, .. } => matches!(method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE"),
        Action::Assert => false,
    }
}

/// Whether an answer would pass: for `eventually`, which asks until it does.
#[must_use]
pub fn would_pass(step: &Step, exchange: &Exchange, run: &CaseRun<'_>) -> bool {
    let reading = Reading::new(exchange, run.context().release);
    // Expectations may speak of what this very answer yields.
    let mut variables: Variables = run.variables.clone();
    for capture in &step.capture {
        match capture::capture(capture, exchange, &reading, &run.context()) {
            Ok(values) => variables.set_all(capture.name.value.clone(), values),
            Err(_) => return false,
        }
    }
    let cx = check::Context {
        variables: &variables,
        ..run.context()
    };
    let holds = |finding: &Finding| matches!(finding.outcome, Outcome::Pass | Outcome::Note);
    let mut findings = check::check(step, 0, &reading, &cx);
    deviation::settle(&mut findings, &reading, &cx);
    findings.iter().all(holds)
        && step
            .assume
            .as_ref()
            .is_none_or(|assume| check::assume(assume, &reading, &cx).is_ok())
        && !matches!(
            check::turn(step, exchange.response.status, &cx),
            Turn::Refused | Turn::Unjudged(_)
        )
}

/// The pauses of `eventually`: short at first, a second at most.
pub fn pauses() -> impl Iterator<Item = Duration> {
    (0..).map(|round: u32| Duration::from_millis((50 * u64::from(2_u32.pow(round.min(5)))).min(1000)))
}
