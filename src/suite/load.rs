//! Loading of suites from files, and of those inside the binary. The only place of this folder that reads files.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fs, io, thread};

use include_dir::Dir;
use serde_json::Value;

use super::binary::{EMBEDDED, NO_SUITES, SYSTEMS, embedded_files, name_in, open_embedded, text_of};
use super::carried::{self, Carried};
use super::id::SuiteId;
use super::lint;
use super::model::{Case, Suite};
use super::parse::{self, FixtureFault, FixtureSource, Parsed, yaml};
use crate::requirement::Catalogue;
use crate::source::{Diagnostic, Diagnostics, SourceFile};

pub use super::binary::SYSTEM_FILE;

/// How deep folders are searched.
const MAX_FOLDERS: usize = 16;

/// Suites that were found to be free of errors, in the order of their files.
#[derive(Clone, Debug, Default)]
pub struct Suites {
    suites: Vec<Arc<Suite>>,
}

impl Suites {
    /// Loads suites from files and folders. A folder stands for every `*.yaml` below it, but for those below
    /// `requirements/` and `fixtures/`.
    ///
    /// # Errors
    /// Everything that is wrong in any of the files, all at once; and files that cannot be read, folders without
    /// suites, and suites of the same name.
    pub fn load<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, Diagnostics> {
        Self::read(paths).strict()
    }

    /// As [`Suites::load`], but keeps the suites that are whole beside all that is wrong.
    pub fn read<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Loaded {
        Self::read_citing(paths, Catalogue::embedded())
    }

    /// As [`Suites::read`], for suites that cite the rules of a catalogue.
    pub fn read_citing<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>, catalogue: &'static Catalogue) -> Loaded {
        Self::examine(paths, lint::errors, catalogue)
    }

    /// As [`Suites::read`], with all that [`lint`] finds.
    pub fn lint<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Loaded {
        Self::lint_citing(paths, Catalogue::embedded())
    }

    /// As [`Suites::lint`], for suites that cite the rules of a catalogue.
    pub fn lint_citing<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>, catalogue: &'static Catalogue) -> Loaded {
        Self::examine(paths, |suite| lint::lint(suite).into_iter().collect(), catalogue)
    }

    fn examine<P: AsRef<Path>>(
        paths: impl IntoIterator<Item = P>,
        lint: Lint,
        catalogue: &'static Catalogue,
    ) -> Loaded {
        let mut problems = Diagnostics::default();
        let mut files = Vec::new();
        for path in paths {
            let path = path.as_ref();
            match suite_files(path) {
                Ok(found) if found.is_empty() => {
                    let message = "there is no suite (`*.yaml`) in this folder";
                    problems.push(Diagnostic::of_file("no-suites", &nameless(path), message));
                }
                Ok(found) => files.extend(found),
                Err(error) => problems.push(unreadable(path, &error)),
            }
        }
        let mut seen = HashSet::new();
        files.retain(|file| seen.insert(fs::canonicalize(file).unwrap_or_else(|_| file.clone())));
        let open = |path: &PathBuf| Self::open(path);
        let way = Way {
            place: Place::Files,
            lint,
            catalogue,
        };
        load(&files, open, way, problems)
    }

    /// Suites from files in memory, such as those of evidence.
    ///
    /// # Errors
    /// As [`Suites::load`].
    pub fn carried(carried: &Carried, catalogue: &'static Catalogue) -> Result<Self, Diagnostics> {
        let open = |name: &String| match carried.files.get(name) {
            Some(bytes) => parse::decode(name, bytes.clone()),
            None => Err(Box::new(unreadable(Path::new(name), &io::ErrorKind::NotFound.into()))),
        };
        let way = Way {
            place: Place::Carried(&carried.files),
            catalogue,
            ..Way::embedded()
        };
        load(&carried.suites, open, way, Diagnostics::default()).strict()
    }

    /// The text of a suite file, or of a description that lies beside suites.
    ///
    /// # Errors
    /// Where it cannot be read, or is no text.
    pub fn open(path: &Path) -> Result<Arc<SourceFile>, Box<Diagnostic>> {
        match read_file(path) {
            Ok(bytes) => parse::decode(&path.to_string_lossy(), bytes),
            Err(error) => Err(Box::new(unreadable(path, &error))),
        }
    }

    /// The suites inside the binary, but those of systems. Their files are named `suites/http/read.yaml` and so on.
    ///
    /// # Errors
    /// Where one of them is wrong, which the tests of this crate rule out.
    pub fn embedded() -> Result<Self, Diagnostics> {
        let mut files = embedded_files();
        files.retain(|file| !file.path().starts_with(SYSTEMS));
        load(&files, open_embedded, Way::embedded(), Diagnostics::default()).strict()
    }

    /// Suites inside the binary by their paths below `suites/`: `systems/canvas/read.yaml`.
    ///
    /// # Errors
    /// As [`Suites::embedded`], and where there is no such file.
    pub fn embedded_files<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Loaded {
        let mut problems = Diagnostics::default();
        let mut files = Vec::new();
        for path in paths {
            match EMBEDDED.get_file(path.as_ref()) {
                Some(file) => files.push(file),
                None => problems.push(unreadable(path.as_ref(), &io::ErrorKind::NotFound.into())),
            }
        }
        load(&files, open_embedded, Way::embedded(), problems)
    }

    /// The names of the systems inside the binary, each with the text of its description.
    pub fn embedded_systems() -> impl Iterator<Item = (&'static str, &'static str)> {
        let folders = EMBEDDED.get_dir(SYSTEMS).into_iter().flat_map(Dir::dirs);
        folders.filter_map(|folder| {
            let name = folder.path().file_name()?.to_str()?;
            Some((name, text_of(folder.get_file(folder.path().join(SYSTEM_FILE))?)))
        })
    }

    /// The names of the suite files of a system inside the binary.
    #[must_use]
    pub fn embedded_files_of(system: &str) -> Vec<PathBuf> {
        let folder = Path::new(SYSTEMS).join(system);
        let files = embedded_files().into_iter().map(|file| file.path().to_owned());
        files.filter(|path| path.starts_with(&folder)).collect()
    }

    /// One suite inside the binary; the others are not read. `None` where there is none of that name.
    ///
    /// # Errors
    /// As [`Suites::embedded`].
    #[must_use]
    pub fn embedded_named(id: &str) -> Option<Result<Self, Diagnostics>> {
        let file = embedded_files()
            .into_iter()
            .find(|file| name_in(text_of(file)).is_some_and(|name| name == id))?;
        Some(load(&[file], open_embedded, Way::embedded(), Diagnostics::default()).strict())
    }

    /// The names of the suites inside the binary, but those of systems, without reading more than that of them.
    #[must_use]
    pub fn embedded_ids() -> Vec<SuiteId> {
        let mut files = embedded_files();
        files.retain(|file| !file.path().starts_with(SYSTEMS));
        let names = files.iter().filter_map(|file| name_in(text_of(file)));
        names.map(SuiteId::new).collect()
    }

    /// The suites, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Arc<Suite>> {
        self.suites.iter()
    }

    /// The suites as a slice, as a plan takes them.
    #[must_use]
    pub fn as_slice(&self) -> &[Arc<Suite>] {
        &self.suites
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.suites.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.suites.is_empty()
    }

    /// The suite of a name.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Suite>> {
        self.suites.iter().find(|suite| suite.id.as_str() == id)
    }

    /// Every case with its suite, in order.
    pub fn cases(&self) -> impl Iterator<Item = (&Arc<Suite>, &Arc<Case>)> {
        self.suites
            .iter()
            .flat_map(|suite| suite.cases.iter().map(move |case| (suite, case)))
    }
}

impl<'a> IntoIterator for &'a Suites {
    type Item = &'a Arc<Suite>;
    type IntoIter = std::slice::Iter<'a, Arc<Suite>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Suite> for Suites {
    fn from_iter<T: IntoIterator<Item = Suite>>(iter: T) -> Self {
        Self {
            suites: iter.into_iter().map(Arc::new).collect(),
        }
    }
}

/// What was loaded, and what is wrong.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The suites without errors.
    pub suites: Suites,
    /// Everything that is wrong.
    pub problems: Diagnostics,
}

impl Loaded {
    fn strict(self) -> Result<Suites, Diagnostics> {
        if self.problems.errors() == 0 {
            Ok(self.suites)
        } else {
            Err(self.problems)
        }
    }
}

/// What looks at a suite that was parsed.
type Lint = fn(&Suite) -> Diagnostics;

/// How suites are read.
#[derive(Clone, Copy)]
struct Way<'a> {
    place: Place<'a>,
    lint: Lint,
    /// The rules that they cite.
    catalogue: &'static Catalogue,
}

impl Way<'_> {
    fn embedded() -> Self {
        Self {
            place: Place::Embedded,
            lint: lint::errors,
            catalogue: Catalogue::embedded(),
        }
    }
}

/// Where files come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place<'a> {
    Files,
    Embedded,
    Carried(&'a carried::Files),
}

/// Fixtures are shared by suites, so each file is read once.
struct Fixtures<'a> {
    place: Place<'a>,
    known: Mutex<HashMap<PathBuf, Result<Arc<Value>, FixtureFault>>>,
}

impl FixtureSource for Fixtures<'_> {
    fn fixture(&self, suite: &SourceFile, path: &str) -> Result<Arc<Value>, FixtureFault> {
        let folder = Path::new(&**suite.name()).parent().unwrap_or(Path::new(""));
        let path = folder.join(path);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fixture) = known().get(&path) {
            return fixture.clone();
        }
        let fixture = self.read(&path);
        known().insert(path, fixture.clone());
        fixture
    }
}

impl Fixtures<'_> {
    fn read(&self, path: &Path) -> Result<Arc<Value>, FixtureFault> {
        let name = without_dots(path);
        let bytes = match self.place {
            Place::Files => read_file(path).map_err(|error| FixtureFault::Unreadable(reason(&error)))?,
            Place::Embedded => {
                let inside = name.strip_prefix("suites").unwrap_or(&name);
                let file = EMBEDDED.get_file(inside);
                let missing = || FixtureFault::Unreadable("there is no such file in the binary".into());
                file.ok_or_else(missing)?.contents().to_vec()
            }
            Place::Carried(files) => {
                let missing = || FixtureFault::Unreadable("there is no such file beside the suite".into());
                let name = name.to_string_lossy().replace('\\', "/");
                files.get(&name).ok_or_else(missing)?.clone()
            }
        };
        let file = parse::decode(&name.to_string_lossy(), bytes).map_err(FixtureFault::Wrong)?;
        parse::parse_json(&file).map(Arc::new).map_err(FixtureFault::Wrong)
    }
}

/// Reads files side by side, since a large folder of suites is what a person waits for at every start.
fn load<F: Sync>(
    files: &[F],
    open: impl Fn(&F) -> Result<Arc<SourceFile>, Box<Diagnostic>> + Sync,
    way: Way<'_>,
    mut problems: Diagnostics,
) -> Loaded {
    let fixtures = Fixtures {
        place: way.place,
        known: Mutex::default(),
    };
    let next = AtomicUsize::new(0);
    let work = &|| {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(index) else { break };
            let parsed = match open(file) {
                Ok(source) => parse_one(&source, &fixtures, way),
                Err(found) => Parsed {
                    suite: None,
                    problems: std::iter::once(*found).collect(),
                },
            };
            done.push((index, parsed));
        }
        done
    };
    // Asking for the cores reads files of the system: not for a file or two.
    let workers = match files.len() / 2 {
        few @ (0 | 1) => few,
        most => thread::available_parallelism().map_or(1, usize::from).min(most),
    };
    let mut parsed = thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
        let mut parsed = work();
        for other in others {
            match other.join() {
                Ok(done) => parsed.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        parsed
    });
    parsed.sort_by_key(|(index, _)| *index);
    let mut suites: Vec<Arc<Suite>> = Vec::new();
    for (_, parsed) in parsed {
        problems.append(parsed.problems);
        let Some(suite) = parsed.suite else { continue };
        if let Some(first) = suites.iter().find(|known| known.id.value == suite.id.value) {
            let message = format!("the suite `{}` is in {} already", suite.id.value, first.source.name());
            let found = Diagnostic::error("duplicate-suite", &suite.source, suite.id.span, message);
            problems.push(found.with_help("filters and reports go by the name: give one of them another"));
            continue;
        }
        suites.push(Arc::new(suite));
    }
    Loaded {
        suites: Suites { suites },
        problems,
    }
}

fn parse_one(source: &Arc<SourceFile>, fixtures: &Fixtures<'_>, way: Way<'_>) -> Parsed {
    let mut parsed = parse::parse(source, fixtures, way.catalogue);
    if let Some(suite) = &parsed.suite {
        let found = (way.lint)(suite);
        if found.errors() > 0 {
            parsed.suite = None;
        }
        parsed.problems.append(found);
        parsed.problems.sort();
    }
    parsed
}

/// The suite files at a path, in the order of their names.
fn suite_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![(path.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_skipped = name.starts_with('.') || NO_SUITES.contains(&&*name);
            // A link to a folder is not followed: it may lead in a circle.
            if entry.file_type()?.is_dir() {
                if !is_skipped && depth < MAX_FOLDERS {
                    folders.push((entry.path(), depth + 1));
                }
            } else if !name.starts_with('.') && name.ends_with(".yaml") && name != SYSTEM_FILE {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The content of a file, but not much more than a suite may have.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for its other end.
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let limit = yaml::MAX_BYTES as u64 + 1;
    // One byte more than it has, so that its end is seen without more room.
    let room = usize::try_from(metadata.len().min(limit)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(room + 1);
    fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn nameless(path: &Path) -> Arc<SourceFile> {
    Arc::new(SourceFile::new(&*path.to_string_lossy(), ""))
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("this cannot be read: {}", reason(error));
    Diagnostic::of_file("unreadable", &nameless(path), message)
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "it is not allowed".into(),
        _ => error.to_string(),
    }
}

/// A path as a person would write it, without `..` in the middle.
pub(super) fn without_dots(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(short.components().next_back(), Some(Component::Normal(_))) => {
                short.pop();
            }
            other => short.push(other),
        }
    }
    short
}
