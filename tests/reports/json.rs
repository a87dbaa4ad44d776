//! The JSON report goes out, is what its schema says, and comes in again.

use std::path::Path;

use fhir_assay::check::documents::Documents;
use fhir_assay::evidence::manifest;
use fhir_assay::exchange::Body;
use fhir_assay::recording::har;
use fhir_assay::report::console::lines;
use fhir_assay::report::{BODY_LIMIT, Format, ReadError, json, read_json, validation};
use fhir_assay::verdict::{CaseResult, Outcome, Reason, ReasonKind, RunResult, Verdict};
use proptest::prelude::*;

use crate::sample;

/// Writes the schemas anew with `UPDATE_SCHEMAS=1`; otherwise holds the files to the types.
#[test]
fn the_schemas_are_those_of_the_types() {
    for (name, schema) in [
        ("schemas/report.schema.json", json::schema()),
        ("schemas/events.schema.json", lines::schema()),
        ("schemas/validation.schema.json", validation::schema()),
        ("schemas/recording.schema.json", har::schema()),
        ("schemas/evidence.schema.json", manifest::schema()),
    ] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let schema = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(&file, &schema).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            written == schema,
            "{name} is not that of the types: UPDATE_SCHEMAS=1 cargo test --test reports"
        );
    }
}

#[test]
fn what_validate_found_is_what_its_schema_says() {
    let mut documents = Documents::new(None);
    documents.read(
        "a.json",
        &br#"{"resourceType":"Patient","nmae":[],"gender":"femal"}"#[..],
    );
    documents.read("b.json", &b"{"[..]);
    let mut bytes = Vec::new();
    Format::Json.write_validation(&documents.finish(), &mut bytes).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let schema = jsonschema::draft202012::new(&validation::schema()).unwrap();
    let errors: Vec<_> = schema.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn reports_are_what_the_schema_says() {
    let schema = jsonschema::draft202012::new(&json::schema()).unwrap();
    for result in [sample::sample(), sample::empty(), sample::passing(3)] {
        let report: serde_json::Value = serde_json::from_str(&Format::Json.render(&result)).unwrap();
        let errors: Vec<_> = schema.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let mut report: serde_json::Value = serde_json::from_str(&Format::Json.render(&sample::sample())).unwrap();
    report["verdict"] = "fine".into();
    assert!(!schema.is_valid(&report));
}

#[test]
fn a_report_comes_in_as_it_went_out() {
    let mut result = sample::sample();
    cut(&mut result);
    assert_eq!(read_json(&Format::Json.render(&result)).unwrap(), result);
}

#[test]
fn bodies_are_cut_and_keep_their_length() {
    let read = read_json(&Format::Json.render(&sample::sample())).unwrap();
    let bodies = read
        .cases()
        .flat_map(|case| &case.steps)
        .flat_map(|step| &step.exchanges);
    let cut: Vec<_> = bodies
        .filter(|it| matches!(it.response.body, Body::Cut { .. }))
        .collect();
    assert_eq!(cut.len(), 1);
    assert_eq!(
        (cut[0].response.body.bytes().len(), cut[0].response.body.len()),
        (BODY_LIMIT, 80_011)
    );
}

#[test]
fn what_is_no_report_is_refused_in_words() {
    let error = |text: &str| read_json(text).unwrap_err().to_string();
    insta::assert_snapshot!(error("<html>"), @"this is not JSON: expected value at line 1 column 1");
    insta::assert_snapshot!(error("{\"format\": 1"), @"this is not JSON: EOF while parsing an object at line 1 column 12");
    insta::assert_snapshot!(error("[1, 2]"), @"this is not a report of fhir-assay: `format` and `tool` have another form");
    insta::assert_snapshot!(error(r#"{"resourceType":"Patient"}"#), @"this is not a report of fhir-assay: it has no `format` and `tool`");
    let tool = r#""tool":{"name":"fhir-assay","version":"9.0.0"}"#;
    insta::assert_snapshot!(error(&format!("{{\"format\":99,{tool}}}")), @"the report has format 99, written by fhir-assay 9.0.0; this program reads format 1: use a newer fhir-assay");
    insta::assert_snapshot!(error(&format!("{{\"format\":0,{tool}}}")), @"the report has format 0, written by fhir-assay 9.0.0; this program reads format 1: run the tests again");
    insta::assert_snapshot!(error(&format!("{{\"format\":1,{tool}}}")), @"the report is damaged: missing field `target` at line 1 column 59");
    assert!(matches!(
        read_json(&"[".repeat(100_000)),
        Err(ReadError::NotJson(_) | ReadError::NotReport(_))
    ));
}

fn cut(result: &mut RunResult) {
    for case in result.suites.iter_mut().flat_map(|suite| &mut suite.cases) {
        for exchange in std::sync::Arc::make_mut(case)
            .steps
            .iter_mut()
            .flat_map(|step| &mut step.exchanges)
        {
            exchange.response.body = exchange.response.body.cut_to(BODY_LIMIT);
        }
    }
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        any::<String>().prop_map(Body::new),
        any::<Vec<u8>>().prop_map(Body::new),
        (any::<Vec<u8>>(), 0..9_usize).prop_map(|(bytes, most)| Body::new(bytes).cut_to(most)),
        any::<u64>().prop_map(Body::Elsewhere),
    ]
}

/// The sample with one case changed in what a server or a suite can put there.
pub fn results() -> impl Strategy<Value = RunResult> {
    let outcomes = prop::sample::select(vec![
        Outcome::Pass,
        Outcome::Note,
        Outcome::Warning,
        Outcome::Fail,
        Outcome::Unjudged,
    ]);
    let verdicts = prop::sample::select(Verdict::ALL.to_vec());
    let texts = (any::<String>(), any::<String>(), prop::option::of(any::<String>()));
    (body(), body(), texts, outcomes, verdicts, any::<u64>()).prop_map(
        |(sent, got, texts, outcome, verdict, number)| {
            let mut result = sample::run(Vec::new());
            let mut suite = sample::sample().suites.swap_remove(1);
            let mut case: CaseResult = (*suite.cases[0]).clone();
            let step = &mut case.steps[2];
            step.title = texts.0.clone();
            step.note = texts.2.clone().map(String::into_boxed_str);
            step.exchanges[0].request.body = sent;
            step.exchanges[0].response.body = got;
            step.exchanges[0]
                .response
                .headers
                .push(texts.1.clone(), texts.0.clone());
            step.findings[0].outcome = outcome;
            let mismatch = step.findings[0].mismatch.as_mut().unwrap();
            mismatch.message = texts.1.clone();
            mismatch.diff = texts.2;
            mismatch.exchange = u32::try_from(number % 7).unwrap();
            case.verdict = verdict;
            case.reason = Some(Reason {
                kind: ReasonKind::Blocked,
                text: texts.1,
            });
            case.duration_us = number;
            suite.cases[0] = case.into();
            result.verdict = verdict;
            result.stopped = Some(texts.0);
            result.requirements.truncate(3);
            result.suites.push(suite);
            result
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_report_comes_in_as_it_went_out(result in results()) {
        prop_assert_eq!(read_json(&Format::Json.render(&result)).unwrap(), result);
    }

    #[test]
    fn every_format_can_say_any_result(result in results()) {
        for format in [Format::Console, Format::Junit, Format::Markdown, Format::Html] {
            let text = format.render(&result);
            let bad = text.chars().find(|&c| c.is_control() && c != '\n' && c != '\t');
            prop_assert_eq!(bad, None, "{}", format);
        }
    }
}
