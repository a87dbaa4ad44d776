//! JSON Schemas of FHIR types: how they are made, and how a body is judged by them.

pub mod generate;
