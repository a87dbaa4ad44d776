//! `http.html#create`

use std::hash::{DefaultHasher, Hash, Hasher};

use http::Method;
use serde_json::{Value, json};

use super::{Mutant, all_is_well};
use crate::fhir::Interaction::{Create, Read};
use crate::fhir::{FhirVersion, ResourceType};
use crate::server::rewrite::{Answer, Asked, Rewrite, Switch, remove};

pub(super) const ALL: &[Mutant] = &[
    Mutant::before(
        "create.type-mismatch-rejected",
        "a body of another type is created under its own",
        |_, asked| {
            let sent = asked
                .json()
                .and_then(|body| Some(body["resourceType"].as_str()?.to_owned()));
            if let (true, Some(sent)) = (asked.is(Create), sent)
                && asked.resource_type().is_some_and(|named| named != sent)
            {
                asked.set_target(&format!("/fhir/{sent}"));
            }
        },
    ),
    Mutant::instead(
        "create.id-not-needed",
        "a resource without an id is refused",
        |_, asked| {
            let without = asked.json().is_some_and(|body| body["id"].is_null());
            (asked.is(Create) && without).then(|| Answer::refusal(400, "required", "the id is missing"))
        },
    ),
    Mutant::before(
        "create.submitted-id-ignored",
        "the id in the body is taken, even that of another resource",
        |_, asked| {
            if let (true, Some(body)) = (asked.is(Create), asked.json())
                && let Some(id) = body["id"].as_str()
            {
                put_under(asked, id);
            }
        },
    )
    .also(Rewrite::After(|_, asked, answer| {
        if asked.is(Create) && answer.is_success() {
            answer.set_status(201);
        }
    })),
    Mutant::switch(
        "create.submitted-meta-ignored",
        "the lastUpdated that was sent is stored",
        Switch::CreateKeepsLastUpdated,
    ),
    Mutant::switch(
        "create.submitted-meta-ignored/version",
        "the versionId that was sent is stored",
        Switch::CreateKeepsVersionId,
    ),
    Mutant::after(
        "create.meta-populated",
        "resources have no lastUpdated",
        |_, asked, answer| {
            if asked.is_any(&[Create, Read]) && answer.is_success() {
                answer.edit(|body| {
                    drop(
                        body.pointer_mut("/meta")
                            .and_then(Value::as_object_mut)
                            .map(|meta| meta.remove("lastUpdated")),
                    )
                });
            }
        },
    ),
    Mutant::before(
        "create.other-metadata-untouched",
        "a create drops the tags",
        |_, asked| {
            change_created(asked, |body| {
                drop(
                    body.pointer_mut("/meta")
                        .and_then(Value::as_object_mut)
                        .map(|meta| meta.remove("tag")),
                );
            });
        },
    ),
    Mutant::before("create.accept-as-submitted", "a create drops an element", |_, asked| {
        change_created(asked, |body| remove(body, "telecom"));
    }),
    Mutant::switch(
        "create.business-rule-422",
        "what breaks a rule of the server is created",
        Switch::CreatesAgainstRules,
    ),
    Mutant::after("create.status-201", "a create is answered 200", |_, asked, answer| {
        if asked.is(Create) && answer.status == 201 {
            answer.set_status(200);
        }
    }),
    Mutant::after("create.location", "a create has no Location", |_, asked, answer| {
        if asked.is(Create) {
            answer.remove("location");
        }
    }),
    Mutant::after(
        "create.location-versioned",
        "the Location of a create has no version",
        |_, asked, answer| {
            if asked.is(Create) {
                answer.change("location", |url| {
                    url.split("/_history/").next().unwrap_or(url).to_owned()
                });
            }
        },
    ),
    Mutant::after(
        "create.location-unversioned",
        "the Location of a type without versions has one",
        |_, asked, answer| {
            if asked.is(Create) {
                answer.change("location", |url| format!("{url}/_history/1"));
            }
        },
    )
    .of_variant("no-versioning"),
    Mutant::after("create.etag", "a create has no ETag", |_, asked, answer| {
        if asked.is(Create) {
            answer.remove("etag");
        }
    }),
    Mutant::after(
        "create.last-modified",
        "a create has no Last-Modified",
        |_, asked, answer| {
            if asked.is(Create) {
                answer.remove("last-modified");
            }
        },
    ),
    Mutant::after(
        "create.body-follows-preference",
        "a create is answered with an OperationOutcome that nobody asked for",
        |_, asked, answer| {
            if asked.is(Create) && answer.is_success() && asked.header("prefer").is_none() {
                answer.set_json(&all_is_well());
            }
        },
    ),
    Mutant::after(
        "create.invalid-400",
        "the server fails at a body that it cannot read",
        |_, asked, answer| {
            if asked.is(Create) && answer.status == 400 {
                answer.set_status(500);
            }
        },
    ),
    Mutant::instead(
        "create.invalid-400/created",
        "a body that breaks off is answered 201",
        |_, asked| {
            (asked.is(Create) && asked.json().is_none()).then(|| {
                let mut answer = Answer::empty(201);
                answer.set("location", "/fhir/Patient/broken/_history/1");
                answer
            })
        },
    ),
    Mutant::after(
        "create.error-outcome",
        "a create is refused with a plain text",
        |_, asked, answer| {
            if asked.is(Create) && matches!(answer.status.as_u16(), 400 | 422) {
                answer.set("content-type", "text/plain");
                answer.body = "that is not right".into();
            }
        },
    ),
    Mutant::instead(
        "create.unsupported-type-404",
        "a resource of a type that does not exist is answered 201",
        |server, asked| {
            let resource_type = asked.resource_type()?;
            let unknown = ResourceType::parse(server.options.release, &resource_type).is_none();
            (asked.is(Create) && unknown).then(|| {
                let mut answer = Answer::empty(201);
                answer.set("location", &format!("/fhir/{resource_type}/1/_history/1"));
                answer
            })
        },
    ),
    Mutant::after(
        "create.async-202",
        "a create that was not to be asynchronous is answered 202",
        |_, asked, answer| {
            if asked.is(Create) && answer.is_success() {
                answer.set_status(202);
            }
        },
    ),
    Mutant::before(
        "create.server-assigns-new-location",
        "the id is made of the content, so that the same content has the same place",
        |_, asked| {
            if let (true, Some(mut body)) = (asked.is(Create), asked.json()) {
                body["meta"] = Value::Null;
                let mut hasher = DefaultHasher::new();
                body.to_string().hash(&mut hasher);
                put_under(asked, &format!("{:x}", hasher.finish()));
            }
        },
    )
    .also(Rewrite::After(|_, asked, answer| {
        if asked.is(Create) && answer.is_success() {
            answer.set_status(201);
        }
    }))
    .only(&[FhirVersion::R4, FhirVersion::R4B]),
    Mutant::after(
        "create.server-assigns-new-location/elsewhere",
        "what is created cannot be read where its Location says that it is",
        |_, asked, answer| {
            let id = answer.json().and_then(|body| Some(body["id"].as_str()?.to_owned()));
            if let (true, true, Some(id)) = (asked.is(Create), answer.is_success(), id) {
                let other = format!("not-{}", &id[..id.len().min(60)]);
                answer.change("location", |url| url.replace(&id, &other));
                answer.edit(|body| body["id"] = json!(other));
            }
        },
    ),
];

/// Makes a create an update of that id.
fn put_under(asked: &mut Asked, id: &str) {
    if let (Some(resource_type), Some(mut body)) = (asked.resource_type(), asked.json()) {
        body["id"] = json!(id);
        asked.set_json(&body);
        asked.set_method(Method::PUT);
        asked.set_target(&format!("/fhir/{resource_type}/{id}"));
    }
}

fn change_created(asked: &mut Asked, change: impl FnOnce(&mut Value)) {
    if let (true, Some(mut body)) = (asked.is(Create), asked.json()) {
        change(&mut body);
        asked.set_json(&body);
    }
}
