//! Conformance as tests of somebody's own `cargo test`: each case of a plan is one trial of `libtest_mimic`.
//!
//! A server's repository has one test target with `harness = false` and a `main` like this, here with the reference
//! server in the place of its own:
//!
//! ```no_run
//! use fhir_assay::libtest::Conformance;
//! use fhir_assay::server::{Options, Server};
//!
//! fn main() -> std::process::ExitCode {
//!     let runtime = tokio::runtime::Runtime::new().unwrap();
//!     let server = runtime.block_on(Server::start(Options::default())).unwrap();
//!     Conformance::default().run(server.base_url())
//! }
//! ```
//!
//! What suites ask of a tester is given with [`Conformance::var`] or in the environment, as `FHIR_ASSAY_VAR_NAME`. As with
//! `run`, cases that write are left out where the server is not on this machine, unless [`Conformance::allow_writes`] is called.
//!
//! nextest starts that `main` once for each case, so trials share nothing: each has a client, a run and a tag of its own,
//! and deletes what it created.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use url::Url;

use crate::cli::args::GivenArgs;
use crate::cli::exit::Exit;
use crate::cli::given::{self, GivenProblems};
use crate::exchange::Permission;
use crate::fhir::FhirVersion;
use crate::fhir::profile::Profiles;
use crate::plan::{Plan, PlannedCase, PlannedSuite, Selection};
use crate::report::console;
use crate::requirement::Catalogue;
use crate::run::{RunOptions, Runner};
use crate::source::{Diagnostics, Paint};
use crate::suite::{Suite, Suites};
use crate::transport::guard::permission;
use crate::transport::{Client, ClientError, ClientOptions, Guarded, Patience, ProbeError, Retrying, Target, probe};
use crate::verdict::{ReasonKind, RunResult, Verdict};

/// How many trials run at a time where nobody says: they wait for a server, not for a processor.
const TRIALS_AT_A_TIME: usize = 16;

/// What to test, and how. [`Conformance::default`] are all suites of http.html that are inside this crate.
#[derive(Clone, Debug, Default)]
pub struct Conformance {
    suites: Option<Vec<Arc<Suite>>>,
    selection: Selection,
    release: Option<FhirVersion>,
    client: ClientOptions,
    vars: Vec<String>,
    profiles: Profiles,
    read_only: bool,
    allow_writes: bool,
    strict: bool,
}

/// Why there are no trials.
#[derive(Debug, thiserror::Error)]
pub enum ConformanceError {
    /// A suite has errors.
    #[error("{}", .0.render(Paint::Plain).trim_end())]
    Suites(#[from] Diagnostics),
    /// The server does not tell what it claims.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// What is given for variables cannot be used.
    #[error(transparent)]
    Given(#[from] GivenProblems),
    /// There is no client for this server.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The system gives no sockets or threads.
    #[error(transparent)]
    System(#[from] std::io::Error),
}

impl Conformance {
    /// These suites instead of those inside the crate: `Suites::load("tests/fhir")`.
    #[must_use]
    pub fn suites(mut self, suites: &Suites) -> Self {
        self.suites = Some(suites.iter().cloned().collect());
        self
    }

    /// Only these cases; what a selection leaves out is no trial at all.
    #[must_use]
    pub fn selection(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// This release, whatever the server's `fhirVersion` says.
    #[must_use]
    pub fn release(mut self, release: FhirVersion) -> Self {
        self.release = Some(release);
        self
    }

    /// Credentials, time-outs and certificates.
    #[must_use]
    pub fn client(mut self, client: ClientOptions) -> Self {
        self.client = client;
        self
    }

    /// A value for a variable that a suite asks for, as `--var NAME=VALUE` of `run`; `@FILE` reads it from a file.
    #[must_use]
    pub fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.push(format!("{name}={value}"));
        self
    }

    /// Profiles to judge bodies by, from a [`Loader`](crate::fhir::profile::Loader).
    #[must_use]
    pub fn profiles(mut self, profiles: Profiles) -> Self {
        self.profiles = profiles;
        self
    }

    /// Cases that write are run although the server is not on this machine.
    #[must_use]
    pub fn allow_writes(mut self) -> Self {
        self.allow_writes = true;
        self
    }

    /// Nothing but GET and HEAD is sent.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// A broken SHOULD fails its trial too.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// The trials for the server at a base URL: the case's name as their name, the suite's as their kind. A case that is
    /// left out, or turns out not to apply, is an ignored trial that tells its reason.
    ///
    /// # Errors
    /// Where a suite has errors, a variable is given that no suite asks for, or the server cannot be asked what it claims.
    pub fn trials(&self, base: &str) -> Result<Vec<Trial>, ConformanceError> {
        let suites = match &self.suites {
            Some(suites) => suites.clone(),
            None => {
                let embedded = Suites::embedded()?;
                let of_http = |suite: &&Arc<Suite>| suite.id.as_str().starts_with("http.");
                embedded.iter().filter(of_http).cloned().collect()
            }
        };
        let vars = GivenArgs {
            vars: self.vars.clone(),
        };
        let given = given::given(&vars, &suites, &|name| std::env::var(name).ok(), Vec::new())?;
        let base = probe::base_url(base)?;
        let client = Client::new(&base, self.client.clone(), Instant::now())?;
        let transport = Retrying::new(client, Patience::default(), |_| {});
        let (target, _) = runtime()?.block_on(Target::probe(&transport, &base, self.release))?;
        let mut plan = Plan::build(
            &suites,
            Catalogue::embedded(),
            target.release,
            Some(&target.capability),
            &self.selection.clone().given(given),
        );
        plan.permit(&self.permission(&base));
        Ok(self.trials_of(&plan, &base, &Arc::new(target)))
    }

    fn permission(&self, base: &Url) -> Permission {
        permission(self.read_only, self.allow_writes, base)
    }

    fn trials_of(&self, plan: &Plan, base: &Url, target: &Arc<Target>) -> Vec<Trial> {
        let mut trials = Vec::new();
        for planned in &plan.suites {
            for case in planned.cases.iter().filter(|case| !is_deselected(case)) {
                let (name, kind) = (case.id.to_string(), planned.suite.id.value.to_string());
                let trial = match &case.left_out {
                    Some(reason) => {
                        let text = reason.text.clone();
                        Trial::ignorable_test(name, || Ok(Completion::ignored_with(text)))
                    }
                    None => {
                        let alone = Plan {
                            release: plan.release,
                            suites: vec![PlannedSuite {
                                suite: Arc::clone(&planned.suite),
                                cases: vec![case.clone()],
                            }],
                            given: plan.given.clone(),
                        };
                        let (this, base, target) = (self.clone(), base.clone(), Arc::clone(target));
                        Trial::ignorable_test(name, move || {
                            this.conclude(&this.perform(alone.clone(), &base, &target)?)
                        })
                    }
                };
                trials.push(trial.with_kind(kind));
            }
        }
        trials
    }

    /// Runs one case with a client and a tag of its own.
    fn perform(&self, plan: Plan, base: &Url, target: &Target) -> Result<RunResult, ConformanceError> {
        let started = Instant::now();
        let client = Client::new(base, self.client.clone(), started)?;
        let guarded = Guarded::new(client, self.permission(base), base);
        let transport = Retrying::new(guarded, Patience::default(), |_| {});
        let options = RunOptions {
            jobs: 1,
            profiles: self.profiles.clone(),
            marks: uuid::Uuid::new_v4().as_u64_pair().0,
            ..RunOptions::default()
        };
        let runner = Runner::new(&transport, target, Catalogue::embedded(), options).since(started);
        Ok(runtime()?.block_on(runner.run(plan, |_| {})))
    }

    /// What a case's result is to `cargo test`.
    fn conclude(&self, result: &RunResult) -> Result<Completion, Failed> {
        let fails = |verdict| match verdict {
            Verdict::Fail | Verdict::Error => true,
            Verdict::Warning => self.strict,
            Verdict::Pass | Verdict::Skip | Verdict::Inapplicable => false,
        };
        for case in result.cases() {
            if fails(case.verdict) {
                return Err(console::wrongs(result, self.strict).into());
            }
            if matches!(case.verdict, Verdict::Skip | Verdict::Inapplicable) {
                let reason = case.reason.as_ref().map_or("", |reason| &reason.text);
                return Ok(Completion::ignored_with(reason));
            }
        }
        Ok(Completion::Completed)
    }

    /// Runs the trials as the arguments of this process say (`cargo test -- --help`), and returns how to end.
    ///
    /// Where there are no trials, because the server does not answer for example, it says why and ends with 3.
    #[must_use]
    pub fn run(&self, base: &str) -> ExitCode {
        let mut arguments = Arguments::from_args();
        arguments.test_threads.get_or_insert(TRIALS_AT_A_TIME);
        match self.trials(base) {
            Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
            Err(error) => {
                let _ = writeln!(std::io::stderr(), "error: {error}");
                Exit::Unjudged.into()
            }
        }
    }
}

/// Whether nobody asked for a case here.
fn is_deselected(case: &PlannedCase) -> bool {
    case.left_out
        .as_ref()
        .is_some_and(|reason| matches!(reason.kind, ReasonKind::Filtered | ReasonKind::Shard))
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{Options, Server};

    /// A server that is right, and a suite that is not: so that there is something of every kind.
    const SUITE: &str = "suite: kinds
title: One case of every kind
fhir: [R4]
cases:
  - id: passes
    title: It passes
    steps:
      - read: Patient/nobody
        expect: [{ requirement: read.unknown-404, status: 404 }]
  - id: fails
    title: It fails
    steps:
      - read: Patient/nobody
        expect: [{ requirement: read.unknown-404, status: 200 }]
  - id: warns
    title: It warns
    steps:
      - read: Patient/nobody
        expect: [{ requirement: read.unknown-404, status: 200, at-most: warning, because: it is only a test }]
  - id: is-not-claimed
    title: It is not claimed
    needs: { Patient: { versioning: no-version } }
    steps:
      - read: Patient/nobody
        expect: [{ requirement: read.unknown-404, status: 404 }]
  - id: does-not-apply
    title: It does not apply
    steps:
      - read: Patient/nobody
        assume: { status: 200, because: there is nobody }
        expect: [{ requirement: read.unknown-404, status: 404 }]
  - id: cannot-be-judged
    title: It cannot be judged
    setup:
      - read: Patient/nobody
    steps:
      - read: Patient/nobody
        expect: [{ requirement: read.unknown-404, status: 404 }]
";

    fn told(conformance: &Conformance) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kinds.yaml");
        std::fs::write(&file, SUITE).unwrap();
        let suites = Suites::load([&file]).unwrap_or_else(|problems| panic!("{}", problems.render(Paint::Plain)));
        let conformance = conformance.clone().suites(&suites);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime.block_on(Server::start(Options::default())).unwrap();
        let base = probe::base_url(server.base_url()).unwrap();
        let mut told = Vec::new();
        for trial in conformance.trials(server.base_url()).unwrap() {
            told.push(format!("[{}] {}", trial.kind(), trial.name()));
        }
        let client = Client::new(&base, ClientOptions::default(), Instant::now()).unwrap();
        let (target, _) = super::runtime()
            .unwrap()
            .block_on(Target::probe(&client, &base, None))
            .unwrap();
        let suite = suites.get("kinds").unwrap();
        let suites = [Arc::clone(suite)];
        let selection = conformance.selection.clone();
        let plan = Plan::build(
            &suites,
            Catalogue::embedded(),
            target.release,
            Some(&target.capability),
            &selection,
        );
        for case in plan.planned() {
            let alone = Plan {
                release: plan.release,
                suites: vec![PlannedSuite {
                    suite: Arc::clone(suite),
                    cases: vec![case.clone()],
                }],
                given: plan.given.clone(),
            };
            let result = conformance.perform(alone, &base, &target).unwrap();
            let outcome = match conformance.conclude(&result) {
                Ok(Completion::Completed) => "ok".to_owned(),
                Ok(Completion::Ignored { reason }) => format!("ignored: {}", reason.unwrap_or_default()),
                Err(failed) => failed.message().unwrap_or_default().to_owned(),
            };
            told.push(format!("{}: {outcome}", case.id));
        }
        let file = file.display().to_string();
        let ids = regex::Regex::new("X-Request-Id: [0-9a-f-]+").unwrap();
        let told = told.join("\n");
        ids.replace_all(&told, "X-Request-Id: [id]")
            .replace(&file, "kinds.yaml")
            .replace(server.base_url(), "[base]")
    }

    #[test]
    fn every_kind_of_case_is_told() {
        insta::assert_snapshot!(told(&Conformance::default()));
    }

    #[test]
    fn a_warning_fails_where_that_is_asked_for() {
        let selection = Selection::all().cases(&["*::warns".to_owned()]).unwrap();
        let told = told(&Conformance::default().selection(selection).strict());
        assert!(
            told.starts_with("[kinds] kinds::warns\nkinds::warns: WARN kinds::warns, step 1"),
            "{told}"
        );
    }

    #[test]
    fn a_server_that_is_not_there_is_an_error() {
        let error = Conformance::default().trials("http://127.0.0.1:1/fhir").unwrap_err();
        assert!(
            error.to_string().contains("no connection to http://127.0.0.1:1"),
            "{error}"
        );
        assert!(Conformance::default().trials("fhir").is_err());
    }

    const GIVEN: &str = "suite: given
title: What a tester gives
fhir: [R4]
given:
  patient: { title: the id of a Patient that is there }
cases:
  - id: reads
    title: It is read
    steps:
      - read: 'Patient/${patient}'
        expect: [{ requirement: read.unknown-404, status: 404 }]
  - id: of-a-profile
    title: What is stored is of a profile
    steps:
      - create: Patient
        body: { json: { resourceType: Patient, active: true } }
        capture: { id: { location: id } }
      - read: 'Patient/${id}'
        expect: [{ requirement: read.returns-current, body: { schema: 'http://example.org/p' } }]
";

    /// The trials of that suite: each with what it comes to.
    fn given(conformance: &Conformance) -> Result<String, ConformanceError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("given.yaml");
        std::fs::write(&file, GIVEN).unwrap();
        let suites = Suites::load([&file]).unwrap_or_else(|problems| panic!("{}", problems.render(Paint::Plain)));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime.block_on(Server::start(Options::default())).unwrap();
        let trials = conformance.clone().suites(&suites).trials(server.base_url())?;
        // What fails here on purpose is not shown among the tests.
        let arguments = Arguments {
            logfile: Some(folder.path().join("log").display().to_string()),
            ..Arguments::default()
        };
        let told = libtest_mimic::run(&arguments, trials);
        Ok(format!(
            "{} passed, {} ignored, {} failed",
            told.num_passed, told.num_ignored, told.num_failed
        ))
    }

    #[test]
    fn variables_profiles_and_permission_are_those_of_a_run() {
        let element = serde_json::json!([{"id": "Patient", "path": "Patient", "min": 0, "max": "*"}]);
        let profile = serde_json::json!({"resourceType": "StructureDefinition", "url": "http://example.org/p", "kind": "resource",
            "type": "Patient", "derivation": "constraint", "snapshot": {"element": element}});
        let mut loader = crate::fhir::profile::Loader::default();
        loader.file("p.json", profile.to_string().into_bytes());
        let profiles = loader.finish().unwrap();
        let nothing = Conformance::default();
        let all = nothing.clone().var("patient", "nobody").profiles(profiles);
        assert_eq!(given(&nothing).unwrap(), "0 passed, 1 ignored, 1 failed");
        assert_eq!(given(&all).unwrap(), "2 passed, 0 ignored, 0 failed");
        assert_eq!(
            given(&all.clone().read_only()).unwrap(),
            "1 passed, 1 ignored, 0 failed"
        );
        let told = given(&nothing.var("patiemt", "x")).unwrap_err().to_string();
        assert!(
            told.contains("patiemt") && told.contains("did you mean `patient`"),
            "{told}"
        );
    }

    #[test]
    fn writes_go_to_this_machine_only() {
        let far = Url::parse("https://fhir.example.org/r4").unwrap();
        let near = Url::parse("http://127.0.0.1:8080/fhir").unwrap();
        let plain = Conformance::default();
        assert_eq!(plain.permission(&near), Permission::Everything);
        assert_eq!(plain.permission(&far), Permission::NoWrites);
        assert_eq!(plain.clone().allow_writes().permission(&far), Permission::Everything);
        assert_eq!(plain.read_only().permission(&near), Permission::ReadOnly);
    }
}
