//! The command line as clap reads it. No thought here: what the words mean is settled in [`settings`](super::settings).

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::fhir::{FhirVersion, Interaction, ResourceType};
use crate::plan::Shard;
use crate::report::Format;
use crate::requirement::Level;
use crate::server::{Mutant, Variant};
use crate::suite::parse::nearest;

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
    /// Turn a JSON report, or the journal of a run that was killed, into other formats
    Report(ReportArgs),
    /// Make the JSON Schemas of a FHIR release
    Schemas(SchemasArgs),
}

/// The word of `--types` for all types that the server claims.
pub const CLAIMED: &str = "claimed";

/// Which cases.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct FilterArgs {
    /// A suite file, a folder of them, or the name of a suite inside the binary (a glob such as 'http.re*')
    #[arg(long = "suite", value_name = "PATH_OR_ID")]
    pub suites: Vec<String>,
    /// Only cases whose name matches, such as 'http.read::*'
    #[arg(long = "case", value_name = "GLOB")]
    pub cases: Vec<String>,
    /// Only cases that cite a requirement, such as 'update.*'
    #[arg(long = "requirement", value_name = "ID")]
    pub requirements: Vec<String>,
    /// Only cases with a step of this interaction, such as search-type
    #[arg(long = "interaction", value_name = "CODE")]
    pub interactions: Vec<Interaction>,
    /// Only cases with this tag
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Only cases that cite a requirement at this level or above
    #[arg(long, value_enum)]
    pub level: Option<LevelArg>,
    /// The resource types for cases that hold for any type: names with commas, or `claimed`; Patient by default
    #[arg(long, value_name = "TYPES", value_delimiter = ',', value_parser = resource_type)]
    pub types: Vec<String>,
    /// Only the K-th of N parts of the plan
    #[arg(long, value_name = "K/N")]
    pub shard: Option<Shard>,
}

/// A level on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum LevelArg {
    Shall,
    Should,
    May,
}

impl From<LevelArg> for Level {
    fn from(level: LevelArg) -> Self {
        match level {
            LevelArg::Shall => Self::Shall,
            LevelArg::Should => Self::Should,
            LevelArg::May => Self::May,
        }
    }
}

/// From which level on a broken requirement fails the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum FailOn {
    #[default]
    Shall,
    Should,
}

/// How to reach the server under test.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Server under test")]
pub struct TargetArgs {
    /// The base URL; without it the embedded reference server is tested
    #[arg(value_name = "BASE_URL")]
    pub base: Option<String>,
    /// The release to test, where it is not the one of CapabilityStatement.fhirVersion
    #[arg(long, value_name = "RELEASE")]
    pub fhir: Option<FhirVersion>,
    /// A header for every request, as 'Name: value'
    #[arg(long = "header", value_name = "HEADER")]
    pub headers: Vec<String>,
    /// The environment variable that holds a bearer token
    #[arg(long, value_name = "NAME", conflicts_with = "basic_env")]
    pub bearer_env: Option<String>,
    /// The environment variable that holds 'user:password'
    #[arg(long, value_name = "NAME")]
    pub basic_env: Option<String>,
    /// Certificates to trust beside the system's, in PEM
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// A CapabilityStatement to go by instead of the server's own
    #[arg(long, value_name = "FILE")]
    pub assume: Option<PathBuf>,
    /// How long one exchange may take
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub timeout: Duration,
}

/// `run`
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The server.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The cases.
    #[command(flatten)]
    pub filters: FilterArgs,
    /// How many cases are in flight at a time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Run")]
    pub jobs: u16,
    /// A package of profiles (.tgz), or a folder or file of StructureDefinitions, to judge bodies by
    #[arg(long = "profile", value_name = "DIR_OR_TGZ", help_heading = "Run")]
    pub profiles: Vec<PathBuf>,
    /// Stop at the first failure
    #[arg(long, help_heading = "Run")]
    pub fail_fast: bool,
    /// From which level on a broken requirement makes the exit code 1
    #[arg(long, value_enum, default_value_t, help_heading = "Run")]
    pub fail_on: FailOn,
    /// Leave what the run creates on the server
    #[arg(long, help_heading = "Run")]
    pub no_cleanup: bool,
    /// Shuffle the cases; the same number gives the same order
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub seed: Option<u64>,
    /// A report to write, as FORMAT=PATH (console, junit, json, markdown, html); by default all, in reports/latest/
    #[arg(long = "report", value_name = "FORMAT=PATH", value_parser = output, help_heading = "Reports")]
    pub reports: Vec<Output>,
    /// No progress and no failures as they happen; the summary still comes
    #[arg(long, short, help_heading = "Reports")]
    pub quiet: bool,
}

/// `serve`
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The release it implements
    #[arg(long, value_name = "RELEASE", default_value = "R4")]
    pub fhir: FhirVersion,
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub bind: IpAddr,
    /// A defect to have on purpose (may be repeated; `fhir-assay prove --list` names them)
    #[arg(long = "mutant", value_name = "NAME", value_parser = mutant)]
    pub mutants: Vec<&'static Mutant>,
    #[arg(long = "variant", value_name = "NAME", value_parser = variant, help = variants())]
    /// A way of being another server, and as right
    pub variants: Vec<&'static Variant>,
}

/// `prove`
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// The release to prove
    #[arg(long, value_name = "RELEASE", default_value = "R4")]
    pub fhir: FhirVersion,
    /// Only defects that break a requirement, such as 'update.*'
    #[arg(long = "requirement", value_name = "ID")]
    pub requirements: Vec<String>,
    /// Only this defect (may be repeated)
    #[arg(long = "mutant", value_name = "NAME", value_parser = mutant)]
    pub mutants: Vec<&'static Mutant>,
    /// A report to write, as FORMAT=PATH (json, markdown, html); '-' is standard output
    #[arg(long = "report", value_name = "FORMAT=PATH", value_parser = output)]
    pub reports: Vec<Output>,
    /// Name the defects, one a line, and prove nothing
    #[arg(long)]
    pub list: bool,
}

/// `list`
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Of what
    #[arg(value_enum)]
    pub what: Listed,
    /// The server by whose claims cases are left out; without it claims are not looked at.
    #[command(flatten)]
    pub target: TargetArgs,
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
    /// A report to write, as FORMAT=PATH (console, junit, json, markdown, html); '-' is standard output
    #[arg(long = "report", value_name = "FORMAT=PATH", value_parser = output)]
    pub reports: Vec<Output>,
}

/// `report`
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A JSON report, or a journal (journal.jsonl)
    #[arg(value_name = "REPORT")]
    pub report: PathBuf,
    /// What to make of it, as FORMAT=PATH; '-' is standard output
    #[arg(long = "to", required = true, value_name = "FORMAT=PATH", value_parser = output)]
    pub to: Vec<Output>,
}

fn variants() -> String {
    let names: Vec<&str> = Variant::all().map(|variant| variant.name).collect();
    format!(
        "A way of being another server, and as right (may be repeated): {}",
        names.join(", ")
    )
}

fn mutant(text: &str) -> Result<&'static Mutant, String> {
    Mutant::named(text).ok_or_else(|| unknown("mutant", text, Mutant::all().map(|mutant| mutant.name), "prove --list"))
}

fn variant(text: &str) -> Result<&'static Variant, String> {
    Variant::named(text).ok_or_else(|| {
        unknown(
            "variant",
            text,
            Variant::all().map(|variant| variant.name),
            "serve --help",
        )
    })
}

fn unknown(noun: &str, text: &str, known: impl Iterator<Item = &'static str>, all: &str) -> String {
    match nearest(text, known) {
        Some(name) => format!("there is no such {noun}; did you mean `{name}`?"),
        None => format!("there is no such {noun}; `fhir-assay {all}` names them all"),
    }
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

/// A resource type of any release, or the word for all that a server claims.
fn resource_type(text: &str) -> Result<String, String> {
    let releases = [FhirVersion::R4, FhirVersion::R4B, FhirVersion::R5, FhirVersion::R6];
    if text == CLAIMED
        || releases
            .iter()
            .any(|release| ResourceType::parse(*release, text).is_some())
    {
        return Ok(text.to_owned());
    }
    let known = releases.iter().flat_map(|release| ResourceType::all(*release));
    Err(match nearest(text, known.map(|known| known.name()).chain([CLAIMED])) {
        Some(name) => format!("no release has such a resource type; did you mean `{name}`?"),
        None => "no release has such a resource type; write names such as Patient,Observation, or `claimed`".to_owned(),
    })
}

/// A format and where its report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The format.
    pub format: Format,
    /// The file; `-` is standard output.
    pub path: PathBuf,
}

fn output(text: &str) -> Result<Output, String> {
    let (format, path) = text
        .split_once('=')
        .ok_or("write FORMAT=PATH, for example html=report.html")?;
    if path.is_empty() {
        return Err("the path is missing after `=`".into());
    }
    Ok(Output {
        format: format
            .parse()
            .map_err(|error: crate::report::UnknownFormat| error.to_string())?,
        path: path.into(),
    })
}

/// `30s`, `500ms`, `2m`.
fn duration(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|next: char| !next.is_ascii_digit() && next != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let scale = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err("write a number and a unit: 500ms, 30s or 2m".into()),
    };
    let seconds = number.parse::<f64>().map_err(|_| "the number is missing".to_owned())? * scale;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("it has to be more than nothing".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for text in ["", "5", "s", "0s", "-1s", "1h", "1e400s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn outputs_name_format_and_path() {
        assert_eq!(output("html=a=b.html").unwrap().path, PathBuf::from("a=b.html"));
        for text in ["html", "html=", "pdf=x"] {
            assert!(output(text).is_err(), "{text}");
        }
    }
}
