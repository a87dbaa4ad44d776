//! Given variables: what a tester tells a run about the server under test (`docs/suite-format.md#given`).

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;
use url::Url;

use super::assertion::FhirPath;
use super::lint::used::Used;
use super::model::{Case, Suite};
use super::template::Template;
use super::variables::Variables;
use crate::source::Spanned;

/// What reports tell of a secret.
const HIDDEN: &str = "***";

/// A variable that a suite declares and a tester gives.
#[derive(Clone, Debug)]
pub struct GivenVariable {
    /// Its name: one name is one thing in a whole run, in whatever suite it stands.
    pub name: Spanned<String>,
    /// The name of the resource type of what is given, `name.type`; it exists where a resource is held.
    pub type_name: String,
    /// What it is, so that a tester knows what to give: `the id of a Patient that exists`.
    pub title: String,
    /// What kind of value it is.
    pub holds: Holds,
    /// How it is found where nobody gives it.
    pub find: Option<Find>,
    /// Whether nobody may read it in a report.
    pub secret: bool,
}

/// The kind of value that a given variable holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Holds {
    /// A text: an id, a code, a name.
    #[default]
    Text,
    /// A resource, as JSON. Its strings may hold built-in variables, as a fixture's may.
    Resource,
    /// An absolute URL by http or https, without a slash at its end. Requests may go there.
    Url,
}

/// A request and what of its answer is the value.
#[derive(Clone, Debug)]
pub struct Find {
    /// The URL after `[base]`, for a GET.
    pub get: Spanned<Template>,
    /// The first value of this is taken.
    pub value: FhirPath,
}

/// The values that are known, by name.
#[derive(Clone, Debug, Default)]
pub struct Given {
    values: Arc<IndexMap<String, Value>>,
    secrets: Arc<BTreeSet<String>>,
}

impl Given {
    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Whether there is a value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Gives a value, in the place of one that was given before.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        Arc::make_mut(&mut self.values).insert(name.into(), value);
    }

    /// Gives a value that nobody may read in a report.
    pub fn set_secret(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        Arc::make_mut(&mut self.secrets).insert(name.clone());
        self.set(name, value);
    }

    /// The values that nobody may read in a report.
    pub fn secrets(&self) -> impl Iterator<Item = String> {
        let values = self.secrets.iter().filter_map(|name| self.get(name));
        values.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }

    /// Every name and what reports tell of its value, in the order in which they were given.
    pub fn told(&self) -> impl Iterator<Item = (&str, String)> {
        self.iter().map(|(name, value)| {
            let is_secret = self.secrets.contains(name);
            (name, if is_secret { HIDDEN.to_owned() } else { told(value) })
        })
    }

    /// The resource type of a variable, where a resource was given.
    #[must_use]
    pub fn resource_type(&self, name: &str) -> Option<&str> {
        self.get(name)?.get("resourceType")?.as_str()
    }

    /// Every name and value, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<N: Into<String>> FromIterator<(N, Value)> for Given {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(values: I) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.into(), value));
        Self {
            values: Arc::new(values.collect()),
            secrets: Arc::default(),
        }
    }
}

impl Holds {
    /// Whether a value is of this kind.
    ///
    /// # Errors
    /// What it should be, to be read after `has to be`.
    pub fn check(self, value: &Value) -> Result<(), &'static str> {
        match (self, value) {
            (Self::Text, Value::String(text)) if !text.is_empty() => Ok(()),
            (Self::Text, Value::Number(_) | Value::Bool(_)) => Ok(()),
            (Self::Text, _) => Err("a text"),
            (Self::Resource, value) if value["resourceType"].is_string() => Ok(()),
            (Self::Resource, _) => Err("a resource: a JSON object with a `resourceType`"),
            (Self::Url, Value::String(text)) if is_base(text) => Ok(()),
            (Self::Url, _) => {
                Err("an absolute URL by http or https without a slash at its end, a user, a query or a fragment")
            }
        }
    }

    /// What stands behind `--var NAME=` in a hint.
    #[must_use]
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Text => "VALUE",
            Self::Resource => "@FILE",
            Self::Url => "URL",
        }
    }
}

/// A value as reports tell it: a resource by its type and id.
#[must_use]
pub fn told(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) => {
            let text = |name: &str| value[name].as_str();
            match (text("resourceType"), text("id")) {
                (Some(resource_type), Some(id)) => format!("{resource_type}/{id}"),
                (Some(resource_type), None) => format!("a {resource_type}"),
                _ => "an object".to_owned(),
            }
        }
        other => other.to_string(),
    }
}

fn is_base(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    matches!(url.scheme(), "http" | "https")
        && !text.ends_with('/')
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

impl GivenVariable {
    /// How a tester gives it.
    #[must_use]
    pub fn hint(&self) -> String {
        format!("--var {}={}", self.name.value, self.holds.placeholder())
    }
}

/// The given variables that a case speaks of, those too that others of them are found by, in the order of the suite.
#[must_use]
pub fn needed(suite: &Suite, case: &Case) -> Vec<Arc<GivenVariable>> {
    if suite.given.is_empty() {
        return Vec::new();
    }
    let mut used = Used::of_steps(suite, case);
    for (name, value) in case.variables.iter().rev() {
        if used.has(name) {
            used.add_template(&value.value);
        }
    }
    let mut needed = Vec::new();
    for given in suite.given.values().rev() {
        if used.has(&given.name) || given.holds == Holds::Resource && used.has(&given.type_name) {
            if let Some(find) = &given.find {
                used.add_template(&find.get.value);
            }
            needed.push(Arc::clone(given));
        }
    }
    needed.reverse();
    needed
}

impl Variables {
    /// Makes what was given known to a case that already knows its built-in variables.
    pub fn give(&mut self, given: &GivenVariable, value: &Value) {
        if given.holds == Holds::Resource {
            self.set(given.type_name.clone(), value["resourceType"].clone());
        }
        let value = match given.holds {
            Holds::Resource => filled(value, self),
            Holds::Text | Holds::Url => value.clone(),
        };
        self.set(given.name.value.clone(), value);
    }
}

/// A resource with its built-in variables filled in; what else looks like a variable stays as it is.
fn filled(value: &Value, variables: &Variables) -> Value {
    match value {
        Value::String(text) if text.contains("${") => {
            let filled = Template::parse(text)
                .ok()
                .and_then(|template| variables.fill(&template).ok());
            Value::String(filled.unwrap_or_else(|| text.clone()))
        }
        Value::Array(items) => items.iter().map(|item| filled(item, variables)).collect(),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, member)| (name.clone(), filled(member, variables)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_kind_takes_its_own_values_only() {
        let values = [
            json!("12724066"),
            json!(17),
            json!(""),
            json!({ "resourceType": "Patient" }),
            json!({ "id": "x" }),
            json!("https://example.org/fhir"),
            json!("https://example.org/fhir/"),
            json!("https://user@example.org/fhir"),
            json!("https://example.org/fhir?x"),
            json!("ftp://example.org"),
            json!([]),
        ];
        let taken = |holds: Holds| -> Vec<usize> {
            let is_taken = |index: &usize| holds.check(&values[*index]).is_ok();
            (0..values.len()).filter(is_taken).collect()
        };
        assert_eq!(taken(Holds::Text), [0, 1, 5, 6, 7, 8, 9]);
        assert_eq!(taken(Holds::Resource), [3]);
        assert_eq!(taken(Holds::Url), [5]);
    }

    #[test]
    fn a_resource_is_filled_in_as_a_fixture_is() {
        let mut variables = Variables::default();
        variables.set("case.tag", "t1");
        let given = GivenVariable {
            name: Spanned::new("rival".to_owned(), crate::source::Span::default()),
            type_name: "rival.type".to_owned(),
            title: "a body".to_owned(),
            holds: Holds::Resource,
            find: None,
            secret: false,
        };
        let body =
            json!({ "resourceType": "Patient", "identifier": [{ "value": "x-${case.tag}" }], "language": "${other}" });
        variables.give(&given, &body);
        assert_eq!(variables.text("rival.type").unwrap(), "Patient");
        let held = &variables.get("rival").unwrap()[0];
        assert_eq!(held["identifier"][0]["value"], "x-t1");
        assert_eq!(held["language"], "${other}");
    }
}
