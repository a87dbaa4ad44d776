//! Reading a folder of FHIR definitions: which types exist, which elements they have, which codes their bindings allow.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::elements::{read_constraints, read_element, regex_of};
use super::hl7_schema;
use crate::fhir::FhirVersion;

/// What a type is in FHIR's type system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `boolean`, `dateTime`, ...
    Primitive,
    /// `HumanName`, `Extension`, ...
    Complex,
    /// `Patient`, `Bundle`, ...
    Resource,
    /// A group of elements inside a type, named by its path: `Patient.contact`.
    Backbone,
}

/// One type an element may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementType {
    /// A type name (`HumanName`) or the path of a group of elements (`Patient.contact`).
    pub code: String,
    /// For `Reference` and `canonical`: the types that may be pointed at; empty when any may.
    pub targets: Vec<String>,
    /// A profile of the specification itself that narrows the type: `SimpleQuantity`.
    pub narrowed: Option<String>,
}

/// The value set that the codes of an element come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// `required`, `extensible`, `preferred` or `example`.
    pub strength: String,
    /// The canonical of the value set, with its version where it is given.
    pub value_set: String,
}

/// A FHIRPath constraint of a definition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Constraint {
    /// Its key, such as `pat-1`.
    pub key: String,
    /// `error` or `warning`.
    pub severity: String,
    /// What it says, for people.
    pub human: String,
    /// What it says, in FHIRPath.
    pub expression: String,
}

/// One element of a type.
#[derive(Clone, Debug)]
pub struct Element {
    /// The last part of its path; a choice ends in `[x]`.
    pub name: String,
    /// The types it may have, in the order of the definition.
    pub types: Vec<ElementType>,
    /// How often it must occur.
    pub min: u32,
    /// Whether it may occur more than once, so that JSON writes an array.
    pub many: bool,
    /// Whether XML writes it as an attribute, so that it is never extended.
    pub attribute: bool,
    /// Its binding, if it has one.
    pub binding: Option<Binding>,
    /// The constraints that hang on it in the snapshot; those of its type's own definition are not all among them.
    pub constraints: Vec<Constraint>,
    /// The codes it may have, where no value set says so but HL7's own schema does.
    pub codes: Option<Vec<String>>,
    /// Whether the type introduces it; `false` for what it inherits.
    pub own: bool,
}

/// A type, or a group of elements inside one.
#[derive(Clone, Debug)]
pub struct Shape {
    /// `Patient` or `Patient.contact`.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// The type it specializes.
    pub base: Option<String>,
    /// Whether no instance can have exactly this type.
    pub is_abstract: bool,
    /// Whether it only narrows another type (`SimpleQuantity`); it is no type of its own then.
    pub narrows: bool,
    /// Its elements, inherited ones first; without those that are forbidden.
    pub elements: Vec<Element>,
    /// The constraints on the whole, inherited ones too; those of a group hang on its element.
    pub constraints: Vec<Constraint>,
    /// For a primitive: the regular expression of its value, if the definition has one.
    pub regex: Option<String>,
}

/// Everything that a generator needs from a folder of definitions.
#[derive(Debug, Default)]
pub struct Definitions {
    /// Types and groups of elements by path; groups follow their type.
    pub shapes: BTreeMap<String, Shape>,
    /// The version number of the release, as the StructureDefinition of `Element` has it.
    pub number: Option<String>,
    /// Whether the resource types come from HL7's own JSON Schema, which says less.
    pub resources_of_schema: bool,
    /// Value sets by canonical, without version.
    pub value_sets: BTreeMap<String, Value>,
    /// Code systems by canonical, without version.
    pub code_systems: BTreeMap<String, Value>,
}

/// Why a folder of definitions cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionsError {
    /// The folder or a file in it cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// What was read.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file is not JSON.
    #[error("{}: not JSON: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A StructureDefinition lacks something that every one has.
    #[error("{}: StructureDefinition `{name}` has no {what}", path.display())]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// The StructureDefinition.
        name: String,
        /// The element that is missing.
        what: &'static str,
    },
    /// The definitions are those of another release.
    #[error("{}: holds definitions of {found}, not of {wanted}", path.display())]
    Release {
        /// The folder.
        path: PathBuf,
        /// The release or version number that the definitions speak of.
        found: String,
        /// The release that was asked for.
        wanted: FhirVersion,
    },
    /// There is no definition of `Resource` or `Element`.
    #[error("{}: holds no definition of `{missing}`: is it a folder of FHIR definitions?", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
        /// The type that every release has.
        missing: &'static str,
    },
}

impl Definitions {
    /// Reads every StructureDefinition, ValueSet and CodeSystem of a folder, whether each lies in a file of its own
    /// or in Bundles, as HL7's `definitions.json.zip` has them. A folder `definitions` inside it is used if it exists.
    /// Where no StructureDefinition of a resource is there, resources come from HL7's own JSON Schema.
    ///
    /// # Errors
    /// When the folder or a file cannot be read, a file is not JSON, the definitions are of another release, or the two
    /// root types are missing.
    pub fn read(folder: &Path, release: FhirVersion) -> Result<Self, DefinitionsError> {
        let nested = folder.join("definitions");
        let folder = if nested.is_dir() { nested } else { folder.to_owned() };
        let read_error = |source| DefinitionsError::Read {
            path: folder.clone(),
            source,
        };
        let mut paths = fs::read_dir(&folder)
            .map_err(read_error)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(read_error)?;
        // The order of a folder is the file system's; ours must not depend on it.
        paths.sort();
        let mut definitions = Self::default();
        for path in paths.into_iter().filter(|path| holds_definitions(path)) {
            let document = open(&path)?;
            definitions.add(&document, &path)?;
        }
        definitions.is_of(release, &folder)?;
        let schema = folder.join(hl7_schema::FILE);
        if !definitions.shapes.contains_key("Resource")
            && definitions.shapes.contains_key("Element")
            && schema.is_file()
        {
            let document = open(&schema)?;
            hl7_schema::add_resources(&mut definitions, &document).ok_or(DefinitionsError::Empty {
                path: schema,
                missing: "a resource",
            })?;
        }
        for missing in ["Resource", "Element"] {
            if !definitions.shapes.contains_key(missing) {
                return Err(DefinitionsError::Empty { path: folder, missing });
            }
        }
        Ok(definitions)
    }

    /// Every StructureDefinition says of which release it is; `Element` speaks for all.
    fn is_of(&self, wanted: FhirVersion, folder: &Path) -> Result<(), DefinitionsError> {
        let number = self.number.as_deref().unwrap_or_default();
        let found = FhirVersion::of_number(number);
        if number.is_empty() || found == Some(wanted) {
            return Ok(());
        }
        Err(DefinitionsError::Release {
            path: folder.to_owned(),
            found: found.map_or_else(|| format!("FHIR {number}"), |found| found.to_string()),
            wanted,
        })
    }

    fn add(&mut self, document: &Value, path: &Path) -> Result<(), DefinitionsError> {
        match document["resourceType"].as_str() {
            Some("Bundle") => {
                for entry in document["entry"].as_array().into_iter().flatten() {
                    self.add(&entry["resource"], path)?;
                }
            }
            Some("ValueSet") => {
                if let Some(url) = document["url"].as_str() {
                    self.value_sets.insert(url.to_owned(), document.clone());
                }
            }
            Some("CodeSystem") => {
                if let Some(url) = document["url"].as_str() {
                    self.code_systems.insert(url.to_owned(), document.clone());
                }
            }
            Some("StructureDefinition") => self.add_structure(document, path)?,
            _ => {}
        }
        Ok(())
    }

    fn add_structure(&mut self, document: &Value, path: &Path) -> Result<(), DefinitionsError> {
        let name = document["name"].as_str().unwrap_or_default().to_owned();
        let incomplete = |what| DefinitionsError::Incomplete {
            path: path.to_owned(),
            name: name.clone(),
            what,
        };
        let kind = match document["kind"].as_str() {
            Some("primitive-type") => Kind::Primitive,
            Some("complex-type") => Kind::Complex,
            Some("resource") => Kind::Resource,
            _ => return Ok(()),
        };
        let narrows = document["derivation"] == "constraint";
        if narrows && !matches!(name.as_str(), "SimpleQuantity" | "MoneyQuantity") {
            return Ok(());
        }
        let type_name = document["type"].as_str().ok_or_else(|| incomplete("type"))?;
        let own_name = if narrows { name.as_str() } else { type_name };
        if own_name == "Element" {
            self.number = document["fhirVersion"].as_str().map(str::to_owned);
        }
        let elements = document["snapshot"]["element"]
            .as_array()
            .ok_or_else(|| incomplete("snapshot"))?;
        let base = document["baseDefinition"]
            .as_str()
            .and_then(|url| url.rsplit('/').next())
            .map(str::to_owned);
        let mut shape = Shape {
            path: own_name.to_owned(),
            kind,
            base: if narrows { Some(type_name.to_owned()) } else { base },
            is_abstract: document["abstract"] == true,
            narrows,
            elements: Vec::new(),
            constraints: elements.first().map(read_constraints).unwrap_or_default(),
            regex: None,
        };
        let mut groups: BTreeMap<String, Shape> = BTreeMap::new();
        for definition in elements.iter().skip(1) {
            let full = definition["path"].as_str().ok_or_else(|| incomplete("element.path"))?;
            let (parent, last) = full.rsplit_once('.').ok_or_else(|| incomplete("element.path"))?;
            if kind == Kind::Primitive && last == "value" {
                shape.regex = regex_of(definition);
                continue;
            }
            if definition["max"] == "0" {
                continue;
            }
            let element = read_element(definition, full, last, type_name);
            let is_group = definition["contentReference"].is_null()
                && element.types.first().is_some_and(|found| found.code == full);
            if is_group {
                let base = definition["type"][0]["code"]
                    .as_str()
                    .unwrap_or("BackboneElement")
                    .to_owned();
                groups.insert(
                    full.to_owned(),
                    Shape {
                        path: full.to_owned(),
                        kind: Kind::Backbone,
                        base: Some(base),
                        is_abstract: false,
                        narrows: false,
                        elements: Vec::new(),
                        constraints: Vec::new(),
                        regex: None,
                    },
                );
            }
            let owner = if parent == type_name {
                Some(&mut shape)
            } else {
                groups.get_mut(parent)
            };
            owner
                .ok_or_else(|| incomplete("element for the parent of a path"))?
                .elements
                .push(element);
        }
        self.shapes.insert(own_name.to_owned(), shape);
        self.shapes.extend(groups);
        Ok(())
    }

    /// The types of a release that a resource can have, in alphabetical order.
    #[must_use]
    pub fn concrete_resources(&self) -> Vec<&str> {
        self.shapes
            .values()
            .filter(|shape| shape.kind == Kind::Resource && !shape.is_abstract)
            .map(|shape| shape.path.as_str())
            .collect()
    }

    /// Whether a type is a primitive one, so that JSON gives its elements a companion `_name`.
    #[must_use]
    pub fn is_primitive(&self, code: &str) -> bool {
        self.shapes.get(code).is_some_and(|shape| shape.kind == Kind::Primitive)
    }
}

fn open(path: &Path) -> Result<Value, DefinitionsError> {
    let text = fs::read(path).map_err(|source| DefinitionsError::Read {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&text).map_err(|source| DefinitionsError::Parse {
        path: path.to_owned(),
        source,
    })
}

/// Files that hold no types or codes are big, and are not opened.
fn holds_definitions(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let skipped = [
        "fhir.schema",
        "search-parameters",
        "conceptmap-",
        "compartmentdefinition-",
        "conceptmaps",
        "dataelements",
    ];
    name.ends_with(".json") && !skipped.iter().any(|prefix| name.starts_with(prefix))
}
