//! fhir-assay: a conformance test harness for FHIR REST servers.

pub mod exchange;
pub mod fhir;
pub mod report;
pub mod requirement;
pub mod source;
pub mod suite;
pub mod verdict;
