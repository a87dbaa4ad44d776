//! The command line of `run`.

use std::path::PathBuf;

use clap::Args;

use super::value::{Output, output};
use super::{
    CiArgs, ConfigFileArgs, DeskArgs, EvidenceArgs, FilterArgs, GateArgs, GivenArgs, RecordArgs, SafetyArgs, TargetArgs,
};

/// `run`
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// The server.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What the tester gives.
    #[command(flatten)]
    pub given: GivenArgs,
    /// Which configuration.
    #[command(flatten)]
    pub configuration: ConfigFileArgs,
    /// The cases.
    #[command(flatten)]
    pub filters: FilterArgs,
    /// Only the cases that failed, or could not be judged, in a JSON report; reports/latest/report.json by default
    #[arg(long, value_name = "REPORT", num_args = 0..=1, require_equals = true, default_missing_value = "reports/latest/report.json", help_heading = "Filters")]
    pub rerun_failed: Option<PathBuf>,
    /// What may be sent.
    #[command(flatten)]
    pub safety: SafetyArgs,
    /// Recordings.
    #[command(flatten)]
    pub recording: RecordArgs,
    /// Evidence.
    #[command(flatten)]
    pub evidence: EvidenceArgs,
    /// How many cases are in flight at a time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Run")]
    pub jobs: u16,
    /// A package of profiles (.tgz), or a folder or file of StructureDefinitions, to judge bodies by
    #[arg(long = "profile", value_name = "DIR_OR_TGZ", help_heading = "Run")]
    pub profiles: Vec<PathBuf>,
    /// Stop at the first failure
    #[arg(long, help_heading = "Run")]
    pub fail_fast: bool,
    /// Leave what the run creates on the server
    #[arg(long, help_heading = "Run")]
    pub no_cleanup: bool,
    /// Shuffle the cases; the same number gives the same order
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub seed: Option<u64>,
    /// What fails it.
    #[command(flatten)]
    pub gate: GateArgs,
    /// A report to write, as FORMAT=PATH: console, junit, json, markdown, html, sarif, tap, github, gitlab, badge, shields,
    /// test-report; by default html, json, junit and markdown, in reports/latest/
    #[arg(long = "report", value_name = "FORMAT=PATH", value_parser = output, help_heading = "Reports")]
    pub reports: Vec<Output>,
    /// The console.
    #[command(flatten)]
    pub desk: DeskArgs,
    /// The CI system.
    #[command(flatten)]
    pub ci: CiArgs,
}
