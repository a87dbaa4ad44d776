//! Answers that no server should give: nothing panics, nothing hangs, and none of them passes.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::testing::{FHIR, World, exchange, expectation, like, path, raw, status, step, template};
use super::{Reading, always, assume, body, check, turn};
use crate::exchange::{Body, Exchange};
use crate::fhir::{FhirVersion, Interaction};
use crate::suite::{Assume, BodyMatcher, DateBound, HeaderMatcher, PartialResponse, Step};
use crate::verdict::{Finding, Outcome};

fn answered(bytes: impl Into<Vec<u8>>) -> Exchange {
    let mut exchange = exchange("GET", "Patient/1", 200, &[FHIR], "");
    exchange.response.body = Body::new(bytes.into());
    exchange
}

/// Every kind of assertion, in one step.
fn everything(interaction: Interaction) -> Step {
    let headers = ["ETag", "Location", "Last-Modified", "Content-Type", "Allow"];
    let mut response = status(&[200]);
    for name in headers {
        response = response
            .header(name, HeaderMatcher::Present(true))
            .header(name, HeaderMatcher::OneOf(vec![template("x")]))
            .header(name, HeaderMatcher::Not(vec![template("x")]))
            .header(name, HeaderMatcher::Includes(vec![template("GET")]))
            .header(name, HeaderMatcher::MediaType(vec!["application/fhir+json".to_owned()]))
            .header(name, HeaderMatcher::Version(template("3")))
            .header(name, HeaderMatcher::Reference(template("Patient/1")))
            .header(name, HeaderMatcher::HttpDate)
            .header(
                name,
                HeaderMatcher::Date(DateBound::NotBefore, template("2009-02-13T23:31:30Z")),
            );
    }
    let response = bodies(response);
    step(interaction, vec![expectation("read.id-matches-url", response)])
}

fn bodies(response: PartialResponse) -> PartialResponse {
    let patient = json!({ "resourceType": "Patient", "id": "1", "name": [{ "given": ["Ada"] }] });
    response
        .body(like(patient.clone()))
        .body(BodyMatcher::SameAs(Box::new(super::testing::json_body(patient))))
        .body(BodyMatcher::Schema(template("Patient")))
        .body(BodyMatcher::FhirPath(path(
            "id = '1' and %matches.empty() and name.given.count() = 1",
        )))
        .body(BodyMatcher::TextNot(template("x")))
}

/// Judges an exchange by everything there is.
fn judged(step: &Step, exchange: &Exchange) -> (Vec<Finding>, always::Audit) {
    let world = World::new();
    let cx = world.context();
    let reading = Reading::new(exchange, FhirVersion::R4);
    let _ = turn(step, reading.status(), &cx);
    let assumption = Assume {
        response: bodies(PartialResponse::default()),
        because: String::new(),
    };
    let _ = assume(&assumption, &reading, &cx);
    (check(step, 0, &reading, &cx), always::audit(step, 0, &reading, &cx))
}

#[test]
fn bodies_that_attack_are_told_and_do_not_pass() {
    let deep = |open: &str, close: &str, levels: usize| format!("{}{}", open.repeat(levels), close.repeat(levels));
    let text: Vec<(&str, Vec<u8>)> = vec![
        ("deep arrays", deep("[", "]", 100_000).into()),
        ("deep objects", deep("{\"a\":", "}", 100_000).into()),
        ("just too deep", deep("[", "]", 129).into()),
        (
            "keys twice",
            br#"{"resourceType":"Patient","id":"1","id":"1","name":[{"given":["Ada"]}]}"#.to_vec(),
        ),
        (
            "no UTF-8",
            b"{\"resourceType\":\"Patient\",\"id\":\"\xC3\x28\"}".to_vec(),
        ),
        (
            "half of a character",
            b"{\"resourceType\":\"Patient\",\"id\":\"\xE2\x82".to_vec(),
        ),
        (
            "a lone surrogate",
            br#"{"resourceType":"Patient","id":"\udead"}"#.to_vec(),
        ),
        ("zero bytes", vec![0; 4096]),
        ("a control character", b"{\"resourceType\":\"Pat\x01ient\"}".to_vec()),
        (
            "a number of many digits",
            format!("{{\"resourceType\":\"Patient\",\"a\":{}}}", "9".repeat(100_000)).into(),
        ),
        (
            "a number without end",
            br#"{"resourceType":"Patient","a":1e999999999999}"#.to_vec(),
        ),
        ("not a number", br#"{"resourceType":"Patient","a":NaN}"#.to_vec()),
        (
            "the reader's own key",
            br#"{"resourceType":"Patient","a":{"$serde_json::private::Number":"x"}}"#.to_vec(),
        ),
        (
            "two documents",
            br#"{"resourceType":"Patient"}{"resourceType":"Patient"}"#.to_vec(),
        ),
        (
            "a type of another kind",
            br#"{"resourceType":["Patient"],"id":{}}"#.to_vec(),
        ),
        ("an endless page", "<html>".repeat(10_000).into()),
        ("a mark alone", "\u{FEFF}".into()),
    ];
    let step = everything(Interaction::Read);
    let lines: Vec<String> = text
        .into_iter()
        .map(|(what, bytes)| {
            let (findings, audit) = judged(&step, &answered(bytes));
            let first = findings.iter().chain(&audit.broken).find(|finding| {
                let is_of_body = finding
                    .mismatch
                    .as_ref()
                    .is_some_and(|told| matches!(told.part, crate::verdict::Part::Body(_)));
                is_of_body && finding.outcome == Outcome::Fail
            });
            let first = first.unwrap_or_else(|| panic!("{what} passes"));
            for finding in findings.iter().chain(&audit.broken) {
                let size = serde_json::to_string(finding).unwrap().len();
                assert!(size < 20_000, "{what}: a finding of {size} bytes");
            }
            format!("{what}: {}", first.mismatch.as_ref().unwrap().message)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_body_of_just_allowed_depth_is_judged() {
    let value = format!("{}1{}", "[".repeat(120), "]".repeat(120));
    let exchange = answered(format!(r#"{{"resourceType":"Patient","id":"1","a":{value}}}"#));
    let (findings, _) = judged(&everything(Interaction::Read), &exchange);
    assert!(
        findings
            .iter()
            .all(|finding| finding.outcome != Outcome::Unjudged || finding.mismatch.is_some())
    );
    let reading = Reading::new(&exchange, FhirVersion::R4);
    assert!(body::json(&reading, "").is_ok());
}

#[test]
fn a_bundle_of_many_entries_is_audited_quickly() {
    let entry = |number: u32| {
        json!({
            "fullUrl": format!("http://localhost:8080/fhir/Patient/{number}"), "search": { "mode": "match" },
            "resource": { "resourceType": "Patient", "id": number.to_string(), "meta": { "versionId": "1", "lastUpdated": "2009-02-13T23:31:30Z" } },
        })
    };
    let entries: Vec<_> = (0..20_000).map(entry).collect();
    let bundle = json!({ "resourceType": "Bundle", "type": "searchset", "link": [{ "relation": "self", "url": "x" }], "entry": entries });
    let exchange = exchange("GET", "Patient?name=x", 200, &[FHIR], &bundle.to_string());
    let world = World::new();
    let begin = std::time::Instant::now();
    let audit = always::audit(
        &step(Interaction::SearchType, vec![]),
        0,
        &Reading::new(&exchange, FhirVersion::R4),
        &world.context(),
    );
    assert_eq!(audit.broken, []);
    assert!(
        begin.elapsed() < std::time::Duration::from_secs(20),
        "{:?}",
        begin.elapsed()
    );
}

fn steps() -> impl Strategy<Value = Step> {
    prop::sample::select(Interaction::ALL.to_vec()).prop_map(everything)
}

fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "Bundle",
            "Patient",
            "OperationOutcome",
            "searchset",
            "history",
            "error",
            "self",
            "match"
        ])
        .prop_map(Value::from),
    ];
    let names = "resourceType|id|meta|versionId|lastUpdated|entry|resource|link|relation|url|fullUrl|search|mode|response|status|type|issue|severity";
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names, inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_answer_panics(
        step in steps(),
        status in 100..600_u16,
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        headers in prop::collection::vec(("ETag|Location|Last-Modified|Content-Type|Allow", ".{0,40}"), 0..5),
        url in "(Patient|Bundle|Binary|metadata|)[/?a-zA-Z0-9_%=&é.]{0,30}",
    ) {
        let mut exchange = answered(bytes);
        exchange.response.status = status;
        exchange.response.headers = headers.into_iter().collect();
        exchange.request.url = format!("{}/{url}", super::testing::BASE);
        judged(&step, &exchange);
        judged(&raw(vec![]), &exchange);
    }

    #[test]
    fn no_resource_panics(step in steps(), status in prop::sample::select(vec![200, 201, 400, 404, 422]), body in json_values(), sent in json_values()) {
        let mut exchange = exchange("POST", "Patient/1", status, &[FHIR, ("Location", "Patient/1"), ("ETag", "W/\"1\"")], &body.to_string());
        exchange.request.body = Body::new(sent.to_string());
        let (findings, audit) = judged(&step, &exchange);
        for finding in findings.iter().chain(&audit.broken) {
            prop_assert_eq!(finding.outcome == Outcome::Pass, finding.mismatch.is_none());
        }
    }

    #[test]
    fn a_body_is_like_itself(body in json_values()) {
        let exchange = answered(body.to_string());
        let world = World { release: FhirVersion::R5, ..World::new() };
        let reading = Reading::new(&exchange, FhirVersion::R4);
        if let Ok(known) = reading.json() {
            let text = known.to_string();
            prop_assume!(!text.contains("${"));
            for matcher in [like(known.clone()), BodyMatcher::SameAs(Box::new(super::testing::json_body(known.clone())))] {
                let holds = matches!(body::judge(&matcher, &reading, &world.context()), super::judged::Judged::Holds);
                prop_assert!(holds, "{}", text);
            }
        }
    }
}
