//! Removing past versions: `delete-history` and `delete-history-version` (`http.html#delete-history`,
//! `http.html#delete-history-version`, R6).

use http::StatusCode;

use super::super::Shared;
use super::super::incoming::Incoming;
use super::super::reply::{Refusal, Reply};
use super::answer::deleted;
use crate::fhir::ResourceType;

/// Removes every version but the current one, which may be a deletion. Nothing to remove is a success as well.
pub(in crate::server) fn forget(shared: &Shared, request: &Incoming, resource_type: ResourceType, id: &str) -> Reply {
    shared.store.write().forget(resource_type.name(), id, |_| true);
    deleted(request, &format!("{resource_type}/{id} has no past versions any more"))
}

/// Removes one past version; 409 for the current one, which a delete would remove. Nothing to remove is a success as
/// well.
pub(in crate::server) fn forget_version(
    shared: &Shared,
    request: &Incoming,
    resource_type: ResourceType,
    id: &str,
    version_id: &str,
) -> Result<Reply, Refusal> {
    let name = format!("{resource_type}/{id}/_history/{version_id}");
    let mut store = shared.store.write();
    let current = store.current(resource_type.name(), id);
    if current.is_some_and(|current| current.version_id == version_id) {
        let reason = format!("{name} is the current version: past versions only are removed");
        return Err(Refusal::new(StatusCode::CONFLICT, "conflict", reason));
    }
    store.forget(resource_type.name(), id, |version| version.version_id == version_id);
    Ok(deleted(request, &format!("{name} is not there any more")))
}
