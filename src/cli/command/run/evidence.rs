//! `--evidence`: everything that a run was, sealed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::cli::args::RunArgs;
use crate::cli::exit::Exit;
use crate::cli::scope::Scope;
use crate::cli::{Failure, output, settings};
use crate::evidence::{Files, RunMark, SigningKey, archive, seal};
use crate::recording;
use crate::report::Format;
use crate::suite::carried;
use crate::verdict::RunResult;

/// Where evidence goes, and who signs it.
#[derive(Debug)]
pub(super) struct Evidence {
    path: PathBuf,
    key: Option<SigningKey>,
}

impl Evidence {
    /// What the command line asks for; `None` where it asks for none. A long run is not made for nothing: the key is read
    /// and the place looked at now.
    ///
    /// # Errors
    /// A key that is none, and a place that is taken or cannot be written to.
    pub(super) fn of(args: &RunArgs) -> Result<Option<Self>, Failure> {
        let Some(path) = &args.evidence.evidence else {
            return Ok(None);
        };
        let key = match &args.evidence.sign_key {
            Some(file) => {
                let key = SigningKey::read(&settings::read(file)?);
                let named = |error| Failure::new(Exit::Usage, format!("{}: {error}", file.display()));
                Some(key.map_err(named)?)
            }
            None => None,
        };
        if is_zip(path) {
            output::prepare_file(path)?;
        } else {
            fs::create_dir_all(path).map_err(|error| unwritten(path, &error))?;
            if fs::read_dir(path)
                .map_err(|error| unwritten(path, &error))?
                .next()
                .is_some()
            {
                let why = "this folder is not empty: evidence needs one of its own";
                return Err(Failure::new(Exit::Usage, format!("{}: {why}", path.display())));
            }
        }
        Ok(Some(Self {
            path: path.clone(),
            key,
        }))
    }

    /// Puts the evidence together and writes it.
    ///
    /// # Errors
    /// What can no longer be read, and what cannot be written.
    pub(super) fn write(
        &self,
        args: &RunArgs,
        scope: &Scope,
        result: &RunResult,
        recording: Vec<u8>,
    ) -> Result<(), Failure> {
        let failed =
            |error: &dyn std::fmt::Display| Failure::new(Exit::Usage, format!("{}: {error}", self.path.display()));
        let carried = carried(&scope.suites, scope.system.as_deref().map(|system| &*system.source))
            .map_err(|error| failed(&error))?;
        let mut files: Files = carried.files;
        for (name, format) in [
            ("result.json", Format::Json),
            ("report.html", Format::Html),
            ("junit.xml", Format::Junit),
        ] {
            let mut bytes = Vec::new();
            format.write(result, &mut bytes).map_err(|error| failed(&error))?;
            files.insert(name.to_owned(), bytes);
        }
        let replay = recording::read("recording.har", &recording).map_err(|error| failed(&error))?;
        if let Some((ending, bytes)) = replay.claims() {
            files.insert(format!("capability-statement.{ending}"), bytes);
        }
        files.insert("recording.har".to_owned(), recording);
        let profiles = profiles(&args.profiles)?;
        let names = profiles.keys().cloned().collect();
        files.extend(profiles);
        let mark = RunMark::of(result, carried.suites, carried.system, names);
        let sealed = seal(files, mark, self.key.as_ref()).map_err(|error| failed(&error))?;
        self.put(&sealed)
    }

    fn put(&self, files: &Files) -> Result<(), Failure> {
        let unwritten = |error| unwritten(&self.path, &error);
        if is_zip(&self.path) {
            let bytes = archive::zip(files)
                .map_err(|error| Failure::new(Exit::Usage, format!("{}: {error}", self.path.display())))?;
            return Ok(output::replace(&self.path, bytes)?);
        }
        for (name, bytes) in files {
            let path = self.path.join(name);
            let folder = path.parent().unwrap_or(&self.path);
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&path, bytes))
                .map_err(unwritten)?;
        }
        Ok(())
    }
}

/// The files of `--profile`, by the path that evidence gives them.
fn profiles(paths: &[PathBuf]) -> Result<Files, Failure> {
    let mut files = Files::new();
    for (number, path) in (1..).zip(paths) {
        let found = if path.is_dir() {
            settings::definitions(path)?
        } else {
            vec![path.clone()]
        };
        for file in found {
            let name = file.file_name().and_then(OsStr::to_str).unwrap_or("profile.json");
            files.insert(format!("profiles/{number}/{name}"), settings::read(&file)?);
        }
    }
    Ok(files)
}

/// Whether evidence goes into a ZIP file.
fn is_zip(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Usage, format!("{}: {error}", path.display()))
}
