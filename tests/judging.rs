//! Verdicts that real servers once got wrongly: labels of Turtle and HTML, successes that an expectation lets pass with a note, and
//! what an index that lags behind does not show.

use std::sync::LazyLock;
use std::time::Duration;

use fhir_assay::check::{Context, Reading, Turn, always, turn};
use fhir_assay::exchange::Exchange;
use fhir_assay::fhir::FhirVersion;
use fhir_assay::fhir::profile::Profiles;
use fhir_assay::plan::{Plan, Selection};
use fhir_assay::requirement::Catalogue;
use fhir_assay::run::{RunOptions, Runner};
use fhir_assay::server::{Mutant, Options, Variant, router};
use fhir_assay::suite::{Case, Suites, Variables};
use fhir_assay::transport::{InProcess, Target};
use fhir_assay::verdict::Verdict;
use serde_json::json;
use url::Url;

const SUITE: &str = "
suite: http.probe
title: Steps to judge
fhir: [R4]
cases:
  - id: reads
    title: Reads and a create
    steps:
      - read: Patient/1
        expect:
          - { requirement: read.returns-current, status: 200 }
      - create: Patient
        body: { json: { resourceType: Patient } }
        expect:
          - requirement: create.invalid-400
            status: { pass: [400, 422], note: [2xx], because: how much a server validates is its own choice }
      - create: Patient
        body: { json: { resourceType: Patient } }
        expect:
          - requirement: create.invalid-400
            status: { pass: [400, 422], warn: [2xx], because: it would be wrong }
";

fn suites() -> Suites {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("probe.yaml");
    std::fs::write(&file, SUITE).unwrap();
    Suites::load([&file]).unwrap_or_else(|problems| panic!("{problems:?}"))
}

static NO_PROFILES: LazyLock<Profiles> = LazyLock::new(Profiles::default);

fn context<'a>(case: &'a Case, variables: &'a Variables) -> Context<'a> {
    Context {
        release: FhirVersion::R4,
        catalogue: Catalogue::embedded(),
        case,
        variables,
        base: "http://fhir.example",
        profiles: &NO_PROFILES,
        deviations: &[],
    }
}

/// What the first step's audit finds broken: rule, message, expected.
fn broken(url: &str, accept: &str, label: &str, body: &str) -> Vec<(String, String, String)> {
    let suites = suites();
    let (_, case) = suites.cases().next().unwrap();
    let exchange: Exchange = serde_json::from_value(json!({
        "request": { "method": "GET", "url": url, "headers": [["Accept", accept]] },
        "response": {
            "status": 200, "version": "HTTP/1.1", "headers": [["Content-Type", label]], "body": { "text": body },
        },
        "timing": { "started_us": 0, "first_byte_us": 0, "total_us": 0 },
    }))
    .unwrap();
    let variables = Variables::default();
    let cx = context(case, &variables);
    let reading = Reading::new(&exchange, FhirVersion::R4);
    always::audit(&case.steps[0], 0, &reading, &cx)
        .broken
        .into_iter()
        .map(|finding| {
            let mismatch = finding.mismatch.unwrap();
            let id = finding.rule.id.to_string();
            (id, mismatch.message.clone(), mismatch.expected.unwrap_or_default())
        })
        .collect()
}

const PATIENT: &str = "http://fhir.example/Patient/1";

#[test]
fn a_wrong_label_of_turtle_is_left_to_the_rule_on_turtle() {
    let turtle = "PREFIX fhir: <http://hl7.org/fhir/>\n<Patient/1> a fhir:Patient .";
    assert_eq!(
        broken(PATIENT, "application/fhir+turtle", "application/x-turtle", turtle),
        []
    );
    let by_parameter = format!("{PATIENT}?_format=application/fhir%2Bturtle");
    assert_eq!(
        broken(&by_parameter, "application/fhir+json", "application/x-turtle", turtle),
        []
    );
}

#[test]
fn turtle_that_was_not_asked_for_is_told() {
    let turtle = "PREFIX fhir: <http://hl7.org/fhir/>";
    let found = broken(PATIENT, "application/fhir+json", "text/turtle", turtle);
    let [(rule, message, expected)] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(rule, "content-negotiation.mime-types-server");
    assert_eq!(message, "Content-Type is `text/turtle`");
    assert_eq!(expected, "application/fhir+json");
}

#[test]
fn a_piece_of_html_is_called_html() {
    let narrative = r#"<div xmlns="http://www.w3.org/1999/xhtml">Ada</div>"#;
    let found = broken(PATIENT, "application/fhir+json", "text/html;charset=utf-8", narrative);
    let expected = (
        "content-negotiation.mime-types-server".to_owned(),
        "Content-Type is `text/html;charset=utf-8`, and the body is HTML".to_owned(),
        "application/fhir+json".to_owned(),
    );
    assert_eq!(found, [expected]);
}

#[test]
fn xml_without_its_label_is_asked_for_that_of_xml() {
    let xml = r#"<Patient xmlns="http://hl7.org/fhir"><id value="1"/></Patient>"#;
    let found = broken(PATIENT, "application/fhir+xml", "application/octet-stream", xml);
    assert_eq!(found[0].2, "application/fhir+xml");
}

#[test]
fn a_success_that_passes_with_a_note_stops_nothing() {
    let suites = suites();
    let (_, case) = suites.cases().next().unwrap();
    let variables = Variables::default();
    let cx = context(case, &variables);
    assert_eq!(turn(&case.steps[1], 201, &cx), Turn::AsExpected);
    assert_eq!(turn(&case.steps[1], 400, &cx), Turn::AsExpected);
    assert_eq!(turn(&case.steps[2], 201, &cx), Turn::Accepted, "a warning is no pass");
}

/// What a search does not find yet is not said to have been undone.
#[test]
fn an_index_that_lags_behind_hides_no_half_transaction() {
    let options = Options {
        mutants: vec![Mutant::named("transaction.all-or-nothing").unwrap()],
        variants: vec![Variant::named("lagging-index").unwrap()],
        ..Options::default()
    };
    let base = Url::parse(&format!("http://localhost{}", options.base_path())).unwrap();
    let server = InProcess::new(router(options), &base, None);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let result = runtime.block_on(async {
        let (target, _) = Target::probe(&server, &base, None).await.unwrap();
        let suites = Suites::embedded().unwrap_or_else(|_| panic!("the suites are right"));
        let catalogue = Catalogue::embedded();
        let rule = Selection::all().requirements(&["transaction.all-or-nothing".to_owned()]);
        let plan = Plan::build(
            suites.as_slice(),
            catalogue,
            target.release,
            Some(&target.capability),
            &rule.unwrap(),
        );
        let options = RunOptions {
            patience: Some(Duration::from_millis(700)),
            ..RunOptions::default()
        };
        Runner::new(&server, &target, catalogue, options)
            .run(plan, |_| {})
            .await
    });
    let judged: Vec<_> = result.cases().filter(|case| case.is_reached()).collect();
    assert!(judged.len() >= 3, "{judged:?}");
    for case in judged {
        assert_eq!(case.verdict, Verdict::Fail, "{}", case.id);
    }
}
