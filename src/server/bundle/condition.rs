//! References that are searches: `Patient?identifier=x` (`http.html#trules`).

use http::StatusCode;
use serde_json::{Map, Value};

use super::walk::{Place, walk};
use crate::fhir::ResourceType;
use crate::fhir::model::Model;
use crate::server::Shared;
use crate::server::query;
use crate::server::reply::Refusal;
use crate::server::rewrite::Switch;
use crate::server::search::Condition;

/// Replaces every reference of a resource that is a search by one to its only match. Refuses with 412 where there is
/// none or are several, and with 400 what is no filter.
pub(super) fn resolve(shared: &Shared, base: &str, resource: &mut Value) -> Result<(), Refusal> {
    let release = shared.options.release;
    if shared.on(Switch::SearchesStay) {
        return Ok(());
    }
    let mut problem = None;
    let mut act = |reference: &mut Map<String, Value>| {
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
            Err(_) if shared.on(Switch::SearchesOptional) => {
                reference.remove("reference");
                reference.insert("display".into(), "unknown".into());
            }
            Err(refusal) => problem = Some(refusal.within(&format!("the reference `{text}`"))),
        }
    };
    if shared.on(Switch::SearchesOnTop) {
        let members = resource
            .as_object_mut()
            .into_iter()
            .flat_map(|members| members.values_mut());
        members.filter_map(Value::as_object_mut).for_each(act);
    } else {
        walk(Model::for_release(release), resource, &mut |place| {
            if let Place::Reference(reference) = place {
                act(reference);
            }
        });
    }
    problem.map_or(Ok(()), Err)
}

fn only_match(shared: &Shared, base: &str, resource_type: ResourceType, criteria: &str) -> Result<String, Refusal> {
    let condition = Condition::of(&query::parse(criteria)?, resource_type, base, shared.options.release)?;
    if shared.on(Switch::SearchesTakeFirst)
        && let Some(first) = condition.all(&shared.store.write()).first()
    {
        return Ok(first.id.clone());
    }
    match condition.one(&shared.store.write())? {
        Some(version) => Ok(version.id.clone()),
        None => Err(Refusal::new(
            StatusCode::PRECONDITION_FAILED,
            "not-found",
            "nothing fits it",
        )),
    }
}
