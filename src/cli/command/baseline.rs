//! `baseline update`: what fails becomes known.

use std::io::Write as _;

use crate::baseline::{self, Baseline, Entry};
use crate::cli::args::{BaselineArgs, BaselineCommand, UpdateArgs};
use crate::cli::exit::Exit;
use crate::cli::settings::SettingsError;
use crate::cli::{Failure, gate, output};
use crate::source::Span;

use super::{report, run};

/// Does what is to be done with a list of known failures.
///
/// # Errors
/// What keeps a run from beginning, a report that cannot be read, and a file that cannot be written.
pub fn baseline(args: &BaselineArgs) -> Result<Exit, Failure> {
    match &args.command {
        BaselineCommand::Update(args) => update(args),
    }
}

fn update(args: &UpdateArgs) -> Result<Exit, Failure> {
    let Some(path) = &args.run.gate.baseline else {
        return Err(Failure::new(
            Exit::Usage,
            "name the file: fhir-assay baseline update --baseline fhir-assay.baseline.yaml [BASE_URL]",
        ));
    };
    let name = path.display().to_string();
    let known = match gate::read(path) {
        Err(SettingsError::NoBaseline { .. }) => Baseline::empty(&name),
        read => read?,
    };
    let result = match &args.from {
        Some(from) => report::read(from)?,
        None => {
            run::once(
                &args.run,
                run::Turn {
                    baseline: Some(known.clone()),
                    ..run::Turn::default()
                },
            )?
            .result
        }
    };
    if let Some(why) = &result.stopped {
        let text =
            format!("{name} stays as it is: the run ended before its plan did ({why}), so that it says too little");
        return Err(Failure::new(Exit::Unjudged, text));
    }
    if !result.cases().any(|case| case.verdict.is_judged()) {
        let text = format!("{name} stays as it is: nothing was judged");
        return Err(Failure::new(Exit::Unjudged, text));
    }
    // Of a report it is not known which filters it had, but what they left out stands in it.
    let whole = gate::is_whole(&args.run.filters) && gate::is_whole_result(&result);
    let terms = gate::terms(&args.run.gate, whole);
    let words = Entry {
        case: None,
        requirements: Vec::new(),
        unjudged: false,
        reason: args.reason.trim().to_owned(),
        issue: args.issue.clone(),
        expires: args.expires,
        span: Span::default(),
    };
    let update = baseline::update(&known, &result, &terms, &words);
    if update.text != known.file.text() || !path.exists() {
        output::replace(path, &update.text)?;
    }
    let told = format!(
        "{name}: {} added, {} removed, {} changed, {} unchanged\n",
        update.added, update.removed, update.changed, update.kept
    );
    // A report on standard output is not mixed with anything.
    if args.run.reports.iter().any(|output| output.path.as_os_str() == "-") {
        let _ = std::io::stderr().write_all(told.as_bytes());
    } else {
        crate::cli::print(&told)?;
    }
    Ok(Exit::Success)
}
