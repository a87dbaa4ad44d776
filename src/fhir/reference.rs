//! References: the literal forms that `Reference.reference` and a `Location` take (`references.html#literal`).

use std::fmt;

/// A literal reference to a resource: `Patient/17`, `https://example.org/fhir/Patient/17/_history/2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference<'a> {
    /// What stands before the type, without a slash at the end; `None` where the reference is relative.
    pub base: Option<&'a str>,
    /// The resource type.
    pub resource_type: &'a str,
    /// The logical id.
    pub id: &'a str,
    /// The version id, where the reference is to one version.
    pub version: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Reads `[base/]Type/id[/_history/vid]`. `None` for every other form: fragments, `urn:` URIs, canonical URLs,
    /// searches.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.contains(['?', '#', '|']) {
            return None;
        }
        let (rest, version) = match text.rsplit_once("/_history/") {
            Some((rest, version)) => (rest, Some(version)),
            None => (text, None),
        };
        let (rest, id) = rest.rsplit_once('/')?;
        let (base, resource_type) = match rest.rsplit_once('/') {
            Some((base, resource_type)) => (Some(base), resource_type),
            None => (None, rest),
        };
        let named = resource_type.starts_with(|letter: char| letter.is_ascii_uppercase())
            && resource_type.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let based = base.is_none_or(|base| base.contains("://"));
        (named && based && is_id(id) && version.is_none_or(is_id)).then_some(Self {
            base,
            resource_type,
            id,
            version,
        })
    }
}

impl fmt::Display for Reference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(base) = self.base {
            write!(f, "{base}/")?;
        }
        write!(f, "{}/{}", self.resource_type, self.id)?;
        match self.version {
            Some(version) => write!(f, "/_history/{version}"),
            None => Ok(()),
        }
    }
}

/// Whether a text has the form of the data type `id`: 1 to 64 letters, digits, hyphens and dots (`datatypes.html#id`).
#[must_use]
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_references_are_taken_apart() {
        for (text, base, version) in [
            ("Patient/17", None, None),
            ("Patient/17/_history/2", None, Some("2")),
            (
                "https://example.org/r4/Patient/17",
                Some("https://example.org/r4"),
                None,
            ),
            (
                "http://localhost:1/fhir/Patient/17/_history/a.b",
                Some("http://localhost:1/fhir"),
                Some("a.b"),
            ),
        ] {
            let reference = Reference::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                reference,
                Reference {
                    base,
                    resource_type: "Patient",
                    id: "17",
                    version
                },
                "{text}"
            );
            assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn other_forms_are_no_literal_references() {
        for text in [
            "",
            "17",
            "#p",
            "urn:uuid:0f1",
            "Patient?identifier=1",
            "Patient/",
            "Patient/a_b",
            "patient/17",
            "x/Patient/17",
            "Patient/1/_history/",
        ] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ids_have_64_characters_at_most() {
        assert!(is_id(&"a".repeat(64)) && !is_id(&"a".repeat(65)) && !is_id("") && !is_id("a b") && is_id("A-1.z"));
    }
}
