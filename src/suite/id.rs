//! Names of suites and cases.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a suite, such as `http.update`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SuiteId(Arc<str>);

impl SuiteId {
    /// Whether a text may name a suite: words of lower-case letters, digits and dashes, joined by dots.
    #[must_use]
    pub fn is_valid(text: &str) -> bool {
        text.split('.').all(is_word)
    }

    /// The name of a text that was found valid.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SuiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The full name of a case: `suite::id`, and `suite::id[Type]` where the case was expanded over resource types.
///
/// It is what filters, shards, baselines and reports go by, so it never depends on the place of a case in its file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CaseId(Arc<str>);

impl CaseId {
    /// Whether a text may be the `id` of a case: a word of lower-case letters, digits and dashes.
    #[must_use]
    pub fn is_valid(text: &str) -> bool {
        is_word(text)
    }

    /// The full name of a case of a suite, expanded for a resource type or not.
    #[must_use]
    pub fn new(suite: &SuiteId, case: &str, resource_type: Option<&str>) -> Self {
        Self(match resource_type {
            Some(resource_type) => format!("{suite}::{case}[{resource_type}]").into(),
            None => format!("{suite}::{case}").into(),
        })
    }

    /// The case of a full name that was read somewhere; whether there is such a case is not looked at.
    #[must_use]
    pub fn of_full_name(name: &str) -> Self {
        Self(name.into())
    }

    /// The name without the resource type that it was expanded for: `http.read::gone` of `http.read::gone[Patient]`.
    #[must_use]
    pub fn stem(&self) -> &str {
        self.0.split_once('[').map_or(&*self.0, |(stem, _)| stem)
    }

    /// The name of its suite.
    #[must_use]
    pub fn suite(&self) -> &str {
        self.0.split_once("::").map_or("", |(suite, _)| suite)
    }

    /// The full name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without its suite.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.split_once("::").map_or(&*self.0, |(_, short)| short)
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words() {
        assert!(SuiteId::is_valid("http.conditional-read"));
        for text in ["", "http.", "Http", "a b", "-a", "a_b"] {
            assert!(!SuiteId::is_valid(text), "{text}");
        }
        let id = CaseId::new(&SuiteId::new("http.read"), "gone", Some("Patient"));
        assert_eq!(id.to_string(), "http.read::gone[Patient]");
        assert_eq!(id.short(), "gone[Patient]");
    }
}
