//! `http.html#update`

use http::Method;
use serde_json::{Value, json};

use super::{Mutant, all_is_well, current, last_content, versions};
use crate::fhir::Interaction::{Read, Update};
use crate::fhir::time::{format_http_date, format_instant};
use crate::fhir::{FhirVersion, ResourceType};
use crate::server::rewrite::{Answer, Asked, Switch, remove};
use crate::server::variant::KNOWN_AUTHORIZATION;

pub(super) const ALL: &[Mutant] = &[
    Mutant::before(
        "update.type-mismatch-rejected",
        "a body of another type is stored under its own",
        |_, asked| {
            let sent = asked
                .json()
                .and_then(|body| Some(body["resourceType"].as_str()?.to_owned()));
            if let (true, Some(sent), Some(id)) = (asked.is(Update), sent, asked.id())
                && asked.resource_type().is_some_and(|named| named != sent)
            {
                asked.set_target(&format!("/fhir/{sent}/{id}"));
            }
        },
    ),
    Mutant::before(
        "update.id-missing-rejected",
        "an id that is missing is filled in",
        |_, asked| {
            let id = asked.id();
            change_updated(asked, |body| {
                if body["id"].is_null() {
                    body["id"] = json!(id);
                }
            });
        },
    ),
    Mutant::before(
        "update.id-mismatch-rejected",
        "the id of the URL replaces another one",
        |_, asked| {
            let id = asked.id();
            change_updated(asked, |body| {
                if body["id"].is_string() {
                    body["id"] = json!(id);
                }
            });
        },
    ),
    Mutant::after(
        "update.id-error-outcome",
        "an update with a wrong id is refused without a word",
        |_, asked, answer| {
            let id = asked.json().map(|body| body["id"].as_str().map(str::to_owned));
            if asked.is(Update) && answer.status == 400 && id != Some(asked.id()) {
                answer.clear();
            }
        },
    ),
    Mutant::switch(
        "update.submitted-version-id-ignored",
        "the versionId that was sent is stored",
        Switch::UpdateKeepsVersionId,
    ),
    Mutant::switch(
        "update.submitted-last-updated-ignored",
        "the lastUpdated that was sent is stored",
        Switch::UpdateKeepsLastUpdated,
    ),
    Mutant::after(
        "update.meta-populated",
        "lastUpdated stays that of the first version",
        |server, asked, answer| {
            if let (true, Some(first)) = (asked.is_any(&[Read, Update]), versions(server, asked).first())
                && answer.is_success()
            {
                answer.edit_resource("Patient", |body| {
                    body["meta"]["lastUpdated"] = json!(format_instant(first.at))
                });
                answer.change("last-modified", |_| format_http_date(first.at));
            }
        },
    ),
    Mutant::before(
        "update.other-metadata-untouched",
        "an update drops the tags",
        |_, asked| {
            change_updated(asked, |body| {
                drop(
                    body.pointer_mut("/meta")
                        .and_then(Value::as_object_mut)
                        .map(|meta| meta.remove("tag")),
                );
            });
        },
    ),
    Mutant::before(
        "update.past-version-not-updatable",
        "a PUT to a past version updates the resource",
        |_, asked| {
            if let (&Method::PUT, Some(_), Some(resource_type), Some(id)) =
                (asked.method(), asked.version_id(), asked.resource_type(), asked.id())
            {
                asked.set_target(&format!("/fhir/{resource_type}/{id}"));
            }
        },
    ),
    Mutant::before(
        "update.accept-as-submitted",
        "an update drops an element",
        |_, asked| {
            change_updated(asked, |body| remove(body, "contact"));
        },
    ),
    Mutant::before(
        "update.replaces-whole-content",
        "what an update leaves out is kept",
        |server, asked| {
            if let (true, Some(Value::Object(stored))) = (asked.is(Update), last_content(server, asked)) {
                change_updated(asked, |body| {
                    for (name, value) in stored {
                        if body[&name].is_null() {
                            body[&name] = value;
                        }
                    }
                });
            }
        },
    ),
    Mutant::after(
        "update.success-200",
        "an update of what exists is answered 204",
        |_, asked, answer| {
            if asked.is(Update) && answer.status == 200 {
                answer.set_status(204);
                answer.clear();
            }
        },
    ),
    Mutant::after(
        "update.created-201",
        "an update that created is answered 200",
        |server, asked, answer| {
            if asked.is(Update) && answer.status == 201 && versions(server, asked).len() == 1 {
                answer.set_status(200);
            }
        },
    ),
    Mutant::instead(
        "update.revival-201",
        "a deleted resource cannot be brought back",
        |server, asked| {
            let deleted = current(server, asked).is_some_and(|version| version.resource.is_none());
            (asked.is(Update) && deleted).then(|| Answer::refusal(410, "deleted", "it was deleted"))
        },
    ),
    Mutant::after(
        "update.revival-201/status",
        "bringing back a deleted resource is answered 200",
        |server, asked, answer| {
            if asked.is(Update) && answer.status == 201 && versions(server, asked).len() > 1 {
                answer.set_status(200);
            }
        },
    )
    .only(&[FhirVersion::R4, FhirVersion::R4B]),
    Mutant::after(
        "update.etag",
        "an update has the ETag of the version before",
        |server, asked, answer| {
            if let [.., before, _] = versions(server, asked).as_slice()
                && asked.is(Update)
                && answer.is_success()
            {
                answer.set("etag", &before.etag());
            }
        },
    ),
    Mutant::after("update.etag/none", "an update has no ETag", |_, asked, answer| {
        if asked.is(Update) {
            answer.remove("etag");
        }
    }),
    Mutant::after(
        "update.last-modified",
        "an update has no Last-Modified",
        |_, asked, answer| {
            if asked.is(Update) {
                answer.remove("last-modified");
            }
        },
    ),
    Mutant::after("update.location", "an update has no Location", |_, asked, answer| {
        if asked.is(Update) {
            answer.remove("location");
        }
    }),
    Mutant::after(
        "update.location-specific",
        "the Location of an update has no version",
        |_, asked, answer| {
            if asked.is(Update) {
                answer.change("location", |url| {
                    url.split("/_history/").next().unwrap_or(url).to_owned()
                });
            }
        },
    ),
    Mutant::after(
        "update.body-follows-preference",
        "an update is answered with an OperationOutcome that nobody asked for",
        |_, asked, answer| {
            if asked.is(Update) && answer.is_success() && asked.header("prefer").is_none() {
                answer.set_json(&all_is_well());
            }
        },
    ),
    Mutant::switch(
        "update.business-rule-422",
        "what breaks a rule of the server is stored by an update",
        Switch::UpdatesAgainstRules,
    ),
    Mutant::after(
        "update.unique-conflict-location",
        "the Location of a refusal is that of the resource that was refused",
        |_, asked, answer| {
            if asked.is(Update) && answer.status == 422 {
                let target = asked.path().to_owned();
                answer.change("location", |_| target);
            }
        },
    ),
    Mutant::switch(
        "update.new-version-current",
        "an update changes the current version and makes none",
        Switch::UpdateInPlace,
    ),
    Mutant::instead(
        "update.as-create-declared",
        "an update-as-create is answered 404, though it is declared",
        |server, asked| {
            (asked.is(Update) && current(server, asked).is_none())
                .then(|| Answer::refusal(404, "not-found", "there is no such resource"))
        },
    ),
    Mutant::before(
        "update.as-create-refused-405",
        "an update of what does not exist creates under another id",
        |server, asked| {
            if let (true, None, Some(resource_type)) = (asked.is(Update), current(server, asked), asked.resource_type())
            {
                asked.set_method(Method::POST);
                asked.set_target(&format!("/fhir/{resource_type}"));
            }
        },
    )
    .of_variant("no-update-as-create"),
    Mutant::after(
        "update.no-201-without-creation",
        "every update is answered 201",
        |_, asked, answer| {
            if asked.is(Update) && answer.status == 200 {
                answer.set_status(201);
            }
        },
    ),
    Mutant::after(
        "update.as-create-location-same",
        "the Location of an update-as-create has another id",
        |_, asked, answer| {
            if let (true, 201, Some(id)) = (asked.is(Update), answer.status.as_u16(), asked.id()) {
                answer.change("location", |url| url.replace(&id, &format!("{id}0")));
            }
        },
    ),
    Mutant::after(
        "update.unparseable-400",
        "the server fails at a body that it cannot read",
        |_, asked, answer| {
            if asked.is(Update) && answer.status == 400 {
                answer.set_status(500);
            }
        },
    ),
    Mutant::instead(
        "update.unsupported-type-404",
        "the server fails at a type that does not exist",
        |server, asked| {
            let resource_type = asked.resource_type()?;
            let unknown = ResourceType::parse(server.options.release, &resource_type).is_none();
            (asked.is(Update) && unknown).then(|| Answer::refusal(500, "exception", "the server failed"))
        },
    ),
    Mutant::after(
        "update.error-outcome",
        "an update is refused with a plain text",
        |_, asked, answer| {
            if asked.is(Update) && answer.status.is_client_error() {
                answer.set("content-type", "text/plain");
                answer.body = "that is not right".into();
            }
        },
    ),
    Mutant::after(
        "update.unauthorized-401",
        "a write without credentials is refused with 400",
        |_, _, answer| {
            if answer.status == 401 {
                answer.set_status(400);
            }
        },
    )
    .of_variant("credentials"),
    Mutant::before(
        "update.unauthorized-401/any-token",
        "whatever stands in Authorization is let in",
        |_, asked| {
            if asked.header("authorization").is_some() {
                asked.set_header("authorization", KNOWN_AUTHORIZATION);
            }
        },
    )
    .of_variant("credentials"),
];

fn change_updated(asked: &mut Asked, change: impl FnOnce(&mut Value)) {
    if let (true, Some(mut body)) = (asked.is(Update), asked.json()) {
        change(&mut body);
        asked.set_json(&body);
    }
}
