//! `run`: suites against a server, and reports of what came of it.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use indexmap::IndexMap;
use url::Url;

use crate::cli::args::{FailOn, RunArgs};
use crate::cli::exit::Exit;
use crate::cli::{Failure, output, settings};
use crate::fhir::profile::Profiles;
use crate::fhir::{CapabilityStatement, FhirVersion};
use crate::plan::{Plan, Selection};
use crate::report::{Console, Rules, console};
use crate::requirement::Catalogue;
use crate::run::{RunOptions, Runner, Stop};
use crate::server::{Options, Server};
use crate::suite::Suite;
use crate::transport::{Patience, ProbeError, Retrying, Target, Transport, probe};
use crate::verdict::journal::Journal;
use crate::verdict::{RunEvent, RunResult, Verdict};

/// Runs suites and writes reports.
///
/// # Errors
/// Whatever keeps the run from beginning, and reports that cannot be written.
pub fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let started = Instant::now();
    let suites = settings::suites(&args.filters.suites)?;
    let selection = settings::selection(&args.filters)?;
    let profiles = settings::profiles(&args.profiles)?;
    let assumed = args.target.assume.as_deref().map(settings::assumed).transpose()?;
    let _embedded;
    let base = match &args.target.base {
        Some(base) => probe::base_url(base)?,
        None => {
            let server = Embedded::start(args.target.fhir.unwrap_or(FhirVersion::R4))?;
            let base = probe::base_url(&server.base)?;
            _embedded = server;
            base
        }
    };
    let client = settings::client(&args.target, &base, args.jobs.into(), started)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Unjudged, format!("no runtime can be made: {error}")))?;
    runtime.block_on(conduct(
        args, &suites, &selection, &base, client, assumed, profiles, started,
    ))
}

#[allow(clippy::too_many_arguments)]
async fn conduct(
    args: &RunArgs,
    suites: &[Arc<Suite>],
    selection: &Selection,
    base: &Url,
    client: impl Transport,
    assumed: Option<CapabilityStatement>,
    profiles: Profiles,
    started: Instant,
) -> Result<Exit, Failure> {
    let catalogue = Catalogue::embedded();
    let notices: Rc<RefCell<Vec<String>>> = Rc::default();
    let told = Rc::clone(&notices);
    let transport = Retrying::new(client, Patience::default(), move |notice| {
        told.borrow_mut().push(notice)
    });
    let target = target(args, &transport, base, assumed).await?;
    let plan = Plan::build(suites, catalogue, target.release, Some(&target.capability), selection);
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
        ..options(args, journal_path.is_some())
    };
    let runner = Runner::new(&transport, &target, catalogue, options).since(started);
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
    args: &RunArgs,
    transport: &dyn Transport,
    base: &Url,
    assumed: Option<CapabilityStatement>,
) -> Result<Target, ProbeError> {
    match assumed {
        Some(capability) => Target::assume(base, capability, args.target.fhir),
        None => Ok(Target::probe(transport, base, args.target.fhir).await?.0),
    }
}

fn fail_on(args: &RunArgs) -> Verdict {
    match args.fail_on {
        FailOn::Shall => Verdict::Fail,
        FailOn::Should => Verdict::Warning,
    }
}

fn options(args: &RunArgs, journal: bool) -> RunOptions {
    let mut told: IndexMap<String, String> = IndexMap::new();
    let mut tell = |name: &str, value: String| {
        if !value.is_empty() {
            told.insert(name.to_owned(), value);
        }
    };
    let filters = &args.filters;
    tell("seed", args.seed.map(|seed| seed.to_string()).unwrap_or_default());
    tell("jobs", args.jobs.to_string());
    tell("suite", filters.suites.join(" "));
    tell("case", filters.cases.join(" "));
    tell("requirement", filters.requirements.join(" "));
    tell(
        "interaction",
        filters
            .interactions
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" "),
    );
    tell("tag", filters.tags.join(" "));
    tell(
        "level",
        filters
            .level
            .map(|level| crate::requirement::Level::from(level).to_string())
            .unwrap_or_default(),
    );
    tell("types", filters.types.join(","));
    let profiles = args.profiles.iter().map(|path| path.display().to_string());
    tell("profile", profiles.collect::<Vec<_>>().join(" "));
    tell("fail-on", fail_on(args).to_string());
    tell("timeout", format!("{} s", args.target.timeout.as_secs_f64()));
    tell(
        "fhir",
        args.target.fhir.map(|release| release.to_string()).unwrap_or_default(),
    );
    tell(
        "assume",
        args.target
            .assume
            .as_ref()
            .map(|path| path.display().to_string())
            .unwrap_or_default(),
    );
    tell("fail-fast", if args.fail_fast { "yes".into() } else { String::new() });
    tell("no-cleanup", if args.no_cleanup { "yes".into() } else { String::new() });
    RunOptions {
        profiles: Profiles::default(),
        jobs: args.jobs.into(),
        // Never from --seed: two runs at one server must not have ids in common.
        marks: uuid::Uuid::new_v4().as_u64_pair().0,
        shuffle: args.seed,
        cleanup: !args.no_cleanup,
        fail_fast: args.fail_fast,
        keep_bodies: !journal,
        patience: None,
        told,
    }
}

/// Runs on, but asks for the end at the first Ctrl-C (or SIGTERM), and quits at the second.
async fn with_interrupts(running: impl Future<Output = RunResult>, stop: &Stop) -> RunResult {
    let mut running = std::pin::pin!(running);
    let mut interrupts = 0;
    loop {
        tokio::select! {
            biased;
            result = &mut running => return result,
            () = interrupted() => {
                interrupts += 1;
                if interrupts > 1 {
                    eprintln!("stopped: what the run created may still be on the server");
                    std::process::exit(Exit::Interrupted.code().into());
                }
                eprintln!("stopping: what the run created is being deleted; once more to quit at once");
                stop.ask("the run was interrupted");
            }
        }
    }
}

#[cfg(unix)]
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => wait_for_ctrl_c().await,
    }
}

#[cfg(not(unix))]
async fn interrupted() {
    wait_for_ctrl_c().await;
}

async fn wait_for_ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
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

/// The reference server in a thread of its own, so that it does not share the runner's time.
struct Embedded {
    base: String,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Embedded {
    fn start(release: FhirVersion) -> Result<Self, Failure> {
        let failed = |text: String| Failure::new(Exit::Unjudged, format!("the embedded server cannot start: {text}"));
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        thread::Builder::new()
            .name("server".into())
            .spawn(move || {
                let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(tell.send(Err(error))),
                };
                runtime.block_on(async {
                    let options = Options {
                        release,
                        ..Options::default()
                    };
                    match Server::start(options).await {
                        Err(error) => drop(tell.send(Err(error))),
                        Ok(running) => {
                            let _ = tell.send(Ok(running.base_url().to_owned()));
                            let _ = stopped.await;
                        }
                    }
                });
            })
            .map_err(|error| failed(error.to_string()))?;
        match told.recv() {
            Ok(Ok(base)) => Ok(Self { base, _stop: stop }),
            Ok(Err(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Err(Failure::new(Exit::Usage, error.to_string()))
            }
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed("its thread ended".into())),
        }
    }
}
