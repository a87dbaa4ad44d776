//! The command line as clap reads it. No thought here: what the words mean is settled in [`settings`](super::settings).

mod auth;
mod ci;
mod compare;
mod config;
mod desk;
mod evidence;
mod filter;
mod gate;
mod given;
mod look;
mod record;
mod run;
mod safety;
mod serve;
mod shard;
mod target;
mod value;

use clap::{Parser, Subcommand};

pub use auth::{AuthArgs, AuthCheckArgs, AuthCommand, AuthJwksArgs, AuthSettings, SecretIn};
pub use ci::{CiArgs, CompletionsArgs, ManArgs};
pub use compare::{CompareArgs, DiffArgs, MergeArgs, Named};
pub use config::{ConfigArgs, ConfigCommand, ConfigFileArgs, ConfigShowArgs, InitArgs};
pub use desk::{ConsoleFormat, DeskArgs};
pub use evidence::{EvidenceArgs, VerifyArgs};
pub use filter::{CLAIMED, FilterArgs, LevelArg};
pub use gate::{BaselineArgs, BaselineCommand, FailOn, GateArgs, UpdateArgs};
pub use given::GivenArgs;
pub use look::{
    ExplainArgs, GenerateArgs, LintArgs, ListArgs, Listed, ReportArgs, SchemasArgs, SchemasCommand, ValidateArgs,
};
pub use record::RecordArgs;
pub use run::RunArgs;
pub use safety::SafetyArgs;
pub use serve::{ProveArgs, ServeArgs};
pub use shard::ShardArg;
pub use target::TargetArgs;
pub use value::Output;

/// Tests FHIR REST servers against the specification, requirement by requirement.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 conformant, 1 a requirement failed, 2 wrong usage or suite, 3 could not judge, 4 nothing selected"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run suites against a server, the embedded reference server by default, and write reports
    Run(Box<RunArgs>),
    /// Write a configuration for a server, fhir-assay.toml
    Init(Box<InitArgs>),
    /// Show the configuration
    Config(ConfigArgs),
    /// Keep a list of known failures, so that only new ones fail a gate
    Baseline(BaselineArgs),
    /// Run the embedded reference server; its base URL is the first line of standard output
    Serve(ServeArgs),
    /// List suites, cases or requirements without running anything
    List(Box<ListArgs>),
    /// Prove that the suites see the defects that they say they see
    Prove(ProveArgs),
    /// Explain a case or a requirement
    Explain(ExplainArgs),
    /// Check suite files
    Lint(LintArgs),
    /// Judge resources in files, folders or standard input: JSON, NDJSON, Bundles
    Validate(ValidateArgs),
    /// Try the credentials for a server, or print the public half of a key
    Auth(AuthArgs),
    /// Turn a JSON report, or the journal of a run that was killed, into other formats
    Report(ReportArgs),
    /// Check evidence: its manifest, and its verdicts by judging its recording again
    Verify(VerifyArgs),
    /// What changed from one JSON report to another; regressions make the exit code 1
    Diff(DiffArgs),
    /// One plan over several servers, side by side
    Compare(CompareArgs),
    /// Put the reports of the shards of one run together, and end as the whole run would have
    Merge(MergeArgs),
    /// Make the JSON Schemas of a FHIR release
    Schemas(SchemasArgs),
    /// Print what a shell needs to complete the words of this program
    Completions(CompletionsArgs),
    /// Print or write the manual pages
    Man(ManArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
