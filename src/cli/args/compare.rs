//! The command lines that take several reports: `diff`, `compare` and `merge`.

use std::path::PathBuf;

use clap::Args;

use super::value::{Output, output};
use super::{FailOn, GateArgs};

/// `diff`
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The JSON report before
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The JSON report now
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// From which level on a broken requirement counts; `never` makes the exit code 0
    #[arg(long, value_enum, default_value_t)]
    pub fail_on: FailOn,
    /// What to make of it, as FORMAT=PATH (console, markdown, html, json); '-' is standard output
    #[arg(long = "to", value_name = "FORMAT=PATH", value_parser = output)]
    pub to: Vec<Output>,
}

/// `compare`
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// JSON reports of one plan on several servers, each as PATH or NAME=PATH
    #[arg(required = true, num_args = 2.., value_name = "REPORT", value_parser = named)]
    pub reports: Vec<Named>,
    /// What to make of it, as FORMAT=PATH (console, markdown, html, json); '-' is standard output
    #[arg(long = "to", value_name = "FORMAT=PATH", value_parser = output)]
    pub to: Vec<Output>,
}

/// `merge`
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// JSON reports, one of each shard
    #[arg(required = true, value_name = "REPORT")]
    pub reports: Vec<PathBuf>,
    /// What to make of it, as FORMAT=PATH: console, junit, json, markdown, html, sarif, tap, github, gitlab, badge, shields,
    /// test-report; '-' is standard output
    #[arg(long = "to", required = true, value_name = "FORMAT=PATH", value_parser = output)]
    pub to: Vec<Output>,
    /// What fails it.
    #[command(flatten)]
    pub gate: GateArgs,
}

/// A report with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// What it is called in tables.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

fn named(text: &str) -> Result<Named, String> {
    match text.split_once('=') {
        // A path may hold the sign too.
        Some((name, path)) if !name.is_empty() && !path.is_empty() && !name.contains(['/', '\\', '.']) => Ok(Named {
            name: name.to_owned(),
            path: path.into(),
        }),
        _ => Ok(Named {
            name: text.to_owned(),
            path: text.into(),
        }),
    }
}
