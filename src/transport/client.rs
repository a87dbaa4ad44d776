//! Exchanges over the network.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use reqwest::redirect::Policy;
use url::Url;

use super::auth::Credentials;
use super::unanswered::{deepest, unanswered};
use super::{Identity, Transport, TransportError};
use crate::exchange::{Body, Exchange, Headers, Request, Response, Timing, redact};

/// How exchanges are performed.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// How long the making of a connection may take.
    pub connect: Duration,
    /// How long the server may be silent before its answer begins.
    pub first_byte: Duration,
    /// How long the whole exchange may take.
    pub total: Duration,
    /// How many bytes of a body are read before it counts as endless.
    pub longest_body: u64,
    /// More certificates to trust, in PEM.
    pub certificates: Vec<u8>,
    /// What proves who we are; it goes to the origin of the base URL alone.
    pub credentials: Credentials,
    /// The certificate that is shown to servers that ask for one; it goes to the token endpoint too (RFC 8705).
    pub identity: Option<Identity>,
    /// How many connections are kept open for later requests.
    pub connections: usize,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(30),
            total: Duration::from_secs(60),
            // With sixteen in flight, and JSON that takes many times its text: more would let a server exhaust memory.
            longest_body: 16_000_000,
            certificates: Vec::new(),
            credentials: Credentials::none(),
            identity: None,
            connections: 16,
        }
    }
}

/// The network, for one base URL: requests to any other origin are refused.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    /// The root of the origin, without credentials.
    root: Option<Url>,
    origin: String,
    options: ClientOptions,
    started: Instant,
}

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The certificates of `--ca` cannot be read.
    #[error("the certificates cannot be read: {0}")]
    Certificates(String),
    /// The certificate of `--client-cert` cannot be used.
    #[error("the client certificate cannot be used: {0}")]
    Identity(String),
    /// Something else, TLS set-up for example.
    #[error("HTTP cannot be set up: {0}")]
    Setup(String),
}

impl Client {
    /// A client for a base URL. `started` is the zero of every exchange's `started_us`.
    ///
    /// # Errors
    /// Where certificates cannot be read or TLS cannot be set up.
    pub fn new(base: &Url, options: ClientOptions, started: Instant) -> Result<Self, ClientError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("fhir-assay/", env!("CARGO_PKG_VERSION")))
            // A redirect is an answer to be judged, and could carry credentials elsewhere.
            .redirect(Policy::none())
            .referer(false)
            // Retries are ours: these would be seen by no pace, and told in no report.
            .retry(reqwest::retry::never())
            .connect_timeout(options.connect)
            .pool_max_idle_per_host(options.connections)
            .tcp_nodelay(true);
        if base.scheme() == "http" {
            // Reading the system's roots costs more than everything else at start-up; without TLS nobody needs them.
            builder = builder.tls_certs_only([]);
        } else if !options.certificates.is_empty() {
            let certificates = reqwest::Certificate::from_pem_bundle(&options.certificates)
                .map_err(|error| ClientError::Certificates(deepest(&error)))?;
            if certificates.is_empty() {
                return Err(ClientError::Certificates(
                    "there is no `BEGIN CERTIFICATE` in the file".into(),
                ));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        if let Some(identity) = options.identity.as_ref().filter(|_| base.scheme() == "https") {
            let identity = identity
                .for_tls()
                .map_err(|error| ClientError::Identity(deepest(&error)))?;
            builder = builder.identity(identity);
        }
        if is_loopback(base) {
            builder = builder.no_proxy();
        }
        let origin = base.origin().ascii_serialization();
        let setup = |error: reqwest::Error| match options.identity {
            // What a certificate and a key that belong to different people come to.
            Some(_) if deepest(&error).contains("KeyMismatch") => {
                ClientError::Identity("the key is not the key of the certificate".into())
            }
            _ => ClientError::Setup(deepest(&error)),
        };
        Ok(Self {
            http: builder.build().map_err(setup)?,
            root: Url::parse(&origin).ok(),
            origin,
            options,
            started,
        })
    }

    async fn exchange(&self, request: &Request) -> Result<Exchange, TransportError> {
        let url = self.url(&request.url)?;
        let prepared = self.prepare(request, url)?;
        let begin = Instant::now();
        let sent = tokio::time::timeout(self.options.first_byte, self.http.execute(prepared)).await;
        let mut response = match sent {
            Err(_) => return Err(TransportError::Silent(self.options.first_byte)),
            Ok(Err(error)) => return Err(unanswered(&error, &self.origin, &self.options)),
            Ok(Ok(response)) => response,
        };
        let first_byte = begin.elapsed();
        let status = response.status().as_u16();
        let version = format!("{:?}", response.version());
        let headers = self.received(response.headers());
        let body = self
            .read(&mut response, self.options.total.saturating_sub(first_byte))
            .await?;
        let total = begin.elapsed();
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Ok(Exchange {
            request: self.as_sent(request),
            response: Response {
                status,
                version,
                headers,
                body: Body::new(body),
            },
            timing: Timing {
                started_us: micros(begin.duration_since(self.started)),
                first_byte_us: micros(first_byte),
                total_us: micros(total),
                attempts: 1,
            },
        })
    }

    /// The URL of a request, which has to be of the origin of the base.
    fn url(&self, text: &str) -> Result<Url, TransportError> {
        let malformed = |error: url::ParseError| TransportError::Malformed(format!("{text}: {error}"));
        // Most begin with the origin as it is. What follows is a plain path then, and no host has to be read again.
        if let (Some(root), Some(path)) = (&self.root, text.strip_prefix(&self.origin))
            && is_plain_path(path)
        {
            return root.join(path).map_err(malformed);
        }
        let url = Url::parse(text).map_err(malformed)?;
        if url.origin().ascii_serialization() != self.origin {
            return Err(TransportError::OtherOrigin {
                url: text.to_owned(),
                origin: self.origin.clone(),
            });
        }
        Ok(url)
    }

    fn prepare(&self, request: &Request, url: Url) -> Result<reqwest::Request, TransportError> {
        let method = reqwest::Method::from_bytes(request.method.as_bytes())
            .map_err(|_| TransportError::Malformed(format!("`{}` is no method", request.method)))?;
        let mut prepared = reqwest::Request::new(method, url);
        let own = request.headers.iter();
        let credentials = self.options.credentials.headers().iter();
        // A step that sets a header itself wins: `Authorization: ~` or a wrong token are what it wants to test.
        let credentials = credentials
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| request.headers.get(name).is_none());
        for (name, value) in own.chain(credentials).filter(|(_, value)| !value.is_empty()) {
            let name = reqwest::header::HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| TransportError::Malformed(format!("`{name}` is no header name")))?;
            let value = reqwest::header::HeaderValue::from_str(value).map_err(|_| {
                TransportError::Malformed(format!("the value of {name} holds a character that no header may hold"))
            })?;
            prepared.headers_mut().append(name, value);
        }
        if let Body::Whole(bytes) = &request.body {
            *prepared.body_mut() = Some(bytes.clone().into());
        }
        Ok(prepared)
    }

    /// The request as it is kept: with the credentials that went along, masked.
    fn as_sent(&self, request: &Request) -> Request {
        let mut sent = request.clone();
        for (name, value) in self.options.credentials.headers() {
            if request.headers.get(name).is_none() {
                sent.headers.push(name, value);
            }
        }
        sent.headers.retain(|_, value| !value.is_empty());
        redact::redact(&mut sent.headers, self.options.credentials.secret_headers());
        sent
    }

    fn received(&self, headers: &reqwest::header::HeaderMap) -> Headers {
        let lines = headers.iter().map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            let masked = self.options.credentials.secrets().masked(&text);
            (name.as_str(), masked.map_or(text, Cow::Owned))
        });
        let mut received: Headers = lines.collect();
        redact::redact(&mut received, self.options.credentials.secret_headers());
        received
    }

    async fn read(&self, response: &mut reqwest::Response, remaining: Duration) -> Result<Bytes, TransportError> {
        let mut received = 0_u64;
        let mut first: Option<Bytes> = None;
        let mut rest = BytesMut::new();
        let reading = async {
            while let Some(chunk) = response.chunk().await? {
                received += chunk.len() as u64;
                if received > self.options.longest_body {
                    return Ok(true);
                }
                // One chunk is the rule, and is kept without a copy.
                match &first {
                    None => first = Some(chunk),
                    Some(start) => {
                        if rest.is_empty() {
                            rest.extend_from_slice(start);
                        }
                        rest.extend_from_slice(&chunk);
                    }
                }
            }
            Ok::<bool, reqwest::Error>(false)
        };
        match tokio::time::timeout(remaining, reading).await {
            Err(_) => Err(TransportError::Unfinished {
                limit: self.options.total,
                received,
            }),
            Ok(Err(error)) => Err(TransportError::BrokenOff {
                received,
                cause: deepest(&error),
            }),
            Ok(Ok(true)) => Err(TransportError::TooLong {
                limit: self.options.longest_body,
            }),
            Ok(Ok(false)) => {
                let body = if rest.is_empty() {
                    first.unwrap_or_default()
                } else {
                    rest.freeze()
                };
                let masked = self.options.credentials.secrets().masked_bytes(&body);
                Ok(masked.map_or(body, Bytes::from))
            }
        }
    }

    /// What goes along with every request.
    #[must_use]
    pub const fn credentials(&self) -> &Credentials {
        &self.options.credentials
    }

    /// The transport to the origin of another URL, with the same limits and without these credentials.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn without_credentials(&self, url: &Url) -> Result<Box<dyn Transport>, ClientError> {
        let options = ClientOptions {
            credentials: Credentials::none(),
            // A token is short.
            longest_body: 1_000_000,
            connections: 1,
            ..self.options.clone()
        };
        Ok(Box::new(Self::new(url, options, self.started)?))
    }

    /// Scheme, host and port of the base URL.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// A client for the origin of another URL, which is shown nothing of who we are.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub(super) fn stranger_at(&self, url: &Url) -> Result<Self, ClientError> {
        let options = ClientOptions {
            credentials: Credentials::none(),
            identity: None,
            ..self.options.clone()
        };
        Self::new(url, options, self.started)
    }
}

impl Transport for Client {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        match self.options.credentials.tokens() {
            None => self.exchange(request).boxed_local(),
            Some(tokens) => async move {
                let reach = |url: &Url| self.without_credentials(url);
                tokens
                    .perform(request, &reach, async |request| self.exchange(request).await)
                    .await
            }
            .boxed_local(),
        }
    }
}

/// Whether a URL leads to this machine and no further.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    url.host().is_some_and(|host| match host {
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
        url::Host::Domain(name) => name == "localhost",
    })
}

/// Whether a text can be nothing but a path with a query or fragment: it begins with one slash and names no host.
fn is_plain_path(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next() == Some(b'/')
        && bytes.next() != Some(b'/')
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn client(base: &str) -> Client {
        let base = Url::parse(base).expect("the base is a URL");
        Client::new(&base, ClientOptions::default(), Instant::now()).expect("HTTP can be set up")
    }

    /// What a text is as a URL, read without any short cut.
    fn read(client: &Client, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        (url.origin().ascii_serialization() == client.origin).then_some(url)
    }

    #[test]
    fn a_url_of_the_origin_is_read_as_any_other() {
        let client = client("http://user:secret@127.0.0.1:8080/fhir");
        for text in [
            "http://127.0.0.1:8080/fhir/Patient/a%2Fb?x=1&y=|#z",
            "http://127.0.0.1:8080/fhir/../a/./b",
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080?x",
            "http://127.0.0.1:8080//other/x",
            "http://127.0.0.1:8080/\\other",
            "http://127.0.0.1:8080/\t/other",
            "http://127.0.0.1:80801/",
            "http://127.0.0.1:8080.other/",
            "http://127.0.0.1:8080@other/",
            "HTTP://127.0.0.1:8080/x",
            "https://127.0.0.1:8080/x",
            "Patient/1",
        ] {
            assert_eq!(client.url(text).ok(), read(&client, text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn so_it_is_whatever_follows(rest in "[/?#:@.%a-b2F |\\\\\t\u{e9}\\[\\]{}-]{0,24}") {
            let client = client("http://localhost/fhir");
            let text = format!("http://localhost{rest}");
            prop_assert_eq!(client.url(&text).ok(), read(&client, &text));
        }
    }
}
