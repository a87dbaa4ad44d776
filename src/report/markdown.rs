//! Markdown for the summary of a CI job: the verdict and the tables first, then each failure behind a fold.
//! GitHub takes a summary of at most 1 MB, so failures beyond that are counted and not told.

use std::fmt::Write as _;
use std::io;

use super::failure;
use super::known;
use super::overview::{Group, LEVELS, Overview, Standing, State, VERDICTS, reason_name};
use super::problem::Problem;
use super::rules::Rules;
use super::text::{LINE, count, counted, duration, line};
use crate::verdict::{Outcome, RunResult, Verdict};

/// How many bytes of failures are told; the rest of the report is bounded well below what is left of the megabyte.
pub(super) const FAILURES: usize = 700 * 1024;
/// How many rows a table of findings has.
pub(super) const ROWS: usize = 200;
/// How many sentences a list has.
const SENTENCES: usize = 40;

/// Writes the report.
pub(super) fn write(result: &RunResult, out: &mut dyn io::Write) -> io::Result<()> {
    let overview = Overview::of(result);
    let mut head = String::new();
    // Writing to a `String` never fails.
    let _ = write_head(&mut head, &overview);
    out.write_all(head.as_bytes())?;
    write_failures(result, out)?;
    let mut rest = String::new();
    let _ = write_rest(&mut rest, &overview);
    out.write_all(rest.as_bytes())
}

fn write_head(out: &mut String, overview: &Overview<'_>) -> std::fmt::Result {
    writeln!(out, "# {} {}\n", sign(overview.color()), escape(&overview.sentence()))?;
    writeln!(out, "{}\n", escape(&overview.target()))?;
    writeln!(
        out,
        "{} in {}\n",
        counted(overview.tally.total(), "case", "cases"),
        duration(overview.result.duration_us)
    )?;
    writeln!(out, "| {} |", VERDICTS.map(|(_, word)| word).join(" | "))?;
    writeln!(out, "|{}", "--:|".repeat(VERDICTS.len()))?;
    for (verdict, _) in VERDICTS {
        write!(out, "| {} ", count(overview.tally.of(verdict)))?;
    }
    writeln!(out, "|\n")?;
    if overview.result.requirements.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Requirements\n")?;
    write_table_head(out, "level")?;
    for (level, standing) in LEVELS.into_iter().zip(&overview.levels) {
        write_row(out, level.name(), standing)?;
    }
    writeln!(out, "\n<details><summary>By section</summary>\n")?;
    write_table_head(out, "section")?;
    for (name, levels) in &overview.sections {
        write_row(out, &escape(&line(name, 80)), &Standing::sum(levels))?;
    }
    writeln!(out, "\n</details>\n")
}

/// A verdict at a glance.
pub(super) const fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅",
        Verdict::Warning => "⚠️",
        Verdict::Fail => "❌",
        Verdict::Error => "🟣",
        Verdict::Skip | Verdict::Inapplicable => "⚪",
    }
}

fn write_table_head(out: &mut String, first: &str) -> std::fmt::Result {
    write!(out, "| {first} ")?;
    for state in State::ALL {
        write!(out, "| {} ", state.name())?;
    }
    writeln!(out, "|\n|---{}|", "|--:".repeat(State::ALL.len()))
}

fn write_row(out: &mut String, name: &str, standing: &Standing) -> std::fmt::Result {
    write!(out, "| {name} ")?;
    for state in State::ALL {
        match standing.of(state) {
            0 => write!(out, "| · ")?,
            number => write!(out, "| {} ", count(number))?,
        }
    }
    writeln!(out, "|")
}

fn write_failures(result: &RunResult, out: &mut dyn io::Write) -> io::Result<()> {
    let rules = Rules::of_result(result);
    let mut left = FAILURES;
    let (mut told, mut untold) = (0_u64, 0_u64);
    // What is known stands in a table of its own.
    let new = result.cases().filter(|case| !case.is_known());
    for problem in new.flat_map(Problem::of_case) {
        if !matches!(problem.outcome, Outcome::Fail | Outcome::Unjudged) {
            continue;
        }
        let text = fold(&problem, &rules);
        if untold > 0 || text.len() > left {
            untold += 1;
            continue;
        }
        if told == 0 {
            out.write_all(b"## Failures\n\n")?;
        }
        told += 1;
        left -= text.len();
        out.write_all(text.as_bytes())?;
    }
    if untold > 0 {
        let number = counted(untold, "more is", "more are");
        writeln!(
            out,
            "{number} not told here, since a summary has at most 1 MB. The HTML report tells all.\n"
        )?;
    }
    Ok(())
}

/// One failure behind a fold.
fn fold(problem: &Problem<'_>, rules: &Rules<'_>) -> String {
    let text = failure::text(problem, rules);
    let place = problem.place().map(|place| format!(", {place}")).unwrap_or_default();
    let rule = problem
        .rule
        .map(|rule| format!(" <code>{}</code>", escape(&line(rule.id.as_str(), 120))))
        .unwrap_or_default();
    let fence = fence(&text);
    format!(
        "<details><summary>{} <code>{}</code>{place}:{rule} {}</summary>\n\n{fence}text\n{text}{fence}\n\n</details>\n\n",
        failure::label(problem.outcome),
        escape(&line(problem.case.id.as_str(), 200)),
        escape(&line(problem.message, LINE)),
    )
}

fn write_rest(out: &mut String, overview: &Overview<'_>) -> std::fmt::Result {
    let result = overview.result;
    write_known(out, overview)?;
    write_groups(out, "Warnings", overview.groups_of(Outcome::Warning))?;
    write_groups(out, "Notes", overview.groups_of(Outcome::Note))?;
    if !overview.left_out.is_empty() {
        writeln!(out, "## Left out\n")?;
        for ((verdict, kind), cases) in &overview.left_out {
            let number = counted(cases.len() as u64, "case", "cases");
            writeln!(out, "- {number} ({verdict}): {}", reason_name(*kind))?;
        }
        writeln!(out)?;
    }
    let deviations = result.deviations();
    if !deviations.is_empty() {
        writeln!(out, "## Documented deviations from the specification\n")?;
        let sentences = deviations
            .iter()
            .map(|deviation| escape(&line(&deviation.sentence(), LINE)));
        write_list(out, sentences, deviations.len())?;
    }
    if !result.not_checked.is_empty() {
        writeln!(out, "## Not checked\n")?;
        let sentences = result.not_checked.iter().map(|sentence| escape(&line(sentence, LINE)));
        write_list(out, sentences, result.not_checked.len())?;
    }
    if let Some(cleanup) = overview.cleanup() {
        writeln!(out, "## Clean-up\n\n{}\n", escape(&cleanup))?;
        let left = &result.cleanup.left;
        let lines = left
            .iter()
            .map(|left| escape(&format!("{}: {}", line(&left.url, 200), line(&left.reason, 200))));
        write_list(out, lines, left.len())?;
    }
    let tool = &result.tool;
    let words = [&tool.name, &tool.version, &result.started].map(|word| escape(&line(word, 80)));
    writeln!(out, "<sub>{} {}, {}</sub>", words[0], words[1], words[2])
}

fn write_known(out: &mut String, overview: &Overview<'_>) -> std::fmt::Result {
    if !overview.known.is_empty() {
        writeln!(
            out,
            "## Known failures\n\n| case | verdict | why it is known |\n|---|---|---|"
        )?;
        for case in overview.known.iter().take(ROWS) {
            let words: Vec<String> = case.known.iter().map(known::words).collect();
            let name = escape(&line(case.id.as_str(), 200));
            writeln!(out, "| {name} | {} | {} |", case.verdict, escape(&words.join("; ")))?;
        }
        match overview.known.len().saturating_sub(ROWS) as u64 {
            0 => writeln!(out)?,
            more => writeln!(out, "\nand {} more\n", count(more))?,
        }
    }
    let stale = overview
        .result
        .baseline
        .as_ref()
        .map_or(&[][..], |baseline| &baseline.stale);
    if !stale.is_empty() {
        writeln!(out, "## Out of date in the list of known failures\n")?;
        let file = overview.result.baseline.as_ref().map_or("", |baseline| &baseline.file);
        let lines = stale.iter().map(|entry| escape(&known::stale(file, entry)));
        write_list(out, lines, stale.len())?;
    }
    Ok(())
}

fn write_list(out: &mut String, lines: impl Iterator<Item = String>, all: usize) -> std::fmt::Result {
    for line in lines.take(SENTENCES) {
        writeln!(out, "- {line}")?;
    }
    if all > SENTENCES {
        writeln!(out, "- and {} more", count((all - SENTENCES) as u64))?;
    }
    if all > 0 { writeln!(out) } else { Ok(()) }
}

fn write_groups<'a, 'r: 'a>(
    out: &mut String,
    heading: &str,
    groups: impl Iterator<Item = &'a Group<'r>>,
) -> std::fmt::Result {
    let mut written = 0;
    for group in groups {
        written += 1;
        if written == 1 {
            writeln!(
                out,
                "## {heading}\n\n| requirement | level | cases | found |\n|---|---|--:|---|"
            )?;
        }
        if written > ROWS {
            continue;
        }
        let (id, level) = group
            .rule
            .map_or(("", ""), |rule| (rule.id.as_str(), rule.level.name()));
        let message = escape(&line(group.first.message, 200));
        let cases = count(group.cases.len() as u64);
        writeln!(out, "| {} | {level} | {cases} | {message} |", escape(&line(id, 120)))?;
    }
    if written > ROWS {
        writeln!(out, "\nand {} more", count((written - ROWS) as u64))?;
    }
    if written > 0 { writeln!(out) } else { Ok(()) }
}

/// Text that is neither Markdown nor HTML, for the middle of a line.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            // A name after an at sign would be called.
            '@' => escaped.push_str("@\u{2060}"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// A fence that nothing in the text can close.
pub(super) fn fence(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat(3.max(longest + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(escape("<b>*x*|[a](b)"), r"&lt;b&gt;\*x\*\|\[a\](b)");
        assert_eq!(escape("@all"), "@\u{2060}all");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fence("a ``` b ````` c"), "``````");
        assert_eq!(fence("a"), "```");
    }
}
