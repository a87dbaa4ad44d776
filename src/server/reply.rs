//! Answers: what was done, or why it was refused, and how either is written as HTTP.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

use super::negotiate::Format;
use super::store::Version;
use crate::fhir::time::format_http_date;
use crate::fhir::{OperationOutcome, Severity};

/// An answer before it is written.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Option<Arc<Value>>,
    /// When the version was made that this is about: HTTP's dates have whole seconds only.
    pub modified: Option<Timestamp>,
}

impl Reply {
    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: None,
            modified: None,
        }
    }

    /// An answer with a resource.
    pub fn resource(status: StatusCode, body: impl Into<Arc<Value>>) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Some(body.into()),
            modified: None,
        }
    }

    /// Adds a header; a value that HTTP cannot hold is left out.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Adds the ETag and Last-Modified of a version (`http.html#versioning`).
    pub fn version(mut self, version: &Version) -> Self {
        self.modified = Some(version.at);
        version_headers(version)
            .into_iter()
            .fold(self, |reply, (name, value)| reply.header(name, &value))
    }

    /// Writes the answer. `head` leaves the body out, but not its headers (`http.html#head`).
    pub fn write(self, format: &Format, head: bool) -> Response {
        let bytes = match self.body.map(|value| format.write(&value)).transpose() {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(error) => {
                // What is stored may hold what only JSON can say, such as narrative that is no XML.
                let refusal = Refusal::new(StatusCode::NOT_ACCEPTABLE, "not-supported", error.to_string());
                return refusal.into_reply().write(&Format::default(), head);
            }
        };
        let mut headers = self.headers;
        if !bytes.is_empty() {
            headers.insert(CONTENT_TYPE, format.content_type());
        }
        // 204 and 304 have no body, so nothing is said about its length.
        if !matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        }
        let mut response = Response::new(if head { Body::empty() } else { Body::from(bytes) });
        *response.status_mut() = self.status;
        *response.headers_mut() = headers;
        response
    }
}

/// A request that was not done: it always becomes an OperationOutcome (`http.html#Status-Codes`).
#[derive(Debug)]
pub(super) struct Refusal {
    pub status: StatusCode,
    code: &'static str,
    diagnostics: String,
    headers: Vec<(HeaderName, String)>,
}

impl Refusal {
    /// A refusal with its status, its code of the value set issue-type, and the reason for people.
    pub fn new(status: StatusCode, code: &'static str, diagnostics: impl Into<String>) -> Self {
        Self {
            status,
            code,
            diagnostics: diagnostics.into(),
            headers: Vec::new(),
        }
    }

    /// 400: what was sent is wrong.
    pub fn invalid(diagnostics: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", diagnostics)
    }

    /// 404: there is no such thing.
    pub fn not_found(diagnostics: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", diagnostics)
    }

    /// 404: this server has no such thing at all.
    pub fn unknown(diagnostics: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-supported", diagnostics)
    }

    /// 410, with the ETag of the deletion so that the resource can be brought back under If-Match.
    pub fn deleted(version: &Version, name: &str) -> Self {
        let mut refusal = Self::new(StatusCode::GONE, "deleted", format!("{name} was deleted"));
        refusal.headers.extend(version_headers(version));
        refusal
    }

    /// 405, with the methods that would do.
    pub fn method(allow: &str, diagnostics: impl Into<String>) -> Self {
        let mut refusal = Self::new(StatusCode::METHOD_NOT_ALLOWED, "not-supported", diagnostics);
        refusal.headers.push((ALLOW, allow.to_owned()));
        refusal
    }

    /// The same, with what it is about in front of the reason.
    pub fn within(mut self, what: &str) -> Self {
        self.diagnostics = format!("{what}: {}", self.diagnostics);
        self
    }

    /// The refusal of a whole Bundle for the sake of one entry. What the headers say is of the entry's URL only, and so
    /// are 405 and 410.
    pub fn of_entry(mut self, which: &str) -> Self {
        self.headers.clear();
        self.status = match self.status {
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => StatusCode::BAD_REQUEST,
            StatusCode::GONE => StatusCode::NOT_FOUND,
            other => other,
        };
        self.within(which)
    }

    /// The same with another header.
    pub fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same under another status.
    pub fn under(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The answer.
    pub fn into_reply(self) -> Reply {
        // What is told may quote the request, but XML has no control characters.
        let is_told = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\t');
        let diagnostics: String = self
            .diagnostics
            .chars()
            .map(|letter| if is_told(letter) { letter } else { '\u{FFFD}' })
            .collect();
        let outcome = OperationOutcome::of(Severity::Error, self.code, diagnostics);
        let reply = Reply::resource(self.status, outcome.to_value());
        self.headers
            .into_iter()
            .fold(reply, |reply, (name, value)| reply.header(name, &value))
    }
}

fn version_headers(version: &Version) -> [(HeaderName, String); 2] {
    [(ETAG, version.etag()), (LAST_MODIFIED, format_http_date(version.at))]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fhir::FhirVersion;
    use crate::server::negotiate::Offer;
    use crate::server::rewrite::Switches;

    #[test]
    fn a_refusal_tells_its_reason_and_the_way_out() {
        let reply = Refusal::method("GET, HEAD", "no POST here").into_reply();
        assert_eq!(reply.status, 405);
        assert_eq!(reply.headers[ALLOW], "GET, HEAD");
        assert_eq!(
            *reply.body.unwrap(),
            json!({ "resourceType": "OperationOutcome", "issue": [
                { "severity": "error", "code": "not-supported", "diagnostics": "no POST here" }
            ] })
        );
    }

    #[test]
    fn what_xml_cannot_hold_is_refused_in_json() {
        let offer = Offer::of(FhirVersion::R4, Switches::default());
        let query = [("_format".to_owned(), "xml".to_owned())];
        let format = Format::choose(&HeaderMap::new(), &query, offer).unwrap();
        let narrative = json!({ "resourceType": "Patient", "text": { "status": "empty", "div": "<div>" } });
        let response = Reply::resource(StatusCode::OK, narrative).write(&format, false);
        assert_eq!(response.status(), 406);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/fhir+json;charset=utf-8");
        let response = Refusal::invalid("a\u{0}b").into_reply().write(&format, false);
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/fhir+xml;charset=utf-8");
    }

    #[test]
    fn head_keeps_the_length_of_the_body() {
        let reply = || Reply::resource(StatusCode::OK, json!({ "a": 1 }));
        let (get, head) = (
            reply().write(&Format::default(), false),
            reply().write(&Format::default(), true),
        );
        assert_eq!(get.headers(), head.headers());
        assert_eq!(head.headers()[CONTENT_LENGTH], "7");
        assert!(
            !Reply::empty(StatusCode::NO_CONTENT)
                .write(&Format::default(), false)
                .headers()
                .contains_key(CONTENT_LENGTH)
        );
    }
}
