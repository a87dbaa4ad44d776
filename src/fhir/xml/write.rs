//! JSON to XML.

use quick_xml::Writer;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::name::QName;
use serde_json::{Map, Value};

use super::place::shown;
use super::shape::{Property, Shapes, Written, written};
use super::{NAMESPACE, is_character, narrative};
use crate::fhir::FhirVersion;
use crate::fhir::model::TypeKind;

/// Why a resource has no XML: it is no right FHIR.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} cannot be written as XML: {why}")]
pub struct Unwritable {
    /// Where, as FHIRPath writes it: `Patient.name[0].family`.
    pub path: String,
    /// Why, in a sentence without its end.
    pub why: String,
}

/// Writes a resource in XML; `pretty` puts every element on a line of its own.
///
/// # Errors
/// Where it has an element that its type does not have, a value of the wrong JSON type, something empty, a character
/// that XML cannot hold, or narrative that is no XML.
pub fn write(resource: &Value, release: FhirVersion, pretty: bool) -> Result<String, Unwritable> {
    let out = Vec::with_capacity(1024);
    let mut writer = XmlWriter {
        out: if pretty {
            Writer::new_with_indent(out, b' ', 2)
        } else {
            Writer::new(out)
        },
        shapes: Shapes::new(release),
    };
    writer.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
    writer.resource(resource, "", true)?;
    Ok(String::from_utf8(writer.out.into_inner()).unwrap_or_default())
}

struct XmlWriter {
    out: Writer<Vec<u8>>,
    shapes: Shapes,
}

/// One property of an object: its value and what its `_` companion says.
struct Member<'a> {
    name: &'a str,
    property: Property,
    value: Option<&'a Value>,
    companion: Option<&'a Value>,
}

fn wrong(path: &str, why: impl Into<String>) -> Unwritable {
    Unwritable {
        path: path.to_owned(),
        why: why.into(),
    }
}

impl XmlWriter {
    fn event(&mut self, event: Event<'_>) {
        // Writing to memory does not fail.
        let _ = self.out.write_event(event);
    }

    fn resource(&mut self, resource: &Value, path: &str, is_root: bool) -> Result<(), Unwritable> {
        let here = if path.is_empty() { "the resource" } else { path };
        let object = resource
            .as_object()
            .ok_or_else(|| wrong(here, "it is no JSON object"))?;
        let name = object.get("resourceType").and_then(Value::as_str);
        let name = name.ok_or_else(|| wrong(here, "it has no resourceType"))?;
        let type_name = self
            .shapes
            .resource(name)
            .ok_or_else(|| wrong(here, format!("this release has no resource `{}`", shown(name))))?;
        let path = if path.is_empty() { name } else { path };
        let mut tag = BytesStart::new(type_name);
        if is_root {
            tag.push_attribute(("xmlns", NAMESPACE));
        }
        self.element(tag, object, type_name, path)
    }

    /// Writes an element with what its object holds.
    fn element(
        &mut self,
        mut tag: BytesStart<'_>,
        object: &Map<String, Value>,
        type_name: &'static str,
        path: &str,
    ) -> Result<(), Unwritable> {
        let members = self.members(object, type_name, path)?;
        let (attributes, children): (Vec<_>, Vec<_>) =
            members.into_iter().partition(|member| member.property.attribute);
        for member in attributes {
            let path = format!("{path}.{}", member.name);
            let Some(Value::String(text)) = member.value else {
                return Err(wrong(&path, "it is no string"));
            };
            if member.companion.is_some() {
                return Err(wrong(&path, "XML has it as an attribute, which cannot be extended"));
            }
            push(&mut tag, member.name, text, &path)?;
        }
        if children.is_empty() {
            self.event(Event::Empty(tag));
            return Ok(());
        }
        let end = tag.to_end().into_owned();
        self.event(Event::Start(tag));
        for member in children {
            self.member(&member, path)?;
        }
        self.event(Event::End(end));
        Ok(())
    }

    /// The properties of an object in the order of the specification.
    fn members<'a>(
        &mut self,
        object: &'a Map<String, Value>,
        type_name: &'static str,
        path: &str,
    ) -> Result<Vec<Member<'a>>, Unwritable> {
        let properties = self.shapes.of(type_name);
        let is_resource = self.shapes.resource(type_name).is_some();
        let mut members: Vec<Member<'a>> = Vec::with_capacity(object.len());
        for (key, value) in object {
            if is_resource && key == "resourceType" {
                continue;
            }
            let (name, is_companion) = key.strip_prefix('_').map_or((key.as_str(), false), |name| (name, true));
            let property = *properties
                .get(name)
                .ok_or_else(|| wrong(path, format!("there is no element `{}` in {type_name}", shown(name))))?;
            if is_companion && property.kind != TypeKind::Primitive {
                return Err(wrong(path, format!("`{}` is for primitives only", shown(key))));
            }
            let at = members.iter().position(|member| member.name == name);
            let member = match at {
                Some(at) => &mut members[at],
                None => {
                    members.push(Member {
                        name,
                        property,
                        value: None,
                        companion: None,
                    });
                    let last = members.len() - 1;
                    &mut members[last]
                }
            };
            *(if is_companion {
                &mut member.companion
            } else {
                &mut member.value
            }) = Some(value);
        }
        if members.is_empty() && !is_resource {
            return Err(wrong(path, "it is empty"));
        }
        members.sort_by_key(|member| member.property.order);
        Ok(members)
    }

    fn member(&mut self, member: &Member<'_>, path: &str) -> Result<(), Unwritable> {
        let path = format!("{path}.{}", member.name);
        if !member.property.many {
            return self.item(member, member.value, member.companion, &path);
        }
        let array = |found: Option<&'_ Value>| match found {
            None => Ok(0),
            Some(Value::Array(items)) => Ok(items.len()),
            Some(_) => Err(wrong(&path, "it is no array")),
        };
        let count = array(member.value)?.max(array(member.companion)?);
        if count == 0 {
            return Err(wrong(&path, "it is empty"));
        }
        for index in 0..count {
            let path = format!("{path}[{index}]");
            self.item(member, nth(member.value, index), nth(member.companion, index), &path)?;
        }
        Ok(())
    }

    fn item(
        &mut self,
        member: &Member<'_>,
        value: Option<&Value>,
        companion: Option<&Value>,
        path: &str,
    ) -> Result<(), Unwritable> {
        let Property { kind, type_name, .. } = member.property;
        if member.property.is_narrative() {
            let Some(Value::String(text)) = value else {
                return Err(wrong(path, "it is no string"));
            };
            check_characters(text, path)?;
            let text = narrative::embeddable(text).map_err(|why| wrong(path, why))?;
            self.event(Event::Text(BytesText::from_escaped(text)));
            return Ok(());
        }
        match kind {
            TypeKind::Primitive => self.primitive(member, value, companion, path),
            TypeKind::Resource => {
                let resource = value.ok_or_else(|| wrong(path, "it is empty"))?;
                self.event(Event::Start(BytesStart::new(member.name)));
                self.resource(resource, path, false)?;
                self.event(Event::End(BytesEnd::new(member.name)));
                Ok(())
            }
            TypeKind::Complex | TypeKind::Group => {
                let object = value
                    .and_then(Value::as_object)
                    .ok_or_else(|| wrong(path, "it is no JSON object"))?;
                self.element(BytesStart::new(member.name), object, type_name, path)
            }
        }
    }

    fn primitive(
        &mut self,
        member: &Member<'_>,
        value: Option<&Value>,
        companion: Option<&Value>,
        path: &str,
    ) -> Result<(), Unwritable> {
        let type_name = member.property.type_name;
        let mut tag = BytesStart::new(member.name);
        if value.is_none() && companion.is_none() {
            return Err(wrong(path, "it is empty"));
        }
        if let Some(value) = value {
            let number;
            let text = match (written(type_name), value) {
                (Written::Boolean, Value::Bool(true)) => "true",
                (Written::Boolean, Value::Bool(false)) => "false",
                (Written::Number, Value::Number(found)) => {
                    number = found.to_string();
                    &number
                }
                (Written::String, Value::String(text)) => text,
                _ => return Err(wrong(path, format!("the type {type_name} has another JSON type"))),
            };
            push(&mut tag, "value", text, path)?;
        }
        match companion {
            None => {
                self.event(Event::Empty(tag));
                Ok(())
            }
            Some(Value::Object(object)) => self.element(tag, object, type_name, path),
            Some(_) => Err(wrong(path, "what extends it is no JSON object")),
        }
    }
}

/// An item of an array that may not be there; null stands for none.
fn nth(array: Option<&Value>, index: usize) -> Option<&Value> {
    array?.get(index).filter(|item| !item.is_null())
}

fn check_characters(text: &str, path: &str) -> Result<(), Unwritable> {
    match text.chars().find(|letter| !is_character(*letter)) {
        Some(letter) => Err(wrong(path, format!("XML has no character U+{:04X}", u32::from(letter)))),
        None => Ok(()),
    }
}

/// Adds an attribute. White space is written as numbers, or reading would make plain spaces of it.
fn push(tag: &mut BytesStart<'_>, name: &str, text: &str, path: &str) -> Result<(), Unwritable> {
    if text.is_empty() {
        return Err(wrong(path, "it is empty"));
    }
    check_characters(text, path)?;
    let mut value = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '<' => value.push_str("&lt;"),
            '>' => value.push_str("&gt;"),
            '&' => value.push_str("&amp;"),
            '"' => value.push_str("&quot;"),
            '\t' => value.push_str("&#9;"),
            '\n' => value.push_str("&#10;"),
            '\r' => value.push_str("&#13;"),
            other => value.push(other),
        }
    }
    tag.push_attribute(Attribute {
        key: QName(name.as_bytes()),
        value: value.into_bytes().into(),
    });
    Ok(())
}
