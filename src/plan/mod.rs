//! What will be run: every case of the suites is planned, or left out with a reason. Pure.

mod alone;
pub mod applicability;
mod permitted;
pub mod selection;
pub mod shard;

use std::sync::Arc;

use crate::exchange::Permission;
use crate::fhir::{CapabilityStatement, FhirVersion, ResourceType};
use crate::requirement::{Catalogue, RequirementId};
use crate::suite::{BodySource, Case, CaseId, Given, GivenVariable, Suite, Types, fixture, given};
use crate::verdict::{Reason, ReasonKind};

pub use selection::{AskedTypes, Selection, SelectionError};
pub use shard::Shard;

/// The cases of a run, in the order of their suites.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The release under test.
    pub release: FhirVersion,
    /// Suites in their order, those without a case to run too.
    pub suites: Vec<PlannedSuite>,
    /// What the tester gave.
    pub given: Given,
}

/// The cases of one suite.
#[derive(Clone, Debug)]
pub struct PlannedSuite {
    /// The suite.
    pub suite: Arc<Suite>,
    /// Its cases, expanded over resource types.
    pub cases: Vec<PlannedCase>,
}

/// A case that is run, or left out.
#[derive(Clone, Debug)]
pub struct PlannedCase {
    /// Its full name.
    pub id: CaseId,
    /// What was written.
    pub case: Arc<Case>,
    /// The resource type that it was expanded for.
    pub resource_type: Option<String>,
    /// The requirements that it cites and that hold in the release under test, each once.
    pub requirements: Arc<[RequirementId]>,
    /// What a tester has to give for it: it was given, or can be looked for.
    pub given: Box<[Arc<GivenVariable>]>,
    /// Why it is left out; `None`: it is run.
    pub left_out: Option<Reason>,
}

impl Plan {
    /// Plans the cases of suites for a server that claims `capability`; without it claims are not looked at, and a case
    /// for every claimed type becomes one for Patient.
    #[must_use]
    pub fn build(
        suites: &[Arc<Suite>],
        catalogue: &Catalogue,
        release: FhirVersion,
        capability: Option<&CapabilityStatement>,
        selection: &Selection,
    ) -> Self {
        let planner = Planner {
            catalogue,
            release,
            capability,
            selection,
        };
        Self {
            release,
            suites: suites.iter().map(|suite| planner.suite(suite)).collect(),
            given: selection.given.clone(),
        }
    }

    /// Leaves out, of the cases that would be run, those for which there is a reason.
    pub fn leave_out(&mut self, reason: impl Fn(&PlannedCase) -> Option<Reason>) {
        let planned = self.suites.iter_mut().flat_map(|suite| &mut suite.cases);
        for case in planned.filter(|case| case.left_out.is_none()) {
            case.left_out = reason(case);
        }
    }

    /// Leaves out the cases that would send what may not be sent.
    pub fn permit(&mut self, permission: &Permission) {
        self.leave_out(|case| permitted::why_not(case, permission));
    }

    /// Every case, run or left out.
    pub fn cases(&self) -> impl Iterator<Item = &PlannedCase> {
        self.suites.iter().flat_map(|suite| &suite.cases)
    }

    /// The cases that will be run.
    pub fn planned(&self) -> impl Iterator<Item = &PlannedCase> {
        self.cases().filter(|case| case.left_out.is_none())
    }
}

struct Planner<'a> {
    catalogue: &'a Catalogue,
    release: FhirVersion,
    capability: Option<&'a CapabilityStatement>,
    selection: &'a Selection,
}

impl Planner<'_> {
    fn suite(&self, suite: &Arc<Suite>) -> PlannedSuite {
        let cases = suite.cases.iter().flat_map(|case| self.expand(suite, case)).collect();
        PlannedSuite {
            suite: Arc::clone(suite),
            cases,
        }
    }

    /// One planned case, or one for each resource type.
    fn expand(&self, suite: &Suite, case: &Arc<Case>) -> Vec<PlannedCase> {
        let each = |types: &mut dyn Iterator<Item = &String>| -> Vec<PlannedCase> {
            types.map(|name| self.case(suite, case, Some(name.clone()))).collect()
        };
        match (&case.types, &self.selection.types) {
            (Types::One, _) => vec![self.case(suite, case, None)],
            (Types::Listed(types), _) => each(&mut types.iter().map(|name| &name.value)),
            (Types::Claimed, _) => self.claimed(suite, case),
            (Types::Asked, AskedTypes::Default) => {
                let id = CaseId::new(&suite.id, &case.id, None);
                vec![self.named(id, suite, case, Some("Patient".to_owned()))]
            }
            (Types::Asked, AskedTypes::Listed(types)) => each(&mut types.iter()),
            (Types::Asked, AskedTypes::Claimed) => self.claimed(suite, case),
        }
    }

    /// One for each type that the server claims. Only those are named that claim what the case needs; where there is none,
    /// the case is left out once.
    fn claimed(&self, suite: &Suite, case: &Arc<Case>) -> Vec<PlannedCase> {
        let Some(capability) = self.capability else {
            return vec![self.case(suite, case, Some("Patient".to_owned()))];
        };
        let meets = |name: &&String| self.missing(case, capability, Some(name)).is_none();
        let found: Vec<&String> = capability.resources.keys().filter(meets).collect();
        if found.is_empty() {
            let mut none = self.case(suite, case, None);
            none.left_out = none
                .left_out
                .filter(|reason| reason.kind != ReasonKind::NotClaimed)
                .or_else(|| {
                    Some(Reason {
                        kind: ReasonKind::NotClaimed,
                        text: "no resource type claims all that the case needs".to_owned(),
                    })
                });
            return vec![none];
        }
        found
            .into_iter()
            .map(|name| self.case(suite, case, Some(name.clone())))
            .collect()
    }

    fn case(&self, suite: &Suite, case: &Arc<Case>, resource_type: Option<String>) -> PlannedCase {
        let id = CaseId::new(&suite.id, &case.id, resource_type.as_deref());
        self.named(id, suite, case, resource_type)
    }

    fn named(&self, id: CaseId, suite: &Suite, case: &Arc<Case>, resource_type: Option<String>) -> PlannedCase {
        let requirements = self.requirements(case);
        let given: Box<[_]> = given::needed(suite, case).into();
        let left_out = self
            .reason(suite, case, &id, &requirements, resource_type.as_deref())
            .or_else(|| self.not_given(&given));
        PlannedCase {
            id,
            case: Arc::clone(case),
            resource_type,
            requirements,
            given,
            left_out,
        }
    }

    /// What the server does not claim of what a case needs.
    fn missing(&self, case: &Case, capability: &CapabilityStatement, resource_type: Option<&str>) -> Option<String> {
        applicability::missing(&case.needs, capability, resource_type, &self.selection.given)
    }

    /// Why a case cannot be run with what was given; what can be looked for may still be found.
    fn not_given(&self, needed: &[Arc<GivenVariable>]) -> Option<Reason> {
        let is_missing = |given: &&Arc<GivenVariable>| given.find.is_none() && !self.selection.given.has(&given.name);
        let missing: Vec<_> = needed.iter().filter(is_missing).collect();
        (!missing.is_empty()).then(|| Reason {
            kind: ReasonKind::NotGiven,
            text: not_given(&missing),
        })
    }

    /// The requirements of a case that hold in the release under test; one that the catalogue does not know counts as cited.
    fn requirements(&self, case: &Case) -> Arc<[RequirementId]> {
        let mut cited: Vec<RequirementId> = Vec::new();
        for expectation in case.expectations() {
            if expectation
                .fhir
                .as_ref()
                .is_some_and(|releases| !releases.contains(&self.release))
            {
                continue;
            }
            for id in &expectation.requirements {
                let holds = self
                    .catalogue
                    .get(id.as_str())
                    .is_none_or(|rule| rule.level_in(self.release).is_some());
                if holds && !cited.contains(&id.value) {
                    cited.push(id.value.clone());
                }
            }
        }
        cited.into()
    }

    fn reason(
        &self,
        suite: &Suite,
        case: &Case,
        id: &CaseId,
        requirements: &[RequirementId],
        resource_type: Option<&str>,
    ) -> Option<Reason> {
        let because = |kind, text: String| Some(Reason { kind, text });
        // What was asked for comes first: a filtered case is no statement about the server.
        if let Some(text) = self
            .selection
            .leaves_out(self.catalogue, self.release, suite, case, id, requirements)
        {
            return because(ReasonKind::Filtered, text);
        }
        if !case.fhir.contains(&self.release) {
            let releases = case.fhir.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return because(
                ReasonKind::Release,
                format!("holds for {releases}, not for {}", self.release),
            );
        }
        if requirements.is_empty() && case.expectations().next().is_some() {
            return because(
                ReasonKind::Release,
                format!("none of its requirements holds in {}", self.release),
            );
        }
        if let Some(capability) = self.capability
            && let Some(text) = self.missing(case, capability, resource_type)
        {
            return because(ReasonKind::NotClaimed, text);
        }
        if let Some(resource_type) = resource_type
            && ResourceType::parse(self.release, resource_type).is_none()
            && sends_any(case)
        {
            return because(
                ReasonKind::Release,
                format!("{resource_type} is no resource type of {}", self.release),
            );
        }
        if case.types == Types::Asked
            && let Some(text) = resource_type.and_then(alone::why_not)
        {
            return because(ReasonKind::Assumption, text.to_owned());
        }
        if let Some(shard) = &self.selection.shard
            && !shard.holds(id)
        {
            return because(
                ReasonKind::Shard,
                format!("belongs to shard {} of {}", shard.of(id), shard.count()),
            );
        }
        None
    }
}

/// Which variables were not given, what they are, and how they are given.
fn not_given(missing: &[&Arc<GivenVariable>]) -> String {
    let names: Vec<String> = missing.iter().map(|given| format!("`{}`", given.name.value)).collect();
    let ways: Vec<String> = missing
        .iter()
        .map(|given| format!("{} ({})", given.hint(), given.title))
        .collect();
    let verb = if missing.len() == 1 { "was" } else { "were" };
    format!("{} {verb} not given: {}", names.join(" and "), ways.join(", "))
}

/// Whether a step of a case sends a resource of the expanded type that the suite does not have.
fn sends_any(case: &Case) -> bool {
    let steps = case.setup.iter().chain(&case.steps);
    steps
        .filter_map(|step| step.body.as_ref())
        .any(|body| matches!(&body.source, BodySource::Fixture(name) if fixture::is_of_type(name)))
}
