//! The closing summary.

use std::fmt::Write;

use super::{known, table};
use crate::report::overview::{Group, Overview, VERDICTS, reason_name};
use crate::report::style::{Role, Style};
use crate::report::text::{clean, count, counted, duration, line};
use crate::verdict::{Outcome, RunResult};

/// How many resources that were left behind are named.
const LEFT_BEHIND: usize = 20;

/// The closing summary: what was judged, by level and section, what was found, what was left out and why, what was not
/// checked, and the verdict in one sentence at the end. `reports` are the paths of the reports that were written.
#[must_use]
pub fn summary(result: &RunResult, style: Style, reports: &[String]) -> String {
    let overview = Overview::of(result);
    let mut text = String::new();
    // Writing to a `String` never fails.
    let _ = write_summary(&mut text, &overview, style, reports);
    text
}

fn write_summary(out: &mut String, overview: &Overview<'_>, style: Style, reports: &[String]) -> std::fmt::Result {
    let result = overview.result;
    writeln!(out, "{}", style.paint(Role::Heading, overview.target()))?;
    write!(
        out,
        "{} in {}:",
        counted(overview.tally.total(), "case", "cases"),
        duration(result.duration_us)
    )?;
    for (index, (verdict, word)) in VERDICTS.into_iter().enumerate() {
        let number = overview.tally.of(verdict);
        let text = format!("{} {word}", count(number));
        let comma = if index == 0 { " " } else { ", " };
        match number {
            0 => write!(out, "{comma}{text}")?,
            _ => write!(out, "{comma}{}", style.paint(Role::Verdict(verdict), text))?,
        }
    }
    writeln!(out)?;
    table::write(out, overview, style)?;
    write_groups(out, overview, style)?;
    known::write(out, overview, style)?;
    write_left_out(out, overview, style)?;
    let deviations = result.deviations();
    if !deviations.is_empty() {
        writeln!(
            out,
            "\n{}",
            style.paint(Role::Heading, "Documented deviations from the specification")
        )?;
        for deviation in deviations {
            writeln!(out, "  {}", line(&deviation.sentence(), 400))?;
        }
    }
    if !result.not_checked.is_empty() {
        writeln!(out, "\n{}", style.paint(Role::Heading, "Not checked"))?;
        for sentence in &result.not_checked {
            writeln!(out, "  {}", line(sentence, 400))?;
        }
    }
    if let Some(cleanup) = overview.cleanup() {
        writeln!(out, "\n{} {cleanup}", style.paint(Role::Heading, "Clean-up"))?;
        let left = &result.cleanup.left;
        for remains in left.iter().take(LEFT_BEHIND) {
            writeln!(out, "  {}: {}", line(&remains.url, 200), line(&remains.reason, 200))?;
        }
        if left.len() > LEFT_BEHIND {
            writeln!(out, "  and {} more", count((left.len() - LEFT_BEHIND) as u64))?;
        }
    }
    if !reports.is_empty() {
        writeln!(out, "\n{}", style.paint(Role::Heading, "Reports"))?;
        for path in reports {
            writeln!(out, "  {}", clean(path))?;
        }
    }
    writeln!(
        out,
        "\n{}",
        style.paint(Role::Verdict(overview.color()), overview.sentence())
    )
}

/// What was found, one line for each requirement.
fn write_groups(out: &mut String, overview: &Overview<'_>, style: Style) -> std::fmt::Result {
    let parts = [
        (Outcome::Fail, "Broken"),
        (Outcome::Unjudged, "Not judged"),
        (Outcome::Warning, "Warnings"),
    ];
    let name = |group: &Group<'_>| {
        group.rule.map_or_else(
            || "(no answer to judge)".to_owned(),
            |rule| format!("{} {}", rule.level, clean(rule.id.as_str())),
        )
    };
    for (outcome, heading) in parts {
        let groups: Vec<_> = overview.groups_of(outcome).collect();
        if groups.is_empty() {
            continue;
        }
        let width = groups
            .iter()
            .map(|group| name(group).chars().count())
            .max()
            .unwrap_or_default();
        let heading = style.paint(Role::Verdict(outcome.verdict()), heading);
        writeln!(out, "\n{heading}")?;
        for group in groups {
            let name = name(group);
            let times = counted(group.cases.len() as u64, "case", "cases");
            let message = line(group.first.message, 160);
            writeln!(out, "  {name:width$}  {times:>9}  {message}")?;
        }
    }
    match overview.groups_of(Outcome::Note).count() as u64 {
        0 => Ok(()),
        notes => {
            let rules = counted(notes, "rule", "rules");
            writeln!(
                out,
                "\n{} on {rules}, for information: see the HTML report",
                style.paint(Role::Heading, "Notes")
            )
        }
    }
}

fn write_left_out(out: &mut String, overview: &Overview<'_>, style: Style) -> std::fmt::Result {
    if overview.left_out.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", style.paint(Role::Heading, "Left out"))?;
    for ((_, kind), cases) in &overview.left_out {
        let number = counted(cases.len() as u64, "case", "cases");
        writeln!(out, "  {number:>9}  {}", reason_name(*kind))?;
    }
    Ok(())
}
