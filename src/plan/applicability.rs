//! Whether a server claims what a case needs.

use crate::fhir::{CapabilityStatement, Interaction, ResourceClaims};
use crate::suite::model::Claim;
use crate::suite::{Given, Needs, ResourceNeeds};

/// What of `needs` the server does not claim, as a reason for people; `None` where it claims everything. A type that is that of
/// a given resource is not looked for where none was given.
#[must_use]
pub fn missing(
    needs: &Needs,
    capability: &CapabilityStatement,
    resource_type: Option<&str>,
    given: &Given,
) -> Option<String> {
    let interaction = needs.interaction.as_ref().and_then(|claim| {
        all(claim, |code: &Interaction| {
            claims_interaction(&capability.interactions, *code)
        })
        .map(|fault| fault.text("rest.interaction"))
    });
    let format = || {
        let claim = needs.format.as_ref()?;
        all(claim, |code| capability.claims_format(code)).map(|fault| fault.text("format"))
    };
    let patch_format = || {
        let claim = needs.patch_format.as_ref()?;
        all(claim, |code| capability.patch_formats.contains(code)).map(|fault| fault.text("patchFormat"))
    };
    let resources = || {
        needs
            .resources
            .iter()
            .find_map(|(name, needs)| missing_of_type(name, needs, capability, resource_type, given))
    };
    interaction.or_else(format).or_else(patch_format).or_else(resources)
}

fn missing_of_type(
    name: &str,
    needs: &ResourceNeeds,
    capability: &CapabilityStatement,
    expanded: Option<&str>,
    given: &Given,
) -> Option<String> {
    if name == "*" {
        let met = capability
            .resources
            .values()
            .any(|claims| missing_claim(needs, claims).is_none());
        return (!met).then(|| "no resource type claims all that the case needs".to_owned());
    }
    let name = match name.strip_prefix("${").and_then(|rest| rest.strip_suffix(".type}")) {
        Some(name) => given.resource_type(name)?.to_owned(),
        None => name.replace("${type}", expanded.unwrap_or_default()),
    };
    match capability.resources.get(&name) {
        None => Some(format!("{name} is not claimed")),
        Some(claims) => missing_claim(needs, claims).map(|fault| format!("{name}: {fault}")),
    }
}

fn missing_claim(needs: &ResourceNeeds, claims: &ResourceClaims) -> Option<String> {
    let interaction = needs.interaction.as_ref().and_then(|claim| {
        all(claim, |code: &Interaction| {
            claims_interaction(&claims.interactions, *code)
        })
        .map(|fault| fault.text("interaction"))
    });
    let search_param = || {
        let claim = needs.search_param.as_ref()?;
        all(claim, |name| claims.search_params.contains(name)).map(|fault| fault.text("searchParam"))
    };
    let codes = || {
        one_of("versioning", needs.versioning.as_deref(), claims.versioning.as_deref())
            .or_else(|| {
                let claimed = claims.conditional_read.as_deref().or(Some("not-supported"));
                one_of("conditionalRead", needs.conditional_read.as_deref(), claimed)
            })
            .or_else(|| {
                let claimed = claims.conditional_delete.as_deref().or(Some("not-supported"));
                one_of("conditionalDelete", needs.conditional_delete.as_deref(), claimed)
            })
    };
    let flags = || {
        [
            ("readHistory", needs.read_history, claims.read_history),
            ("updateCreate", needs.update_create, claims.update_create),
            ("conditionalCreate", needs.conditional_create, claims.conditional_create),
            ("conditionalUpdate", needs.conditional_update, claims.conditional_update),
            ("conditionalPatch", needs.conditional_patch, claims.conditional_patch),
        ]
        .into_iter()
        .find_map(|(name, needed, claimed)| match needed {
            Some(true) if !claimed => Some(format!("{name} is not claimed")),
            Some(false) if claimed => Some(format!("{name} is claimed, and the case is for servers without")),
            _ => None,
        })
    };
    interaction.or_else(search_param).or_else(codes).or_else(flags)
}

fn claims_interaction(claimed: &[String], code: Interaction) -> bool {
    claimed.iter().any(|claimed| claimed == code.code())
}

/// What is wrong with a list of claims.
enum Fault {
    Unclaimed(String),
    Claimed(String),
}

impl Fault {
    fn text(&self, element: &str) -> String {
        match self {
            Self::Unclaimed(code) => format!("{element} {code} is not claimed"),
            Self::Claimed(code) => format!("{element} {code} is claimed, and the case is for servers without"),
        }
    }
}

/// All of `Is` are claimed, none of `Not`.
fn all<T: ToString>(claim: &Claim<T>, claimed: impl Fn(&T) -> bool) -> Option<Fault> {
    match claim {
        Claim::Is(codes) => codes
            .iter()
            .find(|code| !claimed(code))
            .map(|code| Fault::Unclaimed(code.to_string())),
        Claim::Not(codes) => codes
            .iter()
            .find(|code| claimed(code))
            .map(|code| Fault::Claimed(code.to_string())),
    }
}

/// The claimed code is one of `Is`, or none of `Not`.
fn one_of(element: &str, claim: Option<&Claim<String>>, claimed: Option<&str>) -> Option<String> {
    let is_among = |codes: &[String]| claimed.is_some_and(|claimed| codes.iter().any(|code| code == claimed));
    let found = || claimed.map_or_else(|| "absent".to_owned(), |code| format!("`{code}`"));
    match claim? {
        Claim::Is(codes) if !is_among(codes) => Some(format!("{element} is {}, not {}", found(), codes.join(" or "))),
        Claim::Not(codes) if is_among(codes) => {
            Some(format!("{element} is {}, and the case is for servers without", found()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Span, Spanned};
    use serde_json::json;

    fn capability() -> CapabilityStatement {
        CapabilityStatement::read(&json!({
            "resourceType": "CapabilityStatement", "format": ["json"],
            "rest": [{ "mode": "server", "resource": [{
                "type": "Patient", "versioning": "versioned", "updateCreate": true,
                "interaction": [{ "code": "read" }, { "code": "create" }], "searchParam": [{ "name": "name" }],
            }] }],
        }))
        .unwrap()
    }

    fn of(resource_type: &str, needs: ResourceNeeds) -> Option<String> {
        let name = Spanned::new(resource_type.to_owned(), Span::default());
        let needs = Needs {
            resources: vec![(name, needs)],
            ..Needs::default()
        };
        missing(&needs, &capability(), Some("Patient"), &Given::default())
    }

    #[test]
    fn what_is_missing_is_named() {
        let interactions = |codes: &[Interaction]| ResourceNeeds {
            interaction: Some(Box::new(Claim::Is(codes.to_vec()))),
            ..ResourceNeeds::default()
        };
        let codes = |claim: Claim<String>| ResourceNeeds {
            versioning: Some(Box::new(claim)),
            ..ResourceNeeds::default()
        };
        assert_eq!(of("Patient", interactions(&[Interaction::Read])), None);
        assert_eq!(of("*", interactions(&[Interaction::Read])), None);
        assert_eq!(of("${type}", interactions(&[Interaction::Create])), None);
        assert_eq!(of("Patient", codes(Claim::Not(vec!["no-version".into()]))), None);
        let told = [
            of("Patient", interactions(&[Interaction::Read, Interaction::Delete])),
            of("Group", ResourceNeeds::default()),
            of("*", interactions(&[Interaction::Patch])),
            of("Patient", codes(Claim::Is(vec!["versioned-update".into()]))),
            of(
                "Patient",
                ResourceNeeds {
                    update_create: Some(false),
                    ..ResourceNeeds::default()
                },
            ),
            of(
                "Patient",
                ResourceNeeds {
                    conditional_read: Some(Box::new(Claim::Is(vec!["full-support".into()]))),
                    ..ResourceNeeds::default()
                },
            ),
        ];
        let told = told
            .into_iter()
            .map(Option::unwrap_or_default)
            .collect::<Vec<_>>()
            .join("\n");
        insta::assert_snapshot!(told, @r"
        Patient: interaction delete is not claimed
        Group is not claimed
        no resource type claims all that the case needs
        Patient: versioning is `versioned`, not versioned-update
        Patient: updateCreate is claimed, and the case is for servers without
        Patient: conditionalRead is `not-supported`, not full-support
        ");
    }
}
