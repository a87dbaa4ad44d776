//! Evidence on the command line.

use std::path::PathBuf;

use clap::Args;

/// What `run` puts together.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Recordings")]
pub struct EvidenceArgs {
    /// A folder or .zip file for all that the run was: reports, recording, suites, claims, and a manifest
    #[arg(long, value_name = "DIR_OR_ZIP", conflicts_with = "replay")]
    pub evidence: Option<PathBuf>,
    /// A private key of Ed25519 in PEM, to sign the manifest with
    #[arg(long, value_name = "FILE", requires = "evidence")]
    pub sign_key: Option<PathBuf>,
}

/// `verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The folder or .zip file
    #[arg(value_name = "DIR_OR_ZIP")]
    pub evidence: PathBuf,
    /// The public key of Ed25519 in PEM that has to have signed it
    #[arg(long, value_name = "FILE")]
    pub public_key: Option<PathBuf>,
}
