//! A response that is read once and then shared by all judges.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::json::Json;
use super::recent;
use crate::exchange::{Body, Exchange, Headers};
use crate::fhir::fhirpath::{FhirPathError, Subject};
use crate::fhir::media_type::{FHIR_TURTLE, FHIR_XML};
use crate::fhir::xml::{self, Fault, Xml};
use crate::fhir::{FhirVersion, MediaType};

/// A response, read: its text, its JSON, its media type. Of XML it is the JSON that it means.
#[derive(Debug)]
pub struct Reading<'a> {
    exchange: &'a Exchange,
    media_type: Option<MediaType>,
    json: Result<Arc<Json>, Unreadable>,
    faults: Option<Vec<Fault>>,
    subject: OnceLock<(FhirVersion, Result<Subject, FhirPathError>)>,
}

/// Why there is no JSON in a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There is no body.
    #[error("there is no body")]
    Empty,
    /// The body was too long to be kept.
    #[error("the body is longer than is kept: {0} bytes were read")]
    Cut(u64),
    /// The body lies in the journal.
    #[error("the body of {0} bytes is not at hand")]
    Elsewhere(u64),
    /// The bytes are not UTF-8.
    #[error("the body is not UTF-8, from byte {0} on")]
    NotUtf8(usize),
    /// The body is something else: XML, HTML, plain text.
    #[error("the body is {0}, not JSON")]
    Other(String),
    /// The text is no JSON.
    #[error("the body is no JSON: {0}")]
    NoJson(String),
    /// The text is no XML of FHIR.
    #[error("the body is no XML of FHIR: {0}")]
    NoXml(String),
}

impl<'a> Reading<'a> {
    /// Reads the response of an exchange with a server of a release. XML of DSTU2 is not read.
    #[must_use]
    pub fn new(exchange: &'a Exchange, release: FhirVersion) -> Self {
        let response = &exchange.response;
        let media_type = response.headers.get("content-type").and_then(MediaType::parse);
        let mut faults = None;
        let json = read(&response.body, media_type.as_ref()).or_else(|unreadable| {
            match xml_of(&response.body, media_type.as_ref(), release).filter(|_| unreadable.may_be_xml()) {
                Some(Ok(Xml { value, faults: found })) => {
                    faults = Some(found);
                    Ok(Arc::new(Json {
                        value,
                        repeated: Vec::new(),
                    }))
                }
                Some(Err(fault)) => Err(Unreadable::NoXml(fault.to_string())),
                None => Err(unreadable),
            }
        });
        Self {
            exchange,
            json,
            faults,
            media_type,
            subject: OnceLock::new(),
        }
    }

    /// The exchange.
    #[must_use]
    pub const fn exchange(&self) -> &'a Exchange {
        self.exchange
    }

    /// The status of the response.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.exchange.response.status
    }

    /// The headers of the response.
    #[must_use]
    pub const fn headers(&self) -> &'a Headers {
        &self.exchange.response.headers
    }

    /// The body of the response.
    #[must_use]
    pub const fn body(&self) -> &'a Body {
        &self.exchange.response.body
    }

    /// The Content-Type, where there is one that can be read.
    #[must_use]
    pub const fn media_type(&self) -> Option<&MediaType> {
        self.media_type.as_ref()
    }

    /// Whether the body is FHIR in XML.
    #[must_use]
    pub const fn is_xml(&self) -> bool {
        self.faults.is_some()
    }

    /// What is wrong with a body in XML that its JSON does not show.
    #[must_use]
    pub fn xml_faults(&self) -> &[Fault] {
        self.faults.as_deref().unwrap_or_default()
    }

    /// The body as JSON, or the JSON that its XML means.
    ///
    /// # Errors
    /// Why there is none.
    pub fn json(&self) -> Result<&Value, &Unreadable> {
        self.json.as_ref().map(|json| &json.value)
    }

    /// The body as a text of JSON: its own, or what its XML means.
    #[must_use]
    pub fn json_text(&self) -> Cow<'a, str> {
        match &self.json {
            Ok(json) if self.is_xml() => serde_json::to_string_pretty(&json.value).unwrap_or_default().into(),
            _ => String::from_utf8_lossy(self.body().bytes()),
        }
    }

    /// The body, where it is a FHIR resource: in JSON, an object with a `resourceType`.
    #[must_use]
    pub fn resource(&self) -> Option<&Value> {
        self.json().ok().filter(|value| value["resourceType"].is_string())
    }

    /// The type of the resource in the body.
    #[must_use]
    pub fn resource_type(&self) -> Option<&str> {
        self.json().ok()?["resourceType"].as_str()
    }

    /// The body as FHIRPath looks at it; nothing where there is no JSON.
    ///
    /// # Errors
    /// Where the body is nested too deeply.
    pub(super) fn subject(&self, release: FhirVersion) -> Result<Cow<'_, Subject>, FhirPathError> {
        let make = || Subject::new(release, self.json().unwrap_or(&Value::Null));
        let (known, subject) = self.subject.get_or_init(|| (release, make()));
        if *known == release {
            subject.as_ref().map(Cow::Borrowed).map_err(Clone::clone)
        } else {
            make().map(Cow::Owned)
        }
    }

    /// Keys that one object of the body holds more than once.
    #[must_use]
    pub fn repeated_keys(&self) -> &[String] {
        self.json.as_ref().map_or(&[], |json| json.repeated.as_slice())
    }

    /// The entries of the body, where it is a Bundle.
    pub fn entries(&self) -> impl Iterator<Item = &Value> {
        let bundle = self.resource().filter(|body| body["resourceType"] == "Bundle");
        bundle
            .and_then(|bundle| bundle["entry"].as_array())
            .into_iter()
            .flatten()
    }

    /// The entries of a searchset that match: those of search.mode `match`, and those without a mode that are no
    /// OperationOutcome.
    pub fn matches(&self) -> impl Iterator<Item = &Value> {
        self.entries().filter(|entry| match entry["search"]["mode"].as_str() {
            Some(mode) => mode == "match",
            None => entry["resource"]["resourceType"] != "OperationOutcome",
        })
    }
}

impl Unreadable {
    fn may_be_xml(&self) -> bool {
        matches!(self, Self::Other(what) if what == "XML")
    }
}

/// The resource in a body that is labelled as XML, or not at all. Other XML than FHIR's has to be labelled as FHIR's to
/// be told.
fn xml_of(body: &Body, media_type: Option<&MediaType>, release: FhirVersion) -> Option<Result<Xml, Fault>> {
    let is_called_xml = media_type.is_none_or(|label| label.is_xml() || label.essence().ends_with("+xml"));
    let text = body.text().filter(|_| is_called_xml && release != FhirVersion::Dstu2)?;
    let is_called_fhir = media_type.is_some_and(|label| label.essence() == FHIR_XML);
    (is_called_fhir || text.contains(xml::NAMESPACE)).then(|| xml::read(text, release))
}

fn read(body: &Body, media_type: Option<&MediaType>) -> Result<Arc<Json>, Unreadable> {
    let bytes = match body {
        Body::Empty => return Err(Unreadable::Empty),
        Body::Cut { length, .. } => return Err(Unreadable::Cut(*length)),
        Body::Elsewhere(length) => return Err(Unreadable::Elsewhere(*length)),
        Body::Whole(bytes) => bytes,
    };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(Unreadable::NotUtf8(error.valid_up_to())),
    };
    let start = text.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']);
    let looks_like_json = start.starts_with(['{', '[']);
    let is_called_json =
        media_type.is_some_and(|media_type| media_type.is_json() || media_type.essence().ends_with("+json"));
    if looks_like_json || (is_called_json && !start.starts_with('<')) {
        return recent::parse(bytes, text).map_err(|reason| match media_type.map(MediaType::essence) {
            // Turtle begins with a bracket, too.
            Some(turtle @ (FHIR_TURTLE | "text/turtle")) => Unreadable::Other(turtle.to_owned()),
            _ => Unreadable::NoJson(reason),
        });
    }
    let beginning = start.get(..start.len().min(200)).unwrap_or(start).to_ascii_lowercase();
    let is_called_html =
        media_type.is_some_and(|label| matches!(label.essence(), "text/html" | "application/xhtml+xml"));
    Err(Unreadable::Other(
        if beginning.contains("<html")
            || beginning.starts_with("<!doctype html")
            || (is_called_html && start.starts_with('<'))
        {
            "HTML".to_owned()
        } else if start.starts_with('<') {
            "XML".to_owned()
        } else if start.is_empty() {
            "white space".to_owned()
        } else {
            media_type.map_or_else(|| "plain text".to_owned(), |media_type| media_type.essence().to_owned())
        },
    ))
}
