//! Variants: this server as other right servers are. Nothing that a variant does breaks a SHALL, so a suite that fails
//! one is wrong (`fhir-assay prove`).

mod answers;
mod claims;
mod headers;
mod identity;
mod refusals;
mod search;

use serde_json::Value;

use crate::fhir::FhirVersion;
use crate::server::rewrite::Rewrite;

/// The one Authorization header that the variant `credentials` lets in.
pub const KNOWN_AUTHORIZATION: &str = "Bearer known";
/// Of a token that was let in once and is no more.
pub const EXPIRED_AUTHORIZATION: &str = "Bearer expired";

/// The kinds of variants.
const KINDS: &[&[Variant]] = &[
    identity::ALL,
    claims::ALL,
    headers::ALL,
    answers::ALL,
    refusals::ALL,
    search::ALL,
];

/// One way of being right.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// What it is called.
    pub name: &'static str,
    /// What the server does otherwise, in a sentence.
    pub what: &'static str,
    /// The releases in which it may.
    pub releases: &'static [FhirVersion],
    /// The path of `[base]`, where it is another.
    pub base_path: Option<&'static str>,
    pub(super) rewrites: &'static [Rewrite],
}

impl Variant {
    /// Every variant.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        KINDS.iter().flat_map(|kind| kind.iter())
    }

    /// The variant of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|variant| variant.name == name)
    }

    const fn new(name: &'static str, what: &'static str, rewrites: &'static [Rewrite]) -> Self {
        Self {
            name,
            what,
            releases: &FhirVersion::HTTP,
            base_path: None,
            rewrites,
        }
    }

    /// Right in some releases only.
    const fn only(self, releases: &'static [FhirVersion]) -> Self {
        Self { releases, ..self }
    }

    /// Below another path.
    const fn below(self, path: &'static str) -> Self {
        Self {
            base_path: Some(path),
            ..self
        }
    }
}

/// Takes interactions out of what is claimed of a type or of the system. FHIR has no empty arrays, so that nothing stays of
/// what claimed no others.
fn unclaim(claims: &mut Value, codes: &[&str]) {
    let interactions = claims.pointer_mut("/interaction").and_then(Value::as_array_mut);
    let nothing_left = interactions.is_some_and(|interactions| {
        interactions.retain(|interaction| !codes.iter().any(|code| interaction["code"] == *code));
        interactions.is_empty()
    });
    if let (true, Some(claims)) = (nothing_left, claims.as_object_mut()) {
        claims.remove("interaction");
    }
}

/// Changes every object in a body, inner ones first.
fn each_object(value: &mut Value, change: &impl Fn(&mut serde_json::Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each_object(item, change)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| each_object(member, change));
            change(members);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn there_are_many_and_their_names_are_unique() {
        let names: HashSet<&str> = Variant::all().map(|variant| variant.name).collect();
        assert_eq!(names.len(), Variant::all().count());
        assert!(names.len() >= 20, "{}", names.len());
    }
}
