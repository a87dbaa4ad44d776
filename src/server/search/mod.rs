//! Search over one type (`http.html#search`, `search.html`).
//!
//! `parse` turns the parameters into criteria with the table of `parameters`, `wanted` reads their values, `extract`
//! takes the values out of a resource, `matching` compares the two, `sort` orders the matches, and `paging` cuts
//! them into pages. `condition` finds what a conditional interaction means.

mod condition;
mod extract;
mod fold;
mod matching;
mod number;
pub(super) mod paging;
pub(super) mod parameters;
mod parse;
mod sort;
mod wanted;

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

pub(super) use self::condition::Condition;
use self::paging::Page;
use self::parse::Asked;
use super::Shared;
use super::incoming::Incoming;
use super::reply::{Refusal, Reply};
use super::store::Version;
use crate::fhir::{OperationOutcome, ResourceType, Severity};

/// Answers a search by GET or by POST with a searchset, matches in the order of their creation or as `_sort` says.
pub(super) fn search(shared: &Shared, request: &Incoming, resource_type: ResourceType) -> Result<Reply, Refusal> {
    let asked = Asked::of(shared, request, resource_type)?;
    let (write, all) = shared.store.snapshot(resource_type.name(), asked.page.snapshot);
    let mut matches: Vec<Arc<Version>> = all
        .into_iter()
        .filter(|version| {
            let resource = version.resource.as_deref();
            resource.is_some_and(|resource| {
                asked
                    .criteria
                    .iter()
                    .all(|criterion| criterion.matches(resource, &request.base))
            })
        })
        .collect();
    sort::sort(&mut matches, &asked.sort);

    let url = format!("{}/{resource_type}", request.base);
    let page = Page {
        snapshot: Some(write),
        ..asked.page
    };
    let mut bundle = page.link(
        paging::bundle("searchset"),
        &url,
        &asked.used,
        matches.len(),
        asked.count,
    );
    if asked.total {
        bundle = bundle.total(matches.len());
    }
    for version in matches.iter().skip(page.offset).take(asked.count) {
        let Some(resource) = &version.resource else { continue };
        let part = asked.subset.apply(resource, shared.options.release);
        bundle = bundle.entry(json!({
            "fullUrl": format!("{url}/{}", version.id),
            "resource": part,
            "search": { "mode": "match" },
        }));
    }
    if !asked.ignored.is_empty() && asked.count > 0 {
        let text = format!(
            "ignored, since this server does not know it: {}",
            asked.ignored.join(", ")
        );
        bundle = bundle.entry(json!({
            "resource": OperationOutcome::of(Severity::Warning, "not-supported", text).to_value(),
            // From R5 on every entry of a searchset has one (Bundle, bdl-15).
            "fullUrl": format!("urn:uuid:{}", uuid::Uuid::new_v4()),
            "search": { "mode": "outcome" },
        }));
    }
    Ok(Reply::resource(StatusCode::OK, bundle.build()))
}
