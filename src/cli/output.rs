//! Reports into files: whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::args::Output;
use crate::report::Format;
use crate::verdict::RunResult;
use crate::verdict::validation::ValidationReport;

/// A report that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}")]
pub struct OutputError {
    path: String,
    error: io::Error,
}

/// The reports of a run where none was asked for: all formats, in `reports/latest/`.
#[must_use]
pub fn default_outputs() -> Vec<Output> {
    let folder = Path::new("reports/latest");
    [
        (Format::Html, "report.html"),
        (Format::Json, "report.json"),
        (Format::Junit, "junit.xml"),
        (Format::Markdown, "report.md"),
    ]
    .map(|(format, name)| Output {
        format,
        path: folder.join(name),
    })
    .to_vec()
}

/// The journal's file: beside the first report that goes into a file.
#[must_use]
pub fn journal_path(outputs: &[Output]) -> Option<PathBuf> {
    let first = outputs.iter().find(|output| output.path.as_os_str() != "-")?;
    Some(first.path.with_file_name("journal.jsonl"))
}

/// Makes sure, as far as can be known, that reports can be written: a long run is not made for nothing.
///
/// # Errors
/// Folders that cannot be made or written to, and paths that are folders.
pub fn prepare(outputs: &[Output]) -> Result<(), OutputError> {
    for output in outputs.iter().filter(|output| output.path.as_os_str() != "-") {
        let part = part_of(&output.path);
        create(&part)?;
        let _ = fs::remove_file(&part);
        if output.path.is_dir() {
            return Err(OutputError {
                path: output.path.display().to_string(),
                error: io::Error::from(io::ErrorKind::IsADirectory),
            });
        }
    }
    Ok(())
}

/// Where a report is written until it is whole.
pub(super) fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// Opens a file for writing, with the folders on its way.
///
/// # Errors
/// Where the system refuses.
pub fn create(path: &Path) -> Result<BufWriter<File>, OutputError> {
    let failed = |error| OutputError {
        path: path.display().to_string(),
        error,
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    File::create(path)
        .map(|file| BufWriter::with_capacity(64 * 1024, file))
        .map_err(failed)
}

/// Writes one report of a run. A file is written beside its place and moved there when it is whole.
///
/// # Errors
/// Where the system refuses.
pub fn write(result: &RunResult, output: &Output) -> Result<(), OutputError> {
    write_with(output, &|out| output.format.write(result, out))
}

/// Writes one report on files of resources, as [`write()`] does.
///
/// # Errors
/// Where the system refuses.
pub fn write_validation(report: &ValidationReport, output: &Output) -> Result<(), OutputError> {
    write_with(output, &|out| output.format.write_validation(report, out))
}

/// Writes a file that people keep, as [`write()`] does.
///
/// # Errors
/// Where the system refuses.
pub fn replace(path: &Path, text: &str) -> Result<(), OutputError> {
    let output = Output {
        format: Format::Console,
        path: path.to_owned(),
    };
    write_with(&output, &|out| out.write_all(text.as_bytes()))
}

/// Writes what `render` writes, as [`write()`] does.
///
/// # Errors
/// Where the system refuses.
pub fn write_with(output: &Output, render: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> Result<(), OutputError> {
    let failed = |error| OutputError {
        path: output.path.display().to_string(),
        error,
    };
    if output.path.as_os_str() == "-" {
        let mut out = BufWriter::new(io::stdout().lock());
        let written = render(&mut out).and_then(|()| out.flush());
        // What is left in the buffer of a reader that went away (`| head`) is of no use.
        let _ = out.into_parts();
        return match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(failed(error)),
            _ => Ok(()),
        };
    }
    let part = part_of(&output.path);
    let mut out = create(&part)?;
    let written = render(&mut out)
        .and_then(|()| out.into_inner().map(drop).map_err(io::IntoInnerError::into_error))
        .and_then(|()| fs::rename(&part, &output.path));
    written.map_err(|error| {
        // Half a report is worse than none.
        let _ = fs::remove_file(&part);
        failed(error)
    })
}
