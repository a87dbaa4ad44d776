//! fhir-assay: a conformance test harness for FHIR REST servers.

pub mod fhir;
pub mod server;
