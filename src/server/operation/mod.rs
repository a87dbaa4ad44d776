//! Operations (`operations.html`): `$validate`, `$meta` and `$meta-add`, as far as `http.html#summary` speaks of them.

mod meta;
mod validate;

use super::Shared;
use super::body;
use super::incoming::Incoming;
use super::negotiate::check_body_type;
use super::reply::{Refusal, Reply};
use crate::fhir::reference::is_id;
use crate::fhir::{FhirVersion, ResourceType};
use serde_json::Value;

/// What an operation is called on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `[base]`.
    System,
    /// `[base]/[type]`.
    Type(ResourceType),
    /// `[base]/[type]/[id]`.
    Instance(ResourceType, String),
}

impl Place {
    /// The place of a path, without the operation's own segment; `None` where there is none.
    pub fn of(segments: &[&str], release: FhirVersion) -> Option<Self> {
        let stored = |name: &str| ResourceType::parse(release, name).filter(|found| found.name() != "Parameters");
        match segments {
            [] => Some(Self::System),
            [name] => stored(name).map(Self::Type),
            [name, id] if is_id(id) => stored(name).map(|found| Self::Instance(found, (*id).to_owned())),
            _ => None,
        }
    }
}

/// One operation of this server. All are HL7's own, and every release has them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operation {
    /// The name after the `$`.
    pub name: &'static str,
    /// Whether it is called on the whole server.
    pub on_system: bool,
    /// Whether it is called on types.
    pub on_types: bool,
    /// Whether it may be called by GET: it changes nothing, and needs no input that a URL cannot hold.
    by_get: bool,
    call: Call,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Validate,
    Meta,
    MetaAdd,
}

/// The operations. Each is called on instances.
pub(super) const ALL: [Operation; 3] = [
    Operation {
        name: "validate",
        on_system: false,
        on_types: true,
        by_get: false,
        call: Call::Validate,
    },
    Operation {
        name: "meta",
        on_system: true,
        on_types: true,
        by_get: true,
        call: Call::Meta,
    },
    Operation {
        name: "meta-add",
        on_system: false,
        on_types: false,
        by_get: false,
        call: Call::MetaAdd,
    },
];

impl Operation {
    /// The operation of that name, where it can be called at that place.
    pub fn find(name: &str, place: &Place) -> Option<&'static Self> {
        let found = ALL.iter().find(|operation| operation.name == name)?;
        let is_there = match place {
            Place::System => found.on_system,
            Place::Type(_) => found.on_types,
            Place::Instance(..) => true,
        };
        is_there.then_some(found)
    }

    /// The methods by which it is called, as the Allow header lists them.
    pub const fn methods(&self) -> &'static str {
        if self.by_get {
            "GET, POST, HEAD, OPTIONS"
        } else {
            "POST, OPTIONS"
        }
    }

    /// The URL of its definition.
    pub fn definition(&self) -> String {
        format!("http://hl7.org/fhir/OperationDefinition/Resource-{}", self.name)
    }
}

/// Calls an operation. 400 for input that it does not take.
pub(super) fn call(
    shared: &Shared,
    request: &Incoming,
    operation: &Operation,
    place: &Place,
) -> Result<Reply, Refusal> {
    match operation.call {
        Call::Validate => validate::validate(shared, request, place),
        Call::Meta => meta::meta(shared, request, place),
        Call::MetaAdd => meta::add(shared, request, place),
    }
}

/// The body of a call by POST, strictly read; none where it is empty.
fn input(shared: &Shared, request: &Incoming) -> Result<Option<Value>, Refusal> {
    if request.body.is_empty() {
        return Ok(None);
    }
    check_body_type(&request.headers, shared.options.release)?;
    body::json(&request.body).map(Some)
}

/// The parameter of that name in a Parameters resource.
fn parameter<'a>(input: &'a Value, name: &str) -> Option<&'a Value> {
    let parameters = input["parameter"].as_array()?;
    parameters.iter().find(|parameter| parameter["name"] == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_called_where_they_are_defined() {
        for (path, name, expected) in [
            ("", "meta", true),
            ("", "validate", false),
            ("Patient", "validate", true),
            ("Patient", "meta-add", false),
            ("Patient/1", "meta-add", true),
            ("Patient/1", "nothing", false),
        ] {
            let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
            let place = Place::of(&segments, FhirVersion::R4).unwrap();
            assert_eq!(Operation::find(name, &place).is_some(), expected, "{path} {name}");
        }
        for nowhere in [
            &["Nonsense"][..],
            &["Parameters"],
            &["Patient", "a b"],
            &["Patient", "1", "2"],
        ] {
            assert_eq!(Place::of(nowhere, FhirVersion::R4), None, "{nowhere:?}");
        }
    }
}
