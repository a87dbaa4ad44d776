//! `lint`: everything that is wrong in suite files, at once.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::args::LintArgs;
use crate::cli::exit::Exit;
use crate::cli::{Failure, settings};
use crate::source::Diagnostics;
use crate::suite::load::SYSTEM_FILE;
use crate::suite::{Suite, Suites};
use crate::system::load::load_path;
use crate::verdict::counted;

/// Checks suite files. Errors and warnings go to standard error, a closing line to standard output.
///
/// # Errors
/// None: what is wrong in a file is what the command is for.
pub fn lint(args: &LintArgs) -> Result<Exit, Failure> {
    let (systems, paths): (Vec<&PathBuf>, Vec<&PathBuf>) = args.paths.iter().partition(|path| is_system(path));
    let mut suites: Vec<Arc<Suite>> = Vec::new();
    let mut problems = Diagnostics::default();
    if !paths.is_empty() {
        let loaded = Suites::lint(paths);
        problems.append(loaded.problems);
        suites.extend(loaded.suites.iter().cloned());
    }
    for path in systems {
        let loaded = load_path(path, true);
        problems.append(loaded.problems);
        // Those of the specification, which it names, are not what was asked about.
        let own = loaded.suites.into_iter();
        suites.extend(own.filter(|suite| loaded.system.as_ref().is_some_and(|system| system.owns(&suite.source))));
    }
    if !problems.is_empty() {
        let _ = io::stderr().write_all(problems.render(settings::error_paint()).as_bytes());
    }
    let cases: usize = suites.iter().map(|suite| suite.cases.len()).sum();
    let _ = writeln!(
        io::stdout(),
        "{}, {}: {}",
        counted(suites.len() as u64, "suite", "suites"),
        counted(cases as u64, "case", "cases"),
        problems.summary()
    );
    Ok(if problems.errors() == 0 {
        Exit::Success
    } else {
        Exit::Usage
    })
}

/// Whether a path is that of a system: its description, or the folder that it lies in.
fn is_system(path: &Path) -> bool {
    path.ends_with(SYSTEM_FILE) || path.join(SYSTEM_FILE).is_file()
}
