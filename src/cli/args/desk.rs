//! What a person at a desk asks of `run`.

use clap::{Args, ValueEnum};

/// What the console says while a run goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum ConsoleFormat {
    // No progress and no failures as they happen; the summary still comes.
    Quiet,
    // Failures as they happen, progress, the summary.
    #[default]
    Normal,
    // Every case as it finishes, with its warnings.
    Verbose,
    // Every event as a line of JSON on standard output, and nothing else there.
    JsonLines,
}

/// How a run is watched by a person.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct DeskArgs {
    /// What is said while the run goes on: nothing, failures, every case, or events for a program (schemas/events.schema.json)
    #[arg(long, value_enum, default_value_t, help_heading = "Reports")]
    format: ConsoleFormat,
    /// The same as --format quiet
    #[arg(long, short, conflicts_with = "format", help_heading = "Reports")]
    quiet: bool,
    /// Open the HTML report when it is written
    #[arg(long, help_heading = "Reports")]
    pub open: bool,
    /// Run again whenever a file of the suites changes, what failed first; Ctrl-C ends it
    #[arg(long, help_heading = "Run")]
    pub watch: bool,
}

impl DeskArgs {
    /// What is said while the run goes on.
    #[must_use]
    pub const fn format(&self) -> ConsoleFormat {
        if self.quiet { ConsoleFormat::Quiet } else { self.format }
    }
}
