//! References that are searches: `Patient?identifier=x` (`http.html#trules`).

use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::walk::{Place, walk};
use crate::fhir::ResourceType;
use crate::fhir::model::Model;
use crate::server::Shared;
use crate::server::incoming::Incoming;
use crate::server::negotiate::Prefer;
use crate::server::query;
use crate::server::reply::Refusal;
use crate::server::search;

/// Replaces every reference of a resource that is a search by one to its only match. Refuses with 412 where there is
/// none or are several, and with 400 what is no filter.
pub(super) fn resolve(shared: &Shared, base: &str, resource: &mut Value) -> Result<(), Refusal> {
    let release = shared.options.release;
    let mut problem = None;
    walk(Model::for_release(release), resource, &mut |place| {
        let Place::Reference(reference) = place else { return };
        let Some(Value::String(text)) = reference.get_mut("reference") else {
            return;
        };
        let Some((name, criteria)) = text.split_once('?') else {
            return;
        };
        let Some(resource_type) = ResourceType::parse(release, name) else {
            return;
        };
        match only_match(shared, base, resource_type, criteria) {
            Ok(id) => *text = format!("{resource_type}/{id}"),
            Err(refusal) => problem = Some(refusal.within(&format!("the reference `{text}`"))),
        }
    });
    problem.map_or(Ok(()), Err)
}

fn only_match(shared: &Shared, base: &str, resource_type: ResourceType, criteria: &str) -> Result<String, Refusal> {
    let query = query::parse(criteria)?;
    if query.is_empty() || query.iter().any(|(name, _)| is_for_results(name)) {
        return Err(Refusal::invalid("it has to hold filters, and nothing else"));
    }
    let mut prefer = Prefer::of(&HeaderMap::new());
    // A filter that the server does not know would select everything.
    prefer.strict = true;
    let request = Incoming {
        method: Method::GET,
        query,
        headers: HeaderMap::new(),
        body: Vec::new().into(),
        base: base.to_owned(),
        prefer,
    };
    let found = search::search(shared, &request, resource_type)?.body;
    let found = found.as_deref().unwrap_or(&Value::Null);
    let failed = |code, text: String| Err(Refusal::new(StatusCode::PRECONDITION_FAILED, code, text));
    match (found["total"].as_u64(), found["entry"][0]["resource"]["id"].as_str()) {
        (Some(1), Some(id)) => Ok(id.to_owned()),
        (Some(0) | None, _) => failed("not-found", "it matches nothing".into()),
        (Some(many), _) => failed("multiple-matches", format!("it matches {many} resources")),
    }
}

/// Parameters that say how results are shown, and filter nothing.
fn is_for_results(name: &str) -> bool {
    let bare = name.split(':').next().unwrap_or(name);
    matches!(
        bare,
        "_sort"
            | "_count"
            | "_include"
            | "_revinclude"
            | "_summary"
            | "_elements"
            | "_total"
            | "_contained"
            | "_containedType"
            | "_maxresults"
            | "_score"
            | "_format"
            | "_pretty"
            | "_offset"
    )
}
