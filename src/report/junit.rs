//! JUnit XML, as Jenkins, GitLab and the reporters of GitHub read it: one suite file is a `testsuite`, one case a
//! `testcase`. A failed case is a `failure`, one that could not be judged an `error`, one that was left out is
//! `skipped` with its reason, and so is one that is known to fail, with what failed in its `system-out`. A warning does not fail a case; it stands in its `system-out`.

use std::io;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::failure;
use super::known;
use super::overview::{reason_name, time_of_cases};
use super::problem::Problem;
use super::rules::Rules;
use super::text::{clean, count, line};
use super::watched::Watched;
use crate::verdict::{CaseResult, Outcome, RunResult, SuiteResult, Verdict};

/// Writes the report.
pub(super) fn write(result: &RunResult, out: &mut dyn io::Write) -> io::Result<()> {
    let rules = Rules::of_result(result);
    let mut report = Report::new(clean(&format!("{} {}", result.tool.name, result.target.base)));
    report.set_time(Duration::from_micros(result.duration_us));
    for suite in &result.suites {
        report.add_test_suite(test_suite(result, suite, &rules));
    }
    let mut out = Watched::new(out);
    let written = report.serialize(&mut out);
    out.unwrap_error(written)
}

fn test_suite(result: &RunResult, suite: &SuiteResult, rules: &Rules<'_>) -> TestSuite {
    let mut written = TestSuite::new(clean(suite.id.as_str()));
    written.set_time(Duration::from_micros(time_of_cases(suite)));
    // Readers differ on fractions and offsets, so the instant is written to the second.
    if let Some(timestamp) = result.started.get(..19) {
        written.extra.insert("timestamp".into(), clean(timestamp).into());
    }
    written.extra.insert("file".into(), clean(&suite.file).into());
    let target = &result.target;
    written.add_property(Property::new("base", clean(&target.base)));
    written.add_property(Property::new("fhir", target.release.name()));
    if let Some(software) = &target.software {
        written.add_property(Property::new("software", clean(software)));
    }
    for deviation in result.deviations() {
        written.add_property(Property::new("deviation", clean(&deviation.sentence())));
    }
    written.add_test_cases(suite.cases.iter().map(|case| test_case(suite, case, rules)));
    written
}

fn test_case(suite: &SuiteResult, case: &CaseResult, rules: &Rules<'_>) -> TestCase {
    let problems = Problem::of_case(case);
    let (broken, remarks): (Vec<_>, Vec<_>) = problems
        .iter()
        .partition(|problem| matches!(problem.outcome, Outcome::Fail | Outcome::Unjudged));
    let mut written = TestCase::new(clean(case.id.short()), status(case, &broken, rules));
    written.set_classname(clean(suite.id.as_str()));
    written.set_time(Duration::from_micros(case.duration_us));
    written.set_assertions(case.steps.iter().map(|step| step.findings.len()).sum());
    written.extra.insert("file".into(), clean(&case.site.file).into());
    written.extra.insert("line".into(), case.site.line.to_string().into());
    for id in case.requirements.iter() {
        written.add_property(Property::new("requirement", clean(id.as_str())));
    }
    let told: Vec<&Problem<'_>> = if case.is_known() {
        problems.iter().collect()
    } else {
        remarks
    };
    if !told.is_empty() {
        written.set_system_out(texts(&told, rules));
    }
    written
}

fn status(case: &CaseResult, broken: &[&Problem<'_>], rules: &Rules<'_>) -> TestCaseStatus {
    let reason = || {
        let reason = case.reason.as_ref();
        reason.map_or(reason_name(None).into(), |reason| line(&reason.text, 400))
    };
    if case.is_known() {
        // CI servers turn red on a failure and not on what was skipped; the type tells it apart.
        let mut status = TestCaseStatus::skipped();
        let words: Vec<String> = case.known.iter().map(known::words).collect();
        status
            .set_message(format!("known to {}: {}", known::verb(case.verdict), words.join("; ")))
            .set_type("known");
        return status;
    }
    let kind = match case.verdict {
        Verdict::Pass | Verdict::Warning => return TestCaseStatus::success(),
        Verdict::Skip | Verdict::Inapplicable => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason()).set_type(case.verdict.name());
            return status;
        }
        Verdict::Fail => NonSuccessKind::Failure,
        Verdict::Error => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    let first = broken.iter().find(|problem| problem.outcome.verdict() == case.verdict);
    let message = first.map_or_else(|| reason().into_owned(), |problem| headline(problem, broken.len()));
    let rule = first.and_then(|problem| problem.rule);
    status.set_message(message);
    status.set_type(rule.map_or_else(
        || case.verdict.name().into(),
        |rule| clean(rule.id.as_str()).into_owned(),
    ));
    status.set_description(texts(broken, rules));
    status
}

/// The first problem in a line, and how many more there are.
fn headline(problem: &Problem<'_>, all: usize) -> String {
    let place = problem.place().map(|place| place + ": ").unwrap_or_default();
    let message = line(problem.message, 400);
    match all {
        0 | 1 => format!("{place}{message}"),
        _ => format!("{place}{message} (and {} more)", count(all as u64 - 1)),
    }
}

fn texts(problems: &[&Problem<'_>], rules: &Rules<'_>) -> String {
    let texts: Vec<String> = problems.iter().map(|problem| failure::text(problem, rules)).collect();
    texts.join("\n")
}
