//! What stands between a run and its server: the network, with all that is wrapped around it, or a recording.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Instant, SystemTime};
use std::{fs, io};

use url::Url;

use super::options;
use crate::cli::args::RunArgs;
use crate::cli::exit::Exit;
use crate::cli::output::Growing;
use crate::cli::{Failure, output, settings};
use crate::exchange::Permission;
use crate::fhir::{CapabilityStatement, FhirVersion};
use crate::plan::{Plan, PlannedCase};
use crate::recording::{About, Recorded, Recording, Replay, Tape};
use crate::run::RunOptions;
use crate::suite::Given;
use crate::transport::guard::permission;
use crate::transport::{Guarded, Paced, Patience, Retrying, Target, Transport};
use crate::verdict::{ReasonKind, RunResult, counted};

/// The way to the server.
pub(super) struct Wire {
    /// What the run sends through.
    pub(super) transport: Box<dyn Transport>,
    tape: Option<(Rc<RefCell<Tape>>, PathBuf)>,
    /// The file of the tape until it is whole.
    growing: RefCell<Option<Growing>>,
    /// Whether the recording stays, and was not only made for evidence.
    is_kept: bool,
    recorded: Option<Recorded>,
    /// Whether nobody can know what the server claims.
    is_silent_about_claims: bool,
    permission: Permission,
}

impl Wire {
    /// The network. `notice` is told what a person who watches should know.
    ///
    /// # Errors
    /// A recording that cannot be written.
    pub(super) fn live(
        args: &RunArgs,
        client: impl Transport + 'static,
        base: &Url,
        started: Instant,
        notice: impl Fn(String) + 'static,
    ) -> Result<Self, Failure> {
        let wanted = args.recording.record.clone();
        let is_kept = wanted.is_some();
        let path = wanted.or_else(|| Some(output::part_of(args.evidence.evidence.as_deref()?)));
        let mut growing = None;
        let tape = match &path {
            Some(path) => {
                output::prepare_file(path)?;
                if is_kept && output::is_stream(path) && args.evidence.evidence.is_some() {
                    let why = "evidence reads the recording again: --record has to be a file beside --evidence, or be left out";
                    return Err(Failure::new(Exit::Usage, format!("{}: {why}", path.display())));
                }
                let (begun, out) = Growing::begin(path)?;
                growing = Some(begun);
                let zero = SystemTime::now() - started.elapsed();
                let tape = Tape::begin(Box::new(out), zero).map_err(|error| unwritten(path, &error))?;
                Some((Rc::new(RefCell::new(tape)), path.clone()))
            }
            None => None,
        };
        let permission = permission(args.safety.read_only, args.safety.allow_writes, base);
        let mut inner: Box<dyn Transport> = Box::new(Guarded::new(client, permission.clone(), base));
        if let Some(rate) = args.safety.rate {
            inner = Box::new(Paced::new(inner, rate));
        }
        if let Some((tape, _)) = &tape {
            inner = Box::new(Recording::new(inner, Rc::clone(tape)));
        }
        Ok(Self {
            transport: Box::new(Retrying::new(inner, Patience::default(), notice)),
            tape,
            growing: RefCell::new(growing),
            is_kept,
            recorded: None,
            is_silent_about_claims: false,
            permission,
        })
    }

    /// A recording in the place of the network.
    pub(super) fn replaying(replay: Replay) -> Self {
        Self {
            recorded: replay.recorded().cloned(),
            is_silent_about_claims: replay.is_silent_about_claims(),
            transport: Box::new(replay),
            tape: None,
            growing: RefCell::new(None),
            is_kept: false,
            // Nothing is sent.
            permission: Permission::Everything,
        }
    }

    /// Leaves out of a plan what may not be sent, and what the recording does not hold. Returns what should be known of it.
    pub(super) fn restrict(&self, plan: &mut Plan) -> Option<String> {
        plan.permit(&self.permission);
        let is_refused =
            |case: &&PlannedCase| matches!(&case.left_out, Some(reason) if reason.kind == ReasonKind::NotAllowed);
        let refused = plan.cases().filter(is_refused).count();
        if let Some(recorded) = &self.recorded {
            plan.leave_out(|case| recorded.leaves_out(case.id.as_str()));
        }
        let cases = counted(refused as u64, "case", "cases");
        match &self.permission {
            _ if refused == 0 => None,
            Permission::ReadOnly => Some(format!(
                "{cases} left out: they send more than GET and HEAD (--read-only)"
            )),
            Permission::NoWrites => Some(format!(
                "{cases} left out: they write, and the server is not on this machine; --allow-writes runs them"
            )),
            _ => Some(format!("{cases} left out: they write what may not be written")),
        }
    }

    /// Puts into the options of a run what the recording says of it: ids are made up as they were.
    pub(super) fn restore(&self, options: &mut RunOptions) {
        if let Some(recorded) = &self.recorded {
            options.marks = recorded.about.marks().unwrap_or(options.marks);
            options.ended.clone_from(&recorded.stopped);
            options.cleanup &= !recorded.about.options.contains_key("no-cleanup");
        }
    }

    /// The server behind the exchanges of a document, where they do not show what it claims.
    pub(super) fn unclaimed(&self, base: &Url, release: FhirVersion) -> Option<Target> {
        let nothing = CapabilityStatement::default();
        let target = Target::assume(base, nothing, Some(release)).ok();
        target.filter(|_| self.is_silent_about_claims)
    }

    /// Whether the run that is replayed was to end with its first failure.
    pub(super) fn was_fail_fast(&self) -> bool {
        let recorded = self.recorded.as_ref();
        recorded.is_some_and(|recorded| recorded.about.options.contains_key("fail-fast"))
    }

    /// The recording when it is ended; the file goes where nobody asked for it.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(super) fn recording(&self) -> Result<Vec<u8>, Failure> {
        let Some((_, path)) = &self.tape else {
            return Ok(Vec::new());
        };
        let bytes = settings::read(path)?;
        if !self.is_kept {
            fs::remove_file(path).map_err(|error| unwritten(path, &error))?;
        }
        Ok(bytes)
    }

    /// Ends the recording of a run, where there is one; its file gets its name.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn end(
        &self,
        args: &RunArgs,
        given: &Given,
        target: &Target,
        marks: u64,
        result: &RunResult,
    ) -> Result<(), Failure> {
        let Some((tape, path)) = &self.tape else { return Ok(()) };
        let about = About {
            tool: format!("{} {}", result.tool.name, result.tool.version),
            base: target.base.to_string(),
            release: target.release,
            marks: format!("{marks:016x}"),
            assumed: args.target.assume.as_deref().map(settings::assumed_json).transpose()?,
            types: args.filters.types.clone(),
            given: given
                .iter()
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .collect(),
            options: result.options.clone(),
        };
        let ended = tape.borrow_mut().end(about, result);
        ended.map_err(|error| unwritten(path, &error))?;
        match self.growing.take() {
            Some(growing) => Ok(growing.finish()?),
            None => Ok(()),
        }
    }
}

/// The recording of `--replay`, and the arguments with what it says put in where nothing else was given.
///
/// # Errors
/// A file that cannot be read or replayed, and one that does not tell where its server is.
pub(super) fn replayed(args: &mut RunArgs) -> Result<Option<Replay>, Failure> {
    let Some(path) = &args.recording.replay else {
        return Ok(None);
    };
    let bytes = settings::read(path)?;
    let name = path.display().to_string();
    let replay = crate::recording::read(&name, &bytes).map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    match replay.recorded() {
        Some(recorded) => {
            let about = &recorded.about;
            args.target.base.get_or_insert_with(|| about.base.clone());
            args.target.fhir.get_or_insert(about.release);
            if args.filters.types.is_empty() {
                args.filters.types.clone_from(&about.types);
            }
        }
        None if args.target.base.is_none() => {
            let Some(base) = replay.base() else {
                let why =
                    "this recording was not made by fhir-assay and does not tell the base URL: give it as BASE_URL";
                return Err(Failure::new(Exit::Usage, format!("{name}: {why}")));
            };
            args.target.base = Some(base);
        }
        None => {}
    }
    Ok(Some(replay))
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Usage, format!("{}: {error}", path.display()))
}

/// The options of a run on this wire.
pub(super) fn options(wire: &Wire, args: &RunArgs, given: &Given, journal: bool) -> RunOptions {
    let mut options = options::options(args, given, journal);
    wire.restore(&mut options);
    options
}
