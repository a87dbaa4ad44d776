//! JUnit XML: one file is one `testcase`. A file with something invalid is a `failure`, one that could not be read an
//! `error`; warnings stand in its `system-out`.

use std::io;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::{FileReport, ValidationReport, finding_text, untold};
use crate::report::text::{clean, count, line};
use crate::report::watched::Watched;
use crate::verdict::{Outcome, Verdict};

pub(super) fn write(report: &ValidationReport, out: &mut dyn io::Write) -> io::Result<()> {
    let mut written = Report::new(clean(&format!("{} validate", report.tool.name)));
    written.set_time(Duration::from_micros(report.duration_us));
    let mut suite = TestSuite::new("validate");
    suite.set_time(Duration::from_micros(report.duration_us));
    if let Some(timestamp) = report.started.get(..19) {
        suite.extra.insert("timestamp".into(), clean(timestamp).into());
    }
    for sentence in &report.not_checked {
        suite.add_property(Property::new("not-checked", line(sentence, 1200).into_owned()));
    }
    suite.add_test_cases(report.files.iter().map(test_case));
    written.add_test_suite(suite);
    let mut out = Watched::new(out);
    let result = written.serialize(&mut out);
    out.unwrap_error(result)
}

fn test_case(file: &FileReport) -> TestCase {
    let (broken, remarks): (Vec<_>, Vec<_>) = file
        .findings
        .iter()
        .partition(|finding| matches!(finding.outcome, Outcome::Fail | Outcome::Unjudged));
    let kind = match file.verdict {
        Verdict::Fail => Some(NonSuccessKind::Failure),
        Verdict::Error => Some(NonSuccessKind::Error),
        _ => None,
    };
    let status = match kind {
        None if file.verdict == Verdict::Skip => {
            let mut status = TestCaseStatus::skipped();
            status.set_message("no resource was found");
            status
        }
        None => TestCaseStatus::success(),
        Some(kind) => {
            let mut status = TestCaseStatus::non_success(kind);
            let first = broken.iter().find(|finding| finding.outcome.verdict() == file.verdict);
            let message = first.map_or("it is not valid", |finding| &finding.mismatch.message);
            let more = match broken.len() {
                0 | 1 => String::new(),
                number => format!(" (and {} more)", count(number as u64 - 1)),
            };
            status.set_message(format!("{}{more}", line(message, 400)));
            status.set_type(file.verdict.name());
            let mut texts: Vec<String> = broken.iter().map(|finding| finding_text(finding)).collect();
            texts.extend(untold(file));
            status.set_description(texts.join("\n"));
            status
        }
    };
    let mut written = TestCase::new(clean(&file.file), status);
    written.set_classname("validate");
    written.set_assertions(usize::try_from(file.resources).unwrap_or(usize::MAX));
    written.extra.insert("file".into(), clean(&file.file).into());
    if !remarks.is_empty() {
        let texts: Vec<String> = remarks.iter().map(|finding| finding_text(finding)).collect();
        written.set_system_out(texts.join("\n"));
    }
    written
}
