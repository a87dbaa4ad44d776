//! What the words of the command line come to: suites, a selection, a client. The environment is read here and, for
//! secrets, in [`auth`].

use std::collections::BTreeSet;
use std::io::{IsTerminal, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, io};

use globset::Glob;
use indexmap::IndexSet;
use serde_json::Value;
use url::Url;

use super::args::{CLAIMED, CiArgs, ConsoleFormat, FilterArgs, GivenArgs, ShardArg, TargetArgs};
use super::auth::{self, AuthProblems, Proofs};
use super::github::{Files, Job};
use super::given::{self, GivenProblems};
use crate::fhir::CapabilityStatement;
use crate::fhir::profile::{Loader, PackageProblems, Profiles};
use crate::plan::{AskedTypes, Selection, SelectionError, Shard};
use crate::report::{Progress, Style};
use crate::requirement::{Catalogue, Level};
use crate::server;
use crate::source::{Diagnostics, Paint};
use crate::suite::{Given, Suite, Suites};
use crate::transport::{Client, ClientError, ClientOptions};

/// What is wrong with the words of the command line, or with what they lead to.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Suites have errors.
    #[error("{}", .0.render(error_paint()).trim_end())]
    Suites(Diagnostics),
    /// The list of known failures has errors.
    #[error("{}", .0.render(error_paint()).trim_end())]
    Baseline(Diagnostics),
    /// Nothing to be strict about.
    #[error("--strict-baseline is about a list of known failures: name it with --baseline FILE")]
    StrictWithoutBaseline,
    /// The configuration has errors.
    #[error("{}", .0.render(error_paint()).trim_end())]
    Config(Diagnostics),
    /// A variable of the environment cannot be used.
    #[error("{variable}: {why}")]
    Variable {
        /// Its name.
        variable: String,
        /// What is wrong with it.
        why: String,
    },
    /// A base URL and a target.
    #[error("a base URL and --target both name the server under test: give one of them")]
    BaseAndTarget,
    /// There is no such target.
    #[error("no target is named `{name}`{hint}")]
    NoTarget {
        /// What was given.
        name: String,
        /// What may have been meant.
        hint: String,
    },
    /// Nobody said which of the targets.
    #[error("which server? {file} has {names}: name one with --target, or with `target` under [run]")]
    WhichTarget {
        /// Those that there are.
        names: String,
        /// The file.
        file: String,
    },
    /// There is no list of known failures.
    #[error("{path}: there is no such file; `fhir-assay baseline update --baseline {path} BASE_URL` writes one")]
    NoBaseline {
        /// What was given.
        path: String,
    },
    /// `--types` names types beside `claimed`.
    #[error("--types is either `claimed` or names of resource types: `claimed` has all that the server has")]
    ClaimedAndMore,
    /// `--suite` names nothing.
    #[error(
        "there is no suite `{name}`{hint}; `fhir-assay list suites` names those inside the binary, and a file has to end in .yaml"
    )]
    NoSuite {
        /// What was given.
        name: String,
        /// What may have been meant.
        hint: String,
    },
    /// A filter is no pattern.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// `--requirement` names none.
    #[error("no requirement is named `{name}`{hint}")]
    NoRequirement {
        /// What was given.
        name: String,
        /// What may have been meant.
        hint: String,
    },
    /// `--var` cannot be used.
    #[error(transparent)]
    Given(#[from] GivenProblems),
    /// Credentials cannot be used.
    #[error(transparent)]
    Auth(#[from] AuthProblems),
    /// A file cannot be read.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// `--assume` holds something else.
    #[error("{path}: {why}")]
    Assume {
        /// The file.
        path: String,
        /// Why it is none.
        why: String,
    },
    /// Profiles cannot be used.
    #[error(transparent)]
    Profiles(#[from] PackageProblems),
    /// `--profile` names something else.
    #[error("{path}: this is no package (.tgz), no StructureDefinition (.json) and no folder of them")]
    NoProfiles {
        /// What was given.
        path: String,
    },
    /// No client can be made.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// How standard output is written to.
#[must_use]
pub fn output_style() -> Style {
    style(&io::stdout(), terminal_size::terminal_size_of(io::stdout()))
}

/// How standard error is written to.
#[must_use]
pub fn error_style() -> Style {
    style(&io::stderr(), terminal_size::terminal_size_of(io::stderr()))
}

/// How diagnostics on standard error are drawn.
#[must_use]
pub fn error_paint() -> Paint {
    if is_colored(&io::stderr()) {
        Paint::Coloured
    } else {
        Paint::Plain
    }
}

fn style(
    stream: &impl anstream::stream::RawStream,
    size: Option<(terminal_size::Width, terminal_size::Height)>,
) -> Style {
    let style = if is_colored(stream) {
        Style::colored()
    } else {
        Style::plain()
    };
    match size {
        Some((width, _)) => style.within(usize::from(width.0)),
        None => style,
    }
}

fn is_colored(stream: &impl anstream::stream::RawStream) -> bool {
    anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never
}

/// The job of GitHub that the program runs in, where it does and is to speak to it.
#[must_use]
pub fn github(args: CiArgs) -> Option<Job> {
    let is_there = env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
    let file = |name: &str| env::var_os(name).map(PathBuf::from);
    (is_there && !args.no_annotations).then(|| {
        Job::new(Files {
            summary: file("GITHUB_STEP_SUMMARY"),
            output: file("GITHUB_OUTPUT"),
        })
    })
}

/// How the console shows how far a run is.
#[must_use]
pub fn progress(format: ConsoleFormat) -> Progress {
    if matches!(format, ConsoleFormat::Quiet | ConsoleFormat::JsonLines) {
        Progress::Quiet
    } else if io::stderr().is_terminal() {
        Progress::Bar
    } else {
        Progress::Lines
    }
}

/// The suites that `--suite` names; all of http.html where it names none.
///
/// # Errors
/// Names of nothing, and everything that is wrong in a file.
pub fn suites(names: &[String]) -> Result<Vec<Arc<Suite>>, SettingsError> {
    if names.is_empty() {
        let all = Suites::embedded().map_err(SettingsError::Suites)?;
        return Ok(all
            .iter()
            .filter(|suite| suite.id.as_str().starts_with("http."))
            .cloned()
            .collect());
    }
    let mut suites: Vec<Arc<Suite>> = Vec::new();
    let mut files: Vec<&Path> = Vec::new();
    for name in names {
        let path = Path::new(name);
        if name.ends_with(".yaml") || name.ends_with(".yml") || name.contains(['/', '\\']) || path.exists() {
            files.push(path);
        } else {
            suites.extend(embedded(name)?);
        }
    }
    if !files.is_empty() {
        suites.extend(Suites::load(&files).map_err(SettingsError::Suites)?.iter().cloned());
    }
    let mut seen = BTreeSet::new();
    suites.retain(|suite| seen.insert((suite.id.value.clone(), suite.source.name().to_string())));
    Ok(suites)
}

/// The suites inside the binary of a name or glob.
fn embedded(name: &str) -> Result<Vec<Arc<Suite>>, SettingsError> {
    if let Some(suites) = Suites::embedded_named(name) {
        return Ok(suites.map_err(SettingsError::Suites)?.iter().cloned().collect());
    }
    let matcher = Glob::new(name).ok().map(|glob| glob.compile_matcher());
    let ids = Suites::embedded_ids();
    if let Some(matcher) = matcher.filter(|matcher| ids.iter().any(|id| matcher.is_match(id.as_str()))) {
        let all = Suites::embedded().map_err(SettingsError::Suites)?;
        return Ok(all
            .iter()
            .filter(|suite| matcher.is_match(suite.id.as_str()))
            .cloned()
            .collect());
    }
    // `read` for `http.read` is what people type.
    if let Some(suites) = Suites::embedded_named(&format!("http.{name}")) {
        return Ok(suites.map_err(SettingsError::Suites)?.iter().cloned().collect());
    }
    Err(SettingsError::NoSuite {
        name: name.to_owned(),
        hint: did_you_mean(name, ids.iter().map(crate::suite::SuiteId::as_str)),
    })
}

/// `; did you mean ...?` where a known name is near.
#[must_use]
pub fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = crate::suite::parse::nearest(name, known);
    nearest.map_or_else(String::new, |known| format!("; did you mean `{known}`?"))
}

/// The selection that the filters make, of what cites the rules of a catalogue.
///
/// # Errors
/// Patterns that cannot be read, and requirements that do not exist.
pub fn selection(filters: &FilterArgs, catalogue: &Catalogue) -> Result<Selection, SettingsError> {
    for name in filters
        .requirements
        .iter()
        .filter(|name| !name.contains(['*', '?', '[', '{']))
    {
        if catalogue.get(name).is_none() {
            return Err(SettingsError::NoRequirement {
                name: name.clone(),
                hint: did_you_mean(name, catalogue.iter().map(|rule| rule.id.as_str())),
            });
        }
    }
    Ok(Selection::all()
        .cases(&filters.cases)?
        .requirements(&filters.requirements)?
        .interactions(filters.interactions.clone())
        .tags(filters.tags.clone())
        .level(filters.level.map(Level::from))
        .types(types(&filters.types)?)
        .shard(filters.shard.and_then(part)))
}

/// What the tester gives to suites, by `--var` and in the environment; where no server is named, what is known of our own.
///
/// # Errors
/// Everything that is wrong with it.
pub fn given(args: &GivenArgs, target: &TargetArgs, suites: &[Arc<Suite>]) -> Result<Given, SettingsError> {
    let is_ours = target.base.is_none() && target.assume.is_none();
    let known = if is_ours { server::given::given() } else { Vec::new() };
    Ok(given::given(args, suites, &|name| env::var(name).ok(), known)?)
}

/// The part of the plan; `auto` is settled before, by [`shard`](super::shard).
const fn part(shard: ShardArg) -> Option<Shard> {
    match shard {
        ShardArg::Part(shard) => Some(shard),
        ShardArg::Auto => None,
    }
}

/// The types that cases about any type run over.
///
/// # Errors
/// The word for all types beside names.
pub fn types(asked: &[String]) -> Result<AskedTypes, SettingsError> {
    match asked {
        [] => Ok(AskedTypes::Default),
        [word] if word == CLAIMED => Ok(AskedTypes::Claimed),
        types if types.iter().any(|word| word == CLAIMED) => Err(SettingsError::ClaimedAndMore),
        types => {
            let once: IndexSet<&String> = types.iter().collect();
            Ok(AskedTypes::Listed(once.into_iter().cloned().collect()))
        }
    }
}

/// A client for a base URL.
///
/// # Errors
/// Credentials that are missing, and certificates that cannot be read.
pub fn client(target: &TargetArgs, base: &Url, jobs: usize, started: Instant) -> Result<Client, SettingsError> {
    let Proofs { credentials, identity } = auth::proofs(&target.auth, &target.headers, base)?;
    let options = ClientOptions {
        connect: target.timeout.min(Duration::from_secs(10)),
        first_byte: target.timeout,
        total: target.timeout,
        certificates: target.ca.as_deref().map(certificates).transpose()?.unwrap_or_default(),
        credentials,
        identity,
        connections: jobs,
        ..ClientOptions::default()
    };
    Ok(Client::new(base, options, started)?)
}

/// The file of `--ca`, which has to hold something: to trust nobody more is no help, and hard to find out later.
fn certificates(path: &Path) -> Result<Vec<u8>, SettingsError> {
    let bytes = read(path)?;
    let begin = b"-----BEGIN CERTIFICATE-----";
    if bytes.windows(begin.len()).any(|window| window == begin) {
        Ok(bytes)
    } else {
        let why = format!("there is no `BEGIN CERTIFICATE` in {}", path.display());
        Err(ClientError::Certificates(why).into())
    }
}

/// The claims of `--assume`.
///
/// # Errors
/// Where the file cannot be read or holds no CapabilityStatement.
pub fn assumed(path: &Path) -> Result<CapabilityStatement, SettingsError> {
    CapabilityStatement::read(&assumed_json(path)?).map_err(|error| SettingsError::Assume {
        path: path.display().to_string(),
        why: error.to_string(),
    })
}

/// The JSON of `--assume`.
///
/// # Errors
/// Where the file cannot be read or holds no JSON.
pub fn assumed_json(path: &Path) -> Result<Value, SettingsError> {
    serde_json::from_slice(&read(path)?).map_err(|error| SettingsError::Assume {
        path: path.display().to_string(),
        why: format!("it is no JSON: {error}"),
    })
}

/// The profiles of `--profile`: packages, folders of definitions and single ones. What a package is built upon and is not
/// there is told on standard error.
///
/// # Errors
/// Files that cannot be read, and everything that is wrong with any of them.
pub fn profiles(paths: &[PathBuf]) -> Result<Profiles, SettingsError> {
    let mut loader = Loader::default();
    for path in paths {
        let name = path.display().to_string();
        let ends_with = |ending: &str| name.to_lowercase().ends_with(ending);
        if path.is_dir() {
            let files = definitions(path)?;
            if files.is_empty() {
                return Err(SettingsError::NoProfiles { path: name });
            }
            for file in files {
                loader.file(&file.display().to_string(), read_at_most(&file, LARGEST_DEFINITION)?);
            }
        } else if ends_with(".json") {
            loader.file(&name, read_at_most(path, LARGEST_DEFINITION)?);
        } else if ends_with(".tgz") || ends_with(".tar.gz") || path.is_file() {
            let file = fs::File::open(path).map_err(|error| SettingsError::File {
                path: name.clone(),
                error,
            })?;
            loader.package(&name, io::BufReader::new(file));
        } else if path.exists() {
            return Err(SettingsError::NoProfiles { path: name });
        } else {
            read(path)?;
        }
    }
    let profiles = loader.finish()?;
    for missing in profiles.missing_dependencies() {
        let _ = writeln!(
            io::stderr(),
            "note: {missing}, which is not loaded; --profile takes it too"
        );
    }
    Ok(profiles)
}

/// A file is read so far: one that is longer is refused by the loader, which sees that there is more.
const LARGEST_DEFINITION: u64 = (32 << 20) + 1;

/// The definitions in a folder, or in the `package` folder of an unpacked package.
///
/// # Errors
/// A folder that cannot be read.
pub fn definitions(folder: &Path) -> Result<Vec<PathBuf>, SettingsError> {
    let inner = folder.join("package");
    let folder = if inner.join("package.json").is_file() {
        &inner
    } else {
        folder
    };
    let unread = |error| SettingsError::File {
        path: folder.display().to_string(),
        error,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".json") && !name.starts_with('.') && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read_at_most(path: &Path, most: u64) -> Result<Vec<u8>, SettingsError> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    match file {
        Ok(_) => Ok(bytes),
        Err(error) => Err(SettingsError::File {
            path: path.display().to_string(),
            error,
        }),
    }
}

/// A file as a whole.
///
/// # Errors
/// Where the system refuses.
pub fn read(path: &Path) -> Result<Vec<u8>, SettingsError> {
    fs::read(path).map_err(|error| SettingsError::File {
        path: PathBuf::from(path).display().to_string(),
        error,
    })
}
