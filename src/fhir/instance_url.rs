//! URLs that name an instance: absolute, relative to the server, or relative to the base (`http.html#general`).

use std::fmt;

/// What the end of a URL names: `[type]/[id]`, with or without `/_history/[vid]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceUrl<'a> {
    /// Scheme and authority of an absolute URL, `http://localhost:8080`.
    pub origin: Option<&'a str>,
    /// The path before the type: `/fhir/`, `/` or nothing.
    pub prefix: &'a str,
    /// The resource type.
    pub resource_type: &'a str,
    /// The logical id.
    pub id: &'a str,
    /// The version id.
    pub version: Option<&'a str>,
}

impl<'a> InstanceUrl<'a> {
    /// Takes a URL apart. `None` where it does not end with a type and an id. A query, a fragment and a slash at the end
    /// are no part of what is named.
    #[must_use]
    pub fn parse(url: &'a str) -> Option<Self> {
        let url = url.trim();
        let url = &url[..url.find(['?', '#']).unwrap_or(url.len())];
        let (origin, path) = split_origin(url)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let (path, version) = match path.rsplit_once("/_history/") {
            Some((instance, version)) => (instance, Some(version)),
            None => (path, None),
        };
        let (rest, id) = path.rsplit_once('/')?;
        let start = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (prefix, resource_type) = rest.split_at(start);
        let is_type = resource_type.starts_with(|c: char| c.is_ascii_uppercase())
            && resource_type.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_segment = |text: &str| !text.is_empty() && !text.contains('/');
        (is_type && is_segment(id) && version.is_none_or(is_segment)).then_some(Self {
            origin,
            prefix,
            resource_type,
            id,
            version,
        })
    }

    /// Whether this URL, as a server with that base wrote it, names the wanted instance. A version is compared only where
    /// one is wanted.
    ///
    /// A URL of another origin is compared by its end: gateways rewrite hosts.
    #[must_use]
    pub fn names(&self, wanted: &InstanceUrl<'_>, base: &str) -> bool {
        let (base_origin, base_path) = split_origin(base).unwrap_or((None, ""));
        let is_relative_to_base = self.origin.is_none() && !self.prefix.starts_with('/');
        let is_at_base = if is_relative_to_base {
            self.prefix.is_empty()
        } else if self.origin.is_some() && !same_origin(self.origin, base_origin) {
            true
        } else {
            self.prefix.trim_end_matches('/') == base_path.trim_end_matches('/')
        };
        is_at_base
            && self.resource_type == wanted.resource_type
            && self.id == wanted.id
            && (wanted.version.is_none() || self.version == wanted.version)
    }
}

impl fmt::Display for InstanceUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.resource_type, self.id)?;
        match self.version {
            Some(version) => write!(f, "/_history/{version}"),
            None => Ok(()),
        }
    }
}

/// Scheme and authority, and the path. `None` for a URL of another scheme than http and https.
fn split_origin(url: &str) -> Option<(Option<&str>, &str)> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return (!url.contains(':') || url.contains('/')).then_some((None, url));
    };
    if !["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
        return None;
    }
    let length = scheme.len() + 3 + rest.find('/').unwrap_or(rest.len());
    Some((Some(&url[..length]), &url[length..]))
}

fn same_origin(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASE: &str = "http://localhost:8080/fhir";

    fn names(url: &str, wanted: &str) -> bool {
        let wanted = InstanceUrl::parse(wanted).unwrap();
        InstanceUrl::parse(url).is_some_and(|found| found.names(&wanted, BASE))
    }

    #[test]
    fn every_form_names_the_instance() {
        for url in [
            "http://localhost:8080/fhir/Patient/17",
            "HTTP://LOCALHOST:8080/fhir/Patient/17/_history/3",
            "https://gateway.example/other/Patient/17/_history/3",
            "/fhir/Patient/17",
            "/fhir/Patient/17/_history/3/",
            "Patient/17",
            "Patient/17/_history/3?_format=json",
        ] {
            assert!(names(url, "Patient/17"), "{url}");
        }
        assert!(names("/fhir/Patient/17/_history/3", "Patient/17/_history/3"));
    }

    #[test]
    fn what_names_something_else_does_not() {
        for url in [
            "",
            "Patient/18",
            "patient/17",
            "/Patient/17",
            "/other/Patient/17",
            "fhir/Patient/17",
            "http://localhost:8080/Patient/17",
            "urn:uuid:17",
            "ftp://localhost/fhir/Patient/17",
            "Patient/17/_history",
            "Patient/17/_history/",
            "Patient/17/name",
        ] {
            assert!(!names(url, "Patient/17"), "{url}");
        }
        assert!(!names("Patient/17", "Patient/17/_history/3"));
        assert!(!names("Patient/17/_history/4", "Patient/17/_history/3"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-zA-Z0-9:/?#._ é-]{0,40}") {
            if let Some(url) = InstanceUrl::parse(&text) {
                let _ = url.names(&url, &text);
            }
        }
    }
}
