//! The difference of two results on a console and in Markdown.

use std::fmt::Write;

use crate::comparison::{Change, Diff, Seen, Side};
use crate::report::markdown::{ROWS, escape, sign};
use crate::report::style::{Role, Style};
use crate::report::text::{clean, count, line};
use crate::verdict::Verdict;

/// How many lines a list of the console has, but for that of regressions.
const SHOWN: usize = 40;

/// The parts of a difference, in the order of their weight: heading, changes, and the verdict whose colour they wear.
pub(super) fn parts(diff: &Diff) -> [(&'static str, &[Change], Verdict); 5] {
    [
        ("Regressions", &diff.regressions, Verdict::Fail),
        ("Came to light", &diff.surfaced, Verdict::Warning),
        ("Fixes", &diff.fixes, Verdict::Pass),
        ("Went out of sight", &diff.sunk, Verdict::Skip),
        ("Still broken", &diff.still, Verdict::Skip),
    ]
}

/// The cases that only one of the two judged.
pub(super) fn seen(diff: &Diff) -> [(&'static str, &[Seen]); 2] {
    [("New cases", &diff.appeared), ("Gone", &diff.gone)]
}

/// One of the two, in a line.
pub(super) fn side(side: &Side) -> String {
    let software = side.software.as_deref().map(|text| format!(" · {}", line(text, 120)));
    format!(
        "{}: {}{} · FHIR {} · {} · {} passed, {} failed, {} not judged, {} left out",
        line(&side.name, 200),
        line(&side.base, 200),
        software.unwrap_or_default(),
        side.release,
        line(&side.started, 40),
        count(side.passed),
        count(side.failed),
        count(side.unjudged),
        count(side.left_out)
    )
}

/// The rule of a change, for people.
pub(super) fn rule(change: &Change) -> String {
    let id = change.requirement.as_ref().map(|id| clean(id.as_str()).into_owned());
    id.unwrap_or_else(|| "(to be judged)".to_owned())
}

/// The verdict whose colour a difference wears.
pub(super) fn color(diff: &Diff) -> Verdict {
    if !diff.regressions.is_empty() {
        Verdict::Fail
    } else if !diff.surfaced.is_empty() || diff.appeared.iter().any(|case| case.verdict >= Verdict::Fail) {
        Verdict::Warning
    } else {
        Verdict::Pass
    }
}

pub(super) fn console(diff: &Diff, style: Style) -> String {
    let mut text = String::new();
    // Writing to a `String` never fails.
    let _ = write_console(&mut text, diff, style);
    text
}

fn write_console(out: &mut String, diff: &Diff, style: Style) -> std::fmt::Result {
    writeln!(out, "before  {}\nnow     {}", side(&diff.old), side(&diff.new))?;
    for note in &diff.notes {
        writeln!(out, "note: {}", line(note, 400))?;
    }
    for (heading, changes, verdict) in parts(diff) {
        if changes.is_empty() {
            continue;
        }
        let heading = style.paint(Role::Verdict(verdict), heading);
        writeln!(out, "\n{heading}")?;
        let most = if verdict == Verdict::Fail { usize::MAX } else { SHOWN };
        for change in changes.iter().take(most) {
            let name = style.paint(Role::Name, clean(change.case.as_str()));
            write!(out, "  {name}  {}", rule(change))?;
            match &change.message {
                Some(message) => writeln!(out, ": {}", line(message, 200))?,
                None => writeln!(out)?,
            }
        }
        more(out, changes.len(), most)?;
    }
    for (heading, cases) in seen(diff) {
        if cases.is_empty() {
            continue;
        }
        writeln!(out, "\n{}", style.paint(Role::Heading, heading))?;
        // What fails is looked for.
        let mut cases: Vec<&Seen> = cases.iter().collect();
        cases.sort_by_key(|case| std::cmp::Reverse(case.verdict));
        for case in cases.iter().take(SHOWN) {
            let word = format!("{:5}", case.verdict.label());
            let label = style.paint(Role::Verdict(case.verdict), word);
            writeln!(out, "  {label} {}  {}", clean(case.case.as_str()), line(&case.why, 160))?;
        }
        more(out, cases.len(), SHOWN)?;
    }
    writeln!(out, "\n{}", style.paint(Role::Verdict(color(diff)), diff.sentence()))
}

fn more(out: &mut String, all: usize, shown: usize) -> std::fmt::Result {
    match all.saturating_sub(shown) {
        0 => Ok(()),
        left => writeln!(out, "  and {} more", count(left as u64)),
    }
}

pub(super) fn markdown(diff: &Diff) -> String {
    let mut text = String::new();
    let _ = write_markdown(&mut text, diff);
    text
}

fn write_markdown(out: &mut String, diff: &Diff) -> std::fmt::Result {
    writeln!(out, "# {} {}\n", sign(color(diff)), escape(&diff.sentence()))?;
    writeln!(out, "- before: {}", escape(&side(&diff.old)))?;
    writeln!(out, "- now: {}", escape(&side(&diff.new)))?;
    for note in &diff.notes {
        writeln!(out, "- {}", escape(&line(note, 400)))?;
    }
    writeln!(out)?;
    for (heading, changes, verdict) in parts(diff) {
        if changes.is_empty() {
            continue;
        }
        let is_folded = verdict == Verdict::Skip;
        begin(out, heading, changes.len(), is_folded)?;
        writeln!(out, "| case | requirement | found |\n|---|---|---|")?;
        for change in changes.iter().take(ROWS) {
            let found = change.message.as_deref().unwrap_or_default();
            writeln!(
                out,
                "| {} | {} | {} |",
                escape(&line(change.case.as_str(), 200)),
                escape(&rule(change)),
                escape(&line(found, 200))
            )?;
        }
        end(out, changes.len(), is_folded)?;
    }
    for (heading, cases) in seen(diff) {
        if cases.is_empty() {
            continue;
        }
        begin(out, heading, cases.len(), true)?;
        writeln!(out, "| case | verdict | why not in the other |\n|---|---|---|")?;
        for case in cases.iter().take(ROWS) {
            let name = escape(&line(case.case.as_str(), 200));
            writeln!(out, "| {name} | {} | {} |", case.verdict, escape(&line(&case.why, 200)))?;
        }
        end(out, cases.len(), true)?;
    }
    Ok(())
}

fn begin(out: &mut String, heading: &str, number: usize, is_folded: bool) -> std::fmt::Result {
    if is_folded {
        writeln!(
            out,
            "<details><summary>{heading} ({})</summary>\n",
            count(number as u64)
        )
    } else {
        writeln!(out, "## {heading}\n")
    }
}

fn end(out: &mut String, number: usize, is_folded: bool) -> std::fmt::Result {
    if number > ROWS {
        writeln!(out, "\nand {} more", count((number - ROWS) as u64))?;
    }
    writeln!(out, "{}", if is_folded { "\n</details>\n" } else { "" })
}
