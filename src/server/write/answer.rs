//! What a write is answered with.

use std::sync::Arc;

use http::StatusCode;
use http::header::LOCATION;
use serde_json::Value;

use super::super::Shared;
use super::super::incoming::Incoming;
use super::super::negotiate::Give;
use super::super::reply::Reply;
use super::super::store::{Origin, Version};
use super::Done;
use crate::fhir::{FhirVersion, OperationOutcome, ResourceType, Severity};

impl Done {
    /// The answer, with the body that was preferred (`http.html#prefer`): the resource where nothing was said, and for a
    /// deletion nothing.
    pub fn answer(&self, shared: &Shared, request: &Incoming, resource_type: ResourceType) -> Reply {
        match self {
            Self::Stored(version) => {
                let created = matches!(version.origin, Origin::Post | Origin::PutCreated);
                let status = if created { StatusCode::CREATED } else { StatusCode::OK };
                // R4 asks for Location where something was created; from R5 on every update has one.
                let located = created || (shared.options.release >= FhirVersion::R5 && version.origin == Origin::Put);
                stored(status, located, "stored as", request, resource_type, version)
            }
            // As if it had been created, but for the status (http.html#ccreate).
            Self::Matched(version) => stored(
                StatusCode::OK,
                true,
                "this was there already:",
                request,
                resource_type,
                version,
            ),
            Self::Deleted { version, said } => {
                let reply = deleted(request, said);
                match version {
                    Some(version) => reply.version(version),
                    None => reply,
                }
            }
        }
    }
}

fn stored(
    status: StatusCode,
    located: bool,
    said: &str,
    request: &Incoming,
    resource_type: ResourceType,
    version: &Version,
) -> Reply {
    let location = format!(
        "{}/{resource_type}/{}/_history/{}",
        request.base, version.id, version.version_id
    );
    let reply = match (request.prefer.give, &version.resource) {
        (Give::Unsaid | Give::Representation, Some(resource)) => Reply::resource(status, resource.clone()),
        (Give::Outcome, _) => Reply::resource(status, informed(&format!("{said} {location}"))),
        _ => Reply::empty(status),
    };
    let reply = reply.version(version);
    if located {
        reply.header(LOCATION, &location)
    } else {
        reply
    }
}

/// 204, or 200 with an OperationOutcome where that is preferred.
pub(super) fn deleted(request: &Incoming, said: &str) -> Reply {
    match request.prefer.give {
        Give::Outcome => Reply::resource(StatusCode::OK, informed(said)),
        _ => Reply::empty(StatusCode::NO_CONTENT),
    }
}

fn informed(diagnostics: &str) -> Arc<Value> {
    Arc::new(OperationOutcome::of(Severity::Information, "informational", diagnostics).to_value())
}
