//! The one text of a failure: console, JUnit, Markdown and HTML all tell it in these words.

use std::fmt::{self, Write};

use super::problem::Problem;
use super::rules::Rules;
use super::style::{Role, Style};
use super::text::{LINE, clean, count, line};
use crate::exchange::curl;
use crate::source::snippet::draw_site;
use crate::verdict::{Mismatch, Outcome};

/// The column at which the requirement stands in the first line.
const RULE_COLUMN: usize = 80;
/// How many lines of a diff are shown.
const DIFF_LINES: usize = 120;
/// How many further lines of a finding are shown.
const DETAIL_LINES: usize = 30;

/// The verdict's word before a problem.
pub(super) const fn label(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Note | Outcome::Pass => "NOTE",
        _ => outcome.verdict().label(),
    }
}

/// Writes one problem. Ends with a line end.
///
/// # Errors
/// Where `out` fails, which a `String` never does.
pub(super) fn write(out: &mut dyn Write, problem: &Problem<'_>, rules: &Rules<'_>, style: Style) -> fmt::Result {
    write_headline(out, problem, style)?;
    let gutter = write_place(out, problem, style)?;
    let tell = |out: &mut dyn Write, text: fmt::Arguments<'_>| writeln!(out, "{gutter}= {text}");

    let rule = problem.rule.and_then(|rule| rules.get(rule.id.as_str()));
    if let Some(rule) = rule {
        tell(
            out,
            format_args!(
                "{}: {}",
                style.paint(Role::Quiet, rules.place(rule)),
                line(rule.statement, LINE)
            ),
        )?;
    }
    if let Some(mismatch) = problem.mismatch {
        write_contents(out, mismatch, &gutter, style)?;
    }
    if let Some(repetition) = problem.repetition() {
        tell(out, format_args!("{repetition}"))?;
    }
    if let Some(reading) = rule.and_then(|rule| rule.reading()) {
        tell(out, format_args!("our reading: {reading}"))?;
    }
    if let Some(judgement) = problem.mismatch.and_then(|mismatch| mismatch.judgement.as_deref()) {
        tell(out, format_args!("judgement: {}", line(judgement, LINE)))?;
    }
    if let Some(mend) = problem.mismatch.and_then(|mismatch| mismatch.mend.as_ref()) {
        tell(out, format_args!("mend: {}", line(&mend.text, LINE)))?;
        if let Some(replacement) = &mend.replacement {
            tell(out, format_args!("      {}", line(replacement, LINE)))?;
        }
    }
    if let Some(request) = problem.request {
        // A command is of use only as a whole: its length is bounded by the drawer and the target's URL.
        tell(
            out,
            format_args!("repeat: {}", style.paint(Role::Quiet, clean(&curl(request)))),
        )?;
    }
    Ok(())
}

/// The text of a problem without colours.
pub(super) fn text(problem: &Problem<'_>, rules: &Rules<'_>) -> String {
    let mut text = String::new();
    let _ = write(&mut text, problem, rules, Style::plain());
    text
}

/// The first line alone, for a problem that was told in full before.
pub(super) fn write_headline(out: &mut dyn Write, problem: &Problem<'_>, style: Style) -> fmt::Result {
    let word = label(problem.outcome);
    let mut place = String::new();
    if let (Some(name), Some(step)) = (problem.place(), problem.step) {
        place = format!(", {name}: {}", line(&step.title, 120));
    }
    let name = clean(problem.case.id.as_str());
    let width = word.len() + 1 + name.chars().count() + place.chars().count();
    let paint = style.paint(Role::Verdict(problem.outcome.verdict()), word);
    write!(out, "{paint} {}{place}", style.paint(Role::Name, name))?;
    if let Some(rule) = problem.rule {
        let gap = RULE_COLUMN.saturating_sub(width).max(2);
        write!(out, "{:gap$}{} {}", "", rule.level, clean(rule.id.as_str()))?;
    }
    writeln!(out)
}

/// File, line and caret. Returns what stands before each further line.
fn write_place(out: &mut dyn Write, problem: &Problem<'_>, style: Style) -> Result<String, fmt::Error> {
    let message = line(problem.message, LINE);
    let number = |line: u32| line.checked_ilog10().unwrap_or(0) as usize + 1;
    if let Some(site) = problem.mismatch.and_then(|mismatch| mismatch.site.as_ref()) {
        for text in clean(&draw_site(site, &message)).lines() {
            let role = if text.contains("--> ") {
                Role::Quiet
            } else {
                Role::Caret
            };
            match text.find('^').filter(|_| !text.contains("--> ")) {
                Some(caret) if text[..caret].trim_end().ends_with('|') => {
                    let (gutter, caret) = text.split_at(caret);
                    writeln!(out, "{gutter}{}", style.paint(role, caret))?;
                }
                _ if role == Role::Quiet => writeln!(out, "{}", style.paint(role, text))?,
                _ => writeln!(out, "{text}")?,
            }
        }
        return Ok(" ".repeat(number(site.line) + 1));
    }
    let file = clean(&problem.case.site.file);
    let at = problem.step.map_or(problem.case.site.line, |step| step.line);
    let gutter = " ".repeat(number(at));
    writeln!(
        out,
        "{gutter}{}",
        style.paint(Role::Quiet, format_args!("--> {file}:{at}"))
    )?;
    writeln!(out, "{gutter} | {}", style.paint(Role::Caret, message))?;
    Ok(format!("{gutter} "))
}

/// What was asked for and what was there, where neither the line of the suite nor the message nor a diff shows it.
pub(super) fn contents(mismatch: &Mismatch) -> (Option<&str>, Option<&str>) {
    if mismatch.diff.is_some() {
        return (None, None);
    }
    let site = mismatch.site.as_ref().map_or("", |site| &*site.text);
    let message = &mismatch.message;
    let expected = mismatch
        .expected
        .as_deref()
        .filter(|text| !site.contains(text) && !message.contains(text));
    let found = mismatch.actual.as_deref().filter(|text| !message.contains(text));
    (expected, found)
}

/// Everything that a finding says beyond its message.
fn write_contents(out: &mut dyn Write, mismatch: &Mismatch, gutter: &str, style: Style) -> fmt::Result {
    let (expected, found) = contents(mismatch);
    if let Some(expected) = expected {
        writeln!(out, "{gutter}= expected: {}", line(expected, LINE))?;
    }
    if let Some(found) = found {
        writeln!(out, "{gutter}= found: {}", line(found, LINE))?;
    }
    for detail in mismatch.details.iter().take(DETAIL_LINES) {
        writeln!(out, "{gutter}= {}", line(detail, LINE))?;
    }
    if let Some(left) = mismatch
        .details
        .len()
        .checked_sub(DETAIL_LINES)
        .filter(|&left| left > 0)
    {
        writeln!(out, "{gutter}= and {} more", count(left as u64))?;
    }
    if let Some(diff) = &mismatch.diff {
        write_diff(out, diff, gutter, style)?;
    }
    Ok(())
}

fn write_diff(out: &mut dyn Write, diff: &str, gutter: &str, style: Style) -> fmt::Result {
    writeln!(out, "{gutter}= difference (- expected, + found):")?;
    let mut lines = diff.lines();
    for text in lines.by_ref().take(DIFF_LINES) {
        let shown = line(text, LINE);
        write!(out, "{gutter}  ")?;
        match text.as_bytes().first() {
            Some(b'-') => writeln!(out, "{}", style.paint(Role::Minus, shown))?,
            Some(b'+') => writeln!(out, "{}", style.paint(Role::Plus, shown))?,
            _ => writeln!(out, "{shown}")?,
        }
    }
    match lines.count() {
        0 => Ok(()),
        left => writeln!(out, "{gutter}  … {} more lines", count(left as u64)),
    }
}
