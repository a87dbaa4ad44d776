//! Schemas and FHIRPath against HL7's own definitions, examples and tests, where the environment says where they lie
//! (`FHIR_DEFINITIONS`, `FHIR_EXAMPLES`, `FHIRPATH_TESTS`).

mod damage;
mod examples;
mod fhirpath;
mod generated;
