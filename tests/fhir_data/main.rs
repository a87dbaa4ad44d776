//! Schemas, judging and FHIRPath against HL7's own definitions, examples and tests: what is committed here always, and all of
//! it where the environment says where it lies (`FHIR_DEFINITIONS`, `FHIR_EXAMPLES`).

mod damage;
mod examples;
mod fhirpath;
mod generated;
mod r6;
mod xml;
