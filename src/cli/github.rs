//! A job of GitHub: annotations among what the program prints, and the summary of the job.
//!
//! The runner takes commands from any line that a step prints. What a server sent is printed too, so that commands are stopped
//! while it is, until a word that nobody can know.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

/// How large the summary of a step may become, in bytes; a larger one is refused as a whole.
const SUMMARY: u64 = 1024 * 1024;

/// The job that the program runs in.
#[derive(Debug)]
pub struct Job {
    /// What lets commands be read again.
    token: String,
    summary: Option<PathBuf>,
}

impl Job {
    /// A job with the file of its summary, where it has one.
    #[must_use]
    pub fn new(summary: Option<PathBuf>) -> Self {
        Self {
            token: uuid::Uuid::new_v4().simple().to_string(),
            summary,
        }
    }

    /// Stops commands: from here on, nothing that is printed is one.
    pub fn begin(&self, out: &mut dyn Write) {
        // Where nobody reads, nothing has to be stopped.
        let _ = writeln!(out, "::stop-commands::{}", self.token).and_then(|()| out.flush());
    }

    /// Lets commands be read again, and prints those that annotate.
    pub fn annotate(&self, annotations: &str, out: &mut dyn Write) {
        let _ = write!(out, "::{}::\n{annotations}", self.token).and_then(|()| out.flush());
    }

    /// Adds a text to the summary of the job, or where it does not fit a shorter one.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn summarize(&self, text: &str, shorter: &str) -> io::Result<()> {
        let Some(path) = &self.summary else { return Ok(()) };
        let before = fs::metadata(path).map_or(0, |known| known.len());
        let fits = |text: &str| before + text.len() as u64 <= SUMMARY;
        let text = match () {
            () if fits(text) => text,
            () if fits(shorter) => shorter,
            () => return Ok(()),
        };
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_never_outgrows_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.md");
        let job = Job::new(Some(path.clone()));
        let length = || fs::metadata(&path).unwrap().len();
        job.summarize(&"a".repeat(1_000_000), "short").unwrap();
        assert_eq!(length(), 1_000_000);
        job.summarize(&"b".repeat(1_000_000), "short").unwrap();
        assert_eq!(length(), 1_000_005);
        job.summarize(&"b".repeat(1_000_000), &"c".repeat(100_000)).unwrap();
        assert_eq!(length(), 1_000_005);
    }
}
