//! Search over one type, over several, and in compartments (`http.html#search`, `http.html#vsearch`, `search.html`).
//!
//! `scope` says where to look, `parse` turns the parameters into criteria with the table of `parameters`, `wanted` reads
//! their values, `extract` takes the values out of a resource, `matching` compares the two, `sort` orders the matches,
//! `paging` cuts them into pages, and `include` adds what comes along. `condition` finds what a conditional interaction
//! means.

mod compartment;
mod condition;
mod extract;
mod fold;
mod include;
mod matching;
mod number;
pub(super) mod paging;
pub(super) mod parameters;
mod parse;
mod scope;
mod sort;
mod wanted;

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

pub(super) use self::compartment::{Compartment, KINDS as COMPARTMENTS};
pub(super) use self::condition::Condition;
use self::paging::Page;
use self::parse::Asked;
pub(super) use self::scope::Scope;
use super::Shared;
use super::incoming::Incoming;
use super::reply::{Refusal, Reply};
use super::store::Version;
use super::subset::Subset;
use crate::fhir::{OperationOutcome, Severity};

/// Answers a search by GET or by POST with a searchset, matches in the order of their creation, type by type, or as
/// `_sort` says.
pub(super) fn search(shared: &Shared, request: &Incoming, scope: &Scope) -> Result<Reply, Refusal> {
    let release = shared.options.release;
    let asked = Asked::of(shared, request, scope)?;
    // All types are seen after the same write.
    let write = asked.page.snapshot.unwrap_or_else(|| shared.store.last_write());
    let mut matches: Vec<Arc<Version>> = Vec::new();
    for resource_type in &scope.types {
        let name = resource_type.name();
        let fits = |version: &Arc<Version>| {
            let Some(resource) = version.resource.as_deref() else {
                return false;
            };
            let within = scope.within.as_ref();
            within.is_none_or(|compartment| compartment.has(name, resource, &request.base, release))
                && asked.list.as_ref().is_none_or(|list| list.has(name, &version.id))
                && asked
                    .criteria
                    .iter()
                    .all(|demand| demand.matches(name, resource, &request.base))
        };
        let all = shared.store.snapshot(name, Some(write)).1;
        matches.extend(all.into_iter().filter(fits));
    }
    sort::sort(&mut matches, &asked.sort);

    let page = Page {
        snapshot: Some(write),
        ..asked.page
    };
    let url = format!("{}{}", request.base, scope.place);
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
    let shown: Vec<Arc<Version>> = matches.into_iter().skip(page.offset).take(asked.count).collect();
    for version in &shown {
        bundle = bundle.entry(entry(version, &asked.subset, "match", request, shared));
    }
    let included = include::include(shared, &asked.includes, &shown, &request.base, write);
    // `_elements` names elements of the matches (search.html#elements).
    let of_included = match &asked.subset {
        Subset::Elements(_) => &Subset::Whole,
        other => other,
    };
    for (_, version) in &included.resources {
        bundle = bundle.entry(entry(version, of_included, "include", request, shared));
    }
    let mut warnings = Vec::new();
    if !asked.ignored.is_empty() && asked.count > 0 {
        warnings.push(format!(
            "ignored, since this server does not know it: {}",
            asked.ignored.join(", ")
        ));
    }
    if included.is_cut {
        warnings.push(format!("only {} resources come along", included.resources.len()));
    }
    for text in warnings {
        bundle = bundle.entry(json!({
            "resource": OperationOutcome::of(Severity::Warning, "not-supported", text).to_value(),
            // From R5 on every entry of a searchset has one (Bundle, bdl-15).
            "fullUrl": format!("urn:uuid:{}", uuid::Uuid::new_v4()),
            "search": { "mode": "outcome" },
        }));
    }
    Ok(Reply::resource(StatusCode::OK, bundle.build()))
}

fn entry(version: &Version, subset: &Subset, mode: &str, request: &Incoming, shared: &Shared) -> Value {
    let Some(resource) = &version.resource else {
        return Value::Null;
    };
    let part = subset.apply(resource, shared.options.release);
    let resource_type = resource["resourceType"].as_str().unwrap_or_default();
    json!({
        "fullUrl": format!("{}/{resource_type}/{}", request.base, version.id),
        "resource": part,
        "search": { "mode": mode },
    })
}
