//! Doing it: cases side by side, steps in order.

pub mod capture;
pub mod case;
pub mod cleanup;
mod entries;
mod find;
mod hide;
pub mod render;
mod send;
pub mod sender;
pub mod step;
pub mod world;

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::StreamExt;
use futures_util::stream;
use indexmap::IndexMap;

use crate::exchange::{Exchange, Headers};
use crate::fhir::profile::Profiles;
use crate::plan::{Plan, PlannedCase};
use crate::requirement::{Catalogue, RequirementId};
use crate::suite::{Case, CaseId, Suite};
use crate::system::System;
use crate::transport::auth::Secrets;
use crate::transport::{Target, Transport};
use crate::verdict::{
    CaseResult, DeviationInfo, Reason, ReasonKind, RunEvent, RunResult, SuiteResult, SystemInfo, ToolInfo, Verdict,
    coverage, result::FORMAT,
};

pub use cleanup::Registry;
pub use sender::Sender;
pub use world::{Stop, World};

/// How many bytes of a body are kept where bodies are kept at all.
pub const KEPT_BODY: usize = 64 * 1024;

/// How a plan is run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// How many cases are in flight at a time; at least 1.
    pub jobs: usize,
    /// From this number all made-up ids of the run come, and its tag. Two runs at one server need two numbers.
    pub marks: u64,
    /// The seed of the order in which cases begin; without one it is that of the plan, but for cases that pause: those begin
    /// first, so that the others run meanwhile.
    pub shuffle: Option<u64>,
    /// Cases that begin before all others: those that failed before, mostly.
    pub first: HashSet<CaseId>,
    /// Whether what the run created is deleted.
    pub cleanup: bool,
    /// Whether the run ends with its first Fail.
    pub fail_fast: bool,
    /// Whether bodies of passing cases stay in the result. They are in the `CaseFinished` events in any case.
    pub keep_bodies: bool,
    /// The longest that `eventually` asks again, where that is less than the step says; for servers that are known to be quick.
    pub patience: Option<Duration>,
    /// The profiles that bodies are judged by, beside the definitions of the release.
    pub profiles: Profiles,
    /// The documented API that is under test, where it is one.
    pub system: Option<Arc<System>>,
    /// Whether every request gets an X-Request-Id, so that it is found in the server's logs.
    pub request_ids: bool,
    /// Why the run that is replayed ended before its time, where it did.
    pub ended: Option<String>,
    /// What reports tell of the options, as name and value.
    pub told: IndexMap<String, String>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            jobs: 16,
            marks: 0,
            shuffle: None,
            first: HashSet::new(),
            cleanup: true,
            fail_fast: false,
            keep_bodies: true,
            patience: None,
            profiles: Profiles::default(),
            system: None,
            request_ids: true,
            ended: None,
            told: IndexMap::new(),
        }
    }
}

/// Runs plans against one server.
pub struct Runner<'a> {
    transport: &'a dyn Transport,
    target: &'a Target,
    catalogue: &'a Catalogue,
    options: RunOptions,
    stop: Stop,
    started: Instant,
}

impl<'a> Runner<'a> {
    /// A runner for a server.
    #[must_use]
    pub fn new(
        transport: &'a dyn Transport,
        target: &'a Target,
        catalogue: &'a Catalogue,
        options: RunOptions,
    ) -> Self {
        Self {
            transport,
            target,
            catalogue,
            options,
            stop: Stop::default(),
            started: Instant::now(),
        }
    }

    /// The same runner, counting time from `started`: that of the client, so that both clocks agree.
    #[must_use]
    pub fn since(mut self, started: Instant) -> Self {
        self.started = started;
        self
    }

    /// The way to end the run before its time.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// The tag that marks what the run creates.
    #[must_use]
    pub fn tag(&self) -> String {
        run_tag(self.options.marks)
    }

    /// The result before any case was run, without its suites and what follows from the cases. A journal begins with it.
    #[must_use]
    pub fn prospect(&self) -> RunResult {
        self.assemble(Vec::new(), crate::verdict::Cleanup::default())
    }

    /// The suites of the result before any case was run, one after the other: all that was left out, and nothing else.
    pub fn prospects<'p>(&'p self, plan: &'p Plan) -> impl Iterator<Item = SuiteResult> + 'p {
        plan.suites.iter().map(|planned| {
            let cases = planned.cases.iter();
            let cases = cases.map(|case| {
                case.left_out
                    .clone()
                    .map_or_else(|| self.unreached(case), |why| left_out(case, why))
            });
            SuiteResult {
                cases: cases.map(Arc::new).collect(),
                ..begun(&planned.suite)
            }
        })
    }

    /// Runs a plan. Every case of the plan comes in one `CaseFinished`, with its bodies. A case that is done is
    /// let go of, so that memory holds what is still to be run and what came of the rest, and not all of both.
    pub async fn run(&self, plan: Plan, on_event: impl FnMut(RunEvent)) -> RunResult {
        let on_event = std::cell::RefCell::new(on_event);
        let tell = |event| (on_event.borrow_mut())(event);
        let mut world = World {
            transport: self.transport,
            target: self.target,
            catalogue: self.catalogue,
            tag: self.tag(),
            marks: self.options.marks,
            given: plan.given.clone(),
            registry: Registry::new(&self.tag()),
            profiles: self.options.profiles.clone(),
            system: self.options.system.clone(),
            cleanup: self.options.cleanup,
            patience: self.options.patience,
            request_ids: self.options.request_ids,
            unchecked: std::cell::RefCell::default(),
            stop: self.stop.clone(),
            demands_if_match: std::cell::Cell::new(false),
            base_has_slash: std::cell::Cell::new(false),
            started: self.started,
        };
        let mut suites: Vec<(SuiteResult, usize)> = Vec::new();
        let mut all: Vec<PlannedCase> = Vec::with_capacity(plan.cases().count());
        for planned in plan.suites {
            suites.push((begun(&planned.suite), planned.cases.len()));
            all.extend(planned.cases);
        }
        let planned = all.iter().filter(|case| case.left_out.is_none()).count();
        tell(RunEvent::Started {
            planned,
            left_out: all.len() - planned,
            base: self.target.base.clone(),
        });
        let mut results: Vec<Option<Arc<CaseResult>>> = vec![None; all.len()];
        for (index, case) in all.iter().enumerate() {
            if let Some(reason) = &case.left_out {
                let result = Arc::new(left_out(case, reason.clone()));
                tell(RunEvent::CaseFinished(Arc::clone(&result)));
                results[index] = Some(result);
            }
        }
        tell(RunEvent::Waiting);
        let found = find::find(&world, &all).await;
        for (name, value) in found.values.iter() {
            world.given.set(name, value.clone());
        }
        let secrets = Secrets::default();
        for secret in plan.given.secrets().chain(found.values.secrets()) {
            secrets.learn(&secret);
            render::in_urls(&secret).iter().for_each(|form| secrets.learn(form));
        }
        {
            let (world, found) = (&world, &found);
            let mut order: Vec<usize> = (0..all.len()).filter(|index| all[*index].left_out.is_none()).collect();
            if let Some(seed) = self.options.shuffle {
                world::shuffle(&mut order, seed);
            } else {
                order.sort_by_key(|index| Reverse(pauses(&all[*index].case)));
            }
            order.sort_by_key(|index| !self.options.first.contains(&all[*index].id));
            let mut waiting: Vec<Option<PlannedCase>> = all.into_iter().map(Some).collect();
            let running = order
                .into_iter()
                .filter_map(|index| Some((index, waiting[index].take()?)));
            let running = running.map(|(index, case)| async move {
                tell(RunEvent::CaseStarted(case.id.clone()));
                let result = match found.missing_for(&case) {
                    Some(reason) => left_out(&case, reason),
                    None => case::run(world, &case, index).await,
                };
                (index, result)
            });
            let jobs = self.options.jobs.max(1);
            let mut alike = Alike::default();
            let mut finished = stream::iter(running).buffer_unordered(jobs).ready_chunks(jobs);
            while let Some(together) = finished.next().await {
                for (index, mut result) in together {
                    hide::hide(&mut result, &secrets);
                    let failed = result.verdict == Verdict::Fail;
                    let result = Arc::new(result);
                    tell(RunEvent::CaseFinished(Arc::clone(&result)));
                    results[index] = Some(self.kept(result, &mut alike));
                    if failed && self.options.fail_fast {
                        self.stop.ask("a case failed, and --fail-fast was asked for");
                    }
                }
                tell(RunEvent::Waiting);
            }
        }
        if self.options.cleanup && !world.registry.is_empty() {
            tell(RunEvent::Notice("deleting what the run created".into()));
            let ids = world.request_ids.then(|| format!("{}-000000", world.tag));
            let sender = Sender::new(self.transport, None, ids);
            world.registry.delete(None, &sender, &self.target.base).await;
        }
        if let Some(reason) = &self.options.ended {
            self.stop.ask(reason.clone());
        }
        let mut results = results.into_iter().flatten();
        for (suite, cases) in &mut suites {
            suite.cases = results.by_ref().take(*cases).collect();
        }
        let suites = suites.into_iter().map(|(suite, _)| suite).collect();
        let mut result = self.assemble(suites, world.registry.result());
        coverage::complete(&mut result, self.catalogue);
        let not_checked = crate::check::violation::not_checked(&world.unchecked.borrow());
        result.not_checked.extend(not_checked);
        result.options.extend(found.told());
        let result = Arc::new(result);
        tell(RunEvent::Finished(Arc::clone(&result)));
        Arc::unwrap_or_clone(result)
    }

    /// A case as the tree keeps it: without the bodies of what passed, with at most 64 KB of each other.
    fn kept(&self, mut result: Arc<CaseResult>, alike: &mut Alike) -> Arc<CaseResult> {
        let passed = matches!(result.verdict, Verdict::Pass | Verdict::Inapplicable | Verdict::Skip);
        let drop_all = passed && !self.options.keep_bodies;
        let case = Arc::make_mut(&mut result);
        case.steps.shrink_to_fit();
        for step in &mut case.steps {
            step.findings.shrink_to_fit();
            alike.share_rules(&mut step.audited);
        }
        for exchange in case.steps.iter_mut().flat_map(|step| &mut step.exchanges) {
            exchange.request.headers.shrink_to_fit();
            exchange.response.headers.shrink_to_fit();
            alike.share_headers(exchange);
            for body in [&mut exchange.request.body, &mut exchange.response.body] {
                if drop_all && !body.is_empty() {
                    *body = crate::exchange::Body::Elsewhere(body.len());
                } else {
                    *body = body.cut_to(KEPT_BODY);
                }
            }
        }
        result
    }

    /// What a case came to that the run did not reach.
    fn unreached(&self, case: &PlannedCase) -> CaseResult {
        let text = self.stop.reason().unwrap_or_else(|| "the run ended before".into());
        left_out(
            case,
            Reason {
                kind: ReasonKind::Stopped,
                text,
            },
        )
    }

    fn assemble(&self, suites: Vec<SuiteResult>, cleanup: crate::verdict::Cleanup) -> RunResult {
        let duration = self.started.elapsed().as_micros();
        RunResult {
            format: FORMAT,
            tool: ToolInfo {
                name: env!("CARGO_PKG_NAME").into(),
                version: env!("CARGO_PKG_VERSION").into(),
            },
            target: self.target.info(),
            system: self.options.system.as_deref().map(told),
            options: self.options.told.clone(),
            started: instant(SystemTime::now() - self.started.elapsed()),
            duration_us: u64::try_from(duration).unwrap_or(u64::MAX),
            verdict: Verdict::Skip,
            stopped: self.stop.reason(),
            suites,
            requirements: Vec::new(),
            cleanup,
            not_checked: Vec::new(),
            baseline: None,
        }
    }
}

/// What was kept last: much is the same each time, and then is kept once.
#[derive(Default)]
struct Alike {
    request: Headers,
    response: Headers,
    audited: Arc<[RequirementId]>,
}

impl Alike {
    fn share_rules(&mut self, audited: &mut Arc<[RequirementId]>) {
        if *audited == self.audited {
            *audited = Arc::clone(&self.audited);
        } else if !audited.is_empty() {
            self.audited = Arc::clone(audited);
        }
    }

    /// Servers and we ourselves say nearly the same each time.
    fn share_headers(&mut self, exchange: &mut Exchange) {
        let Exchange { request, response, .. } = exchange;
        for (headers, before) in [
            (&mut request.headers, &mut self.request),
            (&mut response.headers, &mut self.response),
        ] {
            headers.share_with(before);
            before.clone_from(headers);
        }
    }
}

/// The result of a suite before its cases.
fn begun(suite: &Suite) -> SuiteResult {
    SuiteResult {
        id: suite.id.value.clone(),
        title: suite.title.clone(),
        file: suite.source.name().to_string(),
        cases: Vec::new(),
    }
}

/// What a result tells of a system.
fn told(system: &System) -> SystemInfo {
    let deviations = system.deviations.iter().map(|deviation| DeviationInfo {
        requirement: deviation.requirement.value.clone(),
        says: deviation.says.clone(),
        source: deviation.source.clone(),
        seen: 0,
    });
    SystemInfo {
        name: system.name.value.clone(),
        title: system.title.clone(),
        document: system.document.clone(),
        deviations: deviations.collect(),
    }
}

/// The tag of a run with these marks: 12 letters and digits, the first a letter.
#[must_use]
pub fn run_tag(marks: u64) -> String {
    format!("a{:011x}", world::mix(marks, 0) & 0xfff_ffff_ffff)
}

fn left_out(planned: &PlannedCase, reason: Reason) -> CaseResult {
    let verdict = match reason.kind {
        ReasonKind::Release | ReasonKind::NotClaimed => Verdict::Inapplicable,
        // What should have been found could not be looked for.
        ReasonKind::Setup | ReasonKind::Unjudged | ReasonKind::Transport => Verdict::Error,
        _ => Verdict::Skip,
    };
    let case = &planned.case;
    CaseResult {
        id: planned.id.clone(),
        title: case.title.clone(),
        site: case.source.site(case.id.span),
        requirements: planned.requirements.clone(),
        verdict,
        reason: Some(reason),
        started_us: 0,
        duration_us: 0,
        steps: Vec::new(),
        known: Vec::new(),
    }
}

/// An RFC 3339 instant in UTC, to the millisecond.
fn instant(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time)
        .map(|timestamp| format!("{timestamp:.3}"))
        .unwrap_or_default()
}

/// For how long a case pauses at least.
fn pauses(case: &Case) -> Duration {
    let steps = case.setup.iter().chain(&case.steps).chain(&case.cleanup);
    steps.filter_map(|step| step.wait).sum()
}
