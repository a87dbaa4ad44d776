//! From FHIR's definitions to JSON Schemas and the element table of a release.
//!
//! Every schema is 2020-12, names others of its folder by `$ref`, and needs nothing of ours to be used. What a schema
//! cannot say stands beside it as an annotation: `x-targets` (the types a reference may point at), `x-value-set` (where
//! the codes come from), `x-unchecked` (a required binding whose codes cannot be enumerated), `x-element` (the element
//! that a rule of `allOf` is about) and `x-continue` (the schema of the type that `resourceType` names goes on here).

pub mod constraint;
pub mod definitions;
mod layout;
mod object;
mod primitive;
pub mod table;
pub mod value_set;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use self::definitions::{Definitions, DefinitionsError, Kind, Shape};
use crate::fhir::FhirVersion;

/// The file of the element table.
pub const ELEMENT_TABLE: &str = "elements.txt";
/// The file of the constraints.
pub const CONSTRAINTS: &str = "constraints.txt";
/// The file of the bindings whose codes no schema can list.
pub const OPEN_BINDINGS: &str = "open-bindings.txt";

/// Why nothing was generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The definitions cannot be used.
    #[error(transparent)]
    Definitions(#[from] DefinitionsError),
    /// A file cannot be written or removed.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// What was generated: the files of one release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The text of each file by its name, in alphabetical order.
    pub files: BTreeMap<String, String>,
}

/// Generates the schemas and the element table from a folder of definitions, such as an unpacked
/// `definitions.json.zip`. The same definitions give the same bytes.
///
/// # Errors
/// When the folder cannot be read or holds no definitions.
pub fn generate(definitions: &Path) -> Result<Generated, GenerateError> {
    let definitions = Definitions::read(definitions)?;
    let mut files = BTreeMap::new();
    for shape in definitions.shapes.values().filter(|shape| has_schema(shape)) {
        files.insert(
            format!("{}.schema.json", shape.path),
            layout::layout(&document(&definitions, shape)),
        );
    }
    files.insert(ELEMENT_TABLE.to_owned(), table::element_table(&definitions));
    files.insert(CONSTRAINTS.to_owned(), constraint::constraints(&definitions));
    files.insert(OPEN_BINDINGS.to_owned(), constraint::open_bindings(&definitions));
    Ok(Generated { files })
}

/// Generates a release into `schemas/<release>/` and removes what is no longer made; returns how many files there are.
///
/// # Errors
/// As [`generate`], and when a file cannot be written.
pub fn generate_into(definitions: &Path, release: FhirVersion, schemas: &Path) -> Result<usize, GenerateError> {
    let generated = generate(definitions)?;
    let folder = schemas.join(release.name().to_lowercase());
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| GenerateError::Write { path, source }
    };
    fs::create_dir_all(&folder).map_err(failed(&folder))?;
    for entry in fs::read_dir(&folder).map_err(failed(&folder))? {
        let path = entry.map_err(failed(&folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".schema.json") && !generated.files.contains_key(name) {
            fs::remove_file(&path).map_err(failed(&path))?;
        }
    }
    for (name, text) in &generated.files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(generated.files.len())
}

/// Groups live in the file of their type; of the abstract types only two are named by elements.
fn has_schema(shape: &Shape) -> bool {
    shape.kind != Kind::Backbone && (!shape.is_abstract || matches!(shape.path.as_str(), "Element" | "Resource"))
}

fn document(definitions: &Definitions, shape: &Shape) -> Value {
    let mut document = Map::new();
    document.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    document.insert("title".to_owned(), json!(shape.path));
    let rules = match shape.kind {
        Kind::Primitive => primitive::rules(shape),
        _ if shape.path == "Resource" => object::any_resource(definitions),
        _ => object::rules(definitions, shape),
    };
    document.extend(rules);
    let prefix = format!("{}.", shape.path);
    let groups = definitions
        .shapes
        .range(prefix.clone()..)
        .take_while(|(path, _)| path.starts_with(&prefix));
    let mut parts: Map<String, Value> = groups
        .map(|(path, group)| (path.clone(), Value::Object(object::rules(definitions, group))))
        .collect();
    if shape.path == "Element" {
        parts.insert("companions".to_owned(), object::companions());
    }
    if !parts.is_empty() {
        document.insert("$defs".to_owned(), Value::Object(parts));
    }
    Value::Object(document)
}
