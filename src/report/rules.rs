//! What a report can say of a requirement by its id.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::HashMap;

use crate::fhir::FhirVersion;
use crate::requirement::{Basis, Catalogue};
use crate::verdict::RunResult;

/// The rules that findings cite, by id.
#[derive(Debug)]
pub struct Rules<'a> {
    release: Option<FhirVersion>,
    /// Looked up at the first finding only: most runs find little.
    texts: LazyCell<Texts<'a>, Box<dyn FnOnce() -> Texts<'a> + 'a>>,
}

type Texts<'a> = HashMap<&'a str, RuleText<'a>>;

/// One rule, as a reader needs it.
#[derive(Debug)]
pub(super) struct RuleText<'a> {
    pub basis: Basis,
    pub statement: &'a str,
    pub url: Cow<'a, str>,
}

impl Default for Rules<'_> {
    fn default() -> Self {
        Self {
            release: None,
            texts: LazyCell::new(Box::new(HashMap::new)),
        }
    }
}

impl<'a> Rules<'a> {
    /// The rules that a result tells of.
    #[must_use]
    pub fn of_result(result: &'a RunResult) -> Self {
        let texts = result.requirements.iter().map(|rule| {
            let text = RuleText {
                basis: rule.basis,
                statement: &rule.statement,
                url: Cow::Borrowed(&rule.url),
            };
            (rule.id.as_str(), text)
        });
        Self {
            release: Some(result.target.release),
            texts: LazyCell::new(Box::new(|| texts.collect())),
        }
    }

    /// The rules of a catalogue, as they stand in a release: for a console that cannot wait for the result.
    #[must_use]
    pub fn of_catalogue(catalogue: &'a Catalogue, release: FhirVersion) -> Self {
        let texts = catalogue.iter().map(move |rule| {
            let text = RuleText {
                basis: rule.basis,
                statement: &rule.statement,
                url: Cow::Owned(rule.url(release)),
            };
            (rule.id.as_str(), text)
        });
        Self {
            release: Some(release),
            texts: LazyCell::new(Box::new(|| texts.collect())),
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&RuleText<'a>> {
        self.texts.get(id)
    }

    /// `R4 http.html#concurrency`, or the whole address of a rule that stands elsewhere.
    pub(super) fn place<'t>(&self, text: &'t RuleText<'_>) -> Cow<'t, str> {
        let release = self.release.filter(|release| text.url.starts_with(release.spec_base()));
        match release {
            Some(release) => {
                let page = text.url[release.spec_base().len()..].trim_start_matches('/');
                Cow::Owned(format!("{release} {page}"))
            }
            None => Cow::Borrowed(&text.url),
        }
    }
}

impl RuleText<'_> {
    /// Why the level is our reading, where it is no word of the text.
    pub(super) const fn reading(&self) -> Option<&'static str> {
        reading(self.basis)
    }
}

/// Why the level of a rule on this basis is our reading, where it is no word of the text.
pub(super) const fn reading(basis: Basis) -> Option<&'static str> {
    match basis {
        Basis::Keyword => None,
        Basis::Lowercase => Some("the page writes this verb in lower case; that it binds is our reading"),
        Basis::Descriptive => Some("the page describes this without a conformance verb; the level is our reading"),
        Basis::Table => Some("only the page's summary tables say this; the level is our reading"),
        Basis::Documented => Some("the vendor's documentation describes this; the level is our reading"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_named_by_its_page() {
        let rules = Rules::of_catalogue(Catalogue::embedded(), FhirVersion::R4);
        let rule = rules.get("contention.version-id-valid").unwrap();
        assert_eq!(rules.place(rule), "R4 http.html#concurrency");
        assert!(rule.reading().unwrap().contains("without a conformance verb"));
        assert_eq!(rules.get("contention.etag-returned").unwrap().reading(), None);
    }
}
