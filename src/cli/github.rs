//! A job of GitHub: annotations among what the program prints, the summary of the job, and outputs of its step.
//!
//! The runner takes commands from any line that a step prints. What a server sent is printed too, so that commands are stopped
//! while it is, until a word that nobody can know.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::verdict::{RunResult, Verdict};

/// How large the summary of a step may become, in bytes; a larger one is refused as a whole.
const SUMMARY: u64 = 1024 * 1024;

/// The job that the program runs in.
#[derive(Debug)]
pub struct Job {
    /// What lets commands be read again.
    token: String,
    files: Files,
}

/// The files through which a step speaks to its job, where they are there.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Where Markdown for the summary is added.
    pub summary: Option<PathBuf>,
    /// Where outputs are added, as `name=value`.
    pub output: Option<PathBuf>,
}

impl Job {
    /// A job with these files.
    #[must_use]
    pub fn new(files: Files) -> Self {
        Self {
            token: uuid::Uuid::new_v4().simple().to_string(),
            files,
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
        let Some(path) = &self.files.summary else { return Ok(()) };
        let before = fs::metadata(path).map_or(0, |known| known.len());
        let fits = |text: &str| before + text.len() as u64 <= SUMMARY;
        let text = match () {
            () if fits(text) => text,
            () if fits(shorter) => shorter,
            () => return Ok(()),
        };
        append(path, text)
    }

    /// Tells the verdict and how many cases have which, as outputs of the step.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn output(&self, result: &RunResult) -> io::Result<()> {
        let Some(path) = &self.files.output else { return Ok(()) };
        let tally = result.tally();
        let left_out = tally.of(Verdict::Skip) + tally.of(Verdict::Inapplicable);
        let mut text = format!("verdict={}\n", result.verdict);
        for (name, number) in [
            ("passed", tally.of(Verdict::Pass)),
            ("warned", tally.of(Verdict::Warning)),
            ("failed", tally.of(Verdict::Fail)),
            ("not-judged", tally.of(Verdict::Error)),
            ("left-out", left_out),
        ] {
            text += &format!("{name}={number}\n");
        }
        append(path, &text)
    }
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_never_outgrows_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.md");
        let job = Job::new(Files {
            summary: Some(path.clone()),
            output: None,
        });
        let length = || fs::metadata(&path).unwrap().len();
        job.summarize(&"a".repeat(1_000_000), "short").unwrap();
        assert_eq!(length(), 1_000_000);
        job.summarize(&"b".repeat(1_000_000), "short").unwrap();
        assert_eq!(length(), 1_000_005);
        job.summarize(&"b".repeat(1_000_000), &"c".repeat(100_000)).unwrap();
        assert_eq!(length(), 1_000_005);
    }
}
