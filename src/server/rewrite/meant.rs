//! What a conditional request means: rewrites find it as the server does.

use std::sync::Arc;

use super::Asked;
use crate::fhir::ResourceType;
use crate::server::Shared;
use crate::server::search::Condition;
use crate::server::store::Version;

/// What criteria find among the resources of the type in the path; nothing where they are none.
pub(in crate::server) fn found(server: &Shared, asked: &Asked, criteria: &[(String, String)]) -> Vec<Arc<Version>> {
    let release = server.options.release;
    let resource_type = asked
        .resource_type()
        .and_then(|name| ResourceType::parse(release, &name));
    let condition = resource_type.and_then(|found| Condition::of(criteria, found, "", release).ok());
    condition
        .map(|condition| condition.all(&server.store.write()))
        .unwrap_or_default()
}

/// Whether a request is aimed at a type with criteria, and what these find.
pub(in crate::server) fn meant(server: &Shared, asked: &Asked) -> Option<Vec<Arc<Version>>> {
    let query = asked.query();
    (asked.segments().len() == 1 && !query.is_empty()).then(|| found(server, asked, &query))
}
