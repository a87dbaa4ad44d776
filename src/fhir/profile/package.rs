//! Reading packages (`packages.fhir.org`, the NPM form) and single files, with an eye on what strangers may put into them.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::store::{Profiles, Store};

/// A file may have so many bytes.
const LARGEST_FILE: u64 = 32 << 20;
/// A package may have so many bytes when it is unpacked.
const LARGEST_PACKAGE: u64 = 512 << 20;
/// All definitions together may have so many bytes.
const LARGEST_STORE: usize = 512 << 20;
/// A package may have so many entries.
const MOST_ENTRIES: usize = 100_000;
/// A snapshot may have so many elements; the largest of the specification has some 1,500.
const MOST_ELEMENTS: usize = 20_000;
/// So many problems are told one by one.
const MOST_TOLD: usize = 50;

/// Something in a package that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageProblem {
    /// The file; inside a package `name.tgz: package/file.json`.
    pub file: String,
    /// What is wrong with it.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// All that keeps profiles from being used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageProblems(pub Vec<PackageProblem>);

/// A package that another one is built upon, and that is not loaded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingDependency {
    /// The package that names it.
    pub of: String,
    /// Its name.
    pub name: String,
    /// Its version, as the other one asks for it.
    pub version: String,
}

impl fmt::Display for PackageProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let things = if count == 1 { "problem" } else { "problems" };
        write!(f, "the profiles cannot be used: {count} {things}")?;
        for problem in self.0.iter().take(MOST_TOLD) {
            write!(
                f,
                "\n  {}: {}\n    help: {}",
                problem.file, problem.message, problem.help
            )?;
        }
        if count > MOST_TOLD {
            write!(f, "\n  and {} more", count - MOST_TOLD)?;
        }
        Ok(())
    }
}

impl std::error::Error for PackageProblems {}

impl fmt::Display for MissingDependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} needs {}#{}", self.of, self.name, self.version)
    }
}

/// Takes packages and files one after the other; what is wrong with any of them is told at the end, all at once.
#[derive(Debug, Default)]
pub struct Loader {
    store: Store,
    problems: Vec<PackageProblem>,
    packages: Vec<Manifest>,
    bytes: usize,
}

/// What a file says of itself; all else is passed over without being built.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    resource_type: Option<Value>,
    url: Option<Value>,
    version: Option<Value>,
    #[serde(rename = "type")]
    type_name: Option<Value>,
    kind: Option<Value>,
    derivation: Option<Value>,
    fhir_version: Option<Value>,
    snapshot: Option<Elements>,
    content: Option<Value>,
}

/// The elements, counted.
#[derive(Deserialize)]
struct Elements {
    #[serde(default)]
    element: Vec<IgnoredAny>,
}

/// What the loader needs of a `package.json`.
#[derive(Debug, Deserialize)]
struct Manifest {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
}

impl Loader {
    /// Takes a package: a gzip'ed tar archive with its definitions as `package/*.json`.
    pub fn package(&mut self, name: &str, archive: impl Read) {
        let unpacked = MultiGzDecoder::new(archive);
        // One byte more than is allowed, so that too much is told from just enough.
        let mut tar = tar::Archive::new(unpacked.take(LARGEST_PACKAGE + 1));
        let entries = match tar.entries() {
            Ok(entries) => entries,
            Err(error) => return self.no_package(name, &error),
        };
        let mut total = 0_u64;
        for (index, entry) in entries.enumerate() {
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.no_package(name, &error),
            };
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let place = format!("{name}: {path}");
            total = total.saturating_add(entry.size());
            if total > LARGEST_PACKAGE || index >= MOST_ENTRIES {
                let message = format!(
                    "the package unpacks to more than {} MiB or {MOST_ENTRIES} files",
                    LARGEST_PACKAGE >> 20
                );
                return self.problem(name, message, "give a folder with only the definitions that are needed");
            }
            if path.starts_with('/') || path.split(['/', '\\']).any(|step| step == "..") {
                self.problem(
                    &place,
                    "the name leads out of the package".to_owned(),
                    "do not trust this package: its maker is careless or hostile",
                );
                continue;
            }
            let Some(file) = definition_name(&path) else {
                continue;
            };
            if !entry.header().entry_type().is_file() {
                if !entry.header().entry_type().is_dir() {
                    self.problem(&place, "it is a link and no file".to_owned(), "pack the file itself");
                }
                continue;
            }
            if entry.size() > LARGEST_FILE {
                self.too_large(&place);
                continue;
            }
            let file = format!("{name}: {file}");
            let mut bytes = Vec::with_capacity(usize::try_from(entry.size()).unwrap_or_default().min(1 << 20));
            match entry.read_to_end(&mut bytes) {
                Ok(_) => self.file(&file, bytes),
                Err(error) => return self.no_package(name, &error),
            }
        }
        if total == 0 {
            self.problem(
                name,
                "the package is empty".to_owned(),
                "a package holds its definitions as package/*.json",
            );
        }
    }

    /// Takes one file in JSON. Of definitions those that matter for judging are kept; `package.json` says what else is needed.
    pub fn file(&mut self, name: &str, bytes: Vec<u8>) {
        if bytes.len() as u64 > LARGEST_FILE {
            return self.too_large(name);
        }
        let bytes = match bytes.strip_prefix("\u{feff}".as_bytes()) {
            Some(rest) => rest.to_vec(),
            None => bytes,
        };
        if name.rsplit(['/', ' ']).next() == Some("package.json") {
            match serde_json::from_slice::<Manifest>(&bytes) {
                Ok(manifest) => self.packages.push(manifest),
                Err(error) => self.problem(
                    name,
                    format!("it is no manifest of a package: {error}"),
                    "a package.json has at least a name, and dependencies as names with versions",
                ),
            }
            return;
        }
        let header: Header = match serde_json::from_slice(&bytes) {
            Ok(header) => header,
            Err(error) => {
                let help = "mend the file, or take it out of the folder";
                return self.problem(name, format!("it cannot be read: {error}"), help);
            }
        };
        match text(&header.resource_type) {
            Some("StructureDefinition") => self.structure_definition(name, &header, bytes),
            Some(kind @ ("ValueSet" | "CodeSystem")) => {
                let Some(url) = text(&header.url) else { return };
                // A supplement is no system of its own.
                if text(&header.content) != Some("supplement") && self.has_room(name, bytes.len()) {
                    let version = text(&header.version).map(str::to_owned);
                    self.store.add_terminology(kind, url, version, bytes);
                }
            }
            _ => {}
        }
    }

    fn structure_definition(&mut self, name: &str, header: &Header, bytes: Vec<u8>) {
        // Logical models are no resources, so no body is one.
        if text(&header.kind) == Some("logical") {
            return;
        }
        let Some(url) = text(&header.url) else {
            let message = "the StructureDefinition has no `url`, by which it could be named".to_owned();
            return self.problem(name, message, "give it a canonical URL");
        };
        let Some(type_name) = text(&header.type_name) else {
            let message = format!("{url} has no `type`, so that nobody knows what it constrains");
            return self.problem(name, message, "give it the type that it constrains, such as Patient");
        };
        match &header.snapshot {
            Some(snapshot) if snapshot.element.len() > MOST_ELEMENTS => {
                let count = snapshot.element.len();
                let message = format!("{url} has {count} elements, and {MOST_ELEMENTS} are the most");
                return self.problem(name, message, "divide the profile, or take it out of the package");
            }
            Some(snapshot) if !snapshot.element.is_empty() => {}
            Some(_) => {
                let message = format!("the snapshot of {url} has no elements");
                return self.problem(name, message, "make the snapshot again from the differential");
            }
            None => {
                let message = format!("{url} has no snapshot: a differential alone is not judged by");
                let help = "publish it with snapshots: the IG Publisher makes them, and so does `sushi -s`";
                return self.problem(name, message, help);
            }
        }
        if !self.has_room(name, bytes.len()) {
            return;
        }
        let info = super::ProfileInfo {
            url: url.to_owned(),
            version: text(&header.version).map(str::to_owned),
            type_name: type_name.rsplit('/').next().unwrap_or(type_name).to_owned(),
            release: text(&header.fhir_version).and_then(crate::fhir::FhirVersion::of_number),
            specialization: text(&header.derivation) != Some("constraint"),
            file: name.to_owned(),
        };
        if let Err(other) = self.store.add_profile(info, bytes) {
            let message = format!("{url} is defined in {other} already, in another way");
            self.problem(
                name,
                message,
                "load only one of the two, or give them different versions",
            );
        }
    }

    /// The profiles, where nothing is wrong with what was given.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn finish(mut self) -> Result<Profiles, PackageProblems> {
        if !self.problems.is_empty() {
            return Err(PackageProblems(self.problems));
        }
        let loaded: Vec<&str> = self.packages.iter().map(|package| package.name.as_str()).collect();
        let mut missing: Vec<_> = self
            .packages
            .iter()
            .flat_map(|package| {
                let is_missing = |name: &str| !is_the_specification(name) && !loaded.contains(&name);
                let names = package.dependencies.iter().filter(move |(name, _)| is_missing(name));
                names.map(|(name, version)| MissingDependency {
                    of: format!("{}#{}", package.name, package.version),
                    name: name.clone(),
                    version: version.clone(),
                })
            })
            .collect();
        missing.sort();
        missing.dedup();
        self.store.missing = missing;
        Ok(Profiles::new(self.store))
    }

    fn has_room(&mut self, name: &str, more: usize) -> bool {
        self.bytes += more;
        if self.bytes > LARGEST_STORE {
            let message = format!("the definitions have more than {} MiB together", LARGEST_STORE >> 20);
            self.problem(name, message, "load fewer packages at a time");
        }
        self.bytes <= LARGEST_STORE
    }

    fn problem(&mut self, file: &str, message: String, help: &str) {
        self.problems.push(PackageProblem {
            file: file.to_owned(),
            message,
            help: help.to_owned(),
        });
    }

    fn too_large(&mut self, file: &str) {
        let message = format!("the file has more than {} MiB", LARGEST_FILE >> 20);
        self.problem(file, message, "no definition is that large: take it out of the package");
    }

    fn no_package(&mut self, name: &str, error: &io::Error) {
        let message = format!("it is no package, or a damaged one: {error}");
        self.problem(
            name,
            message,
            "give a .tgz made by `npm pack`, or the folder it was made of",
        );
    }
}

/// The definitions of the releases are inside the harness.
fn is_the_specification(name: &str) -> bool {
    let parts: Vec<&str> = name.split('.').collect();
    matches!(parts.as_slice(), ["hl7", "fhir", release, "core" | "corexml" | "expansions" | "examples"] if release.starts_with('r'))
}

/// `package/name.json`: what stands deeper is examples and tools. `None` for what is no definition.
fn definition_name(path: &str) -> Option<&str> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let (folder, file) = path.split_once('/')?;
    let is_definition = !folder.is_empty() && !file.contains('/') && !file.starts_with('.') && file.ends_with(".json");
    is_definition.then_some(path)
}

fn text(value: &Option<Value>) -> Option<&str> {
    value.as_ref().and_then(Value::as_str).filter(|text| !text.is_empty())
}
