//! Which variables a step may speak of.

use std::borrow::Cow;
use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::Value;

use super::lexer;
use super::walk::{self, Part};
use crate::source::{SourceFile, Span};
use crate::suite::fixture;
use crate::suite::given::Holds;
use crate::suite::model::{Case, Fixture, Repetition, Step, Suite, Types};
use crate::suite::template::Template;
use crate::suite::variables::fhirpath_name;

/// Built-in variables that exist in every step.
const ALWAYS: [&str; 5] = ["run.tag", "case.tag", "case.uuid", "base", "fhir.version"];
/// Built-in variables of cases that are expanded over resource types.
pub const OF_TYPES: [&str; 2] = ["type", "fixture.type"];
/// The built-in variable of loops.
pub const OF_LOOPS: &str = "n";

/// How a variable is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// `${x}`
    Text,
    /// `%x`
    Path,
    /// `captured: x`
    Resource,
}

/// A mention of a variable.
pub struct Mention<'s> {
    /// The name as it is written; in FHIRPath with dashes for dots.
    pub name: Cow<'s, str>,
    /// Where.
    pub span: Span,
    /// How.
    pub written: Written,
}

/// The names of the variables that a fixture's strings hold, by fixture.
pub struct FixtureVariables<'s> {
    names: HashMap<&'s str, Vec<String>>,
    fixtures: &'s IndexMap<String, Fixture>,
}

impl<'s> FixtureVariables<'s> {
    /// Looks through the fixtures of a suite.
    pub fn of(suite: &'s Suite) -> Self {
        let with_names = |(name, fixture): (&'s String, &'s Fixture)| {
            let mut names = Vec::new();
            walk::texts(&fixture.body, &mut |text| {
                if let Ok(template) = Template::parse(text) {
                    names.extend(template.variables().map(str::to_owned));
                }
            });
            (name.as_str(), names)
        };
        Self {
            names: suite.fixtures.iter().map(with_names).collect(),
            fixtures: &suite.fixtures,
        }
    }

    fn get<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a String> {
        let meant = fixture::meant(name, self.fixtures).into_iter();
        meant.filter_map(|name| self.names.get(name)).flatten()
    }
}

fn in_data<'m>(value: &Value, near: Span, file: &SourceFile, see: &mut dyn FnMut(Mention<'m>)) {
    walk::texts(value, &mut |text| {
        let Ok(template) = Template::parse(text) else { return };
        for name in template.variables() {
            see(text_mention(Cow::Owned(name.to_owned()), near, file));
        }
    });
}

/// Every variable that a part speaks of.
pub fn mentions<'s>(
    part: Part<'s>,
    file: &SourceFile,
    fixtures: &FixtureVariables<'_>,
    see: &mut dyn FnMut(Mention<'s>),
) {
    match part {
        Part::Text(template, near) => {
            for name in template.variables() {
                see(text_mention(Cow::Borrowed(name), near, file));
            }
        }
        Part::Data(value, near) => in_data(value, near, file, see),
        Part::Json(text, near) if text.as_str().contains("${") => in_data(&text.value(), near, file, see),
        Part::Json(..) => {}
        Part::Path(path) => {
            let written = file.slice(path.text.span);
            let offset = written.find(path.text.value.as_str());
            for (name, range) in lexer::variables(&path.text) {
                let span = match offset {
                    Some(offset) => {
                        let start = path.text.span.start as usize + offset;
                        Span::new(start + range.start..start + range.end)
                    }
                    None => path.text.span,
                };
                see(Mention {
                    name: Cow::Borrowed(name),
                    span,
                    written: Written::Path,
                });
            }
        }
        Part::Fixture(name) => {
            for variable in fixtures.get(name) {
                see(Mention {
                    name: Cow::Owned(variable.clone()),
                    span: name.span,
                    written: Written::Text,
                });
            }
        }
        Part::Captured(name) => see(Mention {
            name: Cow::Borrowed(&name.value),
            span: name.span,
            written: Written::Resource,
        }),
    }
}

/// A mention in text: its span is where `${name}` first stands inside of what is around it.
fn text_mention<'s>(name: Cow<'s, str>, near: Span, file: &SourceFile) -> Mention<'s> {
    let wanted = format!("${{{name}}}");
    let span = match file.slice(near).find(&wanted) {
        Some(offset) => {
            let start = near.start as usize + offset;
            Span::new(start..start + wanted.len())
        }
        None => near,
    };
    Mention {
        name,
        span,
        written: Written::Text,
    }
}

/// The names that are known at a point of a case.
///
/// They are few, and every case of every suite has its own: a list is cheaper than a set.
pub struct Scope<'s> {
    names: Vec<&'s str>,
}

impl<'s> Scope<'s> {
    /// What is known before the first step.
    pub fn of(case: &'s Case) -> Self {
        let mut scope = Self {
            names: Vec::with_capacity(ALWAYS.len() + OF_TYPES.len() + case.variables.len()),
        };
        ALWAYS.iter().for_each(|name| scope.add(name));
        if case.types != Types::One {
            OF_TYPES.iter().for_each(|name| scope.add(name));
        }
        for given in case.given.values() {
            scope.add(&given.name);
            if given.holds == Holds::Resource {
                scope.add(&given.type_name);
            }
        }
        case.variables.keys().for_each(|name| scope.add(name));
        scope
    }

    /// Makes a name known.
    pub fn add(&mut self, name: &'s str) {
        if !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    /// Makes known what exists only while a step is repeated; yields what has to be forgotten afterwards.
    pub fn enter(&mut self, step: &'s Step) -> Vec<&'s str> {
        let mut names = Vec::new();
        if let Some(repetition) = step.repetition.as_deref() {
            names.push(OF_LOOPS);
            if let Repetition::ForEach { variable, .. } = repetition {
                names.push(variable.value.as_str());
            }
        }
        names.retain(|name| !self.names.contains(name));
        names.iter().for_each(|name| self.add(name));
        names
    }

    /// Forgets names.
    pub fn leave(&mut self, names: &[&'s str]) {
        self.names.retain(|name| !names.contains(name));
    }

    /// Whether a mention is of something known.
    pub fn knows(&self, mention: &Mention<'_>) -> bool {
        match mention.written {
            Written::Path => self.names.iter().any(|name| fhirpath_name(name) == mention.name),
            Written::Text | Written::Resource => self.names.contains(&&*mention.name),
        }
    }

    /// The names as they are written in one way.
    pub fn names(&self, written: Written) -> impl Iterator<Item = Cow<'s, str>> {
        self.names.iter().map(move |name| match written {
            Written::Path => fhirpath_name(name),
            Written::Text | Written::Resource => Cow::Borrowed(*name),
        })
    }
}
