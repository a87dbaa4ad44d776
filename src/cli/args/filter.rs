//! Which cases.

use clap::{Args, ValueEnum};

use super::ShardArg;
use super::value::resource_type;
use crate::fhir::Interaction;
use crate::requirement::Level;

/// The word of `--types` for all types that the server claims.
pub const CLAIMED: &str = "claimed";

/// Which cases.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct FilterArgs {
    /// A vendor's documented API: a name inside the binary (see `list systems`), or a folder with a system.yaml
    #[arg(long, value_name = "NAME_OR_PATH")]
    pub system: Option<String>,
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
    /// Only the K-th of N parts of the plan; `auto`: what GitLab, CircleCI, Buildkite, Bazel or Kubernetes sets
    #[arg(long, value_name = "K/N")]
    pub shard: Option<ShardArg>,
    /// How many parts there are, where the scheduler tells only which one this is (Kubernetes)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub shards: Option<u32>,
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
