//! The server under test: where it answers, and what it claims.

use std::sync::Arc;

use serde_json::Value;
use url::Url;

use super::{Cue, Transport, TransportError};
use crate::exchange::{Body, Exchange, Headers, Request};
use crate::fhir::{CapabilityStatement, FhirVersion, media_type, xml};
use crate::verdict::TargetInfo;

/// A base URL together with what the server there claims.
#[derive(Clone, Debug)]
pub struct Target {
    /// Without a slash at the end.
    pub base: Arc<str>,
    /// What the server claims, or what is assumed.
    pub capability: CapabilityStatement,
    /// The release under test.
    pub release: FhirVersion,
    /// Whether the claims came from a file.
    pub assumed: bool,
}

/// Why a server cannot be judged: without its claims every verdict would be a guess.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The base URL is none.
    #[error("`{text}` is no base URL: {why}")]
    Base {
        /// What was given.
        text: String,
        /// Why it is none.
        why: String,
    },
    /// No answer came.
    #[error("GET {url}: {error}")]
    Transport {
        /// The URL of the CapabilityStatement.
        url: String,
        /// What went wrong.
        error: TransportError,
    },
    /// Another status than 200.
    #[error("GET {url} was answered {status}{hint}")]
    Status {
        /// The URL of the CapabilityStatement.
        url: String,
        /// The status.
        status: u16,
        /// What it may mean.
        hint: String,
    },
    /// The answer is no CapabilityStatement.
    #[error("GET {url}: {why}")]
    Content {
        /// The URL of the CapabilityStatement.
        url: String,
        /// Why it is none.
        why: String,
    },
    /// The release is not known and was not given.
    #[error("{0}; say which release to test with --fhir")]
    Release(String),
}

impl ProbeError {
    /// Whether the user's words are at fault and not the server.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Base { .. })
    }
}

/// Reads a base URL: http or https, without query and fragment; slashes at its end are taken off.
///
/// # Errors
/// [`ProbeError::Base`], with what is wrong.
pub fn base_url(text: &str) -> Result<Url, ProbeError> {
    let wrong = |why: String| ProbeError::Base { text: shown(text), why };
    let url = Url::parse(text).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => wrong("it has to begin with http:// or https://".into()),
        error => wrong(error.to_string()),
    })?;
    if !text.contains("://") {
        return Err(wrong("it has to begin with http:// or https://".into()));
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(format!(
            "FHIR is spoken over http or https, not {}",
            url.scheme()
        )));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("credentials do not belong into a URL; use --basic-env".into()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has no query and no fragment".into()));
    }
    let trimmed = url.as_str().trim_end_matches('/');
    Url::parse(trimmed).map_err(|error| wrong(error.to_string()))
}

/// A URL text without what stands before an `@`, which may be a password, and without its query, which may hold a key.
fn shown(text: &str) -> String {
    let masked = match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}***{}", &text[..scheme + 3], &text[at..]),
        _ => text.to_owned(),
    };
    match masked.split_once('?') {
        Some((start, _)) => format!("{start}?***"),
        None => masked,
    }
}

impl Target {
    /// Asks a server for its CapabilityStatement. `release` overrides the release that it names.
    ///
    /// # Errors
    /// Where there is no answer, another status than 200, another content, or a release that is not covered.
    pub async fn probe(
        transport: &dyn Transport,
        base: &Url,
        release: Option<FhirVersion>,
    ) -> Result<(Self, Exchange), ProbeError> {
        let base: Arc<str> = base.as_str().trim_end_matches('/').into();
        let url = format!("{base}/metadata");
        let accept = match release {
            Some(FhirVersion::Dstu2) => "application/json+fhir",
            _ => media_type::FHIR_JSON,
        };
        let request = Request {
            method: "GET".into(),
            url: url.clone(),
            headers: Headers::from_iter([("Accept", accept)]),
            body: Body::Empty,
        };
        let exchange = transport
            .perform_for(&Cue::probe(), &request)
            .await
            .map_err(|error| ProbeError::Transport {
                url: url.clone(),
                error,
            })?;
        let capability = claims(&url, &exchange)?;
        Ok((Self::new(base, capability, release, false)?, exchange))
    }

    /// A server whose claims are given and not asked for.
    ///
    /// # Errors
    /// [`ProbeError::Release`] where neither `release` nor the claims name a release that is covered.
    pub fn assume(
        base: &Url,
        capability: CapabilityStatement,
        release: Option<FhirVersion>,
    ) -> Result<Self, ProbeError> {
        Self::new(base.as_str().trim_end_matches('/').into(), capability, release, true)
    }

    fn new(
        base: Arc<str>,
        capability: CapabilityStatement,
        release: Option<FhirVersion>,
        assumed: bool,
    ) -> Result<Self, ProbeError> {
        let release = match (release, capability.fhir_version.as_deref()) {
            (Some(release), _) => release,
            (None, Some(number)) => FhirVersion::of_number(number).ok_or_else(|| {
                ProbeError::Release(format!(
                    "the server's fhirVersion is {number}, a release that is not covered"
                ))
            })?,
            (None, None) => return Err(ProbeError::Release("the CapabilityStatement has no fhirVersion".into())),
        };
        Ok(Self {
            base,
            capability,
            release,
            assumed,
        })
    }

    /// What reports say about the server.
    #[must_use]
    pub fn info(&self) -> TargetInfo {
        TargetInfo {
            base: self.base.to_string(),
            release: self.release,
            fhir_version: self.capability.fhir_version.clone(),
            software: self.capability.software.clone(),
            assumed: self.assumed,
        }
    }
}

fn claims(url: &str, exchange: &Exchange) -> Result<CapabilityStatement, ProbeError> {
    let response = &exchange.response;
    if response.status != 200 {
        let hint = match response.status {
            301 | 302 | 303 | 307 | 308 => {
                let location = response.headers.get("location").unwrap_or("nowhere");
                format!(", a redirect to {location}; redirects are not followed: give the base URL it leads to")
            }
            401 | 403 => ": it asks for credentials; `fhir-assay auth check --help` names the ways to give some".into(),
            404 => ": there is no FHIR server at this base URL, or it is not the base".into(),
            _ => String::new(),
        };
        return Err(ProbeError::Status {
            url: url.to_owned(),
            status: response.status,
            hint,
        });
    }
    let content = |why: String| ProbeError::Content {
        url: url.to_owned(),
        why,
    };
    let is = response.headers.get("content-type").unwrap_or("no Content-Type");
    let json: Value = match response
        .body
        .text()
        .filter(|text| text.contains(xml::NAMESPACE) && !text.starts_with('{'))
    {
        Some(text) => in_xml(text).map_err(|fault| content(format!("the answer ({is}) is no XML of FHIR: {fault}")))?,
        None => serde_json::from_slice(response.body.bytes())
            .map_err(|error| content(format!("the answer ({is}) is no JSON: {error}")))?,
    };
    CapabilityStatement::read(&json).map_err(|error| content(error.to_string()))
}

/// A CapabilityStatement in XML, which some servers send whatever is asked for; read as one of the release that it names.
fn in_xml(text: &str) -> Result<Value, xml::Fault> {
    let read = |release| xml::read(text, release).map(|read| read.value);
    let first = read(FhirVersion::R4)?;
    match first["fhirVersion"].as_str().and_then(FhirVersion::of_number) {
        Some(release) if release != FhirVersion::R4 => read(release),
        _ => Ok(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_loses_its_last_slash() {
        assert_eq!(
            base_url("http://localhost:8080/fhir/").unwrap().as_str(),
            "http://localhost:8080/fhir"
        );
    }

    #[test]
    fn what_is_no_base_url_is_told() {
        let texts = [
            "localhost:8080/fhir",
            "fhir",
            "ftp://host/fhir",
            "http://ada:secret@host/fhir",
            "http://host/fhir?x=1",
            "http://ada:sec?ret@host/fhir?x=1",
            "http://",
        ];
        let told = texts.map(|text| base_url(text).unwrap_err().to_string()).join("\n");
        insta::assert_snapshot!(told, @r"
        `localhost:8080/fhir` is no base URL: it has to begin with http:// or https://
        `fhir` is no base URL: it has to begin with http:// or https://
        `ftp://host/fhir` is no base URL: FHIR is spoken over http or https, not ftp
        `http://***@host/fhir` is no base URL: credentials do not belong into a URL; use --basic-env
        `http://host/fhir?***` is no base URL: it has no query and no fragment
        `http://***@host/fhir?***` is no base URL: invalid port number
        `http://` is no base URL: empty host
        ");
    }
}
