//! fhir-assay: a conformance test harness for FHIR REST servers.

pub mod check;
pub mod cli;
pub mod exchange;
pub mod fhir;
pub mod libtest;
pub mod plan;
pub mod report;
pub mod requirement;
pub mod run;
pub mod server;
pub mod source;
pub mod suite;
pub mod transport;
pub mod verdict;
