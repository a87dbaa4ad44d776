//! Filters: which cases the user asked for.

use std::collections::HashSet;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::shard::Shard;
use crate::fhir::{FhirVersion, Interaction};
use crate::requirement::{Catalogue, Level, RequirementId};
use crate::suite::{Action, Case, CaseId, Given, Suite};

/// What the user asked for. Several filters of one kind widen, filters of different kinds narrow.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    suites: Option<Names>,
    cases: Option<Names>,
    requirements: Option<Names>,
    interactions: Vec<Interaction>,
    tags: Vec<String>,
    level: Option<Level>,
    /// The only cases, by their full names.
    only: Option<HashSet<String>>,
    /// The types over which cases about any type are expanded.
    pub(super) types: AskedTypes,
    /// What the tester gives.
    pub(super) given: Given,
    /// The part of the plan that is run here.
    pub shard: Option<Shard>,
}

/// The resource types of cases that hold for any type (`types: asked`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AskedTypes {
    /// Nobody asked: Patient, and the case keeps its plain name.
    #[default]
    Default,
    /// All that the server claims, as far as they claim what a case needs.
    Claimed,
    /// These, by name.
    Listed(Vec<String>),
}

/// A glob that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{glob}` is no pattern: {message}")]
pub struct SelectionError {
    glob: String,
    message: String,
}

#[derive(Clone, Debug)]
struct Names {
    globs: GlobSet,
    written: String,
}

impl Names {
    fn new(globs: &[String]) -> Result<Option<Self>, SelectionError> {
        if globs.is_empty() {
            return Ok(None);
        }
        let error = |glob: &str, error: globset::Error| SelectionError {
            glob: glob.to_owned(),
            message: error.kind().to_string(),
        };
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            // The brackets of an expanded case are part of its name and no class of characters.
            let escaped = glob.replace('[', "[[]");
            let built = GlobBuilder::new(&escaped).literal_separator(false).build();
            set.add(built.map_err(|fault| error(glob, fault))?);
        }
        let globs_built = set.build().map_err(|fault| error(&globs.join(" "), fault))?;
        Ok(Some(Self {
            globs: globs_built,
            written: globs.join(" "),
        }))
    }
}

impl Selection {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Only suites whose name matches one of these globs.
    ///
    /// # Errors
    /// A glob that cannot be read.
    pub fn suites(mut self, globs: &[String]) -> Result<Self, SelectionError> {
        self.suites = Names::new(globs)?;
        Ok(self)
    }

    /// Only cases whose full name, or name without the suite, matches one of these globs.
    ///
    /// # Errors
    /// A glob that cannot be read.
    pub fn cases(mut self, globs: &[String]) -> Result<Self, SelectionError> {
        self.cases = Names::new(globs)?;
        Ok(self)
    }

    /// Only these cases, by their full names; `None`: whatever their names are.
    #[must_use]
    pub fn only(mut self, names: Option<HashSet<String>>) -> Self {
        self.only = names;
        self
    }

    /// Only cases that cite a requirement whose id matches one of these globs.
    ///
    /// # Errors
    /// A glob that cannot be read.
    pub fn requirements(mut self, globs: &[String]) -> Result<Self, SelectionError> {
        self.requirements = Names::new(globs)?;
        Ok(self)
    }

    /// Only cases with a judged step of one of these interactions.
    #[must_use]
    pub fn interactions(mut self, interactions: Vec<Interaction>) -> Self {
        self.interactions = interactions;
        self
    }

    /// Only cases with one of these tags.
    #[must_use]
    pub fn tags(mut self, tags: Vec<String>) -> Self {
        self.tags = tags;
        self
    }

    /// Only cases that cite a requirement at this level or above.
    #[must_use]
    pub fn level(mut self, level: Option<Level>) -> Self {
        self.level = level.map(Level::strength);
        self
    }

    /// Cases about any type run over these.
    #[must_use]
    pub fn types(mut self, types: AskedTypes) -> Self {
        self.types = types;
        self
    }

    /// With what a tester gives: cases that need more are left out.
    #[must_use]
    pub fn given(mut self, given: Given) -> Self {
        self.given = given;
        self
    }

    /// Only the cases of one shard.
    #[must_use]
    pub fn shard(mut self, shard: Option<Shard>) -> Self {
        self.shard = shard;
        self
    }

    /// Why the filters leave a case out; `None` where they do not. Shards are not looked at here.
    pub(super) fn leaves_out(
        &self,
        catalogue: &Catalogue,
        release: FhirVersion,
        suite: &Suite,
        case: &Case,
        id: &CaseId,
        requirements: &[RequirementId],
    ) -> Option<String> {
        let named = |names: &Option<Names>, what: &str, matches: &dyn Fn(&GlobSet) -> bool| {
            let names = names.as_ref()?;
            (!matches(&names.globs)).then(|| format!("{what} is not {}", names.written))
        };
        if let Some(only) = &self.only
            && !only.contains(id.as_str())
        {
            return Some("the case did not fail before".to_owned());
        }
        named(&self.suites, "the suite", &|globs| globs.is_match(suite.id.as_str()))
            .or_else(|| {
                named(&self.cases, "the case", &|globs| {
                    globs.is_match(id.as_str()) || globs.is_match(id.short())
                })
            })
            .or_else(|| {
                named(&self.requirements, "no requirement of the case", &|globs| {
                    requirements.iter().any(|id| globs.is_match(id.as_str()))
                })
            })
            .or_else(|| {
                let wanted = &self.interactions;
                let found = wanted.is_empty() || case.steps.iter().any(|step| does_one_of(&step.action, wanted));
                (!found).then(|| "no step has the interaction asked for".to_owned())
            })
            .or_else(|| {
                let found = self.tags.is_empty() || self.tags.iter().any(|tag| case.tags.contains(tag));
                (!found).then(|| format!("no tag is {}", self.tags.join(" ")))
            })
            .or_else(|| {
                let least = self.level?;
                let level = |id: &RequirementId| catalogue.get(id.as_str()).and_then(|rule| rule.level_in(release));
                let found = requirements
                    .iter()
                    .filter_map(level)
                    .any(|level| level.strength() >= least);
                (!found).then(|| format!("no requirement of the case is a {least}"))
            })
    }
}

fn does_one_of(action: &Action, wanted: &[Interaction]) -> bool {
    matches!(action, Action::Interaction { interaction, .. } if wanted.contains(interaction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_belong_to_names() {
        let names = Names::new(&["http.*::life[Patient]".into()]).unwrap().unwrap();
        assert!(names.globs.is_match("http.read::life[Patient]"));
        assert!(!names.globs.is_match("http.read::lifeP"));
    }

    #[test]
    fn a_bad_glob_is_an_error() {
        let error = Selection::all().cases(&["a{b".into()]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`a{b` is no pattern: unclosed alternate group"),
            "{error}"
        );
    }
}
