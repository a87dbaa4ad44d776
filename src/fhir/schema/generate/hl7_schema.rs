//! Resource types from HL7's own JSON Schema (`fhir.schema.json`), for a release whose StructureDefinitions of resources
//! are not at hand: the ballots of R6 publish those of the data types only.
//!
//! It knows the order, type and repetition of every element, and enumerates a few codes. What it does not say stays
//! unknown here too: whether a primitive or a choice must occur, where references may point, and most bindings.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::definitions::{Definitions, Element, ElementType, Kind, Shape};
use crate::fhir::model::property_name;

/// The name of HL7's schema file.
pub(super) const FILE: &str = "fhir.schema.json";

/// Elements of every resource, and those that only a DomainResource has; of every group, those that it inherits.
const OF_RESOURCE: [&str; 4] = ["id", "meta", "implicitRules", "language"];
const OF_DOMAIN_RESOURCE: [&str; 4] = ["text", "contained", "extension", "modifierExtension"];
const OF_GROUP: [&str; 3] = ["id", "extension", "modifierExtension"];

/// Adds the resource types of HL7's schema, `Resource` and `DomainResource` among them, and the codes that it lists for
/// elements of the types that are there already. Returns `None` where the document is no such schema.
pub(super) fn add_resources(definitions: &mut Definitions, document: &Value) -> Option<()> {
    let all = document["definitions"].as_object()?;
    let resources = all
        .iter()
        .filter(|(_, schema)| schema["properties"]["resourceType"]["const"].is_string());
    let mut added = Vec::new();
    let mut domain = None;
    for (name, schema) in resources {
        let mut reader = Reader {
            all,
            definitions,
            paths: BTreeMap::new(),
            shapes: Vec::new(),
        };
        let properties = schema["properties"].as_object()?;
        let is_domain = OF_DOMAIN_RESOURCE
            .iter()
            .all(|element| properties.contains_key(*element));
        let base = if is_domain { "DomainResource" } else { "Resource" };
        reader.read(name, name, Kind::Resource, base)?;
        added.append(&mut reader.shapes);
        if is_domain && domain.is_none() {
            domain = added.iter().find(|shape| shape.path == *name).cloned();
        }
    }
    let domain = domain?;
    for (path, base, names) in [
        ("Resource", "Base", OF_RESOURCE.as_slice()),
        (
            "DomainResource",
            "Resource",
            &[OF_RESOURCE, OF_DOMAIN_RESOURCE].concat(),
        ),
    ] {
        added.push(abstract_shape(&domain, path, base, names));
    }
    for shape in added {
        definitions.shapes.insert(shape.path.clone(), shape);
    }
    add_codes(definitions, all);
    definitions.resources_of_schema = true;
    Some(())
}

/// A type that no resource has by itself, with those elements of one that specializes it.
fn abstract_shape(domain: &Shape, path: &str, base: &str, names: &[&str]) -> Shape {
    let inherits = |element: &Element| base == "Resource" && OF_RESOURCE.contains(&element.name.as_str());
    let elements = domain
        .elements
        .iter()
        .filter(|element| names.contains(&element.name.as_str()));
    Shape {
        path: path.to_owned(),
        base: Some(base.to_owned()),
        is_abstract: true,
        elements: elements
            .map(|element| Element {
                own: !inherits(element),
                ..element.clone()
            })
            .collect(),
        ..domain.clone()
    }
}

/// Reads one resource type with its groups.
struct Reader<'a> {
    all: &'a Map<String, Value>,
    definitions: &'a Definitions,
    /// The path of each group by its name in HL7's schema. The first element that names it gives the path; a later
    /// one is a reference to its content, since definitions come before the references to them.
    paths: BTreeMap<String, String>,
    shapes: Vec<Shape>,
}

impl Reader<'_> {
    fn read(&mut self, name: &str, path: &str, kind: Kind, base: &str) -> Option<()> {
        let schema = &self.all.get(name)?;
        let at = self.shapes.len();
        self.shapes.push(Shape {
            path: path.to_owned(),
            kind,
            base: Some(base.to_owned()),
            is_abstract: false,
            narrows: false,
            elements: Vec::new(),
            constraints: Vec::new(),
            regex: None,
        });
        let required: Vec<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut elements: Vec<Element> = Vec::new();
        let mut choice: Option<(&str, String)> = None;
        let properties = schema["properties"].as_object()?;
        for (property, rules) in properties.iter().filter(|(name, _)| is_element(name)) {
            let text = rules["description"].as_str().unwrap_or_default();
            let many = rules["type"] == "array";
            let one = if many { &rules["items"] } else { rules };
            let form = self.form_of_choice(properties, property, one, many);
            let found = match &form {
                Some((_, found)) => plain(found),
                None => self.type_of(path, property, one)?,
            };
            if let Some((stem, _)) = form {
                let goes_on = choice
                    .as_ref()
                    .is_some_and(|(told, before)| *told == text && *before == stem);
                if let Some(element) = elements.last_mut().filter(|_| goes_on) {
                    element.types.push(found);
                    continue;
                }
                elements.push(element(format!("{stem}[x]"), found));
                choice = Some((text, stem));
                continue;
            }
            choice = None;
            elements.push(Element {
                many,
                min: u32::from(required.contains(&property.as_str())),
                own: is_own(kind, base, property),
                codes: codes(one),
                ..element(property.clone(), found)
            });
        }
        self.shapes[at].elements = elements;
        Some(())
    }

    /// The stem and the type of one form of a choice. The schema does not mark choices: their forms follow each other
    /// under one description, never repeat, end in the name of their type, and a primitive's rules are written out
    /// where a plain element would refer to them.
    fn form_of_choice(
        &self,
        properties: &Map<String, Value>,
        property: &str,
        rules: &Value,
        many: bool,
    ) -> Option<(String, String)> {
        let (stem, name) = self.form(property, rules).filter(|_| !many)?;
        let is_written_out = rules["$ref"].is_null();
        let told = &rules["description"];
        let another = properties.iter().any(|(other, rules)| {
            other != property
                && is_element(other)
                && rules["description"] == *told
                && self.form(other, rules).is_some_and(|(other, _)| other == stem)
        });
        (is_written_out || another).then_some((stem, name))
    }

    fn form(&self, property: &str, rules: &Value) -> Option<(String, String)> {
        let ends_with = |name: &str| {
            let stem = property.strip_suffix(&property_name("", true, name))?;
            (!stem.is_empty()).then(|| (stem.to_owned(), name.to_owned()))
        };
        match referred(rules) {
            Some(name) => ends_with(name).filter(|_| !self.definitions.is_primitive(name)),
            // `valueDateTime` ends in `Time` too: the longest name is meant.
            None if rules["pattern"].is_string() => {
                let types = self.definitions.shapes.values();
                let primitives = types.filter(|shape| shape.kind == Kind::Primitive);
                primitives
                    .filter_map(|shape| ends_with(&shape.path))
                    .max_by_key(|(_, name)| name.len())
            }
            None => None,
        }
    }

    fn type_of(&mut self, path: &str, property: &str, rules: &Value) -> Option<ElementType> {
        let Some(name) = referred(rules) else {
            // Only codes are enumerated in place.
            return Some(plain("code"));
        };
        if name == "ResourceList" {
            return Some(plain("Resource"));
        }
        if self.definitions.shapes.contains_key(name) {
            return Some(plain(name));
        }
        if let Some(known) = self.paths.get(name) {
            return Some(plain(known));
        }
        let group = format!("{path}.{property}");
        self.paths.insert(name.to_owned(), group.clone());
        self.read(name, &group, Kind::Backbone, "BackboneElement")?;
        Some(plain(&group))
    }
}

fn is_element(property: &str) -> bool {
    !property.starts_with('_') && property != "resourceType"
}

fn is_own(kind: Kind, base: &str, property: &str) -> bool {
    let inherited = match (kind, base) {
        (Kind::Backbone, _) => OF_GROUP.contains(&property),
        (_, "Resource") => OF_RESOURCE.contains(&property),
        _ => OF_RESOURCE.contains(&property) || OF_DOMAIN_RESOURCE.contains(&property),
    };
    !inherited
}

fn referred(rules: &Value) -> Option<&str> {
    rules["$ref"].as_str()?.strip_prefix("#/definitions/")
}

fn codes(rules: &Value) -> Option<Vec<String>> {
    let listed = rules["enum"].as_array()?.iter();
    Some(listed.filter_map(Value::as_str).map(str::to_owned).collect())
}

fn plain(code: &str) -> ElementType {
    ElementType {
        code: code.to_owned(),
        targets: Vec::new(),
        narrowed: None,
    }
}

fn element(name: String, found: ElementType) -> Element {
    Element {
        name,
        types: vec![found],
        min: 0,
        many: false,
        attribute: false,
        binding: None,
        constraints: Vec::new(),
        codes: None,
        own: true,
    }
}

/// Gives the elements of data types the codes that HL7's schema lists for them.
fn add_codes(definitions: &mut Definitions, all: &Map<String, Value>) {
    for (name, schema) in all {
        let Some(shape) = definitions
            .shapes
            .get_mut(name)
            .filter(|shape| shape.kind == Kind::Complex)
        else {
            continue;
        };
        for element in &mut shape.elements {
            let rules = &schema["properties"][&element.name];
            element.codes = codes(if rules["type"] == "array" {
                &rules["items"]
            } else {
                rules
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shapes() -> Definitions {
        let mut definitions = Definitions::default();
        for (name, kind) in [
            ("string", Kind::Primitive),
            ("dateTime", Kind::Primitive),
            ("time", Kind::Primitive),
            ("canonical", Kind::Primitive),
            ("code", Kind::Primitive),
            ("Reference", Kind::Complex),
            ("Meta", Kind::Complex),
            ("Extension", Kind::Complex),
        ] {
            let shape = Shape {
                path: name.to_owned(),
                kind,
                base: None,
                is_abstract: false,
                narrows: false,
                elements: Vec::new(),
                constraints: Vec::new(),
                regex: None,
            };
            definitions.shapes.insert(name.to_owned(), shape);
        }
        definitions
    }

    #[test]
    fn choices_groups_and_references_to_content_are_told_apart() {
        let reference = |name: &str, text: &str| json!({"description": text, "$ref": format!("#/definitions/{name}")});
        let many = |name: &str| json!({"type": "array", "items": {"$ref": format!("#/definitions/{name}")}});
        let written_out = |text: &str| json!({"description": text, "type": "string", "pattern": "x"});
        let document = json!({"definitions": {
            "Thing": {"required": ["resourceType", "part"], "properties": {
                "resourceType": {"const": "Thing"}, "id": reference("string", ""), "meta": reference("Meta", ""),
                "implicitRules": reference("string", ""), "language": reference("code", ""),
                "text": reference("string", ""), "contained": many("ResourceList"), "extension": many("Extension"),
                "modifierExtension": many("Extension"),
                "whenDateTime": written_out("when"), "_whenDateTime": reference("Element", ""), "whenTime": written_out("when"),
                "typeCanonical": reference("canonical", "type"), "typeReference": reference("Reference", "type"),
                "status": {"enum": ["a", "b"]},
                "part": many("Thing_Part")}},
            "Thing_Part": {"properties": {"id": reference("string", ""), "name": reference("string", ""), "part": many("Thing_Part")}},
        }});
        let mut definitions = shapes();
        add_resources(&mut definitions, &document).unwrap();
        let told = |path: &str| {
            let elements = definitions.shapes[path].elements.iter().filter(|element| element.own);
            let told = elements.map(|element| {
                let types: Vec<_> = element.types.iter().map(|found| found.code.as_str()).collect();
                format!(
                    "{} {}{}",
                    element.name,
                    types.join("|"),
                    if element.many { " *" } else { "" }
                )
            });
            told.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(
            told("Thing"),
            "when[x] dateTime|time, typeCanonical canonical, typeReference Reference, status code, part Thing.part *"
        );
        assert_eq!(told("Thing.part"), "name string, part Thing.part *");
        assert_eq!(
            told("DomainResource"),
            "text string, contained Resource *, extension Extension *, modifierExtension Extension *"
        );
        let thing = &definitions.shapes["Thing"];
        let named = |name: &str| thing.elements.iter().find(|element| element.name == name).unwrap();
        assert_eq!(named("part").min, 1);
        assert_eq!(
            named("status").codes.as_deref(),
            Some(["a".to_owned(), "b".to_owned()].as_slice())
        );
    }
}
