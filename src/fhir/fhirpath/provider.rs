//! The engine's view of FHIR's types: our element table behind its `ModelProvider`.

use std::sync::Arc;

use async_trait::async_trait;
use octofhir_fhirpath::core::model_provider::{
    ChoiceTypeInfo, ElementInfo, FhirVersion as EngineVersion, ModelError, ModelProvider, TypeInfo,
};

use super::meter;
use crate::fhir::FhirVersion;
use crate::fhir::model::{Model, TypeKind, property_name};

/// How the types of variables begin: what follows is the type of the items.
pub(super) const VARIABLE: &str = "variable of ";

/// The types of one release, as the engine asks for them.
#[derive(Debug)]
pub(super) struct Types {
    release: FhirVersion,
}

impl Types {
    pub(super) fn new(release: FhirVersion) -> Arc<Self> {
        Arc::new(Self { release })
    }

    /// The element table is not read before an expression is evaluated.
    fn model(&self) -> &'static Model {
        Model::for_release(self.release)
    }

    fn info(name: &str, many: bool) -> TypeInfo {
        // The engine spoils what it knows to be a Quantity: see `super::quantity`.
        let name = if name == "Quantity" { "FHIR.Quantity" } else { name };
        TypeInfo {
            type_name: name.to_owned(),
            singleton: Some(!many),
            is_empty: Some(false),
            namespace: Some("FHIR".to_owned()),
            name: Some(name.to_owned()),
        }
    }

    fn names(&self, kind: impl Fn(TypeKind) -> bool) -> Vec<String> {
        let mut names: Vec<_> = self
            .model()
            .types()
            .filter(|found| kind(found.kind))
            .map(|found| found.name.to_owned())
            .collect();
        names.sort_unstable();
        names
    }
}

#[async_trait]
impl ModelProvider for Types {
    async fn get_type(&self, type_name: &str) -> Result<Option<TypeInfo>, ModelError> {
        if let Some(found) = self.model().type_named(type_name) {
            return Ok(Some(Self::info(found.name, false)));
        }
        let system = [
            "Boolean", "String", "Integer", "Long", "Decimal", "Date", "DateTime", "Time",
        ];
        Ok(system
            .contains(&type_name)
            .then(|| TypeInfo::system_type(type_name.to_owned(), true)))
    }

    /// The engine asks for each thing that a step of a path starts from, which makes this the place to count them.
    async fn get_element_type(&self, parent: &TypeInfo, property: &str) -> Result<Option<TypeInfo>, ModelError> {
        meter::spend(1).map_err(stopped)?;
        let parent = plain_name(parent);
        if let Some(item_type) = parent.strip_prefix(VARIABLE) {
            return self.get_type(item_type).await;
        }
        let found = self.model().element(parent, property);
        if found.is_some_and(|element| element.types.iter().any(|found| is_time(found.name))) {
            meter::spend_on_times(1).map_err(stopped)?;
        }
        let found = found.filter(|element| element.types.len() == 1);
        Ok(found.map(|element| Self::info(element.types[0].name, element.many)))
    }

    fn of_type(&self, found: &TypeInfo, target: &str) -> Option<TypeInfo> {
        self.model().is_a(plain_name(found), target).then(|| found.clone())
    }

    fn get_element_names(&self, parent: &TypeInfo) -> Vec<String> {
        self.model()
            .elements(plain_name(parent))
            .into_iter()
            .map(|element| element.name.to_owned())
            .collect()
    }

    async fn get_children_type(&self, _: &TypeInfo) -> Result<Option<TypeInfo>, ModelError> {
        Ok(None)
    }

    async fn get_elements(&self, type_name: &str) -> Result<Vec<ElementInfo>, ModelError> {
        let elements = self.model().elements(type_name).into_iter();
        let described = elements.map(|element| {
            let types: Vec<_> = element.types.iter().map(|found| found.name).collect();
            ElementInfo {
                name: element.name.to_owned(),
                element_type: types.join("|"),
                documentation: None,
            }
        });
        Ok(described.collect())
    }

    async fn get_resource_types(&self) -> Result<Vec<String>, ModelError> {
        Ok(self.names(|kind| kind == TypeKind::Resource))
    }

    async fn get_complex_types(&self) -> Result<Vec<String>, ModelError> {
        Ok(self.names(|kind| kind == TypeKind::Complex))
    }

    async fn get_primitive_types(&self) -> Result<Vec<String>, ModelError> {
        Ok(self.names(|kind| kind == TypeKind::Primitive))
    }

    async fn get_fhir_version(&self) -> Result<EngineVersion, ModelError> {
        Ok(match self.release {
            FhirVersion::Dstu2 => EngineVersion::Custom {
                version: "1.0".to_owned(),
            },
            FhirVersion::R4 => EngineVersion::R4,
            FhirVersion::R4B => EngineVersion::R4B,
            FhirVersion::R5 => EngineVersion::R5,
            FhirVersion::R6 => EngineVersion::R6,
        })
    }

    fn is_type_derived_from(&self, derived: &str, base: &str) -> bool {
        let plain = |name: &str| name.strip_prefix("FHIR.").unwrap_or(name).to_owned();
        derived == base || self.model().is_a(&plain(derived), &plain(base))
    }

    async fn get_choice_types(&self, parent: &str, property: &str) -> Result<Option<Vec<ChoiceTypeInfo>>, ModelError> {
        let found = self.model().element(parent, property).filter(|element| element.choice);
        Ok(found.map(|element| element.types.iter().map(|found| choice(found.name)).collect()))
    }
}

fn stopped(error: octofhir_fhirpath::FhirPathError) -> ModelError {
    ModelError::evaluation_error(error.to_string())
}

fn is_time(type_name: &str) -> bool {
    matches!(type_name, "date" | "dateTime" | "instant" | "time")
}

fn plain_name(found: &TypeInfo) -> &str {
    let name = found.name.as_deref().unwrap_or(&found.type_name);
    name.strip_prefix("FHIR.").unwrap_or(name)
}

fn choice(type_name: &str) -> ChoiceTypeInfo {
    ChoiceTypeInfo {
        suffix: property_name("", true, type_name),
        type_name: type_name.to_owned(),
    }
}
