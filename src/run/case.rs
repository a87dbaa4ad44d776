//! One case: setup, steps, clean-up.

use std::collections::HashMap;
use std::time::Instant;

use serde_json::Value;

use super::Sender;
use super::render::Scene;
use super::step::{self, Effect};
use super::world::{World, mix};
use crate::check::{Context, Reading};
use crate::exchange::Exchange;
use crate::fhir::Interaction;
use crate::plan::PlannedCase;
use crate::suite::variables::NoText;
use crate::suite::{Action, Step, Variables};
use crate::transport::Stage;
use crate::verdict::{CaseResult, Phase, Reason, ReasonKind, StepResult, Verdict};

/// A case while it goes on.
pub struct CaseRun<'a> {
    /// What all cases share.
    pub world: &'a World<'a>,
    /// The case.
    pub planned: &'a PlannedCase,
    /// Its number in the plan.
    pub index: usize,
    /// How it sends.
    pub sender: Sender<'a>,
    /// What it knows.
    pub variables: Variables,
    /// The step that captured, or should have captured, a variable.
    captured_by: HashMap<String, u32>,
    /// The last version id seen of each instance, for servers that demand If-Match.
    pub(super) versions: HashMap<String, String>,
    /// Why later steps cannot be judged.
    blocked: Option<String>,
    /// Whether there is a step that such a version could be for.
    updates: bool,
    /// What marks ids that this case made up.
    marks: [String; 2],
}

/// Runs a case and deletes what it created.
pub async fn run(world: &World<'_>, planned: &PlannedCase, index: usize) -> CaseResult {
    let started_us = world.elapsed_us();
    let begin = Instant::now();
    let mut run = CaseRun::new(world, planned, index);
    let case = &planned.case;
    let mut steps: Vec<StepResult> = Vec::with_capacity(case.setup.len() + case.steps.len() + case.cleanup.len());
    let mut ended: Option<Reason> = None;
    'phases: for (phase, list) in [(Phase::Setup, &case.setup), (Phase::Steps, &case.steps)] {
        for (number, step) in (1..).zip(list) {
            let (result, effect) = step::run(&mut run, phase, number, step).await;
            steps.push(result);
            match effect {
                Effect::None => {}
                Effect::Blocks(text) => {
                    run.blocked.get_or_insert(text);
                }
                Effect::Inapplicable(text) => {
                    ended = Some(Reason {
                        kind: ReasonKind::Assumption,
                        text,
                    });
                    break 'phases;
                }
                Effect::Breaks(reason) => {
                    ended = Some(reason);
                    break 'phases;
                }
            }
        }
    }
    if !case.keep && world.cleanup {
        for (number, step) in (1..).zip(&case.cleanup) {
            let (result, _) = step::run(&mut run, Phase::Cleanup, number, step).await;
            steps.push(result);
        }
    }
    if case.keep {
        world.registry.keep(index, 0);
    } else if world.cleanup && world.stop.reason().is_none() {
        run.sender.begin(Stage::Deletion, 0);
        world
            .registry
            .delete(Some(index), &run.sender, &world.target.base)
            .await;
    }
    let (verdict, reason) = conclude(&steps, ended, run.blocked);
    CaseResult {
        id: planned.id.clone(),
        title: case.title.clone(),
        site: case.source.site(case.id.span),
        requirements: planned.requirements.clone(),
        verdict,
        reason,
        started_us,
        duration_us: u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX),
        steps,
        known: Vec::new(),
    }
}

/// The verdict on a case, and why it was not judged, or not wholly.
fn conclude(steps: &[StepResult], ended: Option<Reason>, blocked: Option<String>) -> (Verdict, Option<Reason>) {
    // A step that asked nothing and went well says nothing about the server.
    let judged = steps
        .iter()
        .filter(|step| step.phase == Phase::Steps)
        .filter(|step| step.verdict != Verdict::Pass || !step.findings.is_empty())
        .map(|step| step.verdict);
    let rolled = Verdict::roll_up(judged);
    let broken = steps
        .iter()
        .find(|step| step.verdict == Verdict::Error)
        .and_then(|step| step.reason.clone());
    let reason = ended.or(broken).or_else(|| {
        blocked.map(|text| Reason {
            kind: ReasonKind::Blocked,
            text,
        })
    });
    let by_reason = reason.as_ref().map(|reason| match reason.kind {
        ReasonKind::Assumption => Verdict::Inapplicable,
        ReasonKind::Blocked | ReasonKind::Condition | ReasonKind::Unrecorded => Verdict::Skip,
        ReasonKind::Stopped => Verdict::Skip,
        _ => Verdict::Error,
    });
    match Verdict::roll_up(rolled.into_iter().chain(by_reason)) {
        // Only steps that were left out, or none at all: nothing was judged, so nothing has passed.
        None | Some(Verdict::Skip) if reason.is_none() => {
            let condition = steps.iter().find_map(|step| step.reason.clone());
            let nothing = Reason {
                kind: ReasonKind::Condition,
                text: "no expectation of the case applied: none of their `if`s is true".into(),
            };
            (Verdict::Skip, Some(condition.unwrap_or(nothing)))
        }
        verdict => (verdict.unwrap_or(Verdict::Skip), reason),
    }
}

impl<'a> CaseRun<'a> {
    fn new(world: &'a World<'a>, planned: &'a PlannedCase, index: usize) -> Self {
        let salt = planned
            .id
            .as_str()
            .bytes()
            .fold(0_u64, |salt, byte| mix(salt, u64::from(byte)));
        let number = mix(world.marks, salt);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        bytes[8..].copy_from_slice(&mix(number, 1).to_be_bytes());
        let case_uuid = uuid::Builder::from_random_bytes(bytes).into_uuid().to_string();
        let case_tag = format!("{}-{:06x}", world.tag, number & 0xff_ffff);
        let mut variables = Variables::default();
        variables.set("base", &*world.target.base);
        variables.set("fhir.version", world.target.release.major_minor());
        variables.set("run.tag", world.tag.as_str());
        variables.set("case.tag", case_tag.as_str());
        variables.set("case.uuid", case_uuid.as_str());
        if let Some(resource_type) = &planned.resource_type {
            variables.set("type", resource_type.as_str());
        }
        for given in &planned.given {
            if let Some(value) = world.given.get(&given.name) {
                variables.give(given, value);
            }
        }
        for (name, template) in planned.case.variables.iter() {
            // A constant may speak of built-in variables and of constants above it; lint refuses all else.
            let text = variables.fill(template).unwrap_or_default();
            variables.set(name.clone(), text);
        }
        Self {
            world,
            planned,
            index,
            sender: Sender::new(
                world.transport,
                Some(planned.id.as_str().into()),
                world.request_ids.then(|| case_tag.clone()),
            ),
            variables,
            captured_by: HashMap::new(),
            versions: HashMap::new(),
            updates: [&planned.case.setup, &planned.case.steps, &planned.case.cleanup]
                .into_iter()
                .flatten()
                .any(is_free_update),
            blocked: None,
            marks: [case_tag, case_uuid],
        }
    }

    /// What a request is rendered with.
    #[must_use]
    pub fn scene(&self) -> Scene<'_> {
        Scene {
            case: &self.planned.case,
            variables: &self.variables,
            base: &self.world.target.base,
            release: self.world.target.release,
            tag: &self.world.tag,
            headers: self.world.system.as_deref().map_or(&[], |system| &system.headers),
        }
    }

    /// What a judge goes by.
    #[must_use]
    pub fn context(&self) -> Context<'_> {
        Context {
            release: self.world.target.release,
            catalogue: self.world.catalogue,
            case: &self.planned.case,
            variables: &self.variables,
            base: &self.world.target.base,
            profiles: &self.world.profiles,
            deviations: self.world.system.as_deref().map_or(&[], |system| &system.deviations),
        }
    }

    /// Whether a step can be performed; where not, `reason` says why.
    pub fn may_run(&self, phase: Phase, step: &Step, reason: &mut Option<Reason>) -> bool {
        let because = |kind, text: String| Some(Reason { kind, text });
        let in_cleanup = phase == Phase::Cleanup;
        *reason = if in_cleanup && self.missing_for(step).is_some() {
            // Nothing was made that it could tidy up.
            because(ReasonKind::Condition, "what it speaks of was never captured".into())
        } else if in_cleanup && step.condition.is_none() {
            None
        } else if !in_cleanup && self.world.stop.reason().is_some() {
            Some(self.stopped())
        } else if let Some(text) = self.blocked.as_ref().filter(|_| !in_cleanup && !step.regardless) {
            because(ReasonKind::Blocked, text.clone())
        } else if let Some(text) = self.missing_for(step) {
            because(ReasonKind::Blocked, text)
        } else {
            match step
                .condition
                .as_ref()
                .map(|condition| crate::check::condition(condition, None, &self.context()))
            {
                None | Some(Ok(true)) => None,
                Some(Ok(false)) => {
                    let condition = step.condition.as_ref().map_or("", |condition| &condition.text.value);
                    because(ReasonKind::Condition, format!("its `if` is not true: {condition}"))
                }
                Some(Err(message)) => because(ReasonKind::Setup, format!("its `if` cannot be evaluated: {message}")),
            }
        };
        reason.is_none()
    }

    /// Why the run goes on no more.
    #[must_use]
    pub fn stopped(&self) -> Reason {
        Reason {
            kind: ReasonKind::Stopped,
            text: self.world.stop.reason().unwrap_or_else(|| "the run was stopped".into()),
        }
    }

    /// Whether an id was made up by this case, so that what carries it is ours to delete.
    #[must_use]
    pub fn is_ours(&self, id: &str) -> bool {
        self.marks.iter().any(|mark| id.contains(mark.as_str()))
    }

    /// Keeps captured values; in a loop they add up.
    pub fn captured(&mut self, name: &str, values: Vec<Value>, number: u32, in_loop: bool) {
        self.captured_by.insert(name.to_owned(), number);
        if in_loop {
            self.variables.extend(name, values);
        } else {
            self.variables.set_all(name, values);
        }
    }

    /// Empties the variables that a loop will collect.
    pub fn start_loop(&mut self, step: &Step, number: u32) {
        for capture in &step.capture {
            self.captured_by.insert(capture.name.value.clone(), number);
            self.variables.set_all(capture.name.value.clone(), Vec::new());
        }
    }

    /// Why a variable has no text, and which step should have captured it.
    #[must_use]
    pub fn cause_of(&self, missing: &NoText) -> String {
        let name = match missing {
            NoText::Unset(name) | NoText::Empty(name) | NoText::Complex(name) | NoText::Many { name, .. } => name,
        };
        match self.captured_by.get(name) {
            Some(number) => format!("{missing} (step {number})"),
            None => missing.to_string(),
        }
    }

    /// A variable that the step's FHIRPaths speak of and that no step that was performed captured.
    fn missing_for(&self, step: &Step) -> Option<String> {
        let case = &self.planned.case;
        let unset = case
            .setup
            .iter()
            .chain(&case.steps)
            .flat_map(|step| &step.capture)
            .map(|capture| capture.name.value.as_str());
        let own = |name: &str| step.capture.iter().any(|capture| capture.name.value == name);
        let mut unset = unset
            .filter(|name| self.variables.get(name).is_none() && !own(name))
            .peekable();
        unset.peek()?;
        let texts: Vec<&str> = expressions(step).collect();
        unset
            .find(|name| texts.iter().any(|text| speaks_of(text, name)))
            .map(|name| format!("`{name}` was never captured: the step that does was not performed"))
    }

    /// Keeps the version of an instance in mind, for If-Match.
    pub fn remember_version(&mut self, exchange: &Exchange, reading: &Reading<'_>) {
        // An old version is not the one that an update has to name.
        if !self.updates || exchange.request.url.contains("/_history") {
            return;
        }
        let text = |pointer: &str| reading.resource()?.pointer(pointer).and_then(Value::as_str);
        let own = text("/resourceType").zip(text("/id")).zip(text("/meta/versionId"));
        let Some(((kind, id), version)) = own else {
            // No body, or one that speaks of something else, such as an OperationOutcome.
            if let Some(etag) = exchange.response.headers.get("etag")
                && (200..300).contains(&exchange.response.status)
            {
                let instance = crate::fhir::Location::parse(
                    exchange
                        .response
                        .headers
                        .get("location")
                        .unwrap_or(&exchange.request.url),
                    &exchange.request.url,
                );
                if let Some(instance) = instance {
                    self.versions.insert(instance.instance(), etag.to_owned());
                }
            }
            return;
        };
        self.versions.insert(format!("{kind}/{id}"), format!("W/\"{version}\""));
    }
}

/// Whether a step is an update or a patch that says nothing about If-Match.
pub(super) fn is_free_update(step: &Step) -> bool {
    let is_update = matches!(
        &step.action,
        Action::Interaction {
            interaction: Interaction::Update | Interaction::Patch,
            ..
        }
    );
    is_update
        && !step
            .headers
            .iter()
            .any(|line| line.name.eq_ignore_ascii_case("if-match") || line.name.eq_ignore_ascii_case("if-none-match"))
}

/// The texts of every FHIRPath in a step.
fn expressions(step: &Step) -> impl Iterator<Item = &str> {
    use crate::suite::{BodyMatcher, CaptureSource, PartialResponse, Repetition};
    fn in_body(response: &PartialResponse) -> impl Iterator<Item = &str> {
        response.body.iter().filter_map(|matcher| match &matcher.value {
            BodyMatcher::FhirPath(expression) => Some(expression.text.value.as_str()),
            _ => None,
        })
    }
    let expected = step.expect.iter().flat_map(|expectation| {
        let own = expectation
            .fhirpath
            .iter()
            .chain(expectation.condition.as_deref())
            .map(|path| path.text.value.as_str());
        own.chain(in_body(&expectation.response))
            .chain(expectation.any_of.iter().flat_map(in_body))
    });
    let captured = step
        .capture
        .iter()
        .flat_map(|capture| &capture.sources)
        .filter_map(|source| match source {
            CaptureSource::FhirPath(expression) => Some(expression.text.value.as_str()),
            _ => None,
        });
    let looped = step
        .repetition
        .as_deref()
        .into_iter()
        .filter_map(|repetition| match repetition {
            Repetition::ForEach { values, .. } => Some(values.text.value.as_str()),
            _ => None,
        });
    let assumed = step.assume.iter().flat_map(|assume| in_body(&assume.response));
    let condition = step.condition.iter().map(|path| path.text.value.as_str());
    expected.chain(captured).chain(looped).chain(assumed).chain(condition)
}

/// Whether a FHIRPath uses `%name`.
fn speaks_of(text: &str, name: &str) -> bool {
    text.match_indices('%').any(|(at, _)| {
        let rest = text[at + 1..].trim_start_matches('`');
        rest.strip_prefix(name).is_some_and(|rest| {
            !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_' || next == '-')
        })
    })
}
