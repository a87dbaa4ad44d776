//! Saying it: every report is a function of one [`RunResult`]; the live console also of [`RunEvent`](crate::verdict::RunEvent).
//!
//! Nothing here opens a file, reads the environment or asks for the time. What a server sent is hostile: each format
//! escapes it in its own way, and all of them make control characters visible.

pub mod comparison;
pub mod console;
mod failure;
mod html;
pub mod json;
mod junit;
mod known;
mod machine;
mod markdown;
mod overview;
mod problem;
mod rules;
mod style;
mod text;
pub mod validation;
mod watched;

use std::fmt;
use std::io;
use std::str::FromStr;

use crate::verdict::RunResult;

pub use comparison::Comparison;
pub use console::{Console, Progress, Telling};
pub use json::{ReadError, read_json};
pub use rules::Rules;
pub use style::Style;

/// A body is cut in reports after so many bytes, and the report says so.
pub const BODY_LIMIT: usize = 64 * 1024;

/// The formats of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Text for a terminal, without colours.
    Console,
    /// JUnit XML, for CI servers.
    Junit,
    /// Everything, for programs; every other format can be made from it.
    Json,
    /// For the summary of a CI job.
    Markdown,
    /// One self-contained page, for people.
    Html,
    /// SARIF 2.1.0, for code scanners.
    Sarif,
    /// TAP 14, for test harnesses.
    Tap,
    /// Workflow commands of GitHub, which annotate the lines of suites.
    Github,
    /// Code quality as GitLab reads it.
    Gitlab,
    /// A picture of the verdict (SVG).
    Badge,
    /// The same for shields.io to draw (JSON).
    Shields,
    /// FHIR's own TestReport, one for each suite, in a Bundle.
    TestReport,
}

/// The names of all formats, for messages and help.
pub const FORMATS: &str =
    "console, junit, json, markdown, html, sarif, tap, github, gitlab, badge, shields and test-report";

/// A text that names no report format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no report format; known are {names}", names = FORMATS)]
pub struct UnknownFormat(pub String);

impl Format {
    /// Every format.
    pub const ALL: [Self; 12] = [
        Self::Console,
        Self::Junit,
        Self::Json,
        Self::Markdown,
        Self::Html,
        Self::Sarif,
        Self::Tap,
        Self::Github,
        Self::Gitlab,
        Self::Badge,
        Self::Shields,
        Self::TestReport,
    ];

    /// The name on the command line: `html`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Junit => "junit",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Sarif => "sarif",
            Self::Tap => "tap",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Badge => "badge",
            Self::Shields => "shields",
            Self::TestReport => "test-report",
        }
    }

    /// How the name of a file of this format ends, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Console => "txt",
            Self::Junit => "xml",
            Self::Json => "json",
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Sarif => "sarif",
            Self::Tap => "tap",
            Self::Github => "github.txt",
            Self::Gitlab => "gitlab.json",
            Self::Badge => "svg",
            Self::Shields => "shields.json",
            Self::TestReport => "test-report.json",
        }
    }

    /// Whether what `validate` found can be written in it.
    #[must_use]
    pub const fn fits_validation(self) -> bool {
        !matches!(self, Self::TestReport)
    }

    /// The whole report as text.
    #[must_use]
    pub fn render(self, result: &RunResult) -> String {
        let mut bytes = Vec::new();
        self.write(result, &mut bytes).expect("memory takes every byte");
        String::from_utf8(bytes).expect("every format writes UTF-8")
    }

    /// Writes the report piece by piece, so that a large one is never whole in memory. Give it something buffered.
    ///
    /// # Errors
    /// Where `out` fails.
    pub fn write(self, result: &RunResult, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Console => console::write(result, out),
            Self::Junit => junit::write(result, out),
            Self::Json => json::write(result, out),
            Self::Markdown => markdown::write(result, out),
            Self::Html => html::write(result, out),
            Self::Sarif => machine::sarif::write(result, out),
            Self::Tap => machine::tap::write(result, out),
            Self::Github => machine::github::write(result, out),
            Self::Gitlab => machine::gitlab::write(result, out),
            Self::Badge => machine::badge::write(result, out),
            Self::Shields => machine::badge::write_shields(result, out),
            Self::TestReport => machine::test_report::write(result, out),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(text) || format.extension().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_found_by_name_and_by_ending() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
            assert_eq!(format.extension().parse(), Ok(format));
            assert!(FORMATS.contains(format.name()), "{format}");
        }
        assert_eq!(
            "pdf".parse::<Format>().unwrap_err().to_string(),
            format!("`pdf` is no report format; known are {FORMATS}")
        );
    }
}
