//! FHIR in XML (`xml.html`): the same content as in JSON, written and read over the element table of a release.
//!
//! [`write`](write()) makes XML of a resource in JSON, [`read`](read()) JSON of a resource in XML. What XML cannot say in JSON's words
//! is a [`Fault`]: an order that is not that of the specification, text between elements, other namespaces. What is
//! merely wrong FHIR (an unknown element, a number that is none) passes into the JSON, where the judges of JSON see it.
//!
//! Nothing is fetched and nothing expands: a DOCTYPE ends the reading, and so does an entity that XML itself does not
//! define. Comments and processing instructions outside narrative say nothing about the content and are passed over.

mod narrative;
mod place;
mod read;
mod shape;
#[cfg(test)]
mod tests;
mod write;

pub use place::Fault;
pub use read::{Xml, read};
pub use write::{Unwritable, write};

/// The namespace of FHIR's elements.
pub const NAMESPACE: &str = "http://hl7.org/fhir";

/// The namespace of narrative.
pub const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// The characters that XML 1.0 can hold.
const fn is_character(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}
