//! The CapabilityStatement: what this server does, and nothing else (`http.html#capabilities`).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use http::StatusCode;
use http::header::{ETAG, LAST_MODIFIED};
use serde_json::{Value, json};

use super::Shared;
use super::incoming::Incoming;
use super::operation::{self, Operation};
use super::patch;
use super::policy::{ConditionalDelete, Policy};
use super::precondition::is_unchanged;
use super::query::single;
use super::reply::{Refusal, Reply};
use super::search::COMPARTMENTS;
use super::search::parameters::Definition;
use super::subset::Subset;
use crate::fhir::media_type::{FHIR_JSON, FHIR_XML};
use crate::fhir::time::{format_http_date, format_instant};
use crate::fhir::{FhirVersion, Interaction, ResourceType, SearchParameterType};

/// What this server does with every type that it stores.
const INTERACTIONS: [Interaction; 8] = [
    Interaction::Read,
    Interaction::Vread,
    Interaction::Update,
    Interaction::Delete,
    Interaction::HistoryInstance,
    Interaction::HistoryType,
    Interaction::Create,
    Interaction::SearchType,
];

const DOCUMENTATION: &str = "Every version is kept. An update replaces the whole resource and is checked against If-Match in one act with \
    the write; without If-Match the last write wins. Bodies are refused with 400 where an element at their top level is unknown, missing \
    or of the wrong form, and with 422 where they are tagged SUBSETTED; whatever else is well-formed is stored as sent. References are \
    not checked. Two rules are this server's own, and what breaks them is refused with 422: no patient dies before being born, and no two \
    patients have one identifier of the system urn:fhir-assay:member-number. What a conditional write means has to be certain: criteria that are not known are refused. A patch is applied as a \
    whole, and a narrative that was generated from the data before is taken away. A batch or transaction is processed in the order delete, \
    create, update, read; a transaction counts whole or not at all, and is refused where two entries write one resource. From R5 on, what \
    prefers respond-async is answered 202, and its result is kept for a while. Parameters of a search over several types are those that all of them have. \
    What comes along with matches follows the references that have a search parameter here.";

/// The statement of this server, or its terminology capabilities with `mode=terminology`. Other modes give the whole
/// statement.
pub(super) fn metadata(shared: &Shared, request: &Incoming) -> Result<Reply, Refusal> {
    let subset = Subset::of(&request.query)?;
    let whole = match single(&request.query, "mode")? {
        Some("terminology") => terminology(shared, &request.base),
        _ => statement(shared, &request.base),
    };
    let part = subset.apply(&Arc::new(whole), shared.options.release);
    // The statement has no versions, so its tag is made of what it says.
    let mut hasher = DefaultHasher::new();
    part.to_string().hash(&mut hasher);
    let tag = format!("{:016x}", hasher.finish());
    let reply = if is_unchanged(&request.headers, &tag, Some(shared.started)) {
        Reply::empty(StatusCode::NOT_MODIFIED)
    } else {
        Reply::resource(StatusCode::OK, part)
    };
    Ok(reply
        .header(ETAG, &format!("W/\"{tag}\""))
        .header(LAST_MODIFIED, &format_http_date(shared.started)))
}

fn statement(shared: &Shared, base: &str) -> Value {
    let release = shared.options.release;
    let offer = shared.offer();
    let resources: Vec<Value> = ResourceType::all(release)
        .iter()
        .filter(|resource_type| resource_type.name() != "Parameters")
        .map(|resource_type| resource(*resource_type, release))
        .collect();
    let mut formats = vec![FHIR_JSON, "json", FHIR_XML, "xml"];
    formats.retain(|name| offer.has(name));
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": format_instant(shared.started),
        "kind": "instance",
        "software": software(),
        "implementation": implementation(base),
        "fhirVersion": release.number(),
        "format": formats,
        "patchFormat": patch::formats(offer),
        "rest": [{
            "mode": "server",
            "documentation": DOCUMENTATION,
            "security": { "cors": true, "description": "Open to everybody: this server is made for tests." },
            "resource": resources,
            "interaction": [
                { "code": "transaction" },
                { "code": "batch" },
                { "code": "search-system" },
                { "code": "history-system" },
            ],
            "searchParam": Definition::of_every_type(release).iter().map(search_parameter).collect::<Vec<_>>(),
            "operation": operations(|operation| operation.on_system),
            "compartment": COMPARTMENTS.map(|name| format!("http://hl7.org/fhir/CompartmentDefinition/{}", compartment_id(name))),
        }],
    })
}

fn resource(resource_type: ResourceType, release: FhirVersion) -> Value {
    let policy = Policy::of(resource_type, release);
    let mut resource = json!({
        "type": resource_type.name(),
        "interaction": interactions(policy, release).into_iter().map(|code| json!({ "code": code })).collect::<Vec<_>>(),
        "versioning": "versioned-update",
        "readHistory": true,
        "updateCreate": true,
        "conditionalCreate": policy.conditional,
        "conditionalRead": "full-support",
        "conditionalUpdate": policy.conditional,
        "conditionalDelete": policy.conditional_delete.code(),
    });
    if release >= FhirVersion::R5 {
        resource["conditionalPatch"] = json!(policy.conditional && policy.patch);
    }
    let references = Definition::of_type(release, resource_type.name()).iter();
    let references = references.filter(|definition| definition.kind == SearchParameterType::Reference);
    let includes = references.map(|definition| format!("{resource_type}:{}", definition.name));
    resource["searchInclude"] = std::iter::once("*".to_owned()).chain(includes).collect();
    resource["searchRevInclude"] = json!(["*"]);
    resource["operation"] = operations(|_| true);
    let parameters: Vec<Value> = Definition::of_type(release, resource_type.name())
        .iter()
        .map(search_parameter)
        .collect();
    if !parameters.is_empty() {
        resource["searchParam"] = Value::Array(parameters);
    }
    resource
}

/// The codes of what is done with a type. R6 declares the conditional forms and the removal of past versions so as well.
fn interactions(policy: Policy, release: FhirVersion) -> Vec<&'static str> {
    let mut codes = INTERACTIONS.map(Interaction::code).to_vec();
    if policy.patch {
        codes.push(Interaction::Patch.code());
    }
    if release >= FhirVersion::R6 {
        if policy.conditional {
            codes.extend(["create-conditional", "update-conditional"]);
            codes.extend(policy.patch.then_some("patch-conditional"));
        }
        codes.extend(match policy.conditional_delete {
            ConditionalDelete::NotSupported => None,
            ConditionalDelete::Single => Some("delete-conditional-single"),
            ConditionalDelete::Multiple => Some("delete-conditional-multiple"),
        });
        if policy.delete_history {
            codes.extend([Interaction::DeleteHistory, Interaction::DeleteHistoryVersion].map(Interaction::code));
        }
    }
    codes
}

/// The operations that are called at a place, as they are declared.
fn operations(is_there: impl Fn(&Operation) -> bool) -> Value {
    let there = operation::ALL.iter().filter(|operation| is_there(operation));
    there
        .map(|operation| json!({ "name": operation.name, "definition": operation.definition() }))
        .collect()
}

/// The id of HL7's CompartmentDefinition: `relatedPerson`.
fn compartment_id(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_ascii_lowercase() + rest
}

fn search_parameter(definition: &Definition) -> Value {
    json!({ "name": definition.name, "definition": definition.url(), "type": definition.kind.code() })
}

fn terminology(shared: &Shared, base: &str) -> Value {
    json!({
        "resourceType": "TerminologyCapabilities",
        "status": "active",
        "date": format_instant(shared.started),
        "kind": "instance",
        "software": software(),
        "implementation": implementation(base),
    })
}

fn software() -> Value {
    json!({ "name": "fhir-assay reference server", "version": env!("CARGO_PKG_VERSION") })
}

fn implementation(base: &str) -> Value {
    json!({ "description": "The reference server that fhir-assay tries its suites on: in memory, empty at each start", "url": base })
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::server::Options;
    use crate::server::route::Target;

    #[test]
    fn every_claim_has_a_route_and_every_route_a_claim() {
        let shared = Shared::new(Options::default(), "127.0.0.1:1".parse().unwrap());
        let statement = statement(&shared, "http://x/fhir");
        let patient = &statement["rest"][0]["resource"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["type"] == "Patient");
        let claimed: Vec<&str> = patient.unwrap()["interaction"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|one| one["code"].as_str())
            .collect();
        for (interaction, method, path) in [
            ("read", Method::GET, "/fhir/Patient/1"),
            ("vread", Method::GET, "/fhir/Patient/1/_history/1"),
            ("update", Method::PUT, "/fhir/Patient/1"),
            ("patch", Method::PATCH, "/fhir/Patient/1"),
            ("delete", Method::DELETE, "/fhir/Patient/1"),
            ("history-instance", Method::GET, "/fhir/Patient/1/_history"),
            ("history-type", Method::GET, "/fhir/Patient/_history"),
            ("create", Method::POST, "/fhir/Patient"),
            ("search-type", Method::GET, "/fhir/Patient"),
            ("search-type", Method::POST, "/fhir/Patient/_search"),
        ] {
            let routed = Target::of(path, shared.options.release)
                .and_then(|target| target.check(&method, false, shared.options.release));
            assert_eq!(routed.is_ok(), claimed.contains(&interaction), "{interaction}");
        }
    }
}
