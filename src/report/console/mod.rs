//! The console: failures as they happen, then a summary that fits a screen.

mod known;
pub mod lines;
mod live;
mod summary;
mod table;

use std::io;

use super::failure;
use super::problem::Problem;
use super::rules::Rules;
use super::style::{Role, Style};
use super::text::{clean, duration, line};
use crate::verdict::{CaseResult, Outcome, RunResult};

pub use live::{Console, Progress, Telling};
pub use summary::summary;

/// A text that came from a server, so that it cannot move a cursor.
#[must_use]
pub fn cleaned(text: &str) -> String {
    super::text::clean(text).into_owned()
}

/// Everything that the console says of a finished run, without colours.
pub(super) fn write(result: &RunResult, out: &mut dyn io::Write) -> io::Result<()> {
    let rules = Rules::of_result(result);
    let mut told = live::Told::default();
    for case in result.cases() {
        out.write_all(failures(case, false, &rules, Style::plain(), &mut told).as_bytes())?;
    }
    out.write_all(summary(result, Style::plain(), &[]).as_bytes())
}

/// What is wrong in a finished run, in the words of every report: what failed, what could not be judged and, where
/// `warnings` is true, what should be otherwise. Empty where nothing is.
#[must_use]
pub fn wrongs(result: &RunResult, warnings: bool) -> String {
    let rules = Rules::of_result(result);
    let mut text = String::new();
    for problem in result.cases().flat_map(Problem::of_case) {
        if matches!(problem.outcome, Outcome::Fail | Outcome::Unjudged)
            || (warnings && problem.outcome == Outcome::Warning)
        {
            // Writing to a `String` never fails.
            let _ = failure::write(&mut text, &problem, &rules, Style::plain());
            text.push('\n');
        }
    }
    text
}

/// One line for a case.
fn headline(case: &CaseResult, style: Style) -> String {
    let label = format!("{:5}", case.verdict.label());
    let mut text = format!(
        "{} {}",
        style.paint(Role::Verdict(case.verdict), label),
        clean(case.id.as_str())
    );
    if case.duration_us > 0 {
        text += &format!("  {}", style.paint(Role::Quiet, duration(case.duration_us)));
    }
    if let Some(reason) = &case.reason {
        text += &format!("  {}", style.paint(Role::Quiet, line(&reason.text, 160)));
    }
    text + "\n"
}

/// What went wrong in a case: failures, and what could not be judged. Warnings wait for the summary where they are not
/// wanted at once.
fn failures(case: &CaseResult, warnings: bool, rules: &Rules<'_>, style: Style, told: &mut live::Told) -> String {
    let mut text = String::new();
    if case.is_known() {
        // Nobody has to look at it: it takes a line.
        known::write_case(&mut text, case, style);
        return text;
    }
    for problem in Problem::of_case(case) {
        let is_wanted = matches!(problem.outcome, Outcome::Fail | Outcome::Unjudged)
            || (warnings && problem.outcome == Outcome::Warning);
        if !is_wanted {
            continue;
        }
        // Writing to a `String` never fails.
        if told.enough_of(&problem) {
            let _ = failure::write_headline(&mut text, &problem, style);
            text.push_str("   = the same as above: ");
            text.push_str(&line(problem.message, 160));
            text.push_str("\n\n");
        } else {
            let _ = failure::write(&mut text, &problem, rules, style);
            text.push('\n');
        }
    }
    text
}
