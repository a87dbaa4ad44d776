//! The types of a release as a walk through a body needs them: which JSON property is which element of which type.

use std::sync::{OnceLock, PoisonError, RwLock};

use foldhash::{HashMap, HashMapExt};

use crate::fhir::FhirVersion;
use crate::fhir::model::{ElementType, Model, TypeKind};

/// A type, or a group of elements, with its properties. It is made on first use and stays for the life of the program;
/// there are no more of them than the release has types.
#[derive(Debug)]
pub struct Shape {
    /// `Patient`, `Patient.contact`; empty for a thing whose type nobody knows.
    pub name: &'static str,
    /// Whether it is a primitive type.
    pub is_primitive: bool,
    /// The release that it is of.
    pub release: FhirVersion,
    elements: HashMap<&'static str, Vec<usize>>,
    properties: HashMap<&'static str, usize>,
    forms: Vec<Form>,
}

/// One JSON property of a type: an element, or one form of a choice.
#[derive(Debug)]
pub struct Form {
    /// The property: `valueQuantity`.
    pub property: &'static str,
    /// The property of its companion, for a primitive: `_valueCode`.
    pub companion: &'static str,
    /// The element of the definition that it is: `Observation.value`.
    pub element: String,
    /// Its type, with the targets of a reference.
    pub of: ElementType,
    release: FhirVersion,
    shape: OnceLock<&'static Shape>,
}

impl Form {
    /// The shape of what stands there; for a resource of any type, the shape of nothing.
    pub fn shape(&self) -> &'static Shape {
        self.shape.get_or_init(|| Shape::named(self.release, self.of.name))
    }
}

type Shapes = RwLock<HashMap<&'static str, &'static Shape>>;

impl Shape {
    /// The shape of a type; for a name that the release does not have, one without properties.
    #[must_use]
    pub fn named(release: FhirVersion, name: &str) -> &'static Self {
        Self::find(release, name).unwrap_or_else(|| Self::unknown(release))
    }

    /// The shape of a type, if the release has it.
    #[must_use]
    pub fn find(release: FhirVersion, name: &str) -> Option<&'static Self> {
        static ALL: [OnceLock<Shapes>; FhirVersion::ALL.len()] = [const { OnceLock::new() }; FhirVersion::ALL.len()];
        let shapes = ALL[release as usize].get_or_init(Shapes::default);
        if let Some(found) = shapes.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Some(found);
        }
        let definition = Model::for_release(release).type_named(name)?;
        let mut shapes = shapes.write().unwrap_or_else(PoisonError::into_inner);
        Some(
            shapes
                .entry(definition.name)
                .or_insert_with(|| Box::leak(Box::new(Self::build(release, definition.name)))),
        )
    }

    fn unknown(release: FhirVersion) -> &'static Self {
        static NONE: [OnceLock<Shape>; FhirVersion::ALL.len()] = [const { OnceLock::new() }; FhirVersion::ALL.len()];
        NONE[release as usize].get_or_init(|| Self::empty(release, "", false))
    }

    fn empty(release: FhirVersion, name: &'static str, is_primitive: bool) -> Self {
        Self {
            name,
            is_primitive,
            release,
            elements: HashMap::new(),
            properties: HashMap::new(),
            forms: Vec::new(),
        }
    }

    fn build(release: FhirVersion, name: &'static str) -> Self {
        let model = Model::for_release(release);
        let is_primitive = |name: &str| {
            model
                .type_named(name)
                .is_some_and(|found| found.kind == TypeKind::Primitive)
        };
        let mut shape = Self::empty(release, name, is_primitive(name));
        let mut next = Some(name);
        while let Some(definition) = next.and_then(|name| model.type_named(name)) {
            for element in definition.own_elements() {
                if shape.elements.contains_key(element.name) {
                    continue;
                }
                let path = format!("{}.{}", definition.name, element.name);
                for (of, property) in element.types.iter().zip(element.property_names()) {
                    let companion = if is_primitive(of.name) && !element.attribute {
                        format!("_{property}")
                    } else {
                        String::new()
                    };
                    let at = shape.forms.len();
                    let (property, companion): (&str, &str) = (property.leak(), companion.leak());
                    shape.properties.insert(property, at);
                    if !companion.is_empty() {
                        shape.properties.insert(companion, at);
                    }
                    shape.elements.entry(element.name).or_default().push(at);
                    let element = path.clone();
                    shape.forms.push(Form {
                        property,
                        companion,
                        element,
                        of: *of,
                        release,
                        shape: OnceLock::new(),
                    });
                }
            }
            next = definition.base;
        }
        shape
    }

    /// The forms of an element, by its name without `[x]`.
    pub fn element(&self, name: &str) -> impl Iterator<Item = &Form> {
        self.elements.get(name).into_iter().flatten().map(|at| &self.forms[*at])
    }

    /// The form that a JSON property is, and whether the property is its companion.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<(&Form, bool)> {
        let form = &self.forms[*self.properties.get(name)?];
        Some((form, name == form.companion))
    }

    /// The place of a form in [`Shape::forms`].
    #[must_use]
    pub fn index_of(&self, property: &str) -> Option<usize> {
        self.properties.get(property).copied()
    }

    /// All forms.
    #[must_use]
    pub fn forms(&self) -> &[Form] {
        &self.forms
    }

    /// Whether the type is another one or specializes it. Names of FHIRPath's own types mean FHIR's primitives.
    #[must_use]
    pub fn is_a(&self, name: &str) -> bool {
        if self.name == name {
            return true;
        }
        let model = Model::for_release(self.release);
        let system = match name {
            "Boolean" => "boolean",
            "String" => "string",
            "Integer" => "integer",
            "Decimal" => "decimal",
            "Date" => "date",
            "DateTime" => "dateTime",
            "Time" => "time",
            _ => return model.is_a(self.name, name),
        };
        model.is_a(self.name, system)
    }
}
