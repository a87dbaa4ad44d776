//! A record replays to the same result; a hole in it is told, and nothing else changes.

use std::cell::Cell;

use fhir_assay::exchange::{Exchange, Request};
use fhir_assay::server::{Options, router};
use fhir_assay::transport::{InProcess, Transport, TransportError};
use fhir_assay::verdict::{ReasonKind, RunResult, Verdict};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use url::Url;

use crate::taken::{Taken, assert_same, recorded, suites, taken, timeless_case};

#[test]
fn a_full_run_replays_to_the_same_result() {
    let taken = taken(suites(&["http."]), None, None);
    assert_eq!(taken.result.verdict, Verdict::Pass);
    assert_same(&taken.result, &taken.again(&taken.har).unwrap());
}

/// What the harness finds out about these servers while it runs depends on the order of the cases.
#[test]
fn servers_that_want_something_of_their_clients_replay_alike() {
    for variant in [
        "if-match-demanded",
        "lagging-index",
        "credentials",
        "base-with-path",
        "no-delete",
    ] {
        let taken = taken(
            suites(&["http.update", "http.transaction", "http.search", "http.delete"]),
            None,
            Some(variant),
        );
        assert_same(&taken.result, &taken.again(&taken.har).unwrap());
    }
}

#[test]
fn a_defect_is_found_again() {
    let mutants: Vec<_> = fhir_assay::server::Mutant::all()
        .filter(|mutant| mutant.requirement() == "read.unknown-404")
        .collect();
    let taken = taken(suites(&["http.read"]), Some(mutants[0].name), None);
    assert_eq!(taken.result.verdict, Verdict::Fail);
    assert_same(&taken.result, &taken.again(&taken.har).unwrap());
}

/// Loses every seventh answer, refuses connections now and then, and sometimes asks to wait.
struct Shaky {
    server: InProcess,
    count: Cell<u32>,
}

impl Transport for Shaky {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        let count = self.count.get() + 1;
        self.count.set(count);
        async move {
            let mut exchange = self.server.perform(request).await?;
            match count % 21 {
                7 => return Err(TransportError::TooLong { limit: 16_000_000 }),
                14 => {
                    return Err(TransportError::BrokenOff {
                        received: 7,
                        cause: "it broke off".into(),
                    });
                }
                20 => {
                    exchange.response.status = 429;
                    exchange.response.headers.set("retry-after", "0");
                }
                _ => {}
            }
            Ok(exchange)
        }
        .boxed_local()
    }
}

#[test]
fn lost_answers_and_second_attempts_replay_alike() {
    let base = Url::parse("http://localhost/fhir").unwrap();
    let server = InProcess::new(router(Options::default()), &base, None);
    let shaky = Shaky {
        server,
        count: Cell::new(0),
    };
    let taken = recorded(shaky, &base, suites(&["http.read", "http.update", "http.history"]));
    let errors = taken
        .result
        .cases()
        .filter(|case| case.verdict == Verdict::Error)
        .count();
    let attempts = taken.result.cases().flat_map(|case| &case.steps);
    let attempts = attempts.flat_map(|step| &step.exchanges);
    assert!(errors > 5, "{errors} were lost");
    assert!(attempts.filter(|exchange| exchange.timing.attempts > 1).count() > 3);
    assert_same(&taken.result, &taken.again(&taken.har).unwrap());
}

/// Takes each entry in turn out of a recording.
fn every_hole_is_told(taken: &Taken) {
    let har: Value = serde_json::from_slice(&taken.har).unwrap();
    let before = taken.again(&taken.har).unwrap();
    for at in 0..har["log"]["entries"].as_array().unwrap().len() {
        let mut har = har.clone();
        let entry = har["log"]["entries"].as_array_mut().unwrap().remove(at);
        let after = taken.again(&serde_json::to_vec(&har).unwrap());
        a_hole_is_told(&entry["_assay"], &before, after);
    }
}

fn a_hole_is_told(mark: &Value, before: &RunResult, after: Result<RunResult, String>) {
    let stage = mark["stage"].as_str().unwrap();
    let after = match after {
        Ok(after) => after,
        Err(told) => {
            assert_eq!(stage, "probe");
            assert!(
                told.contains("the recording has no answer to the asking for the CapabilityStatement"),
                "{told}"
            );
            return;
        }
    };
    let holed_case = mark["case"].as_str();
    for (old, new) in before.cases().zip(after.cases()) {
        if holed_case == Some(old.id.as_str()) && matches!(stage, "setup" | "steps") {
            assert_eq!(new.verdict, Verdict::Error, "{mark}: {:?}", new.reason);
            let reason = new.reason.as_ref().unwrap();
            assert_eq!(reason.kind, ReasonKind::Transport, "{mark}");
            let place = format!("step {} of {}", mark["step"], old.id);
            assert!(
                reason.text.contains(&place) && reason.text.contains("missing"),
                "{mark}: {}",
                reason.text
            );
        } else if holed_case == Some(old.id.as_str()) && stage == "cleanup" {
            assert_eq!(new.verdict, old.verdict, "{mark}");
        } else {
            assert_eq!(timeless_case(old), timeless_case(new), "{mark}");
        }
    }
    if matches!(stage, "deletion" | "end") {
        let left = &after.cleanup.left;
        let is_told = |reason: &str| reason.contains("the recording has no answer");
        assert!(left.iter().any(|left| is_told(&left.reason)), "{mark}: {left:?}");
    }
}

#[test]
fn a_missing_exchange_is_told_and_changes_no_other_case() {
    let suites = suites(&["http.read", "http.update", "http.paging", "http.patch"]);
    every_hole_is_told(&taken(suites, None, Some("lagging-index")));
}

/// These are asked a second way, and what the first answer says is no substitute for the second.
#[test]
fn a_missing_second_answer_is_told() {
    let of_update = taken(suites(&["http.update"]), None, Some("if-match-demanded"));
    every_hole_is_told(&of_update);
    let base = Url::parse("http://localhost/fhir").unwrap();
    let server = InProcess::new(router(Options::default()), &base, None);
    let of_batch = recorded(SlashWanted { server }, &base, suites(&["http.batch"]));
    assert!(of_batch.result.cases().any(|case| case.verdict == Verdict::Pass));
    every_hole_is_told(&of_batch);
}

/// Takes bundles at `[base]/` alone.
struct SlashWanted {
    server: InProcess,
}

impl Transport for SlashWanted {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        let mut moved = request.clone();
        if request.method == "POST" && request.url.ends_with("/fhir") {
            moved.url.push_str("/nowhere/at/all");
        } else if request.url.ends_with("/fhir/") {
            moved.url.pop();
        }
        async move {
            let mut exchange = self.server.perform(&moved).await?;
            exchange.request = request.clone();
            Ok(exchange)
        }
        .boxed_local()
    }
}
