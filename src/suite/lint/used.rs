//! The names that a case mentions.

use std::collections::HashSet;

use super::scope::{FixtureVariables, Mention, Written, mentions};
use super::walk::{self, Part};
use crate::suite::fixture;
use crate::suite::model::{Case, Suite};
use crate::suite::template::Template;
use crate::suite::variables::fhirpath_name;

/// The names that were mentioned, as they are written.
#[derive(Default)]
pub struct Used {
    in_text: HashSet<String>,
    in_fhirpath: HashSet<String>,
}

impl Used {
    /// What a case mentions in its steps, and in all its text constants.
    pub(super) fn in_case<'s>(
        suite: &'s Suite,
        case: &'s Case,
        fixtures: &FixtureVariables<'_>,
        fixtures_used: &mut HashSet<&'s str>,
    ) -> Self {
        let mut used = Self::default();
        for value in case.variables.values() {
            used.add_template(&value.value);
        }
        used.add_steps(suite, case, fixtures, fixtures_used);
        used
    }

    /// What a case mentions in its steps, and where it says what they need.
    pub fn of_steps(suite: &Suite, case: &Case) -> Self {
        let mut used = Self::default();
        used.add_steps(suite, case, &FixtureVariables::of(suite), &mut HashSet::new());
        for (name, _) in case.needs.resources.iter().filter(|(name, _)| name.contains("${")) {
            if let Ok(template) = Template::parse(name) {
                used.add_template(&template);
            }
        }
        used
    }

    fn add_steps<'s>(
        &mut self,
        suite: &'s Suite,
        case: &'s Case,
        fixtures: &FixtureVariables<'_>,
        fixtures_used: &mut HashSet<&'s str>,
    ) {
        let mut note = |mention: Mention<'_>| {
            let names = match mention.written {
                Written::Path => &mut self.in_fhirpath,
                Written::Text | Written::Resource => &mut self.in_text,
            };
            names.insert(mention.name.into_owned());
        };
        for step in walk::steps(case) {
            walk::all(step, &mut |part| {
                if let Part::Fixture(name) = part {
                    fixtures_used.extend(fixture::meant(name, &suite.fixtures));
                }
                mentions(part, &suite.source, fixtures, &mut note);
            });
        }
    }

    /// What a text mentions.
    pub fn add_template(&mut self, template: &Template) {
        self.in_text.extend(template.variables().map(str::to_owned));
    }

    /// Whether a name was mentioned.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.in_text.contains(name) || self.in_fhirpath.contains(&*fhirpath_name(name))
    }
}
