//! What a run created, and the deleting of it: last first, also after failures and when the run is stopped.

use std::cell::{Cell, RefCell};

use serde_json::{Value, json};

use super::render::TAG_SYSTEM;
use super::{Sender, entries};
use crate::exchange::{Body, Exchange, Headers, Request};
use crate::fhir::Location;
use crate::transport::TransportError;
use crate::verdict::{Cleanup, LeftBehind};

/// How many pages of a search by tag are deleted at most.
const SWEEPS: usize = 20;

/// How often what others refer to is tried again at most.
const ROUNDS: usize = 5;

/// Resources that were created and not yet deleted, by the number of their case.
#[derive(Debug, Default)]
pub struct Registry {
    created: RefCell<Vec<(usize, Created)>>,
    /// What was created and deleted again: an update that brings it back makes it ours once more, whatever its status is.
    gone_again: RefCell<Vec<Created>>,
    done: RefCell<Cleanup>,
    /// What is to stay.
    kept: RefCell<Vec<Created>>,
    /// What could not be deleted because others refer to it, perhaps only for now.
    referred: RefCell<Vec<String>>,
    /// Whether a deletion found no server.
    gone: Cell<bool>,
}

/// Something that a case created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// `Patient/17`
    Instance(String),
    /// Something of this type, of which the server told neither Location nor id.
    Unknown(String),
    /// Perhaps something of this type, though the server says that it did nothing, or not what.
    Doubtful(String),
}

impl Registry {
    /// An empty registry of a run with this tag.
    #[must_use]
    pub fn new(tag: &str) -> Self {
        let registry = Self::default();
        registry.done.borrow_mut().tag = tag.to_owned();
        registry
    }

    /// Looks at an exchange of a case, and keeps in mind what it created or deleted. `is_ours` tells whether an id was
    /// chosen by this run; only then a PUT that was answered 200 may have created the resource.
    pub fn watch(&self, case: usize, base: &str, exchange: &Exchange, is_ours: impl Fn(&str) -> bool) {
        let Some(path) = path_of(&exchange.request.url, base) else {
            return;
        };
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        // A gateway that gave up does not know what the server behind it did.
        if matches!(exchange.response.status, 502 | 504) {
            return self.watch_lost(case, base, &exchange.request);
        }
        if exchange.request.method == "POST" && segments.is_empty() {
            for created in entries::created(exchange, base, is_ours) {
                self.add(case, created);
            }
            return;
        }
        if !(200..300).contains(&exchange.response.status) {
            return;
        }
        match (exchange.request.method.as_str(), segments.as_slice()) {
            // 200 tells that the condition of If-None-Exist found one (`http.html#ccreate`): it was there before.
            ("POST", [_])
                if exchange.response.status == 200 && exchange.request.headers.get("if-none-exist").is_some() => {}
            ("POST", [resource_type]) if is_type(resource_type) => {
                self.add(case, created_by_post(resource_type, exchange))
            }
            // A conditional update that found nothing.
            ("PUT", [resource_type]) if exchange.response.status == 201 && is_type(resource_type) => {
                self.add(case, created_by_post(resource_type, exchange));
            }
            ("PUT", [resource_type, id])
                if exchange.response.status == 201 || is_ours(id) || self.was_ours(resource_type, id) =>
            {
                self.add(case, Created::Instance(format!("{resource_type}/{id}")));
            }
            ("DELETE", [resource_type, id]) => self.forget(&format!("{resource_type}/{id}")),
            _ => {}
        }
    }

    /// A create whose answer was lost: it may have happened.
    pub fn watch_lost(&self, case: usize, base: &str, request: &Request) {
        let Some(path) = path_of(&request.url, base) else {
            return;
        };
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        if let ("POST" | "PUT", [resource_type]) | ("PUT", [resource_type, _]) =
            (request.method.as_str(), segments.as_slice())
            && is_type(resource_type)
        {
            self.add(case, Created::Unknown((*resource_type).to_owned()));
        }
        if request.method == "POST" && segments.is_empty() {
            let sent: Value = serde_json::from_slice(request.body.bytes()).unwrap_or_default();
            for entry in sent["entry"].as_array().into_iter().flatten() {
                if let Some(resource_type) = entries::written_type(entry) {
                    self.add(case, Created::Unknown(resource_type));
                }
            }
        }
    }

    /// Something is no longer there.
    fn forget(&self, instance: &str) {
        let gone = Created::Instance(instance.to_owned());
        let mut created = self.created.borrow_mut();
        let before = created.len();
        created.retain(|(_, created)| *created != gone);
        if created.len() < before {
            self.gone_again.borrow_mut().push(gone);
        }
    }

    /// Whether the run created something and deleted it again.
    fn was_ours(&self, resource_type: &str, id: &str) -> bool {
        let gone = Created::Instance(format!("{resource_type}/{id}"));
        self.gone_again.borrow().contains(&gone)
    }

    fn add(&self, case: usize, created: Created) {
        let mut list = self.created.borrow_mut();
        if !list.iter().any(|(_, known)| *known == created) {
            list.push((case, created));
        }
    }

    /// How many things a case has created so far; what comes later can be [`Registry::keep`]ed.
    #[must_use]
    pub fn len_of(&self, case: usize) -> usize {
        self.created.borrow().iter().filter(|(owner, _)| *owner == case).count()
    }

    /// Forgets what a case created after the first `from` things: it stays on the server.
    pub fn keep(&self, case: usize, from: usize) {
        let mut index = 0;
        let mut kept = 0;
        self.created.borrow_mut().retain(|(owner, created)| {
            if *owner != case {
                return true;
            }
            index += 1;
            if index > from {
                kept += 1;
                self.kept.borrow_mut().push(created.clone());
            }
            index <= from
        });
        self.done.borrow_mut().kept += kept;
    }

    /// Whether something is still to be deleted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.created.borrow().is_empty() && self.referred.borrow().is_empty()
    }

    /// Deletes what one case created, last first. `None`: what all cases created, and what may have been created
    /// unseen; for the end of the run.
    pub async fn delete(&self, case: Option<usize>, sender: &Sender<'_>, base: &str) {
        loop {
            let next = {
                let mut list = self.created.borrow_mut();
                let last = list.iter().rposition(|(owner, created)| match case {
                    None => true,
                    Some(case) => case == *owner && matches!(created, Created::Instance(_)),
                });
                last.map(|index| list.remove(index).1)
            };
            match next {
                None if case.is_some() => return,
                None => return self.delete_referred(sender, base).await,
                // The server is gone: the rest would only wait for it, one after another.
                Some(rest) if self.gone.get() => self.give_up(base, &rest),
                Some(Created::Instance(instance)) => self.delete_one(sender, base, &instance).await,
                Some(Created::Unknown(resource_type)) => {
                    if !self.sweep(sender, base, &resource_type).await {
                        let url = self.sweep_url(base, &resource_type);
                        self.done.borrow_mut().left.push(LeftBehind {
                            url,
                            reason: "the server told neither Location nor id of something it may have created, and cannot be searched by _tag".into(),
                        });
                    }
                }
                Some(Created::Doubtful(resource_type)) => {
                    self.sweep(sender, base, &resource_type).await;
                }
            }
        }
    }

    /// Tries again what was in use: one by one as long as that helps, then together, since in a ring each waits for the
    /// next (`http.html#delete` lets a server refuse, a transaction looks at references when all is done).
    async fn delete_referred(&self, sender: &Sender<'_>, base: &str) {
        for round in 0..ROUNDS {
            let referred = self.referred.take();
            if referred.is_empty() || self.gone.get() {
                self.referred.replace(referred);
                return;
            }
            if round == ROUNDS - 1 {
                let entries: Vec<Value> = referred
                    .iter()
                    .map(|instance| json!({ "request": { "method": "DELETE", "url": instance } }))
                    .collect();
                let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries });
                let mut together = request("POST", base);
                together
                    .headers
                    .push("Content-Type", crate::fhir::media_type::FHIR_JSON);
                together.body = Body::new(bundle.to_string());
                // Whether it helped is seen below.
                let _ = sender.perform(&together).await;
            }
            for instance in &referred {
                self.delete_one(sender, base, instance).await;
            }
        }
    }

    async fn delete_one(&self, sender: &Sender<'_>, base: &str, instance: &str) {
        let url = format!("{base}/{instance}");
        let mut outcome = sender.perform(&request("DELETE", &url)).await;
        if let Ok(exchange) = &outcome
            && matches!(exchange.response.status, 400 | 412 | 428)
        {
            // It may want to be told which version it deletes.
            if let Ok(read) = sender.perform(&request("GET", &url)).await {
                if matches!(read.response.status, 404 | 410) {
                    outcome = Ok(read);
                } else if let Some(etag) = read.response.headers.get("etag") {
                    let mut again = request("DELETE", &url);
                    again.headers.push("If-Match", etag);
                    outcome = sender.perform(&again).await;
                }
            }
        }
        let reason = match outcome {
            Ok(exchange) if matches!(exchange.response.status, 200..=299 | 404 | 410) => None,
            Ok(exchange) if exchange.response.status == 409 => {
                let instance = instance.to_owned();
                let mut referred = self.referred.borrow_mut();
                if !referred.contains(&instance) {
                    referred.push(instance);
                }
                return;
            }
            Ok(exchange) => Some(format!("DELETE was answered {}", exchange.response.status)),
            Err(error) => {
                self.gone
                    .set(error.is_outage() || matches!(error, TransportError::Silent(_)));
                Some(error.to_string())
            }
        };
        let mut done = self.done.borrow_mut();
        match reason {
            None => done.deleted += 1,
            Some(reason) => done.left.push(LeftBehind { url, reason }),
        }
    }

    fn give_up(&self, base: &str, created: &Created) {
        let (Created::Instance(path) | Created::Unknown(path)) = created else {
            return;
        };
        self.done.borrow_mut().left.push(LeftBehind {
            url: format!("{base}/{path}"),
            reason: "not tried: the server is gone".into(),
        });
    }

    /// Finds what the run created by its tag, and deletes it. Only once no case is running any more: what one of them has
    /// just created may not be known here yet. False where the server cannot be searched by tag.
    async fn sweep(&self, sender: &Sender<'_>, base: &str, resource_type: &str) -> bool {
        let tag = self.done.borrow().tag.clone();
        let url = self.sweep_url(base, resource_type);
        let mut tried: Vec<String> = Vec::new();
        // What was deleted makes room on the first page for what comes after it.
        for _ in 0..SWEEPS {
            let found = match sender.perform(&request("GET", &url)).await {
                Ok(exchange) if exchange.response.status == 200 => {
                    instances(exchange.response.body.bytes(), resource_type, &tag)
                }
                _ => return false,
            };
            let before = tried.len();
            for instance in found {
                let created = Created::Instance(instance.clone());
                let is_known = self.created.borrow().iter().any(|(_, known)| *known == created);
                if !is_known && !self.kept.borrow().contains(&created) && !tried.contains(&instance) {
                    self.delete_one(sender, base, &instance).await;
                    tried.push(instance);
                }
            }
            if tried.len() == before || self.gone.get() {
                break;
            }
        }
        true
    }

    fn sweep_url(&self, base: &str, resource_type: &str) -> String {
        format!("{base}/{resource_type}?_tag={TAG_SYSTEM}%7C{}", self.done.borrow().tag)
    }

    /// What became of everything.
    #[must_use]
    pub fn result(&self) -> Cleanup {
        let mut done = self.done.borrow().clone();
        for (_, created) in self.created.borrow().iter() {
            let (url, reason) = match created {
                Created::Instance(instance) => (
                    instance.clone(),
                    "not tried: the run was stopped, or clean-up is off".to_owned(),
                ),
                Created::Unknown(resource_type) => (
                    resource_type.clone(),
                    "something of this type may have been created".to_owned(),
                ),
                Created::Doubtful(_) => continue,
            };
            done.left.push(LeftBehind { url, reason });
        }
        for instance in self.referred.borrow().iter() {
            done.left.push(LeftBehind {
                url: instance.clone(),
                reason: "DELETE was answered 409: something refers to it".to_owned(),
            });
        }
        // Cases end in any order; what they leave is told in one.
        done.left.sort_by(|one, other| one.url.cmp(&other.url));
        done
    }
}

fn request(method: &str, url: &str) -> Request {
    Request {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: Headers::from_iter([("Accept", crate::fhir::media_type::FHIR_JSON)]),
        body: Body::Empty,
    }
}

/// The path after the base, without the query.
fn path_of<'a>(url: &'a str, base: &str) -> Option<&'a str> {
    let rest = url.strip_prefix(base)?;
    rest.split('?').next()
}

fn is_type(segment: &str) -> bool {
    segment.starts_with(|first: char| first.is_ascii_uppercase())
}

fn created_by_post(resource_type: &str, exchange: &Exchange) -> Created {
    let location = exchange.response.headers.get("location");
    let location = location.and_then(|text| Location::parse(text, &exchange.request.url));
    // Who posts a Patient has made no Organization, and deletes none.
    if let Some(location) = location.filter(|location| location.resource_type == resource_type) {
        return Created::Instance(location.instance());
    }
    let body: Option<Value> = serde_json::from_slice(exchange.response.body.bytes()).ok();
    let id = body
        .as_ref()
        .filter(|body| body.get("resourceType").and_then(Value::as_str) == Some(resource_type))
        .and_then(|body| body.get("id"))
        .and_then(Value::as_str);
    match id {
        Some(id) => Created::Instance(format!("{resource_type}/{id}")),
        None => Created::Unknown(resource_type.to_owned()),
    }
}

/// The instances of a type in a searchset that carry the run's tag; a server that ignores `_tag` returns others too.
fn instances(body: &[u8], resource_type: &str, tag: &str) -> Vec<String> {
    let Ok(bundle) = serde_json::from_slice::<Value>(body) else {
        return Vec::new();
    };
    let entries = bundle
        .get("entry")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let is_tagged = |resource: &Value| {
        let tags = resource.pointer("/meta/tag").and_then(Value::as_array);
        tags.into_iter().flatten().any(|known| {
            known.get("system").and_then(Value::as_str) == Some(TAG_SYSTEM)
                && known.get("code").and_then(Value::as_str) == Some(tag)
        })
    };
    entries
        .iter()
        .filter_map(|entry| entry.get("resource"))
        .filter(|resource| {
            resource.get("resourceType").and_then(Value::as_str) == Some(resource_type) && is_tagged(resource)
        })
        .filter_map(|resource| Some(format!("{resource_type}/{}", resource.get("id")?.as_str()?)))
        .collect()
}

#[cfg(test)]
mod tests;
