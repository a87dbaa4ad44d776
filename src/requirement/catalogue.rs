//! The catalogue of requirements that travels inside the binary (`suites/requirements/`).

use std::sync::LazyLock;

use indexmap::IndexMap;

use super::{Requirement, RequirementId};

static EMBEDDED: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::from_json(include_str!(concat!(env!("OUT_DIR"), "/catalogue.json")))
        .expect("the tests hold the embedded catalogue to its form")
});

/// All requirements, by id, in the order of their files.
#[derive(Debug, Default)]
pub struct Catalogue {
    requirements: IndexMap<RequirementId, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    requirement: Requirement,
    file: String,
}

/// Why a catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The text is no catalogue.
    #[error("the catalogue does not have its form: {0}")]
    Form(#[from] serde_json::Error),
    /// One id names two rules.
    #[error("{file}: `{id}` is defined in {other} already")]
    Duplicate {
        /// The id.
        id: RequirementId,
        /// The file of the second rule.
        file: String,
        /// The file of the first rule.
        other: String,
    },
}

impl Catalogue {
    /// The catalogue inside the binary; read at the first call, in about a millisecond.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads a JSON object of file names to lists of requirements.
    ///
    /// # Errors
    /// Where the text has another form or an id is given twice.
    pub fn from_json(text: &str) -> Result<Self, CatalogueError> {
        let files: IndexMap<String, Vec<Requirement>> = serde_json::from_str(text)?;
        let mut requirements: IndexMap<RequirementId, Entry> = IndexMap::new();
        for (file, list) in files {
            for requirement in list {
                if let Some(first) = requirements.get(&requirement.id) {
                    return Err(CatalogueError::Duplicate {
                        id: requirement.id,
                        file,
                        other: first.file.clone(),
                    });
                }
                let file = file.clone();
                requirements.insert(requirement.id.clone(), Entry { requirement, file });
            }
        }
        Ok(Self { requirements })
    }

    /// The same catalogue with rules of one more file.
    ///
    /// # Errors
    /// Where an id is there already.
    pub fn with(&self, file: &str, more: Vec<Requirement>) -> Result<Self, CatalogueError> {
        let mut requirements = self.requirements.clone();
        for requirement in more {
            if let Some(first) = requirements.get(&requirement.id) {
                return Err(CatalogueError::Duplicate {
                    id: requirement.id,
                    file: file.to_owned(),
                    other: first.file.clone(),
                });
            }
            let file = file.to_owned();
            requirements.insert(requirement.id.clone(), Entry { requirement, file });
        }
        Ok(Self { requirements })
    }

    /// The requirement of an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Requirement> {
        self.requirements.get(id).map(|entry| &entry.requirement)
    }

    /// The file in which a requirement is written, `suites/requirements/http/read.yaml`.
    #[must_use]
    pub fn file_of(&self, id: &str) -> Option<&str> {
        self.requirements.get(id).map(|entry| entry.file.as_str())
    }

    /// All requirements, in the order of their files.
    pub fn iter(&self) -> impl Iterator<Item = &Requirement> {
        self.requirements.values().map(|entry| &entry.requirement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::FhirVersion;
    use crate::requirement::{Actor, Level, Testable};

    #[test]
    fn the_embedded_catalogue_is_whole() {
        let catalogue = Catalogue::embedded();
        let http = catalogue.iter().filter(|requirement| {
            let file = catalogue.file_of(requirement.id.as_str()).unwrap();
            file.starts_with("suites/requirements/http/")
        });
        assert_eq!(http.count(), 552);
        assert_eq!(catalogue.iter().count(), 552 + 127);
        for requirement in catalogue.iter() {
            assert_eq!(
                requirement.testable != Testable::Yes,
                requirement.why_not.is_some(),
                "{}",
                requirement.id
            );
            assert!(requirement.versions.values().any(|&holds| holds), "{}", requirement.id);
        }
    }

    #[test]
    fn a_release_can_have_another_level() {
        let catalogue = Catalogue::embedded();
        let requirement = catalogue.get("search.failure-outcome").unwrap();
        assert_eq!(requirement.actor, Actor::Server);
        assert_eq!(requirement.level_in(FhirVersion::R4), Some(Level::Shall));
        assert_eq!(requirement.level_in(FhirVersion::R5), Some(Level::Should));
        let timezone = catalogue.get("general.client-timezone-used").unwrap();
        assert_eq!(timezone.level_in(FhirVersion::R4), None);
    }

    #[test]
    fn an_id_given_twice_is_refused() {
        let entry = serde_json::to_value(Catalogue::embedded().get("read.etag").unwrap()).unwrap();
        let text = serde_json::json!({ "a.yaml": [entry], "b.yaml": [entry] }).to_string();
        let error = Catalogue::from_json(&text).unwrap_err();
        insta::assert_snapshot!(error, @"b.yaml: `read.etag` is defined in a.yaml already");
    }
}
