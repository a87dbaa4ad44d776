//! `prove`: do the suites see the defects that they say they see?

use std::fmt::Write as _;

use globset::Glob;

use crate::cli::args::{FilterArgs, Output, ProveArgs};
use crate::cli::exit::Exit;
use crate::cli::{Failure, output, print, settings};
use crate::fhir::FhirVersion;
use crate::plan::Selection;
use crate::proof::{self, Proof, Question};
use crate::report::Format;
use crate::server::{Mutant, Variant};

/// Tries the suites on right servers and on mutants, and prints what became of each.
///
/// # Errors
/// Words that name nothing, a release that has no reference server, and reports that cannot be written.
pub fn prove(args: &ProveArgs) -> Result<Exit, Failure> {
    if args.list {
        print(&listed())?;
        return Ok(Exit::Success);
    }
    let usage = |text: String| Failure::new(Exit::Usage, text);
    if !FhirVersion::HTTP.contains(&args.fhir) {
        return Err(usage(format!("there is no reference server for {}", args.fhir)));
    }
    for report in &args.reports {
        if !matches!(report.format, Format::Json | Format::Markdown | Format::Html) {
            return Err(usage(format!(
                "a proof is written as json, markdown or html, not as {}",
                report.format
            )));
        }
    }
    output::prepare(&args.reports)?;
    let question = question(args)?;
    if question.mutants.is_empty() {
        return Err(Failure::new(
            Exit::NothingSelected,
            "no mutant breaks such a requirement; `fhir-assay prove --list` names them all",
        ));
    }
    let proof = proof::prove(&question).map_err(|text| Failure::new(Exit::Unjudged, text))?;
    for report in &args.reports {
        write(&proof, report)?;
    }
    if args.reports.iter().all(|report| report.path.as_os_str() != "-") {
        print(&proof::console(&proof))?;
    }
    Ok(if proof.holds() { Exit::Success } else { Exit::Failed })
}

fn question(args: &ProveArgs) -> Result<Question, Failure> {
    // Names of nothing are told as those of `run` are.
    settings::selection(&FilterArgs {
        requirements: args.requirements.clone(),
        ..FilterArgs::default()
    })?;
    let globs: Vec<_> = args
        .requirements
        .iter()
        .filter_map(|glob| Some(Glob::new(glob).ok()?.compile_matcher()))
        .collect();
    let chosen = |mutant: &Mutant| {
        let by_name = args.mutants.iter().any(|known| known.name == mutant.name);
        let by_requirement = globs.iter().any(|glob| glob.is_match(mutant.requirement()));
        let unasked = args.mutants.is_empty() && globs.is_empty();
        unasked || by_name || by_requirement
    };
    let mutants: Vec<&Mutant> = Mutant::all().filter(|mutant| chosen(mutant)).collect();
    let complete = args.mutants.is_empty() && globs.is_empty();
    // A proof of some mutants tries the right servers with the cases that those need, and no others.
    let cited: Vec<String> = if complete {
        Vec::new()
    } else {
        mutants.iter().map(|mutant| mutant.requirement().to_owned()).collect()
    };
    Ok(Question {
        release: args.fhir,
        suites: settings::suites(&[])?,
        mutants,
        variants: Variant::all().collect(),
        selection: Selection::all()
            .requirements(&cited)
            .map_err(settings::SettingsError::from)?,
        complete,
    })
}

fn write(proof: &Proof, report: &Output) -> Result<(), Failure> {
    let text = match report.format {
        Format::Json => serde_json::to_string_pretty(proof).unwrap_or_default() + "\n",
        Format::Markdown => proof::markdown(proof),
        _ => proof::html(proof),
    };
    Ok(output::write_with(report, &|out| out.write_all(text.as_bytes()))?)
}

fn listed() -> String {
    let width = Mutant::all().map(|mutant| mutant.name.len()).max().unwrap_or_default();
    Mutant::all().fold(String::new(), |mut text, mutant| {
        let _ = writeln!(text, "{:width$}  {}", mutant.name, mutant.what);
        text
    })
}
