//! Bodies with their changes made and their variables filled in.

use std::borrow::Cow;
use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::model::{Body, BodySource, Fixture};
use super::template::{Template, TemplateError};
use super::variables::{BUILT_IN, NoText, Variables};
use crate::fhir::{FhirVersion, smallest};

/// The fixture name that stands for the smallest valid resource of an expanded case's type.
pub const SMALLEST: &str = "smallest";

/// The fixture name that stands for any resource of an expanded case's type: the first fixture of the suite that is of
/// this type, and where there is none the smallest valid one.
pub const SAMPLE: &str = "sample";

/// The fixture name that stands for another state of the [`SAMPLE`]: the second fixture of the suite that is of this type,
/// and where there are no two the smallest valid one in another language.
pub const CHANGED: &str = "changed";

/// Whether a name stands for a resource of the type that a case is expanded for.
#[must_use]
pub fn is_of_type(name: &str) -> bool {
    matches!(name, SMALLEST | SAMPLE | CHANGED)
}

/// The smallest resource of the type that a case was expanded for, in the release under test.
fn smallest_of(variables: &Variables) -> Result<&'static Value, RenderError> {
    let resource_type = variables.text("type")?;
    let release = FhirVersion::of_number(&variables.text("fhir.version")?);
    let body = release.and_then(|release| smallest(release, &resource_type));
    body.ok_or_else(|| RenderError::NoSmallest(resource_type.into_owned()))
}

/// The fixtures of a suite that a name in a body may mean: its own name, or for what is [of the type](is_of_type) of an
/// expanded case the first or second of each type.
#[must_use]
pub fn meant<'a>(name: &'a str, fixtures: &'a IndexMap<String, Fixture>) -> Vec<&'a str> {
    let place = match name {
        _ if fixtures.contains_key(name) => return vec![name],
        SAMPLE => 0,
        CHANGED => 1,
        _ => return Vec::new(),
    };
    let mut of_type: HashMap<&str, usize> = HashMap::new();
    let mut found = Vec::new();
    for (name, fixture) in fixtures.iter().filter(|(_, fixture)| stands_alone(&fixture.body)) {
        let Some(resource_type) = fixture.body["resourceType"].as_str() else {
            continue;
        };
        let count = of_type.entry(resource_type).or_default();
        if *count == place {
            found.push(name.as_str());
        }
        *count += 1;
    }
    found
}

/// The fixtures that are of the type that a case was expanded for and [stand alone](stands_alone), in their order.
fn of_type<'a>(
    fixtures: &'a IndexMap<String, Fixture>,
    variables: &Variables,
) -> Result<impl Iterator<Item = &'a Value>, RenderError> {
    let resource_type = variables.text("type")?.into_owned();
    let bodies = fixtures.values().map(|fixture| &*fixture.body);
    Ok(bodies.filter(move |body| body["resourceType"] == *resource_type && stands_alone(body)))
}

/// Whether a fixture needs no variable that a case has to capture or a suite has to write.
fn stands_alone(body: &Value) -> bool {
    match body {
        Value::String(text) => {
            !text.contains("${")
                || Template::parse(text).is_ok_and(|template| template.variables().all(|name| BUILT_IN.contains(&name)))
        }
        Value::Array(items) => items.iter().all(stands_alone),
        Value::Object(members) => members.values().all(stands_alone),
        _ => true,
    }
}

/// What a name stands for that is [of the type](is_of_type).
fn built_in<'a>(
    name: &str,
    fixtures: &'a IndexMap<String, Fixture>,
    variables: &Variables,
) -> Result<Cow<'a, Value>, RenderError> {
    let mut known = of_type(fixtures, variables)?;
    match name {
        SAMPLE => Ok(Cow::Borrowed(known.next().map_or_else(|| smallest_of(variables), Ok)?)),
        CHANGED => match known.nth(1) {
            Some(body) => Ok(Cow::Borrowed(body)),
            None => {
                let mut body = smallest_of(variables)?.clone();
                // An element of every resource, and no part of what the type is about.
                body["language"] = Value::from("de");
                Ok(Cow::Owned(body))
            }
        },
        _ => Ok(Cow::Borrowed(smallest_of(variables)?)),
    }
}

/// A body that is ready to be sent or compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Rendered {
    /// A resource, or other JSON.
    Json(Value),
    /// Text that is sent byte for byte.
    Text(String),
}

/// Why a body cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum RenderError {
    #[error(transparent)]
    NoText(#[from] NoText),
    #[error("`{0}` is no fixture of this suite")]
    NoFixture(String),
    #[error("the release has no resource type {0}")]
    NoSmallest(String),
    #[error("`{0}` holds no resource")]
    NoResource(String),
    #[error("`{path}` leads nowhere in this body")]
    NoPlace { path: String },
    #[error("{0}")]
    Template(String),
}

impl From<Vec<TemplateError>> for RenderError {
    fn from(errors: Vec<TemplateError>) -> Self {
        Self::Template(errors.first().map(ToString::to_string).unwrap_or_default())
    }
}

/// Makes a body: takes its source, fills the variables in, removes and sets.
///
/// # Errors
/// Where a variable has no text, a fixture or captured resource does not exist, or a path leads nowhere.
pub fn render(
    body: &Body,
    fixtures: &IndexMap<String, Fixture>,
    variables: &Variables,
) -> Result<Rendered, RenderError> {
    let mut value = match &body.source {
        BodySource::Text(template) => return Ok(Rendered::Text(variables.fill(template)?)),
        BodySource::Json(text) if text.as_str().contains("${") => filled(&text.value(), variables)?,
        BodySource::Json(text) => text.value(),
        BodySource::Fixture(name) => {
            let body = match fixtures.get(name.as_str()) {
                Some(fixture) => Cow::Borrowed(&*fixture.body),
                None if is_of_type(name) => built_in(name, fixtures, variables)?,
                None => return Err(RenderError::NoFixture(name.value.clone())),
            };
            filled(&body, variables)?
        }
        BodySource::Captured(name) => match variables.get(name) {
            // What a server sent is data: a `${` in it is no variable.
            Some([value @ Value::Object(_)]) => value.clone(),
            Some([]) => return Err(NoText::Empty(name.value.clone()).into()),
            Some(_) => return Err(RenderError::NoResource(name.value.clone())),
            None => return Err(NoText::Unset(name.value.clone()).into()),
        },
    };
    for path in &body.remove {
        remove(&mut value, path);
    }
    for (path, new) in &body.set {
        let new = filled(new, variables)?;
        set(&mut value, path, new).ok_or_else(|| RenderError::NoPlace {
            path: path.value.clone(),
        })?;
    }
    Ok(Rendered::Json(value))
}

/// A copy of JSON data with the variables in its strings filled in.
fn filled(value: &Value, variables: &Variables) -> Result<Value, RenderError> {
    Ok(match value {
        Value::String(text) if text.contains("${") => Value::String(variables.fill(&Template::parse(text)?)?),
        Value::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| filled(item, variables))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(members) => {
            let mut copy = Map::with_capacity(members.len());
            for (name, member) in members {
                copy.insert(name.clone(), filled(member, variables)?);
            }
            Value::Object(copy)
        }
        other => other.clone(),
    })
}

/// The steps of a path: an element name, or a JSON Pointer.
fn steps(path: &str) -> Vec<Cow<'_, str>> {
    match path.strip_prefix('/') {
        None => vec![Cow::Borrowed(path)],
        Some(pointer) => pointer
            .split('/')
            .map(|step| {
                if step.contains('~') {
                    Cow::Owned(step.replace("~1", "/").replace("~0", "~"))
                } else {
                    Cow::Borrowed(step)
                }
            })
            .collect(),
    }
}

/// Puts a value at a path and makes what is missing on the way; `None` where the path leads through a text or past an array.
fn set(root: &mut Value, path: &str, new: Value) -> Option<()> {
    let mut place = root;
    for step in steps(path) {
        if place.is_null() {
            let is_index = step == "-" || step.bytes().all(|byte| byte.is_ascii_digit());
            *place = if is_index {
                Value::Array(Vec::new())
            } else {
                Value::Object(Map::new())
            };
        }
        place = match place {
            Value::Object(members) => members.entry(step.into_owned()).or_insert(Value::Null),
            Value::Array(items) => {
                let index = if step == "-" { items.len() } else { step.parse().ok()? };
                if index == items.len() {
                    items.push(Value::Null);
                }
                items.get_mut(index)?
            }
            _ => return None,
        };
    }
    *place = new;
    Some(())
}

/// Takes away what is at a path, where there is something. A list or object that is empty then goes too, since FHIR knows none.
fn remove(root: &mut Value, path: &str) {
    let steps = steps(path);
    remove_step(root, &steps);
}

fn remove_step(place: &mut Value, steps: &[Cow<'_, str>]) {
    let Some((step, rest)) = steps.split_first() else {
        return;
    };
    let is_empty = |value: &Value| match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    match place {
        Value::Object(members) => {
            let gone = match members.get_mut(step.as_ref()) {
                None => false,
                Some(member) => {
                    remove_step(member, rest);
                    rest.is_empty() || is_empty(member)
                }
            };
            if gone {
                members.shift_remove(step.as_ref());
            }
        }
        Value::Array(items) => {
            let Ok(index) = step.parse::<usize>() else { return };
            let gone = match items.get_mut(index) {
                None => false,
                Some(item) => {
                    remove_step(item, rest);
                    rest.is_empty() || is_empty(item)
                }
            };
            if gone {
                items.remove(index);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::{Span, Spanned};
    use crate::suite::JsonText;
    use serde_json::json;

    fn spanned(text: &str) -> Spanned<String> {
        Spanned::new(text.to_owned(), Span::default())
    }

    fn made(start: Value, remove: &[&str], set: &[(&str, Value)]) -> Result<Value, RenderError> {
        let mut variables = Variables::default();
        variables.set("id", "17");
        let body = Body {
            source: BodySource::Json(JsonText::new(&start)),
            set: set.iter().map(|(path, value)| (spanned(path), value.clone())).collect(),
            remove: remove.iter().map(|path| spanned(path)).collect(),
            span: Span::default(),
        };
        match render(&body, &IndexMap::new(), &variables)? {
            Rendered::Json(value) => Ok(value),
            Rendered::Text(text) => panic!("{text}"),
        }
    }

    #[test]
    fn elements_are_set_and_made_on_the_way() {
        let body = made(
            json!({ "name": [{ "family": "Byron" }] }),
            &[],
            &[
                ("id", json!("${id}")),
                ("/name/0/given/0", json!("Ada")),
                ("/name/-", json!({ "text": "Ada" })),
                ("/contact/0/name/family", json!("King")),
            ],
        );
        assert_eq!(
            body.unwrap(),
            json!({
                "name": [{ "family": "Byron", "given": ["Ada"] }, { "text": "Ada" }],
                "id": "17",
                "contact": [{ "name": { "family": "King" } }],
            })
        );
    }

    #[test]
    fn what_becomes_empty_goes_too() {
        let body = made(
            json!({ "a": { "b": ["c"] }, "d": [1, 2], "e": 1 }),
            &["/a/b/0", "/d/0", "e", "none"],
            &[],
        );
        assert_eq!(body.unwrap(), json!({ "d": [2] }));
    }

    #[test]
    fn a_path_through_a_text_is_an_error() {
        let error = made(json!({ "a": "text" }), &[], &[("/a/b", json!(1))]).unwrap_err();
        assert_eq!(error.to_string(), "`/a/b` leads nowhere in this body");
        let error = made(json!({ "a": [] }), &[], &[("/a/3", json!(1))]).unwrap_err();
        assert_eq!(error.to_string(), "`/a/3` leads nowhere in this body");
    }

    #[test]
    fn a_sample_is_a_fixture_of_the_type_or_the_smallest_resource() {
        let fixture = |body: Value| Fixture {
            path: spanned("x.json"),
            body: Arc::new(body),
        };
        let fixtures = IndexMap::from([
            (
                "height".to_owned(),
                fixture(json!({ "resourceType": "Observation", "subject": "${patient}" })),
            ),
            (
                "weight".to_owned(),
                fixture(json!({ "resourceType": "Observation", "status": "final" })),
            ),
            (
                "ada".to_owned(),
                fixture(json!({ "resourceType": "Patient", "gender": "female" })),
            ),
            (
                "charles".to_owned(),
                fixture(json!({ "resourceType": "Patient", "gender": "male" })),
            ),
        ]);
        let made = |name: &str, resource_type: &str, release: &str| {
            let mut variables = Variables::default();
            variables.set("type", resource_type);
            variables.set("fhir.version", release);
            let body = Body {
                source: BodySource::Fixture(spanned(name)),
                set: Vec::new(),
                remove: Vec::new(),
                span: Span::default(),
            };
            match render(&body, &fixtures, &variables) {
                Ok(Rendered::Json(value)) => value.to_string(),
                Ok(Rendered::Text(text)) => text,
                Err(error) => error.to_string(),
            }
        };
        assert_eq!(
            made("sample", "Patient", "4.0"),
            r#"{"resourceType":"Patient","gender":"female"}"#
        );
        assert_eq!(
            made("sample", "Observation", "4.0"),
            r#"{"resourceType":"Observation","status":"final"}"#
        );
        assert_eq!(meant("sample", &fixtures), ["weight", "ada"]);
        assert_eq!(meant("changed", &fixtures), ["charles"]);
        assert_eq!(meant("height", &fixtures), ["height"]);
        assert_eq!(made("smallest", "Patient", "4.0"), r#"{"resourceType":"Patient"}"#);
        assert_eq!(
            made("sample", "Basic", "4.0"),
            r#"{"resourceType":"Basic","code":{"text":"smallest"}}"#
        );
        assert_eq!(
            made("changed", "Patient", "4.0"),
            r#"{"resourceType":"Patient","gender":"male"}"#
        );
        assert_eq!(
            made("changed", "Basic", "4.0"),
            r#"{"resourceType":"Basic","code":{"text":"smallest"},"language":"de"}"#
        );
        assert_eq!(made("sample", "Media", "5.0"), "the release has no resource type Media");
    }

    #[test]
    fn a_captured_resource_is_data() {
        let mut variables = Variables::default();
        variables.set("patient", json!({ "text": "${not-ours}" }));
        let body = Body {
            source: BodySource::Captured(spanned("patient")),
            set: Vec::new(),
            remove: Vec::new(),
            span: Span::default(),
        };
        let rendered = render(&body, &IndexMap::new(), &variables).unwrap();
        assert_eq!(rendered, Rendered::Json(json!({ "text": "${not-ours}" })));
    }
}
