//! JSON Schemas of FHIR types: how they are made, and how a body is judged by them.
//!
//! ```
//! use fhir_assay::fhir::{FhirVersion, schema::Schemas};
//!
//! let body = serde_json::json!({"resourceType": "Patient", "brithDate": "1970-01-01"});
//! let errors = Schemas::for_release(FhirVersion::R4).validate("Patient", &body)?;
//! assert_eq!(errors[0].instance_path, "/brithDate");
//! assert_eq!(errors[0].message, "`brithDate` is no element of Patient");
//! assert_eq!(errors[0].mend.as_ref().unwrap().text, "write `birthDate`");
//! # Ok::<(), fhir_assay::fhir::schema::UnknownType>(())
//! ```

mod archive;
pub mod generate;
mod mend;
mod message;
mod rule;
mod structure;

pub(super) use mend::nearest;

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use jsonschema::{Keyword, PatternOptions, Retrieve, Uri, ValidationError, Validator};
use serde_json::{Value, json};

use self::archive::Archive;
use super::{FhirVersion, Mend};

/// More errors than this are not listed: a body this wrong is another thing altogether.
const MOST_ERRORS: usize = 500;

/// One way in which a body is not what its schema asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// The place in the body, as a JSON Pointer; of a property that is too much, the property itself.
    pub instance_path: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The rule: the file of the schema and the JSON Pointer of the keyword in it.
    pub schema_path: String,
    /// The keyword of the rule: `required`, `enum`, ...
    pub keyword: String,
    /// The element of the definition that has the rule: `Patient.contact.gender`.
    pub element: String,
    /// What the rule says: a cardinality, a value set, the form of a primitive.
    pub rule: String,
    /// The property that is required and not there.
    pub missing: Option<String>,
    /// What stands there, shortened; `None` where nothing does, or too much.
    pub found: Option<String>,
    /// The smallest change that would make it valid.
    pub mend: Option<Mend>,
}

/// There is no schema for a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{release} has no type `{name}`{}", .nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
pub struct UnknownType {
    /// What was asked for.
    pub name: String,
    /// The release.
    pub release: FhirVersion,
    /// The type whose name is most like it.
    pub nearest: Option<String>,
}

/// The schemas of one release. They are opened and compiled per type, on first use.
#[derive(Debug)]
pub struct Schemas {
    release: FhirVersion,
    archive: Archive,
    documents: RwLock<HashMap<String, Arc<Value>>>,
    validators: RwLock<HashMap<String, Arc<Validator>>>,
}

impl Schemas {
    /// The schemas of a release; DSTU2 has none, so that every type of its is unknown.
    #[must_use]
    pub fn for_release(release: FhirVersion) -> &'static Self {
        static ALL: [OnceLock<Schemas>; FhirVersion::ALL.len()] = [const { OnceLock::new() }; FhirVersion::ALL.len()];
        ALL[release as usize].get_or_init(|| {
            let packed: &'static [u8] = match release {
                FhirVersion::Dstu2 => &[],
                FhirVersion::R4 => include_bytes!(concat!(env!("OUT_DIR"), "/schemas-r4.pack")),
                FhirVersion::R4B => include_bytes!(concat!(env!("OUT_DIR"), "/schemas-r4b.pack")),
                FhirVersion::R5 => include_bytes!(concat!(env!("OUT_DIR"), "/schemas-r5.pack")),
                FhirVersion::R6 => include_bytes!(concat!(env!("OUT_DIR"), "/schemas-r6.pack")),
            };
            Self {
                release,
                archive: Archive::open(packed),
                documents: RwLock::default(),
                validators: RwLock::default(),
            }
        })
    }

    /// Whether there is a schema for a type.
    #[must_use]
    pub fn knows(&self, type_name: &str) -> bool {
        self.archive.has(type_name)
    }

    /// Judges a body by the schema of a type (`Patient`, `HumanName`), and the resources inside it by theirs.
    ///
    /// All errors are found, in the order of their places; an empty list says that the body is valid. `Resource`
    /// stands for whatever `resourceType` names.
    ///
    /// # Errors
    /// When the release has no such type.
    pub fn validate(&self, type_name: &str, body: &Value) -> Result<Vec<SchemaError>, UnknownType> {
        let mut errors = Vec::new();
        self.judge(type_name, body, "", &mut errors)?;
        if errors.len() > MOST_ERRORS {
            errors.truncate(MOST_ERRORS);
            errors.push(structure::limit(
                String::new(),
                format!("there are more errors; the first {MOST_ERRORS} are listed"),
                "limit",
            ));
        }
        Ok(errors)
    }

    fn judge(&self, type_name: &str, body: &Value, at: &str, errors: &mut Vec<SchemaError>) -> Result<(), UnknownType> {
        let validator = self.validator(type_name)?;
        let structure = structure::inspect(body, at);
        // Extensions in extensions are parts of parts, which only their place tells.
        if structure.too_deep || structure::is_too_deep(at) {
            errors.push(structure::too_deep(at));
            return Ok(());
        }
        let mut found = structure.errors;
        if !validator.is_valid(body) {
            let room = MOST_ERRORS + 1;
            found.extend(
                validator
                    .iter_errors(body)
                    .take(room)
                    .flat_map(|error| message::explain(self, &error, at)),
            );
        }
        errors.extend(message::tidy(found));
        for (at, type_name, part) in structure.parts {
            if errors.len() > MOST_ERRORS {
                break;
            }
            // An unknown type inside a body is an error of the schema around it.
            let _ = self.judge(type_name, part, &at, errors);
        }
        Ok(())
    }

    /// Whether the schema of a type lists the codes of a value set somewhere, so that codes bound to it are judged by it.
    pub(super) fn enumerates(&self, type_name: &str, value_set: &str) -> bool {
        fn lists(rule: &Value, url: &str) -> bool {
            match rule {
                Value::Object(rules) => {
                    let named = rules.get("x-value-set").and_then(Value::as_str);
                    let is_it = named.is_some_and(|named| named.split('|').next() == Some(url));
                    is_it && rules.contains_key("enum") || rules.values().any(|rule| lists(rule, url))
                }
                Value::Array(rules) => rules.iter().any(|rule| lists(rule, url)),
                _ => false,
            }
        }
        let url = value_set.split('|').next().unwrap_or(value_set);
        self.document(type_name).is_some_and(|document| lists(&document, url))
    }

    fn document(&self, name: &str) -> Option<Arc<Value>> {
        // A panic elsewhere leaves the map whole: it is written in one step.
        if let Some(found) = self.documents.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Some(found.clone());
        }
        let document = Arc::new(self.archive.document(name)?);
        self.documents
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), document.clone());
        Some(document)
    }

    fn validator(&self, type_name: &str) -> Result<Arc<Validator>, UnknownType> {
        if let Some(found) = self
            .validators
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(type_name)
        {
            return Ok(found.clone());
        }
        let unknown = || UnknownType {
            name: type_name.to_owned(),
            release: self.release,
            nearest: mend::nearest(type_name, self.archive.names()).map(str::to_owned),
        };
        if !self.knows(type_name) {
            return Err(unknown());
        }
        // Only the reference that leads to the schema is written in this draft, since the library builds its meta-schema
        // first, and that of 2020-12 is large. Each schema names its own.
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft4)
            .with_pattern_options(PatternOptions::regex())
            .with_base_uri(format!("fhir-assay:/{}/", self.release))
            .with_retriever(Opener { release: self.release })
            .with_keyword("x-digits", |_, _, _| Ok(Box::new(Digits)))
            .build(&json!({"$ref": format!("{type_name}.schema.json")}))
            .map_err(|_| unknown())?;
        let validator = Arc::new(validator);
        self.validators
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(type_name.to_owned(), validator.clone());
        Ok(validator)
    }
}

/// Makes a schema take every extension as it is; the judge goes on with each one by itself.
///
/// Every type has extensions, and extensions have every type: without this cut each type would pull in all others,
/// and compiling one would take a hundred times as long.
fn take_extensions(schema: &mut Value) {
    match schema {
        Value::Object(rules) if rules.get("$ref").is_some_and(|name| name == "Extension.schema.json") => {
            *schema = json!({"type": "object"});
        }
        Value::Object(rules) => rules.values_mut().for_each(take_extensions),
        Value::Array(items) => items.iter_mut().for_each(take_extensions),
        _ => {}
    }
}

/// The keyword `x-digits`: the number is written with digits only, without a point or an exponent.
struct Digits;

impl Digits {
    fn holds(instance: &Value) -> bool {
        match instance {
            Value::Number(number) => {
                let mut signs = number.as_str().bytes();
                signs.all(|sign| sign.is_ascii_digit() || sign == b'-')
            }
            _ => true,
        }
    }
}

impl<'i> Keyword<'i> for Digits {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if Self::holds(instance) {
            return Ok(());
        }
        Err(ValidationError::custom("a whole number is written with digits only"))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        Self::holds(instance)
    }
}

/// Opens the schemas that another one names, from the archive and nowhere else.
struct Opener {
    release: FhirVersion,
}

impl Retrieve for Opener {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let name = uri
            .path()
            .as_str()
            .rsplit('/')
            .next()
            .and_then(|file| file.strip_suffix(".schema.json"));
        // Not from what is kept: that is for messages, and most are never asked for one.
        let document = name.and_then(|name| Schemas::for_release(self.release).archive.document(name));
        let mut document = document.ok_or_else(|| format!("there is no schema {uri}"))?;
        take_extensions(&mut document);
        Ok(document)
    }
}

#[cfg(test)]
mod tests;
