//! Runs against a server in this process, recorded in memory.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fhir_assay::plan::{Plan, Selection};
use fhir_assay::recording::{About, Recording, Replay, Tape, read};
use fhir_assay::requirement::Catalogue;
use fhir_assay::run::{RunOptions, Runner};
use fhir_assay::server::{Mutant, Options, Variant, router};
use fhir_assay::suite::{Suite, Suites};
use fhir_assay::transport::{InProcess, Patience, Retrying, Target, Transport};
use fhir_assay::verdict::{CaseResult, RunResult};
use url::Url;

const MARKS: u64 = 0x1234_5678_9abc_def0;

/// A run, and its recording.
pub struct Taken {
    pub result: RunResult,
    pub har: Vec<u8>,
    suites: Vec<Arc<Suite>>,
}

/// A file in memory.
#[derive(Clone, Default)]
struct Memory(Rc<RefCell<Vec<u8>>>);

impl io::Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The suites whose names begin so.
pub fn suites(names: &[&str]) -> Vec<Arc<Suite>> {
    let all = Suites::embedded().unwrap_or_else(|_| panic!("the suites are right"));
    let wanted = |suite: &&Arc<Suite>| names.iter().any(|name| suite.id.as_str().starts_with(name));
    all.iter().filter(wanted).cloned().collect()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn run_options() -> RunOptions {
    RunOptions {
        marks: MARKS,
        patience: Some(Duration::from_millis(700)),
        ..RunOptions::default()
    }
}

/// Runs the suites against the reference server with a defect or as another right server, and records that.
pub fn taken(suites: Vec<Arc<Suite>>, mutant: Option<&str>, variant: Option<&str>) -> Taken {
    let options = Options {
        mutants: mutant.map(|name| Mutant::named(name).unwrap()).into_iter().collect(),
        variants: variant.map(|name| Variant::named(name).unwrap()).into_iter().collect(),
        ..Options::default()
    };
    let base = Url::parse(&format!("http://localhost{}", options.base_path())).unwrap();
    let server = InProcess::new(router(options), &base, Some("Bearer known".into()));
    recorded(server, &base, suites)
}

/// Runs the suites over a transport, and records that.
pub fn recorded(server: impl Transport, base: &Url, suites: Vec<Arc<Suite>>) -> Taken {
    let file = Memory::default();
    let tape = Tape::begin(Box::new(file.clone()), SystemTime::now()).unwrap();
    let tape = Rc::new(RefCell::new(tape));
    let patience = Patience {
        pause: Duration::from_millis(1),
        ..Patience::default()
    };
    let transport = Retrying::new(Recording::new(server, Rc::clone(&tape)), patience, |_| {});
    let result = runtime().block_on(async {
        let (target, _) = Target::probe(&transport, base, None).await.unwrap();
        let plan = plan(&suites, &target);
        Runner::new(&transport, &target, Catalogue::embedded(), run_options())
            .run(plan, |_| {})
            .await
    });
    let about = About {
        tool: "fhir-assay".into(),
        base: base.as_str().trim_end_matches('/').to_owned(),
        release: result.target.release,
        marks: format!("{MARKS:016x}"),
        assumed: None,
        types: Vec::new(),
        given: Default::default(),
        options: result.options.clone(),
    };
    tape.borrow_mut().end(about, &result).unwrap();
    let har = file.0.take();
    Taken { result, har, suites }
}

fn plan(suites: &[Arc<Suite>], target: &Target) -> Plan {
    let catalogue = Catalogue::embedded();
    Plan::build(
        suites,
        catalogue,
        target.release,
        Some(&target.capability),
        &Selection::all(),
    )
}

impl Taken {
    /// Judges a recording of this run again.
    pub fn again(&self, har: &[u8]) -> Result<RunResult, String> {
        self.again_with(har, &self.suites)
    }

    /// Judges a recording of this run again, by other suites.
    pub fn again_with(&self, har: &[u8], suites: &[Arc<Suite>]) -> Result<RunResult, String> {
        let replay = read("run.har", har).map_err(|error| error.to_string())?;
        runtime().block_on(replayed(&replay, suites))
    }
}

async fn replayed(replay: &Replay, suites: &[Arc<Suite>]) -> Result<RunResult, String> {
    let recorded = replay.recorded().unwrap().clone();
    let base = Url::parse(&recorded.about.base).unwrap();
    let probed = Target::probe(replay, &base, Some(recorded.about.release)).await;
    let (target, _) = probed.map_err(|error| error.to_string())?;
    let mut plan = plan(suites, &target);
    plan.leave_out(|case| recorded.leaves_out(case.id.as_str()));
    let options = RunOptions {
        marks: recorded.about.marks().unwrap(),
        ended: recorded.stopped.clone(),
        ..run_options()
    };
    let runner = Runner::new(replay, &target, Catalogue::embedded(), options);
    Ok(runner.run(plan, |_| {}).await)
}

/// A result without what differs from run to run: the times of the run itself. Those of exchanges stay.
pub fn timeless(result: &RunResult) -> RunResult {
    let mut result = result.clone();
    result.started.clear();
    result.duration_us = 0;
    for case in result.suites.iter_mut().flat_map(|suite| &mut suite.cases) {
        *case = Arc::new(timeless_case(case));
    }
    result
}

pub fn timeless_case(case: &CaseResult) -> CaseResult {
    let mut case = case.clone();
    case.started_us = 0;
    case.duration_us = 0;
    case.steps.iter_mut().for_each(|step| step.duration_us = 0);
    case
}

/// Fails with the first case that differs.
pub fn assert_same(one: &RunResult, other: &RunResult) {
    let (one, other) = (timeless(one), timeless(other));
    for (case, again) in one.cases().zip(other.cases()) {
        assert!(
            case == again,
            "{} differs: {:?} {:?}",
            case.id,
            case.reason,
            again.reason
        );
    }
    assert!(one == other, "the cases are the same, but not the whole");
}
