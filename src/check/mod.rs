//! The judges: an assertion and an exchange make findings. Pure functions; nothing here touches the world.

pub mod always;
pub mod body;
pub mod deviation;
pub mod diff;
pub mod documents;
pub mod excerpt;
pub mod expectation;
pub mod fhirpath;
pub mod header;
#[cfg(test)]
mod hostile;
mod json;
mod judged;
pub mod reading;
mod recent;
pub mod status;
#[cfg(test)]
mod testing;
pub mod turn;
pub mod violation;

use crate::fhir::FhirVersion;
use crate::fhir::profile::Profiles;
use crate::fhir::validate::Validator;
use crate::requirement::Catalogue;
use crate::suite::{Case, Variables};
use crate::system::Deviation;

pub use expectation::{Doubt, assume, check, check_assert};
pub use fhirpath::{condition, evaluate};
pub use reading::{Reading, Unreadable};
pub use turn::{Turn, beside_the_rule, turn};

/// What a judge has to know beside the exchange.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The release under test: it decides on levels.
    pub release: FhirVersion,
    /// The rules that expectations cite.
    pub catalogue: &'a Catalogue,
    /// The case that is judged: its fixtures and its source.
    pub case: &'a Case,
    /// What the case knows so far.
    pub variables: &'a Variables,
    /// The base URL, without a slash at the end.
    pub base: &'a str,
    /// The profiles that were loaded.
    pub profiles: &'a Profiles,
    /// Where the document of the system under test says something else than the specification.
    pub deviations: &'a [Deviation],
}

impl Context<'_> {
    /// The judge of bodies.
    #[must_use]
    pub fn validator(&self) -> Validator {
        Validator::new(self.release).with_profiles(self.profiles.clone())
    }
}
