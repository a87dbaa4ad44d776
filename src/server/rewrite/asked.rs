//! A request as rewrites see it.

use std::borrow::Cow;

use axum::body::{Body, Bytes};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::fhir::media_type::FHIR_JSON;
use crate::fhir::{FhirVersion, Interaction, MediaType, xml};
use crate::server::BASE_PATH;
use crate::server::query::{self, Pairs};

/// A request with its whole body.
#[derive(Clone, Debug)]
pub(in crate::server) struct Asked {
    parts: Parts,
    /// What was sent after the headers.
    pub body: Bytes,
    /// How many requests came before it.
    pub number: u64,
    release: FhirVersion,
}

impl Asked {
    /// A request whose body has been read.
    pub const fn new(parts: Parts, body: Bytes, number: u64, release: FhirVersion) -> Self {
        Self {
            parts,
            body,
            number,
            release,
        }
    }

    /// The request as the server takes it in.
    pub fn into_request(self) -> Request<Body> {
        Request::from_parts(self.parts, Body::from(self.body))
    }

    /// The method.
    pub const fn method(&self) -> &Method {
        &self.parts.method
    }

    /// Makes it another method.
    pub fn set_method(&mut self, method: Method) {
        self.parts.method = method;
    }

    /// The whole path, as it was sent.
    pub fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// Path and query, as they were sent.
    pub fn target(&self) -> &str {
        self.parts.uri.path_and_query().map_or("", |target| target.as_str())
    }

    /// The decoded segments below `[base]`; none where the path leads elsewhere.
    pub fn segments(&self) -> Vec<Cow<'_, str>> {
        // A variant may have more in front of the base.
        let below = self.path().split_once(BASE_PATH).map_or("", |(_, below)| below);
        let segments = below.split('/').filter(|segment| !segment.is_empty());
        segments
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
            .collect()
    }

    /// The interaction that a request of this method and path is, whether the server has it or not. Conditional ones
    /// count as what they do; a POST to `[base]` is a batch or a transaction, as its body says.
    pub fn interaction(&self) -> Option<Interaction> {
        let segments = self.segments();
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let method = match self.method() {
            method if *method == Method::HEAD => "GET",
            method => method.as_str(),
        };
        if segments.iter().any(|segment| segment.starts_with('$')) {
            return Some(Interaction::Operation);
        }
        Some(match (method, &segments[..]) {
            ("GET", ["metadata"]) => Interaction::Capabilities,
            ("GET", []) | ("POST" | "GET", ["_search"]) => Interaction::SearchSystem,
            ("GET", ["_history"]) => Interaction::HistorySystem,
            ("POST", []) => match self.json().as_ref().and_then(|body| body.get("type")?.as_str()) {
                Some("batch") => Interaction::Batch,
                _ => Interaction::Transaction,
            },
            ("POST", [_]) => Interaction::Create,
            ("GET", [_, "_history"]) => Interaction::HistoryType,
            ("GET", [_]) | ("POST", [.., "_search"]) | ("GET", [_, _, "*"]) => Interaction::SearchType,
            ("GET", [_, _, "_history"]) => Interaction::HistoryInstance,
            ("GET", [_, _, "_history", _]) => Interaction::Vread,
            ("GET", [_, _, _]) => Interaction::SearchType,
            ("GET", [_, _]) => Interaction::Read,
            ("PUT", [_] | [_, _]) => Interaction::Update,
            ("PATCH", [_] | [_, _]) => Interaction::Patch,
            ("DELETE", [_, _, "_history"]) => Interaction::DeleteHistory,
            ("DELETE", [_, _, "_history", _]) => Interaction::DeleteHistoryVersion,
            ("DELETE", _) => Interaction::Delete,
            _ => return None,
        })
    }

    /// Whether it is that interaction.
    pub fn is(&self, interaction: Interaction) -> bool {
        self.interaction() == Some(interaction)
    }

    /// Whether it is one of those interactions.
    pub fn is_any(&self, interactions: &[Interaction]) -> bool {
        self.interaction()
            .is_some_and(|interaction| interactions.contains(&interaction))
    }

    /// The resource type that the path names first, if any.
    pub fn resource_type(&self) -> Option<String> {
        let first = self.segments().first()?.to_string();
        first
            .starts_with(|letter: char| letter.is_ascii_uppercase())
            .then_some(first)
    }

    /// The logical id in the path.
    pub fn id(&self) -> Option<String> {
        let second = self.segments().get(1)?.to_string();
        (!second.starts_with(['_', '$'])).then_some(second)
    }

    /// The version id in the path.
    pub fn version_id(&self) -> Option<String> {
        let segments = self.segments();
        (segments.get(2)? == "_history").then(|| segments.get(3).map(ToString::to_string))?
    }

    /// Leads the request to another path and query; left alone where that is no URL.
    pub fn set_target(&mut self, target: &str) {
        if let Ok(uri) = target.parse::<Uri>() {
            self.parts.uri = uri;
        }
    }

    /// The parameters of the URL; none where they cannot be read.
    pub fn query(&self) -> Pairs {
        query::parse(self.parts.uri.query().unwrap_or_default()).unwrap_or_default()
    }

    /// The parameters of the URL and of the form of a search by POST.
    pub fn parameters(&self) -> Pairs {
        let mut all = self.query();
        if self.header("content-type").is_some_and(|text| text.contains("form")) {
            let form = str::from_utf8(&self.body).ok().and_then(|text| query::parse(text).ok());
            all.extend(form.unwrap_or_default());
        }
        all
    }

    /// The first value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters()
            .into_iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// Changes the parameters of the URL.
    pub fn change_query(&mut self, change: impl FnOnce(&mut Pairs)) {
        let mut pairs = self.query();
        change(&mut pairs);
        let path = self.path().to_owned();
        let target = if pairs.is_empty() {
            path
        } else {
            format!("{path}?{}", query::write(&pairs))
        };
        self.set_target(&target);
    }

    /// The headers.
    pub const fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// Sets a header; one that HTTP cannot hold is left as it is.
    pub fn set_header(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.parts.headers.insert(HeaderName::from_static(name), value);
        }
    }

    /// Takes a header away.
    pub fn remove_header(&mut self, name: &str) {
        self.parts.headers.remove(name);
    }

    fn is_xml(&self) -> bool {
        let sent = self.header("content-type").and_then(MediaType::parse);
        sent.is_some_and(|sent| sent.is_xml())
    }

    /// The body, where it is a JSON object, or the one that its XML means.
    pub fn json(&self) -> Option<Value> {
        if self.is_xml() {
            let text = str::from_utf8(&self.body).ok()?;
            return Some(xml::read(text, self.release).ok()?.value);
        }
        serde_json::from_slice(&self.body).ok().filter(Value::is_object)
    }

    /// Puts another body in, as JSON.
    pub fn set_json(&mut self, body: &Value) {
        if self.is_xml() {
            self.set_header("content-type", FHIR_JSON);
        }
        self.set_body(body.to_string().into_bytes());
    }

    /// Puts other bytes in.
    pub fn set_body(&mut self, body: Vec<u8>) {
        self.parts.headers.remove(http::header::CONTENT_LENGTH);
        self.body = body.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &str, target: &str, body: &'static str) -> Asked {
        let request = Request::builder().method(method).uri(target).body(()).unwrap();
        Asked::new(
            request.into_parts().0,
            Bytes::from_static(body.as_bytes()),
            0,
            FhirVersion::R4,
        )
    }

    #[test]
    fn requests_are_known_by_method_and_path() {
        for (method, target, body, code) in [
            ("GET", "/fhir/metadata", "", "capabilities"),
            ("HEAD", "/fhir/Patient/1", "", "read"),
            ("GET", "/fhir/Patient/1/_history/2", "", "vread"),
            ("GET", "/fhir/Patient/1/_history", "", "history-instance"),
            ("GET", "/fhir/Patient/_history", "", "history-type"),
            ("GET", "/fhir/_history", "", "history-system"),
            ("GET", "/fhir/Patient?name=x", "", "search-type"),
            ("GET", "/fhir/Patient/1/Observation", "", "search-type"),
            ("POST", "/fhir/Patient/_search", "", "search-type"),
            ("POST", "/fhir/_search", "", "search-system"),
            ("POST", "/fhir/Patient/", "", "create"),
            ("PUT", "/fhir/Patient?name=x", "", "update"),
            ("DELETE", "/fhir/Patient/1", "", "delete"),
            ("DELETE", "/fhir/Patient/1/_history", "", "delete-history"),
            ("DELETE", "/fhir/Patient/1/_history/2", "", "delete-history-version"),
            ("POST", "/fhir", r#"{"type":"batch"}"#, "batch"),
            ("POST", "/fhir/", r#"{"type":"transaction"}"#, "transaction"),
            ("POST", "/fhir/Patient/$validate", "", "operation"),
        ] {
            let found = asked(method, target, body).interaction().map(Interaction::code);
            assert_eq!(found, Some(code), "{method} {target}");
        }
        assert_eq!(asked("OPTIONS", "/fhir/Patient", "").interaction(), None);
    }

    #[test]
    fn paths_and_parameters_are_decoded() {
        let asked = asked("GET", "/fhir/Patient/a%2Db/_history/7?x=%20y&x=z", "");
        assert_eq!(asked.resource_type().as_deref(), Some("Patient"));
        assert_eq!(asked.id().as_deref(), Some("a-b"));
        assert_eq!(asked.version_id().as_deref(), Some("7"));
        assert_eq!(asked.parameter("x").as_deref(), Some(" y"));
    }

    #[test]
    fn a_changed_query_is_encoded_again() {
        let mut asked = asked("GET", "/fhir/Patient?a=1&b=%7C", "");
        asked.change_query(|pairs| pairs.retain(|(name, _)| name == "b"));
        assert_eq!(asked.parts.uri, "/fhir/Patient?b=%7C");
        asked.change_query(Vec::clear);
        assert_eq!(asked.parts.uri, "/fhir/Patient");
    }
}
