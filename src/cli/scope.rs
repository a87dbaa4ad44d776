//! What is to be run: the suites of a system, or those that are named; the cases of them; and the rules that they cite.

use std::sync::Arc;

use globset::Glob;
use serde_json::Value;

use super::args::{FilterArgs, GivenArgs, TargetArgs};
use super::exit::Exit;
use super::settings::{self, SettingsError, did_you_mean};
use super::{Failure, settings::error_paint};
use crate::fhir::FhirVersion;
use crate::plan::{AskedTypes, Plan, Selection};
use crate::requirement::Catalogue;
use crate::server::Emulation;
use crate::suite::{Given, Suite};
use crate::system::{self, System};
use crate::verdict::{Reason, ReasonKind};

/// What is to be run.
pub struct Scope {
    /// The documented API, where one was named.
    pub system: Option<Arc<System>>,
    /// The suites.
    pub suites: Vec<Arc<Suite>>,
    /// What the tester gives.
    pub given: Given,
    /// The cases of them, with what the tester gives.
    pub selection: Selection,
    /// The rules that they cite.
    pub catalogue: &'static Catalogue,
}

impl Scope {
    /// Settles what the words of the command line ask for. Where a system's emulation stands in for a server, what is not given
    /// is what it is there. `more` adds to what was given.
    ///
    /// # Errors
    /// Names of nothing, and everything that is wrong in a suite or a system.
    pub fn of(
        filters: &FilterArgs,
        given: &GivenArgs,
        target: &TargetArgs,
        more: impl FnOnce(&mut Given),
    ) -> Result<Self, Failure> {
        let Some(name) = &filters.system else {
            let suites = settings::suites(&filters.suites)?;
            let mut given = settings::given(given, target, &suites)?;
            more(&mut given);
            let catalogue = Catalogue::embedded();
            return Ok(Self {
                system: None,
                selection: settings::selection(filters, catalogue)?.given(given.clone()),
                given,
                suites,
                catalogue,
            });
        };
        let (system, mut suites) = load(name)?;
        narrow(&mut suites, &filters.suites)?;
        let mut given = settings::given(given, target, &suites)?;
        more(&mut given);
        if target.base.is_none() {
            give_examples(&system, &suites, &mut given, |_| true);
        }
        let selection = settings::selection(filters, system.catalogue)?
            .given(given.clone())
            .types(types(&filters.types, Some(&system))?);
        Ok(Self {
            catalogue: system.catalogue,
            system: Some(system),
            given,
            suites,
            selection,
        })
    }

    /// Gives the values of the system's document, those of its emulation, as far as they are wanted and nothing else is given.
    #[must_use]
    pub fn with_examples(mut self, is_wanted: impl Fn(&str) -> bool) -> Self {
        if let Some(system) = &self.system {
            give_examples(system, &self.suites, &mut self.given, is_wanted);
            self.selection = self.selection.given(self.given.clone());
        }
        self
    }

    /// The release that the system speaks.
    #[must_use]
    pub fn release(&self) -> Option<FhirVersion> {
        self.system.as_ref().map(|system| system.release)
    }

    /// The emulation of the system; none where no system was named.
    ///
    /// # Errors
    /// Where there is none of that system, so that a server has to be named.
    pub fn emulation(&self) -> Result<Option<&'static Emulation>, Failure> {
        let Some(system) = &self.system else { return Ok(None) };
        match Emulation::named(&system.name) {
            Some(emulation) => Ok(Some(emulation)),
            None => Err(Failure::new(
                Exit::Usage,
                format!(
                    "there is no emulation of {}: give its BASE_URL, which looks like {}",
                    system.name.value, system.base
                ),
            )),
        }
    }

    /// Leaves out of a plan what the document does not let be written.
    pub fn restrict(&self, plan: &mut Plan) {
        if let Some(system) = &self.system {
            restrict(system, plan);
        }
    }
}

/// Leaves out of a plan what the document of a system does not let be written.
pub fn restrict(system: &System, plan: &mut Plan) {
    plan.leave_out(|planned| {
        let text = system.forbids(&planned.case, planned.resource_type.as_deref())?;
        Some(Reason {
            kind: ReasonKind::NotClaimed,
            text,
        })
    });
}

/// The types over which cases about any type run: those that were asked for, else those of the system.
///
/// # Errors
/// As [`settings::types`].
pub fn types(asked: &[String], system: Option<&System>) -> Result<AskedTypes, SettingsError> {
    match system {
        Some(system) if asked.is_empty() && !system.types.is_empty() => Ok(AskedTypes::Listed(system.types.clone())),
        _ => settings::types(asked),
    }
}

fn give_examples(system: &System, suites: &[Arc<Suite>], given: &mut Given, is_wanted: impl Fn(&str) -> bool) {
    for (name, value) in &system.emulation {
        let is_asked = suites.iter().any(|suite| suite.given.contains_key(name));
        if is_asked && !given.has(name) && is_wanted(&value.value) {
            given.set(name.clone(), Value::from(value.value.clone()));
        }
    }
}

/// Loads a system by name or path, with its suites.
///
/// # Errors
/// A name that nothing has, and everything that is wrong in its files.
pub fn load(name: &str) -> Result<(Arc<System>, Vec<Arc<Suite>>), Failure> {
    let Some(loaded) = system::load(name) else {
        let names = system::load::names();
        let hint = did_you_mean(name, names.iter().copied());
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "there is no system `{name}`{hint}; those inside the binary are {}, and a path leads to a folder with a system.yaml",
                names.join(", ")
            ),
        ));
    };
    loaded
        .strict()
        .map_err(|problems| Failure::new(Exit::Usage, problems.render(error_paint()).trim_end()))
}

/// Keeps those suites of a system that are named.
fn narrow(suites: &mut Vec<Arc<Suite>>, names: &[String]) -> Result<(), SettingsError> {
    if names.is_empty() {
        return Ok(());
    }
    let mut kept = Vec::new();
    for name in names {
        let glob = Glob::new(name).ok().map(|glob| glob.compile_matcher());
        let before = kept.len();
        kept.extend(
            suites
                .iter()
                .filter(|suite| glob.as_ref().is_some_and(|glob| glob.is_match(suite.id.as_str())))
                .cloned(),
        );
        if kept.len() == before {
            return Err(SettingsError::NoSuite {
                name: name.clone(),
                hint: did_you_mean(name, suites.iter().map(|suite| suite.id.as_str())),
            });
        }
    }
    suites.retain(|suite| kept.iter().any(|one| Arc::ptr_eq(one, suite)));
    Ok(())
}
