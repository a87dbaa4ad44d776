//! XML to JSON.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::{NsReader, XmlVersion};
use serde_json::{Map, Value};

use super::place::{Fault, shown};
use super::shape::{Property, Shapes, primitive, written};
use super::{NAMESPACE, XHTML, is_character};
use crate::fhir::FhirVersion;
use crate::fhir::model::TypeKind;

/// How deep FHIR's elements may lie in each other: as deep as JSON is read.
const DEEPEST: usize = 128;
/// How deep the elements of narrative may.
const DEEPEST_NARRATIVE: usize = 512;
/// How many faults are told.
const TOLD: usize = 20;

/// A resource that was read from XML.
#[derive(Clone, Debug)]
pub struct Xml {
    /// The JSON that it means.
    pub value: Value,
    /// What is wrong with it as XML, though its content can be told; the first twenty.
    pub faults: Vec<Fault>,
}

/// Reads a resource in XML as the JSON that it means.
///
/// # Errors
/// What keeps it from being read: it is not well-formed, its root is not in FHIR's namespace, it has a DOCTYPE or an
/// entity that XML does not define, it is told to be in another encoding than UTF-8, or it is nested too deeply.
pub fn read(text: &str, release: FhirVersion) -> Result<Xml, Fault> {
    // A byte order mark says what is known already.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if let Some((at, letter)) = text.char_indices().find(|(_, letter)| !is_character(*letter)) {
        let message = format!("XML has no character U+{:04X}", u32::from(letter));
        return Err(Fault::at(text, at, message));
    }
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_comments = true;
    let mut reading = XmlReading {
        text,
        reader,
        shapes: Shapes::new(release),
        faults: Vec::new(),
        begin: 0,
    };
    let value = reading.document()?;
    Ok(Xml {
        value,
        faults: reading.faults,
    })
}

struct XmlReading<'t> {
    text: &'t str,
    reader: NsReader<&'t [u8]>,
    shapes: Shapes,
    faults: Vec<Fault>,
    /// Where the last event began.
    begin: usize,
}

/// What an element holds: its members, and the value that it has as a primitive.
#[derive(Default)]
struct Content {
    object: Map<String, Value>,
    value: Option<String>,
}

/// What may stand in an element.
#[derive(Clone, Copy)]
enum Place {
    /// The elements of a type.
    Of(&'static str),
    /// Nobody knows: the element itself is none of FHIR's.
    Unknown,
}

impl<'t> XmlReading<'t> {
    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::at(self.text, self.begin, message)
    }

    /// Notes something that does not end the reading.
    fn note(&mut self, message: impl Into<String>) {
        if self.faults.len() < TOLD {
            let fault = self.fault(message);
            self.faults.push(fault);
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    /// The next event that says something, with what makes a document dangerous taken out.
    fn next(&mut self) -> Result<Event<'t>, Fault> {
        loop {
            self.begin = self.position();
            let event = self.reader.read_event().map_err(|error| {
                let at = usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX);
                Fault::at(self.text, at, format!("it is not well-formed: {error}"))
            })?;
            match event {
                Event::Comment(_) | Event::PI(_) => {}
                Event::DocType(_) => return Err(self.fault("a DOCTYPE is not read")),
                Event::Decl(_) if self.begin > 0 => {
                    return Err(self.fault("a declaration of XML stands at the beginning only"));
                }
                Event::Decl(found) => {
                    let version = found.version().unwrap_or_default();
                    if version.as_ref() != b"1.0" {
                        return Err(self.fault("FHIR is written in XML 1.0"));
                    }
                    let encoding = found.encoding().and_then(Result::ok);
                    if let Some(encoding) = encoding.filter(|name| !name.eq_ignore_ascii_case(b"utf-8")) {
                        let name = String::from_utf8_lossy(&encoding).into_owned();
                        return Err(self.fault(format!("FHIR is written in UTF-8, not in `{}`", shown(&name))));
                    }
                }
                Event::GeneralRef(ref found) => {
                    let name = String::from_utf8_lossy(found).into_owned();
                    let is_known = if found.is_char_ref() {
                        matches!(found.resolve_char_ref(), Ok(Some(letter)) if is_character(letter))
                    } else {
                        quick_xml::escape::resolve_predefined_entity(&name).is_some()
                    };
                    if !is_known {
                        return Err(self.fault(format!("`&{};` is not known in XML", shown(&name))));
                    }
                    return Ok(event);
                }
                other => return Ok(other),
            }
        }
    }

    fn document(&mut self) -> Result<Value, Fault> {
        let root = loop {
            match self.next()? {
                Event::Start(tag) => break tag,
                Event::Text(text) if text.iter().all(u8::is_ascii_whitespace) => {}
                Event::Eof => return Err(self.fault("it ends before there is an element")),
                _ => return Err(self.fault("there is text in front of the first element")),
            }
        };
        if self.namespace(&root).as_deref() != Some(NAMESPACE) {
            let message = format!("`{}` is not in FHIR's namespace {NAMESPACE}", shown(&name_of(&root)));
            return Err(self.fault(message));
        }
        let value = self.resource(&root, 0)?;
        loop {
            match self.next()? {
                Event::Eof => return Ok(value),
                Event::Text(text) if text.iter().all(u8::is_ascii_whitespace) => {}
                _ => return Err(self.fault("there is something after the resource")),
            }
        }
    }

    /// The namespace of the element whose start was read last.
    fn namespace(&self, tag: &BytesStart<'_>) -> Option<String> {
        match self.reader.resolver().resolve_element(tag.name()).0 {
            ResolveResult::Bound(Namespace(name)) => Some(String::from_utf8_lossy(name).into_owned()),
            ResolveResult::Unbound | ResolveResult::Unknown(_) => None,
        }
    }

    fn resource(&mut self, tag: &BytesStart<'_>, depth: usize) -> Result<Value, Fault> {
        let name = name_of(tag);
        let place = self.shapes.resource(&name).map_or(Place::Unknown, Place::Of);
        let content = self.content(tag, place, depth, false)?;
        let mut object = Map::with_capacity(content.object.len() + 1);
        object.insert("resourceType".to_owned(), Value::String(name));
        object.extend(content.object);
        Ok(Value::Object(object))
    }

    /// Reads what an element holds, up to its end.
    fn content(
        &mut self,
        tag: &BytesStart<'_>,
        place: Place,
        depth: usize,
        is_primitive: bool,
    ) -> Result<Content, Fault> {
        if depth >= DEEPEST {
            return Err(self.fault(format!("it is nested deeper than {DEEPEST} levels")));
        }
        let mut content = Content::default();
        self.attributes(tag, place, is_primitive, &mut content)?;
        // The properties whose arrays of values and of companions grow side by side.
        let mut paired: Vec<String> = Vec::new();
        let mut last: Option<(usize, String)> = None;
        loop {
            match self.next()? {
                Event::End(_) => break,
                Event::Start(child) => {
                    let name = name_of(&child);
                    let property = self.property(&child, &name, place);
                    let is_narrative = property.is_some_and(|property| property.is_narrative());
                    let wanted = if is_narrative { XHTML } else { NAMESPACE };
                    if self.namespace(&child).as_deref() != Some(wanted) {
                        self.note(format!("`{}` is not in the namespace {wanted}", shown(&name)));
                        if !is_narrative {
                            self.skip()?;
                            continue;
                        }
                    }
                    if let Some(property) = property {
                        match &last {
                            Some((order, before)) if property.order < *order => {
                                let message = format!(
                                    "`{}` stands after `{}`: in XML, elements have the order of the specification",
                                    shown(&name),
                                    shown(before)
                                );
                                self.note(message);
                            }
                            _ => last = Some((property.order, name.clone())),
                        }
                    }
                    self.child(&child, name, property, depth + 1, &mut content.object, &mut paired)?;
                }
                Event::Text(text) if text.iter().all(u8::is_ascii_whitespace) => {}
                Event::Eof => return Err(self.fault("it ends before its elements do")),
                _ => self.note("there is text between FHIR's elements"),
            }
        }
        for name in paired {
            for key in [format!("_{name}"), name] {
                let is_nothing = |found: &Value| found.as_array().is_some_and(|all| all.iter().all(Value::is_null));
                if content.object.get(&key).is_some_and(is_nothing) {
                    content.object.shift_remove(&key);
                }
            }
        }
        Ok(content)
    }

    fn attributes(
        &mut self,
        tag: &BytesStart<'_>,
        place: Place,
        is_primitive: bool,
        content: &mut Content,
    ) -> Result<(), Fault> {
        let properties = match place {
            Place::Of(type_name) => Some(self.shapes.of(type_name)),
            Place::Unknown => None,
        };
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| self.fault(format!("it is not well-formed: {error}")))?;
            let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            if attribute.value.contains(&b'<') {
                return Err(self.fault(format!("it is not well-formed: `{}` holds a `<`", shown(&key))));
            }
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| self.fault(format!("`{}` cannot be read: {error}", shown(&key))))?
                .into_owned();
            if let Some(letter) = value.chars().find(|letter| !is_character(*letter)) {
                let message = format!("XML has no character U+{:04X}", u32::from(letter));
                return Err(self.fault(message));
            }
            let is_known = properties
                .as_ref()
                .is_none_or(|properties| properties.get(&key).is_some_and(|property| property.attribute));
            match key.as_str() {
                "xmlns" => {}
                // What is said about XML itself and about schemas is no content.
                _ if key.contains(':') => {}
                "value" if is_primitive || properties.is_none() => {
                    if value.is_empty() {
                        self.note("`value` is empty");
                    }
                    content.value = Some(value);
                }
                _ if is_known => {
                    content.object.insert(key, Value::String(value));
                }
                _ => self.note(format!("there is no attribute `{}` here", shown(&key))),
            }
        }
        Ok(())
    }

    /// What a child is; nothing where its parent has no such element.
    fn property(&mut self, child: &BytesStart<'_>, name: &str, place: Place) -> Option<Property> {
        let Place::Of(type_name) = place else { return None };
        let found = self.shapes.of(type_name).get(name).copied()?;
        if found.attribute {
            self.note(format!("`{}` is an attribute in XML", shown(&name_of(child))));
        }
        Some(found)
    }

    #[allow(clippy::too_many_arguments)]
    fn child(
        &mut self,
        child: &BytesStart<'_>,
        name: String,
        property: Option<Property>,
        depth: usize,
        object: &mut Map<String, Value>,
        paired: &mut Vec<String>,
    ) -> Result<(), Fault> {
        let begin = self.begin;
        let Some(property) = property else {
            // The judges of JSON will say that there is no such element.
            let content = self.content(child, Place::Unknown, depth, false)?;
            let value = match content.value {
                Some(text) if content.object.is_empty() => Value::String(text),
                Some(text) => {
                    put(object, &format!("_{name}"), false, Value::Object(content.object));
                    Value::String(text)
                }
                None => Value::Object(content.object),
            };
            put(object, &name, false, value);
            return Ok(());
        };
        if property.is_narrative() {
            let text = self.narrative(child)?;
            put(object, &name, property.many, Value::String(text));
            return Ok(());
        }
        match property.kind {
            TypeKind::Primitive => {
                let content = self.content(child, Place::Of(property.type_name), depth, true)?;
                if content.value.is_none() && content.object.is_empty() {
                    self.begin = begin;
                    self.note(format!("`{}` is empty", shown(&name)));
                }
                let value = content.value.map(|text| primitive(text, written(property.type_name)));
                let companion = (!content.object.is_empty()).then_some(Value::Object(content.object));
                let key = format!("_{name}");
                if property.many {
                    put(object, &name, true, value.unwrap_or_default());
                    put(object, &key, true, companion.unwrap_or_default());
                    if !paired.contains(&name) {
                        paired.push(name);
                    }
                } else {
                    if let Some(value) = value {
                        put(object, &name, false, value);
                    }
                    if let Some(companion) = companion {
                        put(object, &key, false, companion);
                    }
                }
            }
            TypeKind::Resource => {
                if let Some(value) = self.inner(&name, depth)? {
                    put(object, &name, property.many, value);
                }
            }
            TypeKind::Complex | TypeKind::Group => {
                let content = self.content(child, Place::Of(property.type_name), depth, false)?;
                if content.object.is_empty() {
                    self.begin = begin;
                    self.note(format!("`{}` is empty", shown(&name)));
                }
                put(object, &name, property.many, Value::Object(content.object));
            }
        }
        Ok(())
    }

    /// The resource inside an element such as `contained`; its start was read.
    fn inner(&mut self, name: &str, depth: usize) -> Result<Option<Value>, Fault> {
        let mut found = None;
        loop {
            match self.next()? {
                Event::End(_) => break,
                Event::Start(tag) => {
                    if self.namespace(&tag).as_deref() != Some(NAMESPACE) {
                        self.note(format!(
                            "`{}` is not in the namespace {NAMESPACE}",
                            shown(&name_of(&tag))
                        ));
                        self.skip()?;
                        continue;
                    }
                    if found.is_some() {
                        self.note(format!("`{}` holds more than one resource", shown(name)));
                    }
                    found = Some(self.resource(&tag, depth)?);
                }
                Event::Text(text) if text.iter().all(u8::is_ascii_whitespace) => {}
                Event::Eof => return Err(self.fault("it ends before its elements do")),
                _ => self.note("there is text between FHIR's elements"),
            }
        }
        if found.is_none() {
            self.note(format!("`{}` holds no resource", shown(name)));
        }
        Ok(found)
    }

    /// Passes over the rest of an element.
    fn skip(&mut self) -> Result<(), Fault> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next()? {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                Event::Eof => return Err(self.fault("it ends before its elements do")),
                _ => {}
            }
            if depth > DEEPEST_NARRATIVE {
                return Err(self.fault(format!("it is nested deeper than {DEEPEST_NARRATIVE} levels")));
            }
        }
        Ok(())
    }

    /// The text of a `div` as it stands, from its start to its end. What it inherits from outside is written into it.
    fn narrative(&mut self, tag: &BytesStart<'_>) -> Result<String, Fault> {
        let begin = self.begin;
        self.check_attributes(tag)?;
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next()? {
                Event::Start(tag) => {
                    self.check_attributes(&tag)?;
                    depth += 1;
                }
                Event::End(_) => depth -= 1,
                Event::Eof => return Err(self.fault("it ends before its elements do")),
                _ => {}
            }
            if depth > DEEPEST_NARRATIVE {
                return Err(self.fault(format!(
                    "the narrative is nested deeper than {DEEPEST_NARRATIVE} levels"
                )));
            }
        }
        let text = self.text.get(begin..self.position()).unwrap_or_default();
        let prefix = tag
            .name()
            .prefix()
            .map(|prefix| String::from_utf8_lossy(prefix.into_inner()).into_owned());
        let key: Cow<'_, str> = match &prefix {
            Some(prefix) => format!("xmlns:{prefix}").into(),
            None => "xmlns".into(),
        };
        let declares = tag.attributes().flatten().any(|one| one.key.as_ref() == key.as_bytes());
        let end_of_name = 1 + tag.name().as_ref().len();
        match text.split_at_checked(end_of_name) {
            Some((start, rest)) if !declares => Ok(format!("{start} {key}=\"{XHTML}\"{rest}")),
            _ => Ok(text.to_owned()),
        }
    }

    fn check_attributes(&self, tag: &BytesStart<'_>) -> Result<(), Fault> {
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| self.fault(format!("it is not well-formed: {error}")))?;
            if attribute.value.contains(&b'<') {
                return Err(self.fault("it is not well-formed: an attribute holds a `<`"));
            }
            attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| self.fault(format!("an attribute cannot be read: {error}")))?;
        }
        Ok(())
    }
}

/// The name of an element without its prefix.
fn name_of(tag: &BytesStart<'_>) -> String {
    String::from_utf8_lossy(tag.local_name().as_ref()).into_owned()
}

/// Adds a value under a name; what stands there more than once becomes an array, whether it may or not.
fn put(object: &mut Map<String, Value>, name: &str, many: bool, value: Value) {
    match object.get_mut(name) {
        Some(Value::Array(items)) => items.push(value),
        Some(known) => *known = Value::Array(vec![known.take(), value]),
        None => {
            let value = if many { Value::Array(vec![value]) } else { value };
            object.insert(name.to_owned(), value);
        }
    }
}
