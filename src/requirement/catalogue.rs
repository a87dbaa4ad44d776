//! The catalogue of requirements that travels inside the binary (`suites/requirements/`).

use std::sync::{Arc, LazyLock};

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use indexmap::map::Entry as MapEntry;

use super::{Requirement, RequirementId, pieces};

static EMBEDDED: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::from_pieces(include_str!(concat!(env!("OUT_DIR"), "/catalogue.txt")))
        .expect("the tests hold the embedded catalogue to its form")
});

/// All requirements, by id, in the order of their files.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// The ids are our own, or those of a vendor's folder: a quick hash will do.
    requirements: IndexMap<RequirementId, Entry, RandomState>,
}

#[derive(Clone, Debug)]
struct Entry {
    requirement: Requirement,
    file: Arc<str>,
}

/// Why a catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The text is no catalogue.
    #[error("the catalogue does not have its form: {0}")]
    Form(String),
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
    /// The catalogue inside the binary; read at the first call, in less than a millisecond.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads a JSON object of file names to lists of requirements.
    ///
    /// # Errors
    /// Where the text has another form or an id is given twice.
    pub fn from_json(text: &str) -> Result<Self, CatalogueError> {
        let files: IndexMap<Arc<str>, Vec<Requirement>> =
            serde_json::from_str(text).map_err(|error| CatalogueError::Form(error.to_string()))?;
        let mut catalogue = Self::default();
        for (file, list) in files {
            list.into_iter()
                .try_for_each(|requirement| catalogue.add(requirement, &file))?;
        }
        Ok(catalogue)
    }

    /// Reads the form that the build writes.
    fn from_pieces(text: &'static str) -> Result<Self, CatalogueError> {
        let mut catalogue = Self::default();
        let mut file = Arc::from("");
        let mut added = Ok(());
        catalogue.requirements.reserve(1000);
        pieces::read(text, |requirement, of| {
            if *file != *of {
                file = of.into();
            }
            if added.is_ok() {
                added = catalogue.add(requirement, &file);
            }
        })
        .map_err(CatalogueError::Form)?;
        added.map(|()| catalogue)
    }

    fn add(&mut self, requirement: Requirement, file: &Arc<str>) -> Result<(), CatalogueError> {
        match self.requirements.entry(requirement.id.clone()) {
            MapEntry::Occupied(first) => Err(CatalogueError::Duplicate {
                id: requirement.id,
                file: file.to_string(),
                other: first.get().file.to_string(),
            }),
            MapEntry::Vacant(free) => {
                let file = Arc::clone(file);
                free.insert(Entry { requirement, file });
                Ok(())
            }
        }
    }

    /// The same catalogue with rules of one more file.
    ///
    /// # Errors
    /// Where an id is there already.
    pub fn with(&self, file: &str, more: Vec<Requirement>) -> Result<Self, CatalogueError> {
        let mut catalogue = Self {
            requirements: self.requirements.clone(),
        };
        let file: Arc<str> = file.into();
        for requirement in more {
            catalogue.add(requirement, &file)?;
        }
        Ok(catalogue)
    }

    /// The requirement of an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Requirement> {
        self.requirements.get(id).map(|entry| &entry.requirement)
    }

    /// The file in which a requirement is written, `suites/requirements/http/read.yaml`.
    #[must_use]
    pub fn file_of(&self, id: &str) -> Option<&str> {
        self.requirements.get(id).map(|entry| &*entry.file)
    }

    /// All requirements, in the order of their files.
    pub fn iter(&self) -> impl Iterator<Item = &Requirement> {
        self.requirements.values().map(|entry| &entry.requirement)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use serde_json::Value;

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
    fn the_pieces_of_the_binary_say_what_the_files_say() {
        let catalogue = Catalogue::embedded();
        let mut files: IndexMap<&str, Value> = IndexMap::new();
        for requirement in catalogue.iter() {
            let file = catalogue.file_of(requirement.id.as_str()).unwrap();
            files.entry(file).or_insert_with(|| {
                let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
                serde_yaml::from_str(&text).unwrap()
            });
        }
        let read = Catalogue::from_json(&serde_json::to_string(&files).unwrap()).unwrap();
        assert_eq!(read.requirements.len(), catalogue.requirements.len());
        for (ours, theirs) in catalogue.iter().zip(read.iter()) {
            assert_eq!(
                serde_json::to_value(ours).unwrap(),
                serde_json::to_value(theirs).unwrap()
            );
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
