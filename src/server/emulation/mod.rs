//! Emulations: this server as vendors document their own API, with the data of their documents.
//!
//! An emulation is data (the resources of `suites/systems/<name>/resources/`), rewrites that make the server behave as the
//! document says, and mutants that break one documented rule each. Where it may forget a rule, it asks
//! `Shared::keeps`.

mod canvas;
mod cerner;
mod oracle_health;

use serde_json::{Value, json};

use crate::fhir::FhirVersion;
use crate::server::mutant::Mutant;
use crate::server::rewrite::{Answer, Asked, Rewrite, remove};

/// The emulations.
const ALL: &[&Emulation] = &[&oracle_health::EMULATION, &canvas::EMULATION, &cerner::EMULATION];

/// A server that behaves as one vendor documents its API.
#[derive(Debug)]
pub struct Emulation {
    /// The name of its folder in `suites/systems/`.
    pub name: &'static str,
    /// The release that it speaks.
    pub release: FhirVersion,
    /// What it stores at the start, as JSON; `meta` tells version and time.
    resources: &'static [&'static str],
    pub(super) rewrites: &'static [Rewrite],
    mutants: &'static [&'static [Mutant]],
}

impl Emulation {
    /// Every emulation.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        ALL.iter().copied()
    }

    /// The emulation of the system of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|emulation| emulation.name == name)
    }

    /// Its defects on purpose.
    pub fn mutants(&self) -> impl Iterator<Item = &'static Mutant> {
        self.mutants.iter().flat_map(|some| some.iter())
    }

    /// What it stores at the start.
    pub(super) fn resources(&self) -> impl Iterator<Item = Value> {
        self.resources.iter().filter_map(|text| serde_json::from_str(text).ok())
    }
}

/// Changes every resource of a type in an answer: the body itself, or the entries of a searchset.
fn each_resource(answer: &mut Answer, resource_type: &str, change: &dyn Fn(&mut Value)) {
    answer.edit(|body| {
        if body["resourceType"] == resource_type {
            change(body);
        } else if let Some(entries) = body.pointer_mut("/entry").and_then(Value::as_array_mut) {
            let resources = entries.iter_mut().filter_map(|entry| entry.get_mut("resource"));
            resources
                .filter(|resource| resource["resourceType"] == resource_type)
                .for_each(change);
        }
    });
}

/// Puts a resource into a Bundle, which no read is answered with.
fn into_bundle(resource: &mut Value) {
    *resource = json!({ "resourceType": "Bundle", "type": "collection", "entry": [{ "resource": resource.take() }] });
}

/// Claims nothing but these interactions and search parameters of one type, in JSON only.
fn claim_only(answer: &mut Answer, resource_type: &str, interactions: &[&str], parameters: &[&str], more: &Value) {
    answer.edit_resource("CapabilityStatement", |body| {
        // A part of the statement may be all that was asked for.
        if let Some(format) = body.get_mut("format") {
            *format = json!(["application/fhir+json", "json"]);
        }
        remove(body, "patchFormat");
        let Some(rest) = body.pointer_mut("/rest/0") else {
            return;
        };
        for element in [
            "interaction",
            "searchParam",
            "operation",
            "compartment",
            "documentation",
        ] {
            remove(rest, element);
        }
        let Some(resources) = rest.get_mut("resource").and_then(Value::as_array_mut) else {
            return;
        };
        resources.retain(|resource| resource["type"] == resource_type);
        for resource in resources {
            for element in [
                "versioning",
                "readHistory",
                "updateCreate",
                "conditionalCreate",
                "conditionalRead",
                "conditionalUpdate",
                "conditionalDelete",
                "searchInclude",
                "searchRevInclude",
                "operation",
            ] {
                remove(resource, element);
            }
            resource["interaction"] = interactions
                .iter()
                .map(|code| serde_json::json!({ "code": code }))
                .collect();
            if let Some(known) = resource.get_mut("searchParam").and_then(Value::as_array_mut) {
                known.retain(|one| parameters.iter().any(|name| one["name"] == *name));
                for (name, kind) in [("_id", "token"), ("_lastUpdated", "date")] {
                    if parameters.contains(&name) {
                        known.push(serde_json::json!({ "name": name, "type": kind }));
                    }
                }
            }
            if let (Some(members), Some(more)) = (resource.as_object_mut(), more.as_object()) {
                members.extend(more.clone());
            }
        }
    });
}

/// What is not documented is refused: another type 404, another method 405 with those that there are.
fn undocumented(asked: &Asked, resource_type: &str, methods: &str) -> Answer {
    let is_known = asked.resource_type().is_some_and(|asked| asked == resource_type);
    if is_known {
        let mut answer = Answer::refusal(405, "not-supported", "this API has no such interaction");
        answer.set("allow", methods);
        answer
    } else {
        Answer::refusal(404, "not-supported", "this API has no such resource")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::requirement::{Actor, Catalogue, Testable};

    #[test]
    fn names_are_unique_and_all_data_is_read() {
        let mut names = HashSet::new();
        for emulation in Emulation::all() {
            assert!(names.insert(emulation.name));
            assert_eq!(
                emulation.resources().count(),
                emulation.resources.len(),
                "{}",
                emulation.name
            );
            let mut mutants = HashSet::new();
            for mutant in emulation.mutants() {
                assert!(mutants.insert(mutant.name), "{} stands twice", mutant.name);
                let known = Catalogue::embedded().get(mutant.requirement());
                assert!(known.is_some(), "{} breaks no requirement", mutant.name);
            }
        }
    }

    #[test]
    fn every_testable_rule_has_a_mutant() {
        for emulation in Emulation::all() {
            let broken: HashSet<&str> = emulation.mutants().map(Mutant::requirement).collect();
            let groups: HashSet<&str> = broken.iter().filter_map(|id| id.split('.').next()).collect();
            let testable = Catalogue::embedded().iter().filter(|rule| {
                groups.contains(rule.id.group()) && rule.actor == Actor::Server && rule.testable != Testable::No
            });
            for rule in testable {
                assert!(broken.contains(rule.id.as_str()), "{} has no mutant", rule.id);
            }
        }
    }
}
