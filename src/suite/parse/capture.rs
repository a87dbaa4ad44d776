//! Captures: variables and where they are taken from.

use super::case::variable_name;
use super::keys;
use super::reader::Reader;
use super::values::gather;
use super::yaml::Node;
use crate::source::Spanned;
use crate::suite::model::{Capture, CaptureSource, LocationPart};

const LOCATION: [(&str, LocationPart); 4] = [
    ("type", LocationPart::Type),
    ("id", LocationPart::Id),
    ("version", LocationPart::Version),
    ("url", LocationPart::Url),
];

/// Reads `capture`.
pub fn captures(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<Capture> {
    let entries = reader.entries(node, "`capture`");
    let mut captures = Vec::with_capacity(entries.len());
    for entry in entries {
        variable_name(reader, &entry.key, entry.key_span);
        let items = reader.one_or_many(&entry.value, format_args!("`{}`", entry.key));
        captures.push(Capture {
            name: Spanned::new(entry.key.clone().into_owned(), entry.key_span),
            sources: gather(items, |item| source(reader, item)),
        });
    }
    captures
}

fn source(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<CaptureSource> {
    let fields = reader.fields(node, &keys::CAPTURE)?;
    let entry = fields.known().next()?;
    let value = &entry.value;
    match &*entry.key {
        "location" => reader.word(value, "`location`", &LOCATION).map(CaptureSource::Location),
        "etag" => reader
            .word(value, "`etag`", &[("version", ())])
            .map(|()| CaptureSource::EtagVersion),
        "header" => reader
            .string(value, "`header`")
            .map(|name| CaptureSource::Header(name.value)),
        "fhirpath" => reader.fhirpath(value, "`fhirpath`").map(CaptureSource::FhirPath),
        "body" => reader
            .word(value, "`body`", &[("resource", ())])
            .map(|()| CaptureSource::Resource),
        "link" => reader
            .string(value, "`link`")
            .map(|link| CaptureSource::Link(link.value)),
        _ => reader
            .word(value, "`status`", &[("code", ())])
            .map(|()| CaptureSource::Status),
    }
}
