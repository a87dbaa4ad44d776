//! What types a release has and which elements: the element table, read once and on first use.
//!
//! The table is generated from the StructureDefinitions (see [`crate::fhir::schema::generate`]) and knows the order,
//! types and cardinality of every element, which is what FHIRPath and XML need.

use std::collections::HashMap;
use std::sync::OnceLock;

use foldhash::HashMapExt;

use super::FhirVersion;

/// What a type is in FHIR's type system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeKind {
    /// `boolean`, `dateTime`, ...
    Primitive,
    /// `HumanName`, `Extension`, ...
    Complex,
    /// `Patient`, `Bundle`, ...
    Resource,
    /// A group of elements inside a type, named by its path: `Patient.contact`.
    Group,
}

/// One type that an element may have, with what a reference of it may point at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElementType {
    /// `HumanName`, or `Patient.contact` for a group of elements.
    pub name: &'static str,
    /// The target types of a `Reference` or `canonical`, separated by commas; empty when any type may be meant.
    pub targets: &'static str,
}

/// One element of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementInfo {
    /// Its name; without `[x]` for a choice.
    pub name: &'static str,
    /// The types it may have.
    pub types: Vec<ElementType>,
    /// Whether it may occur more than once, so that JSON writes an array.
    pub many: bool,
    /// Whether it must occur.
    pub required: bool,
    /// Whether XML writes it as an attribute, so that it is never extended.
    pub attribute: bool,
    /// Whether JSON appends the type to its name: `valueQuantity`.
    pub choice: bool,
}

/// One type of a release.
#[derive(Debug)]
pub struct TypeDefinition {
    /// `Patient` or `Patient.contact`.
    pub name: &'static str,
    /// What it is.
    pub kind: TypeKind,
    /// The type it specializes: `DomainResource`.
    pub base: Option<&'static str>,
    /// Whether no instance can have exactly this type.
    pub is_abstract: bool,
    /// Its lines of the table: a run meets few of the thousand types, and the others are never read.
    lines: &'static str,
    own_elements: OnceLock<Vec<ElementInfo>>,
}

impl TypeDefinition {
    /// The elements it introduces, in the order of the specification; what it inherits comes before them.
    #[must_use]
    pub fn own_elements(&self) -> &[ElementInfo] {
        self.own_elements
            .get_or_init(|| self.lines.lines().filter_map(element_of_line).collect())
    }
}

/// Types by their names, which are our own, so that a quick hash will do.
type Types = foldhash::HashMap<&'static str, TypeDefinition>;

/// The types of one release.
#[derive(Debug, Default)]
pub struct Model {
    types: Types,
    hidden: OnceLock<HashMap<String, Vec<&'static str>>>,
}

impl Model {
    /// The types of a release; DSTU2 has none. Those of R6 are of its ballot, as far as HL7's schema tells them: its
    /// references may point anywhere, and of its primitives and choices none is known to be required.
    #[must_use]
    pub fn for_release(release: FhirVersion) -> &'static Self {
        static R4: OnceLock<Model> = OnceLock::new();
        static R4B: OnceLock<Model> = OnceLock::new();
        static R5: OnceLock<Model> = OnceLock::new();
        static R6: OnceLock<Model> = OnceLock::new();
        static NONE: OnceLock<Model> = OnceLock::new();
        match release {
            FhirVersion::Dstu2 => NONE.get_or_init(Self::default),
            FhirVersion::R4 => R4.get_or_init(|| Self::parse(include_str!("../../schemas/fhir/r4/elements.txt"))),
            FhirVersion::R4B => R4B.get_or_init(|| Self::parse(include_str!("../../schemas/fhir/r4b/elements.txt"))),
            FhirVersion::R5 => R5.get_or_init(|| Self::parse(include_str!("../../schemas/fhir/r5/elements.txt"))),
            FhirVersion::R6 => R6.get_or_init(|| Self::parse(include_str!("../../schemas/fhir/r6/elements.txt"))),
        }
    }

    /// The type of this name, such as `Patient`, `HumanName` or `Patient.contact`.
    #[must_use]
    pub fn type_named(&self, name: &str) -> Option<&TypeDefinition> {
        self.types.get(name)
    }

    /// Every type, in no particular order.
    pub fn types(&self) -> impl Iterator<Item = &TypeDefinition> {
        self.types.values()
    }

    /// The element of a type, own or inherited. A choice is found by its name without `[x]`.
    #[must_use]
    pub fn element(&self, type_name: &str, element: &str) -> Option<&ElementInfo> {
        self.chain(type_name)
            .find_map(|found| found.own_elements().iter().find(|info| info.name == element))
    }

    /// All elements of a type in the order of the specification, inherited ones first.
    #[must_use]
    pub fn elements(&self, type_name: &str) -> Vec<&ElementInfo> {
        let mut chain: Vec<_> = self.chain(type_name).collect();
        chain.reverse();
        chain.into_iter().flat_map(TypeDefinition::own_elements).collect()
    }

    /// Whether a type is another one or specializes it, at any depth.
    #[must_use]
    pub fn is_a(&self, type_name: &str, ancestor: &str) -> bool {
        self.chain(type_name).any(|found| found.name == ancestor)
    }

    /// Which plain elements a property name could be mistaken for a choice of: `periodMax` looks like `period[x]`
    /// of a type `Max`, but the type has a plain `period`.
    #[must_use]
    pub fn mistakable_for(&self, property: &str) -> &[&'static str] {
        let hidden = self.hidden.get_or_init(|| hidden_elements(&self.types));
        hidden.get(property).map(Vec::as_slice).unwrap_or_default()
    }

    fn chain(&self, type_name: &str) -> impl Iterator<Item = &TypeDefinition> {
        let mut next = self.types.get(type_name);
        std::iter::from_fn(move || {
            let current = next?;
            next = current.base.and_then(|base| self.types.get(base));
            Some(current)
        })
    }

    /// Finds where each type stands: a line of its own with a `<` in it, which no other line has, then one line for each
    /// element. No name has a space.
    fn parse(table: &'static str) -> Self {
        let mut types = Types::with_capacity(1200);
        let mut found = None;
        for (at, _) in table.match_indices('<') {
            let start = table[..at].rfind('\n').map_or(0, |end| end + 1);
            types.extend(found.and_then(|from| type_of_lines(&table[from..start])));
            found = Some(start);
        }
        types.extend(found.and_then(|from| type_of_lines(&table[from..])));
        let hidden = OnceLock::new();
        Self { types, hidden }
    }
}

fn type_of_lines(all: &'static str) -> Option<(&'static str, TypeDefinition)> {
    let (first, lines) = all.split_once('\n')?;
    let (name, told) = first.split_once(' ')?;
    let mut words = told.strip_prefix("< ")?.split(' ');
    let base = words.next().filter(|base| *base != "-");
    let kind = match words.next() {
        Some("primitive") => TypeKind::Primitive,
        Some("resource") => TypeKind::Resource,
        Some("group") => TypeKind::Group,
        _ => TypeKind::Complex,
    };
    let definition = TypeDefinition {
        name,
        kind,
        base,
        is_abstract: words.next() == Some("abstract"),
        lines,
        own_elements: OnceLock::new(),
    };
    Some((name, definition))
}

fn element_of_line(line: &'static str) -> Option<ElementInfo> {
    let mut words = line.split(' ');
    let written = words.next()?;
    let types = words.next()?.split('|').map(|text| match text.split_once('(') {
        Some((name, targets)) => ElementType {
            name,
            targets: targets.trim_end_matches(')'),
        },
        None => ElementType {
            name: text,
            targets: "",
        },
    });
    let types = types.collect();
    let (mut many, mut required, mut attribute) = (false, false, false);
    for word in words {
        many |= word == "*";
        required |= word == "!";
        attribute |= word == "@";
    }
    let name = written.strip_suffix("[x]");
    Some(ElementInfo {
        name: name.unwrap_or(written),
        types,
        many,
        required,
        attribute,
        choice: name.is_some(),
    })
}

/// Finds pairs like `period` and `periodMax` in one type.
fn hidden_elements(types: &Types) -> HashMap<String, Vec<&'static str>> {
    let mut hidden: HashMap<String, Vec<&'static str>> = HashMap::new();
    for found in types.values() {
        for short in found.own_elements().iter().filter(|element| !element.choice) {
            for long in found.own_elements() {
                let rest = long.name.strip_prefix(short.name);
                if rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase())) {
                    for name in long.property_names() {
                        let shorts = hidden.entry(name).or_default();
                        if !shorts.contains(&short.name) {
                            shorts.push(short.name);
                        }
                    }
                }
            }
        }
    }
    hidden
}

/// The name under which JSON writes an element that has this type: `valueQuantity` for `value[x]` of a Quantity.
#[must_use]
pub fn property_name(element: &str, is_choice: bool, type_name: &str) -> String {
    let mut name = element.to_owned();
    if is_choice {
        let mut letters = type_name.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

impl ElementInfo {
    /// The properties that JSON may write for this element: one for each type of a choice.
    pub fn property_names(&self) -> impl Iterator<Item = String> {
        self.types
            .iter()
            .map(|found| property_name(self.name, self.choice, found.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_through_their_base() {
        let model = Model::for_release(FhirVersion::R4);
        assert_eq!(model.element("Patient", "contained").unwrap().types[0].name, "Resource");
        assert_eq!(
            model.element("Patient", "contact").unwrap().types[0].name,
            "Patient.contact"
        );
        assert!(model.element("Patient.contact", "modifierExtension").unwrap().many);
        assert!(model.is_a("Age", "Element") && !model.is_a("Element", "Age"));
        let value = model.element("Observation", "value").unwrap();
        assert!(value.choice && value.property_names().any(|name| name == "valueQuantity"));
        assert_eq!(
            model.element("Condition", "subject").unwrap().types[0].targets,
            "Patient,Group"
        );
        assert_eq!(model.elements("Patient")[0].name, "id");
    }

    #[test]
    fn names_that_look_like_choices_are_known() {
        let model = Model::for_release(FhirVersion::R4);
        assert_eq!(model.mistakable_for("periodMax"), ["period"]);
        assert!(model.mistakable_for("valueQuantity").is_empty());
    }

    #[test]
    fn every_type_that_an_element_names_exists() {
        for release in FhirVersion::HTTP {
            let model = Model::for_release(release);
            for found in model.types() {
                let bases = found.base.into_iter();
                let named = found
                    .own_elements()
                    .iter()
                    .flat_map(|element| element.types.iter().map(|found| found.name));
                for name in bases.chain(named) {
                    assert!(model.type_named(name).is_some(), "{} names {name}", found.name);
                }
            }
        }
    }
}
