//! Reading one resource: `read` and `vread` (`http.html#read`, `http.html#vread`).

use http::StatusCode;

use super::Shared;
use super::incoming::Incoming;
use super::precondition::is_unchanged;
use super::reply::{Refusal, Reply};
use super::store::Version;
use super::subset::Subset;
use crate::fhir::ResourceType;

/// The current version; 404 where the id never existed, 410 where it was deleted, 304 where the client has it already.
pub(super) fn read(
    shared: &Shared,
    request: &Incoming,
    resource_type: ResourceType,
    id: &str,
) -> Result<Reply, Refusal> {
    let name = format!("{resource_type}/{id}");
    let current = shared.store.current(resource_type.name(), id);
    let current = current.ok_or_else(|| Refusal::not_found(format!("there is no {name}")))?;
    show(shared, request, &current, &name)
}

/// One version; 404 where it never existed, 410 where it is the deletion.
pub(super) fn vread(
    shared: &Shared,
    request: &Incoming,
    resource_type: ResourceType,
    id: &str,
    version: &str,
) -> Result<Reply, Refusal> {
    let name = format!("{resource_type}/{id}/_history/{version}");
    let history = shared.store.history(resource_type.name(), id).unwrap_or_default();
    let found = history.iter().find(|known| known.version_id == version);
    let found = found.ok_or_else(|| Refusal::not_found(format!("there is no {name}")))?;
    show(shared, request, found, &name)
}

fn show(shared: &Shared, request: &Incoming, version: &Version, name: &str) -> Result<Reply, Refusal> {
    let subset = Subset::of(&request.query)?;
    let Some(resource) = &version.resource else {
        return Err(Refusal::deleted(version, name));
    };
    let modified = (!version.within_second).then_some(version.at);
    if is_unchanged(&request.headers, &version.version_id, modified) {
        return Ok(Reply::empty(StatusCode::NOT_MODIFIED).version(version));
    }
    Ok(Reply::resource(StatusCode::OK, subset.apply(resource, shared.options.release)).version(version))
}
