//! The element table, looked up by the names that stand in a document.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Number, Value};

use crate::fhir::FhirVersion;
use crate::fhir::model::{Model, TypeKind, property_name};

/// What a property of a type is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Property {
    /// Where it stands among the others.
    pub order: usize,
    /// Whether it may be repeated, so that JSON has an array.
    pub many: bool,
    /// Whether XML writes it as an attribute.
    pub attribute: bool,
    /// The type of its value.
    pub type_name: &'static str,
    /// What that type is.
    pub kind: TypeKind,
}

impl Property {
    /// Whether its value is narrative.
    pub fn is_narrative(&self) -> bool {
        self.type_name == "xhtml"
    }
}

/// How JSON writes the value of a primitive type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Boolean,
    Number,
    String,
}

/// How JSON writes a primitive type (`json.html#primitive`): an integer64 is a string, since it may be too long for a number.
pub(super) fn written(primitive: &str) -> Written {
    match primitive {
        "boolean" => Written::Boolean,
        "integer" | "positiveInt" | "unsignedInt" | "decimal" => Written::Number,
        _ => Written::String,
    }
}

/// The text of a primitive as JSON writes it. What is no number or boolean stays text, so that the judges see it.
pub(super) fn primitive(text: String, written: Written) -> Value {
    match written {
        Written::Boolean if text == "true" => Value::Bool(true),
        Written::Boolean if text == "false" => Value::Bool(false),
        Written::Number => match text.parse::<Number>() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::String(text),
        },
        Written::Boolean | Written::String => Value::String(text),
    }
}

/// The properties of a type by the names that JSON and XML give them.
pub(super) type Properties = HashMap<String, Property>;

/// The types of a release, each made ready when it is first met.
#[derive(Debug)]
pub(super) struct Shapes {
    model: &'static Model,
    known: HashMap<&'static str, Rc<Properties>>,
}

impl Shapes {
    pub fn new(release: FhirVersion) -> Self {
        Self {
            model: Model::for_release(release),
            known: HashMap::new(),
        }
    }

    /// The type of that name, where it is a resource that can exist.
    pub fn resource(&self, name: &str) -> Option<&'static str> {
        let found = self.model.type_named(name)?;
        (found.kind == TypeKind::Resource && !found.is_abstract).then_some(found.name)
    }

    /// The properties of a type.
    pub fn of(&mut self, type_name: &'static str) -> Rc<Properties> {
        let model = self.model;
        let make = || {
            let mut properties = Properties::new();
            for (order, element) in model.elements(type_name).into_iter().enumerate() {
                for found in &element.types {
                    let property = Property {
                        order,
                        many: element.many,
                        attribute: element.attribute,
                        type_name: found.name,
                        kind: model
                            .type_named(found.name)
                            .map_or(TypeKind::Complex, |found| found.kind),
                    };
                    properties
                        .entry(property_name(element.name, element.choice, found.name))
                        .or_insert(property);
                }
            }
            Rc::new(properties)
        };
        Rc::clone(self.known.entry(type_name).or_insert_with(make))
    }
}
