//! A record replays to the same result; a hole in it is told, and nothing else changes.

use std::cell::Cell;
use std::sync::OnceLock;

use fhir_assay::exchange::{Exchange, Request};
use fhir_assay::server::{Options, router};
use fhir_assay::transport::{InProcess, Transport, TransportError};
use fhir_assay::verdict::{ReasonKind, RunResult, Verdict};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use proptest::prelude::*;
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

/// A run, its recording as JSON, and what that is judged to be.
struct Whole {
    taken: Taken,
    har: Value,
    before: RunResult,
}

fn whole() -> &'static Whole {
    static WHOLE: OnceLock<Whole> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let names = ["http.read", "http.update", "http.paging", "http.patch"];
        let taken = taken(suites(&names), None, Some("lagging-index"));
        Whole {
            har: serde_json::from_slice(&taken.har).unwrap(),
            before: taken.again(&taken.har).unwrap(),
            taken,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_missing_exchange_is_told_and_changes_no_other_case(at in 0_usize..10_000) {
        let Whole { taken, har, before } = whole();
        let entries = har["log"]["entries"].as_array().unwrap();
        let at = at % entries.len();
        let mark = &entries[at]["_assay"];
        let mut har = har.clone();
        har["log"]["entries"].as_array_mut().unwrap().remove(at);
        let holed = serde_json::to_vec(&har).unwrap();
        let stage = mark["stage"].as_str().unwrap();
        let after = match taken.again(&holed) {
            Ok(after) => after,
            Err(told) => {
                prop_assert_eq!(stage, "probe");
                prop_assert!(told.contains("the recording has no answer to the asking for the CapabilityStatement"), "{}", told);
                return Ok(());
            }
        };
        let holed_case = mark["case"].as_str();
        for (old, new) in before.cases().zip(after.cases()) {
            if holed_case == Some(old.id.as_str()) && matches!(stage, "setup" | "steps") {
                prop_assert_eq!(new.verdict, Verdict::Error, "{:?}", new.reason);
                let reason = new.reason.as_ref().unwrap();
                prop_assert_eq!(reason.kind, ReasonKind::Transport);
                let place = format!("step {} of {}", mark["step"], old.id);
                prop_assert!(reason.text.contains(&place) && reason.text.contains("missing"), "{}", reason.text);
            } else if holed_case == Some(old.id.as_str()) && stage == "cleanup" {
                prop_assert_eq!(new.verdict, old.verdict);
            } else {
                prop_assert_eq!(timeless_case(old), timeless_case(new));
            }
        }
        if matches!(stage, "deletion" | "end") {
            let left = &after.cleanup.left;
            prop_assert!(left.iter().any(|left| left.reason.contains("the recording has no answer")), "{:?}", left);
        }
    }
}
