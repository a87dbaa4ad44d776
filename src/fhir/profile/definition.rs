//! A snapshot as a tree of elements and slices.

use std::sync::OnceLock;

use serde_json::Value;

use super::discriminator::{Discriminator, Kind};
use super::element::{Binding, Constraint, Element, Rules, Slicing, TypeRule, ValueRule};
use super::store::{ProfileInfo, split};
use crate::fhir::fhirpath::direct::Condition;
use crate::fhir::model::{ElementInfo, Model};
use crate::fhir::schema::Schemas;
use crate::fhir::{FhirVersion, Severity};

/// A path may have so many steps; a body cannot be as deep.
const DEEPEST: usize = 100;

/// The folder of the canonicals of the specification's own types and profiles.
pub(super) const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";

/// A compiled StructureDefinition.
#[derive(Debug)]
pub(super) struct Profile {
    /// Its place in the store, by which it is told from others.
    pub(super) index: usize,
    /// Its canonical, with the version where it has one.
    pub(super) canonical: String,
    /// The type that it constrains.
    pub(super) type_name: String,
    /// The elements; the first is the root.
    pub(super) elements: Vec<Element>,
}

impl Profile {
    /// Reads a StructureDefinition.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub(super) fn compile(
        index: usize,
        info: &ProfileInfo,
        release: FhirVersion,
        bytes: &[u8],
    ) -> Result<Self, String> {
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let document: Value = serde_json::from_slice(bytes).map_err(|error| format!("it cannot be read: {error}"))?;
        let definitions = document["snapshot"]["element"].as_array().map(Vec::as_slice);
        let mut reading = Reading {
            release,
            model: Model::for_release(release),
            whole: info.specialization,
            url: &info.url,
            elements: Vec::new(),
            open: Vec::new(),
        };
        for definition in definitions.unwrap_or_default() {
            reading.add(definition)?;
        }
        if reading.elements.is_empty() {
            return Err("its snapshot has no elements".to_owned());
        }
        reading.follow_contents(definitions.unwrap_or_default())?;
        reading.silence();
        Ok(Self {
            index,
            canonical: match &info.version {
                Some(version) => format!("{}|{version}", info.url),
                None => info.url.clone(),
            },
            type_name: info.type_name.clone(),
            elements: reading.elements,
        })
    }

    /// The children of an element, through its content reference where it has one.
    pub(super) fn children<'a>(&'a self, element: &'a Element) -> &'a [usize] {
        match element.content.filter(|_| element.children.is_empty()) {
            Some(other) => &self.elements[other].children,
            None => &element.children,
        }
    }
}

struct Reading<'a> {
    release: FhirVersion,
    model: &'static Model,
    whole: bool,
    url: &'a str,
    elements: Vec<Element>,
    /// The elements that the next one may belong to, from the root down.
    open: Vec<usize>,
}

impl Reading<'_> {
    fn add(&mut self, definition: &Value) -> Result<(), String> {
        let path = definition["path"].as_str().ok_or("an element has no path")?;
        if path.split('.').count() > DEEPEST {
            return Err(format!("a path has more than {DEEPEST} steps"));
        }
        while let Some(last) = self.open.last() {
            let above = path.strip_prefix(self.elements[*last].path.as_str());
            if above.is_some_and(|rest| rest.starts_with('.')) {
                break;
            }
            self.open.pop();
        }
        let parent = self.open.last().copied();
        let own_depth = path.split('.').count();
        let wrong = match parent {
            None => own_depth != 1 || !self.elements.is_empty(),
            Some(parent) => self.elements[parent].path.split('.').count() + 1 != own_depth,
        };
        if wrong {
            return Err(format!(
                "the element {path} does not come after the one that it belongs to"
            ));
        }
        let index = self.elements.len();
        let element = self.read(definition, path, parent)?;
        if let Some(parent) = parent {
            let siblings = &self.elements[parent].children;
            let sliced = siblings
                .iter()
                .rev()
                .find(|other| self.elements[**other].path == path)
                .copied()
                .filter(|_| element.slice.is_some());
            match sliced {
                Some(sliced) => self.elements[sliced].slices.push(index),
                None => self.elements[parent].children.push(index),
            }
        }
        self.elements.push(element);
        self.open.push(index);
        Ok(())
    }

    fn read(&self, definition: &Value, path: &str, parent: Option<usize>) -> Result<Element, String> {
        let last = path.rsplit('.').next().unwrap_or(path);
        let name = last.strip_suffix("[x]").unwrap_or(last);
        let slice = definition["sliceName"].as_str().map(str::to_owned);
        let id = definition["id"].as_str().map_or_else(
            || match (&slice, parent) {
                (Some(slice), Some(parent)) => format!("{}.{last}:{slice}", self.elements[parent].id),
                (None, Some(parent)) => format!("{}.{last}", self.elements[parent].id),
                _ => path.to_owned(),
            },
            str::to_owned,
        );
        let (min, max) = (number(&definition["min"]), maximum(&definition["max"]));
        let max = max.map_err(|found| format!("{id}: `{found}` is no maximum"))?;
        let base = &definition["base"];
        let same_count = number(&base["min"]) == min && maximum(&base["max"]) == Ok(max) && !base.is_null();
        Ok(Element {
            name: name.to_owned(),
            choice: last.ends_with("[x]"),
            path: path.to_owned(),
            min: min.unwrap_or(0),
            max: max.unwrap_or(None),
            types: types(&definition["type"]),
            value: value_rule(definition),
            max_length: number(&definition["maxLength"]),
            binding: binding(&definition["binding"]).filter(|binding| !self.is_of_base(binding, path)),
            constraints: self.constraints(&definition["constraint"]),
            content: None,
            slicing: slicing(&definition["slicing"], slice.as_deref()),
            slices: Vec::new(),
            children: Vec::new(),
            quiet: false,
            counted: self.whole || !same_count || slice.is_some(),
            slice,
            id,
        })
    }

    /// Whether a binding is one of the base type's, whose codes its schema lists.
    fn is_of_base(&self, binding: &Binding, path: &str) -> bool {
        let parent = path.rsplit_once('.').and_then(|(above, _)| self.type_at(above));
        let schema = parent.map(|parent| parent.split('.').next().unwrap_or(parent));
        binding.required
            && schema.is_some_and(|name| Schemas::for_release(self.release).enumerates(name, &binding.value_set))
    }

    /// The constraints that the definition adds; those of the base types are judged with these.
    fn constraints(&self, list: &Value) -> Vec<Constraint> {
        let own = |constraint: &&Value| {
            let source = constraint["source"].as_str().map(|source| split(source).0);
            let inherited = match source {
                Some(source) if source == self.url => false,
                Some(source) => source
                    .strip_prefix(CORE)
                    .is_some_and(|name| self.model.type_named(name).is_some()),
                None => {
                    let key = constraint["key"].as_str().unwrap_or_default();
                    matches!(key, "ele-1" | "ext-1") || key.starts_with("dom-")
                }
            };
            !inherited && constraint["suppress"] != true
        };
        let found = list.as_array().into_iter().flatten().filter(own);
        found.map(|constraint| self.constraint(constraint)).collect()
    }

    fn constraint(&self, constraint: &Value) -> Constraint {
        let text = |name: &str| constraint[name].as_str().unwrap_or_default().to_owned();
        Constraint {
            key: text("key"),
            severity: if constraint["severity"] == "warning" {
                Severity::Warning
            } else {
                Severity::Error
            },
            human: text("human"),
            source: match constraint["source"].as_str() {
                Some(source) => source.to_owned(),
                None => self.url.to_owned(),
            },
            expression: text("expression"),
            direct: constraint["expression"].as_str().and_then(Condition::compile),
            engine: OnceLock::new(),
        }
    }

    /// Finds what `contentReference` names: `#Questionnaire.item`, or the same after a canonical.
    fn follow_contents(&mut self, definitions: &[Value]) -> Result<(), String> {
        for (index, definition) in definitions.iter().enumerate() {
            let Some(reference) = definition["contentReference"].as_str() else {
                continue;
            };
            let id = reference.split_once('#').map_or(reference, |(_, id)| id);
            let found = self.elements.iter().position(|element| element.id == id);
            let found = found.or_else(|| self.elements.iter().position(|element| element.path == id));
            let named = found
                .ok_or_else(|| format!("{} refers to {reference}, which is not there", self.elements[index].id))?;
            self.elements[index].content = Some(named);
        }
        Ok(())
    }

    /// Marks what asks for nothing more than the base type, so that judging passes it over.
    fn silence(&mut self) {
        for index in (0..self.elements.len()).rev() {
            let element = &self.elements[index];
            let parent_type = element.path.rsplit_once('.').and_then(|(above, _)| self.type_at(above));
            let quiet = !self.whole
                && !element.counted
                && element.value.is_none()
                && element.max_length.is_none()
                && element.binding.is_none()
                && element.constraints.is_empty()
                && element.content.is_none()
                && element.slices.is_empty()
                && self.has_types_of_base(element, parent_type)
                && element.children.iter().all(|child| self.elements[*child].quiet);
            self.elements[index].quiet = quiet;
        }
    }

    /// Whether an element may be all that it may be in the base type.
    fn has_types_of_base(&self, element: &Element, parent: Option<&'static str>) -> bool {
        if element.types.is_empty() {
            return true;
        }
        let Some(info) = parent.and_then(|parent| self.model.element(parent, &element.name)) else {
            return false;
        };
        let as_base = |rule: &TypeRule| {
            let same = |found: &&crate::fhir::model::ElementType| {
                let mut targets: Vec<&str> = found.targets.split(',').filter(|name| !name.is_empty()).collect();
                let mut wanted: Vec<&str> = rule.targets.iter().map(|target| core_type(target)).collect();
                targets.sort_unstable();
                wanted.sort_unstable();
                // An element that may be of many types has no list of targets.
                let anything = |names: &[&str]| names.is_empty() || names == ["Resource"];
                found.name == rule.code && (targets == wanted || anything(&targets) && anything(&wanted))
            };
            let is_group = matches!(rule.code.as_str(), "BackboneElement" | "Element");
            let plain = rule.code.starts_with("http://hl7.org/fhirpath/");
            rule.profiles.iter().all(|profile| is_core_quantity(profile))
                && (is_group || plain || info.types.iter().any(|found| same(&found)))
        };
        let no_fewer = |info: &ElementInfo| element.types.len() >= info.types.len();
        no_fewer(info) && element.types.iter().all(as_base)
    }

    /// The type of the model that a path leads to: `Patient.contact` for a group.
    fn type_at(&self, path: &str) -> Option<&'static str> {
        let mut steps = path.split('.');
        let mut current = self.model.type_named(steps.next()?)?.name;
        for step in steps {
            let info = self.model.element(current, step.strip_suffix("[x]").unwrap_or(step))?;
            current = match info.types.as_slice() {
                [only] => only.name,
                _ => return None,
            };
        }
        Some(current)
    }
}

/// The type that a canonical of the specification names; the whole canonical where it names none.
pub(super) fn core_type(canonical: &str) -> &str {
    let url = split(canonical).0;
    url.strip_prefix(CORE).unwrap_or(url)
}

/// The two profiles that the schemas of the release judge by already.
pub(super) fn is_core_quantity(canonical: &str) -> bool {
    matches!(core_type(canonical), "SimpleQuantity" | "MoneyQuantity")
}

fn number(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok())
}

/// `Ok(Some(None))` is `*`, `Ok(None)` says nothing.
fn maximum(value: &Value) -> Result<Option<Option<usize>>, String> {
    match value.as_str() {
        None => Ok(None),
        Some("*") => Ok(Some(None)),
        Some(text) => text.parse().map(|most| Some(Some(most))).map_err(|_| text.to_owned()),
    }
}

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn types(list: &Value) -> Vec<TypeRule> {
    let read = |found: &Value| {
        Some(TypeRule {
            code: found["code"].as_str()?.to_owned(),
            profiles: strings(&found["profile"]),
            targets: strings(&found["targetProfile"]),
        })
    };
    list.as_array().into_iter().flatten().filter_map(read).collect()
}

fn value_rule(definition: &Value) -> Option<ValueRule> {
    let mut all = definition.as_object()?.iter();
    all.find_map(|(name, value)| {
        let fixed = name.starts_with("fixed");
        let typed = name.strip_prefix("fixed").or_else(|| name.strip_prefix("pattern"))?;
        typed
            .starts_with(|first: char| first.is_ascii_uppercase())
            .then(|| ValueRule {
                fixed,
                value: value.clone(),
            })
    })
}

fn binding(binding: &Value) -> Option<Binding> {
    let strength = binding["strength"].as_str()?;
    // `preferred` and `example` are broken by nothing.
    matches!(strength, "required" | "extensible").then_some(())?;
    Some(Binding {
        required: strength == "required",
        value_set: binding["valueSet"].as_str()?.to_owned(),
    })
}

/// How an element is sliced. What slices a slice again is not looked at.
fn slicing(slicing: &Value, slice: Option<&str>) -> Option<Slicing> {
    if !slicing.is_object() || slice.is_some() {
        return None;
    }
    let list = slicing["discriminator"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let read = |found: &Value| {
        let kind = found["type"].as_str().unwrap_or_default();
        Discriminator::read(Kind::read(kind)?, found["path"].as_str().unwrap_or("$this"))
    };
    Some(Slicing {
        discriminators: list.iter().map(read).collect(),
        ordered: slicing["ordered"] == true,
        rules: match slicing["rules"].as_str() {
            Some("closed") => Rules::Closed,
            Some("openAtEnd") => Rules::OpenAtEnd,
            _ => Rules::Open,
        },
    })
}
