//! Defects of create.

use serde_json::Value;

use crate::fhir::Interaction::{Create, Read};
use crate::server::mutant::Mutant;
use crate::server::rewrite::{Answer, Asked, remove};

pub(super) const ALL: &[Mutant] = &[
    Mutant::instead("oracle-procedure.create.url", "nothing can be created", |_, asked| {
        asked.is(Create).then(|| {
            let mut answer = Answer::refusal(405, "not-supported", "there is no create");
            answer.set("allow", "GET");
            answer
        })
    }),
    Mutant::forgets(
        "oracle-procedure.create.resource-type",
        "an Observation is taken as a Procedure",
    ),
    Mutant::forgets(
        "oracle-procedure.create.status-required",
        "a body without a status is taken",
    ),
    Mutant::forgets("oracle-procedure.create.status-completed-only", "any status is taken"),
    Mutant::forgets(
        "oracle-procedure.create.code-required",
        "a body without a code is taken",
    ),
    Mutant::forgets(
        "oracle-procedure.create.subject-required",
        "a body without a subject is taken",
    ),
    Mutant::forgets(
        "oracle-procedure.create.subject-patient-only",
        "a Group is taken as the subject",
    ),
    Mutant::forgets(
        "oracle-procedure.create.encounter-only",
        "an EpisodeOfCare is taken as the encounter",
    ),
    Mutant::forgets(
        "oracle-procedure.create.performed-datetime-only",
        "any type of performed is taken",
    ),
    Mutant::forgets(
        "oracle-procedure.create.performed-converted-to-gmt",
        "the offset of a date-time is dropped, and the time is not shifted",
    ),
    Mutant::forgets(
        "oracle-procedure.create.performed-period",
        "a period without an end is taken",
    ),
    Mutant::forgets(
        "oracle-procedure.create.performed-period-precedence",
        "of performedDateTime and performedPeriod the first wins",
    ),
    Mutant::before(
        "oracle-procedure.create.performer-optional",
        "of several performers the first is kept",
        |_, asked| {
            in_body(asked, |body| {
                if let Some(performers) = body.get_mut("performer").and_then(Value::as_array_mut) {
                    performers.truncate(1);
                }
            });
        },
    ),
    Mutant::before(
        "oracle-procedure.create.performer-function",
        "the function of a performer is dropped",
        |_, asked| {
            in_body(asked, |body| {
                let performers = body.get_mut("performer").and_then(Value::as_array_mut);
                performers
                    .into_iter()
                    .flatten()
                    .for_each(|performer| remove(performer, "function"));
            });
        },
    ),
    Mutant::forgets(
        "oracle-procedure.create.performer-actor-required",
        "a performer without an actor is taken",
    ),
    Mutant::forgets(
        "oracle-procedure.create.performer-actor-practitioner",
        "a Device is taken as a performer",
    ),
    Mutant::forgets(
        "oracle-procedure.create.location-only",
        "an Organization is taken as the location",
    ),
    Mutant::before("oracle-procedure.create.note", "notes are dropped", |_, asked| {
        in_body(asked, |body| remove(body, "note"));
    }),
    Mutant::after(
        "oracle-procedure.create.status-201",
        "a create is answered 200",
        |_, asked, answer| {
            if asked.is(Create) && answer.is_success() {
                answer.set_status(200);
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.create.body-empty",
        "the resource is returned",
        |server, asked, answer| {
            if !(asked.is(Create) && answer.is_success()) {
                return;
            }
            let id = answer.header("location").and_then(|url| url.rsplit('/').next());
            let version = id.and_then(|id| server.store.current("Procedure", id));
            if let Some(resource) = version.as_ref().and_then(|version| version.resource.as_deref()) {
                answer.set("content-type", "application/fhir+json;charset=utf-8");
                answer.set_json(resource);
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.create.location",
        "the Location is a path",
        |_, asked, answer| {
            if asked.is(Create) {
                answer.change("location", |url| {
                    let path = url.split("/Procedure/").nth(1).unwrap_or_default();
                    format!("Procedure/{path}")
                });
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.create.etag",
        "the ETag is not weak",
        |_, asked, answer| {
            if asked.is(Create) {
                answer.change("etag", |etag| etag.trim_start_matches("W/").to_owned());
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.create.etag/other",
        "the ETag is that of another version",
        |_, asked, answer| {
            if asked.is(Create) && answer.is_success() {
                answer.set("etag", "W/\"17\"");
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.create.last-modified",
        "a create does not tell when it was",
        |_, asked, answer| {
            if asked.is(Create) {
                answer.remove("last-modified");
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.create.other-headers",
        "a create has no X-Request-Id",
        |_, asked, answer| {
            if asked.is(Create) {
                answer.remove("x-request-id");
            }
        },
    ),
    Mutant::instead(
        "oracle-procedure.example.create",
        "what has performedDateTime and performedPeriod is refused",
        |_, asked| {
            let body = asked.json().filter(|_| asked.is(Create))?;
            let has = |name: &str| body.get(name).is_some();
            (has("performedDateTime") && has("performedPeriod"))
                .then(|| Answer::refusal(400, "structure", "performed[x] is there twice"))
        },
    ),
    Mutant::after(
        "oracle-procedure.create.note/read",
        "what was created is read without its notes",
        |_, asked, answer| {
            if asked.is(Read) {
                answer.edit_resource("Procedure", |procedure| remove(procedure, "note"));
            }
        },
    ),
];

fn in_body(asked: &mut Asked, change: impl FnOnce(&mut Value)) {
    if let Some(mut body) = asked.json().filter(|_| asked.is(Create)) {
        change(&mut body);
        asked.set_json(&body);
    }
}
