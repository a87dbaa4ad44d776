//! What a server claims: the parts of a CapabilityStatement that planning goes by.

use indexmap::IndexMap;
use serde_json::Value;

/// A CapabilityStatement (or DSTU2 Conformance), read leniently: what has another shape counts as not claimed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CapabilityStatement {
    /// `fhirVersion`, such as `4.0.1`.
    pub fhir_version: Option<String>,
    /// `software.name` and `software.version`, joined by a space.
    pub software: Option<String>,
    /// `format`: codes or media types.
    pub formats: Vec<String>,
    /// `patchFormat`: media types.
    pub patch_formats: Vec<String>,
    /// `rest.interaction.code` of the server side.
    pub interactions: Vec<String>,
    /// `rest.resource` of the server side, by type.
    pub resources: IndexMap<String, ResourceClaims>,
}

/// What is claimed for one resource type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceClaims {
    /// `interaction.code`
    pub interactions: Vec<String>,
    /// `searchParam.name`
    pub search_params: Vec<String>,
    /// `versioning`
    pub versioning: Option<String>,
    /// `readHistory`
    pub read_history: bool,
    /// `updateCreate`
    pub update_create: bool,
    /// `conditionalCreate`
    pub conditional_create: bool,
    /// `conditionalUpdate`
    pub conditional_update: bool,
    /// `conditionalPatch`. R4 and R4B have no such element: there, a server that patches and updates conditionally counts as
    /// claiming it.
    pub conditional_patch: bool,
    /// `conditionalRead`; absent counts as `not-supported`.
    pub conditional_read: Option<String>,
    /// `conditionalDelete`; absent counts as `not-supported`.
    pub conditional_delete: Option<String>,
}

/// The JSON is something else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no CapabilityStatement but {0}")]
pub struct NoCapabilityStatement(String);

impl CapabilityStatement {
    /// Reads the JSON of `[base]/metadata`.
    ///
    /// # Errors
    /// Where `resourceType` is not CapabilityStatement (or Conformance).
    pub fn read(resource: &Value) -> Result<Self, NoCapabilityStatement> {
        match resource.get("resourceType").and_then(Value::as_str) {
            Some("CapabilityStatement" | "Conformance") => {}
            Some(other) => return Err(NoCapabilityStatement(format!("a resource of type {other}"))),
            None => return Err(NoCapabilityStatement("JSON without a resourceType".into())),
        }
        let mut statement = Self {
            fhir_version: text(resource, "fhirVersion"),
            software: software(resource),
            formats: texts(resource, "format"),
            patch_formats: texts(resource, "patchFormat"),
            ..Self::default()
        };
        for rest in items(resource, "rest").filter(|rest| !matches!(rest.get("mode"), Some(mode) if mode == "client")) {
            statement.interactions.extend(codes(rest));
            for claims in items(rest, "resource") {
                if let Some(resource_type) = text(claims, "type") {
                    let claims = ResourceClaims::read(claims, has_conditional_patch(statement.fhir_version.as_deref()));
                    statement.resources.insert(resource_type, claims);
                }
            }
        }
        Ok(statement)
    }

    /// Whether `format` holds a code (`json`), its FHIR media type or that media type's generic form.
    #[must_use]
    pub fn claims_format(&self, format: &str) -> bool {
        claims_media_type(&self.formats, format)
    }
}

/// Whether a list of format codes or media types speaks of `wanted`: `json`, `fhir+json` and `application/fhir+json` are one.
fn claims_media_type(claimed: &[String], wanted: &str) -> bool {
    let code = |format: &str| {
        let essence = format.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let code = essence.rsplit(['/', '+']).next().unwrap_or_default().to_owned();
        if code == "turtle" { "ttl".to_owned() } else { code }
    };
    claimed.iter().any(|format| code(format) == code(wanted))
}

impl ResourceClaims {
    /// R6 declares the conditional forms by codes of interactions as well (`http.html#cdelete`); either form is a claim.
    fn read(claims: &Value, has_conditional_patch: bool) -> Self {
        let flag = |name: &str| claims.get(name).and_then(Value::as_bool).unwrap_or(false);
        let interactions: Vec<String> = codes(claims).collect();
        let done = |code: &str| interactions.iter().any(|claimed| claimed == code);
        let conditional_update = flag("conditionalUpdate") || done("update-conditional");
        let conditional_patch = if has_conditional_patch {
            flag("conditionalPatch") || done("patch-conditional")
        } else {
            conditional_update && done("patch")
        };
        let conditional_delete = if done("delete-conditional-multiple") {
            Some("multiple".to_owned())
        } else if done("delete-conditional-single") {
            Some("single".to_owned())
        } else {
            // DSTU2 and early servers wrote a boolean here.
            text(claims, "conditionalDelete")
        };
        Self {
            search_params: items(claims, "searchParam")
                .filter_map(|param| text(param, "name"))
                .collect(),
            versioning: text(claims, "versioning"),
            read_history: flag("readHistory"),
            update_create: flag("updateCreate"),
            conditional_create: flag("conditionalCreate") || done("create-conditional"),
            conditional_update,
            conditional_patch,
            conditional_read: text(claims, "conditionalRead"),
            conditional_delete,
            interactions,
        }
    }
}

/// Whether `conditionalPatch` can be declared: from R5 on.
fn has_conditional_patch(fhir_version: Option<&str>) -> bool {
    let major = fhir_version.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    major.is_none_or(|major| major >= 5)
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    items(value, name)
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn codes(value: &Value) -> impl Iterator<Item = String> + use<'_> {
    items(value, "interaction").filter_map(|interaction| text(interaction, "code"))
}

fn software(resource: &Value) -> Option<String> {
    let software = resource.get("software")?;
    let name = text(software, "name")?;
    Some(match text(software, "version") {
        Some(version) => format!("{name} {version}"),
        None => name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn claims_are_read_and_odd_shapes_count_as_absent() {
        let statement = CapabilityStatement::read(&json!({
            "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "software": { "name": "Some", "version": "1" },
            "format": ["application/fhir+json", "ttl"],
            "rest": [
                { "mode": "client", "resource": [{ "type": "Encounter" }] },
                { "mode": "server", "interaction": [{ "code": "transaction" }], "resource": [
                    { "type": "Patient", "interaction": [{ "code": "read" }, { "documentation": "?" }], "updateCreate": "yes",
                      "searchParam": [{ "name": "name" }], "versioning": "versioned" } ] },
            ],
        }))
        .unwrap();
        assert_eq!(statement.software.as_deref(), Some("Some 1"));
        assert_eq!(statement.interactions, ["transaction"]);
        assert_eq!(statement.resources.keys().collect::<Vec<_>>(), ["Patient"]);
        let patient = &statement.resources["Patient"];
        assert_eq!(
            (patient.interactions.as_slice(), patient.update_create),
            (["read".to_owned()].as_slice(), false)
        );
        assert!(statement.claims_format("json") && statement.claims_format("application/fhir+turtle"));
        assert!(!statement.claims_format("xml"));
    }

    #[test]
    fn conditional_forms_are_claimed_as_each_release_does() {
        let claims = |version: &str, claims: Value| {
            let statement = CapabilityStatement::read(&json!({
                "resourceType": "CapabilityStatement", "fhirVersion": version,
                "rest": [{ "mode": "server", "resource": [claims] }],
            }));
            statement.unwrap().resources["Patient"].clone()
        };
        let codes = |codes: &[&str]| {
            let interactions: Vec<_> = codes.iter().map(|code| json!({ "code": code })).collect();
            json!({ "type": "Patient", "interaction": interactions })
        };
        let of_codes = claims(
            "6.0.0-ballot2",
            codes(&[
                "create-conditional",
                "update-conditional",
                "patch-conditional",
                "delete-conditional-single",
            ]),
        );
        assert!(of_codes.conditional_create && of_codes.conditional_update && of_codes.conditional_patch);
        assert_eq!(of_codes.conditional_delete.as_deref(), Some("single"));
        let many = claims(
            "6.0.0",
            codes(&["delete-conditional-single", "delete-conditional-multiple"]),
        );
        assert_eq!(many.conditional_delete.as_deref(), Some("multiple"));

        let mut elements = codes(&["patch"]);
        elements["conditionalUpdate"] = json!(true);
        elements["conditionalDelete"] = json!("single");
        let (r4, r5) = (claims("4.0.1", elements.clone()), claims("5.0.0", elements.clone()));
        assert!(r4.conditional_patch, "R4 has no element to declare it");
        assert!(!r5.conditional_patch && r5.conditional_update);
        elements["conditionalPatch"] = json!(true);
        assert!(claims("5.0.0", elements).conditional_patch);
    }

    #[test]
    fn something_else_is_refused() {
        let error = CapabilityStatement::read(&json!({ "resourceType": "OperationOutcome" })).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it is no CapabilityStatement but a resource of type OperationOutcome"
        );
        assert!(CapabilityStatement::read(&json!([])).is_err());
    }
}
