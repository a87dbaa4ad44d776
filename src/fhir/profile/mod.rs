//! Profiles: StructureDefinitions that somebody loads beside those of the release, and bodies judged by them
//! (`profiling.html`).
//!
//! What is read is the snapshot. It is compiled when a body first needs it.
//!
//! ```
//! use fhir_assay::fhir::FhirVersion;
//! use fhir_assay::fhir::profile::Loader;
//!
//! let profile = serde_json::json!({
//!     "resourceType": "StructureDefinition", "url": "http://example.org/named", "fhirVersion": "4.0.1",
//!     "kind": "resource", "type": "Patient", "derivation": "constraint",
//!     "snapshot": {"element": [
//!         {"id": "Patient", "path": "Patient", "min": 0, "max": "*"},
//!         {"id": "Patient.name", "path": "Patient.name", "min": 1, "max": "*", "type": [{"code": "HumanName"}]}]}});
//! let mut loader = Loader::default();
//! loader.file("named.json", profile.to_string().into_bytes());
//! let profiles = loader.finish()?;
//! let body = serde_json::json!({"resourceType": "Patient"});
//! let found = profiles.judge_as(FhirVersion::R4, "http://example.org/named", &body)?;
//! assert_eq!(found.violations[0].pointer, "/name");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod binding;
mod constraint;
mod criteria;
mod definition;
mod discriminator;
mod element;
mod find;
mod item;
mod judge;
mod package;
mod reference;
mod slicing;
mod store;
mod told;
mod types;
mod value;
mod value_set;

pub use package::{Loader, MissingDependency, PackageProblem, PackageProblems};
pub use store::{ProfileError, ProfileInfo, Profiles, is_canonical};
