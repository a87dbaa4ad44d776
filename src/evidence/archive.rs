//! Evidence as a ZIP file: written so that the same files give the same bytes, read as what a stranger sent.

use std::io::{Cursor, Read, Write};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::Files;

/// How many files are read at most.
const MOST_FILES: usize = 10_000;
/// How many bytes all files may have when they are unpacked.
const MOST_BYTES: u64 = 1 << 30;

/// Why a ZIP file is not read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is none, or is damaged.
    #[error("it cannot be read as a ZIP file: {0}")]
    Zip(#[from] ZipError),
    /// A file in it cannot be unpacked.
    #[error("{path} cannot be unpacked: {error}")]
    Damaged {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// A path leads out of the evidence, or is none.
    #[error("`{0}` is no path that evidence may have: names and slashes only, and none that leads out")]
    Path(String),
    /// One path twice: programs do not agree on which of the two counts.
    #[error("it holds two files of one name")]
    Twice,
    /// It holds something other than a file.
    #[error("`{0}` is no file")]
    NoFile(String),
    /// More than is read.
    #[error("it is larger than evidence can be: at most {MOST_FILES} files and {} MB are read", MOST_BYTES >> 20)]
    TooLarge,
}

/// The files as a ZIP file.
///
/// # Errors
/// Where it gets too large for one.
pub fn zip(files: &Files) -> Result<Vec<u8>, ArchiveError> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    for (path, bytes) in files {
        writer.start_file(path, options)?;
        writer.write_all(bytes).map_err(|error| ArchiveError::Damaged {
            path: path.clone(),
            error,
        })?;
    }
    Ok(writer.finish()?.into_inner())
}

/// The files of a ZIP file. Nothing is written to a disk.
///
/// # Errors
/// What is no ZIP file, paths that lead out, links, one path twice, and more than is read.
pub fn unzip(bytes: &[u8]) -> Result<Files, ArchiveError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    if archive.has_duplicate_names() {
        return Err(ArchiveError::Twice);
    }
    if archive.len() > MOST_FILES {
        return Err(ArchiveError::TooLarge);
    }
    let mut files = Files::new();
    let mut remaining = MOST_BYTES;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let path = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if !is_path(&path) {
            return Err(ArchiveError::Path(path));
        }
        if entry.is_dir() || entry.is_symlink() {
            return Err(ArchiveError::NoFile(path));
        }
        let mut content = Vec::new();
        // What the file says of its own size may be a lie: it is counted while it is unpacked.
        let read = entry.by_ref().take(remaining + 1).read_to_end(&mut content);
        let read = read.map_err(|error| ArchiveError::Damaged {
            path: path.clone(),
            error,
        })?;
        remaining = remaining.checked_sub(read as u64).ok_or(ArchiveError::TooLarge)?;
        if files.insert(path, content).is_some() {
            return Err(ArchiveError::Twice);
        }
    }
    Ok(files)
}

/// Whether a path stays inside the evidence on every system.
#[must_use]
pub fn is_path(path: &str) -> bool {
    let is_name = |name: &str| {
        !matches!(name, "" | "." | "..") && !name.contains(['\\', ':', '\0']) && !name.chars().any(char::is_control)
    };
    path.len() < 1000 && path.split('/').all(is_name)
}
