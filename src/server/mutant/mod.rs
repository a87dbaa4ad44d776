//! Mutants: this server with one defect on purpose, each of which breaks one rule.
//!
//! A suite that claims to test a rule has to see the defect (`fhir-assay prove`). The catalogue has a file for each
//! section of the specification; an entry is a name, a sentence, and a change of a few lines.

mod asynchronous;
mod batch;
mod capabilities;
mod conditional_create;
mod conditional_delete;
mod conditional_patch;
mod conditional_read;
mod conditional_update;
mod content_negotiation;
mod contention;
mod create;
mod delete;
mod delete_history;
mod format_parameter;
mod general;
mod head;
mod headers;
mod history;
mod history_parameters;
mod integrity;
mod paging;
mod patch;
mod patch_in_bundle;
mod read;
mod return_preference;
mod search;
mod search_post;
mod several_types;
mod summary;
mod transaction;
mod transaction_references;
mod transaction_response;
mod update;
mod url;
mod versioning;
mod vread;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::fhir::{FhirVersion, Interaction, OperationOutcome, ResourceType, Severity, xml};
use crate::server::BASE_PATH;
use crate::server::Shared;
use crate::server::emulation::Emulation;
use crate::server::policy::Policy;
use crate::server::rewrite::{Answer, Asked, Rewrite, Switch, found, meant};
use crate::server::store::Version;

/// The sections.
const SECTIONS: &[&[Mutant]] = &[
    general::ALL,
    url::ALL,
    versioning::ALL,
    capabilities::ALL,
    read::ALL,
    vread::ALL,
    conditional_read::ALL,
    create::ALL,
    update::ALL,
    contention::ALL,
    delete::ALL,
    delete_history::ALL,
    history::ALL,
    history_parameters::ALL,
    patch::ALL,
    patch_in_bundle::ALL,
    conditional_create::ALL,
    conditional_update::ALL,
    conditional_patch::ALL,
    conditional_delete::ALL,
    return_preference::ALL,
    content_negotiation::ALL,
    format_parameter::ALL,
    search::ALL,
    search_post::ALL,
    several_types::ALL,
    paging::ALL,
    head::ALL,
    headers::ALL,
    batch::ALL,
    transaction::ALL,
    transaction_references::ALL,
    transaction_response::ALL,
    integrity::ALL,
    asynchronous::ALL,
    summary::ALL,
];

/// One named defect.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// The requirement that it breaks; where several defects break it, a slash and a word after that.
    pub name: &'static str,
    /// What the server does wrong, in a sentence.
    pub what: &'static str,
    /// The releases in which it is a defect, as far as the catalogue has the requirement there.
    pub releases: &'static [FhirVersion],
    /// The variant that it is a defect of; without one, of the plain server.
    pub variant: Option<&'static str>,
    /// Where the server says that it is, where that is the defect.
    pub origin: Option<&'static str>,
    rewrite: Rewrite,
    also: Option<Rewrite>,
}

impl Mutant {
    /// Every mutant of the reference server, section by section.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        SECTIONS.iter().flat_map(|section| section.iter())
    }

    /// The mutant of that name, be it one of an emulation.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        let of_emulations = Emulation::all().flat_map(Emulation::mutants);
        Self::all().chain(of_emulations).find(|mutant| mutant.name == name)
    }

    /// The id of the requirement that it breaks.
    #[must_use]
    pub fn requirement(&self) -> &'static str {
        self.name
            .split_once('/')
            .map_or(self.name, |(requirement, _)| requirement)
    }

    /// What it changes.
    pub(super) fn rewrites(&self) -> impl Iterator<Item = Rewrite> {
        [Some(self.rewrite), self.also].into_iter().flatten()
    }

    /// Forgets a rule that it is named after: see `Shared::keeps`.
    pub(super) const fn forgets(name: &'static str, what: &'static str) -> Self {
        Self::new(name, what, Rewrite::Before(|_, _| {}))
    }

    /// Changes requests before the server sees them.
    pub(super) const fn before(name: &'static str, what: &'static str, change: fn(&Shared, &mut Asked)) -> Self {
        Self::new(name, what, Rewrite::Before(change))
    }

    /// Answers in the server's place.
    pub(super) const fn instead(
        name: &'static str,
        what: &'static str,
        answer: fn(&Shared, &Asked) -> Option<Answer>,
    ) -> Self {
        Self::new(name, what, Rewrite::Instead(answer))
    }

    /// Changes answers after the server has done its work.
    pub(super) const fn after(
        name: &'static str,
        what: &'static str,
        change: fn(&Shared, &Asked, &mut Answer),
    ) -> Self {
        Self::new(name, what, Rewrite::After(change))
    }

    /// Is asked for by the server itself.
    const fn switch(name: &'static str, what: &'static str, switch: Switch) -> Self {
        Self::new(name, what, Rewrite::Switch(switch))
    }

    const fn new(name: &'static str, what: &'static str, rewrite: Rewrite) -> Self {
        Self {
            name,
            what,
            releases: &FhirVersion::HTTP,
            variant: None,
            origin: None,
            rewrite,
            also: None,
        }
    }

    /// The same defect takes a second change.
    const fn also(self, rewrite: Rewrite) -> Self {
        Self {
            also: Some(rewrite),
            ..self
        }
    }

    /// The server is as it is, but at a place where it should not be; a server that really listens has its own.
    const fn at(name: &'static str, what: &'static str, origin: &'static str) -> Self {
        Self {
            origin: Some(origin),
            ..Self::new(name, what, Rewrite::Before(|_, _| {}))
        }
    }

    /// A defect in some releases only.
    const fn only(self, releases: &'static [FhirVersion]) -> Self {
        Self { releases, ..self }
    }

    /// A defect of a variant.
    const fn of_variant(self, variant: &'static str) -> Self {
        Self {
            variant: Some(variant),
            ..self
        }
    }
}

/// Interactions that are answered with one resource.
const OF_A_RESOURCE: [Interaction; 5] = [
    Interaction::Read,
    Interaction::Vread,
    Interaction::Create,
    Interaction::Update,
    Interaction::Patch,
];

/// Interactions that write one resource and may give it back.
const WRITES: [Interaction; 3] = [Interaction::Create, Interaction::Update, Interaction::Patch];

/// The versions of what a request addresses, oldest first.
fn versions(server: &Shared, asked: &Asked) -> Vec<Arc<Version>> {
    let found = asked
        .resource_type()
        .zip(asked.id())
        .and_then(|(resource_type, id)| server.store.history(&resource_type, &id));
    found.unwrap_or_default()
}

/// Leads a request to an instance of the type in its path.
fn lead_to(asked: &mut Asked, id: &str) {
    if let Some(resource_type) = asked.resource_type() {
        asked.set_target(&format!("{BASE_PATH}/{resource_type}/{id}"));
    }
}

/// Gives the body the id that it is to be stored under.
fn set_id(asked: &mut Asked, id: &str) {
    if let Some(mut body) = asked.json() {
        body["id"] = json!(id);
        asked.set_json(&body);
    }
}

/// Whether resources of the type in the path are not found by criteria on this server.
fn is_unconditional(server: &Shared, asked: &Asked) -> bool {
    let release = server.options.release;
    let resource_type = asked
        .resource_type()
        .and_then(|name| ResourceType::parse(release, &name));
    resource_type.is_some_and(|found| !Policy::of(found, release).conditional)
}

/// The current version of what a request addresses, which may be a deletion.
fn current(server: &Shared, asked: &Asked) -> Option<Arc<Version>> {
    versions(server, asked).pop()
}

/// The last content of what a request addresses, even if it is deleted.
fn last_content(server: &Shared, asked: &Asked) -> Option<Value> {
    let versions = versions(server, asked);
    let content = versions.iter().rev().find_map(|version| version.resource.as_deref());
    content.cloned()
}

/// An OperationOutcome that says that all is well.
fn all_is_well() -> Value {
    OperationOutcome::of(Severity::Information, "informational", "done".to_owned()).to_value()
}

/// A searchset without matches.
fn nothing_found() -> Value {
    json!({ "resourceType": "Bundle", "type": "searchset", "total": 0 })
}

/// Changes the request of each entry of a Bundle that was sent.
fn each_request(asked: &mut Asked, change: impl Fn(&mut Map<String, Value>)) {
    if let Some(mut bundle) = asked.json() {
        entries(&mut bundle)
            .filter_map(|entry| entry["request"].as_object_mut())
            .for_each(change);
        asked.set_json(&bundle);
    }
}

/// Changes every value in a resource, from the inside out.
fn each_value(value: &mut Value, change: &dyn Fn(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each_value(item, change)),
        Value::Object(members) => members.values_mut().for_each(|member| each_value(member, change)),
        _ => {}
    }
    change(value);
}

/// Puts the elements of a body in XML into a namespace of nobody.
fn in_another_namespace(answer: &mut Answer) {
    if answer.is_labelled_xml()
        && let Ok(text) = str::from_utf8(&answer.body)
    {
        answer.body = text.replacen(xml::NAMESPACE, "urn:example:fhir", 1).into();
    }
}

/// The entries of a Bundle.
fn entries(bundle: &mut Value) -> impl Iterator<Item = &mut Value> {
    bundle
        .pointer_mut("/entry")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// The relation and the URL of a Bundle's links.
fn links(bundle: &mut Value) -> impl Iterator<Item = &mut Value> {
    bundle
        .pointer_mut("/link")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::server::Variant;

    #[test]
    fn names_are_unique_and_variants_exist() {
        let mut names = HashSet::new();
        for mutant in Mutant::all() {
            assert!(names.insert(mutant.name), "{} stands twice", mutant.name);
            assert!(
                !mutant.what.is_empty() && !mutant.what.ends_with('.'),
                "{}",
                mutant.name
            );
            if let Some(variant) = mutant.variant {
                assert!(Variant::named(variant).is_some(), "{} is of no variant", mutant.name);
            }
        }
    }
}
