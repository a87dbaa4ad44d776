//! The closing summary.

use std::fmt::Write;

use super::known;
use crate::report::overview::{Group, LEVELS, Overview, Standing, State, VERDICTS, reason_name};
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
    write_tables(out, overview, style)?;
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

/// Requirements by level, then by section.
fn write_tables(out: &mut String, overview: &Overview<'_>, style: Style) -> std::fmt::Result {
    if overview.result.requirements.is_empty() {
        return Ok(());
    }
    let (tested, untested): (Vec<_>, Vec<_>) = overview
        .sections
        .iter()
        .map(|(name, levels)| (*name, Standing::sum(levels)))
        .partition(|(_, standing)| standing.tested() > 0);
    let names = tested.iter().map(|(name, _)| name.chars().count());
    let first = names.chain(["Requirements".len()]).max().unwrap_or_default() + 2;

    write!(
        out,
        "\n{}",
        style.paint(Role::Heading, format_args!("{:first$}", "Requirements"))
    )?;
    for state in State::ALL {
        write!(out, "{:>13}", state.name())?;
    }
    writeln!(out)?;
    for (level, standing) in LEVELS.into_iter().zip(&overview.levels) {
        write_row(out, level.name(), first, standing, style)?;
    }
    if !tested.is_empty() {
        writeln!(out, "{}", style.paint(Role::Heading, "by section"))?;
    }
    for (name, standing) in &tested {
        write_row(out, &clean(name), first, standing, style)?;
    }
    if !untested.is_empty() {
        let names: Vec<_> = untested.iter().map(|(name, _)| clean(name)).collect();
        let number = counted(untested.len() as u64, "section", "sections");
        writeln!(out, "  nothing tested in {number}: {}", names.join(", "))?;
    }
    Ok(())
}

fn write_row(out: &mut String, name: &str, first: usize, standing: &Standing, style: Style) -> std::fmt::Result {
    write!(out, "  {name:width$}", width = first - 2)?;
    for state in State::ALL {
        match standing.of(state) {
            0 => write!(out, "{:>13}", style.paint(Role::Quiet, format_args!("{:>13}", "·")))?,
            number => {
                let text = format!("{:>13}", count(number));
                if matches!(state, State::Failed | State::NotJudged | State::Warned) {
                    write!(out, "{}", style.paint(Role::Verdict(state.verdict()), text))?;
                } else {
                    write!(out, "{text}")?;
                }
            }
        }
    }
    writeln!(out)
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
