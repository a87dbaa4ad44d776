//! `--watch`: runs again whenever a file of the suites changes, what failed first.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Event, EventKind, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::interrupt::Interrupts;
use super::{Turn, once};
use crate::cli::args::RunArgs;
use crate::cli::exit::Exit;
use crate::cli::{Failure, gate, say};
use crate::suite::CaseId;
use crate::verdict::Verdict;

/// Editors write a file in several steps: so long nothing has to happen before the run begins.
const SETTLED: Duration = Duration::from_millis(200);

/// Runs until somebody presses Ctrl-C. The exit code is that of the last run.
///
/// # Errors
/// Where no suite is a file, and where files cannot be watched.
pub(super) fn watch(args: &RunArgs) -> Result<Exit, Failure> {
    let places: Vec<&Path> = args
        .filters
        .suites
        .iter()
        .map(Path::new)
        .filter(|path| path.exists())
        .collect();
    if places.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "--watch needs suites that are files, as in --suite my/suites; those inside the binary do not change",
        ));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Unjudged, format!("no runtime can be made: {error}")))?;
    // From the first run on: between a run and the waiting for a change none may get lost.
    let mut interrupts = {
        let _inside = runtime.enter();
        Interrupts::listen()
    };
    let unwatched = |error: notify::Error| Failure::new(Exit::Usage, format!("the suites cannot be watched: {error}"));
    let (tell, mut changes) = unbounded_channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| is_change(&event)) {
            let _ = tell.send(());
        }
    })
    .map_err(unwatched)?;
    for (folder, mode) in folders(&places) {
        watcher.watch(&folder, mode).map_err(unwatched)?;
    }
    let mut failed: HashSet<CaseId> = HashSet::new();
    let mut opens = args.desk.open;
    loop {
        let ran = gate::baseline(&args.gate).map_err(Failure::from).and_then(|baseline| {
            let first = std::mem::take(&mut failed);
            once(args, Turn { baseline, first, opens })
        });
        let exit = match ran {
            Ok(ran) => {
                let broken = |verdict: Verdict| matches!(verdict, Verdict::Fail | Verdict::Error);
                let cases = ran.result.cases().filter(|case| broken(case.verdict));
                failed = cases.map(|case| case.id.clone()).collect();
                opens = false;
                let ends = ran.was_interrupted;
                let exit = ran.exit(args).unwrap_or_else(|failure| failure.tell());
                if ends {
                    return Ok(exit);
                }
                exit
            }
            // A suite in the middle of being written is no reason to end.
            Err(failure) => failure.tell(),
        };
        say("\nwaiting for a change of the suites; Ctrl-C ends");
        if !runtime.block_on(changed(&mut changes, &mut interrupts)) {
            return Ok(exit);
        }
        say("\nthe suites have changed");
    }
}

/// Waits for a change and for the quiet after it. False where somebody wants to end.
async fn changed(changes: &mut UnboundedReceiver<()>, interrupts: &mut Interrupts) -> bool {
    tokio::select! {
        change = changes.recv() => if change.is_none() { return false },
        () = interrupts.next() => return false,
    }
    loop {
        tokio::select! {
            change = changes.recv() => if change.is_none() { return false },
            () = tokio::time::sleep(SETTLED) => return true,
            () = interrupts.next() => return false,
        }
    }
}

/// Whether a file that suites are made of was written, made or removed. Reports may be written beside the suites; those
/// are no change, or a run would follow itself for ever.
fn is_change(event: &Event) -> bool {
    let wrote = matches!(
        event.kind,
        EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_)
    );
    wrote && event.paths.iter().any(|path| is_of_suites(path))
}

fn is_of_suites(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending {
        "yaml" | "yml" => true,
        // Fixtures are JSON or XML, and so are reports.
        "json" | "xml" => path.iter().any(|part| part == "fixtures"),
        _ => false,
    }
}

/// The folders to watch: those of the command line with all that is in them; of a file, its folder and the fixtures there
/// and one above.
fn folders(places: &[&Path]) -> Vec<(PathBuf, RecursiveMode)> {
    let mut folders: Vec<(PathBuf, RecursiveMode)> = Vec::new();
    let mut add = |path: &Path, mode| {
        if let Ok(path) = path.canonicalize()
            && path.is_dir()
            && !folders.iter().any(|(known, _)| *known == path)
        {
            folders.push((path, mode));
        }
    };
    for place in places {
        if place.is_dir() {
            add(place, RecursiveMode::Recursive);
            add(&place.join("../fixtures"), RecursiveMode::Recursive);
        } else if let Ok(file) = place.canonicalize()
            && let Some(folder) = file.parent()
        {
            add(folder, RecursiveMode::NonRecursive);
            add(&folder.join("fixtures"), RecursiveMode::Recursive);
            add(&folder.join("../fixtures"), RecursiveMode::Recursive);
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_beside_the_suites_are_no_change() {
        let change = |path: &str| is_of_suites(Path::new(path));
        assert!(change("/a/suites/read.yaml") && change("/a/suites/fixtures/patient.json"));
        assert!(!change("/a/suites/reports/latest/report.json") && !change("/a/suites/junit.xml"));
        assert!(!change("/a/suites/.read.yaml.swp") && !change("/a/suites/journal.jsonl"));
    }

    #[test]
    fn the_folder_of_a_file_is_watched_and_not_all_below_it() {
        let root = tempfile::tempdir().unwrap();
        let suites = root.path().join("suites");
        std::fs::create_dir_all(suites.join("http")).unwrap();
        std::fs::create_dir_all(suites.join("fixtures")).unwrap();
        let file = suites.join("http/a.yaml");
        std::fs::write(&file, "").unwrap();
        let found = folders(&[&file]);
        let names: Vec<_> = found
            .iter()
            .map(|(path, mode)| (path.file_name().unwrap().to_str().unwrap(), *mode))
            .collect();
        assert_eq!(
            names,
            [
                ("http", RecursiveMode::NonRecursive),
                ("fixtures", RecursiveMode::Recursive)
            ]
        );
    }
}
