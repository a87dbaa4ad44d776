//! `given`: variables that a tester gives.

use std::sync::Arc;

use indexmap::IndexMap;

use super::case::variable_name;
use super::keys;
use super::reader::{Fields, Reader};
use super::yaml::Node;
use crate::source::Spanned;
use crate::suite::given::{Find, GivenVariable, Holds};

const KINDS: [(&str, Holds); 3] = [
    ("text", Holds::Text),
    ("resource", Holds::Resource),
    ("url", Holds::Url),
];

/// Reads `given` of a suite.
pub fn given(reader: &mut Reader<'_>, fields: &Fields<'_, '_>) -> IndexMap<String, Arc<GivenVariable>> {
    let mut given = IndexMap::new();
    let entries = fields
        .get("given")
        .map(|node| reader.entries(node, "`given`"))
        .unwrap_or_default();
    for entry in entries {
        variable_name(reader, &entry.key, entry.key_span);
        let name = Spanned::new(entry.key.clone().into_owned(), entry.key_span);
        if let Some(variable) = variable(reader, name, &entry.value) {
            given.insert(entry.key.clone().into_owned(), Arc::new(variable));
        }
    }
    given
}

fn variable(reader: &mut Reader<'_>, name: Spanned<String>, node: &Node<'_>) -> Option<GivenVariable> {
    let fields = reader.fields(node, &keys::GIVEN)?;
    let variable = GivenVariable {
        type_name: format!("{}.type", name.value),
        name,
        title: reader.sentence(fields.get("title"), "`title`"),
        holds: fields
            .get("holds")
            .and_then(|node| reader.word(node, "`holds`", &KINDS))
            .unwrap_or_default(),
        find: fields.get("find").and_then(|node| find(reader, node)),
        secret: fields
            .get("secret")
            .and_then(|node| reader.flag(node, "`secret`"))
            .unwrap_or(false),
    };
    if let Some(node) = fields
        .get("secret")
        .filter(|_| variable.secret && variable.holds != Holds::Text)
    {
        let help = "what is secret in a resource or URL is a text: give that, and put it in";
        reader.error("secret-of-parts", node.span, "only a text can be a secret", help);
    }
    Some(variable)
}

fn find(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Find> {
    let fields = reader.fields(node, &keys::FIND)?;
    let get = fields.get("get").and_then(|node| reader.template(node, "`get`"));
    let value = fields
        .get("fhirpath")
        .and_then(|node| reader.fhirpath(node, "`fhirpath`"));
    Some(Find {
        get: get?,
        value: value?,
    })
}
