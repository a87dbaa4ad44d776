//! What the options of `run` do.

use std::collections::BTreeSet;

use crate::support::embedded::{Embedded, outcome};
use crate::support::{assay, file, small, words};

/// Refuses updates, which breaks a SHALL.
fn refusing_updates() -> Embedded {
    Embedded::with(|request| (request.method == "PUT").then(|| outcome(422, &[])), |_| {})
}

/// Sends no page twice, which breaks a SHOULD.
fn without_pages() -> Embedded {
    Embedded::with(
        |request| {
            request
                .query()
                .is_some_and(|query| query.contains("_count"))
                .then(|| outcome(500, &[]))
        },
        |_| {},
    )
}

#[test]
fn a_conformant_server_gets_0() {
    let server = Embedded::start();
    small(&server.base, "").run().ended(0).says("Conformant");
}

#[test]
fn a_broken_shall_gets_1() {
    let server = refusing_updates();
    let gone = small(&server.base, "").run().ended(1);
    assert_eq!(gone.verdicts()["small::update"], "fail");
    gone.says("Not conformant: 1 SHALL is broken");
}

#[test]
fn a_broken_should_gets_1_where_that_was_asked_for() {
    let server = without_pages();
    let gone = small(&server.base, "").run().ended(0);
    assert_eq!(gone.verdicts()["small::pages"], "warning");
    small(&server.base, "--fail-on should").run().ended(1);
}

#[test]
fn fail_fast_ends_with_the_first_failure() {
    let server = refusing_updates();
    let gone = small(&server.base, "--fail-fast --jobs 1").run().ended(1);
    let verdicts = gone.verdicts();
    assert_eq!(
        (&*verdicts["small::read"], &*verdicts["small::update"]),
        ("pass", "fail")
    );
    assert_eq!(
        (&*verdicts["small::pages"], &*verdicts["small::delete"]),
        ("skip", "skip")
    );
    assert!(server.left().is_empty(), "{:?}", server.left());
}

#[test]
fn what_a_run_creates_is_deleted_unless_it_is_to_stay() {
    let server = Embedded::start();
    small(&server.base, "").run().ended(0).says("5 resources deleted");
    assert!(server.left().is_empty(), "{:?}", server.left());
    let server = Embedded::start();
    let gone = small(&server.base, "--no-cleanup").run().ended(0);
    assert_eq!(
        server.left().len(),
        5,
        "one case deletes what it made: {:?}",
        server.left()
    );
    gone.says("left behind");
}

#[test]
fn colours_only_where_they_are_wanted() {
    let server = refusing_updates();
    let plain = small(&server.base, "").run().ended(1);
    assert!(!plain.stdout.contains('\x1b') && !plain.stderr.contains('\x1b'));
    let forced = small(&server.base, "").env("CLICOLOR_FORCE", "1").run().ended(1);
    assert!(forced.stdout.contains("\x1b["));
    let never = small(&server.base, "")
        .env("CLICOLOR_FORCE", "1")
        .env("NO_COLOR", "1")
        .run()
        .ended(1);
    assert!(!never.stdout.contains('\x1b'), "NO_COLOR wins");
}

#[test]
fn quiet_says_only_how_it_ended() {
    let server = refusing_updates();
    let gone = small(&server.base, "--quiet").run().ended(1);
    assert!(gone.stderr.is_empty(), "{}", gone.stderr);
    assert!(!gone.stdout.contains("FAIL small::update, step") && gone.stdout.contains("Not conformant"));
}

#[test]
fn shards_hold_every_case_once() {
    let planned = |shard: &str| -> BTreeSet<String> {
        let text = words(&format!("list cases --json {shard}")).run().ended(0).stdout;
        let cases: serde_json::Value = serde_json::from_str(&text).unwrap();
        let cases = cases.as_array().unwrap().iter().filter(|case| case["planned"] == true);
        cases.map(|case| case["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = planned("");
    let shards = [1, 2, 3].map(|number| planned(&format!("--shard {number}/3")));
    assert_eq!(shards.iter().map(BTreeSet::len).sum::<usize>(), all.len());
    assert_eq!(shards.iter().flatten().cloned().collect::<BTreeSet<_>>(), all);
    assert!(
        shards.iter().all(|shard| shard.len() > all.len() / 5),
        "{:?}",
        shards.map(|shard| shard.len())
    );
}

#[test]
fn shards_of_a_run_judge_every_case_once() {
    let server = Embedded::start();
    let mut judged: Vec<String> = Vec::new();
    for number in 1..=3 {
        let gone = small(&server.base, &format!("--shard {number}/3")).run().ended(0);
        judged.extend(
            gone.verdicts()
                .into_iter()
                .filter(|(_, verdict)| verdict == "pass")
                .map(|(case, _)| case),
        );
    }
    judged.sort();
    assert_eq!(
        judged,
        ["small::delete", "small::pages", "small::read", "small::update"]
    );
}

#[test]
fn claims_may_be_assumed() {
    // A server without /metadata: without its claims it is not judged, with a file of them it is.
    let server = Embedded::with(
        |request| (request.path() == "metadata").then(|| outcome(404, &[])),
        |_| {},
    );
    small(&server.base, "").run().ended(3);
    let suite = file("small.yaml");
    let arguments = ["run", &server.base, "--suite", &suite, "--assume", "claims.json"];
    let gone = assay(arguments)
        .with("claims.json", crate::support::stub::CLAIMS)
        .run()
        .ended(0);
    assert_eq!(gone.report()["target"]["assumed"], true);
}

#[test]
fn a_server_that_claims_nothing_is_not_conformant() {
    let claims = r#"{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{"mode":"server"}]}"#;
    let server = Embedded::start();
    let suite = file("small.yaml");
    let arguments = ["run", &server.base, "--suite", &suite, "--assume", "claims.json"];
    let gone = assay(arguments).with("claims.json", claims).run().ended(3);
    assert!(gone.verdicts().values().all(|verdict| verdict == "inapplicable"));
    assert!(server.recorded().is_empty(), "{:?}", server.recorded());
}

#[test]
fn filters_narrow_and_widen() {
    let count = |filters: &str| -> usize {
        let text = words(&format!("list cases --json {filters}")).run().ended(0).stdout;
        let cases: serde_json::Value = serde_json::from_str(&text).unwrap();
        cases
            .as_array()
            .unwrap()
            .iter()
            .filter(|case| case["planned"] == true)
            .count()
    };
    let all = count("");
    let read = count("--suite http.read");
    assert!(all > 150 && read > 3 && read < all, "{all}, {read}");
    assert_eq!(
        count("--suite http.read --suite http.vread"),
        read + count("--suite http.vread")
    );
    assert_eq!(count("--case http.read::*"), read);
    assert!(count("--requirement read.unknown-404") < count("--requirement read.*"));
    assert!(count("--level shall") < all);
    assert!(count("--interaction delete") < all);
    assert!(count("--tag write") < all);
}

#[test]
fn headers_go_along() {
    let server = Embedded::start();
    let gone = assay([
        "run",
        &server.base,
        "--suite",
        &file("small.yaml"),
        "--header",
        "X-Tenant: clinic 7",
    ])
    .run()
    .ended(0);
    assert!(
        server
            .recorded()
            .iter()
            .all(|request| request.header("x-tenant") == Some("clinic 7"))
    );
    assert!(
        gone.file("reports/latest/report.json").contains("clinic 7"),
        "it is no secret"
    );
}
