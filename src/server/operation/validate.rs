//! `$validate` (`resource-operation-validate.html`).

use http::StatusCode;
use serde_json::{Value, json};

use super::{Place, input, parameter};
use crate::fhir::validate::{RuleKind, Validator, Violation};
use crate::server::Shared;
use crate::server::incoming::Incoming;
use crate::server::reply::{Refusal, Reply};

/// Judges a resource by the definitions of the release: 200 with an OperationOutcome, whatever it says.
///
/// The resource is the body itself, or the parameter `resource` of a Parameters body; on an instance without one, what is
/// stored there is judged. Profiles and `mode=profile` are not supported: 400, since silence would be taken for a pass.
pub(super) fn validate(shared: &Shared, request: &Incoming, place: &Place) -> Result<Reply, Refusal> {
    let sent = input(shared, request)?;
    let (resource, mode, profile) = match &sent {
        Some(input) if input["resourceType"] == "Parameters" => {
            let text = |name: &str, types: [&str; 3]| {
                let given = parameter(input, name)?;
                types.iter().find_map(|value| given[*value].as_str()).map(str::to_owned)
            };
            (
                parameter(input, "resource").map(|parameter| parameter["resource"].clone()),
                text("mode", ["valueCode", "valueString", "valueUri"]),
                text("profile", ["valueUri", "valueCanonical", "valueUrl"]),
            )
        }
        other => (other.clone(), None, None),
    };
    let of_query = |name: &str| {
        let found = request.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    let (mode, profile) = (
        mode.or_else(|| of_query("mode")),
        profile.or_else(|| of_query("profile")),
    );
    if let Some(profile) = profile {
        let reason = format!("this server knows no profiles, and so not `{profile}`");
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "not-supported", reason));
    }
    match mode.as_deref() {
        None | Some("create" | "update") => {}
        // Whatever exists here can be deleted.
        Some("delete") if matches!(place, Place::Instance(..)) => return Ok(outcome(&[])),
        Some(other) => {
            let reason = format!("`mode` is `{other}`: create, update, and on instances delete are supported");
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "not-supported", reason));
        }
    }
    let resource = match (resource, place) {
        (Some(resource), _) => resource,
        (None, Place::Instance(resource_type, id)) => stored(shared, resource_type.name(), id)?,
        (None, _) => {
            return Err(Refusal::invalid(
                "there is no resource to validate: it is the body, or the parameter `resource`",
            ));
        }
    };
    let mut violations = Validator::new(shared.options.release).validate(&resource).violations;
    if let Place::Type(expected) | Place::Instance(expected, _) = place
        && resource["resourceType"] != expected.name()
    {
        let reason = format!("the resource is not of type {expected}, on which the operation was called");
        return Ok(outcome_of(vec![
            json!({ "severity": "error", "code": "invalid", "diagnostics": reason }),
        ]));
    }
    violations.truncate(500);
    Ok(outcome(&violations))
}

fn stored(shared: &Shared, resource_type: &str, id: &str) -> Result<Value, Refusal> {
    let name = format!("{resource_type}/{id}");
    let current = shared.store.current(resource_type, id);
    let current = current.ok_or_else(|| Refusal::not_found(format!("there is no {name}")))?;
    match &current.resource {
        Some(resource) => Ok((**resource).clone()),
        None => Err(Refusal::deleted(&current, &name)),
    }
}

fn outcome(violations: &[Violation]) -> Reply {
    let issues = violations.iter().map(|violation| {
        let mut issue = json!({
            "severity": violation.severity.code(),
            "code": code(violation.rule.kind),
            "diagnostics": violation.message,
        });
        if !violation.path.is_empty() {
            issue["expression"] = json!([violation.path]);
        }
        issue
    });
    let mut issues: Vec<Value> = issues.collect();
    if issues.is_empty() {
        issues.push(json!({ "severity": "information", "code": "informational", "diagnostics": "nothing is wrong" }));
    }
    outcome_of(issues)
}

fn outcome_of(issues: Vec<Value>) -> Reply {
    Reply::resource(
        StatusCode::OK,
        json!({ "resourceType": "OperationOutcome", "issue": issues }),
    )
}

/// The code of the value set issue-type.
const fn code(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Binding => "code-invalid",
        RuleKind::Constraint => "invariant",
        RuleKind::Format => "value",
        RuleKind::Reference => "not-found",
        RuleKind::Property | RuleKind::Type | RuleKind::Cardinality | RuleKind::Choice => "structure",
        _ => "invalid",
    }
}
