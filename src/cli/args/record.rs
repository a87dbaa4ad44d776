//! Recordings on the command line.

use std::path::PathBuf;

use clap::Args;

/// Recordings.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Recordings")]
pub struct RecordArgs {
    /// A HAR file to write every exchange to, without secrets
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub record: Option<PathBuf>,
    /// A HAR file to judge instead of a server: nothing is sent
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
}
