//! Content negotiation: which format the client wants, which it sent, and what it prefers.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;

pub(super) use super::offer::Offer;
use super::query;
use super::reply::Refusal;
use crate::fhir::FhirVersion;
use crate::fhir::media_type::{FHIR_JSON, FHIR_XML, FORM, MediaType};
use crate::fhir::xml::{self, Unwritable};

impl Offer {
    /// The format where none is asked for.
    pub fn preferred(self) -> Format {
        Format {
            essence: self.names().next().unwrap_or(FHIR_JSON),
            release: self.release,
            fhir_version: None,
            pretty: false,
        }
    }
}

/// The format of an answer: JSON or XML, under one of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format {
    essence: &'static str,
    release: FhirVersion,
    fhir_version: Option<FhirVersion>,
    pretty: bool,
}

impl Default for Format {
    fn default() -> Self {
        Self {
            essence: FHIR_JSON,
            release: FhirVersion::R4,
            fhir_version: None,
            pretty: false,
        }
    }
}

impl Format {
    /// Chooses by `_format`, which wins, or by Accept (`http.html#parameters`). 406 where neither names a format of
    /// this server.
    pub fn choose(headers: &HeaderMap, query: &[(String, String)], offer: Offer) -> Result<Self, Refusal> {
        let wanted = match query
            .iter()
            .find(|(name, value)| name == "_format" && !value.is_empty())
        {
            Some((_, value)) => Self::of_parameter(value, offer),
            None => Self::of_accept(headers, offer),
        }?;
        Ok(Self {
            pretty: pretty(query),
            ..wanted
        })
    }

    /// The format in which a request is refused whose own wishes cannot be met.
    pub fn fallback(query: &[(String, String)], offer: Offer) -> Self {
        Self {
            pretty: pretty(query),
            ..offer.preferred()
        }
    }

    fn of_parameter(value: &str, offer: Offer) -> Result<Self, Refusal> {
        let release = offer.release;
        let refusal = || {
            not_acceptable(format!(
                "`_format={value}` names no format of this server: it speaks {}",
                offer.told()
            ))
        };
        let value = match value {
            "json" => FHIR_JSON,
            "xml" => FHIR_XML,
            other => other,
        };
        let wanted = MediaType::parse(value).ok_or_else(refusal)?;
        let essence = offer
            .names()
            .find(|offer| *offer == wanted.essence())
            .ok_or_else(refusal)?;
        let fhir_version = requested_version(&wanted, release).ok_or_else(|| other_release(&wanted, release))?;
        Ok(Self {
            essence,
            release,
            fhir_version,
            pretty: false,
        })
    }

    /// Proactive negotiation as in RFC 9110 section 12.5.1: each offer has the weight of the most specific range
    /// that it falls into.
    fn of_accept(headers: &HeaderMap, offer: Offer) -> Result<Self, Refusal> {
        let release = offer.release;
        let lines: Vec<&str> = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let text = lines.join(",");
        let ranges: Vec<MediaType> = text.split(',').filter_map(MediaType::parse).collect();
        if text.trim().is_empty() {
            return Ok(offer.preferred());
        }
        let mut best: Option<(f32, Self)> = None;
        for essence in offer.names() {
            let fitting = ranges.iter().filter_map(|range| {
                let version = requested_version(range, release)?;
                let specificity = match range.essence() {
                    "*/*" => 0,
                    "application/*" if essence.starts_with("application/") => 1,
                    "text/*" if essence.starts_with("text/") => 1,
                    exact if exact == essence => 2 + u8::from(version.is_some()),
                    _ => return None,
                };
                Some((specificity, weight(range), version))
            });
            // Of equally specific ranges the first counts.
            let mut chosen: Option<(u8, f32, Option<FhirVersion>)> = None;
            for range in fitting {
                if chosen.is_none_or(|known| range.0 > known.0) {
                    chosen = Some(range);
                }
            }
            if let Some((_, weight, fhir_version)) = chosen
                && weight > 0.0
                && best.as_ref().is_none_or(|(known, _)| weight > *known)
            {
                best = Some((
                    weight,
                    Self {
                        essence,
                        release,
                        fhir_version,
                        pretty: false,
                    },
                ));
            }
        }
        best.map(|(_, format)| format).ok_or_else(|| {
            not_acceptable(format!(
                "`Accept: {text}` names no format of this server: it speaks {} of FHIR {}",
                offer.told(),
                release.major_minor()
            ))
        })
    }

    /// The Content-Type of an answer in this format.
    pub fn content_type(&self) -> HeaderValue {
        let mut text = format!("{};charset=utf-8", self.essence);
        if let Some(version) = self.fhir_version {
            text.push_str(";fhirVersion=");
            text.push_str(version.major_minor());
        }
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(FHIR_JSON))
    }

    /// Whether it is XML.
    pub fn is_xml(&self) -> bool {
        self.essence.contains("xml")
    }

    /// The bytes of a resource. Only XML has contents that it cannot hold.
    pub fn write(&self, resource: &Value) -> Result<Vec<u8>, Unwritable> {
        if self.is_xml() {
            return xml::write(resource, self.release, self.pretty).map(String::into_bytes);
        }
        let written = if self.pretty {
            serde_json::to_vec_pretty(resource)
        } else {
            serde_json::to_vec(resource)
        };
        // A `Value` has string keys only, so it can always be written.
        Ok(written.unwrap_or_default())
    }
}

/// Refuses a body that is not FHIR in JSON of this release: 415 (`http.html#mime-type`). One in XML has become JSON before.
pub(super) fn check_body_type(headers: &HeaderMap, release: FhirVersion) -> Result<(), Refusal> {
    let text = content_type(headers)?;
    let sent = MediaType::parse(text).filter(MediaType::is_json).ok_or_else(|| {
        unsupported(format!(
            "a body of type `{text}` is not understood: this server takes {FHIR_JSON} and {FHIR_XML}"
        ))
    })?;
    check_charset(&sent)?;
    match requested_version(&sent, release) {
        Some(_) => Ok(()),
        None => Err(unsupported(other_release_text(&sent, release))),
    }
}

/// Refuses the body of a search by POST that is no form: 415 (`http.html#search-post`).
pub(super) fn check_form_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = content_type(headers)?;
    let sent = MediaType::parse(text).filter(|sent| sent.essence() == FORM);
    let sent = sent.ok_or_else(|| unsupported(format!("a search by POST has a body of type {FORM}, not `{text}`")))?;
    check_charset(&sent)
}

fn content_type(headers: &HeaderMap) -> Result<&str, Refusal> {
    let value = headers
        .get(CONTENT_TYPE)
        .ok_or_else(|| unsupported("the body has no Content-Type".into()))?;
    value
        .to_str()
        .map_err(|_| unsupported("the Content-Type is not readable".into()))
}

/// Refuses a body that is not written in UTF-8: 415.
pub(super) fn check_charset(sent: &MediaType) -> Result<(), Refusal> {
    match sent.parameter("charset") {
        Some(charset) if !charset.eq_ignore_ascii_case("utf-8") => {
            Err(unsupported(format!("FHIR is written in UTF-8, not in `{charset}`")))
        }
        _ => Ok(()),
    }
}

/// What a request says in Prefer (`http.html#prefer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefer {
    /// What a successful write is answered with.
    pub give: Give,
    /// Whether unknown search parameters are refused.
    pub strict: bool,
    /// Whether the answer may come later: `respond-async`.
    pub later: bool,
}

/// The body of the answer to a successful write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Give {
    /// Nothing was asked for: the server chooses.
    Unsaid,
    Minimal,
    Representation,
    Outcome,
}

impl Prefer {
    /// Reads the header; what it does not know it ignores, as RFC 7240 says.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut prefer = Self {
            give: Give::Unsaid,
            strict: false,
            later: false,
        };
        let lines = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        for preference in lines.flat_map(|line| line.split([',', ';'])) {
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            match (
                name.trim().to_ascii_lowercase().as_str(),
                value.trim().trim_matches('"'),
            ) {
                ("return", "minimal") => prefer.give = Give::Minimal,
                ("return", "representation") => prefer.give = Give::Representation,
                ("return", "OperationOutcome") => prefer.give = Give::Outcome,
                ("respond-async", "") => prefer.later = true,
                ("handling", "strict") => prefer.strict = true,
                ("handling", "lenient") => prefer.strict = false,
                _ => {}
            }
        }
        prefer
    }
}

fn pretty(query: &[(String, String)]) -> bool {
    query::single(query, "_pretty").is_ok_and(|value| value == Some("true"))
}

/// The weight of a range, 1 where none is given. A weight that is no number excludes the range.
fn weight(range: &MediaType) -> f32 {
    range.parameter("q").map_or(1.0, |text| {
        text.parse::<f32>()
            .ok()
            .filter(|q| (0.0..=1.0).contains(q))
            .unwrap_or(0.0)
    })
}

/// `Some(None)` where no fhirVersion is given, `None` where it is that of another release.
fn requested_version(media_type: &MediaType, release: FhirVersion) -> Option<Option<FhirVersion>> {
    match media_type.parameter("fhirVersion") {
        None => Some(None),
        Some(version) if version == release.major_minor() => Some(Some(release)),
        Some(_) => None,
    }
}

fn other_release_text(media_type: &MediaType, release: FhirVersion) -> String {
    format!(
        "`{media_type}` is of another release than FHIR {}",
        release.major_minor()
    )
}

fn other_release(media_type: &MediaType, release: FhirVersion) -> Refusal {
    not_acceptable(other_release_text(media_type, release))
}

fn not_acceptable(diagnostics: String) -> Refusal {
    Refusal::new(StatusCode::NOT_ACCEPTABLE, "not-supported", diagnostics)
}

fn unsupported(diagnostics: String) -> Refusal {
    Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-supported", diagnostics)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::rewrite::{Switch, Switches};

    fn chosen(accept: &str, query: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(ACCEPT, accept.parse().unwrap());
        }
        let format = Format::choose(
            &headers,
            &query::parse(query).unwrap(),
            Offer::of(FhirVersion::R4, Switches::default()),
        );
        format
            .ok()
            .map(|format| format.content_type().to_str().unwrap().to_owned())
    }

    #[test]
    fn accept_is_weighed() {
        const FHIR: Option<&str> = Some("application/fhir+json;charset=utf-8");
        const XML: Option<&str> = Some("application/fhir+xml;charset=utf-8");
        const JSON: Option<&str> = Some("application/json;charset=utf-8");
        for (accept, expected) in [
            ("", FHIR),
            ("*/*", FHIR),
            ("application/fhir+json", FHIR),
            ("application/json", JSON),
            ("text/json", Some("text/json;charset=utf-8")),
            ("text/*", Some("text/json;charset=utf-8")),
            ("application/json, */*;q=0.8", JSON),
            ("application/fhir+xml;q=0.1, application/fhir+json;q=0.9", FHIR),
            ("application/fhir+xml;q=0.9, application/fhir+json;q=0.1", XML),
            ("application/json;q=0.9, application/fhir+json;q=0.1", JSON),
            ("text/html,application/xhtml+xml,*/*;q=0.8", FHIR),
            (
                "application/fhir+json; fhirVersion=4.0",
                Some("application/fhir+json;charset=utf-8;fhirVersion=4.0"),
            ),
            ("application/fhir+json;fhirVersion=5.0, application/json", JSON),
            ("application/fhir+json;fhirVersion=0.0", None),
            ("application/fhir+xml", XML),
            ("text/xml", Some("text/xml;charset=utf-8")),
            (
                "application/fhir+json;fhirVersion=5.0, application/fhir+xml;fhirVersion=4.0;q=0.1",
                Some("application/fhir+xml;charset=utf-8;fhirVersion=4.0"),
            ),
            ("application/x-nonsense", None),
            ("application/fhir+json;q=0", None),
            ("application/fhir+json;q=0, */*", JSON),
            ("nonsense", None),
        ] {
            assert_eq!(chosen(accept, "").as_deref(), expected, "{accept}");
        }
    }

    #[test]
    fn the_parameter_wins_over_accept() {
        assert_eq!(
            chosen("application/fhir+xml", "_format=json").as_deref(),
            Some("application/fhir+json;charset=utf-8")
        );
        for name in ["xml", "application/fhir%2Bxml"] {
            let chosen = chosen("application/fhir+json", &format!("_format={name}"));
            assert_eq!(chosen.as_deref(), Some("application/fhir+xml;charset=utf-8"));
        }
        let encoded = "_format=application%2Fjson";
        assert_eq!(
            chosen("application/fhir+json", encoded).as_deref(),
            Some("application/json;charset=utf-8")
        );
        for refused in [
            "_format=ttl",
            "_format=application/fhir+json",
            "_format=html",
            "_format=text/json;fhirVersion=5.0",
        ] {
            assert_eq!(chosen("application/fhir+json", refused), None, "{refused}");
        }
        assert!(chosen("application/fhir+json", "_format=").is_some());
    }

    #[test]
    fn a_server_may_have_one_format_or_prefer_the_other() {
        let chosen = |switch: Switch, accept: &str| {
            let mut switches = Switches::default();
            switches.turn_on(switch);
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            let format = Format::choose(&headers, &[], Offer::of(FhirVersion::R5, switches)).ok()?;
            Some(format.essence)
        };
        assert_eq!(chosen(Switch::XmlFirst, "*/*"), Some(FHIR_XML));
        assert_eq!(chosen(Switch::XmlFirst, FHIR_JSON), Some(FHIR_JSON));
        assert_eq!(chosen(Switch::XmlOnly, FHIR_JSON), None);
        assert_eq!(chosen(Switch::XmlOnly, "text/*"), Some("text/xml"));
        assert_eq!(chosen(Switch::JsonOnly, FHIR_XML), None);
    }

    #[test]
    fn bodies_are_json_in_utf8_of_this_release() {
        let status = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, text.parse().unwrap());
            check_body_type(&headers, FhirVersion::R4).map_err(|refusal| refusal.status.as_u16())
        };
        for taken in [
            "application/fhir+json",
            "application/json; charset=UTF-8",
            "text/json",
            "application/fhir+json;fhirVersion=4.0",
        ] {
            assert_eq!(status(taken), Ok(()), "{taken}");
        }
        for refused in [
            "text/plain",
            "application/fhir+xml",
            "application/json;charset=latin1",
            "application/json;fhirVersion=5.0",
            "json",
        ] {
            assert_eq!(status(refused), Err(415), "{refused}");
        }
        assert!(check_body_type(&HeaderMap::new(), FhirVersion::R4).is_err());
    }

    #[test]
    fn preferences_are_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append("prefer", "respond-async, return=\"minimal\"; foo=bar".parse().unwrap());
        headers.append("prefer", "Handling=strict".parse().unwrap());
        assert_eq!(
            Prefer::of(&headers),
            Prefer {
                give: Give::Minimal,
                strict: true,
                later: true,
            }
        );
    }
}
