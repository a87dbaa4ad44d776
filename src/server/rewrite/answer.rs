//! An answer as rewrites see it.

use std::convert::Infallible;

use axum::body::{Body, Bytes, to_bytes};
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::Asked;
use crate::fhir::media_type::FHIR_JSON;
use crate::fhir::{FhirVersion, Interaction, OperationOutcome, Severity, xml};
use crate::server::negotiate::Format;

/// An answer as it is about to leave.
#[derive(Clone, Debug)]
pub(in crate::server) struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// What is sent after them.
    pub body: Bytes,
    /// Whether the length is not told before, so that the body comes in chunks.
    pub chunked: bool,
    length: usize,
    /// The release whose XML the body is.
    xml: Option<FhirVersion>,
}

impl Answer {
    /// Without headers and body.
    pub fn empty(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            chunked: false,
            length: 0,
            xml: None,
        }
    }

    /// With an OperationOutcome of one error.
    pub fn refusal(status: u16, code: &'static str, text: &str) -> Self {
        let outcome = OperationOutcome::of(Severity::Error, code, text.to_owned());
        Self::resource(status, &outcome.to_value())
    }

    /// With a resource.
    pub fn resource(status: u16, body: &Value) -> Self {
        let mut answer = Self::empty(status);
        answer.set("content-type", FHIR_JSON);
        answer.set_json(body);
        answer
    }

    /// The same in the format that was asked for, where that is known.
    pub fn in_format(mut self, format: Option<Format>) -> Self {
        if let Some(format) = format.filter(Format::is_xml)
            && let Some(body) = self.json()
            && let Ok(written) = format.write(&body)
        {
            self.body = written.into();
            self.headers.insert(CONTENT_TYPE, format.content_type());
        }
        self
    }

    /// Takes in the server's answer.
    pub async fn read(response: Response, release: FhirVersion) -> Self {
        let (parts, body) = response.into_parts();
        // The server's own bodies are whole already, so that reading them cannot fail.
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        Self {
            status: parts.status,
            headers: parts.headers,
            xml: body.starts_with(b"<?xml").then_some(release),
            length: body.len(),
            chunked: false,
            body,
        }
    }

    /// Writes it. The length is told anew where the body was changed.
    pub fn into_response(mut self) -> Response {
        if self.body.len() != self.length {
            self.headers.insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        }
        let body = if self.chunked && !self.body.is_empty() {
            self.headers.remove(CONTENT_LENGTH);
            Body::from_stream(futures_util::stream::iter([Ok::<_, Infallible>(self.body)]))
        } else {
            Body::from(self.body)
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// Makes it another status; one that is none is left out.
    pub fn set_status(&mut self, status: u16) {
        self.status = StatusCode::from_u16(status).unwrap_or(self.status);
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Sets a header; one that HTTP cannot hold is left as it is.
    pub fn set(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
    }

    /// Takes a header away.
    pub fn remove(&mut self, name: &str) {
        self.headers.remove(name);
    }

    /// Rewrites the text of a header where there is one.
    pub fn change(&mut self, name: &'static str, change: impl FnOnce(&str) -> String) {
        if let Some(text) = self.header(name).map(change) {
            self.set(name, &text);
        }
    }

    /// Whether its label says that it is XML.
    pub fn is_labelled_xml(&self) -> bool {
        self.header("content-type").is_some_and(|text| text.contains("xml"))
    }

    /// The body, where it is a JSON object, or the one that its XML means.
    pub fn json(&self) -> Option<Value> {
        match self.xml {
            Some(release) => Some(xml::read(str::from_utf8(&self.body).ok()?, release).ok()?.value),
            None => serde_json::from_slice(&self.body).ok().filter(Value::is_object),
        }
    }

    /// Puts another body in, in the format of the one before where that can hold it.
    pub fn set_json(&mut self, body: &Value) {
        let written = self.xml.and_then(|release| xml::write(body, release, false).ok());
        self.body = written.unwrap_or_else(|| body.to_string()).into();
    }

    /// Writes the body for people, where it is a resource.
    pub fn make_pretty(&mut self) {
        let Some(body) = self.json() else { return };
        let text = match self.xml {
            Some(release) => xml::write(&body, release, true).ok(),
            None => serde_json::to_string_pretty(&body).ok(),
        };
        if let Some(text) = text {
            self.body = format!("{text}\n").into();
        }
    }

    /// Changes the body where it is a resource.
    pub fn edit(&mut self, change: impl FnOnce(&mut Value)) {
        if let Some(mut body) = self.json() {
            change(&mut body);
            self.set_json(&body);
        }
    }

    /// Changes the body where it is a resource of that type.
    pub fn edit_resource(&mut self, resource_type: &str, change: impl FnOnce(&mut Value)) {
        if let Some(mut body) = self.json().filter(|body| body["resourceType"] == resource_type) {
            change(&mut body);
            self.set_json(&body);
        }
    }

    /// Changes what a CapabilityStatement claims of each type.
    pub fn edit_claims(&mut self, asked: &Asked, change: impl Fn(&mut Value)) {
        if asked.is(Interaction::Capabilities) {
            self.edit_resource("CapabilityStatement", |body| {
                let resources = body.pointer_mut("/rest/0/resource").and_then(Value::as_array_mut);
                resources.into_iter().flatten().for_each(change);
            });
        }
    }

    /// Leaves the body out, and what was said about it.
    pub fn clear(&mut self) {
        self.body = Bytes::new();
        self.headers.remove(CONTENT_TYPE);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn the_length_is_that_of_the_changed_body() {
        let mut answer = Answer::resource(200, &json!({ "resourceType": "Patient" }));
        answer.edit_resource("Bundle", |_| panic!("it is none"));
        answer.edit(|body| body["id"] = json!("a"));
        let response = answer.into_response();
        assert_eq!(response.headers()[CONTENT_LENGTH], "35");
        let mut again = Answer::read(response, FhirVersion::R4).await;
        assert_eq!(again.json(), Some(json!({ "resourceType": "Patient", "id": "a" })));
        again.change("content-type", |text| text.replace("fhir+", ""));
        assert_eq!(again.header("content-type"), Some("application/json"));
        again.clear();
        assert_eq!(again.into_response().headers()[CONTENT_LENGTH], "0");
    }
}
