//! `http.html#search`

use http::Method;
use serde_json::{Value, json};

use super::{Mutant, all_is_well, entries, nothing_found};
use crate::fhir::Interaction::SearchType;
use crate::fhir::ResourceType;
use crate::server::rewrite::Answer;
use crate::server::variant::{EXPIRED_AUTHORIZATION, KNOWN_AUTHORIZATION};

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "search.get-type",
        "a match of another type comes along",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    let stranger = json!({
                        "fullUrl": "http://127.0.0.1/fhir/Basic/stranger",
                        "resource": { "resourceType": "Basic", "id": "stranger", "code": { "text": "a stranger" } },
                        "search": { "mode": "match" },
                    });
                    if let Some(entries) = bundle.pointer_mut("/entry").and_then(Value::as_array_mut) {
                        entries.push(stranger);
                    }
                });
            }
        },
    ),
    Mutant::after(
        "search.status-200",
        "a search without matches is answered 404",
        |_, asked, answer| {
            if asked.is(SearchType)
                && answer.json().is_some_and(|bundle| bundle["entry"].is_null())
                && answer.is_success()
            {
                answer.set_status(404);
            }
        },
    ),
    Mutant::after(
        "search.bundle-searchset",
        "a search gives a collection",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| bundle["type"] = json!("collection"));
            }
        },
    ),
    Mutant::after(
        "search.zero-matches",
        "a search without matches is answered with an OperationOutcome",
        |_, asked, answer| {
            if asked.is(SearchType)
                && answer.json().is_some_and(|bundle| bundle["entry"].is_null())
                && answer.is_success()
            {
                *answer = Answer::refusal(404, "not-found", "nothing was found");
            }
        },
    ),
    Mutant::after(
        "search.defined-order",
        "matches come in any order",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    if let Some(entries) = bundle
                        .pointer_mut("/entry")
                        .and_then(Value::as_array_mut)
                        .filter(|entries| entries.len() > 1)
                    {
                        let turn = usize::try_from(asked.number).unwrap_or_default() % entries.len();
                        entries.rotate_left(turn);
                    }
                });
            }
        },
    ),
    Mutant::after(
        "search.paging-method",
        "a page has no link to the next",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    if let Some(links) = bundle.pointer_mut("/link").and_then(Value::as_array_mut) {
                        links.retain(|link| link["relation"] != "next");
                    }
                });
            }
        },
    ),
    Mutant::after(
        "search.outcome-severity",
        "the OperationOutcome of a search that was done has errors",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    for entry in entries(bundle).filter(|entry| entry["resource"]["resourceType"] == "OperationOutcome")
                    {
                        entry["resource"]["issue"][0]["severity"] = json!("error");
                    }
                });
            }
        },
    ),
    Mutant::after(
        "search.outcome-mode",
        "the OperationOutcome of a search counts as a match",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    for entry in entries(bundle).filter(|entry| entry["resource"]["resourceType"] == "OperationOutcome")
                    {
                        entry["search"]["mode"] = json!("match");
                    }
                });
            }
        },
    ),
    Mutant::after(
        "search.failure-status",
        "a search that cannot be done finds nothing",
        |_, asked, answer| {
            if asked.is(SearchType) && answer.status == 400 {
                answer.set_status(200);
                let mut bundle = nothing_found();
                bundle["link"] = json!([{ "relation": "self", "url": "http://127.0.0.1/fhir/Patient" }]);
                answer.set_json(&bundle);
            }
        },
    ),
    Mutant::after(
        "search.failure-outcome",
        "a search is refused without a word",
        |_, asked, answer| {
            if asked.is(SearchType) && answer.status == 400 {
                answer.clear();
            }
        },
    ),
    Mutant::after(
        "search.bad-request-400",
        "the server fails at a search that it does not understand",
        |_, asked, answer| {
            if asked.is(SearchType) && answer.status == 400 {
                answer.set_status(500);
            }
        },
    ),
    Mutant::instead(
        "search.unsupported-type-404",
        "a search in a type that does not exist finds nothing",
        |server, asked| {
            let resource_type = asked.resource_type()?;
            let unknown = ResourceType::parse(server.options.release, &resource_type).is_none();
            (asked.is(SearchType) && unknown).then(|| Answer::resource(200, &nothing_found()))
        },
    ),
    Mutant::instead("search.method-405", "neither GET nor POST searches", |_, asked| {
        asked.is(SearchType).then(|| {
            let mut answer = Answer::empty(405);
            answer.set("allow", "OPTIONS");
            answer.set("content-type", "application/fhir+json");
            answer.set_json(&all_is_well());
            answer
        })
    }),
    Mutant::instead(
        "search.get-and-post-supported",
        "there is no search by POST",
        |_, asked| {
            (asked.is(SearchType) && *asked.method() == Method::POST)
                .then(|| Answer::refusal(404, "not-found", "there is nothing here"))
        },
    ),
    Mutant::before(
        "search.parameters-as-pairs",
        "of a parameter that is repeated only the last counts",
        |_, asked| {
            if asked.is(SearchType) && *asked.method() == Method::GET {
                asked.change_query(|pairs| {
                    let all = pairs.clone();
                    let mut index = 0;
                    pairs.retain(|(name, _)| {
                        index += 1;
                        !all[index..].iter().any(|(later, _)| later == name)
                    });
                });
            }
        },
    ),
    Mutant::after(
        "search.self-link",
        "a searchset has no self link",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    if let Some(links) = bundle.pointer_mut("/link").and_then(Value::as_array_mut) {
                        links.retain(|link| link["relation"] != "self");
                    }
                });
            }
        },
    ),
    Mutant::after(
        "search.unauthorized-401",
        "a search without credentials is refused with 400",
        |_, asked, answer| {
            if asked.is(SearchType) && answer.status == 401 {
                answer.set_status(400);
            }
        },
    )
    .of_variant("credentials"),
    Mutant::before(
        "search.unauthorized-401/any-token",
        "whoever searches may show any token",
        |_, asked| {
            if asked.is(SearchType) && asked.header("authorization").is_some() {
                asked.set_header("authorization", KNOWN_AUTHORIZATION);
            }
        },
    )
    .of_variant("credentials"),
    Mutant::before(
        "search.unauthorized-401/expired-token",
        "whoever searches may show a token that has expired",
        |_, asked| {
            if asked.is(SearchType) && asked.header("authorization") == Some(EXPIRED_AUTHORIZATION) {
                asked.set_header("authorization", KNOWN_AUTHORIZATION);
            }
        },
    )
    .of_variant("credentials"),
    Mutant::before(
        "search.unauthorized-401/found",
        "a search without credentials finds what may not be read without them",
        |_, asked| {
            if asked.is(SearchType) && asked.header("authorization").is_none() {
                asked.set_header("authorization", KNOWN_AUTHORIZATION);
            }
        },
    )
    .of_variant("credentials"),
];
