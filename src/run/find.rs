//! Given variables that nobody gave: each is looked for once, before the cases run.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::world::World;
use super::{Sender, render};
use crate::check::{self, Context, Reading};
use crate::plan::PlannedCase;
use crate::suite::given::Find;
use crate::suite::{Given, GivenVariable, Variables};
use crate::transport::{Stage, TransportError};
use crate::verdict::{Reason, ReasonKind};

/// What became of the search.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What was found.
    pub values: Given,
    /// The URLs after the base where it was found.
    places: IndexMap<String, String>,
    /// Why something was not found.
    missing: HashMap<String, Reason>,
}

impl Found {
    /// Why a case cannot be run; `None` where it can.
    pub fn missing_for(&self, planned: &PlannedCase) -> Option<Reason> {
        let names = planned.given.iter().map(|given| &given.name.value);
        names.filter_map(|name| self.missing.get(name)).next().cloned()
    }

    /// What reports tell of it.
    pub fn told(&self) -> impl Iterator<Item = (String, String)> {
        self.values.told().map(|(name, value)| {
            let place = self.places.get(name).map(String::as_str).unwrap_or_default();
            (format!("var {name}"), format!("{value} (found by GET {place})"))
        })
    }
}

/// Looks for what cases need and nobody gave.
pub(super) async fn find(world: &World<'_>, cases: &[PlannedCase]) -> Found {
    let mut found = Found::default();
    let mut tried = HashSet::new();
    let ids = world.request_ids.then(|| format!("{}-find00", world.tag));
    let sender = Sender::new(world.transport, None, ids);
    sender.begin(Stage::Find, 0);
    let mut variables = Variables::default();
    variables.set("base", &*world.target.base);
    variables.set("run.tag", world.tag.as_str());
    variables.set("fhir.version", world.target.release.major_minor());
    for planned in cases.iter().filter(|case| case.left_out.is_none()) {
        for given in &planned.given {
            let name = given.name.value.as_str();
            if let Some(value) = world.given.get(name) {
                if variables.get(name).is_none() {
                    variables.give(given, value);
                }
                continue;
            }
            // Two suites may find one thing in two ways: the second is tried where the first found nothing.
            let Some(find) = &given.find else { continue };
            if found.values.has(name) || !tried.insert(Arc::as_ptr(given)) {
                continue;
            }
            match one(world, &sender, planned, given, find, &variables).await {
                Ok((value, place)) => {
                    variables.give(given, &value);
                    found.missing.remove(name);
                    if given.secret {
                        found.values.set_secret(name, value);
                    } else {
                        found.values.set(name, value);
                    }
                    found.places.insert(name.to_owned(), place);
                }
                Err(reason) => {
                    found.missing.insert(name.to_owned(), reason);
                }
            }
        }
    }
    found
}

/// One value, and the URL after the base where it was found.
async fn one(
    world: &World<'_>,
    sender: &Sender<'_>,
    planned: &PlannedCase,
    given: &GivenVariable,
    find: &Find,
    variables: &Variables,
) -> Result<(Value, String), Reason> {
    let base = &*world.target.base;
    let name = &given.name.value;
    let because = |kind, why: String| Reason {
        kind,
        text: format!(
            "`{name}` was not given, and {why}; give it by {} ({})",
            given.hint(),
            given.title
        ),
    };
    let request = render::get(&find.get.value, variables, base, world.target.release)
        .map(|mut request| {
            for (name, value) in world.system.iter().flat_map(|system| &system.headers) {
                if !name.eq_ignore_ascii_case("content-type") {
                    request.headers.remove(name);
                    request.headers.push(name, value.as_str());
                }
            }
            request
        })
        .map_err(|missing| because(ReasonKind::NotGiven, format!("could not be looked for: {missing}")))?;
    let place = request.url.strip_prefix(base).unwrap_or(&request.url);
    let place = place.trim_start_matches('/').to_owned();
    if let Some(reason) = world.stop.reason() {
        return Err(because(ReasonKind::Stopped, reason));
    }
    let exchange = match sender.perform(&request).await {
        Ok(exchange) => exchange,
        Err(error) => {
            world.check_outage(&error, sender).await;
            let kind = match world.stop.reason() {
                Some(_) => ReasonKind::Stopped,
                None if matches!(error, TransportError::NotShown(_)) => ReasonKind::Unrecorded,
                None => ReasonKind::Transport,
            };
            return Err(because(kind, format!("GET {place}: {error}")));
        }
    };
    let status = exchange.response.status;
    let answered = || format!("GET {place}, which should find it, was answered {status}");
    match status {
        200..300 => {}
        _ if check::beside_the_rule(status).is_some() => return Err(because(ReasonKind::Unjudged, answered())),
        _ => return Err(because(ReasonKind::NotGiven, answered())),
    }
    let reading = Reading::new(&exchange, world.target.release);
    let cx = Context {
        release: world.target.release,
        catalogue: world.catalogue,
        case: &planned.case,
        variables,
        base,
        profiles: &world.profiles,
        deviations: &[],
    };
    let nothing = || because(ReasonKind::NotGiven, format!("GET {place} found none"));
    if reading.resource().is_none() {
        return Err(nothing());
    }
    let values = check::evaluate(&find.value, Some(&reading), &cx)
        .map_err(|why| because(ReasonKind::Setup, format!("its `find` cannot be evaluated: {why}")))?;
    let value = values.into_iter().next().ok_or_else(nothing)?;
    given.holds.check(&value).map_err(|should| {
        let text = format!("what GET {place} found has to be {should}");
        because(ReasonKind::NotGiven, text)
    })?;
    Ok((value, place))
}
