//! References: what they may point at, what they do point at inside the body, and the names that entries and contained
//! resources have (`references.html`, `bundle.html#references`).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::scope::{Entries, Scope};
use super::violation::{RuleKind, UncheckedKind};
use super::walk::Walk;
use crate::fhir::fhirpath::direct::{Form, Node, Resolve as _, Shape};
use crate::fhir::reference::Reference;

const REFERENCES: &str = "https://hl7.org/fhir/references.html#Reference";
const CONTAINED: &str = "https://hl7.org/fhir/references.html#contained";
const ENTRIES: &str = "https://hl7.org/fhir/bundle.html#bundle-unique";
const BASE_PROFILE: &str = "http://hl7.org/fhir/StructureDefinition/";

/// Judges a reference: that its target is of a type that the element allows.
pub(super) fn judge<'a>(walk: &mut Walk<'a>, form: &'static Form, node: Node<'a>, scope: &Scope<'a>) {
    let Some(object) = node.value.and_then(Value::as_object) else {
        return;
    };
    // A CodeableReference holds its reference inside; the targets belong to the element around.
    let inner = match form.of.name {
        "CodeableReference" => object.get("reference").and_then(Value::as_object),
        _ => Some(object),
    };
    let Some(reference) = inner else { return };
    let text = reference.get("reference").and_then(Value::as_str);
    let resolved = text.and_then(|text| scope.resolve(text));
    let targets: Vec<&str> = form.of.targets.split(',').filter(|target| !target.is_empty()).collect();
    let told = reference.get("type").and_then(Value::as_str);
    let told = told.map(|told| told.strip_prefix(BASE_PROFILE).unwrap_or(told));
    let written = text.and_then(Reference::parse).map(|literal| literal.resource_type);
    let is_type = |name: &&str| Shape::find(walk.release, name).is_some();
    let actual = resolved.and_then(|resource| resource["resourceType"].as_str());
    let known = actual.or(written).filter(is_type);
    if let Some(found) = known.or(told.filter(is_type))
        && !targets.is_empty()
        && !allows(walk, &targets, found)
    {
        let message = format!(
            "this reference may point at {}, found one to {}",
            either(&targets),
            with_article(found)
        );
        let name = if text.is_some() { "reference" } else { "type" };
        report(walk, form, name, message, text.or(told));
    } else if let (Some(known), Some(told)) = (known, told.filter(is_type))
        && !Shape::named(walk.release, known).is_a(told)
    {
        let message = format!(
            "`type` says {told}, but the reference points at {}",
            with_article(known)
        );
        report(walk, form, "type", message, Some(told));
    }
    if let (Some(text), None) = (text, resolved) {
        unresolved(walk, text, scope);
    }
}

fn report(walk: &mut Walk<'_>, form: &Form, name: &'static str, message: String, found: Option<&str>) {
    let found = found.map(str::to_owned);
    if form.of.name == "CodeableReference" {
        walk.at_property("reference", |walk| {
            walk.report_below(name, RuleKind::Reference, REFERENCES, message, found)
        });
    } else {
        walk.report_below(name, RuleKind::Reference, REFERENCES, message, found);
    }
}

fn unresolved(walk: &mut Walk<'_>, text: &str, scope: &Scope<'_>) {
    let kind = if text.starts_with('#') {
        // ref-1 asks for it.
        return;
    } else if text.starts_with("urn:uuid:") || text.starts_with("urn:oid:") {
        if scope.is_in_bundle() {
            "urn: references that no entry of the Bundle answers"
        } else {
            "urn: references"
        }
    } else if text.contains("://") {
        "absolute references"
    } else {
        "relative references"
    };
    walk.leave(
        UncheckedKind::Reference,
        kind,
        // The text is left out, so that many of a kind are one sentence.
        "they lead out of the body; whether what they name is there was not looked at".to_owned(),
    );
}

fn allows(walk: &Walk<'_>, targets: &[&str], found: &str) -> bool {
    let shape = Shape::named(walk.release, found);
    // A target that is no type of the release is a profile, or anything.
    targets
        .iter()
        .any(|target| shape.is_a(target) || Shape::find(walk.release, target).is_none())
}

fn either(targets: &[&str]) -> String {
    match targets {
        [only] => with_article(only),
        _ => format!("one of {}", targets.join(", ")),
    }
}

fn with_article(name: &str) -> String {
    let article = if name.starts_with(['A', 'E', 'I', 'O', 'U']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {name}")
}

/// Notes a profile that the resource claims and that nobody looks at.
pub(super) fn judge_profile(walk: &mut Walk<'_>, value: &Value, scope: &Scope<'_>) {
    let Some(profile) = value.as_str() else { return };
    let url = profile.split('|').next().unwrap_or(profile);
    let own = scope
        .resource
        .value
        .and_then(|resource| resource["resourceType"].as_str());
    if url.strip_prefix(BASE_PROFILE).is_none_or(|name| Some(name) != own) {
        walk.leave(UncheckedKind::Profile, profile, "the profile is not loaded".to_owned());
    }
}

/// Judges what a resource as a whole asks of the names inside it.
pub(super) fn judge_resource<'a>(
    walk: &mut Walk<'a>,
    node: Node<'a>,
    scope: &Scope<'a>,
    entries: Option<&Entries<'a>>,
) {
    let Some(object) = node.value.and_then(Value::as_object) else {
        return;
    };
    let is_container = scope
        .root
        .value
        .is_some_and(|root| node.value.is_some_and(|own| std::ptr::eq(own, root)));
    if is_container && let Some(contained) = object.get("contained").and_then(Value::as_array) {
        let mut seen = HashSet::new();
        for (index, resource) in contained.iter().enumerate() {
            let id = resource.get("id").and_then(Value::as_str);
            if let Some(id) = id.filter(|id| !seen.insert(*id)) {
                walk.at_item("contained", index, |walk| {
                    let message =
                        format!("another contained resource has the id `{id}` already: a reference to it finds two");
                    walk.report_below("id", RuleKind::Reference, CONTAINED, message, Some(id.to_owned()));
                });
            }
        }
    }
    if entries.is_some() {
        let all = object.get("entry").and_then(Value::as_array);
        for (index, entry) in all.into_iter().flatten().enumerate() {
            if let Some(problem) = entry.as_object().and_then(full_url) {
                walk.at_item("entry", index, |walk| {
                    let found = entry["fullUrl"].as_str().map(str::to_owned);
                    walk.report_below("fullUrl", RuleKind::Bundle, ENTRIES, problem, found);
                });
            }
        }
    }
}

/// What is wrong with an entry's fullUrl: it must agree with the id of the resource, unless it is a `urn:`
/// (`bundle-definitions.html#Bundle.entry.fullUrl`).
fn full_url(entry: &Map<String, Value>) -> Option<String> {
    let url = entry.get("fullUrl")?.as_str()?;
    let resource = entry.get("resource")?;
    let literal = Reference::parse(url).filter(|literal| literal.base.is_some())?;
    let (name, id) = (resource.get("resourceType")?.as_str()?, resource.get("id")?.as_str()?);
    (literal.resource_type != name || literal.id != id).then(|| {
        format!(
            "fullUrl names {}/{}, but the resource is {name}/{id}",
            literal.resource_type, literal.id
        )
    })
}
