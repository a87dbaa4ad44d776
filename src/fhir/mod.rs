//! FHIR's own words: releases, interactions, media types and the resources a harness has to understand.

pub mod capability_statement;
pub mod fhirpath;
pub mod interaction;
pub mod location;
pub mod media_type;
pub mod model;
pub mod reference;
pub mod schema;
pub mod version;

pub use capability_statement::{CapabilityStatement, ResourceClaims};
pub use interaction::Interaction;
pub use location::Location;
pub use media_type::MediaType;
pub use reference::Reference;
pub use version::FhirVersion;
