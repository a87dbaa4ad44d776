//! What a request is addressed to, and which methods that takes.

use http::{Method, StatusCode};

use super::BASE_PATH;
use super::operation::{self, Operation};
use super::policy::Policy;
use super::query::decode;
use super::reply::Refusal;
use super::search::Compartment;
use crate::fhir::{FhirVersion, ResourceType};

/// A place below `[base]` that this server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// `[base]`: batches and transactions, and searches over all types.
    System,
    /// `[base]/_search`, from R5 on.
    SystemSearch,
    /// `[base]/_history`.
    SystemHistory,
    /// `[base]/metadata`.
    Metadata,
    /// `[base]/_async/[key]`: an answer that is asked for later.
    Later(String),
    /// `[base]/[type]`.
    Type(ResourceType),
    /// `[base]/[type]/_search`.
    Search(ResourceType),
    /// `[base]/[type]/_history`.
    TypeHistory(ResourceType),
    /// `[base]/[type]/[id]/[type]` or `[base]/[type]/[id]/*`, and from R5 on the same with `_search` for POST.
    Compartment {
        compartment: Compartment,
        resource_type: Option<ResourceType>,
        posted: bool,
    },
    /// `[base]/$[name]`, `[base]/[type]/$[name]`, `[base]/[type]/[id]/$[name]`.
    Operation(&'static Operation, operation::Place),
    /// `[base]/[type]/[id]`. The id is as sent, and may be malformed.
    Instance(ResourceType, String),
    /// `[base]/[type]/[id]/_history`.
    History(ResourceType, String),
    /// `[base]/[type]/[id]/_history/[vid]`.
    Version(ResourceType, String, String),
}

impl Target {
    /// Finds the target of a path. URLs are case-sensitive, and percent-encoded UTF-8 (`http.html#root`).
    ///
    /// A slash at the end is allowed after `[base]` and `[base]/[type]`, as later releases ask. 404 for every other
    /// path.
    pub fn of(path: &str, release: FhirVersion) -> Result<Self, Refusal> {
        let outside = || {
            Refusal::unknown(format!(
                "there is nothing at `{path}`: the base of this server is {BASE_PATH}"
            ))
        };
        let below = path.strip_prefix(BASE_PATH).ok_or_else(outside)?;
        if below.is_empty() || below == "/" {
            return Ok(Self::System);
        }
        let segments = below.strip_prefix('/').ok_or_else(outside)?;
        let segments = segments.split('/').map(decode).collect::<Result<Vec<_>, _>>()?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let unknown = |reason: &str| Err(Refusal::unknown(format!("{reason}: `{}`", segments.join("/"))));
        match segments[..] {
            ["metadata"] => return Ok(Self::Metadata),
            ["_async", key] => return Ok(Self::Later(key.to_owned())),
            [ref above @ .., name] if name.starts_with('$') => {
                let found = operation::Place::of(above, release).and_then(|place| {
                    let operation = Operation::find(&name[1..], &place)?;
                    Some(Self::Operation(operation, place))
                });
                return found.map_or_else(|| unknown("this server has no such operation"), Ok);
            }
            ["_history"] => return Ok(Self::SystemHistory),
            // R5 has brought it (http.html#vsearch).
            ["_search"] if release >= FhirVersion::R5 => return Ok(Self::SystemSearch),
            ["_search"] => return unknown("all types are searched by GET only"),
            _ => {}
        }
        let Some(resource_type) = segments.first().and_then(|name| ResourceType::parse(release, name)) else {
            return unknown(&format!("there is no such resource type in {release}"));
        };
        if resource_type.name() == "Parameters" {
            return unknown("Parameters are not stored: they have no endpoint");
        }
        Ok(match segments[1..] {
            [] | [""] => Self::Type(resource_type),
            ["_search"] => Self::Search(resource_type),
            ["_history"] => Self::TypeHistory(resource_type),
            // Names with an underscore are reserved (http.html#root).
            [name] if name.starts_with('_') => return unknown("a name with an underscore in front is no id"),
            [id] => Self::Instance(resource_type, id.into()),
            [id, "_history"] => Self::History(resource_type, id.into()),
            [id, "_history", version] => Self::Version(resource_type, id.into(), version.into()),
            [id, ref below @ ..] => match Self::compartment(resource_type, id, below, release) {
                Some(target) => target,
                None => return unknown("there is nothing like that below a resource"),
            },
        })
    }

    /// What lies below a resource that has a compartment.
    fn compartment(kind: ResourceType, id: &str, below: &[&str], release: FhirVersion) -> Option<Self> {
        let compartment = Compartment::of(kind, id)?;
        let (below, posted) = match below {
            [below @ .., "_search"] if release >= FhirVersion::R5 => (below, true),
            _ => (below, false),
        };
        let resource_type = match below {
            // The asterisk is of GET only (http.html#vsearch).
            ["*"] if !posted => None,
            [] if posted => None,
            [name] => Some(ResourceType::parse(release, name)?),
            _ => return None,
        };
        Some(Self::Compartment {
            compartment,
            resource_type,
            posted,
        })
    }

    /// The methods that do something here, as the Allow header lists them. Those that need criteria are not listed.
    pub fn allow(&self, release: FhirVersion) -> String {
        let forgets = |resource_type: &ResourceType| Policy::of(*resource_type, release).delete_history;
        let methods = match self {
            Self::System => "GET, HEAD, POST, OPTIONS",
            Self::SystemSearch => "POST, OPTIONS",
            Self::SystemHistory | Self::TypeHistory(_) => "GET, HEAD, OPTIONS",
            Self::Compartment { posted: true, .. } => "POST, OPTIONS",
            Self::Compartment { .. } => "GET, HEAD, OPTIONS",
            Self::Operation(operation, _) => operation.methods(),
            Self::History(resource_type, _) | Self::Version(resource_type, ..) if forgets(resource_type) => {
                "GET, HEAD, DELETE, OPTIONS"
            }
            Self::Later(_) => "GET, HEAD, DELETE, OPTIONS",
            Self::Metadata | Self::History(..) | Self::Version(..) => "GET, HEAD, OPTIONS",
            Self::Type(_) => "GET, HEAD, POST, OPTIONS",
            Self::Search(_) => "POST, OPTIONS",
            Self::Instance(resource_type, _) if Policy::of(*resource_type, release).patch => {
                "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"
            }
            Self::Instance(..) => "GET, HEAD, PUT, DELETE, OPTIONS",
        };
        methods.to_owned()
    }

    /// Refuses a method that does nothing here: 405, or 501 where HTTP does not know it. With criteria, a type takes the
    /// methods of conditional writes.
    pub fn check(&self, method: &Method, has_criteria: bool, release: FhirVersion) -> Result<(), Refusal> {
        const KNOWN: [Method; 7] = [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ];
        if !KNOWN.contains(method) {
            let reason = format!("this server does not know the method {method}");
            return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "not-supported", reason));
        }
        let allow = self.allow(release);
        if allow.split(", ").any(|allowed| allowed == method.as_str()) {
            return Ok(());
        }
        let conditional = match self {
            Self::Type(_) if matches!(*method, Method::PUT | Method::DELETE) => true,
            Self::Type(resource_type) if *method == Method::PATCH => Policy::of(*resource_type, release).patch,
            _ => false,
        };
        if conditional && has_criteria {
            return Ok(());
        }
        let reason = match self {
            Self::Version(..) | Self::History(..) | Self::TypeHistory(_) | Self::SystemHistory => {
                format!("past versions can be read only: no {method}")
            }
            Self::Type(_) if conditional => format!("{method} needs an id, or criteria to find a resource by"),
            _ => format!("this URL does not take {method}"),
        };
        Err(Refusal::method(&allow, reason))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn target(path: &str) -> Result<Target, u16> {
        Target::of(path, FhirVersion::R4).map_err(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn paths_lead_to_targets() {
        let patient = ResourceType::parse(FhirVersion::R4, "Patient").unwrap();
        for (path, expected) in [
            ("/fhir", Target::System),
            ("/fhir/", Target::System),
            ("/fhir/metadata", Target::Metadata),
            ("/fhir/Patient", Target::Type(patient)),
            ("/fhir/Patient/", Target::Type(patient)),
            ("/fhir/Patient/_search", Target::Search(patient)),
            ("/fhir/Patient/a%2Db", Target::Instance(patient, "a-b".into())),
            ("/fhir/Patient/a%20b", Target::Instance(patient, "a b".into())),
            ("/fhir/_history", Target::SystemHistory),
            ("/fhir/Patient/_history", Target::TypeHistory(patient)),
            ("/fhir/Patient/1/_history", Target::History(patient, "1".into())),
            (
                "/fhir/Patient/1/_history/2",
                Target::Version(patient, "1".into(), "2".into()),
            ),
        ] {
            assert_eq!(target(path), Ok(expected), "{path}");
        }
    }

    #[test]
    fn compartments_and_posted_searches_are_those_of_the_release() {
        for (path, r4, r5) in [
            ("/fhir/_search", Err(404), Ok("POST, OPTIONS")),
            ("/fhir/Patient/1/*", Ok("GET, HEAD, OPTIONS"), Ok("GET, HEAD, OPTIONS")),
            (
                "/fhir/Patient/1/Observation",
                Ok("GET, HEAD, OPTIONS"),
                Ok("GET, HEAD, OPTIONS"),
            ),
            ("/fhir/Patient/1/_search", Err(404), Ok("POST, OPTIONS")),
            ("/fhir/Patient/1/Observation/_search", Err(404), Ok("POST, OPTIONS")),
            ("/fhir/Patient/1/*/_search", Err(404), Err(404)),
            ("/fhir/Observation/1/*", Err(404), Err(404)),
            (
                "/fhir/Patient/$meta",
                Ok("GET, POST, HEAD, OPTIONS"),
                Ok("GET, POST, HEAD, OPTIONS"),
            ),
            ("/fhir/Patient/1/$meta-add", Ok("POST, OPTIONS"), Ok("POST, OPTIONS")),
            ("/fhir/Patient/$meta-add", Err(404), Err(404)),
        ] {
            let allowed = |release| {
                let found = Target::of(path, release).map(|target| target.allow(release));
                found.map_err(|refusal| refusal.status.as_u16())
            };
            assert_eq!(allowed(FhirVersion::R4), r4.map(str::to_owned), "{path}");
            assert_eq!(allowed(FhirVersion::R5), r5.map(str::to_owned), "{path}");
        }
    }

    #[test]
    fn every_other_path_is_unknown() {
        for path in [
            "/",
            "/fhirx",
            "/FHIR/Patient",
            "/fhir/patient",
            "/fhir/Nonsense",
            "/fhir/Parameters",
            "/fhir/_search",
            "/fhir/$op",
            "/fhir/Patient/$op",
            "/fhir/Patient/1/$op",
            "/fhir/Patient/_x",
            "/fhir//Patient",
            "/fhir/Observation/1/Patient",
            "/fhir/Patient/1/Observation/1",
            "/fhir/Patient//",
            "/fhir/metadata/",
            "/fhir/Patient/1/_history/2/3",
        ] {
            assert_eq!(target(path), Err(404), "{path}");
        }
        assert_eq!(target("/fhir/Patient/%FF"), Err(400));
    }

    #[test]
    fn methods_are_refused_by_their_kind() {
        let status = |path: &str, method: &str, criteria, release| {
            Target::of(path, release)
                .unwrap()
                .check(&method.parse().unwrap(), criteria, release)
                .map_err(|refusal| refusal.status.as_u16())
        };
        for (path, method, criteria, expected) in [
            ("/fhir/Patient/1", "PUT", false, Ok(())),
            ("/fhir/Patient/1", "PATCH", false, Ok(())),
            ("/fhir/Binary/1", "PATCH", false, Err(405)),
            ("/fhir/Binary", "PATCH", true, Err(405)),
            ("/fhir/Patient/1", "POST", false, Err(405)),
            ("/fhir/Patient/1", "BREW", false, Err(501)),
            ("/fhir/Patient/1/_history/1", "DELETE", false, Err(405)),
            ("/fhir/Patient", "PUT", true, Ok(())),
            ("/fhir/Patient", "PUT", false, Err(405)),
            ("/fhir/Patient", "DELETE", true, Ok(())),
            ("/fhir/Patient", "DELETE", false, Err(405)),
            ("/fhir/Patient", "PATCH", true, Ok(())),
            ("/fhir", "POST", false, Ok(())),
            ("/fhir", "PUT", false, Err(405)),
            ("/fhir/Patient/_search", "GET", false, Err(405)),
        ] {
            assert_eq!(
                status(path, method, criteria, FhirVersion::R4),
                expected,
                "{method} {path}"
            );
        }
        for (path, r5, r6) in [
            ("/fhir/Patient/1/_history", Err(405), Ok(())),
            ("/fhir/Patient/1/_history/1", Err(405), Ok(())),
            ("/fhir/Person/1/_history", Err(405), Err(405)),
        ] {
            assert_eq!(status(path, "DELETE", false, FhirVersion::R5), r5, "{path}");
            assert_eq!(status(path, "DELETE", false, FhirVersion::R6), r6, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_panics(path in "(/fhir)?(/?(Patient|metadata|_history|%[0-9A-F]{2}|\\PC{0,5})){0,6}") {
            let _ = Target::of(&path, FhirVersion::R4);
        }
    }
}
