//! `verify`: whether evidence is as it was, and whether its recording is judged as it was.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use url::Url;

use crate::cli::args::VerifyArgs;
use crate::cli::exit::Exit;
use crate::cli::{Failure, scope, settings};
use crate::evidence::{Files, Manifest, PublicKey, Signed, archive, examine};
use crate::fhir::profile::{Loader, Profiles};
use crate::plan::{Plan, Selection};
use crate::recording;
use crate::report::read_json;
use crate::requirement::Catalogue;
use crate::run::{RunOptions, Runner};
use crate::source::Paint;
use crate::suite::parse::decode;
use crate::suite::{Carried, Given, Suites, carried};
use crate::system::{System, parse};
use crate::transport::{Target, probe};
use crate::verdict::{RunResult, Verdict};

/// How many differences are told.
const MOST_TOLD: usize = 30;
/// How many bytes and files of a folder are read.
const MOST_BYTES: u64 = 1 << 30;
const MOST_FILES: usize = 10_000;

/// Checks evidence.
///
/// # Errors
/// Evidence and keys that cannot be read.
pub fn verify(args: &VerifyArgs) -> Result<Exit, Failure> {
    let files = files(&args.evidence)?;
    let key = match &args.public_key {
        Some(path) => {
            let key = PublicKey::read(&settings::read(path)?);
            Some(key.map_err(|error| Failure::new(Exit::Usage, format!("{}: {error}", path.display())))?)
        }
        None => None,
    };
    let mut text = format!("Evidence  {}\n", args.evidence.display());
    let (manifest, signed) = match examine(&files, key.as_ref()) {
        Ok(examined) => examined,
        Err(problems) => return conclude(text, &problems),
    };
    let run = &manifest.run;
    let _ = writeln!(
        text,
        "Run       {} ({}), {}, by {} {}: {}",
        run.base, run.release, run.started, run.tool.name, run.tool.version, run.verdict
    );
    let _ = writeln!(
        text,
        "Files     {} are as the manifest lists them",
        manifest.files.len()
    );
    let _ = writeln!(
        text,
        "Signature {}",
        match signed {
            Signed::No => "none: who put it together is not known",
            Signed::NotLookedAt => "there is one, which was not looked at: give --public-key",
            Signed::Yes => "by the key that was given",
        }
    );
    let told = || -> Result<(usize, Vec<String>), String> {
        let before = files.get("result.json").ok_or("there is no result.json")?;
        let before = read_json(&String::from_utf8_lossy(before)).map_err(|error| format!("result.json: {error}"))?;
        if before.verdict != run.verdict || before.started != run.started || before.target.base != run.base {
            return Err("the manifest and result.json tell of different runs".to_owned());
        }
        let again = judge(&files, &manifest)?;
        Ok((before.cases().count(), differences(&before, &again)))
    };
    match told() {
        Ok((cases, differences)) if differences.is_empty() => {
            let _ = match cases {
                1 => writeln!(text, "Verdicts  the only case is judged as it was"),
                _ => writeln!(text, "Verdicts  all {cases} cases are judged as they were"),
            };
            if has_other_catalogue(&files) {
                text.push_str("          by the requirements of this program, which are not those of the evidence\n");
            }
            conclude(text, &[])
        }
        Ok((_, differences)) => conclude(text, &differences),
        Err(why) => conclude(text, &[why]),
    }
}

fn conclude(mut text: String, problems: &[String]) -> Result<Exit, Failure> {
    if problems.is_empty() {
        text.push_str("\nVerified.\n");
        crate::cli::print(&text)?;
        return Ok(Exit::Success);
    }
    text.push('\n');
    for problem in problems.iter().take(MOST_TOLD) {
        let _ = writeln!(text, "  {problem}");
    }
    if problems.len() > MOST_TOLD {
        let _ = writeln!(text, "  and {} more", problems.len() - MOST_TOLD);
    }
    text.push_str("\nNot verified.\n");
    crate::cli::print(&text)?;
    Ok(Exit::Failed)
}

/// Judges the recording again, by the suites and profiles of the evidence.
fn judge(files: &Files, manifest: &Manifest) -> Result<RunResult, String> {
    let har = files.get("recording.har").ok_or("there is no recording.har")?;
    let replay = recording::read("recording.har", har).map_err(|error| error.to_string())?;
    let recorded = replay
        .recorded()
        .cloned()
        .ok_or("recording.har does not tell of its run")?;
    let carried = Carried {
        files: files.clone(),
        suites: manifest.run.suites.clone(),
        system: manifest.run.system.clone(),
    };
    let system = system(&carried)?;
    let catalogue = system
        .as_ref()
        .map_or_else(Catalogue::embedded, |system| system.catalogue);
    let suites = Suites::carried(&carried, catalogue).map_err(|problems| {
        format!(
            "the suites cannot be read:\n{}",
            problems.render(Paint::Plain).trim_end()
        )
    })?;
    let mut given = Given::default();
    recorded.about.give(&mut given);
    let types = scope::types(&recorded.about.types, system.as_deref()).map_err(|error| error.to_string())?;
    let selection = Selection::all().types(types).given(given);
    let base: Url = probe::base_url(&recorded.about.base).map_err(|error| error.to_string())?;
    let release = Some(recorded.about.release);
    let assumed = replay.assumed();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime can be made: {error}"))?;
    let profiles = profiles(files, &manifest.run.profiles)?;
    runtime.block_on(async {
        let target = match assumed {
            Some(capability) => Target::assume(&base, capability, release),
            None => Target::probe(&replay, &base, release).await.map(|(target, _)| target),
        };
        let target = target.map_err(|error| error.to_string())?;
        let claims = Some(&target.capability);
        let mut plan = Plan::build(suites.as_slice(), catalogue, target.release, claims, &selection);
        if let Some(system) = &system {
            scope::restrict(system, &mut plan);
        }
        plan.leave_out(|case| recorded.leaves_out(case.id.as_str()));
        let options = RunOptions {
            marks: recorded.about.marks().unwrap_or_default(),
            ended: recorded.stopped.clone(),
            cleanup: !recorded.about.options.contains_key("no-cleanup"),
            profiles,
            system,
            ..RunOptions::default()
        };
        Ok(Runner::new(&replay, &target, catalogue, options)
            .run(plan, |_| {})
            .await)
    })
}

/// The system of the evidence.
fn system(carried: &Carried) -> Result<Option<Arc<System>>, String> {
    let Some(name) = &carried.system else { return Ok(None) };
    let bytes = carried.files.get(name).ok_or_else(|| format!("there is no {name}"))?;
    let file = decode(name, bytes.clone()).map_err(|problem| format!("{name} cannot be read: {}", problem.message))?;
    match parse(&file) {
        (Some(system), problems) if problems.errors() == 0 => Ok(Some(Arc::new(system))),
        (_, problems) => Err(format!(
            "the system cannot be read:\n{}",
            problems.render(Paint::Plain).trim_end()
        )),
    }
}

/// The profiles of the evidence.
fn profiles(files: &Files, names: &[String]) -> Result<Profiles, String> {
    let mut loader = Loader::default();
    for name in names {
        let bytes = files.get(name).ok_or_else(|| format!("there is no {name}"))?;
        if name.to_lowercase().ends_with(".json") {
            loader.file(name, bytes.clone());
        } else {
            loader.package(name, bytes.as_slice());
        }
    }
    loader.finish().map_err(|error| error.to_string())
}

/// The cases and requirements whose verdicts are not what they were.
fn differences(before: &RunResult, again: &RunResult) -> Vec<String> {
    let cases = |result: &RunResult| -> BTreeMap<String, Verdict> {
        result.cases().map(|case| (case.id.to_string(), case.verdict)).collect()
    };
    let rules = |result: &RunResult| -> BTreeMap<String, Verdict> {
        let judged = result.requirements.iter().filter(|rule| !rule.cases.is_empty());
        judged
            .filter_map(|rule| Some((rule.id.to_string(), rule.verdict?)))
            .collect()
    };
    let mut told = Vec::new();
    for (before, again) in [(cases(before), cases(again)), (rules(before), rules(again))] {
        for (name, was) in &before {
            match again.get(name) {
                Some(is) if is == was => {}
                Some(is) => told.push(format!("{name} was {was}, and judged again it is {is}")),
                None => told.push(format!("{name} was {was}, and is not judged again")),
            }
        }
        let new = again.keys().filter(|name| !before.contains_key(*name));
        told.extend(new.map(|name| format!("{name} is judged, and was not before")));
    }
    told
}

/// Whether the catalogue of the evidence is another than that of this program.
fn has_other_catalogue(files: &Files) -> bool {
    let ours = carried(&[], None).map(|carried| carried.files).unwrap_or_default();
    let prefix = "suites/requirements/";
    let theirs = files.iter().filter(|(path, _)| path.starts_with(prefix));
    !theirs.eq(ours.iter())
}

/// The files of a folder or ZIP file.
fn files(path: &Path) -> Result<Files, Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::new(Exit::Usage, format!("{}: {why}", path.display()));
    if path.is_dir() {
        return of_folder(path).map_err(|error| failed(&error));
    }
    let length = fs::metadata(path).map_err(|error| failed(&error))?.len();
    if length > MOST_BYTES {
        return Err(failed(&"it is larger than evidence can be"));
    }
    archive::unzip(&settings::read(path)?).map_err(|error| failed(&error))
}

fn of_folder(root: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    let mut remaining = MOST_BYTES;
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            let kind = entry.file_type()?;
            let told = |why: &str| io::Error::other(format!("{}: {why}", path.display()));
            if kind.is_dir() {
                folders.push(path);
                continue;
            }
            if !kind.is_file() {
                return Err(told("this is no file; links are not followed"));
            }
            let inside = path.strip_prefix(root).unwrap_or(&path);
            let parts = inside.components().map(|part| part.as_os_str().to_string_lossy());
            let name = parts.collect::<Vec<_>>().join("/");
            remaining = remaining
                .checked_sub(entry.metadata()?.len())
                .filter(|_| files.len() < MOST_FILES)
                .ok_or_else(|| told("the folder is larger than evidence can be"))?;
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(files)
}
