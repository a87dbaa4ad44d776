//! What a shared server is asked, and how often.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use fhir_assay::exchange::{Exchange, Permission, Request, Write};
use fhir_assay::plan::{Plan, Selection};
use fhir_assay::requirement::Catalogue;
use fhir_assay::run::{RunOptions, Runner};
use fhir_assay::server::{Options, router};
use fhir_assay::suite::Suites;
use fhir_assay::transport::{Guarded, InProcess, Target, Transport, TransportError};
use fhir_assay::verdict::{ReasonKind, Verdict};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use url::Url;

use crate::support::embedded::Embedded;
use crate::support::small;

/// The same server under an address that is not one of this machine's own to our eyes.
fn elsewhere(server: &Embedded) -> String {
    server.base.replace("127.0.0.1", "0.0.0.0")
}

fn methods(server: &Embedded) -> BTreeSet<String> {
    server.recorded().into_iter().map(|request| request.method).collect()
}

#[test]
fn writes_elsewhere_need_to_be_allowed() {
    let server = Embedded::start();
    let gone = small(&elsewhere(&server), "").run().ended(3);
    assert!(gone.verdicts().values().all(|verdict| verdict == "skip"));
    assert_eq!(methods(&server), BTreeSet::from(["GET".to_owned()]));
    let case = gone.report()["suites"][0]["cases"][0].clone();
    assert_eq!(case["reason"]["kind"], "not-allowed");
    assert_eq!(
        case["reason"]["text"],
        "setup step 1 sends POST Patient: writing is for servers on this machine, and for others with --allow-writes"
    );
    gone.says("cases left out: they write, and the server is not on this machine; --allow-writes runs them");
    let server = Embedded::start();
    let gone = small(&elsewhere(&server), "--allow-writes").run();
    assert!(gone.verdicts().values().all(|verdict| verdict != "skip"));
    assert!(methods(&server).contains("POST"));
}

#[test]
fn a_read_only_run_only_reads() {
    let server = Embedded::start();
    let gone = small(&server.base, "--read-only").run().ended(3);
    assert!(gone.verdicts().values().all(|verdict| verdict == "skip"));
    assert_eq!(methods(&server), BTreeSet::from(["GET".to_owned()]));
    gone.says("they send more than GET and HEAD (--read-only)");
    small(&server.base, "--read-only --allow-writes").run().ended(2);
}

#[test]
fn a_rate_is_kept() {
    let server = Embedded::start();
    let gone = small(&server.base, "--rate 40/s").run().ended(0);
    let requests = u32::try_from(server.recorded().len()).unwrap();
    let least = Duration::from_millis(25) * (requests - 1);
    assert!(gone.took > least, "{requests} requests in {:?}", gone.took);
    small(&server.base, "--rate 5")
        .run()
        .ended(2)
        .says("write a number and a unit: 5/s, 30/m or 100/h");
}

#[test]
fn every_request_has_an_id_of_its_own() {
    let server = Embedded::start();
    let gone = small(&server.base, "").run().ended(0);
    let recorded = server.recorded();
    let ids: Vec<&str> = recorded
        .iter()
        .filter_map(|request| request.header("x-request-id"))
        .collect();
    // The first asks for the claims, before there is a run.
    assert_eq!(ids.len(), recorded.len() - 1);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    let report = gone.report();
    let tag = report["cleanup"]["tag"].as_str().unwrap().to_owned();
    assert!(ids.iter().all(|id| id.starts_with(&tag)), "{ids:?}");
    let told = report.to_string();
    assert!(told.contains(ids.iter().find(|id| id.ends_with("-0001")).unwrap()));
}

/// Notes what leaves.
struct Noting {
    server: InProcess,
    sent: RefCell<BTreeSet<(String, String)>>,
}

impl Transport for Noting {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        let path = request.url.strip_prefix("http://localhost/fhir").unwrap_or("");
        let first = path
            .trim_start_matches('/')
            .split(['/', '?'])
            .next()
            .unwrap_or_default();
        let is_search = path.split('?').next().unwrap_or_default().ends_with("/_search");
        let what = if is_search { "_search" } else { first };
        self.sent.borrow_mut().insert((request.method.clone(), what.to_owned()));
        self.server.perform(request).boxed_local()
    }
}

/// All suites, planned as if everything were allowed, behind the gate; and then planned as they may be.
fn sent(permission: &Permission) -> (BTreeSet<(String, String)>, usize, usize) {
    let base = Url::parse("http://localhost/fhir").unwrap();
    let noting = Noting {
        server: InProcess::new(router(Options::default()), &base, None),
        sent: RefCell::default(),
    };
    let gate = Guarded::new(noting, permission.clone(), &base);
    let suites: Vec<_> = Suites::embedded()
        .unwrap_or_else(|_| panic!("the suites are right"))
        .iter()
        .filter(|suite| suite.id.as_str().starts_with("http."))
        .cloned()
        .collect();
    let catalogue = Catalogue::embedded();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (mut refused, mut failed) = (0, 0);
    for is_planned in [false, true] {
        let result = runtime.block_on(async {
            let (target, _) = Target::probe(&gate, &base, None).await.unwrap();
            let mut plan = Plan::build(
                &suites,
                catalogue,
                target.release,
                Some(&target.capability),
                &Selection::all(),
            );
            if is_planned {
                plan.permit(permission);
            }
            let options = RunOptions {
                // The second run does not meet what the first could not delete.
                marks: u64::from(is_planned),
                patience: Some(Duration::from_millis(50)),
                ..RunOptions::default()
            };
            Runner::new(&gate, &target, catalogue, options).run(plan, |_| {}).await
        });
        let refusals = result.cases().filter(|case| {
            let is_ours = |kind| matches!(kind, ReasonKind::Transport);
            case.reason
                .as_ref()
                .is_some_and(|reason| is_ours(reason.kind) && reason.text.contains("was not sent"))
        });
        let count = refusals.count();
        if is_planned {
            assert_eq!(count, 0, "the plan leaves out what the gate would refuse");
            failed = result.cases().filter(|case| case.verdict == Verdict::Fail).count();
        } else {
            refused = count;
        }
    }
    (gate.into_inner().sent.into_inner(), refused, failed)
}

#[test]
fn a_write_never_leaves_whatever_the_plan_says() {
    let begin = Instant::now();
    let (read_only, refused, failed) = sent(&Permission::ReadOnly);
    assert!(
        read_only.iter().all(|(method, _)| method == "GET" || method == "HEAD"),
        "{read_only:?}"
    );
    assert!(refused > 100 && failed == 0, "{refused} refused, {failed} failed");
    let (no_writes, refused, failed) = sent(&Permission::NoWrites);
    let is_harmless = |(method, what): &(String, String)| {
        matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS") || (method == "POST" && what == "_search")
    };
    assert!(no_writes.iter().all(is_harmless), "{no_writes:?}");
    assert!(refused > 100 && failed == 0, "{refused} refused, {failed} failed");
    let creates = Write {
        method: "POST".into(),
        resource_type: "Patient".into(),
    };
    let (some, _, failed) = sent(&Permission::Only(vec![creates]));
    let is_allowed = |sent: &(String, String)| is_harmless(sent) || *sent == ("POST".to_owned(), "Patient".to_owned());
    assert!(some.iter().all(is_allowed) && some.len() > no_writes.len(), "{some:?}");
    assert_eq!(failed, 0);
    assert!(begin.elapsed() < Duration::from_secs(300));
}
