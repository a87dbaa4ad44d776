//! Known failures on the console.

use std::fmt::Write;

use crate::report::known::{stale, verb, words};
use crate::report::overview::Overview;
use crate::report::style::{Role, Style};
use crate::report::text::{clean, count, line};
use crate::verdict::{CaseResult, FreshFailure};

/// How many lines each list has.
const SHOWN: usize = 40;

/// A known failure as it happens, in a line.
pub(super) fn write_case(out: &mut String, case: &CaseResult, style: Style) {
    let reasons: Vec<String> = case.known.iter().map(words).collect();
    // Writing to a `String` never fails.
    let _ = writeln!(
        out,
        "{} {}: known to {}: {}",
        style.paint(Role::Quiet, "known"),
        style.paint(Role::Name, clean(case.id.as_str())),
        verb(case.verdict),
        line(&reasons.join("; "), 300)
    );
}

/// What the list of known failures comes to: what is new, what is known, what is out of date.
pub(super) fn write(out: &mut String, overview: &Overview<'_>, style: Style) -> std::fmt::Result {
    let Some(baseline) = &overview.result.baseline else {
        return Ok(());
    };
    if !baseline.fresh.is_empty() {
        let heading = style.paint(Role::Heading, "New, by the list of known failures");
        writeln!(out, "\n{heading} {}", line(&baseline.file, 200))?;
        list(out, baseline.fresh.iter().map(fresh))?;
    }
    if !overview.known.is_empty() {
        writeln!(out, "\n{}", style.paint(Role::Heading, "Known to fail"))?;
        list(
            out,
            overview.known.iter().map(|case| {
                let reasons: Vec<String> = case.known.iter().map(words).collect();
                format!("{}: {}", clean(case.id.as_str()), line(&reasons.join("; "), 300))
            }),
        )?;
    }
    if !baseline.stale.is_empty() {
        let heading = style.paint(Role::Heading, "Out of date in the list of known failures");
        writeln!(out, "\n{heading}")?;
        list(out, baseline.stale.iter().map(|entry| stale(&baseline.file, entry)))?;
        writeln!(
            out,
            "  `fhir-assay baseline update --baseline {}` takes out what is mended",
            line(&baseline.file, 200)
        )?;
    }
    Ok(())
}

fn fresh(failure: &FreshFailure) -> String {
    let mut words: Vec<&str> = failure.requirements.iter().map(|id| id.as_str()).collect();
    if failure.unjudged {
        words.push("not judged");
    }
    format!("{}: {}", clean(failure.case.as_str()), line(&words.join(", "), 300))
}

fn list(out: &mut String, lines: impl ExactSizeIterator<Item = String>) -> std::fmt::Result {
    let more = lines.len().saturating_sub(SHOWN);
    for line in lines.take(SHOWN) {
        writeln!(out, "  {line}")?;
    }
    match more {
        0 => Ok(()),
        more => writeln!(out, "  and {} more", count(more as u64)),
    }
}
