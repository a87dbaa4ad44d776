//! A valid document with the places in it, each with its element and type, and how it is damaged.

use fhir_assay::fhir::FhirVersion;
use fhir_assay::fhir::model::{ElementInfo, Model, TypeKind, property_name};
use serde_json::Value;

/// A place in a document: one value of an element.
#[derive(Clone, Debug)]
pub struct Place {
    /// The value, as a JSON Pointer; of a repeated element one item.
    pub pointer: String,
    /// The property that holds it.
    pub property: String,
    /// The object that has the property.
    pub parent: String,
    /// The type of that object: `Patient`, `Patient.contact`, `HumanName`.
    pub parent_type: String,
    /// The name of the property.
    pub name: String,
    /// The type of the value.
    pub type_name: String,
    /// The element.
    pub element: &'static ElementInfo,
}

/// A document that is valid.
pub struct Document {
    pub release: FhirVersion,
    pub body: Value,
    pub places: Vec<Place>,
}

/// What was done to a document.
pub struct Damage {
    /// The damaged document.
    pub body: Value,
    /// The damaged place.
    pub at: String,
    /// Where the definition puts the rule, where that is another place.
    pub rule_at: Option<String>,
}

/// A sequence that looks random and is the same every time (xorshift).
pub struct Sequence(pub u64);

impl Sequence {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}

impl Document {
    pub fn new(release: FhirVersion, body: Value) -> Self {
        let mut places = Vec::new();
        let type_name = body["resourceType"].as_str().unwrap_or_default();
        collect(Model::for_release(release), type_name, &body, "", &mut places);
        Self { release, body, places }
    }

    pub fn model(&self) -> &'static Model {
        Model::for_release(self.release)
    }

    pub fn value(&self, pointer: &str) -> &Value {
        self.body.pointer(pointer).unwrap()
    }

    /// A random one of the places that suit. What has a companion is left out: it may lose its value.
    pub fn pick(&self, sequence: &mut Sequence, suits: impl Fn(&Place, &Value) -> bool) -> Option<&Place> {
        let found: Vec<_> = self
            .places
            .iter()
            .filter(|place| self.value(&place.parent).get(format!("_{}", place.name)).is_none())
            .filter(|place| suits(place, self.value(&place.pointer)))
            .collect();
        (!found.is_empty()).then(|| found[sequence.below(found.len())])
    }

    /// A random one of the places of some types.
    pub fn pick_type(&self, sequence: &mut Sequence, types: &[&str]) -> Option<&Place> {
        self.pick(sequence, |place, _| types.contains(&place.type_name.as_str()))
    }

    /// Whether a type is primitive.
    pub fn is_primitive(&self, type_name: &str) -> bool {
        self.model()
            .type_named(type_name)
            .is_some_and(|found| found.kind == TypeKind::Primitive)
    }

    /// The document with another value at a place.
    pub fn with(&self, pointer: &str, value: Value) -> Damage {
        let mut body = self.body.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        damage(body, pointer)
    }

    /// The document with a value in a random one of the places of some types.
    pub fn instead(&self, sequence: &mut Sequence, types: &[&str], value: Value) -> Option<Damage> {
        let place = self.pick_type(sequence, types)?;
        Some(self.with(&place.pointer, value))
    }

    /// The document with another property in an object.
    pub fn and(&self, pointer: &str, name: &str, value: Value) -> Damage {
        let mut body = self.body.clone();
        body.pointer_mut(pointer).unwrap()[name] = value;
        damage(body, &format!("{pointer}/{name}"))
    }

    /// The document with one more item in an array of its own.
    pub fn appended(&self, name: &str, item: Value) -> Damage {
        let mut body = self.body.clone();
        let items = body[name].as_array_mut().unwrap();
        items.push(item);
        let at = format!("/{name}/{}", items.len() - 1);
        damage(body, &at)
    }

    /// The document without a property of an object.
    pub fn without(&self, pointer: &str, name: &str) -> Damage {
        let mut body = self.body.clone();
        let object = body.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        object.shift_remove(name);
        damage(body, &format!("{pointer}/{name}"))
    }

    /// The places of the resources: the document itself, and contained ones and entries.
    pub fn resources(&self) -> Vec<(String, String)> {
        let inside = self
            .places
            .iter()
            .filter(|place| self.value(&place.pointer)["resourceType"] == *place.type_name);
        let named = inside.map(|place| (place.pointer.clone(), place.type_name.clone()));
        let root = self.body["resourceType"].as_str().unwrap_or_default().to_owned();
        std::iter::once((String::new(), root)).chain(named).collect()
    }
}

fn damage(body: Value, at: &str) -> Damage {
    Damage {
        body,
        at: at.to_owned(),
        rule_at: None,
    }
}

impl Damage {
    /// The definition puts the rule at another place.
    pub fn ruled_at(mut self, place: &str) -> Self {
        self.rule_at = Some(place.to_owned());
        self
    }
}

fn collect(model: &'static Model, type_name: &str, value: &Value, at: &str, places: &mut Vec<Place>) {
    let Some(properties) = value.as_object() else { return };
    for (name, child) in properties {
        let found = model.elements(type_name).into_iter().find_map(|element| {
            let mut types = element.types.iter();
            let found = types.find(|found| property_name(element.name, element.choice, found.name) == *name)?;
            Some((element, found.name))
        });
        let Some((element, declared)) = found else { continue };
        let property = format!("{at}/{name}");
        let items: Vec<(String, &Value)> = match child {
            Value::Array(items) => (0..)
                .zip(items)
                .map(|(index, item): (usize, _)| (format!("{property}/{index}"), item))
                .collect(),
            _ => vec![(property.clone(), child)],
        };
        for (pointer, item) in items {
            let actual = if declared == "Resource" {
                item["resourceType"].as_str().unwrap_or(declared)
            } else {
                declared
            };
            places.push(Place {
                pointer: pointer.clone(),
                property: property.clone(),
                parent: at.to_owned(),
                parent_type: type_name.to_owned(),
                name: name.clone(),
                type_name: actual.to_owned(),
                element,
            });
            collect(model, actual, item, &pointer, places);
        }
    }
}
