//! `list`: suites, cases or requirements, and what would be run of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Instant;

use serde_json::{Value, json};

use crate::check;
use crate::cli::args::{ListArgs, Listed};
use crate::cli::exit::Exit;
use crate::cli::scope::Scope;
use crate::cli::{Failure, print, say, settings, shard};
use crate::fhir::{CapabilityStatement, FhirVersion};
use crate::plan::Plan;
use crate::requirement::{Basis, Requirement, RequirementId};
use crate::server::Emulation;
use crate::suite::CaseId;
use crate::system::{self, System};
use crate::transport::{Patience, Retrying, Target, probe};
use crate::verdict::counted;

/// Lists what a run with the same words would run, and what it would leave out and why.
///
/// # Errors
/// Suites with errors, filters that cannot be read, and a server that cannot be asked for its claims.
pub fn list(args: &ListArgs) -> Result<Exit, Failure> {
    if args.what == Listed::Systems {
        print(&systems(args.json))?;
        return Ok(Exit::Success);
    }
    let mut filters = args.filters.clone();
    if let Some(notice) = shard::settle(&mut filters)?.notice {
        say(&notice);
    }
    let scope = Scope::of(&filters, &args.given, &args.target, |_| {})?;
    let (release, capability) = claims(args, &scope)?;
    let mut plan = Plan::build(
        &scope.suites,
        scope.catalogue,
        release,
        capability.as_ref(),
        &scope.selection,
    );
    scope.restrict(&mut plan);
    let text = match (args.what, args.json) {
        (Listed::Suites, true) => pretty(&suites_json(&plan)),
        (Listed::Suites, false) => suites_text(&plan),
        (Listed::Cases, true) => pretty(&cases_json(&plan)),
        (Listed::Cases, false) => cases_text(&plan),
        (Listed::Requirements, true) => pretty(&requirements_json(args, &plan, &scope)),
        (Listed::Requirements, false) => requirements_text(args, &plan, &scope),
        (Listed::Systems, _) => String::new(),
    };
    print(&text)?;
    Ok(Exit::of_plan(&plan).unwrap_or(Exit::Success))
}

fn systems(is_json: bool) -> String {
    let known = system::load::names();
    let all: Vec<System> = known.into_iter().filter_map(system::load::description).collect();
    if is_json {
        let systems = all.iter().map(|system| {
            json!({
                "system": system.name.value, "title": system.title, "fhir": system.release, "document": system.document,
                "base": system.base, "authorization": system.authorization.iter().map(|way| way.word()).collect::<Vec<_>>(),
                "emulated": Emulation::named(&system.name).is_some(), "deviations": system.deviations.len(),
            })
        });
        return pretty(&Value::Array(systems.collect()));
    }
    let width = all.iter().map(|system| system.name.len()).max().unwrap_or(0);
    all.iter().fold(String::new(), |mut text, system| {
        let _ = writeln!(
            text,
            "{:width$}  {:5}  {}",
            system.name.value,
            system.release.name(),
            system.title
        );
        text
    })
}

/// The release, and what the server claims where one is named.
fn claims(args: &ListArgs, scope: &Scope) -> Result<(FhirVersion, Option<CapabilityStatement>), Failure> {
    let target = &args.target;
    if let Some(path) = &target.assume {
        let capability = settings::assumed(path)?;
        let named = capability.fhir_version.as_deref().and_then(FhirVersion::of_number);
        let release = target.fhir.or(scope.release()).or(named);
        return Ok((release.unwrap_or(FhirVersion::R4), Some(capability)));
    }
    let Some(base) = &target.base else {
        return Ok((target.fhir.or(scope.release()).unwrap_or(FhirVersion::R4), None));
    };
    let base = probe::base_url(base)?;
    let client = settings::client(target, &base, 1, Instant::now())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Unjudged, error.to_string()))?;
    let transport = Retrying::new(client, Patience::default(), |notice| say(&notice));
    let (probed, _) = runtime.block_on(Target::probe(&transport, &base, target.fhir.or(scope.release())))?;
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
            "{:width$}  {runs:>3} of {of:>3} {}  {}",
            planned.suite.id.as_str(),
            if of == 1 { "case " } else { "cases" },
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
        for id in case.requirements.iter() {
            citing.entry(id).or_default().push(&case.id);
        }
    }
    citing
}

/// The requirements that the filters ask for, in the catalogue's order: those that hold in the release.
fn requirements<'a>(args: &'a ListArgs, plan: &'a Plan, scope: &'a Scope) -> impl Iterator<Item = &'a Requirement> {
    let catalogue = scope.catalogue;
    // The promises of a document are those that the suites speak of; beside them, of the specification what they cite.
    let cited: BTreeSet<&RequirementId> = plan.cases().flat_map(|case| case.requirements.iter()).collect();
    let groups: BTreeSet<&str> = cited.iter().map(|id| id.group()).collect();
    let is_system = scope.system.is_some();
    let globs: Vec<globset::GlobMatcher> = args
        .filters
        .requirements
        .iter()
        .filter_map(|glob| Some(globset::Glob::new(glob).ok()?.compile_matcher()))
        .collect();
    let least = args.filters.level.map(crate::requirement::Level::from);
    catalogue
        .iter()
        .filter(move |rule| match rule.basis {
            Basis::Documented => groups.contains(rule.id.group()),
            _ => !is_system || cited.contains(&rule.id),
        })
        .filter(move |rule| globs.is_empty() || globs.iter().any(|glob| glob.is_match(rule.id.as_str())))
        .filter(move |rule| {
            rule.level_in(plan.release)
                .is_some_and(|level| least.is_none_or(|least| level.strength() >= least))
        })
}

fn requirements_json(args: &ListArgs, plan: &Plan, scope: &Scope) -> Value {
    let citing = citing(plan);
    let list = requirements(args, plan, scope).map(|rule| {
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

fn requirements_text(args: &ListArgs, plan: &Plan, scope: &Scope) -> String {
    let citing = citing(plan);
    let mut text = String::new();
    let (mut tested, mut untested) = (0, 0);
    for rule in requirements(args, plan, scope) {
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
                counted(cases as u64, "case", "cases")
            }
        };
        let _ = writeln!(text, "{:10}  {}  {state}", level.name(), rule.id);
    }
    let _ = writeln!(text, "{tested} tested, {untested} untested");
    text
}
