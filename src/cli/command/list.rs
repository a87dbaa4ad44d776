//! `list`: suites, cases or requirements, and what would be run of them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use crate::check;
use crate::cli::args::{ListArgs, Listed};
use crate::cli::exit::Exit;
use crate::cli::{Failure, print, settings, shard};
use crate::fhir::{CapabilityStatement, FhirVersion};
use crate::plan::Plan;
use crate::requirement::{Catalogue, Requirement, RequirementId};
use crate::suite::{CaseId, Suite};
use crate::transport::{Patience, Retrying, Target, probe};

/// Lists what a run with the same words would run, and what it would leave out and why.
///
/// # Errors
/// Suites with errors, filters that cannot be read, and a server that cannot be asked for its claims.
pub fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let mut filters = args.filters.clone();
    if let Some(notice) = shard::settle(&mut filters)?.notice {
        eprintln!("{notice}");
    }
    let suites = settings::suites(&filters.suites)?;
    let given = settings::given(&args.given, &args.target, &suites)?;
    let selection = settings::selection(&filters)?.given(given);
    let (release, capability) = claims(args)?;
    let plan = Plan::build(&suites, Catalogue::embedded(), release, capability.as_ref(), &selection);
    let text = match (args.what, args.json) {
        (Listed::Suites, true) => pretty(&suites_json(&plan)),
        (Listed::Suites, false) => suites_text(&plan),
        (Listed::Cases, true) => pretty(&cases_json(&plan)),
        (Listed::Cases, false) => cases_text(&plan),
        (Listed::Requirements, true) => pretty(&requirements_json(args, &plan, &suites)),
        (Listed::Requirements, false) => requirements_text(args, &plan, &suites),
    };
    print(&text)?;
    Ok(Exit::of_plan(&plan).unwrap_or(Exit::Success))
}

/// The release, and what the server claims where one is named.
fn claims(args: &ListArgs) -> Result<(FhirVersion, Option<CapabilityStatement>), Failure> {
    let target = &args.target;
    if let Some(path) = &target.assume {
        let capability = settings::assumed(path)?;
        let named = capability.fhir_version.as_deref().and_then(FhirVersion::of_number);
        return Ok((target.fhir.or(named).unwrap_or(FhirVersion::R4), Some(capability)));
    }
    let Some(base) = &target.base else {
        return Ok((target.fhir.unwrap_or(FhirVersion::R4), None));
    };
    let base = probe::base_url(base)?;
    let client = settings::client(target, &base, 1, Instant::now())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Unjudged, error.to_string()))?;
    let transport = Retrying::new(client, Patience::default(), |notice| eprintln!("{notice}"));
    let (probed, _) = runtime.block_on(Target::probe(&transport, &base, target.fhir))?;
    Ok((probed.release, Some(probed.capability)))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn suites_json(plan: &Plan) -> Value {
    let suites = plan.suites.iter().map(|planned| {
        let suite = &planned.suite;
        json!({
            "id": suite.id.value, "title": suite.title, "file": &**suite.source.name(), "fhir": suite.fhir, "tags": suite.tags,
            "cases": planned.cases.len(),
            "planned": planned.cases.iter().filter(|case| case.left_out.is_none()).count(),
        })
    });
    Value::Array(suites.collect())
}

fn suites_text(plan: &Plan) -> String {
    let width = plan
        .suites
        .iter()
        .map(|planned| planned.suite.id.as_str().len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for planned in &plan.suites {
        let of = planned.cases.len();
        let runs = planned.cases.iter().filter(|case| case.left_out.is_none()).count();
        let _ = writeln!(
            text,
            "{:width$}  {runs:>3} of {of:>3} cases  {}",
            planned.suite.id.as_str(),
            planned.suite.title
        );
    }
    text
}

fn cases_json(plan: &Plan) -> Value {
    let cases = plan.cases().map(|planned| {
        let site = planned.case.source.site(planned.case.id.span);
        json!({
            "id": planned.id, "title": planned.case.title, "file": site.file, "line": site.line, "tags": planned.case.tags,
            "requirements": planned.requirements, "planned": planned.left_out.is_none(), "reason": planned.left_out,
        })
    });
    Value::Array(cases.collect())
}

fn cases_text(plan: &Plan) -> String {
    let mut text = String::new();
    let (mut planned, mut left_out) = (0, 0);
    for case in plan.cases() {
        match &case.left_out {
            None => {
                planned += 1;
                let _ = writeln!(text, "{}  {}", case.id, case.case.title);
            }
            Some(reason) => {
                left_out += 1;
                let _ = writeln!(text, "{}  left out: {}", case.id, reason.text);
            }
        }
    }
    let _ = writeln!(text, "{planned} planned, {left_out} left out");
    text
}

/// Which cases of the plan cite a requirement.
fn citing(plan: &Plan) -> BTreeMap<&RequirementId, Vec<&CaseId>> {
    let mut citing: BTreeMap<&RequirementId, Vec<&CaseId>> = BTreeMap::new();
    for case in plan.cases() {
        for id in &case.requirements {
            citing.entry(id).or_default().push(&case.id);
        }
    }
    citing
}

/// The requirements that the filters ask for, in the catalogue's order: those that hold in the release.
fn requirements<'a>(
    args: &'a ListArgs,
    plan: &'a Plan,
    suites: &'a [Arc<Suite>],
) -> impl Iterator<Item = &'a Requirement> {
    let catalogue = Catalogue::embedded();
    let with_systems = suites.iter().any(|suite| suite.source.name().contains("/systems/"));
    let globs: Vec<globset::GlobMatcher> = args
        .filters
        .requirements
        .iter()
        .filter_map(|glob| Some(globset::Glob::new(glob).ok()?.compile_matcher()))
        .collect();
    let least = args.filters.level.map(crate::requirement::Level::from);
    catalogue
        .iter()
        .filter(move |rule| {
            with_systems
                || !catalogue
                    .file_of(rule.id.as_str())
                    .is_some_and(|file| file.contains("/systems/"))
        })
        .filter(move |rule| globs.is_empty() || globs.iter().any(|glob| glob.is_match(rule.id.as_str())))
        .filter(move |rule| {
            rule.level_in(plan.release)
                .is_some_and(|level| least.is_none_or(|least| level.strength() >= least))
        })
}

fn requirements_json(args: &ListArgs, plan: &Plan, suites: &[Arc<Suite>]) -> Value {
    let citing = citing(plan);
    let list = requirements(args, plan, suites).map(|rule| {
        let cases = citing.get(&rule.id).cloned().unwrap_or_default();
        let audited = check::always::is_audited(&rule.id);
        let reason = (cases.is_empty() && !audited).then(|| rule.untested_reason());
        json!({
            "id": rule.id, "level": rule.level_in(plan.release), "actor": rule.actor, "basis": rule.basis,
            "statement": rule.statement, "url": rule.url(plan.release), "applies-if": rule.applies_if,
            "testable": rule.testable, "tested-by": cases, "audited": audited, "untested": reason,
        })
    });
    Value::Array(list.collect())
}

fn requirements_text(args: &ListArgs, plan: &Plan, suites: &[Arc<Suite>]) -> String {
    let citing = citing(plan);
    let mut text = String::new();
    let (mut tested, mut untested) = (0, 0);
    for rule in requirements(args, plan, suites) {
        let level = rule.level_in(plan.release).unwrap_or(rule.level);
        let state = match citing.get(&rule.id).map_or(0, Vec::len) {
            0 if check::always::is_audited(&rule.id) => {
                tested += 1;
                "audit of every exchange".to_owned()
            }
            0 => {
                untested += 1;
                format!("untested: {}", rule.untested_reason())
            }
            cases => {
                tested += 1;
                format!("{cases} case{}", if cases == 1 { "" } else { "s" })
            }
        };
        let _ = writeln!(text, "{:10}  {}  {state}", level.name(), rule.id);
    }
    let _ = writeln!(text, "{tested} tested, {untested} untested");
    text
}
