//! `report`: one report into others.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::cli::args::ReportArgs;
use crate::cli::exit::Exit;
use crate::cli::{Failure, output};
use crate::report::read_json;
use crate::requirement::Catalogue;
use crate::verdict::{RunResult, journal};

/// Reads a JSON report or a journal, and writes other formats of it.
///
/// # Errors
/// Where the file is neither, or a report cannot be written.
pub fn report(args: &ReportArgs) -> Result<Exit, Failure> {
    let result = read(&args.report)?;
    output::prepare(&args.to)?;
    for output in &args.to {
        output::write(&result, output)?;
    }
    Ok(Exit::Success)
}

/// Reads a JSON report or a journal.
///
/// # Errors
/// Where the file is neither.
pub(in crate::cli) fn read(path: &Path) -> Result<RunResult, Failure> {
    open(path).map_err(|why| Failure::new(Exit::Usage, format!("{}: {why}", path.display())))
}

fn open(path: &Path) -> Result<RunResult, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut reader = BufReader::new(file);
    let start = reader.fill_buf().map_err(|error| error.to_string())?;
    if start.starts_with(b"{\"run\":") {
        return journal::read(reader, Catalogue::embedded()).map_err(|error| error.to_string());
    }
    let mut text = String::new();
    reader.read_to_string(&mut text).map_err(|error| error.to_string())?;
    read_json(&text).map_err(|error| error.to_string())
}
