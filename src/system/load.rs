//! Loading a system and its suites, from a folder or from the binary.

use std::path::Path;
use std::sync::Arc;

use globset::Glob;

use super::parse::hint;
use super::{System, parse};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Spanned};
use crate::suite::load::SYSTEM_FILE;
use crate::suite::{Loaded, Suite, Suites};

/// What was loaded, and what is wrong.
#[derive(Debug, Default)]
pub struct LoadedSystem {
    /// The system; none where its description has errors.
    pub system: Option<Arc<System>>,
    /// Its suites without errors.
    pub suites: Vec<Arc<Suite>>,
    /// Everything that is wrong.
    pub problems: Diagnostics,
}

/// Where a system lies.
enum Home<'a> {
    Folder(&'a Path),
    /// The name of one inside the binary.
    Binary(&'a str),
}

impl LoadedSystem {
    /// The system and its suites.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn strict(self) -> Result<(Arc<System>, Vec<Arc<Suite>>), Diagnostics> {
        match self.system {
            Some(system) if self.problems.errors() == 0 => Ok((system, self.suites)),
            _ => Err(self.problems),
        }
    }
}

/// The names of the systems inside the binary.
#[must_use]
pub fn names() -> Vec<&'static str> {
    Suites::embedded_systems().map(|(name, _)| name).collect()
}

/// The description of a system inside the binary, without its suites; none where there is none of that name or its
/// description is wrong, which the tests rule out.
#[must_use]
pub fn description(name: &str) -> Option<System> {
    let (_, text) = Suites::embedded_systems().find(|(known, _)| *known == name)?;
    parse(&source(name, text)).0
}

fn source(name: &str, text: &str) -> Arc<SourceFile> {
    Arc::new(SourceFile::new(&*format!("suites/systems/{name}/{SYSTEM_FILE}"), text))
}

/// Loads a system by the name that it has inside the binary, or by the path of its folder or its `system.yaml`. Where a name is
/// meant and nothing has it, `None`.
#[must_use]
pub fn load(name_or_path: &str) -> Option<LoadedSystem> {
    if let Some((name, text)) = Suites::embedded_systems().find(|(name, _)| *name == name_or_path) {
        return Some(whole(&source(name, text), &Home::Binary(name), false));
    }
    let path = Path::new(name_or_path);
    (name_or_path.contains(['/', '\\', '.']) || path.exists()).then(|| load_path(path, false))
}

/// Loads a system from a folder or its `system.yaml`, with all that is to be said of its suites where `lint` is wanted.
#[must_use]
pub fn load_path(path: &Path, lint: bool) -> LoadedSystem {
    let file = if path.is_dir() {
        path.join(SYSTEM_FILE)
    } else {
        path.to_owned()
    };
    match Suites::open(&file) {
        Ok(source) => {
            let folder = file.parent().unwrap_or(Path::new(""));
            whole(&source, &Home::Folder(folder), lint)
        }
        Err(problem) => LoadedSystem {
            problems: std::iter::once(*problem).collect(),
            ..LoadedSystem::default()
        },
    }
}

fn whole(source: &Arc<SourceFile>, home: &Home<'_>, lint: bool) -> LoadedSystem {
    let (system, mut problems) = parse(source);
    let Some(mut system) = system else {
        return LoadedSystem {
            problems,
            ..LoadedSystem::default()
        };
    };
    let mut suites: Vec<Arc<Suite>> = Vec::new();
    let (files, names): (Vec<_>, Vec<_>) = system.suites.iter().partition(|suite| suite.ends_with(".yaml"));
    if system.suites.is_empty() || !files.is_empty() {
        let loaded = own(&system, home, &files, lint);
        problems.append(loaded.problems);
        suites.extend(loaded.suites.iter().cloned());
    }
    for name in names {
        match of_specification(name) {
            Some(found) => suites.extend(found),
            None => {
                let known = Suites::embedded_ids();
                let message = format!("there is no suite `{}` inside the binary", name.value);
                let found = Diagnostic::error("unknown-suite", source, name.span, message);
                let help = "a file has to end in .yaml; `fhir-assay list suites` names the others";
                let help = hint(name, known.iter().map(crate::suite::SuiteId::as_str), help);
                problems.push(found.with_help(help));
            }
        }
    }
    if problems.errors() == 0 {
        unknown_variables(&system, &suites, source, &mut problems);
    }
    if let Home::Binary(_) = home {
        // Names of files are those that reports tell.
        system.file = source.name().to_string();
    }
    LoadedSystem {
        system: Some(Arc::new(system)),
        suites,
        problems,
    }
}

/// The suites of its own: the files that it names, or all beside it.
fn own(system: &System, home: &Home<'_>, files: &[&Spanned<String>], lint: bool) -> Loaded {
    match home {
        Home::Binary(name) => {
            let folder = Path::new("systems").join(name);
            if files.is_empty() {
                Suites::embedded_files(Suites::embedded_files_of(name))
            } else {
                Suites::embedded_files(files.iter().map(|file| folder.join(&file.value)))
            }
        }
        Home::Folder(folder) => {
            let paths: Vec<_> = if files.is_empty() {
                vec![folder.to_path_buf()]
            } else {
                files.iter().map(|file| folder.join(&file.value)).collect()
            };
            if lint {
                Suites::lint_citing(paths, system.catalogue)
            } else {
                Suites::read_citing(paths, system.catalogue)
            }
        }
    }
}

/// The suites inside the binary of a name or glob; none where there are none.
fn of_specification(name: &str) -> Option<Vec<Arc<Suite>>> {
    let matcher = Glob::new(name).ok()?.compile_matcher();
    let ids = Suites::embedded_ids();
    let named = ids.iter().filter(|id| matcher.is_match(id.as_str()));
    let loaded = named.filter_map(|id| Suites::embedded_named(id.as_str())?.ok());
    let found: Vec<Arc<Suite>> = loaded
        .flat_map(|suites| suites.iter().cloned().collect::<Vec<_>>())
        .collect();
    (!found.is_empty()).then_some(found)
}

/// Reports values for the emulation that no suite asks for.
fn unknown_variables(system: &System, suites: &[Arc<Suite>], source: &Arc<SourceFile>, problems: &mut Diagnostics) {
    let known = || suites.iter().flat_map(|suite| suite.given.keys()).map(String::as_str);
    for (name, value) in system
        .emulation
        .iter()
        .filter(|(name, _)| !known().any(|known| known == *name))
    {
        let message = format!("no suite of the system is given `{name}`");
        let found = Diagnostic::error("unknown-given", source, value.span, message);
        problems.push(found.with_help(hint(
            name,
            known(),
            "declare it under `given` in a suite, or leave it out",
        )));
    }
}
