//! The command line of the gate: what fails it, and what it knows already.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::RunArgs;

/// From which level on a broken requirement fails the run; `never` where something later decides, `merge` for example. Values have
/// no words of their own: those make the help of all options twice as long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum FailOn {
    #[default]
    Shall,
    Should,
    Never,
}

/// What fails the gate.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Gate")]
pub struct GateArgs {
    /// From which level on a broken requirement makes the exit code 1; `never` where something later decides, such as `merge`
    #[arg(long, value_enum, default_value_t)]
    pub fail_on: FailOn,
    /// A list of known failures (YAML): only new ones fail the gate
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Fail too where the list is out of date: a known failure passes, has expired, or names nothing
    #[arg(long)]
    pub strict_baseline: bool,
}

/// `baseline`
#[derive(Debug, Args)]
pub struct BaselineArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: BaselineCommand,
}

/// What to do with a list of known failures.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Run, and write what fails into the list: what is mended goes, what is new comes, reasons and comments stay
    Update(Box<UpdateArgs>),
}

/// `baseline update`
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// A JSON report to go by, instead of a run
    #[arg(long, value_name = "REPORT", conflicts_with = "base")]
    pub from: Option<PathBuf>,
    /// The reason of new entries; without it, what was found
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub reason: String,
    /// The issue of new entries
    #[arg(long, value_name = "URL")]
    pub issue: Option<String>,
    /// The last day on which new entries are known, such as 2026-12-31
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub expires: Option<Date>,
    /// The run; --baseline names the list.
    #[command(flatten)]
    pub run: RunArgs,
}

fn date(text: &str) -> Result<Date, String> {
    let read = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
    read.ok_or_else(|| "write year, month and day: 2026-12-31".to_owned())
}
