//! Annotations of GitHub: workflow commands, one to a line, which show what was found at the line of the suite. GitHub shows ten
//! errors and ten warnings of a step, so that what breaks one rule is one annotation, and the rest is counted.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use indexmap::IndexMap;

use super::located::{Located, Source};
use crate::report::rules::Rules;
use crate::report::text::{LINE, clean, counted, line, request_line};
use crate::verdict::validation::ValidationReport;
use crate::verdict::{Outcome, RunResult};

/// How many annotations of a kind GitHub shows for a step.
const SHOWN: usize = 10;

/// Writes the annotations of a run.
pub(crate) fn write(result: &RunResult, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(annotations(&Located::of_result(result), &Rules::of_result(result)).as_bytes())
}

/// Writes the annotations on files.
pub(crate) fn write_validation(report: &ValidationReport, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(annotations(&Located::of_validation(report), &Rules::default()).as_bytes())
}

fn annotations(found: &[Located<'_>], rules: &Rules<'_>) -> String {
    let mut text = String::new();
    let mut untold = 0;
    for (kind, outcomes) in [
        ("error", &[Outcome::Fail, Outcome::Unjudged][..]),
        ("warning", &[Outcome::Warning]),
    ] {
        let groups = outcomes.iter().flat_map(|outcome| groups(found, *outcome));
        for (index, group) in groups.enumerate() {
            if index < SHOWN {
                // Writing to a `String` never fails.
                let _ = write_annotation(&mut text, kind, &group, rules);
            } else {
                untold += 1;
            }
        }
    }
    if untold > 0 {
        let more = counted(untold, "more rule is", "more rules are");
        let _ = writeln!(text, "::notice::{more} broken and not shown here; the reports tell all");
    }
    text
}

/// What was found with an outcome, by rule.
fn groups<'l, 'a>(found: &'l [Located<'a>], outcome: Outcome) -> Vec<Vec<&'l Located<'a>>> {
    let mut groups: IndexMap<(&str, &str), Vec<&Located<'_>>> = IndexMap::new();
    // What is known is no news.
    let new = |located: &&Located<'_>| located.outcome == outcome && located.known().is_none();
    for located in found.iter().filter(new) {
        // What has no rule goes by its message.
        let message = if outcome == Outcome::Unjudged {
            located.message
        } else {
            ""
        };
        groups.entry((&located.rule, message)).or_default().push(located);
    }
    groups.into_values().collect()
}

fn write_annotation(out: &mut String, kind: &str, group: &[&Located<'_>], rules: &Rules<'_>) -> std::fmt::Result {
    let first = group[0];
    write!(out, "::{kind} file={},line={}", property(&first.path()), first.line)?;
    if let Some((column, width)) = first.columns {
        let end = column.saturating_add(width);
        write!(out, ",endLine={},col={column},endColumn={end}", first.line)?;
    }
    let level = match &first.source {
        Source::Run(problem) => problem.rule.map_or("", |rule| rule.level.name()),
        Source::Body(_) => "",
    };
    let title = format!("{level} {}", first.rule);
    writeln!(
        out,
        ",title={}::{}",
        property(&line(title.trim(), 200)),
        data(&message(group, rules))
    )
}

/// The message of an annotation: what, by which rule, in which cases, and the request that shows it.
fn message(group: &[&Located<'_>], rules: &Rules<'_>) -> String {
    let first = group[0];
    let mut text = format!("{}: {}", line(&first.subject, 200), line(first.message, LINE));
    if let Some(rule) = rules.get(&first.rule) {
        let _ = write!(text, "\n{}: {}", rules.place(rule), line(rule.statement, LINE));
    }
    if let Some(request) = first.request() {
        let _ = write!(text, "\n{}", request_line(request));
    }
    if group.len() > 1 {
        let more = counted(group.len() as u64 - 1, "more place", "more places");
        let _ = write!(text, "\nand in {more}");
    }
    text
}

/// The text behind the second pair of colons.
fn data(text: &str) -> String {
    clean(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A value before the second pair of colons.
fn property(text: &str) -> Cow<'_, str> {
    data(text).replace(':', "%3A").replace(',', "%2C").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_begins_another_command() {
        assert_eq!(data("100 %\n::error::x\r"), "100 %25%0A::error::x\u{240d}");
        assert_eq!(property("C:/a,b::c"), "C%3A/a%2Cb%3A%3Ac");
    }
}
