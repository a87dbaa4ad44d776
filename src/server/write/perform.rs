//! Doing a write, under the lock of the store.

use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;

use super::super::Shared;
use super::super::policy::{ConditionalDelete, Policy};
use super::super::precondition::Precondition;
use super::super::reply::Refusal;
use super::super::rewrite::Switch;
use super::super::search::Condition;
use super::super::store::{Version, Writing};
use super::{Act, Goal, Write, check_id, rule};
use crate::fhir::{FhirVersion, ResourceType};

/// What a write did.
#[derive(Debug)]
pub(in crate::server) enum Done {
    /// A version was stored; its origin tells whether the resource was created.
    Stored(Arc<Version>),
    /// Nothing: a conditional create found this resource.
    Matched(Arc<Version>),
    /// What was to be deleted is not there, or not any more. `version` is the deletion, where there is exactly one.
    Deleted {
        version: Option<Arc<Version>>,
        said: String,
    },
}

impl Write {
    /// Does it. A refusal leaves the store as it was.
    pub fn perform(self, shared: &Shared, store: &mut Writing<'_>) -> Result<Done, Refusal> {
        let (resource_type, precondition) = (self.resource_type, &self.precondition);
        let release = shared.options.release;
        match self.act {
            Act::Create { id, resource, unless } => {
                if let Some(condition) = unless
                    && let Some(found) = condition.one(store)?
                {
                    return Ok(Done::Matched(found));
                }
                if !shared.on(Switch::CreatesAgainstRules) {
                    rule::check(resource_type, &id, &resource, &self.base, release, store)?;
                }
                Ok(Done::Stored(store.create(resource_type.name(), &id, resource)))
            }
            Act::Update { goal, resource } => {
                let id = match goal {
                    Goal::Instance(id) => id,
                    Goal::Found(condition) => meant_by_update(shared, &condition, &resource, resource_type, store)?,
                };
                precondition.check(store.current(resource_type.name(), &id).map(Arc::as_ref))?;
                if !shared.on(Switch::UpdatesAgainstRules) {
                    rule::check(resource_type, &id, &resource, &self.base, release, store)?;
                }
                Ok(Done::Stored(store.update(resource_type.name(), &id, resource)))
            }
            Act::Patch { goal, patch } => {
                let id = match goal {
                    Goal::Instance(id) => id,
                    Goal::Found(condition) => {
                        let found = condition.one(store)?;
                        let nothing = || Refusal::not_found(format!("nothing fits {condition}"));
                        found.ok_or_else(nothing)?.id.clone()
                    }
                };
                // A patch cannot bring back what was deleted: for it, that is not there.
                let current = store.current(resource_type.name(), &id);
                let content = current.and_then(|version| version.resource.clone());
                let content = content.ok_or_else(|| Refusal::not_found(format!("there is no {resource_type}/{id}")))?;
                precondition.check(current.map(Arc::as_ref))?;
                let patched = patch.apply(&content, release)?;
                rule::check(resource_type, &id, &patched, &self.base, release, store)?;
                Ok(Done::Stored(store.patch(resource_type.name(), &id, patched)))
            }
            Act::Delete {
                goal: Goal::Instance(id),
            } => delete_instance(shared, resource_type, &id, precondition, store),
            Act::Delete {
                goal: Goal::Found(condition),
            } => delete_found(resource_type, &condition, precondition, release, store),
        }
    }
}

/// The id under which a conditional update stores its body (`http.html#cond-update`): that of the match, that of the body,
/// or a new one. 400 where the body names another resource than the match. Without a match, an id that is taken is
/// refused with 409: R5 says so, and what R4 leaves open is no reason to overwrite what the criteria do not mean.
fn meant_by_update(
    shared: &Shared,
    condition: &Condition,
    resource: &Value,
    resource_type: ResourceType,
    store: &Writing<'_>,
) -> Result<String, Refusal> {
    let sent = resource.get("id").and_then(Value::as_str);
    match (condition.one(store)?, sent) {
        (Some(found), Some(sent)) if sent != found.id => Err(Refusal::invalid(format!(
            "{resource_type}.id is `{sent}`, but {condition} is {resource_type}/{}",
            found.id
        ))),
        (Some(found), _) => Ok(found.id.clone()),
        (None, None) => Ok(shared.new_id()),
        (None, Some(sent)) => {
            check_id(sent)?;
            let current = store.current(resource_type.name(), sent);
            if current.is_some_and(|version| version.resource.is_some()) {
                let reason = format!("nothing fits {condition}, but {resource_type}/{sent} exists");
                return Err(Refusal::new(StatusCode::CONFLICT, "conflict", reason));
            }
            Ok(sent.to_owned())
        }
    }
}

fn delete_instance(
    shared: &Shared,
    resource_type: ResourceType,
    id: &str,
    precondition: &Precondition,
    store: &mut Writing<'_>,
) -> Result<Done, Refusal> {
    let name = format!("{resource_type}/{id}");
    let Some(current) = store.current(resource_type.name(), id) else {
        let said = format!("{name} never existed: nothing was to be deleted");
        return Ok(Done::Deleted { version: None, said });
    };
    if current.resource.is_none() && !shared.on(Switch::DeletesAgain) {
        let version = Some(current.clone());
        let said = format!("{name} had been deleted before");
        return Ok(Done::Deleted { version, said });
    }
    precondition.check(Some(current))?;
    let version = Some(store.delete(resource_type.name(), id));
    let said = format!("{name} was deleted");
    Ok(Done::Deleted { version, said })
}

/// Deletes what criteria find (`http.html#cdelete`): nothing is as well as an ordinary delete of nothing, which R6 calls
/// 404; several are refused where the type is deleted one at a time. If-Match has to hold for each.
pub(super) fn delete_found(
    resource_type: ResourceType,
    condition: &Condition,
    precondition: &Precondition,
    release: FhirVersion,
    store: &mut Writing<'_>,
) -> Result<Done, Refusal> {
    let all = condition.all(store);
    if all.is_empty() {
        let said = format!("nothing fits {condition}: nothing was to be deleted");
        if release >= FhirVersion::R6 {
            return Err(Refusal::not_found(said));
        }
        return Ok(Done::Deleted { version: None, said });
    }
    let policy = Policy::of(resource_type, release);
    if all.len() > 1 && policy.conditional_delete == ConditionalDelete::Single {
        return Err(condition.ambiguous(all.len()));
    }
    for version in &all {
        precondition.check(Some(version))?;
    }
    let mut versions: Vec<_> = all
        .iter()
        .map(|version| store.delete(resource_type.name(), &version.id))
        .collect();
    let said = format!("{} deleted that fit {condition}", versions.len());
    let version = versions.pop().filter(|_| versions.is_empty());
    Ok(Done::Deleted { version, said })
}
