//! What a shared server can bear.

use clap::Args;

use crate::transport::Rate;

/// What a shared server can bear.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Safety")]
pub struct SafetyArgs {
    /// Run the cases that write, though the server is not on this machine
    #[arg(long, conflicts_with = "read_only")]
    pub allow_writes: bool,
    /// Send nothing but GET and HEAD
    #[arg(long)]
    pub read_only: bool,
    /// At most so many requests in a time: 5/s, 30/m, 100/h
    #[arg(long, value_name = "N/s")]
    pub rate: Option<Rate>,
}
