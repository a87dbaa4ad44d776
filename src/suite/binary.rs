//! The suite files inside the binary.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use super::parse;
use crate::source::{Diagnostic, SourceFile};

pub(super) static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/suites");

/// Folders below which no suites lie.
pub(super) const NO_SUITES: [&str; 4] = ["requirements", "fixtures", "resources", "recordings"];
/// The folder inside the binary whose folders are systems.
pub(super) const SYSTEMS: &str = "systems";
/// The description of a system, which lies beside its suites and is none.
pub const SYSTEM_FILE: &str = "system.yaml";

/// Every suite file, in the order of the paths.
pub(super) fn embedded_files() -> Vec<&'static include_dir::File<'static>> {
    let mut files = Vec::new();
    let mut folders = vec![&EMBEDDED];
    while let Some(folder) = folders.pop() {
        let is_skipped = |path: &Path| {
            path.file_name()
                .is_some_and(|name| NO_SUITES.iter().any(|no| name == *no))
        };
        folders.extend(folder.dirs().filter(|folder| !is_skipped(folder.path())));
        let suites = folder.files();
        files.extend(suites.filter(|file| {
            let is_yaml = file.path().extension().is_some_and(|extension| extension == "yaml");
            is_yaml && !file.path().ends_with(SYSTEM_FILE)
        }));
    }
    files.sort_by_key(|file| file.path());
    files
}

pub(super) fn text_of(file: &'static include_dir::File<'static>) -> &'static str {
    file.contents_utf8().unwrap_or_default()
}

pub(super) fn open_embedded(file: &&'static include_dir::File<'static>) -> Result<Arc<SourceFile>, Box<Diagnostic>> {
    let name = Path::new("suites").join(file.path());
    parse::decode(&name.to_string_lossy(), file.contents().to_vec())
}

/// The name of a suite, looked up in its text without parsing it.
pub(super) fn name_in(text: &str) -> Option<&str> {
    let value = text.lines().find_map(|line| line.strip_prefix("suite:"))?;
    let value = value.split(" #").next().unwrap_or_default();
    Some(value.trim().trim_matches(['\'', '"']))
}

/// A file inside the binary, by its name there: `suites/http/read.yaml`.
pub(super) fn embedded_file(name: &Path) -> Option<&'static [u8]> {
    Some(EMBEDDED.get_file(name.strip_prefix("suites").ok()?)?.contents())
}

/// The files of the catalogue inside the binary.
pub(super) fn embedded_rules() -> impl Iterator<Item = (PathBuf, &'static [u8])> {
    let mut folders: Vec<_> = EMBEDDED.get_dir("requirements").into_iter().collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        files.extend(folder.files());
    }
    files
        .into_iter()
        .map(|file| (Path::new("suites").join(file.path()), file.contents()))
}
