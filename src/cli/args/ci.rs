//! The command lines that speak to CI systems, and those that install.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// What is said to the CI system that the program runs in.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct CiArgs {
    /// On GitHub (GITHUB_ACTIONS is set): no annotations, no job summary and no outputs of the step
    #[arg(long, help_heading = "Reports")]
    pub no_annotations: bool,
}

/// `completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder to write the pages of all commands into; without it the page of fhir-assay itself is printed
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}
