//! The command lines of the configuration: which file and which target, `init` and `config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{RunArgs, TargetArgs};

/// Which configuration. Both are settled before anything else is read.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub struct ConfigFileArgs {
    /// The configuration; by default fhir-assay.toml, where the working folder has one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The server under test, by its name in the configuration
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
}

/// `init`
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The server under test; it is asked for its /metadata.
    #[command(flatten)]
    pub server: TargetArgs,
    /// The name of the target
    #[arg(long, value_name = "NAME", default_value = "server", value_parser = target_name)]
    pub name: String,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "fhir-assay.toml")]
    pub config: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    pub force: bool,
}

fn target_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !text.is_empty() && text.chars().all(is_plain) {
        Ok(text.to_owned())
    } else {
        Err("a name has letters, digits, - and _".to_owned())
    }
}

/// `config`
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print what a run with the same words would go by, and where each value comes from
    Show(Box<ConfigShowArgs>),
}

/// `config show`
#[derive(Debug, Args)]
pub struct ConfigShowArgs {
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// The run.
    #[command(flatten)]
    pub run: RunArgs,
}
