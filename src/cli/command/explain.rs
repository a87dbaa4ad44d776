//! `explain`: what a requirement says and what tests it, or what a case does.

use std::fmt::Write;
use std::sync::Arc;

use crate::check;
use crate::cli::args::ExplainArgs;
use crate::cli::exit::Exit;
use crate::cli::{Failure, print, settings};
use crate::fhir::FhirVersion;
use crate::requirement::{Catalogue, Requirement, Testable};
use crate::suite::{Action, Case, Step, Suite, Suites};

/// Explains a requirement by its id or a case by its name.
///
/// # Errors
/// Where there is neither, with the nearest name.
pub fn explain(args: &ExplainArgs) -> Result<Exit, Failure> {
    let catalogue = Catalogue::embedded();
    let name = meant(&args.name);
    let mut suites = Suites::embedded()
        .map_err(settings::SettingsError::Suites)?
        .iter()
        .cloned()
        .collect::<Vec<_>>();
    if !args.suites.is_empty() {
        suites.extend(settings::suites(&args.suites)?);
    }
    if let Some(rule) = catalogue.get(name) {
        return print(&requirement(rule, args.fhir, &suites)).map(|()| Exit::Success);
    }
    let found = |suite: &Arc<Suite>, case: &Arc<Case>| {
        let full = format!("{}::{}", suite.id.value, case.id.value);
        full == name || case.id.value == name
    };
    let mut text = String::new();
    for suite in &suites {
        for case in suite.cases.iter().filter(|case| found(suite, case)) {
            text.push_str(&explain_case(suite, case, catalogue, args.fhir));
        }
    }
    if text.is_empty() {
        let cases: Vec<String> = suites
            .iter()
            .flat_map(|suite| {
                suite
                    .cases
                    .iter()
                    .map(|case| format!("{}::{}", suite.id.value, case.id.value))
            })
            .collect();
        let known = catalogue
            .iter()
            .map(|rule| rule.id.as_str())
            .chain(cases.iter().map(String::as_str));
        let hint = settings::did_you_mean(name, known);
        return Err(Failure::new(
            Exit::Usage,
            format!("no requirement and no case is named `{}`{hint}", args.name),
        ));
    }
    print(&text).map(|()| Exit::Success)
}

/// The name inside what reports print of a failure: `http.read::a-case[Patient], step 2`, `#c-http.read::a-case`.
fn meant(printed: &str) -> &str {
    let name = printed.trim();
    let name = ["#c-", "#r-", "#fail-", "#warning-", "#error-"]
        .iter()
        .find_map(|anchor| name.strip_prefix(anchor))
        .unwrap_or(name);
    let name = name.split_once(',').map_or(name, |(name, _)| name).trim_end();
    name.split_once('[').map_or(name, |(name, _)| name)
}

fn requirement(rule: &Requirement, release: FhirVersion, suites: &[Arc<Suite>]) -> String {
    let mut text = String::new();
    let level = rule.level_in(release);
    let shown = level.map_or_else(|| format!("does not hold in {release}"), |level| level.to_string());
    let _ = writeln!(text, "{}  ({shown})\n\n  {}\n", rule.id, rule.statement);
    let releases: Vec<String> = FhirVersion::ALL
        .into_iter()
        .filter_map(|release| Some(format!("{release} {}", rule.level_in(release)?)))
        .collect();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:13} {value}");
    };
    line(
        "binds",
        if rule.actor == crate::requirement::Actor::Server {
            "servers"
        } else {
            "clients, and so this harness"
        },
    );
    line("releases", &releases.join(", "));
    let basis = serde_json::to_value(rule.basis)
        .ok()
        .and_then(|basis| basis.as_str().map(str::to_owned))
        .unwrap_or_default();
    line(
        "basis",
        &if rule.basis.is_our_reading() {
            format!("{basis}: the level is our reading of the text")
        } else {
            basis
        },
    );
    line("where", &rule.url(release));
    line("applies if", &rule.applies_if.join(", "));
    for (release, difference) in &rule.differs {
        line(&format!("in {release}"), &difference.text);
    }
    if let Some(notes) = &rule.notes {
        line("note", notes);
    }
    line("how to test", &rule.how_to_test);
    line("a way to break", &rule.mutant);
    if rule.testable == Testable::Partly {
        line("only partly", rule.why_not.as_deref().unwrap_or_default());
    }
    let _ = writeln!(text);
    let mut cited = false;
    for suite in suites {
        for case in &suite.cases {
            let cites = case
                .expectations()
                .flat_map(|expectation| &expectation.requirements)
                .any(|id| id.value == rule.id);
            if cites {
                cited = true;
                let site = suite.source.site(case.id.span);
                let _ = writeln!(
                    text,
                    "  tested by {}::{}  ({}:{})",
                    suite.id.value, case.id.value, site.file, site.line
                );
            }
        }
    }
    if check::always::is_audited(&rule.id) {
        let _ = writeln!(text, "  audited in every exchange that it speaks of");
    } else if !cited {
        let _ = writeln!(text, "  not tested by a case: {}", rule.untested_reason());
    }
    text
}

fn explain_case(suite: &Suite, case: &Case, catalogue: &Catalogue, release: FhirVersion) -> String {
    let mut text = String::new();
    let site = suite.source.site(case.id.span);
    let releases: Vec<&str> = case.fhir.iter().map(|release| release.name()).collect();
    let _ = writeln!(
        text,
        "{}::{}  {}:{}\n\n  {}\n",
        suite.id.value, case.id.value, site.file, site.line, case.title
    );
    let _ = writeln!(text, "  releases      {}", releases.join(", "));
    for (name, needs) in &case.needs.resources {
        let interactions = match needs.interaction.as_deref() {
            Some(crate::suite::Claim::Is(codes)) => codes.iter().map(|code| code.code()).collect::<Vec<_>>().join(", "),
            _ => "see the file for what it needs".into(),
        };
        let _ = writeln!(text, "  needs         {}: {interactions}", name.value);
    }
    for (phase, steps) in [
        ("setup", &case.setup),
        ("step", &case.steps),
        ("cleanup", &case.cleanup),
    ] {
        for (number, step) in (1..).zip(steps) {
            let _ = writeln!(text, "\n  {phase} {number}: {}", action(suite, step));
            if let Some(note) = &step.note {
                let _ = writeln!(text, "    {note}");
            }
            for id in step.expect.iter().flat_map(|expectation| &expectation.requirements) {
                let rule = catalogue.get(id.as_str());
                let level = rule.and_then(|rule| rule.level_in(release));
                let level = level.map_or_else(|| format!("not in {release}"), |level| level.to_string());
                let _ = writeln!(
                    text,
                    "    {level} {}: {}",
                    id.value,
                    rule.map_or("", |rule| &rule.statement)
                );
            }
        }
    }
    text.push('\n');
    text
}

fn action(suite: &Suite, step: &Step) -> String {
    match &step.action {
        Action::Interaction { interaction, url } => format!("{interaction} {}", suite.source.slice(url.span)),
        Action::Request { method, url } => format!("{method} {}", suite.source.slice(url.span)),
        Action::Assert => "assert".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_report_prints_can_be_explained() {
        for printed in [
            "http.read::unknown-id",
            "http.read::unknown-id, step 2: read Patient/1",
            "http.read::unknown-id[Patient], setup step 1",
            "#c-http.read::unknown-id",
            " http.read::unknown-id[Patient] ",
        ] {
            assert_eq!(meant(printed), "http.read::unknown-id", "{printed}");
        }
        assert_eq!(meant("#r-read.etag"), "read.etag");
        assert_eq!(meant("#fail-read.etag"), "read.etag");
    }
}
