//! How to reach the server under test.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::AuthSettings;
use super::value::duration;
use crate::fhir::FhirVersion;

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
    /// Certificates to trust beside the system's, in PEM
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// A CapabilityStatement to go by instead of the server's own
    #[arg(long, value_name = "FILE")]
    pub assume: Option<PathBuf>,
    /// How long one exchange may take
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub timeout: Duration,
    /// Who asks.
    #[command(flatten)]
    pub auth: AuthSettings,
}
