//! Resources that come along with the matches: `_include` and `_revinclude` (`search.html#include`).

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::extract;
use super::matching::local;
use super::parameters::Definition;
use crate::fhir::{FhirVersion, ResourceType, SearchParameterType};
use crate::server::Shared;
use crate::server::store::Version;

/// One `_include` or `_revinclude`.
#[derive(Debug)]
pub(super) struct Include {
    /// Whether the wanted ones refer to the matches, and not the other way round.
    reverse: bool,
    /// Whether what came along counts as a match for it.
    iterate: bool,
    /// The type whose references are followed; none for every type.
    source: Option<ResourceType>,
    /// The parameter whose references are followed; none for every one.
    parameter: Option<&'static Definition>,
    /// The type that they have to lead to.
    target: Option<ResourceType>,
}

/// What came along.
#[derive(Debug, Default)]
pub(super) struct Included {
    pub resources: Vec<(String, Arc<Version>)>,
    /// Whether there was more than this server sends at once.
    pub is_cut: bool,
}

/// Type and id.
type Named = (String, String);

impl Include {
    /// Whether the name of a parameter is one of these.
    pub fn is_named(name: &str) -> bool {
        let (bare, modifier) = name.split_once(':').unwrap_or((name, "iterate"));
        matches!(bare, "_include" | "_revinclude") && modifier == "iterate"
    }

    /// Reads `Type:parameter`, `Type:parameter:Target`, `Type:*` or `*`; `None` for references that are not known here.
    pub fn parse(name: &str, value: &str, release: FhirVersion) -> Option<Self> {
        let mut include = Self {
            reverse: name.starts_with("_revinclude"),
            iterate: name.ends_with(":iterate"),
            source: None,
            parameter: None,
            target: None,
        };
        let mut parts = value.split(':');
        let source = parts.next()?;
        if source == "*" {
            return parts.next().is_none().then_some(include);
        }
        let source = ResourceType::parse(release, source)?;
        include.source = Some(source);
        let parameter = parts.next()?;
        if parameter != "*" {
            let found = Definition::find(release, source.name(), parameter);
            include.parameter = Some(found.filter(|found| found.kind == SearchParameterType::Reference)?);
        }
        if let Some(target) = parts.next() {
            include.target = Some(ResourceType::parse(release, target)?);
        }
        parts.next().is_none().then_some(include)
    }

    /// What a resource refers to, as far as this wants it.
    fn references(&self, resource: &Value, base: &str, release: FhirVersion) -> Vec<Named> {
        let resource_type = resource["resourceType"].as_str().unwrap_or_default();
        if self.source.is_some_and(|source| source.name() != resource_type) {
            return Vec::new();
        }
        let known = Definition::of_type(release, resource_type).iter();
        let wanted = known.filter(|definition| {
            definition.kind == SearchParameterType::Reference
                && self.parameter.is_none_or(|parameter| parameter.name == definition.name)
        });
        let values = wanted.flat_map(|definition| extract::values(definition, resource));
        let literals = values.filter_map(|value| local(value, base));
        let fitting =
            literals.filter(|literal| self.target.is_none_or(|target| target.name() == literal.resource_type));
        fitting
            .map(|literal| (literal.resource_type.to_owned(), literal.id.to_owned()))
            .collect()
    }
}

/// Finds what comes along with the matches of a page, as it was after a write. Nothing comes twice.
pub(super) fn include(
    shared: &Shared,
    includes: &[Include],
    matches: &[Arc<Version>],
    base: &str,
    write: u64,
) -> Included {
    let release = shared.options.release;
    let mut included = Included::default();
    let mut seen: HashSet<Named> = matches.iter().filter_map(named).collect();
    let mut edge: Vec<Arc<Version>> = matches.to_vec();
    let mut is_first = true;
    while !edge.is_empty() {
        let mut found: Vec<(String, Arc<Version>)> = Vec::new();
        for include in includes.iter().filter(|include| is_first || include.iterate) {
            let candidates = if include.reverse {
                referring(shared, include, &edge, base, write)
            } else {
                let resources = edge.iter().filter_map(|version| version.resource.as_deref());
                let names = resources.flat_map(|resource| include.references(resource, base, release));
                let present = names.filter_map(|(name, id)| Some((shared.store.at(&name, &id, write)?, name)));
                present.map(|(version, name)| (name, version)).collect()
            };
            for (name, version) in candidates {
                if version.resource.is_some() && seen.insert((name.clone(), version.id.clone())) {
                    found.push((name, version));
                }
            }
        }
        is_first = false;
        edge = found.iter().map(|(_, version)| version.clone()).collect();
        included.resources.append(&mut found);
        if included.resources.len() > shared.options.page_limit {
            included.resources.truncate(shared.options.page_limit);
            included.is_cut = true;
            break;
        }
    }
    included
}

/// The resources that refer to one of these.
fn referring(
    shared: &Shared,
    include: &Include,
    edge: &[Arc<Version>],
    base: &str,
    write: u64,
) -> Vec<(String, Arc<Version>)> {
    let release = shared.options.release;
    let wanted: HashSet<Named> = edge.iter().filter_map(named).collect();
    let all = ResourceType::all(release).iter().copied();
    let sources = all.filter(|one| include.source.is_none_or(|source| source == *one));
    let mut found = Vec::new();
    for source in sources.filter(|source| !Definition::of_type(release, source.name()).is_empty()) {
        for version in shared.store.snapshot(source.name(), Some(write)).1 {
            let resource = version.resource.as_deref();
            let references = resource.map(|resource| include.references(resource, base, release));
            if references.into_iter().flatten().any(|name| wanted.contains(&name)) {
                found.push((source.name().to_owned(), version));
            }
        }
    }
    found
}

fn named(version: &Arc<Version>) -> Option<Named> {
    let resource = version.resource.as_deref()?;
    Some((resource["resourceType"].as_str()?.to_owned(), version.id.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_references_that_are_known_are_followed() {
        let parse = |name: &str, value: &str| Include::parse(name, value, FhirVersion::R4);
        for known in [
            "*",
            "Observation:*",
            "Observation:subject",
            "Observation:subject:Patient",
        ] {
            assert!(parse("_include", known).is_some(), "{known}");
        }
        for unknown in [
            "",
            "*:subject",
            "Nonsense:subject",
            "Observation",
            "Observation:status",
            "Observation:none",
            "Observation:subject:Nonsense",
            "Observation:subject:Patient:x",
        ] {
            assert!(parse("_revinclude", unknown).is_none(), "{unknown}");
        }
        for (name, expected) in [
            ("_include", true),
            ("_revinclude:iterate", true),
            ("_include:missing", false),
            ("_included", false),
        ] {
            assert_eq!(Include::is_named(name), expected, "{name}");
        }
    }
}
