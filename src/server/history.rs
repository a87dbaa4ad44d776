//! The history of one resource (`http.html#history`).

use std::sync::Arc;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Shared;
use super::incoming::Incoming;
use super::query::{self, single};
use super::reply::{Refusal, Reply};
use super::search::paging::{self, Page};
use super::store::{Origin, Version};
use super::subset::Subset;
use crate::fhir::time::{Interval, format_instant, parse_instant, parse_partial};
use crate::fhir::{FhirVersion, ResourceType};

/// The parameters that mean something here; links repeat them.
const PARAMETERS: [&str; 8] = [
    "_count",
    "_since",
    "_at",
    "_summary",
    "_elements",
    "_format",
    "_pretty",
    paging::PARAMETER,
];

/// The versions of a resource, newest first; 404 where it never existed.
pub(super) fn instance(
    shared: &Shared,
    request: &Incoming,
    resource_type: ResourceType,
    id: &str,
) -> Result<Reply, Refusal> {
    let asked = Asked::of(shared, request)?;
    let mut versions = shared
        .store
        .history(resource_type.name(), id)
        .ok_or_else(|| Refusal::not_found(format!("there is no {resource_type}/{id}, and no history of it")))?;
    // Later pages go on over the versions that the first page knew.
    let newest = versions.last().map_or(0, |version| version.sequence);
    let newest = asked.page.snapshot.unwrap_or(newest);
    versions.retain(|version| version.sequence <= newest);
    let chosen: Vec<&Arc<Version>> = (0..versions.len())
        .filter(|&index| asked.wants(&versions[index], versions.get(index + 1).map(|next| next.at)))
        .rev()
        .map(|index| &versions[index])
        .collect();

    let used: Vec<_> = request
        .query
        .iter()
        .filter(|(name, value)| PARAMETERS.contains(&name.as_str()) && !value.is_empty())
        .cloned()
        .collect();
    let url = format!("{}/{resource_type}/{id}/_history", request.base);
    let page = Page {
        snapshot: Some(newest),
        ..asked.page
    };
    let mut bundle = page
        .link(
            super::search::paging::bundle("history"),
            &url,
            &used,
            chosen.len(),
            asked.count,
        )
        .total(chosen.len());
    for version in chosen.iter().skip(page.offset).take(asked.count) {
        bundle = bundle.entry(entry(
            version,
            resource_type,
            &request.base,
            &asked.subset,
            shared.options.release,
        ));
    }
    Ok(Reply::resource(StatusCode::OK, bundle.build()))
}

/// What the parameters ask for.
#[derive(Debug)]
struct Asked {
    count: usize,
    since: Option<Timestamp>,
    at: Option<Interval>,
    subset: Subset,
    page: Page,
}

impl Asked {
    fn of(shared: &Shared, request: &Incoming) -> Result<Self, Refusal> {
        let query = &request.query;
        let malformed =
            |name: &str, value: &str, what: &str| Refusal::invalid(format!("`{name}={value}`: it is {what}"));
        let since = single(query, "_since")?
            .map(|text| parse_instant(text).ok_or_else(|| malformed("_since", text, "an instant with its zone")))
            .transpose()?;
        let at = single(query, "_at")?
            .map(|text| parse_partial(text).ok_or_else(|| malformed("_at", text, "a date or a moment")))
            .transpose()?;
        let subset = Subset::of(query)?;
        // Without any entries, only the number of versions is told.
        let count = if subset == Subset::Count {
            0
        } else {
            paging::count(query::single(query, "_count")?, &shared.options)?
        };
        Ok(Self {
            count,
            since,
            at,
            subset,
            page: Page::of(query)?,
        })
    }

    /// Whether a version is asked for. It was the current one from its own moment up to that of the next.
    fn wants(&self, version: &Version, next: Option<Timestamp>) -> bool {
        let end = next.unwrap_or(Timestamp::MAX);
        self.since.is_none_or(|since| version.at >= since)
            && self
                .at
                .is_none_or(|at| version.at < at.end && (end > at.start || version.at >= at.start))
    }
}

fn entry(version: &Version, resource_type: ResourceType, base: &str, subset: &Subset, release: FhirVersion) -> Value {
    let instance = format!("{resource_type}/{}", version.id);
    let (method, url, status) = match version.origin {
        Origin::Post => ("POST", resource_type.name(), "201 Created"),
        Origin::Put => ("PUT", instance.as_str(), "200 OK"),
        Origin::PutCreated => ("PUT", instance.as_str(), "201 Created"),
        // R5 shows a patch as the update that it amounts to (http.html#history); earlier releases are silent.
        Origin::Patch => ("PUT", instance.as_str(), "200 OK"),
        Origin::Delete => ("DELETE", instance.as_str(), "204 No Content"),
    };
    let mut entry = json!({ "fullUrl": format!("{base}/{instance}") });
    if let Some(resource) = &version.resource {
        entry["resource"] = (*subset.apply(resource, release)).clone();
    }
    entry["request"] = json!({ "method": method, "url": url });
    entry["response"] = json!({
        "status": status,
        "etag": version.etag(),
        "lastModified": format_instant(version.at),
    });
    entry
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::time::parse_partial;
    use crate::server::store::{Store, new_id};

    #[test]
    fn a_version_is_current_until_the_next_one() {
        let version = Store::default()
            .write()
            .create("Patient", &new_id(), json!({ "resourceType": "Patient" }));
        let at = |text: &str| parse_partial(text).unwrap();
        let moment = |seconds: i64| version.at + jiff::SignedDuration::from_secs(seconds);
        let asked = |since, at| Asked {
            count: 1,
            since,
            at,
            subset: Subset::Whole,
            page: Page::default(),
        };
        assert!(
            asked(Some(version.at), None).wants(&version, None),
            "the boundary belongs to it"
        );
        assert!(!asked(Some(moment(1)), None).wants(&version, None));
        assert!(asked(None, Some(at(&format_instant(moment(5))))).wants(&version, None));
        assert!(asked(None, Some(at(&format_instant(moment(5))))).wants(&version, Some(moment(6))));
        assert!(!asked(None, Some(at(&format_instant(moment(5))))).wants(&version, Some(moment(5))));
        assert!(!asked(None, Some(at(&format_instant(moment(-5))))).wants(&version, None));
        let this_day = at(&format_instant(version.at)[..10]);
        assert!(
            asked(None, Some(this_day)).wants(&version, Some(version.at)),
            "even if replaced within the millisecond"
        );
    }
}
