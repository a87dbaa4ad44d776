//! Batches: every entry on its own (`http.html#brules`).

use std::collections::HashSet;

use serde_json::Value;

use super::answer::{self, Shown};
use super::entry::{Entry, Phase};
use crate::server::Shared;
use crate::server::incoming::Incoming;
use crate::server::reply::Refusal;
use crate::server::rewrite::Switch;
use crate::server::route::Target;
use crate::server::router;

/// Answers every entry, in the order of a transaction, so that their order in the Bundle does not matter. A second write
/// to one resource is refused: entries must not depend on each other.
pub(super) fn process(shared: &Shared, request: &Incoming, entries: &[Value]) -> Vec<Value> {
    let mut read: Vec<Result<Entry, Refusal>> = entries
        .iter()
        .map(|entry| Entry::read(entry, request, shared.options.release))
        .collect();
    if !shared.on(Switch::BatchDepends) {
        refuse_second_writes(&mut read);
    }
    let as_sent = shared.on(Switch::BatchAsSent) || shared.on(Switch::BatchStops);
    let mut order: Vec<usize> = (0..read.len()).collect();
    // What cannot be read is answered first; the sort is stable.
    order.sort_by_key(|index| read[*index].as_ref().ok().map(|entry| entry.phase).filter(|_| !as_sent));
    let mut answers = vec![Value::Null; read.len()];
    let mut read: Vec<Option<Result<Entry, Refusal>>> = read.into_iter().map(Some).collect();
    let mut stopped = false;
    for index in order {
        let Some(entry) = read[index].take() else { continue };
        let mut shown = Shown {
            is_write: false,
            is_head: false,
            give: request.prefer.give,
            base: &request.base,
        };
        let answered = entry.and_then(|mut entry| {
            if stopped {
                return Err(Refusal::invalid("an entry failed before this one"));
            }
            if shared.on(Switch::BatchSearches) {
                entry.resolve_searches(shared);
            }
            shown.is_write = entry.phase != Phase::Read;
            shown.is_head = entry.is_head;
            router::dispatch(shared, &entry.request, entry.target)
        });
        stopped |= answered.is_err() && shared.on(Switch::BatchStops);
        let reply = answered.unwrap_or_else(Refusal::into_reply);
        answers[index] = answer::entry(&reply, shown);
    }
    answers
}

fn refuse_second_writes(read: &mut [Result<Entry, Refusal>]) {
    let mut written = HashSet::new();
    for entry in read {
        if let Ok(Entry {
            target: Target::Instance(resource_type, id),
            phase: Phase::Delete | Phase::Update,
            ..
        }) = entry
        {
            let name = format!("{resource_type}/{id}");
            if written.contains(&name) {
                let reason = format!("another entry of this batch writes {name}: entries of a batch are independent");
                *entry = Err(Refusal::invalid(reason));
            } else {
                written.insert(name);
            }
        }
    }
}
