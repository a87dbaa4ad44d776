//! What references point at, where it is in the body (`references.html`, `bundle.html#references`).

use std::collections::HashMap;

use serde_json::Value;

use super::item::{Item, Scope, resource_type};
use crate::fhir::Reference;

/// The entries of every Bundle of a body, by fullUrl.
#[derive(Debug, Default)]
pub(super) struct Targets<'a> {
    by_url: HashMap<&'a str, (&'a Value, String)>,
}

impl<'a> Targets<'a> {
    /// Takes an entry of a Bundle that stands at a place.
    pub(super) fn add_entry(&mut self, entry: &'a Value, pointer: &str) {
        if let (Some(url), Some(resource)) = (entry["fullUrl"].as_str(), entry.get("resource")) {
            self.by_url
                .entry(url)
                .or_insert_with(|| (resource, format!("{pointer}/resource")));
        }
    }

    /// What a reference points at: a contained resource or an entry.
    pub(super) fn resolve(&self, text: &str, from: &Item<'a>) -> Option<Item<'a>> {
        if let Some(id) = text.strip_prefix('#') {
            return contained(id, from);
        }
        let found = self.by_url.get_key_value(text).or_else(|| {
            let reference = Reference::parse(text).filter(|reference| reference.base.is_none())?;
            let own = Reference::parse(from.scope.full_url?)?;
            let absolute = format!("{}/{}/{}", own.base?, reference.resource_type, reference.id);
            self.by_url.get_key_value(absolute.as_str())
        });
        let (full_url, (resource, pointer)) = found?;
        let mut item = Item::whole(resource, "");
        item.pointer.clone_from(pointer);
        item.scope.container_at = pointer.len();
        item.scope.full_url = Some(full_url);
        Some(item)
    }
}

fn contained<'a>(id: &str, from: &Item<'a>) -> Option<Item<'a>> {
    let container = from.scope.container?;
    let around = &from.pointer[..from.scope.container_at];
    let (resource, pointer) = if id.is_empty() {
        (container, around.to_owned())
    } else {
        let all = container["contained"].as_array()?;
        let index = all.iter().position(|resource| resource["id"] == id)?;
        (&all[index], format!("{around}/contained/{index}"))
    };
    let mut item = Item::whole(resource, "");
    item.pointer = pointer;
    item.scope = Scope {
        resource: Some(resource),
        ..from.scope
    };
    Some(item)
}

/// The type that a reference says it points at, by its text or by `Reference.type`.
pub(super) fn told_type<'a>(item: &Item<'a>) -> Option<&'a str> {
    let text = item.get("reference").and_then(Value::as_str);
    let by_text = text.and_then(Reference::parse).map(|reference| reference.resource_type);
    by_text.or_else(|| item.get("type").and_then(Value::as_str))
}

/// The type of what was found.
pub(super) fn found_type<'a>(item: &Item<'a>) -> Option<&'a str> {
    item.value.and_then(resource_type)
}
