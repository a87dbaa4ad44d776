//! fhir-assay: a conformance test harness for FHIR REST servers.

pub mod check;
pub mod exchange;
pub mod fhir;
pub mod requirement;
pub mod source;
pub mod suite;
pub mod verdict;
