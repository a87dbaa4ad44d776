//! A request after its outer shape was checked.

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::negotiate::{Offer, Prefer, check_charset};
use super::query::Pairs;
use super::reply::Refusal;
use super::{BASE_PATH, Shared};
use crate::fhir::media_type::{FHIR_JSON, MediaType};
use crate::fhir::xml;

/// What handlers act on.
#[derive(Debug)]
pub(super) struct Incoming {
    pub method: Method,
    /// The parameters of the URL, and of the form of a search by POST.
    pub query: Pairs,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// `[base]` as this client writes it, without a slash at the end.
    pub base: String,
    pub prefer: Prefer,
}

/// `[base]` by the host that the client named, so that links lead back the way it came.
pub(super) fn base(parts: &Parts, shared: &Shared) -> String {
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let named = host
        .and_then(|host| host.parse::<Authority>().ok())
        .or_else(|| parts.uri.authority().cloned());
    match named.filter(|authority| !authority.as_str().contains('@') && !authority.host().is_empty()) {
        Some(authority) => format!("http://{authority}{BASE_PATH}"),
        None => format!("http://{}{BASE_PATH}", shared.authority),
    }
}

/// Reads a body up to a limit; 413 beyond it.
///
/// What is too much is read on for a while and thrown away: a client that is still writing would not see the answer.
pub(super) async fn read_body(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Refusal> {
    const PATIENCE: usize = 8;
    let too_large = || {
        let reason = format!("a body has {limit} bytes at most");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too-long", reason)
    };
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit.saturating_mul(PATIENCE)) {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(announced.unwrap_or_default().min(limit));
    let mut seen = 0_usize;
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| Refusal::invalid(format!("the body ended early: {error}")))?;
        seen = seen.saturating_add(chunk.len());
        if seen <= limit {
            bytes.extend_from_slice(&chunk);
        } else if seen > limit.saturating_mul(PATIENCE) {
            break;
        }
    }
    if seen > limit {
        Err(too_large())
    } else {
        Ok(bytes.into())
    }
}

/// A body in XML as the JSON that it means, under the label of that; others as they are. 400 for what is no XML of FHIR,
/// 415 for a format that the server does not have.
pub(super) fn in_json(headers: &HeaderMap, body: Bytes, offer: Offer) -> Result<(HeaderMap, Bytes), Refusal> {
    let mut headers = headers.clone();
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(sent) = sent
        .and_then(MediaType::parse)
        .filter(|sent| sent.is_json() || sent.is_xml())
    else {
        return Ok((headers, body));
    };
    if !offer.has(sent.essence()) {
        let reason = format!("a body of type `{sent}` is not understood");
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not-supported",
            reason,
        ));
    }
    if sent.is_json() {
        return Ok((headers, body));
    }
    check_charset(&sent)?;
    let label = match sent.parameter("fhirVersion") {
        Some(version) => format!("{FHIR_JSON};fhirVersion={version}"),
        None => FHIR_JSON.to_owned(),
    };
    let label = HeaderValue::from_str(&label).unwrap_or(HeaderValue::from_static(FHIR_JSON));
    headers.insert(CONTENT_TYPE, label);
    if body.is_empty() {
        return Ok((headers, body));
    }
    let wrong = |why: String| {
        let reason = format!("the body is no XML of FHIR: {why}");
        Refusal::new(StatusCode::BAD_REQUEST, "structure", reason)
    };
    let text = str::from_utf8(&body)
        .map_err(|error| wrong(format!("it is not UTF-8, from byte {} on", error.valid_up_to())))?;
    let read = xml::read(text, offer.release).map_err(|fault| wrong(fault.to_string()))?;
    match read.faults.first() {
        Some(fault) => Err(wrong(fault.to_string())),
        None => Ok((headers, read.value.to_string().into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Options;

    #[test]
    fn links_name_the_host_that_the_client_named() {
        let shared = Shared::new(Options::default(), "127.0.0.1:9".parse().unwrap());
        for (host, expected) in [
            (Some("localhost:81"), "http://localhost:81/fhir"),
            (Some("fhir.example"), "http://fhir.example/fhir"),
            (Some("a b"), "http://127.0.0.1:9/fhir"),
            (Some("me@evil"), "http://127.0.0.1:9/fhir"),
            (None, "http://127.0.0.1:9/fhir"),
        ] {
            let mut request = http::Request::builder();
            if let Some(host) = host {
                request = request.header(HOST, host);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(base(&parts, &shared), expected, "{host:?}");
        }
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_refused() {
        for (length, refused) in [(9, false), (10, false), (11, true), (1000, true)] {
            let read = read_body(&HeaderMap::new(), Body::from(vec![b'x'; length]), 10).await;
            assert_eq!(read.is_err(), refused, "{length}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, "81".parse().unwrap());
        assert_eq!(read_body(&headers, Body::empty(), 10).await.unwrap_err().status, 413);
    }
}
