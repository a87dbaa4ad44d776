//! Applying one operation of a FHIRPath Patch (`fhirpatch.html`).

use serde_json::{Map, Value};

use super::items::{Item, put, take};
use super::locate::{List, Path, object_at};
use crate::fhir::FhirVersion;
use crate::fhir::model::{ElementInfo, Model, property_name};

/// One operation.
#[derive(Debug)]
pub(in crate::server) struct Operation {
    pub path: Path,
    pub change: Change,
}

/// What is done at the path.
#[derive(Debug)]
pub(in crate::server) enum Change {
    /// A new element in what the path finds; at the end where it repeats.
    Add { name: String, value: Given },
    /// A new element at a place of the list that the path is.
    Insert { index: usize, value: Given },
    /// The element is taken away, where there is one.
    Delete,
    /// Another value for the one element.
    Replace { value: Given },
    /// Another place in the list that the path is.
    Move { source: usize, destination: usize },
}

/// A value of an operation.
#[derive(Clone, Debug)]
pub(in crate::server) enum Given {
    /// A value of a data type.
    One { data_type: String, item: Item },
    /// The elements of a group, each with its name.
    Parts(Vec<(String, Given)>),
}

impl Operation {
    /// Changes a resource. The reason why it cannot be done, for people.
    pub fn apply(&self, resource: &mut Value, release: FhirVersion) -> Result<(), String> {
        let model = Model::for_release(release);
        match &self.change {
            Change::Add { name, value } => {
                let holder = self.path.one(resource, release)?;
                let element = element(model, &holder.data_type, name)?;
                let (property, item) = value.write(model, element)?;
                let place = object_at(resource, &holder.object_pointer())?;
                let mut items = take(place, &property);
                if !element.many && element.property_names().any(|other| !take(place, &other).is_empty()) {
                    return Err(format!("`{name}` does not repeat and has a value already"));
                }
                items.push(item);
                put(place, &property, items, element.many);
            }
            Change::Insert { index, value } => {
                let list = self.path.list(resource, release)?;
                let (_, item) = value.write(model, list.element)?;
                self.change_list(resource, &list, |items| {
                    if *index > items.len() {
                        return Err(format!("there is no place {index} in a list of {}", items.len()));
                    }
                    items.insert(*index, item);
                    Ok(())
                })?;
            }
            Change::Move { source, destination } => {
                let list = self.path.list(resource, release)?;
                self.change_list(resource, &list, |items| {
                    for index in [source, destination] {
                        if *index >= items.len() {
                            return Err(format!("there is no place {index} in a list of {}", items.len()));
                        }
                    }
                    let item = items.remove(*source);
                    items.insert(*destination, item);
                    Ok(())
                })?;
            }
            Change::Delete => {
                let found = self.path.all(resource, release)?;
                let place = match found.as_slice() {
                    [] => return Ok(()),
                    [one] => one
                        .at
                        .as_ref()
                        .ok_or("the resource itself cannot be deleted by a patch")?,
                    several => return Err(format!("`{}` finds {} elements", self.path, several.len())),
                };
                let holder = object_at(resource, &place.holder)?;
                let mut items = take(holder, &place.property);
                items.remove(place.index);
                put(holder, &place.property, items, place.element.many);
                drop_empty(resource);
            }
            Change::Replace { value } => {
                let found = self.path.one(resource, release)?;
                let place = found
                    .at
                    .as_ref()
                    .ok_or("the resource itself is replaced by an update")?;
                let (property, item) = value.write(model, place.element)?;
                let holder = object_at(resource, &place.holder)?;
                let mut items = take(holder, &place.property);
                items[place.index] = item;
                if property != place.property {
                    put(holder, &place.property, Vec::new(), false);
                }
                put(holder, &property, items, place.element.many);
            }
        }
        Ok(())
    }

    fn change_list(
        &self,
        resource: &mut Value,
        list: &List,
        change: impl FnOnce(&mut Vec<Item>) -> Result<(), String>,
    ) -> Result<(), String> {
        let holder = object_at(resource, &list.holder)?;
        let mut items = take(holder, list.element.name);
        change(&mut items)?;
        put(holder, list.element.name, items, true);
        Ok(())
    }
}

impl Given {
    /// The property under which JSON writes this value of an element, and the value.
    fn write(&self, model: &Model, element: &ElementInfo) -> Result<(String, Item), String> {
        match self {
            Self::One { data_type, item } => {
                if element.choice && !element.types.iter().any(|known| known.name == data_type) {
                    return Err(format!("`{}[x]` has no type {data_type}", element.name));
                }
                Ok((property_name(element.name, element.choice, data_type), item.clone()))
            }
            Self::Parts(parts) => {
                let [only] = element.types.as_slice() else {
                    return Err(format!("`{}[x]` is given by a value of one of its types", element.name));
                };
                let mut object = Map::new();
                for (name, part) in parts {
                    let child = self::element(model, only.name, name)?;
                    let (property, item) = part.write(model, child)?;
                    let mut items = take(&object, &property);
                    if !child.many && !items.is_empty() {
                        return Err(format!("`{name}` does not repeat"));
                    }
                    items.push(item);
                    put(&mut object, &property, items, child.many);
                }
                Ok((element.name.to_owned(), Value::Object(object).into()))
            }
        }
    }
}

/// The element of a type; a choice also by its name with a type.
fn element<'a>(model: &'a Model, type_name: &str, name: &str) -> Result<&'a ElementInfo, String> {
    let bare = name.strip_suffix("[x]").unwrap_or(name);
    model
        .element(type_name, bare)
        .ok_or_else(|| format!("{type_name} has no element `{name}`"))
}

/// An element without content does not exist: what a deletion left empty goes too.
fn drop_empty(value: &mut Value) {
    let is_empty = |value: &Value| match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(drop_empty);
            members.retain(|_, member| !is_empty(member));
        }
        Value::Array(items) => {
            items.iter_mut().for_each(drop_empty);
            items.retain(|item| !is_empty(item));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
