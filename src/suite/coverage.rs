//! Which cases test which requirement.

use std::sync::Arc;

use indexmap::IndexMap;

use super::id::CaseId;
use super::load::Suites;
use super::model::{Case, Suite};
use crate::requirement::RequirementId;
use crate::source::Site;

/// One case that cites a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    /// The full name of the case; one that is expanded over resource types stands for all of them.
    pub case: CaseId,
    /// What happens in it.
    pub title: String,
    /// Where it first cites the requirement.
    pub site: Site,
}

/// The cases of suites, by the requirements that they cite.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    citations: IndexMap<RequirementId, Vec<Citation>>,
}

impl Coverage {
    /// Collects the citations of suites.
    #[must_use]
    pub fn of(suites: &Suites) -> Self {
        let mut coverage = Self::default();
        for (suite, case) in suites.cases() {
            coverage.add(suite, case);
        }
        coverage
    }

    fn add(&mut self, suite: &Arc<Suite>, case: &Arc<Case>) {
        let id = CaseId::new(&suite.id.value, &case.id, None);
        for requirement in case.expectations().flat_map(|expectation| &expectation.requirements) {
            let citations = self.citations.entry(requirement.value.clone()).or_default();
            if citations.last().is_none_or(|last| last.case != id) {
                citations.push(Citation {
                    case: id.clone(),
                    title: case.title.to_string(),
                    site: suite.source.site(requirement.span),
                });
            }
        }
    }

    /// The cases that cite a requirement, in the order of the suites; none where nobody does.
    #[must_use]
    pub fn citing(&self, requirement: &str) -> &[Citation] {
        self.citations.get(requirement).map_or(&[], Vec::as_slice)
    }

    /// Every requirement that is cited, with its cases, in the order in which suites first cite them.
    pub fn iter(&self) -> impl Iterator<Item = (&RequirementId, &[Citation])> {
        self.citations.iter().map(|(id, citations)| (id, citations.as_slice()))
    }

    /// How many requirements are cited.
    #[must_use]
    pub fn len(&self) -> usize {
        self.citations.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.citations.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::suite::parse::{FixtureFault, FixtureSource, parse};

    struct None;

    impl FixtureSource for None {
        fn fixture(&self, _: &SourceFile, _: &str) -> Result<Arc<serde_json::Value>, FixtureFault> {
            Err(FixtureFault::Unreadable("no fixtures here".into()))
        }
    }

    #[test]
    fn each_case_is_named_once() {
        let text = "suite: a.b\ntitle: t\nfhir: R4\ncases:\n  - id: one\n    title: t\n    steps:\n      \
            - read: Patient/1\n        expect: [{ requirement: [read.etag, read.unknown-404], status: 404 }]\n      \
            - read: Patient/2\n        expect: [{ requirement: read.etag, status: 200 }]\n";
        let parsed = parse(
            &Arc::new(SourceFile::new("a.yaml", text)),
            &None,
            crate::requirement::Catalogue::embedded(),
        );
        let suites: Suites = parsed.suite.into_iter().collect();
        let coverage = Coverage::of(&suites);
        assert_eq!(coverage.len(), 2);
        let [citation] = coverage.citing("read.etag") else {
            panic!("{:?}", coverage.citing("read.etag"))
        };
        assert_eq!((citation.case.as_str(), citation.site.line), ("a.b::one", 9));
        assert!(coverage.citing("read.last-modified").is_empty());
    }
}
