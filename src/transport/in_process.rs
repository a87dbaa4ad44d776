//! Exchanges with a server inside this process: a service is called where a socket would be written to.
//!
//! What HTTP libraries do on both sides is done here too, as far as a judge sees it: Host, Accept, Date, and unpacking.

use std::io::Read;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body as Stream, to_bytes};
use flate2::read::GzDecoder;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tower_service::Service;
use url::Url;

use super::{Transport, TransportError};
use crate::exchange::{Body, Exchange, Headers, Request, Response, Timing};

/// A service in the place of the network.
#[derive(Clone, Debug)]
pub struct InProcess {
    service: Router,
    origin: String,
    /// The authority of another origin of the service, and that origin.
    also: Option<(String, String)>,
    defaults: Vec<(&'static str, String)>,
    started: Instant,
}

impl InProcess {
    /// Calls `service` for every URL that has the origin of `base`. `authorization` goes along with requests that do not
    /// set that header themselves.
    #[must_use]
    pub fn new(service: Router, base: &Url, authorization: Option<String>) -> Self {
        let mut defaults = vec![
            ("host", base.authority().to_owned()),
            ("accept", "*/*".to_owned()),
            ("accept-encoding", "gzip".to_owned()),
        ];
        defaults.extend(authorization.map(|value| ("authorization", value)));
        Self {
            service,
            origin: base.origin().ascii_serialization(),
            also: None,
            defaults,
            started: Instant::now(),
        }
    }

    /// Calls the service for URLs of the origin of `other` too, without the authorization.
    #[must_use]
    pub fn also(self, other: &Url) -> Self {
        Self {
            also: Some((other.authority().to_owned(), other.origin().ascii_serialization())),
            ..self
        }
    }

    fn prepare(&self, request: &Request) -> Result<http::Request<Stream>, TransportError> {
        let malformed = |error: &dyn std::fmt::Display| TransportError::Malformed(format!("{}: {error}", request.url));
        let url = Url::parse(&request.url).map_err(|error| malformed(&error))?;
        let origin = url.origin().ascii_serialization();
        let other = self.also.as_ref().filter(|(_, other)| *other == origin);
        if origin != self.origin && other.is_none() {
            return Err(TransportError::OtherOrigin {
                url: request.url.clone(),
                origin: self.origin.clone(),
            });
        }
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let mut prepared = http::Request::builder().method(request.method.as_str()).uri(target);
        let defaults = self.defaults.iter().map(|(name, value)| (*name, value.as_str()));
        let defaults = defaults.filter(|(name, _)| request.headers.get(name).is_none());
        let defaults = defaults.filter_map(|(name, value)| match (name, other) {
            ("host", Some((authority, _))) => Some((name, authority.as_str())),
            ("authorization", Some(_)) => None,
            _ => Some((name, value)),
        });
        // A header with an empty value is one that is not sent.
        for (name, value) in request
            .headers
            .iter()
            .chain(defaults)
            .filter(|(_, value)| !value.is_empty())
        {
            prepared = prepared.header(name, value);
        }
        let body = match &request.body {
            Body::Whole(bytes) => {
                prepared = prepared.header("content-length", bytes.len());
                Stream::from(bytes.clone())
            }
            _ => Stream::empty(),
        };
        prepared.body(body).map_err(|error| malformed(&error))
    }

    async fn exchange(&self, request: &Request) -> Result<Exchange, TransportError> {
        let prepared = self.prepare(request)?;
        let begin = Instant::now();
        let mut service = self.service.clone();
        let Ok(answered) = service.call(prepared).await;
        let (mut parts, body) = answered.into_parts();
        let bytes = to_bytes(body, usize::MAX)
            .await
            .map_err(|error| TransportError::BrokenOff {
                received: 0,
                cause: error.to_string(),
            })?;
        let mut bytes = bytes;
        if parts
            .headers
            .get("content-encoding")
            .is_some_and(|coding| coding == "gzip")
            && !bytes.is_empty()
        {
            let mut plain = Vec::new();
            GzDecoder::new(&bytes[..])
                .read_to_end(&mut plain)
                .map_err(|error| TransportError::BrokenOff {
                    received: bytes.len() as u64,
                    cause: error.to_string(),
                })?;
            bytes = plain.into();
            parts.headers.remove("content-encoding");
            parts.headers.remove("content-length");
        }
        let mut headers: Headers = parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
            .collect();
        if headers.get("date").is_none() {
            headers.push("date", httpdate::fmt_http_date(std::time::SystemTime::now()));
        }
        let elapsed = micros(begin.elapsed());
        let mut sent = request.clone();
        sent.headers = sent.headers.iter().filter(|(_, value)| !value.is_empty()).collect();
        Ok(Exchange {
            request: sent,
            response: Response {
                status: parts.status.as_u16(),
                version: "HTTP/1.1".to_owned(),
                headers,
                body: Body::new(bytes),
            },
            timing: Timing {
                started_us: micros(begin.duration_since(self.started)),
                first_byte_us: elapsed,
                total_us: elapsed,
                attempts: 1,
            },
        })
    }
}

impl Transport for InProcess {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        self.exchange(request).boxed_local()
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use axum::routing::any;

    use super::*;

    fn transport() -> InProcess {
        let service = Router::new().fallback(any(|request: axum::extract::Request| async move {
            let seen = ["host", "accept", "authorization"].map(|name| {
                let value = request.headers().get(name);
                value.map_or("-", |value| value.to_str().unwrap()).to_owned()
            });
            format!("{} {} {}", request.method(), request.uri(), seen.join(" "))
        }));
        let base = "http://fhir.example:81/fhir".parse().unwrap();
        InProcess::new(service, &base, Some("Bearer t".into()))
    }

    fn request(url: &str, headers: &[(&str, &str)]) -> Request {
        Request {
            method: "GET".into(),
            url: url.into(),
            headers: headers.iter().copied().collect(),
            body: Body::Empty,
        }
    }

    #[tokio::test]
    async fn a_request_arrives_as_it_would_over_a_socket() {
        for (headers, expected) in [
            (vec![], "GET /fhir/Patient?a=%20b fhir.example:81 */* Bearer t"),
            (
                vec![("Accept", "x/y"), ("Authorization", "")],
                "GET /fhir/Patient?a=%20b fhir.example:81 x/y -",
            ),
        ] {
            let request = request("http://fhir.example:81/fhir/Patient?a= b", &headers);
            let exchange = transport().perform(&request).await.unwrap();
            let Body::Whole(bytes) = exchange.response.body else {
                panic!("the body is whole");
            };
            assert_eq!(str::from_utf8(&bytes).unwrap(), expected);
            assert!(exchange.response.headers.get("date").is_some());
        }
    }

    #[tokio::test]
    async fn other_origins_are_refused_here_too() {
        let request = request("http://elsewhere.example/fhir", &[]);
        let refused = transport().perform(&request).await;
        assert!(matches!(refused, Err(TransportError::OtherOrigin { .. })));
        let transport = transport().also(&"http://elsewhere.example/fhir".parse().unwrap());
        let exchange = transport.perform(&request).await.unwrap();
        let body = exchange.response.body.bytes();
        assert_eq!(str::from_utf8(body).unwrap(), "GET /fhir elsewhere.example */* -");
    }
}
