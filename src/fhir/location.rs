//! The Location header: which instance a server says that it made.

use url::Url;

use super::instance_url::InstanceUrl;
use super::reference::is_id;

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
        Self::of(text).or_else(|| Self::of(Url::parse(asked).ok()?.join(text.trim()).ok()?.as_str()))
    }

    fn of(text: &str) -> Option<Self> {
        let url = InstanceUrl::parse(text)?;
        (is_id(url.id) && url.version.is_none_or(is_id)).then(|| Self {
            resource_type: url.resource_type.to_owned(),
            id: url.id.to_owned(),
            version: url.version.map(str::to_owned),
        })
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
            "../fhir/Patient/17/_history/0/",
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
            "Patient/a%20b",
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
