//! Doing it: the right servers first, since they tell what is said of a server anyway; then the mutants.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use url::Url;

use super::seen::{Known, all_of};
use super::side_by_side::side_by_side;
use super::{FORMAT, Fate, Proof, RightServer, Seen, Tried, WithoutMutant};
use crate::fhir::FhirVersion;
use crate::plan::{Plan, Selection};
use crate::requirement::{Actor, Basis, Catalogue, Requirement, RequirementId, Testable};
use crate::run::{RunOptions, Runner};
use crate::server::variant::{EXPIRED_AUTHORIZATION, KNOWN_AUTHORIZATION};
use crate::server::{Emulation, Mutant, Options, Variant, given, router};
use crate::suite::{Given, Suite};
use crate::system::System;
use crate::transport::{InProcess, Target};
use crate::verdict::{Outcome, Reason, ReasonKind, RunEvent, RunResult, ToolInfo, Verdict};

/// The longest that a server in this process is waited for: the index of no variant is further behind.
const PATIENCE: Duration = Duration::from_millis(700);
/// How many findings are kept of a mutant.
const KEPT: usize = 5;
/// Where the servers say that they are.
const ORIGIN: &str = "http://localhost";

/// What is to be proven.
#[derive(Clone, Debug)]
pub struct Question {
    /// The release.
    pub release: FhirVersion,
    /// The suites.
    pub suites: Vec<Arc<Suite>>,
    /// The mutants; those that are no defects in the release are left out.
    pub mutants: Vec<&'static Mutant>,
    /// The variants; those that are not right in the release are left out.
    pub variants: Vec<&'static Variant>,
    /// The documented API that is proven, on its emulation; none for the reference server itself.
    pub system: Option<(Arc<System>, &'static Emulation)>,
    /// Every case, with what is given to them.
    pub all: Selection,
    /// The cases that right servers are tried with.
    pub selection: Selection,
    /// Whether every testable rule should have a mutant, so that those without one are told.
    pub complete: bool,
}

/// Everything that is said of a right server.
struct Right {
    variant: Option<&'static Variant>,
    target: Target,
    result: RunResult,
    known: Known,
}

/// Runs the suites against right servers and mutants.
///
/// # Errors
/// Where the plain server does not tell what it claims, which is a bug of ours.
pub fn prove(question: &Question) -> Result<Proof, String> {
    let started = Instant::now();
    let release = question.release;
    let catalogue = match &question.system {
        Some((system, _)) => system.catalogue,
        None => Catalogue::embedded(),
    };
    let mutants: Vec<(&'static Mutant, &'static Requirement)> = question
        .mutants
        .iter()
        .filter(|mutant| question.system.is_some() || mutant.releases.contains(&release))
        .filter_map(|mutant| {
            let requirement = catalogue.get(mutant.requirement())?;
            requirement.level_in(release)?;
            Some((*mutant, requirement))
        })
        .collect();
    let wanted = question.variants.iter().copied();
    let needed = mutants.iter().filter_map(|(mutant, _)| Variant::named(mutant.variant?));
    let mut names = BTreeSet::new();
    let variants: Vec<Option<&Variant>> = std::iter::once(None)
        .chain(wanted.chain(needed).map(Some))
        .filter(|variant| {
            variant.is_none_or(|variant| variant.releases.contains(&release) && names.insert(variant.name))
        })
        .collect();

    // What the plain server is and says, whole: mutants are compared with it.
    let right = side_by_side(&variants, |variant| {
        be_right(question, catalogue, *variant).boxed_local()
    });
    let right: Vec<Right> = right.into_iter().collect::<Result<_, _>>()?;
    let by_name: HashMap<Option<&str>, &Right> = right
        .iter()
        .map(|server| (server.variant.map(|variant| variant.name), server))
        .collect();
    let tried = side_by_side(&mutants, |(mutant, requirement)| {
        let base = by_name.get(&mutant.variant).copied();
        async move {
            match base {
                Some(base) => Some(be_wrong(question, catalogue, mutant, requirement, base).await),
                None => None,
            }
        }
        .boxed_local()
    });
    Ok(Proof {
        format: FORMAT,
        tool: ToolInfo {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
        },
        release,
        duration_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        right: right.iter().map(|server| server.told(question, catalogue)).collect(),
        mutants: tried.into_iter().flatten().collect(),
        without_mutant: if question.complete {
            without_mutant(
                catalogue,
                release,
                question.system.is_none(),
                &mutants,
                by_name.get(&None).copied(),
            )
        } else {
            Vec::new()
        },
    })
}

/// A server, and how to reach it.
fn reach(options: Options, origin: &str) -> Result<(InProcess, Url), String> {
    let base = format!("{origin}{}", options.base_path());
    let base = Url::parse(&base).map_err(|error| format!("{base}: {error}"))?;
    let transport = InProcess::new(router(options), &base, Some(KNOWN_AUTHORIZATION.into()));
    Ok((transport.also(&second_base(&base)), base))
}

/// The plan for one of the servers, of which everything is known that a tester can know.
fn plan(question: &Question, catalogue: &Catalogue, target: &Target, selection: &Selection) -> Plan {
    let mut known: Given = given::given().into_iter().collect();
    if let Ok(base) = Url::parse(&target.base) {
        known.set("second-base", second_base(&base).as_str().into());
    }
    let expired = EXPIRED_AUTHORIZATION.trim_start_matches("Bearer ");
    known.set_secret("expired-token", expired.into());
    // What is known of an emulation its system says.
    let selection = match &question.system {
        Some(_) => selection.clone(),
        None => selection.clone().given(known),
    };
    let claims = Some(&target.capability);
    let mut plan = Plan::build(&question.suites, catalogue, question.release, claims, &selection);
    if let Some((system, _)) = &question.system {
        plan.leave_out(|planned| {
            let text = system.forbids(&planned.case, planned.resource_type.as_deref())?;
            let kind = ReasonKind::NotClaimed;
            Some(Reason { kind, text })
        });
    }
    plan
}

/// The base URL by the other scheme.
fn second_base(base: &Url) -> Url {
    let mut second = base.clone();
    // None of this can fail for a URL by http or https.
    let _ = second.set_scheme(if base.scheme() == "https" { "http" } else { "https" });
    let _ = second.set_host(Some(given::SECOND_HOST));
    let _ = second.set_port(None);
    second
}

fn options(question: &Question, mutant: Option<&'static Mutant>, variant: Option<&'static Variant>) -> Options {
    Options {
        release: question.release,
        emulation: question.system.as_ref().map(|(_, emulation)| *emulation),
        mutants: mutant.into_iter().collect(),
        variants: variant.into_iter().collect(),
        ..Options::default()
    }
}

fn run_options(question: &Question) -> RunOptions {
    RunOptions {
        system: question.system.as_ref().map(|(system, _)| Arc::clone(system)),
        jobs: 8,
        cleanup: false,
        keep_bodies: false,
        patience: Some(PATIENCE),
        ..RunOptions::default()
    }
}

async fn be_right(
    question: &Question,
    catalogue: &Catalogue,
    variant: Option<&'static Variant>,
) -> Result<Right, String> {
    let (transport, base) = reach(options(question, None, variant), ORIGIN)?;
    let (target, _) = Target::probe(&transport, &base, Some(question.release))
        .await
        .map_err(|error| format!("the reference server: {error}"))?;
    // The plain server and those that mutants stand on are compared with, so all is run; others need the selection only.
    let compared = question
        .mutants
        .iter()
        .any(|mutant| mutant.variant == variant.map(|variant| variant.name));
    let selection = if variant.is_none() || compared {
        &question.all
    } else {
        &question.selection
    };
    let plan = plan(question, catalogue, &target, selection);
    let runner = Runner::new(&transport, &target, catalogue, run_options(question));
    let result = runner.run(plan, |_| {}).await;
    Ok(Right {
        variant,
        known: Known::of(&result),
        target,
        result,
    })
}

impl Right {
    fn told(&self, question: &Question, catalogue: &Catalogue) -> RightServer {
        let plan = plan(question, catalogue, &self.target, &question.selection);
        let asked: BTreeSet<_> = plan.planned().map(|case| case.id.clone()).collect();
        let cases: Vec<_> = self.result.cases().filter(|case| asked.contains(&case.id)).collect();
        let judged = |verdict| {
            matches!(
                verdict,
                Verdict::Pass | Verdict::Warning | Verdict::Fail | Verdict::Error
            )
        };
        let seen = cases.iter().flat_map(|case| all_of(case));
        let mut accused: Vec<Seen> = seen.filter(|seen| seen.outcome >= Outcome::Fail).collect();
        accused.sort_by(|one, other| other.cmp(one));
        RightServer {
            name: self.variant.map_or("plain", |variant| variant.name).into(),
            what: self
                .variant
                .map_or("the reference server as it is", |variant| variant.what)
                .into(),
            judged: cases.iter().filter(|case| judged(case.verdict)).count() as u64,
            warnings: cases.iter().filter(|case| case.verdict == Verdict::Warning).count() as u64,
            accused,
        }
    }
}

async fn be_wrong(
    question: &Question,
    catalogue: &Catalogue,
    mutant: &'static Mutant,
    requirement: &Requirement,
    base: &Right,
) -> Tried {
    let mut tried = Tried {
        name: mutant.name.into(),
        requirement: requirement.id.clone(),
        level: requirement.level_in(question.release).unwrap_or(requirement.level),
        what: mutant.what.into(),
        variant: mutant.variant.map(str::to_owned),
        fate: Fate::Survived,
        seen: Vec::new(),
        cases: 0,
    };
    // The cases that cite the rule, and what is judged of every exchange; then, if that was not enough, all cases.
    let all = || question.all.clone();
    let citing = all().requirements(&[requirement.id.to_string()]).unwrap_or_default();
    for selection in [citing, all()] {
        let Ok((cases, seen)) = look(question, catalogue, mutant, &requirement.id, base, &selection).await else {
            continue;
        };
        if tried.cases == 0 {
            tried.cases = cases;
        }
        let (cited, others): (Vec<Seen>, Vec<Seen>) = seen
            .into_iter()
            .partition(|seen| seen.requirement.as_ref() == Some(&requirement.id));
        if !cited.is_empty() {
            tried.fate = Fate::Killed;
            tried.seen = strongest(cited);
            return tried;
        }
        if !others.is_empty() {
            tried.fate = Fate::KilledByOther;
            tried.seen = strongest(others);
        }
    }
    tried
}

/// One run against a mutant: how many cases were run, and what is news about it. It ends when the rule was seen broken.
async fn look(
    question: &Question,
    catalogue: &Catalogue,
    mutant: &'static Mutant,
    broken: &RequirementId,
    base: &Right,
    selection: &Selection,
) -> Result<(u64, Vec<Seen>), String> {
    let (transport, url) = reach(
        options(question, Some(mutant), base.variant),
        mutant.origin.unwrap_or(ORIGIN),
    )?;
    let probed = Target::probe(&transport, &url, Some(question.release)).await;
    // Where the metadata themselves are broken, the server is taken for what it would be without the defect.
    let target = probed.map_or_else(|_| base.target.clone(), |(target, _)| target);
    let plan = plan(question, catalogue, &target, selection);
    let runner = Runner::new(&transport, &target, catalogue, run_options(question));
    let stop = runner.stop();
    let planned = plan.planned().count() as u64;
    let mut seen = Vec::new();
    runner
        .run(plan, |event| {
            if let RunEvent::CaseFinished(case) = event {
                seen.extend(base.known.news(&case));
                let enough = seen
                    .iter()
                    .any(|seen: &Seen| seen.requirement.as_ref() == Some(broken) && seen.outcome >= Outcome::Warning);
                if enough {
                    stop.ask("the defect was seen");
                }
            }
        })
        .await;
    Ok((planned, seen))
}

/// The worst findings first, one for each case and requirement.
fn strongest(mut seen: Vec<Seen>) -> Vec<Seen> {
    seen.sort_by(|one, other| {
        (other.outcome, &one.requirement, &one.case).cmp(&(one.outcome, &other.requirement, &other.case))
    });
    seen.dedup_by(|one, other| one.requirement == other.requirement && one.case == other.case);
    seen.truncate(KEPT);
    seen
}

fn without_mutant(
    catalogue: &Catalogue,
    release: FhirVersion,
    is_whole: bool,
    mutants: &[(&'static Mutant, &'static Requirement)],
    plain: Option<&Right>,
) -> Vec<WithoutMutant> {
    let broken: BTreeSet<&RequirementId> = mutants.iter().map(|(_, requirement)| &requirement.id).collect();
    // Of a system its own promises, else the rules of the specification.
    let groups: BTreeSet<&str> = broken.iter().map(|id| id.group()).collect();
    let is_meant = |requirement: &Requirement| match requirement.basis {
        Basis::Documented => groups.contains(requirement.id.group()),
        _ => is_whole,
    };
    let testable = catalogue.iter().filter(|requirement| {
        is_meant(requirement)
            && requirement.actor == Actor::Server
            && requirement.testable != Testable::No
            && requirement.level_in(release).is_some()
            && !broken.contains(&requirement.id)
    });
    testable
        .map(|requirement| WithoutMutant {
            requirement: requirement.id.clone(),
            why: {
                let mut conditions = requirement.applies_if.iter();
                match conditions.find_map(|item| item.strip_prefix("config=")) {
                    Some(config) => format!("the operator has to provide `{config}`"),
                    None if plain.is_some_and(|plain| plain.known.tells(&requirement.id)) => {
                        "it is a wish that the plain server does not grant either, and is told so".into()
                    }
                    None => "nobody wrote one yet".into(),
                }
            },
        })
        .collect()
}
