//! `prove`: do the suites see the defects that they say they see?

use std::fmt::Write;

use crate::cli::args::ProveArgs;
use crate::cli::exit::Exit;
use crate::cli::{Failure, print};
use crate::server::Mutant;

/// Names the mutants, one a line, name first.
///
/// # Errors
/// Where standard output cannot be written.
pub fn prove(args: &ProveArgs) -> Result<Exit, Failure> {
    if args.list {
        print(&listed())?;
    }
    Ok(Exit::Success)
}

fn listed() -> String {
    let width = Mutant::all().map(|mutant| mutant.name.len()).max().unwrap_or_default();
    Mutant::all().fold(String::new(), |mut text, mutant| {
        let _ = writeln!(text, "{:width$}  {}", mutant.name, mutant.what);
        text
    })
}
