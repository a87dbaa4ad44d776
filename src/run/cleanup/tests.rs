use super::*;
use crate::exchange::{Response, Timing};
use crate::transport::Transport;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

const BASE: &str = "http://localhost/fhir";

fn exchange(method: &str, path: &str, status: u16, location: Option<&str>, body: &str) -> Exchange {
    Exchange {
        request: request(method, &format!("{BASE}{path}")),
        response: Response {
            status,
            version: "HTTP/1.1".into(),
            headers: location.map(|text| ("Location", text)).into_iter().collect(),
            body: Body::new(body.to_owned()),
        },
        timing: Timing::default(),
    }
}

fn watched(exchanges: &[Exchange]) -> Vec<Created> {
    let registry = Registry::new("t");
    for exchange in exchanges {
        registry.watch(0, BASE, exchange, |id| id.starts_with("ours"));
    }
    registry
        .created
        .take()
        .into_iter()
        .map(|(_, created)| created)
        .collect()
}

#[test]
fn what_is_created_is_known_and_nothing_else() {
    let found = watched(&[
        exchange("POST", "/Patient", 201, Some("Patient/1/_history/1"), ""),
        exchange("POST", "/Patient", 200, None, r#"{"resourceType":"Patient","id":"2"}"#),
        exchange(
            "POST",
            "/Patient",
            201,
            None,
            r#"{"resourceType":"OperationOutcome","id":"x"}"#,
        ),
        exchange("POST", "/Patient", 422, Some("Patient/3"), ""),
        exchange("POST", "/Patient/_search", 200, None, ""),
        exchange("PUT", "/Patient/foreign", 200, None, ""),
        exchange("PUT", "/Patient/ours-1", 200, None, ""),
        exchange("PUT", "/Patient/5", 201, None, ""),
        exchange("DELETE", "/Patient/5", 204, None, ""),
        exchange(
            "POST",
            "",
            200,
            None,
            r#"{"entry":[{"response":{"status":"201 Created","location":"Patient/6/_history/1"}},{"response":{"status":"200","location":"Patient/7"}}]}"#,
        ),
    ]);
    let instance = |text: &str| Created::Instance(text.to_owned());
    assert_eq!(
        found,
        [
            instance("Patient/1"),
            instance("Patient/2"),
            Created::Unknown("Patient".into()),
            instance("Patient/ours-1"),
            instance("Patient/6")
        ]
    );
}

/// A gateway that gave up waiting does not know what the server behind it did.
#[test]
fn what_a_gateway_lost_may_have_been_created() {
    for status in [502, 504] {
        let found = watched(&[
            exchange("POST", "/Patient", status, None, ""),
            exchange("DELETE", "/Patient/1", status, None, ""),
        ]);
        assert_eq!(found, [Created::Unknown("Patient".into())], "{status}");
    }
    assert!(watched(&[exchange("POST", "/Patient", 503, None, "")]).is_empty());
}

/// The answer to a Bundle is only what its router says: what it lost is still there.
#[test]
fn what_a_bundle_deleted_is_deleted_again() {
    let mut batch = exchange("POST", "", 200, None, r#"{"entry":[{"response":{"status":"204"}}]}"#);
    batch.request.body = Body::new(r#"{"entry":[{"request":{"method":"DELETE","url":"Patient/1"}}]}"#.to_owned());
    let found = watched(&[exchange("POST", "/Patient", 201, Some("Patient/1"), ""), batch]);
    assert_eq!(found, [Created::Instance("Patient/1".into())]);
}

/// A server that wants If-Match and has nothing left to match.
struct Demanding;

impl Transport for Demanding {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        let status = if request.method == "GET" { 410 } else { 412 };
        let answer = exchange(&request.method, "", status, None, "");
        async move { Ok(answer) }.boxed_local()
    }
}

#[test]
fn what_is_gone_needs_no_version_to_be_deleted() {
    let registry = Registry::new("t");
    registry.add(0, Created::Instance("Patient/1".into()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let sender = Sender::new(&Demanding, None, None);
    runtime.block_on(registry.delete(Some(0), &sender, BASE));
    let result = registry.result();
    assert_eq!((result.deleted, result.left.len()), (1, 0));
}

#[test]
fn a_location_of_another_type_is_not_deleted() {
    let found = watched(&[exchange("POST", "/Patient", 201, Some("Organization/of-somebody"), "")]);
    assert_eq!(found, [Created::Unknown("Patient".into())]);
}

#[test]
fn what_an_update_brings_back_is_deleted_again() {
    let found = watched(&[
        exchange("POST", "/Patient", 201, Some("Patient/1"), ""),
        exchange("DELETE", "/Patient/1", 204, None, ""),
        exchange("PUT", "/Patient/1", 200, None, ""),
        exchange("DELETE", "/Patient/foreign", 204, None, ""),
        exchange("PUT", "/Patient/foreign", 200, None, ""),
    ]);
    assert_eq!(found, [Created::Instance("Patient/1".into())]);
}

/// A server that deletes nothing that another refers to: 3 is referred to by 4, 1 and 2 by each other.
struct Referring {
    gone: RefCell<Vec<String>>,
    takes_transactions: bool,
}

impl Transport for Referring {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        let mut gone = self.gone.borrow_mut();
        let is_gone = |id: &str, gone: &[String]| gone.iter().any(|known| known.ends_with(id));
        let status = if request.method == "POST" && self.takes_transactions {
            gone.extend(["Patient/1".to_owned(), "Patient/2".to_owned()]);
            200
        } else if request.method == "POST" {
            400
        } else if is_gone(&request.url, &gone) {
            204
        } else {
            let referring = [("/1", "/2"), ("/2", "/1"), ("/3", "/4")];
            let in_use = referring
                .iter()
                .any(|(of, by)| request.url.ends_with(of) && !is_gone(by, &gone));
            if !in_use {
                gone.push(request.url.clone());
            }
            if in_use { 409 } else { 204 }
        };
        let answer = exchange("DELETE", "", status, None, "");
        async move { Ok(answer) }.boxed_local()
    }
}

fn deleted(takes_transactions: bool) -> (usize, Vec<String>) {
    let server = Referring {
        gone: RefCell::default(),
        takes_transactions,
    };
    let registry = Registry::new("t");
    for id in [4, 3, 2, 1] {
        registry.add(0, Created::Instance(format!("Patient/{id}")));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let sender = Sender::new(&server, None, None);
    runtime.block_on(registry.delete(Some(0), &sender, BASE));
    assert_eq!(registry.referred.borrow().len(), 3, "4 alone is free");
    runtime.block_on(registry.delete(None, &sender, BASE));
    let result = registry.result();
    (
        result.deleted as usize,
        result.left.into_iter().map(|left| left.url).collect(),
    )
}

#[test]
fn what_is_referred_to_goes_later_and_a_ring_goes_together() {
    assert_eq!(deleted(true), (4, Vec::new()));
    assert_eq!(
        deleted(false),
        (2, vec!["Patient/1".to_owned(), "Patient/2".to_owned()])
    );
}

#[test]
fn a_kept_thing_is_forgotten() {
    let registry = Registry::new("t");
    registry.add(0, Created::Instance("Patient/1".into()));
    registry.add(1, Created::Instance("Patient/2".into()));
    registry.add(0, Created::Instance("Patient/3".into()));
    registry.keep(0, 1);
    assert_eq!(
        (registry.len_of(0), registry.len_of(1), registry.result().kept),
        (1, 1, 1)
    );
}

#[test]
fn only_tagged_instances_are_swept() {
    let body = r#"{"entry":[{"resource":{"resourceType":"Patient","id":"1","meta":{"tag":[{"system":"urn:fhir-assay:run","code":"t"}]}}},
                   {"resource":{"resourceType":"Patient","id":"2"}}]}"#;
    assert_eq!(instances(body.as_bytes(), "Patient", "t"), ["Patient/1"]);
}
