//! FHIR's own words: releases, interactions, media types and the resources a harness has to understand.

pub mod fhirpath;
pub mod interaction;
pub mod media_type;
pub mod model;
pub mod schema;
pub mod version;

pub use interaction::Interaction;
pub use media_type::MediaType;
pub use version::FhirVersion;
