//! The resources and extensions of a body, and what its references may point at.

use serde_json::Value;

use super::item::Item;
use super::reference::Targets;
use crate::fhir::model::Model;

/// So deep is looked; our parser accepts bodies of 128 levels.
const DEEPEST: usize = 150;

/// Everything in a body that a profile may be about: each resource, and each extension.
pub(super) fn claimants<'a>(model: &'static Model, body: &'a Value, targets: &mut Targets<'a>) -> Vec<Item<'a>> {
    let mut found = Vec::new();
    look(model, Item::whole(body, ""), 0, targets, &mut found);
    found
}

fn look<'a>(model: &'static Model, item: Item<'a>, depth: usize, targets: &mut Targets<'a>, found: &mut Vec<Item<'a>>) {
    if depth > DEEPEST {
        return;
    }
    if item.type_name == "Bundle.entry"
        && let Some(entry) = item.value
    {
        targets.add_entry(entry, &item.pointer);
    }
    for child in item.all_children(model) {
        let goes_on = child.value.is_some_and(Value::is_object) || child.companion.is_some();
        if goes_on {
            look(model, child, depth + 1, targets, found);
        }
    }
    if item.is_resource || item.type_name == "Extension" {
        found.push(item);
    }
}
