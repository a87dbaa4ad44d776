//! `needs`: what a case asks of the CapabilityStatement, in its own names.

use std::fmt;

use super::keys;
use super::reader::Reader;
use super::suggest;
use super::values::gather;
use super::yaml::{Entry, Kind, Node};
use crate::fhir::Interaction;
use crate::source::Spanned;
use crate::suite::model::{Claim, Needs, ResourceNeeds};

/// Reads `needs`.
pub fn needs(reader: &mut Reader<'_>, node: &Node<'_>) -> Needs {
    let mut needs = Needs::default();
    for entry in reader.entries(node, "`needs`") {
        let value = &entry.value;
        match &*entry.key {
            "interaction" => needs.interaction = interactions(reader, value, keys::SYSTEM_INTERACTIONS),
            "format" => needs.format = texts(reader, value, "`format`"),
            "patchFormat" => needs.patch_format = texts(reader, value, "`patchFormat`"),
            key if key == "*" || is_type_variable(key) || key.starts_with(|first: char| first.is_ascii_uppercase()) => {
                let name = Spanned::new(key.to_owned(), entry.key_span);
                needs.resources.reserve_exact(1);
                needs.resources.push((name, resource(reader, value)));
            }
            _ => unknown(reader, entry),
        }
    }
    needs
}

/// `${type}`, or `${name.type}` of a given resource.
fn is_type_variable(key: &str) -> bool {
    key == "${type}" || key.starts_with("${") && key.ends_with(".type}")
}

fn unknown(reader: &mut Reader<'_>, entry: &Entry<'_>) {
    let table = &keys::RESOURCE_NEEDS;
    if let Some(name) = suggest::nearest(&entry.key, table.names()).filter(|name| !keys::NEEDS.has(name)) {
        let message = format!(
            "`{}` is nothing that a CapabilityStatement claims for a whole server",
            entry.key
        );
        let help = format!("`{name}` is claimed for a resource type: `Patient: {{ {name}: ... }}`");
        reader.error("unknown-key", entry.key_span, message, help);
    } else {
        reader.unknown_key(entry, &keys::NEEDS, std::iter::once("a resource type"));
    }
}

fn resource(reader: &mut Reader<'_>, node: &Node<'_>) -> ResourceNeeds {
    let Some(fields) = reader.fields(node, &keys::RESOURCE_NEEDS) else {
        return ResourceNeeds::default();
    };
    let mut flag = |key| {
        fields
            .get(key)
            .and_then(|node| reader.flag(node, format_args!("`{key}`")))
    };
    let read_history = flag("readHistory");
    let update_create = flag("updateCreate");
    let conditional_create = flag("conditionalCreate");
    let conditional_update = flag("conditionalUpdate");
    let conditional_patch = flag("conditionalPatch");
    let interaction = fields.get("interaction");
    let mut codes = |key, words| fields.get(key).and_then(|node| codes(reader, node, key, words));
    ResourceNeeds {
        versioning: codes("versioning", keys::VERSIONING),
        conditional_read: codes("conditionalRead", keys::CONDITIONAL_READ),
        conditional_delete: codes("conditionalDelete", keys::CONDITIONAL_DELETE),
        interaction: interaction.and_then(|node| interactions(reader, node, keys::TYPE_INTERACTIONS)),
        search_param: fields
            .get("searchParam")
            .and_then(|node| texts(reader, node, "`searchParam`")),
        read_history,
        update_create,
        conditional_create,
        conditional_update,
        conditional_patch,
    }
}

/// A list, one value, or `{ not: ... }` around either.
fn claim<T>(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    what: impl fmt::Display + Copy,
    mut read: impl FnMut(&mut Reader<'_>, &Node<'_>) -> Option<T>,
) -> Option<Box<Claim<T>>> {
    let (node, is_not) = match &node.kind {
        Kind::Map(entries) => match entries.as_slice() {
            [entry] if entry.key == "not" => (&entry.value, true),
            _ => {
                let message = format!("{what} has to be a list, or `{{ not: [...] }}`");
                reader.error("wrong-type", node.span, message, "`not` is the only key here");
                return None;
            }
        },
        _ => (node, false),
    };
    let items = reader.one_or_many(node, what);
    let values = gather(items, |item| read(reader, item));
    if values.is_empty() {
        return None;
    }
    Some(Box::new(if is_not { Claim::Not(values) } else { Claim::Is(values) }))
}

fn texts(reader: &mut Reader<'_>, node: &Node<'_>, what: impl fmt::Display + Copy) -> Option<Box<Claim<String>>> {
    claim(reader, node, what, |reader, item| {
        reader.string(item, what).map(|text| text.value)
    })
}

fn codes(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    key: &str,
    words: &'static [&'static str],
) -> Option<Box<Claim<String>>> {
    let what = format_args!("`{key}`");
    claim(reader, node, what, |reader, item| {
        let text = reader.string(item, what)?;
        if !words.contains(&text.as_str()) {
            reader.unknown_word(&text, text.span, what, words.iter().copied());
        }
        Some(text.value)
    })
}

fn interactions(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    words: &'static [&'static str],
) -> Option<Box<Claim<Interaction>>> {
    claim(reader, node, "`interaction`", |reader, item| {
        let text = reader.text(item, "`interaction`")?;
        if words.contains(&text.value) {
            return text.value.parse().ok();
        }
        if text.value.parse::<Interaction>().is_ok() {
            let message = format!("`{}` is not claimed here", text.value);
            let place = if words == keys::SYSTEM_INTERACTIONS {
                "for a resource type"
            } else {
                "for the whole server"
            };
            let help = format!(
                "a CapabilityStatement claims it {place}; here it is one of {}",
                suggest::list(words.iter().copied())
            );
            reader.error("unknown-value", text.span, message, help);
        } else {
            reader.unknown_word(text.value, text.span, "`interaction`", words.iter().copied());
        }
        None
    })
}
