//! The code quality report of GitLab: a subset of Code Climate's, as an array of issues, which a merge request shows beside its
//! changes and compares with those of its target branch.

use std::io;

use serde::Serialize;

use super::located::Located;
use crate::report::text::{LINE, line};
use crate::verdict::validation::ValidationReport;
use crate::verdict::{Outcome, RunResult};

#[derive(Serialize)]
struct Issue<'a> {
    r#type: &'static str,
    description: String,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// Writes the report of a run.
pub(crate) fn write(result: &RunResult, out: &mut dyn io::Write) -> io::Result<()> {
    write_issues(&Located::of_result(result), out)
}

/// Writes the report on files.
pub(crate) fn write_validation(report: &ValidationReport, out: &mut dyn io::Write) -> io::Result<()> {
    write_issues(&Located::of_validation(report), out)
}

fn write_issues(found: &[Located<'_>], out: &mut dyn io::Write) -> io::Result<()> {
    let issues: Vec<Issue<'_>> = found.iter().map(issue).collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    out.write_all(b"\n")
}

fn issue<'a>(found: &'a Located<'_>) -> Issue<'a> {
    let known = found.known();
    let word = match found.outcome {
        _ if known.is_some() => "known: ",
        Outcome::Unjudged => "not judged: ",
        _ => "",
    };
    Issue {
        r#type: "issue",
        description: format!("{}: {word}{}", line(&found.subject, 200), line(found.message, LINE)),
        check_name: &found.rule,
        fingerprint: &found.fingerprint,
        severity: match known {
            Some(_) => "info",
            None => severity(found.outcome),
        },
        location: Location {
            path: line(&found.path(), LINE).into_owned(),
            lines: Lines { begin: found.line },
        },
    }
}

/// GitLab knows info, minor, major, critical and blocker. What could not be judged accuses nobody.
const fn severity(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "major",
        Outcome::Warning => "minor",
        Outcome::Unjudged | Outcome::Note | Outcome::Pass => "info",
    }
}
