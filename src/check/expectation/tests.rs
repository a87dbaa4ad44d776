use serde_json::json;

use super::*;
use crate::check::testing::{
    FHIR, World, bare, codes, exchange, expectation, like, path, spanned, status, step, template, told,
};
use crate::exchange::Exchange;
use crate::fhir::{FhirVersion, Interaction};
use crate::suite::{HeaderMatcher, StatusMatcher};

/// SHALL, by a keyword.
const SHALL: &str = "read.id-matches-url";
/// SHOULD, by a keyword.
const SHOULD: &str = "return-preference.failure-outcome";
/// SHALL, by our reading.
const READING: &str = "read.returns-current";
/// SHALL, from R5 on.
const YOUNG: &str = "operations.response-batch";

fn read(status: u16) -> Exchange {
    exchange(
        "GET",
        "Patient/1",
        status,
        &[FHIR, ("ETag", "W/\"3\"")],
        r#"{"resourceType":"Patient","id":"1"}"#,
    )
}

fn judged(expectation: Expectation, exchange: &Exchange) -> String {
    World::new().told(&step(Interaction::Read, vec![expectation]), exchange)
}

fn any_of(requirement: &str, any_of: Vec<PartialResponse>) -> Expectation {
    Expectation {
        any_of: any_of.into(),
        ..expectation(requirement, PartialResponse::default())
    }
}

fn blind() -> HeaderMatcher {
    HeaderMatcher::Version(template("${none}"))
}

fn fhirpath(text: &str) -> BodyMatcher {
    BodyMatcher::FhirPath(path(text))
}

/// How many lines a text has that begin with a word.
fn count(told: &str, word: &str) -> usize {
    told.lines().filter(|line| line.starts_with(word)).count()
}

#[test]
fn the_level_decides_and_a_judgement_softens() {
    let wrong = |requirement: &str| expectation(requirement, status(&[404]));
    let may = crate::requirement::Catalogue::embedded()
        .iter()
        .find(|one| one.level_in(FhirVersion::R4) == Some(crate::requirement::Level::May))
        .map(|one| one.id.to_string())
        .expect("the catalogue has a MAY");
    let lines: Vec<String> = [
        wrong(SHALL),
        wrong(SHOULD),
        wrong(&may),
        wrong(READING),
        Expectation {
            at_most: Some(AtMost::Warning),
            because: Some("it is new".into()),
            ..wrong(SHALL)
        },
        Expectation {
            at_most: Some(AtMost::Note),
            because: Some("it is new".into()),
            ..wrong(READING)
        },
        Expectation {
            at_most: Some(AtMost::Warning),
            ..wrong(&may)
        },
        Expectation {
            because: Some("nobody can say".into()),
            ..wrong(SHOULD)
        },
    ]
    .into_iter()
    .map(|expectation| judged(expectation, &read(200)).replace(&may, "[a MAY]"))
    .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn tolerated_statuses_are_no_worse_than_the_level() {
    let tolerant = |requirement: &str, at_most| {
        let matcher = StatusMatcher::Judged {
            pass: codes(&[412]),
            note: codes(&[400]),
            warn: codes(&[200]),
            because: Some("STU3 said so".into()),
        };
        let response = PartialResponse {
            status: Some(spanned(matcher)),
            ..PartialResponse::default()
        };
        Expectation {
            at_most,
            ..expectation(requirement, response)
        }
    };
    for (exchange, at_most, wanted) in [
        (read(412), None, "Pass"),
        (read(400), None, "Note"),
        (read(200), None, "Warning"),
        (read(200), Some(AtMost::Note), "Note"),
        (read(404), None, "Fail"),
    ] {
        let told = judged(tolerant(SHALL, at_most), &exchange);
        assert!(told.starts_with(wanted), "{told}");
    }
    insta::assert_snapshot!(judged(tolerant(SHALL, None), &read(200)));
}

#[test]
fn every_requirement_gets_its_own_finding() {
    let mut both = expectation(SHALL, status(&[404]));
    both.requirements
        .push(spanned(crate::requirement::RequirementId::new(SHOULD)));
    both.requirements
        .push(spanned(crate::requirement::RequirementId::new(YOUNG)));
    both.requirements
        .push(spanned(crate::requirement::RequirementId::new("no.such-rule")));
    assert_eq!(
        judged(both, &read(200)).lines().count(),
        2,
        "one each of those that hold in R4"
    );
}

#[test]
fn findings_say_which_line_and_which_exchange() {
    let world = World::new();
    let exchange = read(200);
    let step = step(Interaction::Read, vec![expectation(SHALL, status(&[404]))]);
    let findings = check(&step, 7, &Reading::new(&exchange, FhirVersion::R4), &world.context());
    let mismatch = findings[0].mismatch.as_ref().unwrap();
    assert_eq!((mismatch.exchange, mismatch.site.as_ref().unwrap().line), (7, 1));
    assert_eq!(
        (mismatch.expected.as_deref(), mismatch.actual.as_deref()),
        (Some("404"), Some("200"))
    );
}

#[test]
fn what_does_not_apply_is_not_judged() {
    let wrong = || expectation(SHALL, status(&[404]));
    let with = |condition: &str| Expectation {
        condition: Some(Box::new(path(condition))),
        ..wrong()
    };
    let of = |release| Expectation {
        fhir: Some([release].into()),
        ..wrong()
    };
    for (what, expectation, wanted) in [
        ("of another release", of(FhirVersion::R5), "nothing"),
        (
            "of a rule of another release",
            expectation(YOUNG, status(&[404])),
            "nothing",
        ),
        (
            "of an unknown rule",
            expectation("no.such-rule", status(&[404])),
            "nothing",
        ),
        ("under a condition that is false", with("%v1 = '4'"), "nothing"),
        ("under a condition that is empty", with("%none"), "nothing"),
        ("of this release", of(FhirVersion::R4), "Fail"),
        ("under a condition on variables", with("%v1 = '3'"), "Fail"),
        (
            "under a condition on the response",
            with("%response.status = 200 and id = '1'"),
            "Fail",
        ),
        ("under a condition that is no Boolean", with("id"), "Unjudged"),
        ("under a condition over nothing", with("%never"), "Unjudged"),
    ] {
        let told = judged(expectation, &read(200));
        assert!(told.starts_with(wanted), "{what}: {told}");
    }
}

#[test]
fn statuses_that_say_nothing_are_not_judged() {
    let asked = expectation(
        SHALL,
        status(&[200])
            .header("ETag", HeaderMatcher::Present(true))
            .body(like(json!({ "id": "1" }))),
    );
    let told = judged(asked, &exchange("GET", "Patient/1", 429, &[], "slow down"));
    assert_eq!(told.lines().count(), 1);
    insta::assert_snapshot!(told);
    let named = expectation(SHALL, status(&[401]));
    assert!(judged(named, &exchange("GET", "Patient/1", 401, &[], "")).starts_with("Pass"));
}

#[test]
fn an_answer_of_another_kind_is_told_once() {
    let asked = |codes: &[u16]| {
        let response = status(codes).header("ETag", HeaderMatcher::Present(true));
        expectation(
            SHALL,
            response.body(like(json!({ "active": true }))).body(fhirpath("active")),
        )
    };
    let refused = exchange(
        "GET",
        "Patient/1",
        404,
        &[FHIR],
        r#"{"resourceType":"OperationOutcome"}"#,
    );
    let told = judged(asked(&[200]), &refused);
    assert_eq!(told.lines().count(), 1, "a refusal is told as one: {told}");
    // Another code of the same kind is looked at in full.
    let created = exchange("PUT", "Patient/1", 201, &[FHIR], r#"{"resourceType":"Patient"}"#);
    assert_eq!(count(&judged(asked(&[200]), &created), "Fail"), 4);
    // Without the status that was asked for, an answer that cannot have a body is not blamed for having none.
    let empty = exchange("PUT", "Patient/1", 204, &[("ETag", "W/\"3\"")], "");
    let told = judged(asked(&[200]), &empty);
    assert_eq!((count(&told, "Fail"), count(&told, "Pass")), (1, 1), "{told}");
    // An expectation without a status speaks of what its neighbours name.
    let neighbours = || {
        vec![
            expectation(SHALL, status(&[200])),
            expectation(
                SHOULD,
                PartialResponse::default().header("X", HeaderMatcher::Present(true)),
            ),
        ]
    };
    let told = World::new().told(&step(Interaction::Read, neighbours()), &refused);
    assert_eq!(told.lines().count(), 1, "{told}");
    let told = World::new().told(&step(Interaction::Read, neighbours()), &read(200));
    assert_eq!((count(&told, "Pass"), count(&told, "Warning")), (1, 1), "{told}");
    // With nobody naming a status, everything is looked at.
    let alone = expectation(
        SHOULD,
        PartialResponse::default().header("X", HeaderMatcher::Present(true)),
    );
    assert_eq!(count(&judged(alone, &refused), "Warning"), 1);
}

#[test]
fn a_body_that_cannot_be_read_is_told_once() {
    let response = status(&[200])
        .body(like(json!({})))
        .body(fhirpath("id = '1'"))
        .body(BodyMatcher::Schema(template("Patient")));
    let page = exchange("GET", "Patient/1", 200, &[("Content-Type", "text/html")], "<html>");
    let told = judged(expectation(SHALL, response), &page);
    assert_eq!((count(&told, "Pass"), count(&told, "Fail")), (1, 1), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn nothing_passes_that_was_not_looked_at() {
    let left_out = |response: PartialResponse| judged(expectation(SHALL, response), &read(200));
    assert_eq!(left_out(PartialResponse::default().header("ETag", blind())), "nothing");
    let empty = exchange("GET", "Patient/1", 200, &[("X", "1")], "");
    let over = |text: &str| {
        judged(
            expectation(SHALL, PartialResponse::default().body(fhirpath(text))),
            &empty,
        )
    };
    for text in [
        "issue.empty()",
        "name.all(family.exists())",
        "%matches.empty()",
        "%resource.id.empty()",
        "(id = '2').not() or id.empty()",
    ] {
        assert_eq!(over(text), "nothing", "{text}");
    }
    for text in [
        "%response.headers.x = '1'",
        "%v1 = '3'",
        "%response.status = 200 and id.empty()",
    ] {
        assert!(over(text).starts_with("Pass"), "{text}");
    }
    for text in ["id = '1'", "name.exists()"] {
        assert!(over(text).starts_with("Fail"), "{text}");
    }
}

#[test]
fn one_alternative_has_to_hold_whole() {
    let good = || status(&[200]).header("ETag", HeaderMatcher::Present(true));
    let no_x = || status(&[200]).header("X", HeaderMatcher::Present(true));
    let tolerant = || PartialResponse {
        status: Some(spanned(StatusMatcher::Judged {
            pass: codes(&[412]),
            note: codes(&[200]),
            warn: Box::default(),
            because: None,
        })),
        ..PartialResponse::default()
    };
    let unknown = || PartialResponse::default().body(BodyMatcher::Schema(template("Nothing")));
    for (what, alternatives, wanted) in [
        ("the second holds", vec![status(&[412]), good()], "Pass"),
        (
            "halves do not add up",
            vec![no_x(), status(&[412]).header("ETag", HeaderMatcher::Present(true))],
            "Fail",
        ),
        ("one is tolerated", vec![status(&[404]), tolerant()], "Note"),
        ("one holds and one is tolerated", vec![tolerant(), good()], "Pass"),
        ("one could not be judged", vec![status(&[404]), unknown()], "Unjudged"),
        (
            "one could not be judged, and one holds",
            vec![unknown(), good()],
            "Pass",
        ),
        (
            "one was not looked at",
            vec![status(&[404]), PartialResponse::default().header("ETag", blind())],
            "nothing",
        ),
        (
            "one was looked at in part",
            vec![status(&[404]).header("ETag", blind()), no_x().header("ETag", blind())],
            "Fail",
        ),
    ] {
        let told = judged(any_of(SHALL, alternatives), &read(200));
        assert!(told.starts_with(wanted), "{what}: {told}");
    }
    let told = judged(
        any_of(
            SHALL,
            vec![
                status(&[404]),
                no_x().body(like(json!({ "active": true }))),
                status(&[400, 412]),
            ],
        ),
        &read(200),
    );
    insta::assert_snapshot!(told);
}

#[test]
fn assumptions_hold_or_say_why_not() {
    let world = World::new();
    let exchange = read(200);
    let reading = Reading::new(&exchange, FhirVersion::R4);
    let assumed = |response| {
        let assumption = Assume {
            response,
            because: String::new(),
        };
        assume(&assumption, &reading, &world.context())
    };
    assert_eq!(assumed(status(&[200]).body(like(json!({ "id": "1" })))), Ok(()));
    let lines: Vec<String> = [
        status(&[404]).body(like(json!({ "id": "2" }))),
        status(&[200]).header("X", HeaderMatcher::Present(true)),
        status(&[200]).header("ETag", blind()),
        PartialResponse::default().body(BodyMatcher::Schema(template("Nothing"))),
    ]
    .into_iter()
    .map(|response| match assumed(response).unwrap_err() {
        Doubt::Refuted(why) | Doubt::Unjudged(why) => why,
    })
    .collect();
    insta::assert_snapshot!(lines.join("\n"));
    let unseen = || PartialResponse::default().body(BodyMatcher::Schema(template("Nothing")));
    assert!(matches!(assumed(unseen()), Err(Doubt::Unjudged(_))));
    let refuted = PartialResponse {
        status: status(&[404]).status,
        ..unseen()
    };
    assert!(matches!(assumed(refuted), Err(Doubt::Refuted(_))));
}

#[test]
fn asserts_look_at_variables() {
    let world = World::new();
    let asserted = |requirement: &str, texts: &[&str]| {
        let expectation = Expectation {
            fhirpath: texts.iter().map(|text| path(text)).collect(),
            ..expectation(requirement, PartialResponse::default())
        };
        told(&check_assert(&bare(vec![expectation]), &world.context()))
    };
    let lines = [
        asserted(SHALL, &["%v1 = '3'", "%v1 = '4'"]),
        asserted(SHOULD, &["%none.exists()"]),
        asserted(SHALL, &["%never"]),
        asserted(YOUNG, &["false"]),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}
