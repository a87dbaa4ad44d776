//! Where in a JSON resource the elements are that a path of a FHIRPath Patch finds.
//!
//! FHIRPath yields values and not places. So the steps from element to element are walked here over the element table, and
//! what a step filters by is asked of the FHIRPath engine for each place: `Patient.name.where(use = 'usual')` walks to
//! each name and asks whether `Patient.name[0].where(use = 'usual')` finds it.

use std::fmt;

use serde_json::{Map, Value};

use super::items::take;
use crate::fhir::FhirVersion;
use crate::fhir::fhirpath::{Expression, Subject};
use crate::fhir::model::{ElementInfo, Model, TypeKind};

/// How many places are looked at, at most: each may be asked of the engine.
const MOST_PLACES: usize = 2_000;

/// A path of an operation.
#[derive(Debug)]
pub(in crate::server) struct Path {
    text: String,
    steps: Vec<Step>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// The elements of a name.
    Child(String),
    /// Only those that the engine finds with this call after them: `where(...)`, `ofType(...)`.
    Filter(String),
    /// Only those from here, so many.
    Range(usize, usize),
    /// Only the last.
    Last,
    /// The only one; more are an error.
    Single,
}

/// An element that was found: the resource itself, or something in it.
#[derive(Clone, Debug)]
pub(in crate::server) struct Place {
    pub data_type: String,
    /// FHIRPath that finds this element and no other.
    expression: String,
    /// Where it stands; none for the resource.
    pub at: Option<At>,
}

/// Where an element stands in JSON.
#[derive(Clone, Debug)]
pub(in crate::server) struct At {
    /// JSON Pointer of the object that holds it.
    pub holder: String,
    pub property: String,
    /// Its number among the elements of the property; 0 where it does not repeat.
    pub index: usize,
    pub element: &'static ElementInfo,
    /// Whether its content is in the `_` sibling.
    primitive: bool,
}

/// A list, which may be empty.
#[derive(Debug)]
pub(in crate::server) struct List {
    /// JSON Pointer of the object that holds it.
    pub holder: String,
    pub element: &'static ElementInfo,
}

impl Place {
    /// JSON Pointer of the object that holds its children.
    pub fn object_pointer(&self) -> String {
        let Some(at) = &self.at else { return String::new() };
        let sibling = if at.primitive { "_" } else { "" };
        let pointer = format!("{}/{sibling}{}", at.holder, at.property);
        if at.element.many {
            format!("{pointer}/{}", at.index)
        } else {
            pointer
        }
    }
}

/// The object at a JSON Pointer.
pub(super) fn object_at<'a>(resource: &'a mut Value, pointer: &str) -> Result<&'a mut Map<String, Value>, String> {
    let found = resource.pointer_mut(pointer).and_then(Value::as_object_mut);
    found.ok_or_else(|| format!("there is no element at `{pointer}`"))
}

impl Path {
    /// Reads a path: elements with dots between them, each perhaps with `[n]`, `where()`, `ofType()`, `extension()`,
    /// `first()`, `last()`, `single()`, `tail()`, `skip()` or `take()`. Other FHIRPath has no place in a resource.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse = |reason: &str| format!("the path `{text}` {reason}");
        Expression::compile(text).map_err(|error| refuse(&format!("is no FHIRPath: {error}")))?;
        let mut steps = Vec::new();
        for part in split(text).ok_or_else(|| refuse("is not balanced"))? {
            let name_end = part
                .find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '`' | '$' | '%')))
                .unwrap_or(part.len());
            let (name, mut rest) = part.split_at(name_end);
            let name = name.trim_matches('`');
            if let Some(arguments) = rest.strip_prefix('(') {
                let (arguments, after) = closed(arguments, '(', ')').ok_or_else(|| refuse("is not balanced"))?;
                rest = after;
                let count = || {
                    arguments
                        .trim()
                        .parse::<usize>()
                        .map_err(|_| refuse("counts by no number"))
                };
                match name {
                    "where" | "ofType" | "as" => steps.push(Step::Filter(format!("{name}({arguments})"))),
                    "extension" => {
                        steps.push(Step::Child("extension".to_owned()));
                        steps.push(Step::Filter(format!("where(url = {arguments})")));
                    }
                    "first" => steps.push(Step::Range(0, 1)),
                    "tail" => steps.push(Step::Range(1, usize::MAX)),
                    "skip" => steps.push(Step::Range(count()?, usize::MAX)),
                    "take" => steps.push(Step::Range(0, count()?)),
                    "last" => steps.push(Step::Last),
                    "single" => steps.push(Step::Single),
                    other => return Err(refuse(&format!("calls `{other}`, which finds no place in a resource"))),
                }
            } else {
                steps.push(Step::Child(name.to_owned()));
            }
            while let Some(index) = rest.strip_prefix('[') {
                let (index, after) = closed(index, '[', ']').ok_or_else(|| refuse("is not balanced"))?;
                let index = index
                    .trim()
                    .parse()
                    .map_err(|_| refuse("has an index that is no number"))?;
                steps.push(Step::Range(index, 1));
                rest = after;
            }
            if !rest.is_empty() {
                return Err(refuse(&format!("holds `{rest}`, which finds no place in a resource")));
            }
        }
        Ok(Self {
            text: text.to_owned(),
            steps,
        })
    }

    /// Every element that the path finds.
    pub fn all(&self, resource: &Value, release: FhirVersion) -> Result<Vec<Place>, String> {
        walk(self.below_root(resource, release), resource, release)
    }

    /// The one element that the path finds.
    pub fn one(&self, resource: &Value, release: FhirVersion) -> Result<Place, String> {
        let mut all = self.all(resource, release)?;
        match all.len() {
            0 => Err(format!("`{self}` finds nothing")),
            1 => Ok(all.remove(0)),
            several => Err(format!("`{self}` finds {several} elements and has to find one")),
        }
    }

    /// The list that the path is, whether there are elements in it or not.
    pub fn list(&self, resource: &Value, release: FhirVersion) -> Result<List, String> {
        let steps = self.below_root(resource, release);
        let Some((Step::Child(name), before)) = steps.split_last() else {
            return Err(format!("`{self}` is no list"));
        };
        let mut holders = walk(before, resource, release)?;
        if holders.len() != 1 {
            return Err(format!("`{self}` is {} lists and has to be one", holders.len()));
        }
        let holder = holders.remove(0);
        let element = child(&holder.data_type, name, release)?;
        if !element.many {
            return Err(format!("`{self}` is no list: `{name}` does not repeat"));
        }
        Ok(List {
            holder: holder.object_pointer(),
            element,
        })
    }

    /// The steps without the name of the type, which a path may begin with.
    fn below_root(&self, resource: &Value, release: FhirVersion) -> &[Step] {
        let resource_type = resource["resourceType"].as_str().unwrap_or_default();
        match self.steps.split_first() {
            Some((Step::Child(name), rest))
                if matches!(name.as_str(), "$this" | "%resource" | "%context" | "%rootResource")
                    || Model::for_release(release).is_a(resource_type, name) =>
            {
                rest
            }
            _ => &self.steps,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn walk(steps: &[Step], resource: &Value, release: FhirVersion) -> Result<Vec<Place>, String> {
    let resource_type = resource["resourceType"].as_str().unwrap_or_default();
    let mut places = vec![Place {
        data_type: resource_type.to_owned(),
        expression: "%resource".to_owned(),
        at: None,
    }];
    for step in steps {
        places = match step {
            Step::Child(name) => {
                let mut children = Vec::new();
                for place in &places {
                    children.extend(children_of(place, name, resource, release)?);
                }
                children
            }
            Step::Filter(call) => filter(places, call, resource, release)?,
            Step::Range(from, count) => places.into_iter().skip(*from).take(*count).collect(),
            Step::Last => places.pop().into_iter().collect(),
            Step::Single if places.len() > 1 => return Err("`single()` finds several elements".to_owned()),
            Step::Single => places,
        };
        if places.len() > MOST_PLACES {
            return Err(format!("the path finds more than {MOST_PLACES} elements on its way"));
        }
    }
    Ok(places)
}

fn filter(places: Vec<Place>, call: &str, resource: &Value, release: FhirVersion) -> Result<Vec<Place>, String> {
    let subject = Subject::new(release, resource).map_err(|error| error.to_string())?;
    let mut kept = Vec::new();
    for place in places {
        let expression = Expression::compile(&format!("{}.{call}.exists()", place.expression));
        let found = expression.and_then(|expression| expression.evaluate_on(&subject, &[]));
        if found.map_err(|error| error.to_string())? == [Value::Bool(true)] {
            kept.push(place);
        }
    }
    Ok(kept)
}

fn child(data_type: &str, name: &str, release: FhirVersion) -> Result<&'static ElementInfo, String> {
    let found = Model::for_release(release).element(data_type, name);
    found.ok_or_else(|| format!("{data_type} has no element `{name}`"))
}

fn children_of(place: &Place, name: &str, resource: &Value, release: FhirVersion) -> Result<Vec<Place>, String> {
    let element = child(&place.data_type, name, release)?;
    let holder = place.object_pointer();
    let Some(object) = resource.pointer(&holder).and_then(Value::as_object) else {
        return Ok(Vec::new());
    };
    let mut children = Vec::new();
    for (found, property) in element.types.iter().zip(element.property_names()) {
        for (index, item) in take(object, &property).into_iter().enumerate() {
            let definition = Model::for_release(release).type_named(found.name);
            // What is contained says itself what it is.
            let own = item.value["resourceType"].as_str();
            let data_type = own.filter(|_| found.name == "Resource").unwrap_or(found.name);
            let indexed = if element.many {
                format!("[{index}]")
            } else {
                String::new()
            };
            children.push(Place {
                data_type: data_type.to_owned(),
                expression: format!("{}.`{name}`{indexed}", place.expression),
                at: Some(At {
                    holder: holder.clone(),
                    property: property.clone(),
                    index,
                    element,
                    primitive: definition.is_some_and(|definition| definition.kind == TypeKind::Primitive),
                }),
            });
        }
    }
    Ok(children)
}

/// The parts of a path between its dots; `None` where brackets or quotes are not closed.
fn split(text: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut rest, mut start, mut at) = (text, 0, 0);
    while let Some(letter) = rest.chars().next() {
        let length = match letter {
            '(' => 1 + rest.len() - 1 - closed(&rest[1..], '(', ')')?.1.len(),
            '[' => 1 + rest.len() - 1 - closed(&rest[1..], '[', ']')?.1.len(),
            '\'' | '`' => quoted(rest)?,
            _ => letter.len_utf8(),
        };
        if letter == '.' {
            parts.push(text[start..at].trim());
            start = at + 1;
        }
        at += length;
        rest = &text[at..];
    }
    parts.push(text[start..].trim());
    parts.iter().all(|part| !part.is_empty()).then_some(parts)
}

/// What stands before the bracket that closes one already opened, and what comes after it.
fn closed(text: &str, open: char, close: char) -> Option<(&str, &str)> {
    let (mut depth, mut at) = (1_usize, 0);
    while let Some(letter) = text[at..].chars().next() {
        if matches!(letter, '\'' | '`' | '"') {
            at += quoted(&text[at..])?;
            continue;
        }
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth -= 1;
            if depth == 0 {
                return Some((&text[..at], &text[at + 1..]));
            }
        }
        at += letter.len_utf8();
    }
    None
}

/// The length of a quoted text at the beginning.
fn quoted(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return Some(at + letter.len_utf8()),
            _ => {}
        }
    }
    None
}
