use crate::fhir::FhirVersion;
use serde_json::json;

use super::*;
use crate::check::testing::{FHIR, World, exchange, json_body, like, path, spanned, template};
use crate::exchange::{self, Exchange};
use crate::suite::assertion::Regex;
use crate::suite::{BodySource, Template};

const ADA: &str = r#"{"resourceType":"Patient","id":"1","meta":{"versionId":"3"},"active":true,"name":[{"family":"King","given":["Ada","Augusta"]}]}"#;

fn ada() -> Exchange {
    exchange("GET", "Patient/1", 200, &[FHIR], ADA)
}

fn answered(body: &str) -> Exchange {
    exchange("GET", "Patient/1", 200, &[FHIR], body)
}

fn judged(matcher: &BodyMatcher, exchange: &Exchange) -> String {
    let mut world = World::new();
    world
        .variables
        .set("patient", json!({ "resourceType": "Patient", "active": true }));
    match judge(matcher, &Reading::new(exchange, FhirVersion::R4), &world.context()) {
        Judged::Holds => "holds".to_owned(),
        Judged::LeftOut => "left out".to_owned(),
        Judged::Unjudged(told) => format!("unjudged: {}", told.message),
        Judged::Broken(told) => {
            let (part, expected, actual) = (&told.part, &told.expected, &told.actual);
            let mut line = format!("{} at {part:?}, expected {expected:?}, found {actual:?}", told.message);
            for detail in &told.details {
                line += &format!("\n    {detail}");
            }
            if let Some(mend) = told.mend {
                line += &format!("\n    mend: {}", mend.text);
            }
            line
        }
        Judged::Tolerated(..) => unreachable!("no body is tolerated"),
    }
}

/// The judgements of a matcher of several bodies, one a line.
fn lines(table: &[(&str, BodyMatcher, Exchange)]) -> String {
    let lines: Vec<String> = table
        .iter()
        .map(|(what, matcher, exchange)| format!("{what}: {}", judged(matcher, exchange)))
        .collect();
    lines.join("\n")
}

fn from(source: BodySource) -> Body {
    Body {
        source,
        ..json_body(json!({}))
    }
}

fn text(text: &str) -> Template {
    template(text)
}

fn cut_body() -> Exchange {
    let mut exchange = ada();
    exchange.response.body = exchange.response.body.cut_to(10);
    exchange
}

#[test]
fn bodies_are_empty_or_not() {
    insta::assert_snapshot!(lines(&[
        ("empty, as asked", BodyMatcher::Empty(true), answered("")),
        ("not empty, as asked", BodyMatcher::Empty(false), answered("x")),
        ("empty", BodyMatcher::Empty(false), answered("")),
        ("not empty", BodyMatcher::Empty(true), answered("nothing here")),
        ("cut, and so not empty", BodyMatcher::Empty(false), cut_body()),
    ]));
}

#[test]
fn bodies_are_like_what_is_expected() {
    let captured = |name: &str| BodyMatcher::Like(Box::new(from(BodySource::Captured(spanned(name.to_owned())))));
    let fixture = |name: &str| BodyMatcher::Like(Box::new(from(BodySource::Fixture(spanned(name.to_owned())))));
    insta::assert_snapshot!(lines(&[
        (
            "a part",
            like(json!({ "id": "${id}", "name": [{ "given": ["Augusta"] }] })),
            ada()
        ),
        ("a captured one", captured("patient"), ada()),
        ("another value", like(json!({ "active": false })), ada()),
        ("no body", like(json!({ "active": true })), answered("")),
        (
            "a page",
            like(json!({ "active": true })),
            answered("<!doctype html><html>")
        ),
        (
            "broken off",
            like(json!({ "active": true })),
            answered("{\"active\":true")
        ),
        ("cut", like(json!({ "active": true })), cut_body()),
        ("an empty capture", like(json!({ "id": "${none}" })), ada()),
        ("no capture", like(json!({ "id": "${never}" })), ada()),
        ("a captured text", captured("id"), ada()),
        ("no fixture", fixture("nobody"), ada()),
        (
            "a text",
            BodyMatcher::Like(Box::new(from(BodySource::Text(spanned(text("a${id}")))))),
            answered("a1")
        ),
        (
            "another text",
            BodyMatcher::Like(Box::new(from(BodySource::Text(spanned(text("a${id}")))))),
            answered("a2")
        ),
    ]));
}

#[test]
fn bodies_are_the_same_but_for_what_is_the_servers() {
    let same = |value| BodyMatcher::SameAs(Box::new(json_body(value)));
    let name = json!([{ "given": ["Ada", "Augusta"], "family": "King" }]);
    insta::assert_snapshot!(lines(&[
        (
            "the same",
            same(json!({ "name": name, "resourceType": "Patient", "active": true, "id": "9", "text": {} })),
            ada()
        ),
        (
            "one more",
            same(json!({ "resourceType": "Patient", "active": true })),
            ada()
        ),
        (
            "one less",
            same(json!({ "resourceType": "Patient", "active": true, "name": name, "gender": "female" })),
            ada()
        ),
        (
            "another order of words",
            same(
                json!({ "resourceType": "Patient", "active": true, "name": [{ "family": "King", "given": ["Augusta", "Ada"] }] })
            ),
            ada()
        ),
        (
            "the server's own deeper down",
            same(json!({ "a": { "id": "1" } })),
            answered("{\"a\":{\"id\":\"2\"}}")
        ),
    ]));
}

#[test]
fn bodies_are_valid() {
    let valid = |name: &str| BodyMatcher::Schema(text(name));
    insta::assert_snapshot!(lines(&[
        ("valid", valid("Patient"), ada()),
        (
            "an unknown element",
            valid("Patient"),
            answered(r#"{"resourceType":"Patient","nmae":[]}"#)
        ),
        ("another type", valid("Group"), ada()),
        (
            "a wrong code",
            valid("Patient"),
            answered(r#"{"resourceType":"Patient","gender":"Female"}"#)
        ),
        ("an unknown type", valid("Nothing"), ada()),
        ("no capture", valid("${never}"), ada()),
        ("no body", valid("Patient"), answered("")),
        ("no object", valid("Patient"), answered("[]")),
    ]));
}

#[test]
fn bodies_are_texts() {
    let matches = |pattern: &str| {
        let compiled = (!pattern.contains("${")).then(|| ::regex::Regex::new(pattern).unwrap());
        BodyMatcher::TextMatches(Box::new(Regex {
            pattern: text(pattern),
            compiled,
        }))
    };
    let mut binary = answered("");
    binary.response.body = exchange::Body::new(vec![0xFF, 0xFE]);
    insta::assert_snapshot!(lines(&[
        ("is", BodyMatcher::TextIs(text("a${id}")), answered("a1")),
        ("is not", BodyMatcher::TextIs(text("a${id}")), answered("a2")),
        ("is nothing", BodyMatcher::TextIs(text("a")), answered("")),
        ("not", BodyMatcher::TextNot(text("a")), answered("b")),
        ("not, but is", BodyMatcher::TextNot(text("a")), answered("a")),
        ("matches", matches("^a.$"), answered("ab")),
        ("matches a variable as it is", matches("^${v1}.$"), answered("3.")),
        ("does not match", matches("^b"), answered("ab")),
        ("an empty capture", matches("${none}"), answered("ab")),
        ("no capture", BodyMatcher::TextIs(text("${never}")), answered("ab")),
        ("no text", BodyMatcher::TextIs(text("a")), binary.clone()),
        ("no text, so not that", BodyMatcher::TextNot(text("a")), binary),
        ("cut", BodyMatcher::TextNot(text("a")), cut_body()),
    ]));
}

#[test]
fn bodies_make_expressions_true() {
    let over = |expression: &str| BodyMatcher::FhirPath(path(expression));
    insta::assert_snapshot!(lines(&[
        ("true", over("name.given.count() = 2"), ada()),
        ("false", over("active.not()"), ada()),
        ("no body", over("active"), answered("")),
        ("a page", over("active"), answered("<html>")),
        (
            "no resource",
            over("OperationOutcome.issue.exists()"),
            answered(r#"{"detail":"Not Found"}"#)
        ),
        ("cut", over("active"), cut_body()),
    ]));
}
