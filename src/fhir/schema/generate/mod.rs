//! From FHIR's definitions to JSON Schemas and the element table of a release.

pub mod definitions;
pub mod table;
