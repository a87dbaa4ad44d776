//! Which formats a server has, and which it prefers.

use super::rewrite::{Switch, Switches};
use crate::fhir::FhirVersion;
use crate::fhir::media_type::{FHIR_JSON, FHIR_XML};

/// The names of JSON and XML, the preferred ones first (`http.html#mime-type`).
const NAMES: [&str; 8] = [
    FHIR_JSON,
    "application/json",
    "text/json",
    "application/json+fhir",
    FHIR_XML,
    "application/xml",
    "text/xml",
    "application/xml+fhir",
];

/// The formats that the server has: both, and JSON where no other is asked for. Variants do with one, or prefer the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    /// The release, which tells the order of elements in XML.
    pub release: FhirVersion,
    json: bool,
    xml: bool,
    xml_first: bool,
}

impl Offer {
    /// What a server has.
    pub const fn of(release: FhirVersion, switches: Switches) -> Self {
        Self {
            release,
            json: !switches.on(Switch::XmlOnly),
            xml: !switches.on(Switch::JsonOnly),
            xml_first: switches.on(Switch::XmlFirst),
        }
    }

    /// Whether a format is offered under that name of it.
    pub fn has(self, essence: &str) -> bool {
        if essence.contains("xml") { self.xml } else { self.json }
    }

    /// The names of its formats, preferred ones first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let (json, xml) = NAMES.split_at(4);
        let (first, second) = if self.xml_first { (xml, json) } else { (json, xml) };
        first.iter().chain(second).copied().filter(move |name| self.has(name))
    }

    /// What it speaks, in words.
    pub fn told(self) -> &'static str {
        match (self.json, self.xml) {
            (true, true) => "JSON and XML",
            (false, true) => "XML",
            _ => "JSON",
        }
    }
}
