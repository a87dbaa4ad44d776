//! `lint`: everything that is wrong in suite files, at once.

use std::io::{self, Write};

use crate::cli::args::LintArgs;
use crate::cli::exit::Exit;
use crate::cli::{Failure, settings};
use crate::suite::Suites;

/// Checks suite files. Errors and warnings go to standard error, a closing line to standard output.
///
/// # Errors
/// None: what is wrong in a file is what the command is for.
pub fn lint(args: &LintArgs) -> Result<Exit, Failure> {
    let loaded = Suites::lint(&args.paths);
    let problems = loaded.problems;
    if !problems.is_empty() {
        let _ = io::stderr().write_all(problems.render(settings::error_paint()).as_bytes());
    }
    let cases = loaded.suites.cases().count();
    let _ = writeln!(
        io::stdout(),
        "{}, {}: {}",
        counted(loaded.suites.len(), "suite"),
        counted(cases, "case"),
        problems.summary()
    );
    Ok(if problems.errors() == 0 {
        Exit::Success
    } else {
        Exit::Usage
    })
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
