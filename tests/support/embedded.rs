//! The reference server behind a layer that records what it is asked, and that can answer in its place.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use fhir_assay::server::{Options, router};
use http::{HeaderMap, StatusCode};

/// A request, and the answer to it.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub method: String,
    /// Path and query, as they were sent.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The status of the answer; 0 before there is one.
    pub status: u16,
    pub answer_headers: HeaderMap,
    pub answer: Bytes,
}

impl Recorded {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The path below the base: `Patient/17`.
    pub fn path(&self) -> &str {
        let path = self.target.split('?').next().unwrap();
        path.strip_prefix("/fhir").unwrap().trim_start_matches('/')
    }

    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

type Before = dyn Fn(&Recorded) -> Option<Response> + Send + Sync;
type After = dyn Fn(&mut Recorded) + Send + Sync;

/// A running server.
pub struct Embedded {
    pub base: String,
    recorded: Arc<Mutex<Vec<Recorded>>>,
    runtime: Arc<Mutex<Option<tokio::runtime::Runtime>>>,
}

impl Embedded {
    /// The reference server as it is.
    pub fn start() -> Self {
        Self::with(|_| None, |_| {})
    }

    /// `before` may answer in the server's place; `after` may change its answer.
    pub fn with(
        before: impl Fn(&Recorded) -> Option<Response> + Send + Sync + 'static,
        after: impl Fn(&mut Recorded) + Send + Sync + 'static,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let recorded: Arc<Mutex<Vec<Recorded>>> = Arc::default();
        let (before, after): (Arc<Before>, Arc<After>) = (Arc::new(before), Arc::new(after));
        let told = Arc::clone(&recorded);
        let base = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let options = Options {
                bind: address,
                ..Options::default()
            };
            let service = router(options).layer(from_fn(move |request, next| {
                record(
                    Arc::clone(&told),
                    Arc::clone(&before),
                    Arc::clone(&after),
                    request,
                    next,
                )
            }));
            tokio::spawn(async move { axum::serve(listener, service).await });
            format!("http://{address}/fhir")
        });
        Self {
            base,
            recorded,
            runtime: Arc::new(Mutex::new(Some(runtime))),
        }
    }

    /// A server that is gone, connections and all, once it has been asked so many times.
    pub fn dying_after(requests: usize) -> Self {
        let dead = Arc::new(AtomicBool::new(false));
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let seen = Arc::clone(&dead);
        let server = Self::with(
            move |_| {
                if count.fetch_add(1, Ordering::SeqCst) + 1 >= requests {
                    seen.store(true, Ordering::SeqCst);
                }
                None
            },
            |_| {},
        );
        let runtime = Arc::clone(&server.runtime);
        thread::spawn(move || {
            while !dead.load(Ordering::SeqCst) {
                thread::sleep(std::time::Duration::from_millis(1));
            }
            if let Some(runtime) = runtime.lock().unwrap().take() {
                runtime.shutdown_background();
            }
        });
        server
    }

    pub fn recorded(&self) -> Vec<Recorded> {
        self.recorded.lock().unwrap().clone()
    }

    /// Every resource that was created and is not deleted, as `Patient/17`.
    pub fn left(&self) -> Vec<String> {
        let mut left: Vec<String> = Vec::new();
        for request in self
            .recorded()
            .iter()
            .filter(|request| (200..300).contains(&request.status))
        {
            let segments: Vec<&str> = request.path().split('/').collect();
            match (request.method.as_str(), segments.as_slice()) {
                ("POST", [""]) => {
                    let answer: serde_json::Value = serde_json::from_slice(&request.answer).unwrap();
                    let answers = answer["entry"].as_array().into_iter().flatten();
                    for (sent, answer) in request.json()["entry"].as_array().into_iter().flatten().zip(answers) {
                        let status = answer["response"]["status"].as_str().unwrap();
                        if sent["request"]["method"] == "DELETE" && status.starts_with('2') {
                            left.retain(|known| sent["request"]["url"] != **known);
                        } else if status.starts_with("201") {
                            left.push(instance(answer["response"]["location"].as_str().unwrap()));
                        }
                    }
                }
                ("POST" | "PUT", _) if request.status == 201 => {
                    left.push(instance(request.answer_headers["location"].to_str().unwrap()));
                }
                ("DELETE", [_, _]) => left.retain(|known| known != request.path()),
                _ => {}
            }
        }
        left
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.lock().unwrap().take() {
            runtime.shutdown_background();
        }
    }
}

/// `Patient/17` of a Location.
fn instance(location: &str) -> String {
    let path = location.split("/fhir/").last().unwrap();
    path.split("/_history").next().unwrap().to_owned()
}

/// An answer of a layer in front of the server.
pub fn outcome(status: u16, headers: &[(&'static str, &'static str)]) -> Response {
    let text =
        r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"no"}]}"#;
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let headers = headers.iter().chain(&[("content-type", "application/fhir+json")]);
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

async fn record(
    told: Arc<Mutex<Vec<Recorded>>>,
    before: Arc<Before>,
    after: Arc<After>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let mut recorded = Recorded {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        headers: parts.headers.clone(),
        body: body.clone(),
        status: 0,
        answer_headers: HeaderMap::new(),
        answer: Bytes::new(),
    };
    let response = match before(&recorded) {
        Some(response) => response,
        None => next.run(Request::from_parts(parts, Body::from(body))).await,
    };
    let (mut parts, body) = response.into_parts();
    recorded.status = parts.status.as_u16();
    recorded.answer_headers = parts.headers.clone();
    recorded.answer = to_bytes(body, usize::MAX).await.unwrap();
    let whole = recorded.answer.clone();
    after(&mut recorded);
    parts.headers = recorded.answer_headers.clone();
    if recorded.answer != whole {
        parts.headers.remove("content-length");
    }
    let answer = recorded.answer.clone();
    told.lock().unwrap().push(recorded);
    Response::from_parts(parts, Body::from(answer))
}
