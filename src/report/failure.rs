//! The one text of a failure: console, JUnit, Markdown and HTML all tell it in these words.

use std::fmt::{self, Write};

use super::problem::Problem;
use super::rules::Rules;
use super::style::{Role, Style};
use super::text::{LINE, clean, count, line};
use crate::exchange::curl;
use crate::source::snippet::{draw_mended, draw_site};
use crate::verdict::{Excerpt, Mismatch, Outcome};

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
    if let Some(mismatch) = problem.mismatch {
        write_mend(out, mismatch, &gutter)?;
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

/// What is wrong with a body: the line with its caret, where and by which rule, and what to do. Ends with a line end.
pub(super) fn write_body_finding(out: &mut dyn Write, mismatch: &Mismatch, style: Style) -> fmt::Result {
    let message = line(&mismatch.message, LINE);
    let gutter = match &mismatch.excerpt {
        Some(excerpt) => {
            write_drawing(out, &draw_excerpt(excerpt, &message), style)?;
            gutter(excerpt.site.line)
        }
        None => {
            writeln!(out, "  | {}", style.paint(Role::Caret, message))?;
            gutter(1)
        }
    };
    write_contents(out, mismatch, &gutter, style)?;
    write_mend(out, mismatch, &gutter)
}

/// What to do, where the line as it would be right does not say it all.
fn write_mend(out: &mut dyn Write, mismatch: &Mismatch, gutter: &str) -> fmt::Result {
    let Some(mend) = &mismatch.mend else { return Ok(()) };
    let is_drawn = is_mended(mismatch);
    if is_drawn && mend.says_only_what_to_write() {
        return Ok(());
    }
    writeln!(out, "{gutter}= mend: {}", line(&mend.text, LINE))?;
    if let Some(replacement) = mend.unsaid().filter(|_| !is_drawn) {
        writeln!(out, "{gutter}=       {}", line(&replacement, LINE))?;
    }
    Ok(())
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
    if let Some(site) = problem.mismatch.and_then(|mismatch| mismatch.site.as_ref()) {
        write_drawing(out, &draw_site(site, &message), style)?;
        return Ok(gutter(site.line));
    }
    if let Some(excerpt) = problem.mismatch.and_then(|mismatch| mismatch.excerpt.as_ref()) {
        // What always has to hold has no line in a suite, but one in the body.
        write_drawing(out, &draw_excerpt(excerpt, &message), style)?;
        return Ok(gutter(excerpt.site.line));
    }
    let file = clean(&problem.case.site.file);
    let at = problem.step.map_or(problem.case.site.line, |step| step.line);
    let gutter = gutter(at);
    writeln!(
        out,
        "{}{}",
        &gutter[1..],
        style.paint(Role::Quiet, format_args!("--> {file}:{at}"))
    )?;
    writeln!(out, "{gutter}| {}", style.paint(Role::Caret, message))?;
    Ok(gutter)
}

/// What stands before the bars of a drawing.
fn gutter(line: u32) -> String {
    " ".repeat(line.checked_ilog10().unwrap_or(0) as usize + 2)
}

/// Whether the line as it would be right is drawn.
pub(super) fn is_mended(mismatch: &Mismatch) -> bool {
    mismatch
        .excerpt
        .as_ref()
        .is_some_and(|excerpt| excerpt.mended.is_some())
}

/// A line of a body as it is and as it would be right.
pub(super) fn draw_excerpt(excerpt: &Excerpt, message: &str) -> String {
    draw_mended(&excerpt.site, message, excerpt.mended.as_deref())
}

/// A drawing with carets, painted.
fn write_drawing(out: &mut dyn Write, drawing: &str, style: Style) -> fmt::Result {
    for text in clean(drawing).lines() {
        if text.contains("--> ") {
            writeln!(out, "{}", style.paint(Role::Quiet, text))?;
            continue;
        }
        let is_mended = text.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(" + ");
        match text.find('^') {
            _ if is_mended => writeln!(out, "{}", style.paint(Role::Plus, text))?,
            Some(caret) if text[..caret].trim_end().ends_with('|') => {
                let (gutter, caret) = text.split_at(caret);
                writeln!(out, "{gutter}{}", style.paint(Role::Caret, caret))?;
            }
            _ => writeln!(out, "{text}")?,
        }
    }
    Ok(())
}

/// What was asked for and what was there, where neither the line of the suite nor the message nor a diff shows it.
pub(super) fn contents(mismatch: &Mismatch) -> (Option<&str>, Option<&str>) {
    if mismatch.diff.is_some() || mismatch.excerpt.is_some() {
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
    if let Some(excerpt) = mismatch.excerpt.as_ref().filter(|_| mismatch.site.is_some()) {
        write_drawing(out, &draw_excerpt(excerpt, ""), style)?;
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
