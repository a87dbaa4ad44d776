//! Variants: this server as other right servers are. Nothing that a variant does breaks a rule, so a suite that fails
//! one is wrong (`fhir-assay prove`).

mod headers;
mod identity;

use crate::server::rewrite::Rewrite;

/// The kinds of variants.
const KINDS: &[&[Variant]] = &[identity::ALL, headers::ALL];

/// One way of being right.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// What it is called.
    pub name: &'static str,
    /// What the server does otherwise, in a sentence, and why it may.
    pub what: &'static str,
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
        Self { name, what, rewrites }
    }
}
