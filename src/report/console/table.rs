//! Requirements by level, then by section: a table, or where that is wider than the terminal a list.

use std::fmt::{Result, Write};

use crate::report::overview::{LEVELS, Overview, Standing, State};
use crate::report::style::{Role, Style};
use crate::report::text::{clean, count, counted};

/// How wide a column of numbers is.
const COLUMN: usize = 13;

/// Writes both parts, if there is anything in them.
pub(super) fn write(out: &mut String, overview: &Overview<'_>, style: Style) -> Result {
    if overview.result.requirements.is_empty() {
        return Ok(());
    }
    let (tested, untested): (Vec<_>, Vec<_>) = overview
        .sections
        .iter()
        .map(|(name, levels)| (clean(name), Standing::sum(levels)))
        .partition(|(_, standing)| standing.tested() > 0);
    let names = tested.iter().map(|(name, _)| name.chars().count());
    let first = names.chain(["Requirements".len()]).max().unwrap_or_default() + 2;
    let is_narrow = style
        .width()
        .is_some_and(|width| width < first + COLUMN * State::ALL.len());

    writeln!(out)?;
    if is_narrow {
        writeln!(out, "{}", style.paint(Role::Heading, "Requirements"))?;
    } else {
        let heading = format_args!("{:first$}", "Requirements");
        write!(out, "{}", style.paint(Role::Heading, heading))?;
        for state in State::ALL {
            write!(out, "{:>COLUMN$}", state.name())?;
        }
        writeln!(out)?;
    }
    let row = |out: &mut String, name: &str, standing: &Standing| {
        if is_narrow {
            item(out, name, standing, style)
        } else {
            line(out, name, first, standing, style)
        }
    };
    for (level, standing) in LEVELS.into_iter().zip(&overview.levels) {
        row(out, level.name(), standing)?;
    }
    if !tested.is_empty() {
        writeln!(out, "{}", style.paint(Role::Heading, "by section"))?;
    }
    for (name, standing) in &tested {
        row(out, name, standing)?;
    }
    if !untested.is_empty() {
        let names: Vec<_> = untested.iter().map(|(name, _)| name.as_ref()).collect();
        let number = counted(untested.len() as u64, "section", "sections");
        writeln!(out, "  nothing tested in {number}: {}", names.join(", "))?;
    }
    Ok(())
}

/// A line of the table.
fn line(out: &mut String, name: &str, first: usize, standing: &Standing, style: Style) -> Result {
    write!(out, "  {name:width$}", width = first - 2)?;
    for state in State::ALL {
        match standing.of(state) {
            0 => write!(out, "{}", style.paint(Role::Quiet, format_args!("{:>COLUMN$}", "·")))?,
            number => write!(out, "{}", colored(state, format!("{:>COLUMN$}", count(number)), style))?,
        }
    }
    writeln!(out)
}

/// An item of the list: `read: 10 passed, 3 untested`, over several lines where the terminal is narrower than that.
fn item(out: &mut String, name: &str, standing: &Standing, style: Style) -> Result {
    let width = style.width().unwrap_or(usize::MAX);
    write!(out, "  {name}:")?;
    let mut at = name.chars().count() + 3;
    let there = State::ALL.into_iter().filter(|state| standing.of(*state) > 0);
    for (index, state) in there.enumerate() {
        let text = format!("{} {}", count(standing.of(state)), state.name());
        if index > 0 {
            out.push(',');
            at += 1;
        }
        // A comma may follow.
        if at + 1 + text.len() + 1 > width {
            write!(out, "\n   ")?;
            at = 3;
        }
        at += 1 + text.len();
        write!(out, " {}", colored(state, text, style))?;
    }
    writeln!(out)
}

/// A number in the colour of its state, where that is something to look at.
fn colored(state: State, text: String, style: Style) -> String {
    match state {
        State::Failed | State::NotJudged | State::Warned => {
            style.paint(Role::Verdict(state.verdict()), text).to_string()
        }
        _ => text,
    }
}
