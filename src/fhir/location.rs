//! The Location header: which instance a server says that it made.

use url::Url;

use super::reference::Reference;

/// An instance, or one version of it, by the URL that a server gave.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The resource type.
    pub resource_type: String,
    /// The logical id.
    pub id: String,
    /// The version id, where the URL names one.
    pub version: Option<String>,
}

impl Location {
    /// Reads a URL that is absolute, relative to the server (`/fhir/Patient/17`), or relative to the base (`Patient/17`).
    /// `asked` is the absolute URL of the request that it answers. `None` where it names no instance.
    #[must_use]
    pub fn parse(text: &str, asked: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(reference) = Reference::parse(text) {
            return Some(Self::of(&reference));
        }
        let absolute = Url::parse(asked).ok()?.join(text).ok()?;
        Reference::parse(absolute.as_str()).map(|reference| Self::of(&reference))
    }

    fn of(reference: &Reference<'_>) -> Self {
        Self {
            resource_type: reference.resource_type.to_owned(),
            id: reference.id.to_owned(),
            version: reference.version.map(str::to_owned),
        }
    }

    /// `Patient/17`, relative to the base.
    #[must_use]
    pub fn instance(&self) -> String {
        format!("{}/{}", self.resource_type, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_it_names_the_same_instance() {
        let asked = "http://localhost:8080/fhir/Patient";
        for text in [
            "Patient/17/_history/0",
            "/fhir/Patient/17/_history/0",
            "http://other.example/r4/Patient/17/_history/0",
            " //localhost:8080/fhir/Patient/17/_history/0",
        ] {
            let location = Location::parse(text, asked).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (location.instance().as_str(), location.version.as_deref()),
                ("Patient/17", Some("0")),
                "{text}"
            );
        }
    }

    #[test]
    fn other_urls_name_none() {
        for text in [
            "",
            "http://localhost:8080/fhir/Patient",
            "urn:uuid:1",
            "/login?next=/fhir/Patient/17",
        ] {
            assert_eq!(
                Location::parse(text, "http://localhost:8080/fhir/Patient"),
                None,
                "{text}"
            );
        }
    }
}
