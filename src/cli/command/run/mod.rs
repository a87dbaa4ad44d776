//! `run`: suites against a server, and reports of what came of it.

mod embedded;
mod evidence;
mod interrupt;
mod open;
mod options;
mod part;
mod watch;
mod wire;

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{self, Write};
use std::mem;
use std::rc::Rc;
use std::time::Instant;

use url::Url;

use embedded::Embedded;
use evidence::Evidence;
use interrupt::with_interrupts;
use wire::Wire;

use crate::baseline::{self, Baseline};
use crate::cli::args::{ConsoleFormat, RunArgs};
use crate::cli::exit::Exit;
use crate::cli::github::Job;
use crate::cli::scope::Scope;
use crate::cli::settings::SettingsError;
use crate::cli::{Failure, gate, given, output, say, settings};
use crate::fhir::profile::Profiles;
use crate::fhir::{CapabilityStatement, FhirVersion};
use crate::plan::Plan;
use crate::recording::Replay;
use crate::report::{Console, Format, Rules, Style, Telling, console};
use crate::run::{RunOptions, Runner};
use crate::suite::CaseId;
use crate::transport::{ProbeError, Several, Target, Transport, probe};
use crate::verdict::journal::Journal;
use crate::verdict::{RunEvent, RunResult, Verdict};

/// Runs suites and writes reports.
///
/// # Errors
/// Whatever keeps the run from beginning, and reports that cannot be written.
pub fn run(args: &RunArgs) -> Result<Exit, Failure> {
    if args.desk.watch {
        watch::watch(args)
    } else {
        let turn = Turn {
            baseline: gate::baseline(&args.gate)?,
            opens: args.desk.open,
            ..Turn::default()
        };
        once(args, turn)?.exit(args)
    }
}

/// What is of one run, and not of every run of a command line.
#[derive(Default)]
pub(super) struct Turn {
    /// The list of known failures that the result is held against.
    pub(super) baseline: Option<Baseline>,
    /// The cases that begin before the others.
    pub(super) first: HashSet<CaseId>,
    /// Whether the page is opened at the end.
    pub(super) opens: bool,
}

/// What came of one run.
pub(super) struct Ran {
    /// What was judged.
    pub(super) result: RunResult,
    /// What went wrong beside it: a report that could not be written.
    fault: Option<Failure>,
    was_interrupted: bool,
    /// Whether the run, or the recorded one, ended at its first failure.
    fail_fast: bool,
}

impl Ran {
    /// How the program ends after it.
    fn exit(self, args: &RunArgs) -> Result<Exit, Failure> {
        let exit = match self.fault {
            Some(fault) => Err(fault),
            None => Ok(Exit::of_run(&self.result, &gate::gate(&args.gate, self.fail_fast))),
        };
        // The process gives it back at once, and not case by case.
        mem::forget(self.result);
        exit
    }
}

/// Runs suites once, and writes reports.
///
/// # Errors
/// Whatever keeps the run from beginning.
pub(super) fn once(args: &RunArgs, turn: Turn) -> Result<Ran, Failure> {
    let started = Instant::now();
    let mut args = args.clone();
    let replay = wire::replayed(&mut args)?;
    let part = part::settle(&mut args)?;
    let args = &args;
    let evidence = Evidence::of(args)?;
    let mut scope = Scope::of(&args.filters, &args.given, &args.target, |given| {
        if let Some(recorded) = replay.as_ref().and_then(Replay::recorded) {
            recorded.about.give(given);
        }
    })?;
    if let Some(replay) = replay.as_ref().filter(|replay| replay.recorded().is_none()) {
        scope = scope.with_examples(|value| replay.speaks_of(value));
    }
    scope.selection = scope.selection.only(part.cases);
    let is_recorded = args.recording.record.is_some() || args.evidence.evidence.is_some();
    if let Some(name) = given::secret(&scope.given, &scope.suites).filter(|_| is_recorded) {
        let why =
            format!("a recording would hold `{name}`, which is a secret: record without the suite that asks for it");
        return Err(Failure::new(Exit::Usage, why));
    }
    let profiles = settings::profiles(&args.profiles)?;
    let assumed = match &args.target.assume {
        Some(path) => Some(settings::assumed(path)?),
        None => replay.as_ref().and_then(Replay::assumed),
    };
    let _embedded;
    let base = match &args.target.base {
        Some(base) => probe::base_url(base)?,
        None => {
            let release = args.target.fhir.or(scope.release()).unwrap_or(FhirVersion::R4);
            let server = Embedded::start(release, scope.emulation()?)?;
            let base = probe::base_url(&server.base)?;
            _embedded = server;
            base
        }
    };
    let notices: Notices = Rc::default();
    notices.borrow_mut().extend(part.notices);
    let wire = match replay {
        Some(replay) => Wire::replaying(replay),
        None => {
            let client = settings::client(&args.target, &base, args.jobs.into(), started)?;
            let client =
                Several::new(client, &given::urls(&scope.given, &scope.suites)).map_err(SettingsError::from)?;
            let told = Rc::clone(&notices);
            Wire::live(args, client, &base, started, move |notice| {
                told.borrow_mut().push(notice)
            })?
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Unjudged, format!("no runtime can be made: {error}")))?;
    runtime.block_on(conduct(
        args,
        Means {
            scope,
            base,
            wire,
            notices,
            evidence,
            assumed,
            profiles,
        },
        turn,
        started,
    ))
}

/// What a person who watches should know, until it is told.
type Notices = Rc<RefCell<Vec<String>>>;

/// What a run is made of.
struct Means {
    scope: Scope,
    base: Url,
    wire: Wire,
    notices: Notices,
    evidence: Option<Evidence>,
    assumed: Option<CapabilityStatement>,
    profiles: Profiles,
}

async fn conduct(args: &RunArgs, means: Means, turn: Turn, started: Instant) -> Result<Ran, Failure> {
    let Means {
        scope,
        base,
        wire,
        notices,
        evidence,
        assumed,
        profiles,
    } = means;
    let baseline = turn.baseline;
    // Before anything is asked: what a server answers may be told also where no run begins.
    // Lines of JSON are for a program, which tells GitHub what it likes.
    let job = settings::github(args.ci).filter(|_| args.desk.format() != ConsoleFormat::JsonLines);
    if let Some(job) = &job {
        job.begin(&mut *spoken_to(args));
    }
    let catalogue = scope.catalogue;
    let release = args.target.fhir.or(scope.release());
    // A document shows exchanges and no /metadata, but is itself the claim: what it shows is judged, and the rest is left out.
    let unclaimed = match (&scope.system, &assumed) {
        (Some(system), None) => wire.unclaimed(&base, release.unwrap_or(system.release)),
        _ => None,
    };
    let knows_claims = unclaimed.is_none();
    let target = match unclaimed {
        Some(target) => target,
        None => target(release, &*wire.transport, &base, assumed).await?,
    };
    if !knows_claims {
        let notice = "the recording does not show what the server claims: all that it shows is judged";
        notices.borrow_mut().push(notice.to_owned());
    }
    let claims = knows_claims.then_some(&target.capability);
    let mut plan = Plan::build(&scope.suites, catalogue, target.release, claims, &scope.selection);
    scope.restrict(&mut plan);
    notices.borrow_mut().extend(wire.restrict(&mut plan));
    if let Some(exit) = Exit::of_plan(&plan) {
        return Err(Failure::new(exit, nothing_selected(args, &plan)));
    }
    let outputs = if args.reports.is_empty() {
        output::default_outputs()
    } else {
        args.reports.clone()
    };
    let page = turn.opens.then(|| open::page(&outputs)).transpose()?;
    output::prepare(&outputs)?;
    let journal_path = output::journal_path(&outputs);
    let options = RunOptions {
        profiles,
        first: turn.first,
        system: scope.system.clone(),
        // What is known to fail does not end a run.
        fail_fast: args.fail_fast && baseline.is_none(),
        ..wire::options(&wire, args, &plan.given, journal_path.is_some())
    };
    let marks = options.marks;
    let runner = Runner::new(&*wire.transport, &target, catalogue, options).since(started);
    let mut journal = match &journal_path {
        Some(path) => {
            let journal = Journal::begin(output::create(path)?, runner.prospect(), runner.prospects(&plan));
            Some(journal.map_err(|error| written(path, &error))?)
        }
        None => None,
    };
    let mut live = Console::new(
        spoken_to(args),
        io::stderr(),
        settings::output_style(),
        settings::progress(args.desk.format()),
        Rules::of_catalogue(catalogue, target.release),
    )
    .telling(match args.desk.format() {
        ConsoleFormat::Quiet | ConsoleFormat::Normal => Telling::Failures,
        ConsoleFormat::Verbose => Telling::Cases,
        ConsoleFormat::JsonLines => Telling::Lines,
    });
    let mut fault: Option<Failure> = None;
    let stop = runner.stop();
    let least = gate::least(args.gate.fail_on);
    // What a run is made of is let go of as it is done.
    let given = plan.given.clone();
    let mut scope = scope;
    if evidence.is_none() {
        scope.suites.clear();
    }
    let running = runner.run(plan, |mut event| {
        if let (RunEvent::CaseFinished(case), Some(baseline)) = (&mut event, &baseline) {
            baseline::mark(baseline, case, least);
            if args.fail_fast && case.verdict == Verdict::Fail && !case.is_known() {
                stop.ask("a case failed that is not known, and --fail-fast was asked for");
            }
        }
        let pending: Vec<String> = notices.borrow_mut().drain(..).collect();
        for notice in pending {
            let _ = live.handle(&RunEvent::Notice(notice));
        }
        // A reader that went away (`| head`) does not end the run: what it created has to be deleted.
        if args.desk.format() != ConsoleFormat::Quiet || matches!(event, RunEvent::Notice(_)) {
            let _ = live.handle(&event);
        }
        let written_down = match (&event, &mut journal) {
            (RunEvent::CaseFinished(case), Some(writing)) => writing.case(case),
            (RunEvent::Waiting, Some(writing)) => writing.settle(),
            _ => Ok(()),
        };
        if let Err(error) = written_down {
            let path = journal_path.clone().unwrap_or_default();
            fault.get_or_insert_with(|| written(&path, &error));
            journal = None;
            stop.ask("the journal cannot be written");
        }
    });
    let (mut result, was_interrupted) = with_interrupts(running, &runner.stop()).await;
    if let Some(baseline) = &baseline {
        let terms = gate::terms(&args.gate, gate::is_whole(&args.filters));
        baseline::apply(baseline, &mut result, &terms);
    }
    if let (Some(journal), Some(path)) = (journal, &journal_path)
        && let Err(error) = journal.end(&result)
    {
        // The reports may have more room elsewhere.
        fault.get_or_insert_with(|| written(path, &error));
    }
    if let Err(unwritten) = wire.end(args, &given, &target, marks, &result) {
        fault.get_or_insert(unwritten);
    } else if let Some(evidence) = evidence
        && let Err(unwritten) = wire
            .recording()
            .and_then(|recording| evidence.write(args, &scope, &result, recording))
    {
        fault.get_or_insert(unwritten);
    }
    let mut paths = Vec::new();
    for output in &outputs {
        if let Err(error) = output::write(&result, output) {
            // The others are written all the same.
            fault.get_or_insert_with(|| error.into());
        } else if output.path.as_os_str() != "-" {
            paths.push(output.path.display().to_string());
        }
    }
    conclude(args, &result, &paths)?;
    if let Some(job) = &job {
        tell(job, &result, &mut *spoken_to(args));
    }
    if let Some(page) = page.filter(|_| fault.is_none()) {
        open::open(page);
    }
    Ok(Ran {
        result,
        fault,
        was_interrupted,
        fail_fast: args.fail_fast || wire.was_fail_fast(),
    })
}

/// The server and its claims.
async fn target(
    release: Option<FhirVersion>,
    transport: &dyn Transport,
    base: &Url,
    assumed: Option<CapabilityStatement>,
) -> Result<Target, ProbeError> {
    match assumed {
        Some(capability) => Target::assume(base, capability, release),
        None => Ok(Target::probe(transport, base, release).await?.0),
    }
}

/// Whether a report takes standard output.
fn to_stdout(args: &RunArgs) -> bool {
    let reports = args.reports.iter().map(|output| &output.path);
    let mut all = reports.chain(&args.recording.record);
    all.any(|path| output::is_stdout(path))
}

/// Why there is nothing to run, with the names that may have been meant.
fn nothing_selected(args: &RunArgs, plan: &Plan) -> String {
    let ids: Vec<&str> = plan.cases().map(|case| case.id.as_str()).collect();
    let is_name = |name: &&String| !name.contains(['*', '?']) && !ids.contains(&name.as_str());
    let hint = args
        .filters
        .cases
        .iter()
        .filter(is_name)
        .find_map(|name| {
            let hint = settings::did_you_mean(name, ids.iter().copied());
            (!hint.is_empty()).then(|| format!("\nno case is named `{name}`{hint}"))
        })
        .unwrap_or_default();
    format!(
        "nothing is selected: no case matches the filters; `fhir-assay list cases` with the same filters says why{hint}"
    )
}

/// Where people are spoken to: a report on standard output is not mixed with anything.
fn spoken_to(args: &RunArgs) -> Box<dyn Write> {
    if to_stdout(args) {
        Box::new(io::stderr())
    } else {
        Box::new(io::stdout())
    }
}

/// Tells the job of GitHub what came of the run. That it cannot be told changes no verdict.
fn tell(job: &Job, result: &RunResult, out: &mut dyn Write) {
    job.annotate(&Format::Github.render(result), out);
    let short = console::summary(result, Style::plain(), &[]);
    let last = short.lines().last().unwrap_or_default();
    if let Err(error) = job.summarize(&Format::Markdown.render(result), &format!("\n{last}\n")) {
        say(&format!("note: the summary of the job cannot be written: {error}"));
    }
    if let Err(error) = job.output(result) {
        say(&format!("note: the outputs of the step cannot be written: {error}"));
    }
}

/// The closing words. Those who asked for lines of JSON have them in the last of these.
fn conclude(args: &RunArgs, result: &RunResult, paths: &[String]) -> Result<(), Failure> {
    if args.desk.format() == ConsoleFormat::JsonLines {
        return Ok(());
    }
    let text = console::summary(result, settings::output_style(), paths);
    let outcome = if to_stdout(args) {
        io::stderr().write_all(text.as_bytes())
    } else {
        io::stdout().write_all(text.as_bytes())
    };
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::Usage,
            format!("the summary cannot be written: {error}"),
        )),
        _ => Ok(()),
    }
}

fn written(path: &std::path::Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Usage, format!("{}: {error}", path.display()))
}
