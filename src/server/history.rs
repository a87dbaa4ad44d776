//! The history of one resource, of a type, or of all resources (`http.html#history`).

use std::cmp::Reverse;
use std::sync::Arc;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Shared;
use super::incoming::Incoming;
use super::listed::Listed;
use super::query::{Pairs, single};
use super::reply::{Refusal, Reply};
use super::search::paging::{self, Page};
use super::store::{Origin, Version};
use super::subset::Subset;
use crate::fhir::time::{Interval, format_instant, parse_instant, parse_partial};
use crate::fhir::{FhirVersion, ResourceType};

/// The parameters that mean something in every release; links repeat them.
const PARAMETERS: [&str; 9] = [
    "_count",
    "_since",
    "_at",
    "_list",
    "_summary",
    "_elements",
    "_format",
    "_pretty",
    paging::PARAMETER,
];

/// Whose history is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose<'a> {
    /// That of all resources.
    System,
    /// That of every resource of a type.
    Type(ResourceType),
    /// That of one resource.
    Instance(ResourceType, &'a str),
}

/// A version, and what it is a version of.
type Chosen = (ResourceType, Arc<Version>);

/// The versions of one resource, of all of a type, or of all, newest first unless `_sort` says otherwise; 404 where the
/// one never existed.
pub(super) fn history(shared: &Shared, request: &Incoming, whose: Whose<'_>) -> Result<Reply, Refusal> {
    let release = shared.options.release;
    let asked = Asked::of(shared, request)?;
    // Later pages go on over the versions that the first page knew.
    let newest = asked.page.snapshot.unwrap_or_else(|| shared.store.last_write());
    let (place, mut chosen) = match whose {
        Whose::System => {
            let all = ResourceType::all(release).iter();
            (
                "_history".to_owned(),
                all.flat_map(|one| asked.of_type(shared, *one, newest)).collect(),
            )
        }
        Whose::Type(resource_type) => (
            format!("{resource_type}/_history"),
            asked.of_type(shared, resource_type, newest),
        ),
        Whose::Instance(resource_type, id) => {
            let line = shared.store.history(resource_type.name(), id);
            let nothing = || Refusal::not_found(format!("there is no {resource_type}/{id}, and no history of it"));
            (
                format!("{resource_type}/{id}/_history"),
                asked.of_line(resource_type, line.ok_or_else(nothing)?, newest),
            )
        }
    };
    match asked.order {
        Order::NewestFirst => chosen.sort_by_key(|(_, version)| Reverse(version.sequence)),
        Order::OldestFirst => chosen.sort_by_key(|(_, version)| version.sequence),
    }

    let page = Page {
        snapshot: Some(newest),
        ..asked.page
    };
    let mut bundle = page
        .link(
            paging::bundle("history"),
            &format!("{}/{place}", request.base),
            &used(request, release),
            chosen.len(),
            asked.count,
        )
        .total(chosen.len());
    for (resource_type, version) in chosen.iter().skip(page.offset).take(asked.count) {
        bundle = bundle.entry(entry(version, *resource_type, &request.base, &asked.subset, release));
    }
    Ok(Reply::resource(StatusCode::OK, bundle.build()))
}

/// The parameters that were honoured.
fn used(request: &Incoming, release: FhirVersion) -> Pairs {
    let has_value = request.query.iter().filter(|(_, value)| !value.is_empty());
    let is_known = |name: &str| PARAMETERS.contains(&name) || (name == "_sort" && Order::is_asked_for(release));
    has_value.filter(|(name, _)| is_known(name)).cloned().collect()
}

/// In which order versions come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    NewestFirst,
    OldestFirst,
}

impl Order {
    /// Whether a release has `_sort` here: R5 and later.
    fn is_asked_for(release: FhirVersion) -> bool {
        release >= FhirVersion::R5
    }

    /// Reads `_sort`; 400 for anything but the three values that it has. `none` leaves the order to the server.
    fn of(query: &[(String, String)], release: FhirVersion) -> Result<Self, Refusal> {
        match single(query, "_sort")? {
            _ if !Self::is_asked_for(release) => Ok(Self::NewestFirst),
            None | Some("-_lastUpdated" | "none") => Ok(Self::NewestFirst),
            Some("_lastUpdated") => Ok(Self::OldestFirst),
            Some(other) => Err(Refusal::invalid(format!(
                "`_sort={other}`: it is one of -_lastUpdated, _lastUpdated, none"
            ))),
        }
    }
}

/// What the parameters ask for.
#[derive(Debug)]
struct Asked {
    count: usize,
    since: Option<Timestamp>,
    at: Option<Interval>,
    list: Option<Listed>,
    order: Order,
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
            paging::count(single(query, "_count")?, &shared.options)?
        };
        Ok(Self {
            count,
            since,
            at,
            list: Listed::of(shared, query, &request.base)?,
            order: Order::of(query, shared.options.release)?,
            subset,
            page: Page::of(query)?,
        })
    }

    /// The versions of a type that are asked for.
    fn of_type(&self, shared: &Shared, resource_type: ResourceType, newest: u64) -> Vec<Chosen> {
        let lines = shared.store.histories(resource_type.name());
        let chosen = lines
            .into_iter()
            .flat_map(|line| self.of_line(resource_type, line, newest));
        chosen.collect()
    }

    /// Those of one resource. What was written later is as if it were not there.
    fn of_line(&self, resource_type: ResourceType, mut line: Vec<Arc<Version>>, newest: u64) -> Vec<Chosen> {
        line.retain(|version| version.sequence <= newest);
        let name = resource_type.name();
        let is_listed = |version: &Version| {
            let list = self.list.as_ref();
            list.is_none_or(|list| list.has_version(name, &version.id, &version.version_id))
        };
        let chosen = line.iter().enumerate().filter(|(index, version)| {
            self.wants(version, line.get(index + 1).map(|next| next.at)) && is_listed(version)
        });
        chosen.map(|(_, version)| (resource_type, version.clone())).collect()
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
            list: None,
            order: Order::NewestFirst,
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
