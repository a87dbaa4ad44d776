//! The instances of elements in a body: a value, its companion `_name`, its type and its place.

use serde_json::Value;

use crate::fhir::model::{Model, TypeKind};

/// One instance of an element.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    /// Its value; `None` where there is only a companion.
    pub(super) value: Option<&'a Value>,
    /// What `_name` says of it.
    pub(super) companion: Option<&'a Value>,
    /// Its type, `Patient.contact` for a group; empty where nobody knows.
    pub(super) type_name: &'a str,
    /// Its place in the body.
    pub(super) pointer: String,
    /// Whether it is a resource.
    pub(super) is_resource: bool,
    /// The resources around it.
    pub(super) scope: Scope<'a>,
}

/// The resources around an item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    /// The nearest one; `None` where the body is a data type.
    pub(super) resource: Option<&'a Value>,
    /// The one that contains it, or that it is itself.
    pub(super) container: Option<&'a Value>,
    /// How much of an item's pointer leads to that.
    pub(super) container_at: usize,
    /// The `fullUrl` of the entry of the Bundle that it is in.
    pub(super) full_url: Option<&'a str>,
}

impl<'a> Item<'a> {
    /// A body as a whole.
    pub(super) fn whole(body: &'a Value, type_name: &'a str) -> Self {
        let resource = resource_type(body).map(|_| body);
        Self {
            value: Some(body),
            companion: None,
            type_name: resource_type(body).unwrap_or(type_name),
            pointer: String::new(),
            is_resource: resource.is_some(),
            scope: Scope {
                resource,
                container: resource,
                container_at: 0,
                full_url: None,
            },
        }
    }

    /// What tells it from every other one of the same body: where it lies in memory.
    pub(super) fn address(&self) -> usize {
        let seen = self.value.filter(|value| !value.is_null()).or(self.companion);
        seen.map_or(0, |value| std::ptr::from_ref(value) as usize)
    }

    /// Its text, where its value is one.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.value?.as_str()
    }

    /// A plain property of it.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.value?.get(name)
    }

    /// The instances of one of its elements; a choice by its name without `[x]`.
    pub(super) fn children(&self, model: &'static Model, name: &str) -> Vec<Item<'a>> {
        let mut found = Vec::new();
        let Some(object) = self.value.filter(|value| value.is_object()).or(self.companion) else {
            return found;
        };
        let info = model.element(self.type_name, name);
        if let Some(info) = info.filter(|info| info.choice) {
            let Some(properties) = object.as_object() else {
                return found;
            };
            for key in properties.keys() {
                let plain = key.strip_prefix('_').unwrap_or(key);
                let Some(rest) = plain.strip_prefix(name).filter(|rest| !rest.is_empty()) else {
                    continue;
                };
                let of = |found: &&crate::fhir::model::ElementType| is_capitalized(found.name, rest);
                let Some(type_name) = info.types.iter().find(of).map(|found| found.name) else {
                    continue;
                };
                // The companion alone, or the value, which takes its companion along.
                if key.starts_with('_') && properties.contains_key(plain) {
                    continue;
                }
                self.collect(object, plain, type_name, &mut found);
            }
            return found;
        }
        let type_name = match info.map(|info| info.types.as_slice()) {
            Some([only]) => only.name,
            Some(_) => "",
            // A definition may name a choice with its type: `valueQuantity`.
            None => self.renamed(model, name),
        };
        self.collect(object, name, type_name, &mut found);
        found
    }

    /// The instances of all its elements.
    pub(super) fn all_children(&self, model: &'static Model) -> Vec<Item<'a>> {
        let object = self.value.filter(|value| value.is_object()).or(self.companion);
        let Some(properties) = object.and_then(Value::as_object) else {
            return Vec::new();
        };
        let is_there = |info: &&crate::fhir::model::ElementInfo| {
            let mut keys = properties.keys().map(|key| key.strip_prefix('_').unwrap_or(key));
            keys.any(|key| key == info.name || info.choice && key.starts_with(info.name))
        };
        let elements = model.elements(self.type_name).into_iter().filter(is_there);
        elements.flat_map(|info| self.children(model, info.name)).collect()
    }

    /// The type of a choice that stands in its name: `Quantity` in `valueQuantity`.
    fn renamed(&self, model: &'static Model, name: &str) -> &'static str {
        let choices = model.elements(self.type_name).into_iter().filter(|info| info.choice);
        let mut forms = choices.flat_map(|info| info.types.iter().map(move |found| (info.name, found.name)));
        let form = forms.find(|(choice, found)| {
            let rest = name.strip_prefix(choice);
            rest.is_some_and(|rest| is_capitalized(found, rest))
        });
        form.map_or("", |(_, found)| found)
    }

    fn collect(&self, object: &'a Value, key: &str, type_name: &'a str, found: &mut Vec<Item<'a>>) {
        let value = object.get(key);
        let companion = object.get(format!("_{key}"));
        let mark = if value.is_some() { "" } else { "_" };
        let around = if self.value.is_some_and(Value::is_object) {
            self.pointer.clone()
        } else {
            companion_of(&self.pointer)
        };
        let pointer = format!("{around}/{mark}{key}");
        let list = |value: Option<&'a Value>| value.and_then(Value::as_array).map(Vec::as_slice);
        let (values, companions) = (list(value), list(companion));
        let is_contained = key == "contained";
        if values.is_none() && companions.is_none() {
            if value.is_some() || companion.is_some() {
                found.push(self.child(value, companion, type_name, pointer, is_contained));
            }
            return;
        }
        let count = values
            .map_or(0, <[Value]>::len)
            .max(companions.map_or(0, <[Value]>::len));
        let at = |list: Option<&'a [Value]>, index: usize| {
            list.and_then(|list| list.get(index)).filter(|item| !item.is_null())
        };
        for index in 0..count {
            let (value, companion) = (at(values, index), at(companions, index));
            if value.is_some() || companion.is_some() {
                let place = format!("{pointer}/{index}");
                found.push(self.child(value, companion, type_name, place, is_contained));
            }
        }
    }

    fn child(
        &self,
        value: Option<&'a Value>,
        companion: Option<&'a Value>,
        type_name: &'a str,
        pointer: String,
        is_contained: bool,
    ) -> Item<'a> {
        let mut child = Item {
            value,
            companion,
            type_name,
            pointer,
            is_resource: false,
            scope: self.scope,
        };
        let own_type = value.and_then(resource_type).filter(|_| holds_resources(type_name));
        if let Some(own_type) = own_type {
            child.type_name = own_type;
            child.is_resource = true;
            child.scope.resource = value;
            if !is_contained {
                child.scope.container = value;
                child.scope.container_at = child.pointer.len();
                child.scope.full_url = self.get("fullUrl").and_then(Value::as_str);
            }
        }
        child
    }
}

/// The place of the companion of a primitive: `/_given/0` for `/given/0`.
fn companion_of(pointer: &str) -> String {
    let is_index = |step: &str| step.bytes().all(|byte| byte.is_ascii_digit());
    let steps: Vec<&str> = pointer.split('/').collect();
    let Some(named) = steps.iter().rposition(|step| !step.is_empty() && !is_index(step)) else {
        return pointer.to_owned();
    };
    if steps[named].starts_with('_') {
        return pointer.to_owned();
    }
    let marked = format!("_{}", steps[named]);
    let mut changed = steps.clone();
    changed[named] = &marked;
    changed.join("/")
}

/// Whether elements of a type are whole resources.
fn holds_resources(type_name: &str) -> bool {
    matches!(type_name, "Resource" | "DomainResource")
}

/// Whether something of one type may stand where another is asked for. A `code` is no `string` there: choices name their
/// type exactly.
pub(super) fn is_of_type(model: &Model, found: &str, wanted: &str) -> bool {
    let is_named = |kind| matches!(kind, TypeKind::Resource | TypeKind::Group);
    found == wanted || model.type_named(found).is_some_and(|known| is_named(known.kind)) && model.is_a(found, wanted)
}

/// The `resourceType` of a value.
pub(super) fn resource_type(value: &Value) -> Option<&str> {
    value.get("resourceType")?.as_str()
}

/// Whether a text is a type's name with a capital letter, as in `valueString`.
fn is_capitalized(type_name: &str, text: &str) -> bool {
    let (mut name, mut text) = (type_name.chars(), text.chars());
    name.next().map(|first| first.to_ascii_uppercase()) == text.next() && name.as_str() == text.as_str()
}
