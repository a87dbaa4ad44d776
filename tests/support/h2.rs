//! The reference server behind HTTP/2 over TLS: it counts connections, and refuses requests as only HTTP/2 can.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use ::h2::Reason;
use ::h2::server::{SendResponse, handshake};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use fhir_assay::server::{Options, router};
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HOST, LOCATION};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional, duplex};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_service::Service;

use super::tls;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It is answered.
    Answer,
    /// Its stream is reset.
    Reset(Reason),
    /// The server goes away, and says that it did nothing of it (GOAWAY with the stream before it).
    GoAwayBefore,
    /// The server goes away in the middle of it (GOAWAY with its stream).
    GoAwayIn,
}

/// A request, and what became of it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub act: Act,
}

/// A running server.
pub struct Http2 {
    pub base: String,
    connections: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Http2 {
    /// Answers everybody.
    pub fn start() -> Self {
        Self::with(false, |_, _, _| Act::Answer)
    }

    /// `asks` says whether a client has to show a certificate, and `act` what becomes of each request, of its method, its
    /// path and those that came before it.
    pub fn with(asks: bool, act: impl Fn(&str, &str, &[Asked]) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, asked): (Arc<AtomicUsize>, Arc<Mutex<Vec<Asked>>>) = Default::default();
        let served = Served {
            router: router(Options {
                bind: address,
                ..Options::default()
            }),
            act: Arc::new(act),
            asked: Arc::clone(&asked),
        };
        let counted = Arc::clone(&connections);
        thread::spawn(move || serve(listener, asks, &served, &counted));
        Self {
            base: format!("https://{address}/fhir"),
            connections,
            asked,
        }
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

type Decide = dyn Fn(&str, &str, &[Asked]) -> Act + Send + Sync;

/// What one connection is served with.
#[derive(Clone)]
struct Served {
    router: Router,
    act: Arc<Decide>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

fn serve(listener: TcpListener, asks: bool, served: &Served, connections: &AtomicUsize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(tls::config("server.pem", asks, &["h2"])));
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::SeqCst);
            let (acceptor, served) = (acceptor.clone(), served.clone());
            tokio::spawn(async move {
                if let Ok(secure) = tls::accept(&acceptor, stream).await {
                    converse(secure, served).await;
                }
            });
        }
    });
}

/// Speaks HTTP/2 behind a pipe, so that a frame can be written which the library never would.
async fn converse(mut secure: TlsStream<TcpStream>, served: Served) {
    assert_eq!(secure.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let (mut near, far) = duplex(1 << 16);
    let (away, mut told) = unbounded_channel();
    tokio::spawn(speak(far, served, away));
    tokio::select! {
        _ = copy_bidirectional(&mut secure, &mut near) => {}
        Some(last) = told.recv() => {
            let _ = secure.write_all(&go_away(last)).await;
            let _ = secure.shutdown().await;
            // What is unread when a socket is closed would reset it, and the frame with it.
            let rest = async { tokio::io::copy(&mut secure, &mut tokio::io::sink()).await };
            let _ = tokio::time::timeout(Duration::from_secs(5), rest).await;
        }
    }
}

/// A GOAWAY frame with a last stream and NO_ERROR (RFC 9113, 6.8).
fn go_away(last: u32) -> Vec<u8> {
    let mut frame = vec![0, 0, 8, 7, 0, 0, 0, 0, 0];
    frame.extend(last.to_be_bytes());
    frame.extend([0; 4]);
    frame
}

async fn speak(pipe: impl AsyncRead + AsyncWrite + Unpin, served: Served, away: UnboundedSender<u32>) {
    let Ok(mut connection) = handshake(pipe).await else {
        return;
    };
    // A stream whose answer is dropped would be reset.
    let mut unanswered = Vec::new();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let act = {
            let mut asked = served.asked.lock().unwrap();
            let act = (served.act)(&method, &path, &asked);
            asked.push(Asked { method, path, act });
            act
        };
        let stream = u32::from(respond.stream_id());
        match act {
            Act::Answer => {
                tokio::spawn(answer(request, respond, served.router.clone()));
            }
            Act::Reset(reason) => respond.send_reset(reason),
            Act::GoAwayBefore | Act::GoAwayIn => {
                let last = if act == Act::GoAwayIn {
                    stream
                } else {
                    stream.saturating_sub(2)
                };
                let _ = away.send(last);
                unanswered.push(respond);
            }
        }
    }
}

async fn answer(request: http::Request<::h2::RecvStream>, mut respond: SendResponse<Bytes>, mut router: Router) {
    let (mut parts, mut body) = request.into_parts();
    let mut bytes = Vec::new();
    while let Some(Ok(chunk)) = body.data().await {
        let _ = body.flow_control().release_capacity(chunk.len());
        bytes.extend_from_slice(&chunk);
    }
    let authority = parts.uri.authority().unwrap().to_string();
    parts.headers.insert(HOST, authority.parse().unwrap());
    parts.headers.remove(ACCEPT_ENCODING);
    parts.uri = parts.uri.path_and_query().unwrap().as_str().parse().unwrap();
    let Ok(response) = router.call(Request::from_parts(parts, Body::from(bytes))).await;
    let (mut parts, body) = response.into_parts();
    // The reference server knows nothing of TLS before it.
    let (plain, secure) = (format!("http://{authority}"), format!("https://{authority}"));
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap().replace(&plain, &secure);
    if let Some(location) = parts.headers.get_mut(LOCATION) {
        *location = location.to_str().unwrap().replace(&plain, &secure).parse().unwrap();
    }
    parts.headers.remove(CONTENT_LENGTH);
    let response = http::Response::from_parts(parts, ());
    if let Ok(mut stream) = respond.send_response(response, body.is_empty())
        && !body.is_empty()
    {
        let _ = stream.send_data(body.into(), true);
    }
}
