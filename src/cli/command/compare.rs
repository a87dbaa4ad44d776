//! `diff`, `compare` and `merge`: several reports together.

use std::io::{self, Write};

use crate::baseline;
use crate::cli::args::{CompareArgs, DiffArgs, FailOn, FilterArgs, GivenArgs, MergeArgs, Output, TargetArgs};
use crate::cli::exit::Exit;
use crate::cli::scope::Scope;
use crate::cli::{Failure, gate, output, settings};
use crate::comparison::{self, diff as difference};
use crate::report::{Comparison, console};
use crate::requirement::Catalogue;
use crate::verdict::RunResult;

use super::report::read;

/// Compares two reports.
///
/// # Errors
/// Files that are no reports, and outputs that cannot be written.
pub fn diff(args: &DiffArgs) -> Result<Exit, Failure> {
    let (old, new) = (read(&args.old)?, read(&args.new)?);
    let names = [&args.old, &args.new].map(|path| path.display().to_string());
    let found = difference((&names[0], &old), (&names[1], &new), gate::least(args.fail_on));
    say(Comparison::Diff(&found), &args.to)?;
    Ok(if found.regressions.is_empty() || args.fail_on == FailOn::Never {
        Exit::Success
    } else {
        Exit::Failed
    })
}

/// Puts reports side by side.
///
/// # Errors
/// Files that are no reports, reports that were not asked the same, and outputs that cannot be written.
pub fn compare(args: &CompareArgs) -> Result<Exit, Failure> {
    let mut reports = Vec::new();
    for named in &args.reports {
        reports.push((named.name.clone(), read(&named.path)?));
    }
    let matrix = comparison::matrix(&reports).map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    say(Comparison::Matrix(&matrix), &args.to)?;
    Ok(Exit::Success)
}

/// Puts the shards of a run together. Ends as the run would have ended in one piece.
///
/// # Errors
/// Files that are no reports, reports that are not the shards of one run, and outputs that cannot be written.
pub fn merge(args: &MergeArgs) -> Result<Exit, Failure> {
    output::prepare(&args.to)?;
    let known = gate::baseline(&args.gate)?;
    let mut reports = Vec::new();
    for path in &args.reports {
        reports.push((path.display().to_string(), read(path)?));
    }
    let merged = comparison::merge(&reports, catalogue(&reports)?);
    let mut merged = merged.map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    if let Some(known) = &known {
        let terms = gate::terms(&args.gate, gate::is_whole_result(&merged));
        baseline::apply(known, &mut merged, &terms);
    }
    let mut paths = Vec::new();
    for output in &args.to {
        output::write(&merged, output)?;
        if output.path.as_os_str() != "-" {
            paths.push(output.path.display().to_string());
        }
    }
    if takes_stdout(&args.to) {
        let _ = io::stderr().write_all(console::summary(&merged, settings::error_style(), &paths).as_bytes());
    } else {
        crate::cli::print(&console::summary(&merged, settings::output_style(), &paths))?;
    }
    Ok(Exit::of_run(&merged, &gate::gate(&args.gate, false)))
}

/// The rules that the reports speak of: a vendor's documents have a catalogue of their own.
fn catalogue(reports: &[(String, RunResult)]) -> Result<&'static Catalogue, Failure> {
    let Some(name) = reports.iter().find_map(|(_, result)| result.options.get("system")) else {
        return Ok(Catalogue::embedded());
    };
    let filters = FilterArgs {
        system: Some(name.clone()),
        ..FilterArgs::default()
    };
    let scope = Scope::of(&filters, &GivenArgs::default(), &TargetArgs::default(), |_| {})?;
    Ok(scope.catalogue)
}

/// Writes a comparison where it was asked for, and to the console where standard output is free.
fn say(comparison: Comparison<'_>, to: &[Output]) -> Result<(), Failure> {
    if let Some(other) = to.iter().find(|output| !Comparison::FORMATS.contains(&output.format)) {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "a comparison has no {}: it has console, markdown, html and json",
                other.format
            ),
        ));
    }
    for output in to {
        output::write_with(output, &|out| comparison.write(output.format, out))?;
    }
    if takes_stdout(to) {
        Ok(())
    } else {
        crate::cli::print(&comparison.console(settings::output_style()))
    }
}

fn takes_stdout(to: &[Output]) -> bool {
    to.iter().any(|output| output.path.as_os_str() == "-")
}
