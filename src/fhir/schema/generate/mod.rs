//! From FHIR's definitions to JSON Schemas and the element table of a release.
//!
//! Every schema is 2020-12, names others of its folder by `$ref`, and needs nothing of ours to be used. What a schema
//! cannot say stands beside it as an annotation: `x-targets` (the types a reference may point at), `x-value-set` (where
//! the codes come from), `x-unchecked` (why the codes of that required value set cannot be enumerated), `x-element` (the element
//! that a rule of `allOf` is about), `x-continue` (the schema of the type that `resourceType` names goes on here) and
//! `x-digits` (a whole number is written without a point or an exponent).

pub mod constraint;
pub mod definitions;
mod elements;
mod hl7_schema;
mod layout;
mod object;
mod primitive;
pub mod smallest;
pub mod table;
pub mod value_set;
mod wanted;

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

/// The file of the smallest valid resources.
pub const SMALLEST: &str = "smallest.json";

/// What is said of a resource type that comes from HL7's own schema.
const OF_SCHEMA: &str = "From HL7's fhir.schema.json, which does not say which primitives and choices are required, which value sets \
                         are bound, and what references may point at.";

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

/// Generates the schemas and the element table of a release from a folder of its definitions, such as an unpacked
/// `definitions.json.zip`. The same definitions give the same bytes.
///
/// # Errors
/// When the folder cannot be read, or holds no definitions or those of another release.
pub fn generate(definitions: &Path, release: FhirVersion) -> Result<Generated, GenerateError> {
    let definitions = Definitions::read(definitions, release)?;
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
    files.insert(SMALLEST.to_owned(), smallest::smallest(&definitions));
    Ok(Generated { files })
}

/// Generates a release into `<schemas>/<release>/` and removes what is no longer made; returns that folder and how many
/// files there are. Files take their names when all are written, so that a failure leaves the folder as it was.
///
/// # Errors
/// As [`generate`], and when a file cannot be written.
pub fn generate_into(
    definitions: &Path,
    release: FhirVersion,
    schemas: &Path,
) -> Result<(PathBuf, usize), GenerateError> {
    let generated = generate(definitions, release)?;
    let folder = schemas.join(release.name().to_lowercase());
    fs::create_dir_all(&folder).map_err(write_error(&folder))?;
    let unfinished = |name: &str| folder.join(format!("{name}.part"));
    let written = generated.files.iter().try_for_each(|(name, text)| {
        let path = unfinished(name);
        fs::write(&path, text).map_err(write_error(&path))
    });
    if written.is_err() {
        for name in generated.files.keys() {
            // What could not be written need not be there.
            let _ = fs::remove_file(unfinished(name));
        }
    }
    written?;
    for name in generated.files.keys() {
        let path = folder.join(name);
        fs::rename(unfinished(name), &path).map_err(write_error(&path))?;
    }
    for entry in fs::read_dir(&folder).map_err(write_error(&folder))? {
        let path = entry.map_err(write_error(&folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".schema.json") && !generated.files.contains_key(name) {
            fs::remove_file(&path).map_err(write_error(&path))?;
        }
    }
    Ok((folder, generated.files.len()))
}

fn write_error(path: &Path) -> impl FnOnce(io::Error) -> GenerateError {
    let path = path.to_owned();
    move |source| GenerateError::Write { path, source }
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
    if definitions.resources_of_schema && shape.kind == Kind::Resource && !shape.is_abstract {
        document.insert("$comment".to_owned(), json!(OF_SCHEMA));
    }
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
