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

impl OutputError {
    fn of(path: &Path, error: io::Error) -> Self {
        Self {
            path: path.display().to_string(),
            error,
        }
    }
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
/// Folders that cannot be made or written to, paths that are folders, and two formats for one file or for standard output.
pub fn prepare(outputs: &[Output]) -> Result<(), OutputError> {
    let to_stdout = outputs.iter().filter(|output| output.path.as_os_str() == "-");
    if to_stdout.count() > 1 {
        let twice = io::Error::other("two reports for standard output would be mixed: give all but one a file");
        return Err(OutputError::of(Path::new("--report"), twice));
    }
    let files: Vec<&Path> = outputs
        .iter()
        .map(|output| output.path.as_path())
        .filter(|path| path.as_os_str() != "-")
        .collect();
    for (index, path) in files.iter().enumerate() {
        prepare_file(path)?;
        if files[..index].contains(path) && !is_stream(path) {
            let twice = io::Error::other("two reports for one file: the second would take the place of the first");
            return Err(OutputError::of(path, twice));
        }
    }
    Ok(())
}

/// Makes sure, as far as can be known, that one file can be written.
///
/// # Errors
/// A folder that cannot be made or written to, and a path that is a folder.
pub fn prepare_file(path: &Path) -> Result<(), OutputError> {
    if path.is_dir() {
        return Err(OutputError::of(path, io::Error::from(io::ErrorKind::IsADirectory)));
    }
    if is_stream(path) {
        return Ok(());
    }
    let part = part_of(&real(path));
    create(&part).map_err(|failed| OutputError::of(path, failed.error))?;
    let _ = fs::remove_file(&part);
    Ok(())
}

/// Whether bytes go through a path and no file is kept there: a pipe, a terminal, `/dev/null`. It must stay what it is.
pub fn is_stream(path: &Path) -> bool {
    // Where these lead to a file, somebody else has it open: another one in its place would not be seen there.
    let is_open = ["/dev/fd", "/dev/stdout", "/dev/stderr", "/proc/self/fd"]
        .iter()
        .any(|known| path.starts_with(known));
    is_open || fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// The file that a link leads to: that is what is replaced, and not the link.
fn real(path: &Path) -> PathBuf {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => path.canonicalize().unwrap_or_else(|_| path.to_owned()),
        _ => path.to_owned(),
    }
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
pub fn replace(path: &Path, content: impl AsRef<[u8]>) -> Result<(), OutputError> {
    let output = Output {
        format: Format::Console,
        path: path.to_owned(),
    };
    write_with(&output, &|out| out.write_all(content.as_ref()))
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
    let (growing, mut out) = Growing::begin(&output.path)?;
    render(&mut out)
        .and_then(|()| out.into_inner().map(drop).map_err(io::IntoInnerError::into_error))
        .map_err(failed)?;
    growing.finish()
}

/// A file that is written beside its place, and moved there when it is whole. A pipe or a device is written into.
/// Dropped before it is whole, it leaves nothing: half a report is worse than none.
#[derive(Debug)]
pub struct Growing {
    path: PathBuf,
    /// Where it is written, and where it goes; nothing for a stream.
    way: Option<(PathBuf, PathBuf)>,
}

impl Growing {
    /// Opens what is written to.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn begin(path: &Path) -> Result<(Self, BufWriter<File>), OutputError> {
        let path = path.to_owned();
        if is_stream(&path) {
            let stream = fs::OpenOptions::new().write(true).open(&path);
            let out = BufWriter::new(stream.map_err(|error| OutputError::of(&path, error))?);
            return Ok((Self { path, way: None }, out));
        }
        let place = real(&path);
        let part = part_of(&place);
        let out = create(&part)?;
        let way = Some((part, place));
        Ok((Self { path, way }, out))
    }

    /// Moves it to its place, now that all is written.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn finish(mut self) -> Result<(), OutputError> {
        let moved = match &self.way {
            Some((part, place)) => fs::rename(part, place),
            None => Ok(()),
        };
        moved.map_err(|error| OutputError::of(&self.path, error))?;
        self.way = None;
        Ok(())
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if let Some((part, _)) = &self.way {
            let _ = fs::remove_file(part);
        }
    }
}

/// Whether a path is standard output.
pub fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]
        .iter()
        .any(|known| path == Path::new(known))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn output(path: &Path) -> Output {
        Output {
            format: Format::Json,
            path: path.to_owned(),
        }
    }

    #[test]
    fn a_link_stays_a_link_and_its_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        prepare(&[output(&link)]).unwrap();
        replace(&link, "new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_pipe_stays_a_pipe() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        prepare(&[output(&pipe)]).unwrap();
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        replace(&pipe, "text").unwrap();
        assert_eq!(reader.join().unwrap(), "text");
        assert!(is_stream(&pipe));
    }

    #[test]
    fn two_reports_do_not_share_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let same = output(&folder.path().join("a.json"));
        let told = prepare(&[same.clone(), same]).unwrap_err().to_string();
        assert!(
            told.ends_with("two reports for one file: the second would take the place of the first"),
            "{told}"
        );
        let told = prepare(&[output(Path::new("-")), output(Path::new("-"))])
            .unwrap_err()
            .to_string();
        assert!(told.ends_with("give all but one a file"), "{told}");
        let told = prepare_file(folder.path()).unwrap_err().to_string();
        assert!(told.ends_with("is a directory"), "{told}");
    }
}
