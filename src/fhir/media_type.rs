//! Media types as they stand in Content-Type, Accept and `_format`.

use std::fmt;

/// FHIR in JSON (`http.html#mime-type`).
pub const FHIR_JSON: &str = "application/fhir+json";
/// FHIR in XML.
pub const FHIR_XML: &str = "application/fhir+xml";
/// FHIR in Turtle.
pub const FHIR_TURTLE: &str = "application/fhir+turtle";
/// The form of a search by POST.
pub const FORM: &str = "application/x-www-form-urlencoded";
/// JSON Patch (RFC 6902).
pub const JSON_PATCH: &str = "application/json-patch+json";

/// A parsed media type: the essence in lower case, and its parameters in their order with lower-case names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType {
    essence: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Reads one media type, such as `application/fhir+json; charset=UTF-8; fhirVersion=4.0`.
    /// `None` where the text has no `type/subtype`. Quotes around parameter values are taken off.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let essence = parts.next()?.trim().to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/')?;
        let token = |part: &str| !part.is_empty() && !part.contains([' ', ',', '"', '/']);
        if !token(kind) || !token(subtype) {
            return None;
        }
        let parameters = parts
            .filter_map(|part| part.split_once('='))
            .map(|(name, value)| {
                (
                    name.trim().to_ascii_lowercase(),
                    value.trim().trim_matches('"').to_owned(),
                )
            })
            .collect();
        Some(Self { essence, parameters })
    }

    /// `type/subtype` in lower case, without parameters.
    #[must_use]
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// The value of a parameter; its name is compared without case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Whether the content is FHIR in JSON, under FHIR's own name or a generic one (`http.html#mime-type`).
    #[must_use]
    pub fn is_json(&self) -> bool {
        matches!(
            self.essence.as_str(),
            FHIR_JSON | "application/json+fhir" | "application/json" | "text/json"
        )
    }

    /// Whether the content is FHIR in XML, under FHIR's own name or a generic one.
    #[must_use]
    pub fn is_xml(&self) -> bool {
        matches!(
            self.essence.as_str(),
            FHIR_XML | "application/xml+fhir" | "application/xml" | "text/xml"
        )
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.essence)?;
        for (name, value) in &self.parameters {
            write!(f, ";{name}={value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_without_case() {
        let media_type = MediaType::parse("Application/FHIR+json; Charset=\"utf-8\";fhirVersion=4.0").unwrap();
        assert_eq!(media_type.essence(), FHIR_JSON);
        assert_eq!(media_type.parameter("charset"), Some("utf-8"));
        assert_eq!(media_type.parameter("FHIRVERSION"), Some("4.0"));
        assert!(media_type.is_json());
    }

    #[test]
    fn what_is_no_media_type_is_refused() {
        for text in ["", "json", "application/", "/json", "a/b/c", "application/fhir json"] {
            assert_eq!(MediaType::parse(text), None, "{text}");
        }
    }
}
