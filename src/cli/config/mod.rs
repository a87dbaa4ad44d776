//! `fhir-assay.toml` and the environment: words that stand for options of the command line.
//!
//! Every option of `run` is a key of the file and, behind `FHIR_ASSAY_`, a variable of the environment; so nothing can be
//! said in one way and not in another, and one reader (that of the command line) judges all three. Flags win over the
//! environment, that wins over the section of the target, and that over `[run]`.

mod file;
mod layer;
mod schema;
mod show;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs, io};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory};

use super::args::Cli;
use super::settings::SettingsError;
use crate::source::{SourceFile, Span};
use crate::suite::parse::decode;

pub use file::File;
use layer::Layers;
pub use schema::schema;
pub use show::show;

/// The file that is looked for in the working folder.
pub const FILE: &str = "fhir-assay.toml";
/// What stands before the name of an option in the environment.
pub const PREFIX: &str = "FHIR_ASSAY_";

/// A command that goes by the configuration.
struct Configured {
    /// Its words.
    path: &'static [&'static str],
    /// The options that it takes from there, of those of `run`; none for all that it has.
    only: &'static [&'static str],
    /// Whether it has something to do without a server.
    is_idle: bool,
}

/// Commands that go by the configuration. Those that are about reports do not: what fails a shard (`fail-on = "never"`) is not
/// what fails all of them together.
const COMMANDS: [Configured; 6] = [
    Configured::of(&["run"]),
    Configured::of(&["baseline", "update"]),
    Configured::of(&["config", "show"]),
    Configured::of(&["auth", "check"]),
    Configured {
        is_idle: true,
        ..Configured::of(&["list"])
    },
    // `report` means the reports of a run.
    Configured {
        path: &["validate"],
        only: &["fhir", "profile"],
        is_idle: true,
    },
];

impl Configured {
    const fn of(path: &'static [&'static str]) -> Self {
        Self {
            path,
            only: &[],
            is_idle: false,
        }
    }

    /// Whether it takes an option from the configuration.
    fn takes(&self, command: &Command, option: &str) -> bool {
        let has = command.get_arguments().any(|known| name_of(known) == Some(option));
        has && (self.only.is_empty() || self.only.contains(&option))
    }
}

/// Options that are about the file itself, or that would hide a mistake if they stood in one.
const NOT_IN_FILES: [&str; 3] = ["config", "target", "help"];

/// Words for one option, and where they come from.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The option: its long name, or `base`.
    pub option: String,
    /// What is given.
    pub values: Vec<String>,
    /// Where it stands.
    pub source: Source,
}

/// Where words for an option come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The command line.
    CommandLine,
    /// A variable of the environment.
    Environment(String),
    /// A place in the file.
    File(Arc<SourceFile>, Span),
    /// Nowhere: it is what holds where nobody says anything.
    Default,
}

/// The command line with the words of the environment and the file put in where it says nothing itself.
pub struct Completed {
    /// What to read instead of the command line.
    pub arguments: Vec<OsString>,
    /// What was put in.
    pub settings: Vec<Setting>,
}

/// Completes a command line. One of a command that takes no such words, and one that cannot be read, stay as they are.
///
/// # Errors
/// Everything that is wrong in the file and in the environment.
pub fn complete(arguments: Vec<OsString>) -> Result<Completed, SettingsError> {
    let unchanged = |arguments| Completed {
        arguments,
        settings: Vec::new(),
    };
    let Some(configured) = command_of(&arguments) else {
        return Ok(unchanged(arguments));
    };
    let path = configured.path;
    let variables: Vec<(String, String)> = variables();
    let asks = arguments.iter().any(|word| {
        let word = word.to_string_lossy();
        ["--config", "--target"].iter().any(|name| word.starts_with(name))
    });
    if variables.is_empty() && !asks && !Path::new(FILE).exists() {
        return Ok(unchanged(arguments));
    }
    let root = built();
    let Ok(matches) = root.clone().try_get_matches_from(&arguments) else {
        return Ok(unchanged(arguments));
    };
    let given = inner(&matches, path);
    let options = options();
    let file = file(given, &variables, &options)?;
    let layers = Layers {
        given,
        variables: &variables,
        file: file.as_ref(),
        options: &options,
        is_idle: configured.is_idle,
    };
    let command = path
        .iter()
        .fold(&root, |command, name| command.find_subcommand(name).unwrap_or(command));
    let mut settings = layers.settle()?;
    settings.retain(|setting| configured.takes(command, &setting.option));
    let at = path.len() + 1;
    let mut completed: Vec<OsString> = arguments[..at].to_vec();
    // The base URL comes last: before it there may be other words that are no options.
    let (places, others): (Vec<_>, Vec<_>) = settings.iter().partition(|setting| setting.option == "base");
    let words = |setting: &Setting| setting.words(&options).into_iter().map(OsString::from);
    completed.extend(others.into_iter().flat_map(words));
    completed.extend_from_slice(&arguments[at..]);
    completed.extend(places.into_iter().flat_map(words));
    Ok(Completed {
        arguments: completed,
        settings,
    })
}

/// The command of a command line, where it goes by the configuration.
fn command_of(arguments: &[OsString]) -> Option<Configured> {
    COMMANDS.into_iter().find(|command| {
        let words = arguments.get(1..=command.path.len());
        words.is_some_and(|words| words.iter().zip(command.path).all(|(word, name)| *word == **name))
    })
}

/// The variables of the environment that are ours.
fn variables() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
        // FHIR_ASSAY_VAR_NAME is a value for a suite, and read where those are.
        .filter(|(name, value)| name.starts_with(PREFIX) && !name.starts_with("FHIR_ASSAY_VAR_") && !value.is_empty())
        .collect();
    found.sort();
    found
}

fn built() -> Command {
    let mut root = Cli::command();
    root.build();
    root
}

/// What was given to the innermost command.
fn inner<'m>(matches: &'m ArgMatches, path: &[&str]) -> &'m ArgMatches {
    path.iter().fold(matches, |matches, name| {
        matches.subcommand_matches(name).unwrap_or(matches)
    })
}

/// The options of `run`, with its base URL.
pub struct Options {
    run: Command,
}

fn options() -> Options {
    let root = built();
    let run = root.find_subcommand("run").cloned().unwrap_or(root);
    Options { run }
}

impl Options {
    /// Every option that may stand in a file or in the environment.
    pub fn all(&self) -> impl Iterator<Item = &Arg> {
        self.run
            .get_arguments()
            .filter(|option| name_of(option).is_some_and(|name| !NOT_IN_FILES.contains(&name)))
    }

    /// The option of a name.
    pub fn get(&self, name: &str) -> Option<&Arg> {
        self.all().find(|option| name_of(option) == Some(name))
    }

    /// The names, for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all().filter_map(name_of)
    }

    /// Whether two options exclude each other.
    pub fn conflict(&self, one: &Arg, other: &Arg) -> bool {
        let excludes = |one: &Arg, other: &Arg| {
            let others = self.run.get_arg_conflicts_with(one);
            others.iter().any(|found| found.get_id() == other.get_id())
        };
        excludes(one, other) || excludes(other, one)
    }

    /// What the reader of the command line says against a value; `None` where it takes it.
    pub fn against(&self, option: &Arg, value: &str) -> Option<String> {
        let setting = Setting {
            option: name_of(option).unwrap_or_default().to_owned(),
            values: vec![value.to_owned()],
            source: Source::Default,
        };
        let words = std::iter::once("run".to_owned()).chain(setting.words(self));
        let error = self
            .run
            .clone()
            .no_binary_name(false)
            .try_get_matches_from(words)
            .err()?;
        use clap::error::ErrorKind::{InvalidValue, NoEquals, TooManyValues, ValueValidation, WrongNumberOfValues};
        if !matches!(
            error.kind(),
            InvalidValue | ValueValidation | NoEquals | TooManyValues | WrongNumberOfValues
        ) {
            // Other options that it needs may stand elsewhere.
            return None;
        }
        let text = error.render().to_string();
        let first: Vec<&str> = text
            .lines()
            .take_while(|line| !line.is_empty())
            .map(str::trim)
            .collect();
        Some(first.join(" ").trim_start_matches("error: ").to_owned())
    }
}

/// The name of an option in files: the long one, or `base`.
pub fn name_of(option: &Arg) -> Option<&str> {
    if option.is_positional() {
        return (option.get_id() == "base").then_some("base");
    }
    option.get_long()
}

/// Whether an option may be given more than once.
pub fn is_list(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::Append)
}

/// Whether an option is there or not, without a value.
pub fn is_flag(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::SetTrue)
}

impl Setting {
    /// The words of the command line that say the same.
    fn words(&self, options: &Options) -> Vec<String> {
        let Some(option) = options.get(&self.option) else {
            return Vec::new();
        };
        if is_flag(option) {
            let is_on = self.values.iter().any(|value| value == "true");
            return if is_on {
                vec![format!("--{}", self.option)]
            } else {
                Vec::new()
            };
        }
        if option.is_positional() {
            return self.values.clone();
        }
        let name = &self.option;
        self.values.iter().map(|value| format!("--{name}={value}")).collect()
    }
}

fn was_given(matches: &ArgMatches, id: &str) -> bool {
    let known = matches.ids().any(|known| known == id);
    known
        && matches!(
            matches.value_source(id),
            Some(ValueSource::CommandLine | ValueSource::EnvVariable)
        )
}

/// The file of `--config`, of `FHIR_ASSAY_CONFIG`, or that of the working folder.
fn file(given: &ArgMatches, variables: &[(String, String)], options: &Options) -> Result<Option<File>, SettingsError> {
    let asked = given.get_one::<PathBuf>("config").cloned();
    let named = variables.iter().find(|(name, _)| name == "FHIR_ASSAY_CONFIG");
    let asked = asked.or_else(|| named.map(|(_, value)| PathBuf::from(value)));
    let is_asked = asked.is_some();
    let path = asked.unwrap_or_else(|| PathBuf::from(FILE));
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_asked => return Ok(None),
        read => read.map_err(|error| SettingsError::File {
            path: path.display().to_string(),
            error,
        })?,
    };
    let source = decode(&path.display().to_string(), bytes)
        .map_err(|problem| SettingsError::Config(std::iter::once(*problem).collect()))?;
    File::parse(&source, options).map(Some).map_err(SettingsError::Config)
}
