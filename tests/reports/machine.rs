//! The formats that other programs read: each is what its published schema or grammar says, for results that nobody would
//! think of too.

use std::collections::HashSet;
use std::path::Path;

use fhir_assay::check::documents::Documents;
use fhir_assay::fhir::FhirVersion;
use fhir_assay::report::Format;
use fhir_assay::verdict::validation::ValidationReport;
use fhir_assay::verdict::{Outcome, RunResult, Verdict};
use proptest::prelude::*;
use serde_json::Value;

use crate::json::results;
use crate::{assert_clean, assert_report, sample, tap};

fn schema(name: &str) -> jsonschema::Validator {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas").join(name);
    let schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

fn assert_json(text: &str, schema: &jsonschema::Validator) -> Value {
    let value: Value = serde_json::from_str(text).unwrap();
    let errors: Vec<_> = schema
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    value
}

/// Files in which something is wrong, and one that is no JSON.
fn validation() -> ValidationReport {
    let mut documents = Documents::new(None);
    let broken =
        "{\n  \"resourceType\": \"Patient\",\n  \"id\": \"<b>\",\n  \"gender\": \"femal\",\n  \"nmae\": [{}]\n}";
    documents.read("a,b:c.json", broken.as_bytes());
    let line = r#"{"resourceType":"Observation","id":"x","status":"final","code":{}}"#;
    documents.read("all.ndjson", [line, line, "{"].join("\n").as_bytes());
    documents.read("empty.json", &b""[..]);
    documents.read("good.json", &br#"{"resourceType":"Basic","code":{"text":"x"}}"#[..]);
    documents.finish()
}

/// The formats for programs that tell of files too.
const OF_FILES: [Format; 6] = [
    Format::Sarif,
    Format::Tap,
    Format::Github,
    Format::Gitlab,
    Format::Badge,
    Format::Shields,
];

fn of_files(format: Format) -> String {
    let mut bytes = Vec::new();
    format.write_validation(&validation(), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn machine_reports() {
    for format in OF_FILES.into_iter().chain([Format::TestReport]) {
        assert_report("empty", format, &sample::empty());
        assert_clean(&format.render(&sample::sample()));
        // The rules and bodies of the sample would only repeat themselves.
        let mut result = sample::sample();
        result.requirements.retain(|requirement| !requirement.cases.is_empty());
        assert_report("sample", format, &result);
    }
}

#[test]
fn machine_reports_on_files() {
    for format in OF_FILES {
        insta::assert_snapshot!(format!("files_{format}"), of_files(format));
    }
    let error = Format::TestReport
        .write_validation(&validation(), &mut Vec::new())
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
}

#[test]
fn sarif_is_what_its_schema_says() {
    let schema = schema("sarif-2.1.0.json");
    for result in [sample::sample(), sample::empty(), sample::passing(3)] {
        assert_json(&Format::Sarif.render(&result), &schema);
    }
    assert_json(&of_files(Format::Sarif), &schema);
    let mut log = assert_json(&Format::Sarif.render(&sample::sample()), &schema);
    log["runs"][0]["results"][0]["level"] = "bad".into();
    assert!(!schema.is_valid(&log), "the schema refuses something");
}

#[test]
fn sarif_names_rules_lines_and_requests() {
    let log: Value = serde_json::from_str(&Format::Sarif.render(&sample::sample())).unwrap();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let of_rule = |id: &str| results.iter().find(|result| result["ruleId"] == id).unwrap();
    let stale = of_rule("contention.if-match-stale-412");
    let place = &stale["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "suites/http/update.yaml");
    assert_eq!(place["region"]["startLine"], 42);
    assert_eq!((&stale["level"], &stale["kind"]), (&"error".into(), &"fail".into()));
    assert_eq!(stale["webRequest"]["method"], "PUT");
    assert!(
        stale["message"]["text"]
            .as_str()
            .unwrap()
            .contains("PUT /fhir/Patient/17")
    );
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    let rule = &rules[usize::try_from(stale["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert!(
        rule["helpUri"]
            .as_str()
            .unwrap()
            .starts_with("https://hl7.org/fhir/R4/http.html#")
    );
    assert!(rule["help"]["text"].as_str().unwrap().starts_with("SHALL: "));
    let unjudged = of_rule("not-judged");
    assert_eq!(
        (&unjudged["level"], &unjudged["kind"]),
        (&"none".into(), &"open".into())
    );
}

/// Ids and messages that a server makes up differ from run to run; fingerprints do not, and none is given twice.
#[test]
fn fingerprints_stay() {
    let prints = |result: &RunResult| -> Vec<String> {
        let log: Value = serde_json::from_str(&Format::Sarif.render(result)).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        let print = |result: &Value| {
            result["partialFingerprints"]["fhirAssay/v1"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        results.iter().map(print).collect()
    };
    let first = sample::sample();
    let mut second = sample::sample();
    second.target.base = "http://elsewhere/fhir".into();
    second.started = "2027-01-01T00:00:00Z".into();
    for case in second.suites.iter_mut().flat_map(|suite| &mut suite.cases) {
        let case = std::sync::Arc::make_mut(case);
        case.site.line += 3;
        for step in &mut case.steps {
            step.title += " of another id";
            step.findings
                .iter_mut()
                .filter_map(|finding| finding.mismatch.as_mut())
                .for_each(|mismatch| mismatch.message += " 4711");
        }
    }
    assert_eq!(prints(&first), prints(&second));
    let all: HashSet<String> = prints(&first).into_iter().collect();
    assert_eq!(all.len(), prints(&first).len());
    let issues: Value = serde_json::from_str(&Format::Gitlab.render(&first)).unwrap();
    let issues: Vec<_> = issues
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| issue["fingerprint"].as_str().unwrap())
        .collect();
    assert_eq!(issues, prints(&first));
}

#[test]
fn gitlab_and_shields_are_what_their_tables_say() {
    let (gitlab, shields) = (schema("gitlab-code-quality.json"), schema("shields-endpoint.json"));
    for result in [sample::sample(), sample::empty(), sample::passing(3)] {
        assert_json(&Format::Gitlab.render(&result), &gitlab);
        assert_json(&Format::Shields.render(&result), &shields);
    }
    assert_json(&of_files(Format::Gitlab), &gitlab);
    assert_json(&of_files(Format::Shields), &shields);
}

#[test]
fn tap_is_what_its_grammar_says() {
    let result = sample::sample();
    let points = tap::parse(&Format::Tap.render(&result)).unwrap();
    assert_eq!(points.len(), result.cases().count());
    for (point, case) in points.iter().zip(result.cases()) {
        assert!(point.name.starts_with(case.id.as_str()), "{}", point.name);
        assert_eq!(
            !point.ok,
            matches!(case.verdict, Verdict::Fail | Verdict::Error),
            "{}",
            point.name
        );
        let skipped = matches!(case.verdict, Verdict::Skip | Verdict::Inapplicable);
        assert_eq!(point.skip.is_some(), skipped, "{}", point.name);
        assert_eq!(point.points.len(), case.steps.len());
        // A point of a subtest that is not ok makes the point of the case not ok, or is a TODO.
        assert!(point.ok != point.points.iter().any(|step| !step.ok && !step.todo) || skipped || !point.ok);
    }
    let stale = &points
        .iter()
        .find(|point| point.name.contains("life-of-a-patient"))
        .unwrap()
        .points[2];
    assert_eq!(
        stale.diagnosis["findings"][0]["requirement"],
        "contention.if-match-stale-412"
    );
    assert!(
        stale.diagnosis["findings"][0]["text"]
            .as_str()
            .unwrap()
            .contains("= repeat: curl ")
    );
    assert_eq!(tap::parse(&Format::Tap.render(&sample::empty())).unwrap().len(), 0);
    assert_eq!(tap::parse(&of_files(Format::Tap)).unwrap().len(), 4);
}

/// `::error file=...,line=...::message`, as the runner reads it.
fn assert_annotations(text: &str) -> usize {
    for line in text.lines() {
        let command = line.strip_prefix("::").unwrap_or_else(|| panic!("{line}"));
        let (head, _) = command.split_once("::").unwrap_or_else(|| panic!("{line}"));
        let (kind, properties) = head.split_once(' ').unwrap_or((head, ""));
        assert!(["error", "warning", "notice"].contains(&kind), "{line}");
        for property in properties.split(',').filter(|property| !property.is_empty()) {
            let (name, value) = property.split_once('=').unwrap_or_else(|| panic!("{line}"));
            assert!(
                ["file", "line", "endLine", "col", "endColumn", "title"].contains(&name),
                "{line}"
            );
            assert!(!value.contains(':'), "{line}");
            if !["file", "title"].contains(&name) {
                assert!(value.parse::<u32>().is_ok_and(|number| number > 0), "{line}");
            }
        }
    }
    let count = |kind: &str| text.lines().filter(|line| line.starts_with(kind)).count();
    assert!(count("::error") <= 10 && count("::warning") <= 10 && count("::notice") <= 1);
    text.lines().count()
}

#[test]
fn annotations_are_few_and_one_to_a_line() {
    let text = Format::Github.render(&sample::sample());
    assert!(assert_annotations(&text) >= 5, "{text}");
    assert_eq!(Format::Github.render(&sample::empty()), "");
    assert_annotations(&of_files(Format::Github));
    // Twelve rules are broken: ten are shown, two are counted.
    let mut result = sample::sample();
    let suite = result.suites.swap_remove(2);
    let mut case = (*suite.cases[0]).clone();
    let finding = case.steps[0].findings[0].clone();
    case.steps[0].findings = (0..12)
        .map(|number| {
            let mut finding = finding.clone();
            finding.rule.id = fhir_assay::requirement::RequirementId::new(&format!("made.up-{number}"));
            finding
        })
        .collect();
    result.suites.clear();
    result.suites.push(fhir_assay::verdict::SuiteResult {
        cases: vec![case.into()],
        ..suite
    });
    let text = Format::Github.render(&result);
    assert_eq!(assert_annotations(&text), 11);
    assert!(text.ends_with("::notice::2 more rules are broken and not shown here; the reports tell all\n"));
}

fn assert_picture(text: &str) {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut elements = 0;
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Start(_) => elements += 1,
            _ => {}
        }
    }
    assert!(elements >= 5, "{text}");
    assert!(!text.contains("script") && !text.contains("href"), "{text}");
}

#[test]
fn a_badge_says_the_verdict() {
    let text = Format::Badge.render(&sample::sample());
    assert_picture(&text);
    assert!(text.contains(">5 SHALLs broken</text>"), "{text}");
    assert_picture(&of_files(Format::Badge));
    let passing = Format::Shields.render(&sample::passing(3));
    assert_eq!(
        passing,
        "{\"schemaVersion\":1,\"label\":\"FHIR R4\",\"message\":\"6 rules hold\",\"color\":\"brightgreen\",\"isError\":false}\n"
    );
    assert!(
        Format::Shields
            .render(&sample::empty())
            .contains("\"nothing tested\",\"color\":\"lightgrey\"")
    );
}

/// Judged by the definitions of the release, as any other body.
fn assert_test_report(text: &str, release: FhirVersion) {
    let mut documents = Documents::new(Some(release));
    documents.read("test-report.json", text.as_bytes());
    let report = documents.finish();
    let findings: Vec<_> = report.files[0]
        .findings
        .iter()
        .filter(|finding| finding.outcome != Outcome::Note)
        .map(|finding| format!("{}: {:?}", finding.resource, finding.mismatch))
        .collect();
    assert!(findings.is_empty(), "{release}: {findings:#?}\n{text}");
    assert_eq!((report.resources(), report.unreadable()), (1, 0), "{release}");
}

#[test]
fn test_reports_are_valid_in_every_release() {
    for release in FhirVersion::HTTP {
        for mut result in [sample::sample(), sample::empty(), sample::passing(3)] {
            result.target.release = release;
            assert_test_report(&Format::TestReport.render(&result), release);
        }
    }
}

#[test]
fn a_test_report_tells_the_verdicts() {
    let mut result = sample::sample();
    result.target.release = FhirVersion::R5;
    let bundle: Value = serde_json::from_str(&Format::TestReport.render(&result)).unwrap();
    let entries = bundle["entry"].as_array().unwrap();
    assert_eq!(entries.len(), result.suites.len());
    for (entry, suite) in entries.iter().zip(&result.suites) {
        let report = &entry["resource"];
        assert_eq!(report["test"].as_array().map_or(0, Vec::len), suite.cases.len());
        let failed = suite.cases.iter().any(|case| case.verdict == Verdict::Fail);
        assert_eq!(report["result"] == "fail", failed, "{}", suite.id.as_str());
    }
    let asserts = entries[1]["resource"]["test"][0]["action"].as_array().unwrap();
    let failed: Vec<&Value> = asserts
        .iter()
        .filter(|action| action["assert"]["result"] == "fail")
        .collect();
    assert_eq!(failed.len(), 2);
    assert_eq!(failed[0]["assert"]["detail"], "SHALL contention.if-match-stale-412");
    let link = failed[0]["assert"]["requirement"][0]["linkUri"].as_str().unwrap();
    assert!(link.starts_with("https://hl7.org/fhir/R4/http.html#"), "{link}");
}

/// What a list of known failures knows is told, and fails nothing.
#[test]
fn what_is_known_is_no_news() {
    let mut result = sample::sample();
    for case in result.suites.iter_mut().flat_map(|suite| &mut suite.cases) {
        if case.verdict >= Verdict::Warning {
            std::sync::Arc::make_mut(case).known = vec![fhir_assay::verdict::Known {
                reason: "it is being mended # SKIP".into(),
                issue: None,
                expires: Some("2026-12-31".into()),
            }];
        }
    }
    assert_eq!(Format::Github.render(&result), "");
    let log = assert_json(&Format::Sarif.render(&result), &schema("sarif-2.1.0.json"));
    for found in log["runs"][0]["results"].as_array().unwrap() {
        let is_suppressed = found["suppressions"][0]["status"] == "accepted";
        assert_eq!(is_suppressed, found["level"] != "note", "{found}");
    }
    let issues = assert_json(&Format::Gitlab.render(&result), &schema("gitlab-code-quality.json"));
    assert!(
        issues
            .as_array()
            .unwrap()
            .iter()
            .all(|issue| issue["severity"] == "info")
    );
    for point in tap::parse(&Format::Tap.render(&result)).unwrap() {
        assert!(point.ok || point.todo, "{}", point.name);
    }
    let text = Format::TestReport.render(&result);
    assert!(
        text.contains("(known: it is being mended # SKIP, until 2026-12-31)"),
        "{text}"
    );
    assert_test_report(&text, FhirVersion::R4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_result_breaks_a_grammar(mut result in results(), r5 in any::<bool>()) {
        let (sarif, gitlab, shields) = (
            schema("sarif-2.1.0.json"),
            schema("gitlab-code-quality.json"),
            schema("shields-endpoint.json"),
        );
        result.target.release = if r5 { FhirVersion::R5 } else { FhirVersion::R4 };
        assert_json(&Format::Sarif.render(&result), &sarif);
        assert_json(&Format::Gitlab.render(&result), &gitlab);
        assert_json(&Format::Shields.render(&result), &shields);
        assert_annotations(&Format::Github.render(&result));
        assert_picture(&Format::Badge.render(&result));
        assert_test_report(&Format::TestReport.render(&result), result.target.release);
        let points = tap::parse(&Format::Tap.render(&result)).unwrap();
        prop_assert_eq!(points.len(), result.cases().count());
    }
}
