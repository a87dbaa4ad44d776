//! The console as a run goes on.

use std::sync::Arc;

use fhir_assay::fhir::FhirVersion;
use fhir_assay::report::{Console, Progress, Rules, Style, Telling};
use fhir_assay::requirement::Catalogue;
use fhir_assay::verdict::{RunEvent, RunResult};

use crate::sample;

/// What the console writes to its two outputs.
fn shown(result: RunResult, progress: Progress) -> (String, String) {
    shown_as(result, progress, Telling::default())
}

fn shown_as(result: RunResult, progress: Progress, telling: Telling) -> (String, String) {
    let rules = Rules::of_catalogue(Catalogue::embedded(), FhirVersion::R4);
    let mut console = Console::new(Vec::new(), Vec::new(), Style::plain(), progress, rules).telling(telling);
    let cases: Vec<_> = result.suites.iter().flat_map(|suite| suite.cases.clone()).collect();
    let planned = cases.iter().filter(|case| !case.steps.is_empty()).count();
    let started = RunEvent::Started {
        planned,
        left_out: cases.len() - planned,
        base: result.target.base.as_str().into(),
    };
    let notice = RunEvent::Notice("the server asks to wait 2 s (429)\u{1b}[2J".into());
    let mut events = vec![started, notice];
    for case in cases {
        events.push(RunEvent::CaseStarted(case.id.clone()));
        events.push(RunEvent::CaseFinished(case));
    }
    events.push(RunEvent::Finished(Arc::new(result)));
    for event in &events {
        console.handle(event).unwrap();
    }
    let (out, err) = console.into_outputs();
    (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn failures_come_as_they_happen_and_progress_apart_from_them() {
    let mut result = sample::sample();
    result.suites.pop();
    let (out, err) = shown(result, Progress::Lines);
    insta::assert_snapshot!("live_out", out);
    insta::assert_snapshot!("live_err", err);
}

#[test]
fn a_run_that_passes_says_nothing_on_standard_output() {
    let (out, err) = shown(sample::passing(1000), Progress::Lines);
    assert_eq!(out, "");
    // The beginning, the notice, and each tenth.
    assert_eq!(err.lines().count(), 12, "{err}");
    assert!(err.ends_with("1,000 of 1,000 cases, 0 failed, 0 not judged\n"), "{err}");
}

#[test]
fn a_bar_does_not_get_between_the_failures() {
    let (bar, _) = shown(sample::sample(), Progress::Bar);
    let (quiet, err) = shown(sample::sample(), Progress::Quiet);
    assert_eq!(bar, quiet);
    assert_eq!(err, "the server asks to wait 2 s (429)\n");
}

#[test]
fn verbose_and_lines_tell_every_case() {
    let mut result = sample::sample();
    result.suites.pop();
    for (name, telling) in [("live_verbose", Telling::Cases), ("live_lines", Telling::Lines)] {
        let (out, _) = shown_as(result.clone(), Progress::Quiet, telling);
        insta::assert_snapshot!(name, out);
    }
}
