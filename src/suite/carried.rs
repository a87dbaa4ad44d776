//! Suites as plain files that can be carried elsewhere: what they are made of, and loading them from there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use super::binary::{embedded_file, embedded_rules};
use super::load::without_dots;
use super::model::Suite;
use crate::source::SourceFile;

/// Files by their path, with `/` between folders.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Suites as files.
#[derive(Clone, Debug, Default)]
pub struct Carried {
    /// The files, fixtures too. Those from the binary are named as they are there, others begin with `own/`.
    pub files: Files,
    /// Which of them are suites, in order.
    pub suites: Vec<String>,
    /// Which of them is the description of their system, where they have one.
    pub system: Option<String>,
}

/// The files of suites, and those of the catalogue that is in the binary. `system` is the description of their system, where
/// they have one.
///
/// # Errors
/// Where a fixture can no longer be read.
pub fn carried(suites: &[Arc<Suite>], system: Option<&SourceFile>) -> io::Result<Carried> {
    let mut carried = Carried::default();
    let (embedded, own): (Vec<_>, Vec<_>) = suites.iter().partition(|suite| is_embedded(&suite.source));
    let mut own_files: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    let mut own_suites = Vec::new();
    for suite in own {
        let path = absolute(Path::new(&**suite.source.name()))?;
        for (fixture, _) in fixtures(suite, &path) {
            let bytes = fs::read(&fixture).map_err(|error| {
                let told = format!("{}: {error}", fixture.display());
                io::Error::new(error.kind(), told)
            })?;
            own_files.insert(fixture, bytes);
        }
        own_files.insert(path.clone(), suite.source.text().as_bytes().to_vec());
        own_suites.push(path);
    }
    let own_system = match system.filter(|system| !is_embedded(system)) {
        Some(system) => {
            let path = absolute(Path::new(&**system.name()))?;
            own_files.insert(path.clone(), system.text().as_bytes().to_vec());
            Some(path)
        }
        None => None,
    };
    let root = common_root(own_files.keys());
    let named = |path: &Path| slashed(&Path::new("own").join(path.strip_prefix(&root).unwrap_or(path)));
    for suite in embedded {
        let name = suite.source.name().to_string();
        for (path, _) in fixtures(suite, Path::new(&name)) {
            if let Some(bytes) = embedded_file(&path) {
                carried.files.insert(slashed(&path), bytes.to_vec());
            }
        }
        carried
            .files
            .insert(name.clone(), suite.source.text().as_bytes().to_vec());
        carried.suites.push(name);
    }
    carried.suites.extend(own_suites.iter().map(|path| named(path)));
    carried.system = own_system.map(|path| named(&path));
    if let Some(system) = system.filter(|system| is_embedded(system)) {
        let name = system.name().to_string();
        carried.files.insert(name.clone(), system.text().as_bytes().to_vec());
        carried.system = Some(name);
    }
    carried
        .files
        .extend(own_files.into_iter().map(|(path, bytes)| (named(&path), bytes)));
    carried
        .files
        .extend(embedded_rules().map(|(path, bytes)| (slashed(&path), bytes.to_vec())));
    Ok(carried)
}

/// The paths of a suite's fixtures, and their names.
fn fixtures<'a>(suite: &'a Suite, file: &Path) -> impl Iterator<Item = (PathBuf, &'a str)> {
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    suite
        .fixtures
        .iter()
        .map(move |(name, fixture)| (without_dots(&folder.join(&fixture.path.value)), name.as_str()))
}

/// Whether a file is the one of its name in the binary, to the letter.
fn is_embedded(source: &SourceFile) -> bool {
    embedded_file(Path::new(&**source.name())).is_some_and(|bytes| bytes == source.text().as_bytes())
}

fn absolute(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path).map(|path| without_dots(&path))
}

/// The folder that all files have in common.
fn common_root<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> PathBuf {
    let folders = paths.map(|path| path.parent().unwrap_or(Path::new("")).to_owned());
    folders
        .reduce(|root, folder| {
            let same = root
                .components()
                .zip(folder.components())
                .take_while(|(one, other)| one == other);
            same.map(|(part, _)| part).collect()
        })
        .unwrap_or_default()
}

fn slashed(path: &Path) -> String {
    let parts = path.components().map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement::Catalogue;
    use crate::suite::Suites;

    #[test]
    fn suites_of_the_binary_are_carried_and_loaded_again() {
        let suites = Suites::embedded().unwrap_or_else(|_| panic!("they are right"));
        let carried = carried(suites.as_slice(), None).unwrap();
        assert!(carried.files.contains_key("suites/requirements/http/read.yaml"));
        assert!(carried.files.contains_key("suites/fixtures/patient-ada.json"));
        let again = Suites::carried(&carried, Catalogue::embedded()).unwrap_or_else(|_| panic!("they are right"));
        assert_eq!(again.len(), suites.len());
        for (one, other) in suites.iter().zip(&again) {
            let shown = |suite: &Suite| format!("{:?} {:?}", suite.id, suite.cases);
            assert_eq!(shown(one), shown(other));
        }
    }

    #[test]
    fn suites_in_files_are_carried_with_what_they_need() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        write("bodies/one.json", r#"{"resourceType":"Patient"}"#);
        let suite = "suite: mine
title: Mine
fhir: [R4]
fixtures: { one: ../bodies/one.json }
cases:
  - id: a
    title: A
    steps:
      - create: Patient
        body: one
        expect: [{ requirement: create.status-201, status: 201 }]
";
        let file = write("suites/mine.yaml", suite);
        let suites = Suites::load([&file]).unwrap_or_else(|_| panic!("it is right"));
        let carried = carried(suites.as_slice(), None).unwrap();
        assert_eq!(carried.suites, ["own/suites/mine.yaml"]);
        assert!(carried.files.contains_key("own/bodies/one.json"));
        let again = Suites::carried(&carried, Catalogue::embedded()).unwrap_or_else(|_| panic!("it is right"));
        assert_eq!(
            again.get("mine").unwrap().fixtures["one"].body["resourceType"],
            "Patient"
        );
    }
}
