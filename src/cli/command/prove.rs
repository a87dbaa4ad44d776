//! `prove`: do the suites see the defects that they say they see?

use std::fmt::Write as _;

use globset::Glob;

use crate::cli::args::{FilterArgs, GivenArgs, Output, ProveArgs, TargetArgs};
use crate::cli::exit::Exit;
use crate::cli::scope::Scope;
use crate::cli::{Failure, output, print, settings};
use crate::fhir::FhirVersion;
use crate::proof::{self, Proof, Question};
use crate::report::Format;
use crate::server::{Mutant, Variant};

/// Tries the suites on right servers and on mutants, and prints what became of each.
///
/// # Errors
/// Words that name nothing, a release that has no reference server, and reports that cannot be written.
pub fn prove(args: &ProveArgs) -> Result<Exit, Failure> {
    if args.list {
        print(&listed(args))?;
        return Ok(Exit::Success);
    }
    let usage = |text: String| Failure::new(Exit::Usage, text);
    if args.system.is_none() && !FhirVersion::HTTP.contains(&args.fhir) {
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
    let filters = FilterArgs {
        system: args.system.map(|emulation| emulation.name.to_owned()),
        ..FilterArgs::default()
    };
    let scope = Scope::of(&filters, &GivenArgs::default(), &TargetArgs::default(), |_| {})?;
    // Names of nothing are told as those of `run` are.
    let asked = FilterArgs {
        requirements: args.requirements.clone(),
        ..FilterArgs::default()
    };
    settings::selection(&asked, scope.catalogue)?;
    let globs: Vec<_> = args
        .requirements
        .iter()
        .filter_map(|glob| Some(Glob::new(glob).ok()?.compile_matcher()))
        .collect();
    let chosen = |mutant: &&Mutant| {
        let by_name = args.mutants.iter().any(|known| known.name == mutant.name);
        let by_requirement = globs.iter().any(|glob| glob.is_match(mutant.requirement()));
        let unasked = args.mutants.is_empty() && globs.is_empty();
        unasked || by_name || by_requirement
    };
    let mutants: Vec<&Mutant> = all(args).into_iter().filter(chosen).collect();
    let complete = args.mutants.is_empty() && globs.is_empty();
    // A proof of some mutants tries the right servers with the cases that those need, and no others.
    let cited: Vec<String> = if complete {
        Vec::new()
    } else {
        mutants.iter().map(|mutant| mutant.requirement().to_owned()).collect()
    };
    Ok(Question {
        release: args.system.map_or(args.fhir, |emulation| emulation.release),
        suites: scope.suites,
        mutants,
        variants: if args.system.is_some() {
            Vec::new()
        } else {
            Variant::all().collect()
        },
        system: scope.system.zip(args.system),
        selection: scope
            .selection
            .clone()
            .requirements(&cited)
            .map_err(settings::SettingsError::from)?,
        all: scope.selection,
        complete,
    })
}

/// The mutants of the system, or those of the reference server.
fn all(args: &ProveArgs) -> Vec<&'static Mutant> {
    match args.system {
        Some(emulation) => emulation.mutants().collect(),
        None => Mutant::all().collect(),
    }
}

fn write(proof: &Proof, report: &Output) -> Result<(), Failure> {
    let text = match report.format {
        Format::Json => serde_json::to_string_pretty(proof).unwrap_or_default() + "\n",
        Format::Markdown => proof::markdown(proof),
        _ => proof::html(proof),
    };
    Ok(output::write_with(report, &|out| out.write_all(text.as_bytes()))?)
}

fn listed(args: &ProveArgs) -> String {
    let all = all(args);
    let width = all.iter().map(|mutant| mutant.name.len()).max().unwrap_or_default();
    all.iter().fold(String::new(), |mut text, mutant| {
        let _ = writeln!(text, "{:width$}  {}", mutant.name, mutant.what);
        text
    })
}
