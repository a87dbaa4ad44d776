//! `_list`: only what a List names (`search.html#list`, `http.html#history`).

use std::collections::HashMap;

use serde_json::Value;

use super::Shared;
use super::query::single;
use super::reply::Refusal;
use crate::fhir::Reference;
use crate::fhir::reference::is_id;

/// What the items of a List refer to on this server.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// By type and id: the versions that are named, none where the resource as such is.
    items: HashMap<(String, String), Vec<Option<String>>>,
}

impl Listed {
    /// Reads the List that `_list` names by its id or as `List/[id]`; 400 for what is no such name, or names no List.
    pub fn of(shared: &Shared, query: &[(String, String)], base: &str) -> Result<Option<Self>, Refusal> {
        let Some(name) = single(query, "_list")? else {
            return Ok(None);
        };
        let id = name.strip_prefix("List/").unwrap_or(name);
        if !is_id(id) {
            return Err(Refusal::invalid(format!("`_list={name}`: it is the id of a List")));
        }
        let found = shared.store.current("List", id);
        let list = found.and_then(|version| version.resource.clone());
        let list = list.ok_or_else(|| Refusal::invalid(format!("`_list={name}`: there is no such List")))?;
        let mut listed = Self::default();
        for entry in list["entry"].as_array().into_iter().flatten() {
            // An item that is marked as deleted is not on the list any more.
            if entry["deleted"] == Value::Bool(true) {
                continue;
            }
            let literal = entry["item"]["reference"].as_str().and_then(Reference::parse);
            if let Some(literal) = literal.filter(|literal| literal.base.is_none_or(|known| known == base)) {
                let named = (literal.resource_type.to_owned(), literal.id.to_owned());
                let versions = listed.items.entry(named).or_default();
                versions.push(literal.version.map(str::to_owned));
            }
        }
        Ok(Some(listed))
    }

    /// Whether a resource is on the list, in whichever version.
    pub fn has(&self, resource_type: &str, id: &str) -> bool {
        self.items.contains_key(&(resource_type.to_owned(), id.to_owned()))
    }

    /// Whether a version is on the list: by itself, or because the resource as such is.
    pub fn has_version(&self, resource_type: &str, id: &str, version_id: &str) -> bool {
        let named = self.items.get(&(resource_type.to_owned(), id.to_owned()));
        let mut versions = named.into_iter().flatten();
        versions.any(|version| version.as_deref().is_none_or(|version| version == version_id))
    }
}
