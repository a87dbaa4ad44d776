//! Writing one resource: `create`, `update` and `delete` (`http.html#create`, `http.html#update`, `http.html#delete`).

use std::sync::Arc;

use http::StatusCode;
use http::header::LOCATION;
use serde_json::Value;

use super::Shared;
use super::body;
use super::incoming::Incoming;
use super::negotiate::{Give, check_body_type};
use super::precondition::Precondition;
use super::reply::{Refusal, Reply};
use super::store::{Deletion, Origin, Version};
use crate::fhir::reference::is_id;
use crate::fhir::{FhirVersion, OperationOutcome, ResourceType, Severity};

/// Stores a new resource under a new id: 201. Conditional creation is refused, so that no duplicate arises.
pub(super) fn create(shared: &Shared, request: &Incoming, resource_type: ResourceType) -> Result<Reply, Refusal> {
    if request.headers.contains_key("if-none-exist") {
        let reason = "this server has no conditional create: If-None-Exist is not supported";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "not-supported", reason));
    }
    let resource = parse(shared, request, resource_type)?;
    let version = shared.store.create(resource_type.name(), resource);
    Ok(written(shared, request, resource_type, &version))
}

/// Stores the next version of a resource: 200; or its first, or its first after a deletion: 201.
pub(super) fn update(
    shared: &Shared,
    request: &Incoming,
    resource_type: ResourceType,
    id: &str,
) -> Result<Reply, Refusal> {
    if !is_id(id) {
        return Err(Refusal::invalid(format!(
            "`{id}` is no id: 1 to 64 letters, digits, hyphens and dots"
        )));
    }
    let resource = parse(shared, request, resource_type)?;
    match resource.get("id").and_then(Value::as_str) {
        Some(sent) if sent == id => {}
        Some(sent) => {
            return Err(Refusal::invalid(format!(
                "{resource_type}.id is `{sent}`, but the URL says `{id}`"
            )));
        }
        None => {
            return Err(Refusal::invalid(format!(
                "{resource_type}.id is missing; the URL says `{id}`"
            )));
        }
    }
    let precondition = Precondition::of(&request.headers)?;
    let version = shared.store.update(resource_type.name(), id, resource, &precondition)?;
    Ok(written(shared, request, resource_type, &version))
}

/// Deletes: 204, or 200 with an OperationOutcome where that is preferred. What is not there is deleted just as well.
pub(super) fn delete(
    shared: &Shared,
    request: &Incoming,
    resource_type: ResourceType,
    id: &str,
) -> Result<Reply, Refusal> {
    let precondition = Precondition::of(&request.headers)?;
    let name = format!("{resource_type}/{id}");
    let (version, said) = match shared.store.delete(resource_type.name(), id, &precondition)? {
        Deletion::Done(version) => (Some(version), format!("{name} was deleted")),
        Deletion::Before(version) => (Some(version), format!("{name} had been deleted before")),
        Deletion::Unknown => (None, format!("{name} never existed: nothing was to be deleted")),
    };
    let reply = match request.prefer.give {
        Give::Outcome => Reply::resource(StatusCode::OK, informed(said)),
        _ => Reply::empty(StatusCode::NO_CONTENT),
    };
    Ok(match version {
        Some(version) => reply.version(&version),
        None => reply,
    })
}

fn parse(shared: &Shared, request: &Incoming, resource_type: ResourceType) -> Result<Value, Refusal> {
    check_body_type(&request.headers, shared.options.release)?;
    body::resource(&request.body, resource_type.name(), shared.options.release)
}

/// The answer to a write, with the body that was preferred (`http.html#prefer`); the resource where nothing was.
fn written(shared: &Shared, request: &Incoming, resource_type: ResourceType, version: &Version) -> Reply {
    let created = version.origin != Origin::Put;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let location = format!(
        "{}/{resource_type}/{}/_history/{}",
        request.base, version.id, version.version_id
    );
    let reply = match (request.prefer.give, &version.resource) {
        (Give::Unsaid | Give::Representation, Some(resource)) => Reply::resource(status, resource.clone()),
        (Give::Outcome, _) => Reply::resource(status, informed(format!("stored as {location}"))),
        _ => Reply::empty(status),
    };
    let reply = reply.version(version);
    // R4 asks for Location where something was created; from R5 on every update has one.
    if created || shared.options.release >= FhirVersion::R5 {
        reply.header(LOCATION, &location)
    } else {
        reply
    }
}

fn informed(diagnostics: String) -> Arc<Value> {
    Arc::new(OperationOutcome::of(Severity::Information, "informational", diagnostics).to_value())
}
