//! `run`: suites against a server, and reports of what came of it.

mod embedded;
mod interrupt;
mod options;
mod wire;

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::Instant;

use url::Url;

use embedded::Embedded;
use interrupt::with_interrupts;
use wire::Wire;

use crate::cli::args::{FailOn, RunArgs};
use crate::cli::exit::Exit;
use crate::cli::scope::Scope;
use crate::cli::{Failure, output, settings};
use crate::fhir::profile::Profiles;
use crate::fhir::{CapabilityStatement, FhirVersion};
use crate::plan::Plan;
use crate::recording::Replay;
use crate::report::{Console, Rules, console};
use crate::run::{RunOptions, Runner};
use crate::transport::{ProbeError, Target, Transport, probe};
use crate::verdict::journal::Journal;
use crate::verdict::{RunEvent, RunResult, Verdict};

/// Runs suites and writes reports.
///
/// # Errors
/// Whatever keeps the run from beginning, and reports that cannot be written.
pub fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let started = Instant::now();
    let mut args = args.clone();
    let replay = wire::replayed(&mut args)?;
    let args = &args;
    let scope = Scope::of(&args.filters, &args.given, args.target.base.is_none())?;
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
    let wire = match replay {
        Some(replay) => Wire::replaying(replay),
        None => {
            let client = settings::client(&args.target, &base, args.jobs.into(), started)?;
            let told = Rc::clone(&notices);
            Wire::live(args, client, started, move |notice| told.borrow_mut().push(notice))?
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Unjudged, format!("no runtime can be made: {error}")))?;
    runtime.block_on(conduct(
        args, &scope, &base, &wire, &notices, assumed, profiles, started,
    ))
}

/// What a person who watches should know, until it is told.
type Notices = Rc<RefCell<Vec<String>>>;

#[allow(clippy::too_many_arguments)]
async fn conduct(
    args: &RunArgs,
    scope: &Scope,
    base: &Url,
    wire: &Wire,
    notices: &Notices,
    assumed: Option<CapabilityStatement>,
    profiles: Profiles,
    started: Instant,
) -> Result<Exit, Failure> {
    let catalogue = scope.catalogue;
    let release = args.target.fhir.or(scope.release());
    let target = target(release, &*wire.transport, base, assumed).await?;
    let claims = Some(&target.capability);
    let mut plan = Plan::build(&scope.suites, catalogue, target.release, claims, &scope.selection);
    scope.restrict(&mut plan);
    wire.restrict(&mut plan);
    if let Some(exit) = Exit::of_plan(&plan) {
        return Err(Failure::new(
            exit,
            "nothing is selected: no case matches the filters; `fhir-assay list cases` with the same filters says why",
        ));
    }
    let outputs = if args.reports.is_empty() {
        output::default_outputs()
    } else {
        args.reports.clone()
    };
    output::prepare(&outputs)?;
    let journal_path = output::journal_path(&outputs);
    let options = RunOptions {
        profiles,
        system: scope.system.clone(),
        ..wire::options(wire, args, &plan.given, journal_path.is_some())
    };
    let marks = options.marks;
    let runner = Runner::new(&*wire.transport, &target, catalogue, options).since(started);
    let mut journal = match &journal_path {
        Some(path) => {
            Some(Journal::begin(output::create(path)?, runner.prospect(&plan)).map_err(|error| written(path, &error))?)
        }
        None => None,
    };
    let mut live = Console::new(
        // A report on standard output is not mixed with anything.
        if to_stdout(args) {
            Box::new(io::stderr()) as Box<dyn Write>
        } else {
            Box::new(io::stdout())
        },
        io::stderr(),
        settings::output_style(),
        settings::progress(args.quiet),
        Rules::of_catalogue(catalogue, target.release),
    );
    let mut fault: Option<Failure> = None;
    let stop = runner.stop();
    let running = runner.run(&plan, |event| {
        let pending: Vec<String> = notices.borrow_mut().drain(..).collect();
        for notice in pending {
            let _ = live.handle(&RunEvent::Notice(notice));
        }
        // A reader that went away (`| head`) does not end the run: what it created has to be deleted.
        if !args.quiet || matches!(event, RunEvent::Notice(_)) {
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
    let result = with_interrupts(running, &runner.stop()).await;
    if let (Some(journal), Some(path)) = (journal, &journal_path) {
        journal.end(&result).map_err(|error| written(path, &error))?;
    }
    if let Err(unwritten) = wire.end(args, &target, marks, &result) {
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
    match fault {
        Some(fault) => Err(fault),
        None => Ok(Exit::of_run(&result, fail_on(args), args.fail_fast)),
    }
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

fn fail_on(args: &RunArgs) -> Verdict {
    match args.fail_on {
        FailOn::Shall => Verdict::Fail,
        FailOn::Should => Verdict::Warning,
    }
}

/// Whether a report takes standard output.
fn to_stdout(args: &RunArgs) -> bool {
    args.reports.iter().any(|output| output.path.as_os_str() == "-")
}

/// The closing words.
fn conclude(args: &RunArgs, result: &RunResult, paths: &[String]) -> Result<(), Failure> {
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
