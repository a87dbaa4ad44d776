//! What `validate` says of files of resources, in the same formats and with the same drawing as the reports of a run.

mod junit;
mod markdown;

use std::fmt::{self, Write as _};
use std::io;

use super::failure::{self, label};
use super::style::{Role, Style};
use super::text::{clean, count, counted, duration, line};
use super::{Format, html, machine};
use crate::verdict::Verdict;
use crate::verdict::validation::{BodyFinding, FileReport, ValidationReport};

impl Format {
    /// Writes what came of judging files, piece by piece. Give it something buffered.
    ///
    /// # Errors
    /// Where `out` fails, and where the format has no words for it ([`fits_validation`](Self::fits_validation)).
    pub fn write_validation(self, report: &ValidationReport, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Console => out.write_all(console(report, Style::plain(), &[]).as_bytes()),
            Self::Junit => junit::write(report, out),
            Self::Json => {
                serde_json::to_writer(&mut *out, report)?;
                out.write_all(b"\n")
            }
            Self::Markdown => markdown::write(report, out),
            Self::Html => html::write_validation(report, out),
            Self::Sarif => machine::sarif::write_validation(report, out),
            Self::Tap => machine::tap::write_validation(report, out),
            Self::Github => machine::github::write_validation(report, out),
            Self::Gitlab => machine::gitlab::write_validation(report, out),
            Self::Badge => machine::badge::write_validation(report, out),
            Self::Shields => machine::badge::write_shields_validation(report, out),
            Self::TestReport => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a TestReport tells of tests of a server, not of files",
            )),
        }
    }
}

/// The JSON Schema of [`ValidationReport`], from the types.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(ValidationReport);
    schema.insert("title".to_owned(), "What fhir-assay validate found".into());
    schema.to_value()
}

/// Everything, for a terminal: each finding, what was not checked, and the verdict in one sentence at the end. `reports` are
/// the paths of the reports that were written.
#[must_use]
pub fn console(report: &ValidationReport, style: Style, reports: &[String]) -> String {
    let mut text = String::new();
    // Writing to a `String` never fails.
    let _ = write_console(&mut text, report, style, reports);
    text
}

fn write_console(out: &mut String, report: &ValidationReport, style: Style, reports: &[String]) -> fmt::Result {
    for file in &report.files {
        for finding in &file.findings {
            write_finding(out, finding, style)?;
            writeln!(out)?;
        }
        if let Some(more) = untold(file) {
            writeln!(out, "{}: {more}\n", clean(&file.file))?;
        }
    }
    if !report.not_checked.is_empty() {
        writeln!(out, "{}", style.paint(Role::Heading, "Not checked"))?;
        for sentence in &report.not_checked {
            writeln!(out, "  {}", line(sentence, 1200))?;
        }
        writeln!(out)?;
    }
    if !reports.is_empty() {
        writeln!(out, "{}", style.paint(Role::Heading, "Reports"))?;
        for path in reports {
            writeln!(out, "  {}", clean(path))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{}", style.paint(Role::Verdict(color(report)), sentence(report)))
}

/// One finding, in at most six lines where its message and its rule are of one line each. Ends with a line end.
fn write_finding(out: &mut dyn fmt::Write, finding: &BodyFinding, style: Style) -> fmt::Result {
    let word = style.paint(Role::Verdict(finding.outcome.verdict()), label(finding.outcome));
    let name = style.paint(Role::Name, line(&finding.resource, 200));
    writeln!(out, "{word} {name}{}", repetition(finding))?;
    failure::write_body_finding(out, &finding.mismatch, style)
}

/// A finding as plain text.
pub(super) fn finding_text(finding: &BodyFinding) -> String {
    let mut text = String::new();
    let _ = write_finding(&mut text, finding, Style::plain());
    text
}

/// `, and in 3 more resources (7 places)`
fn repetition(finding: &BodyFinding) -> String {
    let places = counted(finding.places, "place", "places");
    match (finding.resources, finding.places) {
        (0 | 1, 0 | 1) => String::new(),
        (0 | 1, _) => format!(", at {places}"),
        (resources, _) => {
            let more = counted(resources - 1, "more resource", "more resources");
            format!(", and in {more} ({places})")
        }
    }
}

fn untold(file: &FileReport) -> Option<String> {
    let number = (file.untold > 0).then(|| counted(file.untold, "more finding is", "more findings are"))?;
    Some(format!("{number} not told one by one"))
}

/// The verdict in one sentence.
pub(super) fn sentence(report: &ValidationReport) -> String {
    let resources = counted(report.resources(), "resource", "resources");
    let files = counted(report.files.len() as u64, "file", "files");
    let mut sentence = match (report.resources(), report.invalid()) {
        (0, _) if report.unreadable() == 0 => return "Nothing to validate: no resource was found.".to_owned(),
        (0, _) => "Nothing could be validated".to_owned(),
        (_, 0) => format!("Valid: {resources} in {files}"),
        (_, invalid) => format!("Not valid: {} of {resources} in {files}", count(invalid)),
    };
    if report.warned() > 0 {
        let _ = write!(sentence, "; {} with warnings", count(report.warned()));
    }
    if report.unreadable() > 0 {
        let unreadable = counted(report.unreadable(), "document", "documents");
        let _ = write!(sentence, "; {unreadable} could not be read");
    }
    if report.duration_us > 0 {
        let _ = write!(sentence, "; {}", duration(report.duration_us));
    }
    sentence + "."
}

/// The verdict whose colour the sentence wears: what is invalid is certain, whatever else could not be read.
pub(super) fn color(report: &ValidationReport) -> Verdict {
    if report.invalid() > 0 {
        Verdict::Fail
    } else {
        report.verdict
    }
}

/// A file in the words of a table: resources, invalid, with warnings, unreadable.
fn numbers(file: &FileReport) -> [String; 4] {
    [file.resources, file.invalid, file.warned, file.unreadable].map(|number| match number {
        0 => "·".to_owned(),
        number => count(number),
    })
}

/// What the page shows.
#[derive(serde::Serialize)]
pub(super) struct Page {
    sentence: String,
    verdict: &'static str,
    facts: Vec<(&'static str, String)>,
    files: Vec<FileView>,
    not_checked: Vec<String>,
}

#[derive(serde::Serialize)]
struct FileView {
    name: String,
    verdict: &'static str,
    label: &'static str,
    numbers: [String; 4],
    findings: Vec<FindingView>,
    untold: Option<String>,
}

#[derive(serde::Serialize)]
struct FindingView {
    verdict: &'static str,
    label: &'static str,
    resource: String,
    repetition: String,
    message: String,
    text: String,
}

impl Page {
    pub fn of(report: &ValidationReport) -> Self {
        let finding = |finding: &BodyFinding| FindingView {
            verdict: finding.outcome.verdict().name(),
            label: label(finding.outcome),
            resource: line(&finding.resource, 200).into_owned(),
            repetition: repetition(finding),
            message: line(&finding.mismatch.message, 400).into_owned(),
            text: {
                let mut text = String::new();
                let _ = failure::write_body_finding(&mut text, &finding.mismatch, Style::plain());
                text
            },
        };
        let mut facts = vec![(
            "Made by",
            clean(&format!("{} {}", report.tool.name, report.tool.version)).into_owned(),
        )];
        if !report.started.is_empty() {
            facts.push(("Started", clean(&report.started).into_owned()));
        }
        Self {
            sentence: sentence(report),
            verdict: color(report).name(),
            facts,
            files: report
                .files
                .iter()
                .map(|file| FileView {
                    name: clean(&file.file).into_owned(),
                    verdict: file.verdict.name(),
                    label: file.verdict.label(),
                    numbers: numbers(file),
                    findings: file.findings.iter().map(finding).collect(),
                    untold: untold(file),
                })
                .collect(),
            not_checked: report
                .not_checked
                .iter()
                .map(|text| line(text, 1200).into_owned())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests;
