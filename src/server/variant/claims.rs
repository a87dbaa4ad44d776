//! Servers that do less, and say so in their CapabilityStatement.

use http::Method;
use http::header::IF_MATCH;
use serde_json::{Value, json};

use super::{KNOWN_AUTHORIZATION, Variant, each_object, unclaim};
use crate::fhir::FhirVersion;
use crate::fhir::Interaction::{
    Batch, Capabilities, Create, Delete, HistoryInstance, HistorySystem, HistoryType, Read, Transaction, Update, Vread,
};
use crate::server::Shared;
use crate::server::rewrite::Rewrite::{After, Before, Instead};
use crate::server::rewrite::{Answer, Asked, meant};

/// The only types of the variant `few-types`.
const FEW: [&str; 2] = ["Patient", "Practitioner"];

pub(super) const ALL: &[Variant] = &[
    Variant::new(
        "no-versioning",
        "there are no versions: no version ids, no ETags, no vread and no history",
        &[
            After(|_, asked, answer| {
                answer.edit_claims(asked, |resource| {
                    resource["versioning"] = json!("no-version");
                    resource["readHistory"] = json!(false);
                    resource["conditionalRead"] = json!("modified-since");
                    unclaim(
                        resource,
                        &[
                            "vread",
                            "history-instance",
                            "history-type",
                            "delete-history",
                            "delete-history-version",
                        ],
                    );
                });
                claim_nothing_of_the_system(asked, answer, "history-system");
            }),
            Instead(|_, asked| refuse_versions(asked)),
            Before(|_, asked| {
                asked.remove_header("if-match");
                asked.remove_header("if-none-match");
            }),
            After(|_, asked, answer| {
                if asked.is(Capabilities) {
                    return;
                }
                answer.remove("etag");
                answer.change("location", |url| {
                    url.split("/_history/").next().unwrap_or(url).to_owned()
                });
                answer.edit(|body| {
                    each_object(body, &|members| {
                        if let Some(meta) = members.get_mut("meta").and_then(|meta| meta.as_object_mut()) {
                            meta.remove("versionId");
                        }
                        if let Some(response) = members
                            .get_mut("response")
                            .and_then(|response| response.as_object_mut())
                        {
                            response.remove("etag");
                            if let Some(location) = response.get_mut("location") {
                                let text = location.as_str().unwrap_or_default();
                                *location = json!(text.split("/_history/").next());
                            }
                        }
                    });
                });
            }),
        ],
    ),
    Variant::new(
        "no-history",
        "only the current version can be had: no history, and vread knows no other",
        &[
            After(|_, asked, answer| {
                answer.edit_claims(asked, |resource| {
                    resource["readHistory"] = json!(false);
                    unclaim(
                        resource,
                        &[
                            "history-instance",
                            "history-type",
                            "delete-history",
                            "delete-history-version",
                        ],
                    );
                });
                claim_nothing_of_the_system(asked, answer, "history-system");
            }),
            Instead(|server, asked| match asked.interaction() {
                Some(HistoryInstance | HistoryType | HistorySystem) => refuse_versions(asked),
                Some(Vread) => {
                    is_past(server, asked).then(|| Answer::refusal(404, "not-supported", "past versions are not kept"))
                }
                _ => None,
            }),
        ],
    ),
    Variant::new(
        "no-update-as-create",
        "an update of what never existed is refused",
        &[
            After(|_, asked, answer| answer.edit_claims(asked, |resource| resource["updateCreate"] = json!(false))),
            Instead(|server, asked| {
                // Without an id in the URL it is a conditional update, which may bring one in its body.
                let resource_type = asked.resource_type()?;
                let sent = asked.json()?["id"].as_str()?.to_owned();
                let named = match asked.id() {
                    Some(id) => id == sent,
                    None => meant(server, asked)?.is_empty(),
                };
                let unknown = server.store.current(&resource_type, &sent).is_none();
                (asked.is(Update) && named && unknown).then(|| {
                    let mut answer = Answer::refusal(405, "not-supported", "ids are given by the server");
                    answer.set("allow", "GET, HEAD, OPTIONS");
                    answer
                })
            }),
        ],
    ),
    Variant::new(
        "no-delete",
        "nothing is ever deleted",
        &[
            After(|_, asked, answer| {
                answer.edit_claims(asked, |resource| {
                    resource["conditionalDelete"] = json!("not-supported");
                    unclaim(
                        resource,
                        &[
                            "delete",
                            "delete-history",
                            "delete-history-version",
                            "delete-conditional-single",
                            "delete-conditional-multiple",
                        ],
                    );
                });
            }),
            Instead(|_, asked| {
                asked.is(Delete).then(|| {
                    let mut answer = Answer::refusal(405, "not-supported", "nothing is deleted here");
                    answer.set("allow", "GET, HEAD, PUT, OPTIONS");
                    answer
                })
            }),
        ],
    ),
    Variant::new(
        "no-conditional-read",
        "the headers of conditional reads are ignored",
        &[
            After(|_, asked, answer| {
                answer.edit_claims(asked, |resource| resource["conditionalRead"] = json!("not-supported"));
            }),
            Before(|_, asked| {
                if asked.is_any(&[Read, Vread]) {
                    asked.remove_header("if-none-match");
                    asked.remove_header("if-modified-since");
                }
            }),
        ],
    ),
    Variant::new(
        "no-conditional-writes",
        "nothing is created, updated, patched or deleted by criteria",
        &[
            After(|_, asked, answer| {
                answer.edit_claims(asked, |resource| {
                    resource["conditionalCreate"] = json!(false);
                    resource["conditionalUpdate"] = json!(false);
                    resource["conditionalDelete"] = json!("not-supported");
                    if !resource["conditionalPatch"].is_null() {
                        resource["conditionalPatch"] = json!(false);
                    }
                    if let Some(interactions) = resource.pointer_mut("/interaction").and_then(Value::as_array_mut) {
                        interactions.retain(|one| !one["code"].as_str().unwrap_or_default().contains("conditional"));
                    }
                });
            }),
            Instead(|_, asked| {
                let by_criteria = asked.segments().len() == 1
                    && [Method::PUT, Method::PATCH, Method::DELETE].contains(asked.method());
                let if_none_exist = asked.is(Create) && asked.headers().contains_key("if-none-exist");
                (by_criteria || if_none_exist)
                    .then(|| Answer::refusal(400, "not-supported", "nothing is written by criteria"))
            }),
        ],
    ),
    Variant::new(
        "if-match-demanded",
        "an update of what exists has to say which version it is of (http.html#concurrency)",
        &[Instead(|server, asked| {
            let exists = server
                .store
                .current(&asked.resource_type()?, &asked.id()?)
                .is_some_and(|version| version.resource.is_some());
            (asked.is(Update) && exists && !asked.headers().contains_key(IF_MATCH))
                .then(|| Answer::refusal(400, "required", "If-Match is missing"))
        })],
    ),
    Variant::new(
        "few-types",
        "there are two resource types only",
        &[
            After(|_, asked, answer| {
                if asked.is(Capabilities) {
                    answer.edit_resource("CapabilityStatement", |body| {
                        if let Some(resources) = body.pointer_mut("/rest/0/resource").and_then(Value::as_array_mut) {
                            resources.retain(|resource| FEW.iter().any(|name| resource["type"] == *name));
                        }
                    });
                }
            }),
            Instead(|_, asked| {
                let named = asked.resource_type()?;
                (!FEW.contains(&named.as_str()))
                    .then(|| Answer::refusal(404, "not-supported", "there is no such type here"))
            }),
        ],
    ),
    Variant::new(
        "silent-claims",
        "the CapabilityStatement leaves out what it may leave out",
        &[After(|_, asked, answer| {
            answer.edit_claims(asked, |resource| {
                if let Some(resource) = resource.as_object_mut() {
                    resource.retain(|name, _| matches!(name.as_str(), "type" | "interaction" | "searchParam"));
                }
            });
        })],
    ),
    Variant::new(
        "credentials",
        "whoever does more than read the metadata has to show credentials (Authorization: Bearer known)",
        &[Instead(|_, asked| {
            let open = asked.is(Capabilities) || *asked.method() == Method::OPTIONS;
            let challenge = match asked.header("authorization") {
                _ if open => return None,
                Some(KNOWN_AUTHORIZATION) => return None,
                Some(_) => "Bearer error=\"invalid_token\"",
                None => "Bearer",
            };
            let mut answer = Answer::refusal(401, "login", "who are you?");
            answer.set("www-authenticate", challenge);
            Some(answer)
        })],
    ),
    Variant::new(
        "purge",
        "patients can be purged, and that is claimed (http.html#delete)",
        &[
            After(|_, asked, answer| {
                answer.edit_claims(asked, |resource| {
                    if resource["type"] == "Patient"
                        && let Some(operations) = resource.pointer_mut("/operation").and_then(Value::as_array_mut)
                    {
                        let definition = "http://hl7.org/fhir/OperationDefinition/Patient-purge";
                        operations.push(json!({ "name": "purge", "definition": definition }));
                    }
                });
            }),
            Instead(|server, asked| {
                let id = asked
                    .id()
                    .filter(|_| asked.path().ends_with("/$purge") && *asked.method() == Method::POST)?;
                let exists = server
                    .store
                    .current("Patient", &id)
                    .is_some_and(|version| version.resource.is_some());
                if !exists {
                    return Some(Answer::refusal(404, "not-found", "there is no such Patient"));
                }
                server.store.write().delete("Patient", &id);
                Some(Answer::empty(204))
            }),
        ],
    )
    .only(&[FhirVersion::R6]),
    Variant::new(
        "no-bundles",
        "there are no batches and no transactions",
        &[
            After(|_, asked, answer| {
                claim_nothing_of_the_system(asked, answer, "batch");
                claim_nothing_of_the_system(asked, answer, "transaction");
            }),
            Instead(|_, asked| {
                asked
                    .is_any(&[Batch, Transaction])
                    .then(|| Answer::refusal(400, "not-supported", "there are no batches and no transactions here"))
            }),
        ],
    ),
];

fn refuse_versions(asked: &Asked) -> Option<Answer> {
    let of_versions = asked.is_any(&[Vread, HistoryInstance, HistoryType, HistorySystem])
        || (asked.is(Delete) && asked.segments().len() > 2);
    of_versions.then(|| Answer::refusal(404, "not-supported", "there are no past versions here"))
}

/// Whether a vread asks for a version that was replaced.
fn is_past(server: &Shared, asked: &Asked) -> bool {
    let place = asked.resource_type().zip(asked.id());
    let current = place.and_then(|(resource_type, id)| server.store.current(&resource_type, &id));
    current.is_some_and(|current| asked.version_id().as_ref() != Some(&current.version_id))
}

fn claim_nothing_of_the_system(asked: &Asked, answer: &mut Answer, code: &str) {
    if asked.is(Capabilities) {
        answer.edit_resource("CapabilityStatement", |body| {
            if let Some(rest) = body.pointer_mut("/rest/0") {
                unclaim(rest, &[code]);
            }
        });
    }
}
