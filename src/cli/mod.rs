//! The edge: arguments, environment, files and the exit code. Everything else is told what it needs.

pub mod args;
pub mod auth;
pub mod command;
pub mod config;
pub mod exit;
pub mod gate;
pub mod github;
pub mod given;
pub mod output;
pub mod rerun;
pub mod scope;
pub mod settings;
pub mod shard;

use std::io::{self, Write};

use clap::Parser;
use clap::error::ErrorKind;

use crate::transport::ProbeError;
use args::{Cli, Command};
use exit::Exit;
use output::OutputError;
use settings::SettingsError;

/// Why a command did not do what it was asked: what to say, and how to end.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// A message and an exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
        }
    }

    /// Says it on standard error. Returns the exit code.
    pub(crate) fn tell(&self) -> Exit {
        say(&marked(&self.message));
        self.exit
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::new(Exit::Usage, error.to_string())
    }
}

impl From<shard::ShardError> for Failure {
    fn from(error: shard::ShardError) -> Self {
        Self::new(Exit::Usage, error.to_string())
    }
}

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        Self::new(Exit::Usage, error.to_string())
    }
}

impl From<ProbeError> for Failure {
    fn from(error: ProbeError) -> Self {
        let exit = if error.is_usage() { Exit::Usage } else { Exit::Unjudged };
        Self::new(exit, error.to_string())
    }
}

/// Reads the command line, does what it says, and returns how to end.
#[must_use]
pub fn main() -> Exit {
    let completed = match config::complete(std::env::args_os().collect()) {
        Ok(completed) => completed,
        Err(error) => {
            return Failure::from(error).tell();
        }
    };
    let cli = match Cli::try_parse_from(&completed.arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // A reader that went away is no fault of ours.
            let _ = error.print();
            return if asked { Exit::Success } else { Exit::Usage };
        }
    };
    let outcome = match &cli.command {
        Command::Run(args) => command::run::run(args),
        Command::Init(args) => command::config::init(args),
        Command::Config(args) => command::config::config(args, &completed),
        Command::Baseline(args) => command::baseline::baseline(args),
        Command::Serve(args) => command::serve::serve(args),
        Command::List(args) => command::list::list(args),
        Command::Prove(args) => command::prove::prove(args),
        Command::Explain(args) => command::explain::explain(args),
        Command::Lint(args) => command::lint::lint(args),
        Command::Validate(args) => command::validate::validate(args),
        Command::Auth(args) => command::auth::auth(args),
        Command::Report(args) => command::report::report(args),
        Command::Verify(args) => command::verify::verify(args),
        Command::Diff(args) => command::compare::diff(args),
        Command::Compare(args) => command::compare::compare(args),
        Command::Merge(args) => command::compare::merge(args),
        Command::Schemas(args) => command::schemas::schemas(args),
        Command::Completions(args) => command::completions::completions(args),
        Command::Man(args) => command::man::man(args),
    };
    outcome.unwrap_or_else(|failure| failure.tell())
}

/// A message behind `error:`, unless it is a diagnostic that begins with it already.
fn marked(message: &str) -> String {
    if message.contains("error") && message.contains("-->") {
        message.to_owned()
    } else {
        format!("error: {message}")
    }
}

/// Says a line on standard error. That nobody reads there is no failure, and no reason to panic.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes a text to standard output; a reader that went away (`| head`) is no failure.
///
/// # Errors
/// Any other failure of the writing.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(Exit::Usage, error.to_string())),
        _ => Ok(()),
    }
}
