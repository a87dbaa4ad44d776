//! Rules that have to hold of every request of a whole run of the embedded suites.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use fhir_assay::fhir::{FhirVersion, Interaction};
use fhir_assay::plan::{Plan, Selection};
use fhir_assay::requirement::Catalogue;
use fhir_assay::run::{RunOptions, Runner, run_tag};
use fhir_assay::suite::{Action, Step, Suite, Suites};
use fhir_assay::transport::{Client, ClientOptions, Patience, Retrying, Target, probe};
use fhir_assay::verdict::{Phase, RunResult, Verdict};

use crate::support::embedded::{Embedded, Recorded};

mod bundles;
mod reading;

const SEED: u64 = 20_260_101;
const TAG_SYSTEM: &str = "urn:fhir-assay:run";

/// A whole run, and everything that went over the wire.
pub struct Traffic {
    plan: Plan,
    result: RunResult,
    pub recorded: Vec<Recorded>,
    left: Vec<String>,
}

pub static TRAFFIC: LazyLock<Traffic> = LazyLock::new(Traffic::record);

impl Traffic {
    fn record() -> Self {
        let server = Embedded::start();
        let embedded = Suites::embedded().unwrap_or_else(|problems| panic!("{}", problems.summary()));
        let of_http = |suite: &&Arc<Suite>| suite.id.as_str().starts_with("http.");
        let suites: Vec<Arc<Suite>> = embedded.iter().filter(of_http).cloned().collect();
        let base = probe::base_url(&server.base).unwrap();
        let client = Client::new(&base, ClientOptions::default(), Instant::now()).unwrap();
        let transport = Retrying::new(client, Patience::default(), |_| {});
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let catalogue = Catalogue::embedded();
        let (plan, result) = runtime.block_on(async {
            let (target, _) = Target::probe(&transport, &base, None).await.unwrap();
            let plan = Plan::build(
                &suites,
                catalogue,
                target.release,
                Some(&target.capability),
                &Selection::all(),
            );
            let options = RunOptions {
                marks: SEED,
                ..RunOptions::default()
            };
            let result = Runner::new(&transport, &target, catalogue, options)
                .run(plan.clone(), |_| {})
                .await;
            (plan, result)
        });
        let recorded = server.recorded();
        assert!(
            recorded.len() > 300,
            "this is hardly a run: {} requests",
            recorded.len()
        );
        Self {
            plan,
            result,
            recorded,
            left: server.left(),
        }
    }

    /// Method and target of everything that steps of a kind sent.
    pub fn sent_by(&self, of_kind: impl Fn(&Step) -> bool) -> HashSet<(String, String)> {
        let mut sent = HashSet::new();
        for (planned, case) in self.plan.cases().zip(self.result.cases()) {
            assert_eq!(planned.id, case.id);
            for step in &case.steps {
                let list = match step.phase {
                    Phase::Setup => &planned.case.setup,
                    Phase::Steps => &planned.case.steps,
                    Phase::Cleanup => &planned.case.cleanup,
                };
                if of_kind(&list[step.number as usize - 1]) {
                    let lost = step.lost.iter().map(|lost| &lost.request);
                    for request in step.exchanges.iter().map(|exchange| &exchange.request).chain(lost) {
                        let url = url::Url::parse(&request.url).unwrap();
                        sent.insert((request.method.clone(), url[url::Position::BeforePath..].to_owned()));
                    }
                }
            }
        }
        sent
    }

    /// Every request, but for those that steps of a kind sent. These have to be few.
    fn but_for(&self, of_kind: impl Fn(&Step) -> bool) -> Vec<&Recorded> {
        let exempt = self.sent_by(of_kind);
        let kept: Vec<_> = self
            .recorded
            .iter()
            .filter(|request| !exempt.contains(&(request.method.clone(), request.target.clone())))
            .collect();
        assert!(
            kept.len() * 2 > self.recorded.len(),
            "too much is exempt: {} of {}",
            kept.len(),
            self.recorded.len()
        );
        kept
    }

    /// What the steps of one interaction sent, as `(method, path, recorded)`. Has to be something.
    pub fn of(&self, wanted: Interaction) -> Vec<&Recorded> {
        let sent = self
            .sent_by(|step| matches!(&step.action, Action::Interaction { interaction, .. } if *interaction == wanted));
        let found: Vec<_> = self
            .recorded
            .iter()
            .filter(|request| sent.contains(&(request.method.clone(), request.target.clone())))
            .collect();
        assert!(!found.is_empty(), "no {wanted} was sent");
        found
    }
}

/// Whether a step sets or takes away a header.
fn sets(step: &Step, name: &str) -> bool {
    step.headers.iter().any(|line| line.name.eq_ignore_ascii_case(name))
}

fn takes_away(step: &Step, name: &str) -> bool {
    step.headers
        .iter()
        .any(|line| line.name.eq_ignore_ascii_case(name) && line.value.is_none())
}

/// Whether the step writes its request out, and so may mean to break a rule.
fn is_raw(step: &Step) -> bool {
    matches!(step.action, Action::Request { .. })
}

fn is_fhir(media_type: &str) -> bool {
    matches!(
        media_type.split(';').next().unwrap().trim(),
        "application/fhir+json" | "application/fhir+xml"
    )
}

#[test]
fn the_run_itself_judges_and_leaves_nothing() {
    let judged = TRAFFIC.result.cases().filter(|case| case.verdict.is_judged()).count();
    assert!(judged > 100, "{judged}");
    let unjudged: Vec<_> = TRAFFIC
        .result
        .cases()
        .filter(|case| case.verdict == Verdict::Error)
        .map(|case| format!("{}: {:?}", case.id, case.reason))
        .collect();
    assert!(unjudged.is_empty(), "{unjudged:#?}");
}

#[test]
fn accept_is_always_there() {
    // `*/*` is what the library sends where a step takes Accept away: the same as none (RFC 9110, 12.5.1).
    let taken = TRAFFIC.sent_by(|step| takes_away(step, "accept"));
    let set = TRAFFIC.sent_by(|step| sets(step, "accept"));
    for request in &TRAFFIC.recorded {
        let key = (request.method.clone(), request.target.clone());
        let accept = request.header("accept");
        let is_there = accept.is_some_and(|accept| !accept.is_empty() && accept != "*/*");
        assert!(is_there || taken.contains(&key) || set.contains(&key), "{request:?}");
    }
    for request in TRAFFIC.but_for(|step| sets(step, "accept")) {
        assert_eq!(request.header("accept"), Some("application/fhir+json"), "{request:?}");
    }
}

#[test]
fn a_deletion_carries_accept() {
    let deletions: Vec<_> = TRAFFIC
        .recorded
        .iter()
        .filter(|request| request.method == "DELETE")
        .collect();
    assert!(deletions.len() > 50);
    assert!(deletions.iter().all(|request| request.header("accept").is_some()));
}

#[test]
fn bodies_have_a_fhir_media_type() {
    for request in TRAFFIC.but_for(|step| sets(step, "content-type") || step.form.is_some()) {
        match request.header("content-type") {
            Some(media_type) => assert!(is_fhir(media_type) && !request.body.is_empty(), "{request:?}"),
            None => assert!(request.body.is_empty(), "{request:?}"),
        }
    }
}

#[test]
fn forms_are_labelled_as_forms() {
    let forms = TRAFFIC.sent_by(|step| step.form.is_some() && !sets(step, "content-type"));
    let mut seen = 0;
    for request in TRAFFIC
        .recorded
        .iter()
        .filter(|request| request.target.contains("/_search"))
    {
        if forms.contains(&(request.method.clone(), request.target.clone()))
            && request.method == "POST"
            && !request.body.is_empty()
        {
            seen += usize::from(request.header("content-type") == Some("application/x-www-form-urlencoded"));
        }
    }
    assert!(seen > 0, "no form was sent");
    let others = TRAFFIC.but_for(|step| sets(step, "content-type") || is_raw(step));
    for request in others
        .iter()
        .filter(|request| request.method == "POST" && request.path().ends_with("_search"))
    {
        let label = request.header("content-type");
        assert!(
            request.body.is_empty() || label == Some("application/x-www-form-urlencoded"),
            "{request:?}"
        );
    }
}

#[test]
fn bodies_are_utf8() {
    for request in &TRAFFIC.recorded {
        assert!(std::str::from_utf8(&request.body).is_ok(), "{request:?}");
        assert!(!request.body.starts_with(b"\xef\xbb\xbf"), "{request:?}");
    }
    assert!(
        TRAFFIC.recorded.iter().any(|request| !request.body.is_ascii()),
        "nothing beyond ASCII was sent"
    );
}

#[test]
fn no_request_names_two_releases() {
    for request in &TRAFFIC.recorded {
        let release = |name: &str| {
            let text = request.header(name)?;
            text.split(';')
                .find_map(|part| part.trim().strip_prefix("fhirVersion="))
                .map(str::to_owned)
        };
        if let (Some(accept), Some(content)) = (release("accept"), release("content-type")) {
            assert_eq!(accept, content, "{request:?}");
        }
    }
}

#[test]
fn deletions_have_no_body() {
    for request in TRAFFIC.recorded.iter().filter(|request| request.method == "DELETE") {
        assert!(request.body.is_empty(), "{request:?}");
        assert_eq!(
            (request.header("content-type"), request.header("transfer-encoding")),
            (None, None),
            "{request:?}"
        );
        assert!(
            matches!(request.header("content-length"), None | Some("0")),
            "{request:?}"
        );
    }
}

#[test]
fn created_bodies_are_of_the_type_in_the_url() {
    let mut seen = 0;
    for request in TRAFFIC
        .of(Interaction::Create)
        .into_iter()
        .filter(|request| request.status == 201)
    {
        assert_eq!(request.json()["resourceType"], request.path(), "{request:?}");
        seen += 1;
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn chosen_ids_are_sent_by_update() {
    let about_ids =
        |rule: &str| rule.starts_with("create.") || rule.starts_with("url.") || rule.starts_with("return-preference.");
    let mut meant = HashSet::new();
    for case in TRAFFIC.result.cases() {
        if case.requirements.iter().any(|rule| about_ids(rule.as_str())) {
            for exchange in case.steps.iter().flat_map(|step| &step.exchanges) {
                meant.insert(exchange.request.body.bytes().to_vec());
            }
        }
    }
    for request in TRAFFIC.of(Interaction::Create) {
        let chosen = request.json().get("id").is_some();
        assert!(
            !chosen || meant.contains(&request.body.to_vec()),
            "a create with an id: {request:?}"
        );
    }
}

#[test]
fn updated_bodies_have_the_id_of_the_url() {
    let mut seen = 0;
    for request in TRAFFIC.recorded.iter().filter(|request| request.method == "PUT") {
        if (200..300).contains(&request.status) {
            // Without an id in the URL the body need not have one either (http.html#cond-update).
            if request.query().is_some_and(|query| !query.is_empty()) {
                continue;
            }
            let path = request.path().to_owned();
            let body = request.json();
            assert_eq!(
                format!(
                    "{}/{}",
                    body["resourceType"].as_str().unwrap(),
                    body["id"].as_str().unwrap()
                ),
                path
            );
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn urls_hold_only_what_a_url_may_hold() {
    for request in TRAFFIC.but_for(is_raw) {
        let target = &request.target;
        assert!(target.starts_with("/fhir") && !target.contains("//"), "{target}");
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=%".contains(&byte);
        assert!(target.bytes().all(is_allowed), "{target}");
        for (at, _) in target.match_indices('%') {
            let hex = target.get(at + 1..at + 3).unwrap_or_default();
            assert!(
                hex.len() == 2 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{target}"
            );
        }
        // A plus sign would be read as a space by half the servers.
        assert!(!request.query().unwrap_or_default().contains('+'), "{target}");
        assert!(
            !target.ends_with('/') && !target.ends_with('?') && !target.ends_with('&'),
            "{target}"
        );
    }
}

#[test]
fn what_is_created_carries_the_tag_of_the_run() {
    let tag = run_tag(SEED);
    let untagged = TRAFFIC.sent_by(|step| !step.tag || is_raw(step));
    let mut seen = 0;
    for request in TRAFFIC.recorded.iter().filter(|request| request.status == 201) {
        let body = request.json();
        let tags = body
            .pointer("/meta/tag")
            .and_then(|tags| tags.as_array())
            .cloned()
            .unwrap_or_default();
        let is_tagged = tags
            .iter()
            .any(|known| known["system"] == TAG_SYSTEM && known["code"] == tag.as_str());
        let exempt = untagged.contains(&(request.method.clone(), request.target.clone()));
        assert!(is_tagged || exempt, "{request:?}");
        seen += usize::from(is_tagged);
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn everything_that_was_created_is_deleted() {
    assert!(TRAFFIC.left.is_empty(), "{:?}", TRAFFIC.left);
    let cleanup = &TRAFFIC.result.cleanup;
    assert!(cleanup.left.is_empty(), "{:?}", cleanup.left);
    assert!(cleanup.deleted > 100, "{}", cleanup.deleted);
}

#[test]
fn every_expectation_cites_a_rule() {
    let catalogue = Catalogue::embedded();
    for planned in TRAFFIC.plan.cases() {
        for expectation in planned.case.expectations() {
            assert!(!expectation.requirements.is_empty(), "{}", planned.id);
            for id in &expectation.requirements {
                assert!(catalogue.get(id.as_str()).is_some(), "{}: {}", planned.id, id.value);
            }
        }
    }
}

/// The row of the table of http.html#summary for one interaction: verb, path, and whether there is a body.
#[track_caller]
pub fn row(interaction: Interaction, verbs: &[&str], is_path: impl Fn(&[&str]) -> bool, has_body: bool) {
    for request in TRAFFIC.of(interaction) {
        // HEAD is GET without the body of the answer.
        assert!(verbs.contains(&request.method.as_str()), "{request:?}");
        let segments: Vec<&str> = request
            .path()
            .split('/')
            .filter(|segment| !segment.is_empty())
            .collect();
        assert!(is_path(&segments), "{request:?}");
        let form = request
            .header("content-type")
            .is_some_and(|label| label.starts_with("application/x-www-form-urlencoded"));
        assert!(request.body.is_empty() != has_body || form, "{request:?}");
        if has_body {
            assert!(request.header("content-type").is_some(), "{request:?}");
        }
        if !matches!(request.method.as_str(), "PUT" | "POST" | "PATCH") {
            assert_eq!(request.header("if-none-exist"), None, "{request:?}");
        }
    }
}

#[test]
fn row_of_read() {
    row(Interaction::Read, &["GET"], |path| matches!(path, [_, _]), false);
}

#[test]
fn row_of_vread() {
    row(
        Interaction::Vread,
        &["GET"],
        |path| matches!(path, [_, _, "_history", _]),
        false,
    );
}

#[test]
fn row_of_update() {
    // Without an id in the URL the server has to refuse it; that is a case of its own.
    row(Interaction::Update, &["PUT"], |path| matches!(path, [_, _] | [_]), true);
}

#[test]
fn row_of_delete() {
    // Without an id it is a conditional one.
    row(
        Interaction::Delete,
        &["DELETE"],
        |path| matches!(path, [_, _] | [_]),
        false,
    );
}

#[test]
fn row_of_create() {
    row(Interaction::Create, &["POST"], |path| matches!(path, [_]), true);
}

#[test]
fn row_of_search() {
    row(
        Interaction::SearchType,
        &["GET", "POST"],
        |path| matches!(path, [_] | [_, "_search"] | [] | [_, _, _] | [_, _, _, "_search"]),
        false,
    );
}

#[test]
fn row_of_capabilities() {
    row(
        Interaction::Capabilities,
        &["GET"],
        |path| matches!(path, ["metadata"]),
        false,
    );
}

#[test]
fn row_of_history() {
    row(
        Interaction::HistoryInstance,
        &["GET"],
        |path| matches!(path, [_, _, "_history"]),
        false,
    );
}

#[test]
fn the_release_under_test_is_that_of_the_server() {
    assert_eq!(TRAFFIC.plan.release, FhirVersion::R4);
}
