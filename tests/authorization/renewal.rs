//! Tokens that end while a run goes on.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::authority::{Authority, Rules};
use crate::embedded::Recorded;
use crate::support::{Assay, Gone, assay, file};

fn rules(expires_in: Option<u64>) -> Rules {
    Rules {
        secret: Some(("s3cret".into(), false)),
        expires_in,
        ..Rules::default()
    }
}

/// One case at a time, so that it is known what is in flight.
fn run(base: &str) -> Assay {
    let small = file("small.yaml");
    let words = [
        "run",
        base,
        "--suite",
        &small,
        "--timeout",
        "30s",
        "--jobs",
        "1",
        "--oauth-client",
        "assay",
    ];
    assay(words.into_iter().chain(["--oauth-secret-env", "SECRET"])).env("SECRET", "s3cret")
}

fn is_read(request: &Recorded) -> bool {
    request.method == "GET" && request.path().starts_with("Patient/")
}

/// How often something was refused for want of a good token.
fn refused(requests: &[Recorded], method: &str) -> usize {
    let of_method = requests.iter().filter(|request| request.method == method);
    of_method.filter(|request| request.status == 401).count()
}

fn verdicts(gone: &Gone) -> Vec<String> {
    gone.verdicts().into_values().collect()
}

#[test]
fn a_token_that_is_refused_is_renewed_and_a_read_is_repeated() {
    let authority = Authority::start(rules(None));
    let (once, revoker) = (AtomicUsize::new(0), std::sync::Arc::clone(&authority));
    let server = authority.protected_with(move |request| {
        if is_read(request) && once.fetch_add(1, Ordering::SeqCst) == 0 {
            revoker.revoke();
        }
        None
    });
    let gone = run(&server.base).run().ended(0);
    assert_eq!(authority.given().len(), 2);
    assert_eq!(refused(&server.recorded(), "GET"), 1);
    // The report says that it was asked twice.
    let report = gone.file("reports/latest/report.json").replace(' ', "");
    assert!(report.contains("\"attempts\":2"), "{report}");
}

#[test]
fn a_create_that_is_refused_is_not_sent_twice() {
    let authority = Authority::start(rules(None));
    let (once, revoker) = (AtomicUsize::new(0), std::sync::Arc::clone(&authority));
    let server = authority.protected_with(move |request| {
        if request.method == "POST" && once.fetch_add(1, Ordering::SeqCst) == 0 {
            revoker.revoke();
        }
        None
    });
    let gone = run(&server.base).run().ended(3);
    assert_eq!(authority.given().len(), 2);
    assert_eq!(refused(&server.recorded(), "POST"), 1);
    let told = verdicts(&gone);
    assert_eq!(told.iter().filter(|verdict| *verdict == "error").count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|verdict| *verdict == "pass").count(), told.len() - 1);
}

#[test]
fn a_token_is_renewed_before_its_end() {
    let authority = Authority::start(rules(Some(5)));
    let server = authority.protected();
    let suite = "suite: slow\ntitle: It takes its time\nfhir: [R4]\ncases:\n  - id: waits\n    title: It waits\n    steps:\n\
      \x20     - read: Patient/nobody\n        wait: 4200ms\n        expect: [{ requirement: read.unknown-404, status: 404 }]\n\
      \x20     - read: Patient/nobody\n        wait: 4200ms\n        expect: [{ requirement: read.unknown-404, status: 404 }]\n";
    let words = [
        "run",
        &server.base,
        "--suite",
        "slow.yaml",
        "--oauth-client",
        "assay",
        "--oauth-secret-env",
        "SECRET",
    ];
    assay(words)
        .with("slow.yaml", suite)
        .env("SECRET", "s3cret")
        .run()
        .ended(0);
    assert!(authority.given().len() >= 3, "{} tokens", authority.given().len());
    assert_eq!(refused(&server.recorded(), "GET"), 0);
}

#[test]
fn a_server_that_refuses_for_another_reason_is_not_asked_for_tokens_again_and_again() {
    let authority = Authority::start(rules(None));
    let server = authority.protected_with(|request| {
        let forbidden = !request.path().starts_with("metadata") && !request.target.contains("well-known");
        forbidden.then(|| crate::embedded::outcome(401, &[("www-authenticate", "Bearer error=\"invalid_token\"")]))
    });
    run(&server.base).run().ended(3);
    assert!(authority.given().len() <= 8, "{} tokens", authority.given().len());
}

#[test]
fn tokens_that_never_hold_are_not_fetched_for_ever() {
    let authority = Authority::start(rules(None));
    let (count, revoker) = (AtomicUsize::new(0), std::sync::Arc::clone(&authority));
    let server = authority.protected_with(move |_| {
        if count.fetch_add(1, Ordering::SeqCst) >= 4 {
            revoker.revoke();
        }
        None
    });
    run(&server.base).run().ended(3);
    assert!(authority.given().len() <= 12, "{} tokens", authority.given().len());
}

#[test]
fn a_token_endpoint_that_goes_down_ends_the_run() {
    let authority = Authority::start(rules(None));
    let closer = std::sync::Arc::clone(&authority);
    let server = authority.protected_with(move |request| {
        if is_read(request) {
            closer.close();
            closer.revoke();
        }
        None
    });
    let gone = run(&server.base).run().ended(3);
    assert_eq!(authority.given().len(), 1);
    let said = "there is no access token: POST";
    assert!(
        gone.stdout.contains(said) || gone.stderr.contains(said),
        "{}{}",
        gone.stdout,
        gone.stderr
    );
    assert!(
        gone.file("reports/latest/report.json")
            .contains("there is no access token: POST")
    );
}
