use super::*;
use crate::check::testing::{World, bare, codes, expectation, pass, path, spanned, status, step};
use crate::fhir::Interaction;
use crate::suite::Assume;
use crate::suite::assertion::StatusPattern::{Class, Code};

const RULE: &str = "update.success-200";

fn judged(pass: impl Into<Box<[StatusPattern]>>, note: &[u16], warn: &[u16]) -> Expectation {
    expectation(
        RULE,
        PartialResponse {
            status: Some(spanned(StatusMatcher::Judged {
                pass: pass.into(),
                note: codes(note),
                warn: codes(warn),
                because: None,
            })),
            ..PartialResponse::default()
        },
    )
}

fn not(patterns: Vec<StatusPattern>) -> Expectation {
    expectation(
        RULE,
        PartialResponse {
            status: Some(spanned(StatusMatcher::Not(patterns.into()))),
            ..PartialResponse::default()
        },
    )
}

fn any_of(alternatives: Vec<PartialResponse>) -> Expectation {
    Expectation {
        any_of: alternatives.into(),
        ..expectation(RULE, PartialResponse::default())
    }
}

fn of(releases: &[FhirVersion], expectation: Expectation) -> Expectation {
    Expectation {
        fhir: Some(releases.into()),
        ..expectation
    }
}

/// What a step takes 200, 412 and 304 for: `.` as expected, `R` refused, `A` accepted, `?` unjudged.
fn taken(step: &Step, release: FhirVersion) -> String {
    let world = World {
        release,
        ..World::new()
    };
    [200, 412, 304]
        .iter()
        .map(|status| match turn(step, *status, &world.context()) {
            Turn::AsExpected => '.',
            Turn::Refused => 'R',
            Turn::Accepted => 'A',
            Turn::Unjudged(_) => '?',
        })
        .collect()
}

#[test]
fn only_what_is_asked_for_counts() {
    let update = |expect| step(Interaction::Update, expect);
    let condition = |text: &str, status: &[u16]| Expectation {
        condition: Some(Box::new(path(text))),
        ..judged(codes(status), &[], &[])
    };
    let assumed = |matcher: StatusMatcher| Step {
        assume: Some(Box::new(Assume {
            response: PartialResponse {
                status: Some(spanned(matcher)),
                ..PartialResponse::default()
            },
            because: "it can".to_owned(),
        })),
        ..update(vec![])
    };
    for (wanted, what, step) in [
        (".R.", "nothing: it has to succeed", update(vec![])),
        (".R.", "a success", update(vec![judged(codes(&[200]), &[], &[])])),
        ("A..", "a refusal", update(vec![judged(codes(&[412]), &[], &[])])),
        (
            "A..",
            "a class of refusals",
            update(vec![judged(vec![Class(4), Class(5)], &[], &[])]),
        ),
        ("...", "both", update(vec![judged(codes(&[200, 412]), &[], &[])])),
        (
            "...",
            "both, by two",
            update(vec![judged(codes(&[200]), &[], &[]), judged(codes(&[412]), &[], &[])]),
        ),
        (
            "...",
            "a success; a refusal passes with a note",
            update(vec![judged(codes(&[200]), &[412], &[])]),
        ),
        (
            ".R.",
            "a success; a refusal is warned of",
            update(vec![judged(codes(&[200]), &[], &[412])]),
        ),
        (
            "A..",
            "a refusal; a success is warned of",
            update(vec![judged(codes(&[412]), &[], &[200])]),
        ),
        ("...", "all but some", update(vec![not(vec![Code(405)])])),
        (
            ".R.",
            "no status: it has to succeed",
            update(vec![expectation(RULE, PartialResponse::default())]),
        ),
        (
            "...",
            "either",
            update(vec![any_of(vec![status(&[200]), status(&[412])])]),
        ),
        (
            "A..",
            "either refusal",
            update(vec![any_of(vec![status(&[400]), status(&[412])])]),
        ),
        (
            "...",
            "either, one without a status",
            update(vec![any_of(vec![status(&[412]), PartialResponse::default()])]),
        ),
        (
            "...",
            "304 and a refusal in turns",
            update(vec![judged(codes(&[304]), &[], &[])]),
        ),
        (
            "...",
            "each under a condition",
            update(vec![condition("%a", &[200]), condition("%a.not()", &[412])]),
        ),
        ("A..", "an assumed refusal", assumed(pass(&[412]))),
        (".R.", "an assumed success", assumed(pass(&[200]))),
        (
            "A..",
            "of the release alone",
            update(vec![
                judged(codes(&[412]), &[], &[]),
                of(&[FhirVersion::R5], judged(codes(&[200]), &[], &[])),
            ]),
        ),
        (
            "...",
            "of another release alone",
            update(vec![of(&[FhirVersion::R5], judged(codes(&[412]), &[], &[]))]),
        ),
    ] {
        assert_eq!(taken(&step, FhirVersion::R4), wanted, "{what}");
    }
    // A rule that does not hold in a release asks for nothing there.
    let young = update(vec![expectation("operations.response-batch", status(&[412]))]);
    assert_eq!(taken(&young, FhirVersion::R4), "...");
    assert_eq!(taken(&young, FhirVersion::R5), "A..");
}

#[test]
fn some_statuses_say_nothing_unless_they_are_named() {
    let world = World::new();
    let is_judged = |step: &Step, status| !matches!(turn(step, status, &world.context()), Turn::Unjudged(_));
    let assuming = |matcher| Step {
        assume: Some(Box::new(Assume {
            response: PartialResponse {
                status: Some(spanned(matcher)),
                ..PartialResponse::default()
            },
            because: String::new(),
        })),
        ..bare(vec![])
    };
    let table = [
        ("nothing", bare(vec![]), ""),
        ("a success", bare(vec![judged(codes(&[200]), &[], &[])]), ""),
        ("one by its code", bare(vec![judged(codes(&[401]), &[], &[])]), "401"),
        (
            "a tolerated one",
            bare(vec![judged(codes(&[200]), &[403], &[429])]),
            "403 429",
        ),
        (
            "any refusal",
            bare(vec![judged(vec![Class(4), Class(5)], &[], &[])]),
            "403",
        ),
        ("any redirect", bare(vec![judged(vec![Class(3)], &[], &[])]), "301 308"),
        ("all but one", bare(vec![not(vec![Code(503)])]), "503"),
        (
            "in an alternative",
            bare(vec![any_of(vec![status(&[407]), status(&[200])])]),
            "407",
        ),
        ("an assumption", assuming(pass(&[401])), "401"),
        (
            "in another release",
            bare(vec![of(&[FhirVersion::R5], judged(codes(&[401]), &[], &[]))]),
            "",
        ),
    ];
    for (what, step, named) in table {
        let found: Vec<String> = [401, 403, 407, 429, 502, 503, 504, 301, 308]
            .into_iter()
            .filter(|status| is_judged(&step, *status))
            .map(|status: u16| status.to_string())
            .collect();
        assert_eq!(found.join(" "), named, "{what}");
        for status in [200, 304, 400, 404, 500, 501] {
            assert!(is_judged(&step, status), "{what}: {status}");
        }
    }
    let reasons: Vec<String> = [401, 403, 407, 429, 502, 503, 504, 302]
        .into_iter()
        .filter_map(|status| unjudged(&bare(vec![]), status, FhirVersion::R4))
        .collect();
    insta::assert_snapshot!(reasons.join("\n"));
}
