//! Writing resources: create, update, patch, delete, and their conditional forms (`http.html#create`, `http.html#update`,
//! `http.html#patch`, `http.html#delete`).
//!
//! A [`Write`] is read from a request and checked as far as that needs no store; `perform` does it under the lock of
//! the store, so that searching, checking preconditions and storing are one act; `answer` says what was done.
//! Several writes can be performed under one lock.

mod answer;
mod forget;
mod perform;
mod rule;

use serde_json::Value;

pub(super) use self::forget::{forget, forget_version};
pub(super) use self::perform::Done;
pub(super) use self::rule::UNIQUE;
use super::Shared;
use super::body;
use super::incoming::Incoming;
use super::negotiate::check_body_type;
use super::patch::Patch;
use super::policy::{ConditionalDelete, Policy};
use super::precondition::Precondition;
use super::query;
use super::reply::{Refusal, Reply};
use super::search::Condition;
use crate::fhir::ResourceType;
use crate::fhir::reference::is_id;

/// One write, ready to be done.
#[derive(Debug)]
pub(super) struct Write {
    pub resource_type: ResourceType,
    pub act: Act,
    precondition: Precondition,
    /// `[base]` as the client writes it.
    base: String,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Act {
    /// Store a new resource under an id of the server's choice, unless one fits.
    Create {
        id: String,
        resource: Value,
        unless: Option<Condition>,
    },
    /// Store a new version, or the first one.
    Update { goal: Goal, resource: Value },
    /// Change the version that is there.
    Patch { goal: Goal, patch: Patch },
    /// Delete.
    Delete { goal: Goal },
}

/// What a write is aimed at.
#[derive(Debug)]
pub(super) enum Goal {
    /// The resource with this id.
    Instance(String),
    /// What the search finds.
    Found(Condition),
}

impl Write {
    /// A create; conditional where If-None-Exist says so. 400 for criteria that are not understood, or for a type that
    /// is not created conditionally: nothing is created, so that no duplicate arises.
    pub fn create(
        shared: &Shared,
        request: &Incoming,
        resource_type: ResourceType,
        resource: Value,
    ) -> Result<Self, Refusal> {
        let unless = match request.headers.get("if-none-exist") {
            None => None,
            Some(_) if !Policy::of(resource_type, shared.options.release).conditional => {
                return Err(unsupported("create", resource_type));
            }
            Some(criteria) => {
                let text = criteria
                    .to_str()
                    .map_err(|_| Refusal::invalid("If-None-Exist is not readable"))?;
                let criteria = query::parse(text)?;
                Some(Condition::of(
                    &criteria,
                    resource_type,
                    &request.base,
                    shared.options.release,
                )?)
            }
        };
        Ok(Self {
            resource_type,
            act: Act::Create {
                id: shared.new_id(),
                resource,
                unless,
            },
            precondition: Precondition::default(),
            base: request.base.clone(),
        })
    }

    /// An update of the instance with an id, whose body has that id too; or of what the criteria of the URL find.
    pub fn update(
        shared: &Shared,
        request: &Incoming,
        resource_type: ResourceType,
        id: Option<&str>,
        resource: Value,
    ) -> Result<Self, Refusal> {
        let goal = match id {
            None => Goal::Found(condition(shared, request, resource_type, "update")?),
            Some(id) => {
                check_id(id)?;
                match resource.get("id").and_then(Value::as_str) {
                    Some(sent) if sent == id => {}
                    Some(sent) => {
                        return Err(Refusal::invalid(format!(
                            "{resource_type}.id is `{sent}`, but the URL says `{id}`"
                        )));
                    }
                    None => {
                        return Err(Refusal::invalid(format!(
                            "{resource_type}.id is missing; the URL says `{id}`"
                        )));
                    }
                }
                Goal::Instance(id.to_owned())
            }
        };
        Ok(Self {
            resource_type,
            act: Act::Update { goal, resource },
            precondition: Precondition::of(&request.headers)?,
            base: request.base.clone(),
        })
    }

    /// A patch of the instance with an id, or of what the criteria of the URL find.
    pub fn patch(
        shared: &Shared,
        request: &Incoming,
        resource_type: ResourceType,
        id: Option<&str>,
        patch: Patch,
    ) -> Result<Self, Refusal> {
        let goal = match id {
            Some(id) => Goal::Instance(id.to_owned()),
            None => Goal::Found(condition(shared, request, resource_type, "patch")?),
        };
        Ok(Self {
            resource_type,
            act: Act::Patch { goal, patch },
            precondition: Precondition::of(&request.headers)?,
            base: request.base.clone(),
        })
    }

    /// A deletion of the instance with an id, or of what the criteria of the URL find.
    pub fn delete(
        shared: &Shared,
        request: &Incoming,
        resource_type: ResourceType,
        id: Option<&str>,
    ) -> Result<Self, Refusal> {
        let goal = match id {
            Some(id) => Goal::Instance(id.to_owned()),
            None => Goal::Found(condition(shared, request, resource_type, "delete")?),
        };
        Ok(Self {
            resource_type,
            act: Act::Delete { goal },
            precondition: Precondition::of(&request.headers)?,
            base: request.base.clone(),
        })
    }
}

/// Creates: 201, or 200 where the resource was there already.
pub(super) fn create(shared: &Shared, request: &Incoming, resource_type: ResourceType) -> Result<Reply, Refusal> {
    let resource = parse(shared, request, resource_type)?;
    run(
        shared,
        request,
        Write::create(shared, request, resource_type, resource)?,
    )
}

/// Stores the next version of a resource: 200; or its first, or its first after a deletion: 201.
pub(super) fn update(
    shared: &Shared,
    request: &Incoming,
    resource_type: ResourceType,
    id: Option<&str>,
) -> Result<Reply, Refusal> {
    let resource = parse(shared, request, resource_type)?;
    run(
        shared,
        request,
        Write::update(shared, request, resource_type, id, resource)?,
    )
}

/// Changes a resource by a patch: 200.
pub(super) fn patch(
    shared: &Shared,
    request: &Incoming,
    resource_type: ResourceType,
    id: Option<&str>,
) -> Result<Reply, Refusal> {
    let patch = Patch::read(&request.headers, &request.body, shared.options.release)?;
    run(
        shared,
        request,
        Write::patch(shared, request, resource_type, id, patch)?,
    )
}

/// Deletes: 204, or 200 with an OperationOutcome where that is preferred. What is not there is deleted just as well.
pub(super) fn delete(
    shared: &Shared,
    request: &Incoming,
    resource_type: ResourceType,
    id: Option<&str>,
) -> Result<Reply, Refusal> {
    run(shared, request, Write::delete(shared, request, resource_type, id)?)
}

fn run(shared: &Shared, request: &Incoming, write: Write) -> Result<Reply, Refusal> {
    let resource_type = write.resource_type;
    let done = write.perform(shared, &mut shared.store.write())?;
    Ok(done.answer(shared, request, resource_type))
}

fn parse(shared: &Shared, request: &Incoming, resource_type: ResourceType) -> Result<Value, Refusal> {
    check_body_type(&request.headers, shared.options.release)?;
    body::resource(&request.body, resource_type.name(), shared.options.release)
}

/// The criteria of the URL; 400 for a type with which `interaction` is not done conditionally.
fn condition(
    shared: &Shared,
    request: &Incoming,
    resource_type: ResourceType,
    interaction: &str,
) -> Result<Condition, Refusal> {
    let release = shared.options.release;
    let policy = Policy::of(resource_type, release);
    let offered = match interaction {
        "delete" => policy.conditional_delete != ConditionalDelete::NotSupported,
        _ => policy.conditional,
    };
    if !offered {
        return Err(unsupported(interaction, resource_type));
    }
    Condition::of(&request.query, resource_type, &request.base, release)
}

fn unsupported(interaction: &str, resource_type: ResourceType) -> Refusal {
    let reason = format!("this server has no conditional {interaction} for {resource_type}");
    Refusal::new(http::StatusCode::BAD_REQUEST, "not-supported", reason)
}

fn check_id(id: &str) -> Result<(), Refusal> {
    if is_id(id) {
        return Ok(());
    }
    let reason = format!("`{id}` is no id: 1 to 64 letters, digits, hyphens and dots");
    Err(Refusal::invalid(reason))
}
