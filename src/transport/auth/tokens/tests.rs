use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join_all};

use super::*;
use crate::exchange::{Body, Headers, Response, Timing};
use crate::transport::auth::ClientProof;

/// A token endpoint that takes its time.
#[derive(Clone, Default)]
struct Endpoint {
    asked: Rc<Cell<u32>>,
    urls: Rc<RefCell<Vec<String>>>,
    /// Statuses to answer first, instead of a token.
    first: Rc<RefCell<Vec<u16>>>,
    expires_in: Option<u64>,
}

impl Transport for Endpoint {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            self.asked.set(self.asked.get() + 1);
            let refusal = match self.first.borrow_mut() {
                mut first if !first.is_empty() => Some(first.remove(0)),
                _ => None,
            };
            let expires = self
                .expires_in
                .map_or_else(String::new, |seconds| format!(",\"expires_in\":{seconds}"));
            let body = format!("{{\"access_token\":\"token-{}\"{expires}}}", self.asked.get());
            Ok(answered(
                request,
                refusal.unwrap_or(200),
                &[("Retry-After", "0")],
                &body,
            ))
        }
        .boxed_local()
    }
}

fn answered(request: &Request, status: u16, headers: &[(&str, &str)], body: &str) -> Exchange {
    Exchange {
        request: request.clone(),
        response: Response {
            status,
            version: "HTTP/1.1".into(),
            headers: headers.iter().copied().collect(),
            body: Body::new(body.to_owned()),
        },
        timing: Timing {
            attempts: 1,
            ..Timing::default()
        },
    }
}

fn request(method: &str, url: &str) -> Request {
    Request {
        method: method.into(),
        url: url.into(),
        headers: Headers::new(),
        body: Body::Empty,
    }
}

fn tokens(token_url: &str) -> Tokens {
    let oauth = OAuth {
        client_id: "assay".into(),
        proof: ClientProof::SecretInBody("s3cret".into()),
        scope: String::new(),
        token_url: Some(Url::parse(token_url).unwrap()),
        audience: None,
        parameters: Vec::new(),
        plain_http: false,
    };
    Tokens::new(oauth, Url::parse("http://127.0.0.1/fhir").unwrap(), Secrets::default())
}

impl Endpoint {
    fn reach(&self) -> impl Fn(&Url) -> Result<Box<dyn Transport>, ClientError> {
        let this = self.clone();
        move |url| {
            this.urls.borrow_mut().push(url.to_string());
            Ok(Box::new(this.clone()))
        }
    }
}

/// A FHIR server that takes one token, and what it was asked.
#[derive(Default)]
struct Server {
    good: Cell<u32>,
    seen: RefCell<Vec<String>>,
    headers: Vec<(&'static str, &'static str)>,
}

impl Server {
    async fn send(&self, request: &Request) -> Result<Exchange, TransportError> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let sent = request.headers.get("authorization").unwrap_or("nothing").to_owned();
        let is_good = sent == format!("Bearer token-{}", self.good.get());
        self.seen.borrow_mut().push(format!("{} {sent}", request.method));
        Ok(answered(request, if is_good { 200 } else { 401 }, &self.headers, ""))
    }
}

const TOKEN_URL: &str = "https://as.example/token";

#[tokio::test]
async fn one_request_fetches_the_token_for_all_who_wait() {
    let (endpoint, tokens, server) = (Endpoint::default(), tokens(TOKEN_URL), Server::default());
    server.good.set(1);
    let reach = endpoint.reach();
    let asked = request("GET", "http://127.0.0.1/fhir/Patient/1");
    let all =
        join_all((0..16).map(|_| tokens.perform(&asked, &reach, async |request| server.send(request).await))).await;
    assert!(
        all.iter()
            .all(|sent| sent.as_ref().is_ok_and(|exchange| exchange.response.status == 200))
    );
    assert_eq!(endpoint.asked.get(), 1);
    // The token ends: all notice it, one renews it.
    server.good.set(2);
    let all =
        join_all((0..16).map(|_| tokens.perform(&asked, &reach, async |request| server.send(request).await))).await;
    assert!(
        all.iter()
            .all(|sent| sent.as_ref().is_ok_and(|exchange| exchange.timing.attempts == 2))
    );
    assert_eq!(endpoint.asked.get(), 2);
}

#[tokio::test]
async fn only_what_is_harmless_is_sent_again() {
    for (method, url, times) in [
        ("GET", "http://127.0.0.1/fhir/Patient", 2),
        ("PUT", "http://127.0.0.1/fhir/Patient/1", 2),
        ("DELETE", "http://127.0.0.1/fhir/Patient/1", 2),
        ("POST", "http://127.0.0.1/fhir/Patient/_search?x=1", 2),
        ("POST", "http://127.0.0.1/fhir/Patient", 1),
        ("POST", "http://127.0.0.1/fhir?x=/_search", 1),
        ("PATCH", "http://127.0.0.1/fhir/Patient/1", 1),
    ] {
        let (endpoint, tokens, server) = (Endpoint::default(), tokens(TOKEN_URL), Server::default());
        server.good.set(2);
        let sent = tokens
            .perform(&request(method, url), &endpoint.reach(), async |request| {
                server.send(request).await
            })
            .await;
        assert_eq!(server.seen.borrow().len(), times, "{method} {url}");
        assert_eq!(sent.unwrap().response.status, if times == 2 { 200 } else { 401 });
        // The token is new all the same, for whoever comes next.
        assert_eq!(endpoint.asked.get(), 2);
    }
}

#[tokio::test]
async fn whoever_brings_a_header_of_its_own_gets_no_token() {
    let (endpoint, tokens, server) = (Endpoint::default(), tokens(TOKEN_URL), Server::default());
    for value in ["", "Bearer wrong"] {
        let mut asked = request("GET", "http://127.0.0.1/fhir/Patient");
        asked.headers.push("Authorization", value);
        let sent = tokens
            .perform(&asked, &endpoint.reach(), async |request| server.send(request).await)
            .await;
        assert_eq!(sent.unwrap().response.status, 401);
    }
    assert_eq!(endpoint.asked.get(), 0);
    assert_eq!(*server.seen.borrow(), ["GET ", "GET Bearer wrong"]);
}

#[tokio::test]
async fn renewals_that_do_not_help_end() {
    let (endpoint, tokens) = (Endpoint::default(), tokens(TOKEN_URL));
    for headers in [vec![], vec![("WWW-Authenticate", "Bearer error=\"invalid_token\"")]] {
        let server = Server {
            headers,
            ..Server::default()
        };
        for _ in 0..20 {
            let asked = request("GET", "http://127.0.0.1/fhir/Patient");
            let sent = tokens
                .perform(&asked, &endpoint.reach(), async |request| server.send(request).await)
                .await;
            assert_eq!(sent.unwrap().response.status, 401);
        }
    }
    assert_eq!(endpoint.asked.get(), 1 + u32::from(VAIN_RENEWALS));
}

#[tokio::test]
async fn an_endpoint_that_asks_to_wait_is_waited_for_and_a_failure_is_not_asked_for_again_at_once() {
    let endpoint = Endpoint::default();
    *endpoint.first.borrow_mut() = vec![503, 429];
    assert!(tokens(TOKEN_URL).granted(&endpoint.reach()).await.is_ok());
    assert_eq!(endpoint.asked.get(), 3);
    let endpoint = Endpoint::default();
    *endpoint.first.borrow_mut() = vec![400; 40];
    let tokens = tokens(TOKEN_URL);
    for _ in 0..10 {
        assert!(tokens.granted(&endpoint.reach()).await.is_err());
    }
    assert_eq!(endpoint.asked.get(), 1);
}

#[tokio::test]
async fn secrets_do_not_go_over_plain_http_to_other_machines() {
    let endpoint = Endpoint::default();
    for (url, is_sent) in [
        ("http://as.example/token", false),
        ("http://127.0.0.1:81/token", true),
        ("http://localhost/token", true),
        ("http://localhost.example/token", false),
        ("https://as.example/token?tenant=1", true),
    ] {
        let outcome = tokens(url).granted(&endpoint.reach()).await;
        assert_eq!(outcome.is_ok(), is_sent, "{url}: {outcome:?}");
    }
    let open = OAuth {
        plain_http: true,
        ..tokens("http://as.example/token").oauth
    };
    let open = Tokens::new(open, Url::parse("http://127.0.0.1/fhir").unwrap(), Secrets::default());
    assert!(open.granted(&endpoint.reach()).await.is_ok());
}

#[test]
fn a_life_is_used_but_for_its_end() {
    let used = [0, 1, 2, 10, 100, 300, 3600].map(|seconds| usable(Duration::from_secs(seconds)).as_millis());
    assert_eq!(used, [1000, 1000, 1600, 8000, 80_000, 270_000, 3_570_000]);
}

#[tokio::test]
async fn a_token_that_ends_soon_is_not_used_to_its_end() {
    for (expires_in, expected) in [(1, 2), (3600, 1)] {
        let endpoint = Endpoint {
            expires_in: Some(expires_in),
            ..Endpoint::default()
        };
        let tokens = tokens(TOKEN_URL);
        tokens.granted(&endpoint.reach()).await.unwrap();
        // However much later than this it is.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        tokens.granted(&endpoint.reach()).await.unwrap();
        assert_eq!(endpoint.asked.get(), expected, "{expires_in} s");
    }
}
