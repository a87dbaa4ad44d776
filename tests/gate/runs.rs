//! `run --baseline` and `baseline update`, over a socket.

use crate::support::embedded::{Embedded, outcome};
use crate::support::{assay, file, small, words};

/// Refuses updates, which breaks a SHALL.
fn refusing_updates() -> Embedded {
    Embedded::with(|request| (request.method == "PUT").then(|| outcome(422, &[])), |_| {})
}

const KNOWN: &str =
    "known:\n  - case: small::update\n    reason: no updates yet\n    issue: https://issues.example.org/1\n";
const PASSES: &str = "known:\n  - case: small::read\n    reason: passed long ago\n";

#[test]
fn a_known_failure_does_not_fail_the_gate_and_is_shown_in_every_report() {
    let server = refusing_updates();
    let to = "--baseline b.yaml --report console=c.txt --report junit=j.xml --report json=r.json --report markdown=m.md --report html=h.html";
    let gone = small(&server.base, to).with("b.yaml", KNOWN).run().ended(0);
    for (name, told) in [
        (
            "c.txt",
            "known small::update: known to fail: no updates yet (https://issues.example.org/1)",
        ),
        (
            "j.xml",
            "<skipped message=\"known to fail: no updates yet (https://issues.example.org/1)\" type=\"known\"/>",
        ),
        (
            "r.json",
            "\"known\":[{\"reason\":\"no updates yet\",\"issue\":\"https://issues.example.org/1\"}]",
        ),
        (
            "m.md",
            "| small::update | fail | no updates yet (https://issues.example.org/1) |",
        ),
        (
            "h.html",
            "Known: no updates yet (https:&#x2f;&#x2f;issues.example.org&#x2f;1)",
        ),
    ] {
        let text = gone.file(name);
        assert!(text.contains(told), "{name}: {text}");
    }
    let report: serde_json::Value = serde_json::from_str(&gone.file("r.json")).unwrap();
    assert_eq!(report["verdict"], "fail", "a known failure is a failure");
    gone.says("nothing new failed: 1 failing case is known")
        .says("Not conformant");
}

#[test]
fn a_new_failure_fails_the_gate() {
    let server = refusing_updates();
    let gone = small(&server.base, "--baseline b.yaml")
        .with("b.yaml", PASSES)
        .run()
        .ended(1);
    gone.says("1 case failed in a new way")
        .says("mended: small::read: the case passes now (b.yaml:2)");
}

#[test]
fn what_is_out_of_date_fails_only_where_that_was_asked_for() {
    let server = Embedded::start();
    for entry in [
        "case: small::read\n    reason: passes",
        "case: small::raed\n    reason: is not there",
        "requirement: no-such.rule\n    reason: is not there",
        "case: other::x\n    reason: is late\n    expires: 2020-01-01",
    ] {
        let list = format!("known:\n  - {entry}\n");
        let gone = small(&server.base, "--baseline b.yaml")
            .with("b.yaml", &list)
            .run()
            .ended(0);
        gone.says("1 entry of the list is out of date");
        small(&server.base, "--baseline b.yaml --strict-baseline")
            .with("b.yaml", &list)
            .run()
            .ended(1);
    }
    let fine = "known:\n  - case: other::x\n    reason: of a suite that is not loaded\n    expires: 2999-01-01\n";
    small(&server.base, "--baseline b.yaml --strict-baseline")
        .with("b.yaml", fine)
        .run()
        .ended(0);
}

#[test]
fn an_expired_failure_is_known_until_somebody_is_strict() {
    let server = refusing_updates();
    let list = format!("{KNOWN}    expires: 2020-01-01\n");
    let gone = small(&server.base, "--baseline b.yaml")
        .with("b.yaml", &list)
        .run()
        .ended(0);
    gone.says("expired: small::update: it was known until 2020-01-01: no updates yet (b.yaml:2)");
    small(&server.base, "--baseline b.yaml --strict-baseline")
        .with("b.yaml", &list)
        .run()
        .ended(1);
}

#[test]
fn a_known_failure_does_not_end_a_run_that_ends_with_the_first() {
    let server = refusing_updates();
    let gone = small(&server.base, "--fail-fast --jobs 1 --baseline b.yaml")
        .with("b.yaml", KNOWN)
        .run()
        .ended(0);
    assert_eq!(gone.verdicts()["small::delete"], "pass");
    let gone = small(&server.base, "--fail-fast --jobs 1 --baseline b.yaml")
        .with("b.yaml", "known: []")
        .run()
        .ended(1);
    assert_eq!(gone.verdicts()["small::delete"], "skip");
}

#[test]
fn nothing_that_fails_decides_where_something_later_does() {
    let server = refusing_updates();
    let gone = small(&server.base, "--fail-on never").run().ended(0);
    assert_eq!(gone.verdicts()["small::update"], "fail");
    words("run http://127.0.0.1:9/fhir --fail-on never").run().ended(3);
}

#[test]
fn a_list_that_cannot_be_used_is_told_before_the_run() {
    let server = Embedded::start();
    small(&server.base, "--baseline b.yaml")
        .run()
        .ended(2)
        .says("baseline update --baseline b.yaml");
    let gone = small(&server.base, "--baseline b.yaml")
        .with("b.yaml", "known:\n  - case: a\n")
        .run()
        .ended(2);
    gone.says("b.yaml:2:11").says("2 errors");
    small(&server.base, "--strict-baseline")
        .run()
        .ended(2)
        .says("--baseline");
    assert!(server.recorded().is_empty());
}

fn update(base: &str, more: &str) -> crate::support::Assay {
    let suite = file("small.yaml");
    let fixed = [
        "baseline",
        "update",
        "--baseline",
        "b.yaml",
        base,
        "--suite",
        &suite,
        "--timeout",
        "2s",
    ];
    assay(fixed.into_iter().chain(more.split_whitespace()))
}

#[test]
fn an_update_makes_the_gate_pass_and_then_is_mended() {
    let broken = refusing_updates();
    let gone = update(&broken.base, "--reason later --expires 2999-12-31")
        .run()
        .ended(0);
    gone.says("b.yaml: 1 added, 0 removed, 0 changed, 0 unchanged");
    let list = update(&broken.base, "").run().ended(0).file("b.yaml");
    small(&broken.base, "--baseline b.yaml --strict-baseline")
        .with("b.yaml", &list)
        .run()
        .ended(0);
    let right = Embedded::start();
    small(&right.base, "--baseline b.yaml --strict-baseline")
        .with("b.yaml", &list)
        .run()
        .ended(1);
    let gone = update(&right.base, "").with("b.yaml", &list).run().ended(0);
    assert!(
        gone.file("b.yaml").ends_with("known: []\n") || gone.file("b.yaml").ends_with("known:\n"),
        "{}",
        gone.file("b.yaml")
    );
    small(&right.base, "--baseline b.yaml --strict-baseline")
        .with("b.yaml", gone.file("b.yaml"))
        .run()
        .ended(0);
}

#[test]
fn an_update_goes_by_a_report_too() {
    let server = refusing_updates();
    let report = small(&server.base, "")
        .run()
        .ended(1)
        .file("reports/latest/report.json");
    let gone = words("baseline update --baseline b.yaml --from r.json")
        .with("r.json", report)
        .run()
        .ended(0);
    assert!(
        gone.file("b.yaml").contains("case: small::update\n"),
        "{}",
        gone.file("b.yaml")
    );
    assert!(!gone.folder.path().join("reports").exists(), "nothing was run");
}

#[test]
fn an_update_does_not_believe_a_run_that_says_too_little() {
    update("http://127.0.0.1:9/fhir", "")
        .with("b.yaml", KNOWN)
        .run()
        .ended(3);
    let dying = Embedded::dying_after(6);
    let gone = update(&dying.base, "").with("b.yaml", KNOWN).run().ended(3);
    assert_eq!(gone.file("b.yaml"), KNOWN);
    words("baseline update")
        .run()
        .ended(2)
        .says("--baseline fhir-assay.baseline.yaml");
    words("baseline update --baseline b.yaml --expires soon")
        .run()
        .ended(2)
        .says("2026-12-31");
}
