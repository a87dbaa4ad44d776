//! What was loaded, by canonical, compiled when it is first needed.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::definition::Profile;
use super::judge::Judge;
use super::package::MissingDependency;
use super::value_set::{self, Codes};
use crate::fhir::FhirVersion;
use crate::fhir::validate::Validation;

/// Profiles that were loaded. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    store: Arc<Store>,
}

/// What a profile says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileInfo {
    /// Its canonical URL, without a version.
    pub url: String,
    /// Its business version.
    pub version: Option<String>,
    /// The type that it constrains.
    pub type_name: String,
    /// The release it was written for, where it says so.
    pub release: Option<FhirVersion>,
    /// Whether it defines the type itself, as the definitions of a release do.
    pub specialization: bool,
    /// The file it was read from.
    pub file: String,
}

/// Why a body cannot be judged by a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Nobody loaded it.
    #[error("the profile {canonical} is not loaded{hint}")]
    NotLoaded {
        /// What was asked for.
        canonical: String,
        /// What could be done.
        hint: String,
    },
    /// It contradicts itself, or cannot be read.
    #[error("the profile {canonical} ({file}) cannot be used: {why}")]
    Unusable {
        /// The profile.
        canonical: String,
        /// Where it stands.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// It was written for another release.
    #[error("the profile {canonical} is for {of}, and bodies of {release} are judged here")]
    OtherRelease {
        /// The profile.
        canonical: String,
        /// Its release.
        of: FhirVersion,
        /// The release that is judged by.
        release: FhirVersion,
    },
    /// Judging took too many steps.
    #[error("judging by {canonical} was given up after {steps} steps; what was not looked at is not known to be valid")]
    TooMuch {
        /// The profile.
        canonical: String,
        /// How many.
        steps: usize,
    },
}

/// One StructureDefinition.
#[derive(Debug)]
struct Entry {
    info: ProfileInfo,
    bytes: Vec<u8>,
    compiled: [OnceLock<Result<Arc<Profile>, String>>; FhirVersion::ALL.len()],
}

/// One ValueSet or CodeSystem.
#[derive(Debug)]
struct Terminology {
    version: Option<String>,
    bytes: Vec<u8>,
    document: OnceLock<Option<Value>>,
    codes: OnceLock<Option<Arc<Codes>>>,
}

/// Everything that was loaded.
#[derive(Debug, Default)]
pub(super) struct Store {
    profiles: Vec<Entry>,
    by_url: HashMap<String, Vec<usize>>,
    value_sets: HashMap<String, Vec<Terminology>>,
    code_systems: HashMap<String, Vec<Terminology>>,
    pub(super) missing: Vec<MissingDependency>,
}

impl Store {
    /// Adds a profile; the file of another one of the same canonical where there is one with other content.
    pub(super) fn add_profile(&mut self, info: ProfileInfo, bytes: Vec<u8>) -> Result<(), String> {
        let same = self.by_url.entry(info.url.clone()).or_default();
        let twin = same
            .iter()
            .map(|index| &self.profiles[*index])
            .find(|other| other.info.version == info.version);
        match twin {
            Some(other) if other.bytes == bytes => return Ok(()),
            Some(other) => return Err(other.info.file.clone()),
            None => same.push(self.profiles.len()),
        }
        self.profiles.push(Entry {
            info,
            bytes,
            compiled: Default::default(),
        });
        Ok(())
    }

    pub(super) fn add_terminology(&mut self, kind: &str, url: &str, version: Option<String>, bytes: Vec<u8>) {
        let all = if kind == "ValueSet" {
            &mut self.value_sets
        } else {
            &mut self.code_systems
        };
        all.entry(url.to_owned()).or_default().push(Terminology {
            version,
            bytes,
            document: OnceLock::new(),
            codes: OnceLock::new(),
        });
    }
}

impl Profiles {
    pub(super) fn new(store: Store) -> Self {
        Self { store: Arc::new(store) }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.store.profiles.is_empty()
    }

    /// What the profiles say of themselves, in the order in which they were loaded.
    pub fn iter(&self) -> impl Iterator<Item = &ProfileInfo> {
        self.store.profiles.iter().map(|entry| &entry.info)
    }

    /// Packages that the loaded ones are built upon, and that are not there.
    #[must_use]
    pub fn missing_dependencies(&self) -> &[MissingDependency] {
        &self.store.missing
    }

    /// Judges a body by every profile that it, or a resource inside it, claims in `meta.profile`, and its extensions by
    /// their definitions. What is claimed and not loaded is said to be unchecked.
    #[must_use]
    pub fn judge(&self, release: FhirVersion, body: &Value) -> Validation {
        let mut judge = Judge::new(self, release, body);
        judge.claims();
        judge.finish()
    }

    /// Judges a body by one profile, whether the body claims it or not, and by those that it claims. Only what the profile
    /// adds to its base type is looked at: the rules of the type itself are judged elsewhere.
    ///
    /// # Errors
    /// When the body cannot be judged by it, which is no pass.
    pub fn judge_as(&self, release: FhirVersion, canonical: &str, body: &Value) -> Result<Validation, ProfileError> {
        let profile = self.profile(release, canonical)?;
        let mut judge = Judge::new(self, release, body);
        judge.as_profile(&profile);
        judge.claims();
        if judge.gave_up() {
            return Err(ProfileError::TooMuch {
                canonical: canonical.to_owned(),
                steps: super::judge::MOST_STEPS,
            });
        }
        Ok(judge.finish())
    }

    /// The type that a profile constrains.
    #[must_use]
    pub fn type_of(&self, canonical: &str) -> Option<&str> {
        self.find(canonical)
            .map(|index| self.store.profiles[index].info.type_name.as_str())
    }

    /// A compiled profile.
    ///
    /// # Errors
    /// When it is not loaded or cannot be used.
    pub(super) fn profile(&self, release: FhirVersion, canonical: &str) -> Result<Arc<Profile>, ProfileError> {
        let index = self.find(canonical).ok_or_else(|| ProfileError::NotLoaded {
            canonical: canonical.to_owned(),
            hint: self.hint(canonical),
        })?;
        let entry = &self.store.profiles[index];
        if let Some(of) = entry.info.release.filter(|of| *of != release) {
            return Err(ProfileError::OtherRelease {
                canonical: canonical.to_owned(),
                of,
                release,
            });
        }
        let compiled = entry.compiled[release as usize]
            .get_or_init(|| Profile::compile(index, &entry.info, release, &entry.bytes).map(Arc::new));
        compiled.clone().map_err(|why| ProfileError::Unusable {
            canonical: canonical.to_owned(),
            file: entry.info.file.clone(),
            why,
        })
    }

    fn hint(&self, canonical: &str) -> String {
        let (url, _) = split(canonical);
        let others: Vec<_> = self
            .store
            .by_url
            .get(url)
            .into_iter()
            .flatten()
            .filter_map(|index| self.store.profiles[*index].info.version.as_deref())
            .collect();
        if !others.is_empty() {
            return format!("; what is loaded of it is version {}", others.join(", "));
        }
        match self.store.missing.first() {
            None => ": give its package with --profile".to_owned(),
            Some(missing) => format!(": give its package with --profile ({missing}, which is not loaded)"),
        }
    }

    fn find(&self, canonical: &str) -> Option<usize> {
        let (url, version) = split(canonical);
        let all = self.store.by_url.get(url)?;
        let info = |index: &usize| &self.store.profiles[*index].info;
        match version {
            Some(version) => all
                .iter()
                .find(|index| info(index).version.as_deref() == Some(version))
                .copied(),
            // Without a version the newest is meant (`references.html#canonical`).
            None => all
                .iter()
                .max_by_key(|index| order(info(index).version.as_deref()))
                .copied(),
        }
    }

    /// The codes of a value set, where they can be told from what is loaded.
    pub(super) fn codes(&self, canonical: &str) -> Option<Arc<Codes>> {
        self.codes_at(canonical, 0)
    }

    /// As [`Self::codes`], inside another value set.
    pub(super) fn codes_at(&self, canonical: &str, depth: usize) -> Option<Arc<Codes>> {
        let found = newest(self.store.value_sets.get(split(canonical).0)?, split(canonical).1)?;
        if let Some(known) = found.codes.get() {
            return known.clone();
        }
        let codes = value_set::expand(self, found.document()?, depth).map(Arc::new);
        // What was given up for its depth may be told from further up.
        if codes.is_some() || depth == 0 {
            return found.codes.get_or_init(|| codes).clone();
        }
        None
    }

    /// A code system that is loaded.
    pub(super) fn code_system(&self, canonical: &str) -> Option<&Value> {
        newest(self.store.code_systems.get(split(canonical).0)?, split(canonical).1)?.document()
    }
}

impl Terminology {
    fn document(&self) -> Option<&Value> {
        let read = || serde_json::from_slice(&self.bytes).ok();
        self.document.get_or_init(read).as_ref()
    }
}

fn newest<'a>(all: &'a [Terminology], version: Option<&str>) -> Option<&'a Terminology> {
    match version {
        Some(version) => all.iter().find(|found| found.version.as_deref() == Some(version)),
        None => all.iter().max_by_key(|found| order(found.version.as_deref())),
    }
}

/// Numbers of versions in their order: 1.10 is after 1.9.
fn order(version: Option<&str>) -> (Vec<u64>, Option<&str>) {
    let parts = version.unwrap_or_default().split(['.', '-']);
    (parts.map_while(|part| part.parse().ok()).collect(), version)
}

/// A canonical as URL and version.
pub(super) fn split(canonical: &str) -> (&str, Option<&str>) {
    let canonical = canonical.split_once('#').map_or(canonical, |(url, _)| url);
    match canonical.split_once('|') {
        Some((url, version)) => (url, Some(version)),
        None => (canonical, None),
    }
}

/// Whether a text has the form of a canonical that names a profile: an absolute URI, and a version after `|` where it
/// names one (`references.html#canonical`).
#[must_use]
pub fn is_canonical(text: &str) -> bool {
    let (url, version) = match text.split_once('|') {
        Some((url, version)) => (url, Some(version)),
        None => (text, None),
    };
    let scheme = url.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
            && rest.trim_matches('/').len() > 1
    });
    scheme
        && !text.contains(char::is_whitespace)
        && !url.contains('#')
        && version.is_none_or(|version| !version.is_empty() && !version.contains('|'))
}
