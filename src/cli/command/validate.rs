//! `validate`: resources in files, folders or standard input.

use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use crate::check::documents::Documents;
use crate::cli::args::ValidateArgs;
use crate::cli::exit::Exit;
use crate::cli::github::Job;
use crate::cli::{Failure, output, say, settings};
use crate::report::{Format, Style, validation};
use crate::verdict::validation::ValidationReport;

/// Files of these endings are looked for in folders.
const ENDINGS: [&str; 4] = ["json", "ndjson", "jsonl", "xml"];

/// Judges resources and writes reports.
///
/// # Errors
/// Reports that cannot be written. What cannot be read is a finding, so that the other files are judged all the same.
pub fn validate(args: &ValidateArgs) -> Result<Exit, Failure> {
    let (started, begin) = (SystemTime::now(), Instant::now());
    if let Some(report) = args.reports.iter().find(|report| !report.format.fits_validation()) {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "what is said of files cannot be written as {}; every other format can",
                report.format
            ),
        ));
    }
    output::prepare(&args.reports)?;
    let profiles = settings::profiles(&args.profiles)?;
    let mut documents = Documents::new(args.fhir).with_profiles(profiles);
    for path in &args.paths {
        if path.as_os_str() == "-" {
            documents.read("standard input", BufReader::new(io::stdin().lock()));
        } else if path.is_dir() {
            for file in found_in(path, &mut documents) {
                read(&file, &mut documents, true);
            }
        } else {
            read(path, &mut documents, false);
        }
    }
    let mut report = documents.finish();
    report.started = jiff::Timestamp::try_from(started)
        .map(|time| format!("{time:.3}"))
        .unwrap_or_default();
    report.duration_us = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
    let mut paths = Vec::new();
    for output in &args.reports {
        output::write_validation(&report, output)?;
        if output.path.as_os_str() != "-" {
            paths.push(output.path.display().to_string());
        }
    }
    let job = settings::github(args.ci);
    // A report on standard output is not mixed with anything.
    let takes_stdout = args.reports.iter().any(|output| output.path.as_os_str() == "-");
    let mut spoken_to: Box<dyn Write> = if takes_stdout {
        Box::new(io::stderr())
    } else {
        Box::new(io::stdout())
    };
    if let Some(job) = &job {
        job.begin(&mut *spoken_to);
    }
    if takes_stdout {
        let text = validation::console(&report, settings::error_style(), &paths);
        let last = text.lines().last().unwrap_or_default();
        say(last);
    } else {
        crate::cli::print(&validation::console(&report, settings::output_style(), &paths))?;
    }
    if let Some(job) = &job {
        tell(job, &report, &mut *spoken_to);
    }
    Ok(Exit::of_validation(&report))
}

/// Tells the job of GitHub what was found. That it cannot be told changes no verdict.
fn tell(job: &Job, report: &ValidationReport, out: &mut dyn Write) {
    let render = |format: Format| {
        let mut bytes = Vec::new();
        // Memory takes every byte.
        let _ = format.write_validation(report, &mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    job.annotate(&render(Format::Github), out);
    let short = validation::console(report, Style::plain(), &[]);
    let last = short.lines().last().unwrap_or_default();
    if let Err(error) = job.summarize(&render(Format::Markdown), &format!("\n{last}\n")) {
        say(&format!("note: the summary of the job cannot be written: {error}"));
    }
}

fn read(path: &Path, documents: &mut Documents, is_found: bool) {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) if is_found => documents.read_found(&name, BufReader::new(file)),
        Ok(file) => documents.read(&name, BufReader::new(file)),
        Err(error) => documents.unreadable(&name, &error.to_string()),
    }
}

/// The files of a folder and of the folders in it, in the order of their names. Links to folders are not followed, since they
/// may lead back, and what begins with a dot is passed over.
fn found_in(folder: &Path, documents: &mut Documents) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                documents.unreadable(&folder.display().to_string(), &error.to_string());
                continue;
            }
        };
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) && !is_hidden {
                folders.push(path);
            } else if path.is_file() && !is_hidden && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
