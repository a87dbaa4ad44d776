//! Bodies, as steps send them and as `like` compares with them.

use super::case::ENGINE;
use super::keys;
use super::reader::Reader;
use super::scalar;
use super::yaml::{Kind, Node};
use crate::source::{Span, Spanned};
use crate::suite::JsonText;
use crate::suite::model::{Body, BodySource};

/// Reads a body.
pub fn body(reader: &mut Reader<'_>, node: &Node<'_>, what: &str) -> Option<Body> {
    let bare = |source| Body {
        source,
        set: Vec::new(),
        remove: Vec::new(),
        span: node.span,
    };
    if let Kind::Scalar(..) = node.kind {
        return reader.string(node, what).map(|name| bare(BodySource::Fixture(name)));
    }
    let fields = reader.fields(node, &keys::BODY_TABLE)?;
    let source = if let Some(node) = fields.get("fixture") {
        reader.string(node, "`fixture`").map(BodySource::Fixture)
    } else if let Some(node) = fields.get("captured") {
        let name = reader.string(node, "`captured`");
        name.filter(|name| captured_name(reader, name))
            .map(BodySource::Captured)
    } else if let Some(node) = fields.get("json") {
        Some(BodySource::Json(JsonText::new(&scalar::data(reader, node))))
    } else {
        let text = fields.get("text").and_then(|node| reader.template(node, "`text`"));
        text.map(BodySource::Text)
    };
    let mut set = Vec::new();
    let mut remove = Vec::new();
    for (key, node) in [("set", fields.entry("set")), ("remove", fields.entry("remove"))] {
        let Some(entry) = node else { continue };
        if fields.get("json").is_some() || fields.get("text").is_some() {
            let message = format!("`{key}` changes a fixture or a captured resource, and this body is neither");
            reader.error(
                "misplaced-key",
                entry.key_span,
                message,
                "write the body as it should be",
            );
        }
        if key == "set" {
            for entry in reader.entries(&entry.value, "`set`") {
                let path = Spanned::new(entry.key.clone().into_owned(), entry.key_span);
                check_path(reader, &path, path.span);
                set.push((path, scalar::data(reader, &entry.value)));
            }
        } else {
            for item in reader.one_or_many(&entry.value, "`remove`") {
                let Some(path) = reader.string(item, "`remove`") else {
                    continue;
                };
                check_path(reader, &path, path.span);
                remove.push(path);
            }
        }
    }
    Some(Body {
        source: source?,
        set,
        remove,
        span: node.span,
    })
}

/// Whether a name may stand behind `captured`; the lint knows whether it was captured.
fn captured_name(reader: &mut Reader<'_>, name: &Spanned<String>) -> bool {
    let is_wrong = name.starts_with(['%', '$']) || ENGINE.contains(&name.as_str());
    if is_wrong {
        let help = "write the name alone: `captured: patient`";
        reader.error(
            "bad-name",
            name.span,
            format!("`{}` is no name of a variable", name.value),
            help,
        );
    }
    !is_wrong
}

/// Reports a path that is neither an element name nor a JSON Pointer (RFC 6901).
fn check_path(reader: &mut Reader<'_>, path: &str, span: Span) {
    let is_wrong = match path.strip_prefix('/') {
        Some(pointer) => {
            let mut rest = pointer;
            let mut is_wrong = pointer.is_empty();
            while let Some(tilde) = rest.find('~') {
                is_wrong |= !rest[tilde + 1..].starts_with(['0', '1']);
                rest = &rest[tilde + 1..];
            }
            is_wrong
        }
        None => path.is_empty() || !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
    };
    if is_wrong {
        let help = "write an element name of the top level, or a JSON Pointer such as `/name/0/family`";
        reader.error("bad-path", span, format!("`{path}` is no path into a resource"), help);
    }
}
