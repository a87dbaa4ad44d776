//! Oracle Health Millennium, R4 Procedure, as its documentation says: search by patient, read, create.

mod create;
mod mutants;
mod mutants_of_create;

use serde_json::json;

use super::{Emulation, claim_only, undocumented};
use crate::fhir::FhirVersion;
use crate::fhir::Interaction::{Capabilities, Create, Read, SearchType};
use crate::server::Shared;
use crate::server::rewrite::{Answer, Asked, Rewrite, Switch};

/// Oracle Health Millennium, R4 Procedure.
pub(super) static EMULATION: Emulation = Emulation {
    name: "oracle-health-r4",
    release: FhirVersion::R4,
    resources: &[
        include_str!("../../../../suites/systems/oracle-health-r4/resources/procedure-2572382193.json"),
        include_str!("../../../../suites/systems/oracle-health-r4/resources/procedure-2572383421.json"),
        include_str!("../../../../suites/systems/oracle-health-r4/resources/procedure-2572581295.json"),
        include_str!("../../../../suites/systems/oracle-health-r4/resources/procedure-2572476121.json"),
        include_str!("../../../../suites/systems/oracle-health-r4/resources/procedure-9000001.json"),
        include_str!("../../../../suites/systems/oracle-health-r4/resources/procedure-570007845.json"),
        include_str!("../../../../suites/systems/oracle-health-r4/resources/procedure-1788134987.json"),
        include_str!("../../../../suites/systems/oracle-health-r4/resources/provenance-proc-13511261.json"),
    ],
    rewrites: &[
        Rewrite::Switch(Switch::JsonOnly),
        Rewrite::Switch(Switch::NumericIds),
        Rewrite::Instead(refuse),
        Rewrite::Before(create::take_in),
        Rewrite::After(answer),
    ],
    mutants: &[mutants::ALL, mutants_of_create::ALL],
};

/// The parameters of a search, one of the first three of which has to be there.
const PARAMETERS: [&str; 5] = ["_id", "patient", "subject", "date", "_lastUpdated"];

fn is_procedure(asked: &Asked) -> bool {
    asked.resource_type().is_some_and(|name| name == "Procedure")
}

fn refuse(server: &Shared, asked: &Asked) -> Option<Answer> {
    match asked.interaction() {
        Some(Capabilities) => None,
        Some(SearchType) if is_procedure(asked) && asked.segments().len() <= 2 => {
            let has_criterion = asked
                .parameters()
                .iter()
                .any(|(name, value)| PARAMETERS[..3].contains(&name.as_str()) && !value.is_empty());
            (!has_criterion).then(|| Answer::refusal(400, "required", "one of _id, patient and subject is required"))
        }
        Some(Read) if is_procedure(asked) => None,
        Some(Create) if is_procedure(asked) => create::refuse(server, asked),
        _ => Some(undocumented(asked, "Procedure", "GET, HEAD, POST")),
    }
}

fn answer(_: &Shared, asked: &Asked, answer: &mut Answer) {
    match asked.interaction() {
        Some(Capabilities) => {
            let more = json!({ "versioning": "versioned", "searchRevInclude": ["Provenance:target"] });
            claim_only(
                answer,
                "Procedure",
                &["read", "search-type", "create"],
                &PARAMETERS,
                &more,
            );
        }
        Some(SearchType) => {
            let comes_along = asked.parameter("_revinclude").is_some();
            answer.edit_resource("Bundle", |bundle| {
                bundle["id"] = json!(uuid::Uuid::new_v4().to_string());
                super::remove(bundle, "total");
                // The examples tell match and include apart only where something comes along.
                let entries = bundle.pointer_mut("/entry").and_then(serde_json::Value::as_array_mut);
                for entry in entries.into_iter().flatten().filter(|_| !comes_along) {
                    super::remove(entry, "search");
                }
            });
        }
        Some(Create) if answer.is_success() => create::answer(answer),
        _ => {}
    }
}
