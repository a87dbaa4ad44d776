//! The command lines of what only looks: at suites, requirements, resources, reports, definitions.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::value::{Output, output};
use super::{CiArgs, ConfigFileArgs, FilterArgs, GivenArgs, TargetArgs};
use crate::fhir::FhirVersion;

/// `list`
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Of what
    #[arg(value_enum)]
    pub what: Listed,
    /// The server by whose claims cases are left out; without it claims are not looked at.
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
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Listed {
    Suites,
    Cases,
    Requirements,
    Systems,
}

/// `explain`
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A requirement (update.success-200) or a case (http.update::life-of-a-patient)
    #[arg(value_name = "CASE_OR_REQUIREMENT")]
    pub name: String,
    /// The release to explain it for
    #[arg(long, value_name = "RELEASE", default_value = "R4")]
    pub fhir: FhirVersion,
    /// More suites to look into
    #[arg(long = "suite", value_name = "PATH_OR_ID")]
    pub suites: Vec<String>,
}

/// `lint`
#[derive(Debug, Args)]
pub struct LintArgs {
    /// Suite files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// `validate`
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Files, or folders to look through; '-' is standard input
    #[arg(required = true, value_name = "FILE")]
    pub paths: Vec<PathBuf>,
    /// The release to go by; by default the one that a body tells (fhirVersion), and R4 where it tells none
    #[arg(long, value_name = "RELEASE")]
    pub fhir: Option<FhirVersion>,
    /// A package of profiles (.tgz), or a folder or file of StructureDefinitions, to judge bodies by
    #[arg(long = "profile", value_name = "DIR_OR_TGZ")]
    pub profiles: Vec<PathBuf>,
    /// Which configuration.
    #[command(flatten)]
    pub configuration: ConfigFileArgs,
    /// A report to write, as FORMAT=PATH: console, junit, json, markdown, html, sarif, tap, github, gitlab, badge, shields;
    /// '-' is standard output
    #[arg(long = "report", value_name = "FORMAT=PATH", value_parser = output)]
    pub reports: Vec<Output>,
    /// The CI system.
    #[command(flatten)]
    pub ci: CiArgs,
}

/// `report`
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A JSON report, or a journal (journal.jsonl)
    #[arg(value_name = "REPORT")]
    pub report: PathBuf,
    /// What to make of it, as FORMAT=PATH: console, junit, json, markdown, html, sarif, tap, github, gitlab, badge, shields,
    /// test-report; '-' is standard output
    #[arg(long = "to", required = true, value_name = "FORMAT=PATH", value_parser = output)]
    pub to: Vec<Output>,
}

/// `schemas`
#[derive(Debug, Args)]
pub struct SchemasArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: SchemasCommand,
}

/// What to do with schemas.
#[derive(Debug, Subcommand)]
pub enum SchemasCommand {
    /// Make them, and the element table beside them, from HL7's definitions; the same definitions give the same bytes
    Generate(GenerateArgs),
}

/// `schemas generate`
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// The folder of the definitions, such as an unpacked definitions.json.zip
    #[arg(long, value_name = "DIR")]
    pub definitions: PathBuf,
    /// The release that they define
    #[arg(long, value_name = "RELEASE")]
    pub release: FhirVersion,
    /// The folder to write into; the files go to a folder in it that is named after the release, such as r4/
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}
