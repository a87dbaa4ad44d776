//! TAP version 14: a case is a test point, its steps are the points of a subtest, and what was found stands in YAML below the point.
//! A warning is `ok`; what was left out is `ok ... # SKIP` with its reason. Clean-up fails no case, so that a
//! broken one is a point that may fail, and so is a case that is known to fail.

use std::fmt::{self, Write};
use std::io;

use super::located::{Located, Source};
use crate::report::problem::{Problem, step_name};
use crate::report::rules::Rules;
use crate::report::text::{LINE, clean, line};
use crate::report::{known, overview};
use crate::verdict::validation::ValidationReport;
use crate::verdict::{CaseResult, Outcome, Reason, RunResult, StepResult, Verdict};

/// The directive of a point that may fail, as TAP 14 spells it: no work that is left to do.
const MAY_FAIL: &str = "TODO";

/// Writes the report of a run.
pub(crate) fn write(result: &RunResult, out: &mut dyn io::Write) -> io::Result<()> {
    let rules = Rules::of_result(result);
    let head = head(result.cases().count(), "no case was selected");
    out.write_all(head.as_bytes())?;
    writeln!(out, "# {}", overview::target(result))?;
    for (index, case) in result.cases().enumerate() {
        let mut text = String::new();
        // Writing to a `String` never fails.
        let _ = write_case(&mut text, index + 1, case, &rules);
        out.write_all(text.as_bytes())?;
    }
    match &result.stopped {
        Some(why) => writeln!(out, "Bail out! {}", line(why, LINE)),
        None => Ok(()),
    }
}

/// Writes the report on files: each is a point.
pub(crate) fn write_validation(report: &ValidationReport, out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = head(report.files.len(), "no file was found");
    let found = Located::of_validation(report);
    let mut found = found.iter();
    for (index, file) in report.files.iter().enumerate() {
        let skip = (file.verdict == Verdict::Skip).then_some(("SKIP", "no resource was found"));
        let _ = write_point(&mut text, "", index + 1, is_ok(file.verdict), &file.file, skip);
        // They come in the order of the files.
        let mine: Vec<&Located<'_>> = found.by_ref().take(file.findings.len()).collect();
        let _ = write_found(&mut text, "", file.verdict, &mine, &Rules::default());
    }
    out.write_all(text.as_bytes())
}

fn head(points: usize, why_none: &str) -> String {
    match points {
        0 => format!("TAP version 14\n1..0 # SKIP {why_none}\n"),
        _ => format!("TAP version 14\n1..{points}\n"),
    }
}

const fn is_ok(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Fail | Verdict::Error)
}

fn write_case(out: &mut String, number: usize, case: &CaseResult, rules: &Rules<'_>) -> fmt::Result {
    let name = format!("{} {}", case.id.as_str(), case.title);
    let found = Located::of_case(case);
    let mut told = vec![false; found.len()];
    if !case.steps.is_empty() {
        writeln!(out, "# Subtest: {}", escape(&line(&name, LINE)))?;
        writeln!(out, "    1..{}", case.steps.len())?;
    }
    for (index, step) in case.steps.iter().enumerate() {
        let is_mine = |located: &Located<'_>| matches!(&located.source, Source::Run(problem) if of_step(problem, step));
        let mine: Vec<&Located<'_>> = found
            .iter()
            .zip(&mut told)
            .filter(|(located, _)| is_mine(located))
            .map(|(located, told)| {
                *told = true;
                located
            })
            .collect();
        let name = format!("{}: {}", step_name(step), step.title);
        let directive = match step.verdict {
            Verdict::Skip | Verdict::Inapplicable => Some(("SKIP", reason(step.reason.as_ref()))),
            Verdict::Fail | Verdict::Error if is_ok(case.verdict) => Some((MAY_FAIL, "it does not decide on the case")),
            _ => None,
        };
        write_point(out, "    ", index + 1, is_ok(step.verdict), &name, directive)?;
        write_found(out, "    ", step.verdict, &mine, rules)?;
    }
    let skip = matches!(case.verdict, Verdict::Skip | Verdict::Inapplicable);
    // A point that may fail fails nothing where it is not ok, which is what a list of known failures is for.
    let known = case.known.iter().map(known::words).collect::<Vec<_>>().join("; ");
    let directive = match () {
        () if skip => Some(("SKIP", reason(case.reason.as_ref()))),
        () if case.is_known() && !is_ok(case.verdict) => Some((MAY_FAIL, &*known)),
        () => None,
    };
    write_point(out, "", number, is_ok(case.verdict), &name, directive)?;
    let rest: Vec<&Located<'_>> = found
        .iter()
        .zip(&told)
        .filter_map(|(located, told)| (!told).then_some(located))
        .collect();
    write_found(out, "", case.verdict, &rest, rules)
}

fn of_step(problem: &Problem<'_>, step: &StepResult) -> bool {
    problem.step.is_some_and(|known| std::ptr::eq(known, step))
}

fn reason(reason: Option<&Reason>) -> &str {
    reason.map_or_else(|| overview::reason_name(None), |reason| &reason.text)
}

/// `not ok 3 - name # SKIP why`
fn write_point(
    out: &mut String,
    indent: &str,
    number: usize,
    ok: bool,
    name: &str,
    directive: Option<(&str, &str)>,
) -> fmt::Result {
    let word = if ok { "ok" } else { "not ok" };
    write!(out, "{indent}{word} {number} - {}", escape(&line(name, LINE)))?;
    if let Some((word, why)) = directive {
        write!(out, " # {word} {}", escape(&line(why, LINE)))?;
    }
    writeln!(out)
}

/// What was found, as YAML below a point.
fn write_found(
    out: &mut String,
    indent: &str,
    verdict: Verdict,
    found: &[&Located<'_>],
    rules: &Rules<'_>,
) -> fmt::Result {
    if found.is_empty() {
        return Ok(());
    }
    writeln!(out, "{indent}  ---\n{indent}  verdict: {verdict}\n{indent}  findings:")?;
    for located in found {
        let scalars = [
            ("requirement", located.rule.as_ref()),
            ("severity", severity(located.outcome)),
            ("message", &line(located.message, LINE)),
            ("file", &line(located.file, LINE)),
        ];
        for (index, (name, value)) in scalars.into_iter().enumerate() {
            let dash = if index == 0 { "-" } else { " " };
            writeln!(out, "{indent}    {dash} {name}: {}", scalar(value))?;
        }
        writeln!(out, "{indent}      line: {}", located.line)?;
        if let Some(rule) = rules.get(&located.rule) {
            writeln!(out, "{indent}      spec: {}", scalar(&rule.url))?;
        }
        // A block keeps the drawing as it is; the number says how far it is indented, since its first line may begin with spaces.
        writeln!(out, "{indent}      text: |2")?;
        for text in located.text(rules).lines() {
            writeln!(out, "{indent}        {}", text.replace('\t', " "))?;
        }
    }
    writeln!(out, "{indent}  ...")
}

fn severity(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Note | Outcome::Pass => "note",
        _ => outcome.verdict().name(),
    }
}

/// A text as YAML between double quotes, which takes what JSON writes.
fn scalar(text: &str) -> String {
    serde_json::to_string(&*clean(text)).unwrap_or_default()
}

/// A name in which nothing begins a directive.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_directive() {
        let mut text = String::new();
        write_point(&mut text, "", 3, false, "a # SKIP b\nok 4 \\", None).unwrap();
        assert_eq!(text, "not ok 3 - a \\# SKIP b⏎ok 4 \\\\\n");
    }
}
