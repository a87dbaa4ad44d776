//! A badge: a small picture of the verdict for a README, and the same for shields.io to draw.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;

use crate::report::overview::{Overview, Standing, State};
use crate::report::text::{count, counted, line};
use crate::report::validation;
use crate::verdict::validation::ValidationReport;
use crate::verdict::{Outcome, RunResult, Verdict};

/// What the badge says.
struct Badge {
    label: String,
    message: String,
    verdict: Verdict,
    /// The verdict in a sentence, for those who hover or listen.
    sentence: String,
}

/// The answer of an endpoint as shields.io asks for it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint<'a> {
    schema_version: u8,
    label: &'a str,
    message: &'a str,
    color: &'static str,
    is_error: bool,
}

/// Writes the picture of a run.
pub(crate) fn write(result: &RunResult, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(Badge::of_result(result).svg().as_bytes())
}

/// Writes the picture of files.
pub(crate) fn write_validation(report: &ValidationReport, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(Badge::of_validation(report).svg().as_bytes())
}

/// Writes what shields.io reads of a run.
pub(crate) fn write_shields(result: &RunResult, out: &mut dyn io::Write) -> io::Result<()> {
    Badge::of_result(result).write_endpoint(out)
}

/// Writes what shields.io reads of files.
pub(crate) fn write_shields_validation(report: &ValidationReport, out: &mut dyn io::Write) -> io::Result<()> {
    Badge::of_validation(report).write_endpoint(out)
}

impl Badge {
    fn of_result(result: &RunResult) -> Self {
        let overview = Overview::of(result);
        let broken = |outcome| overview.groups_of(outcome).count() as u64;
        let all = Standing::sum(&overview.levels);
        let hold = match all.of(State::Passed) {
            // A report without requirements has cases all the same.
            0 => counted(overview.tally.of(Verdict::Pass), "case passed", "cases passed"),
            passed => counted(passed, "rule holds", "rules hold"),
        };
        let verdict = overview.color();
        let message = match verdict {
            Verdict::Pass => hold,
            Verdict::Warning => format!("{hold}, {}", counted(broken(Outcome::Warning), "warning", "warnings")),
            Verdict::Fail => counted(broken(Outcome::Fail), "SHALL broken", "SHALLs broken"),
            Verdict::Error => "not judged".to_owned(),
            Verdict::Skip | Verdict::Inapplicable => "nothing tested".to_owned(),
        };
        Self {
            label: format!("FHIR {}", result.target.release),
            message,
            verdict,
            sentence: overview.sentence(),
        }
    }

    fn of_validation(report: &ValidationReport) -> Self {
        let resources = report.resources();
        let message = match report.verdict {
            _ if report.invalid() > 0 => format!("{} of {} invalid", count(report.invalid()), count(resources)),
            Verdict::Error => "not readable".to_owned(),
            _ if resources == 0 => "none".to_owned(),
            _ => format!("{} valid", count(resources)),
        };
        Self {
            label: "FHIR resources".to_owned(),
            message,
            verdict: validation::color(report),
            sentence: validation::sentence(report),
        }
    }

    fn write_endpoint(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let endpoint = Endpoint {
            schema_version: 1,
            label: &self.label,
            message: &self.message,
            color: match self.verdict {
                Verdict::Pass => "brightgreen",
                Verdict::Warning => "yellow",
                Verdict::Fail => "red",
                Verdict::Error => "blueviolet",
                Verdict::Skip | Verdict::Inapplicable => "lightgrey",
            },
            is_error: matches!(self.verdict, Verdict::Fail | Verdict::Error),
        };
        serde_json::to_writer(&mut *out, &endpoint)?;
        out.write_all(b"\n")
    }

    /// The picture, without fonts, scripts or anything from elsewhere.
    fn svg(&self) -> String {
        let [label, message] = [&self.label, &self.message].map(|text| width(text) + 12);
        let all = label + message;
        let color = match self.verdict {
            Verdict::Pass => "#2d7d32",
            Verdict::Warning => "#8a5a00",
            Verdict::Fail => "#b3261e",
            Verdict::Error => "#6a3ea1",
            Verdict::Skip | Verdict::Inapplicable => "#606060",
        };
        let title = xml(&format!("{}: {}", self.label, self.sentence));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all}\" height=\"20\" role=\"img\" aria-label=\"{title}\">\n\
             <title>{title}</title>\n\
             <clipPath id=\"r\"><rect width=\"{all}\" height=\"20\" rx=\"3\"/></clipPath>\n\
             <g clip-path=\"url(#r)\">\
             <rect width=\"{label}\" height=\"20\" fill=\"#444\"/>\
             <rect x=\"{label}\" width=\"{message}\" height=\"20\" fill=\"{color}\"/></g>\n\
             <g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">\n"
        );
        for (x, text) in [(0, &self.label), (label, &self.message)] {
            let text_length = width(text);
            // The length is given, so that another font fits as well.
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"14\" textLength=\"{text_length}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                x + 6,
                xml(text)
            );
        }
        svg + "</g>\n</svg>\n"
    }
}

/// About how wide a text is in Verdana of 11 pixels, in pixels.
fn width(text: &str) -> u32 {
    let tenths: u32 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | '.' | ',' | ' ' | '\'' => 43,
            'm' | 'w' | 'M' | 'W' => 105,
            'A'..='Z' => 80,
            _ => 69,
        })
        .sum();
    tenths.div_ceil(10)
}

fn xml(text: &str) -> String {
    quick_xml::escape::escape(&*line(text, 400)).into_owned()
}
