//! FHIR's own words: releases, interactions, media types and the resources a harness has to understand.

pub mod bundle;
pub mod capability_statement;
mod concepts;
pub mod etag;
pub mod fhirpath;
pub mod instance_url;
pub mod interaction;
pub mod location;
pub mod media_type;
pub mod mend;
pub mod model;
pub mod operation_outcome;
pub mod profile;
pub mod reference;
pub mod resource_type;
pub mod schema;
pub mod search_parameter;
pub mod smallest;
pub mod time;
pub mod validate;
pub mod version;
pub mod xml;

pub use bundle::{Bundle, BundleBuilder};
pub use capability_statement::{CapabilityStatement, ResourceClaims};
pub use etag::Etag;
pub use instance_url::InstanceUrl;
pub use interaction::Interaction;
pub use location::Location;
pub use media_type::MediaType;
pub use mend::Mend;
pub use operation_outcome::{Issue, OperationOutcome, Severity};
pub use reference::Reference;
pub use resource_type::ResourceType;
pub use search_parameter::{Prefix, SearchParameterType};
pub use smallest::smallest;
pub use version::FhirVersion;
