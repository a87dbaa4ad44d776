//! `http.html#cond-update`

use http::Method;
use serde_json::Value;

use super::{Mutant, is_unconditional, lead_to, meant, set_id};
use crate::fhir::FhirVersion::{R5, R6};
use crate::fhir::Interaction::Update;
use crate::server::rewrite::{Answer, Asked};

pub(super) const ALL: &[Mutant] = &[
    Mutant::before(
        "conditional-update.uses-search",
        "of the criteria only the identifier counts",
        |_, asked| {
            if asked.is(Update) && asked.parameter("identifier").is_some() {
                asked.change_query(|pairs| pairs.retain(|(name, _)| name == "identifier"));
            }
        },
    ),
    Mutant::instead(
        "conditional-update.no-match-creates",
        "an update that finds nothing is answered 404",
        |server, asked| {
            (asked.is(Update) && meant(server, asked)?.is_empty())
                .then(|| Answer::refusal(404, "not-found", "there is nothing to update"))
        },
    ),
    Mutant::instead(
        "conditional-update.no-match-with-new-id",
        "an update that finds nothing is refused where its body has an id, though clients may choose ids",
        |server, asked| {
            (asked.is(Update) && meant(server, asked)?.is_empty() && sent_id(asked).is_some())
                .then(|| Answer::refusal(422, "business-rule", "the server chooses ids"))
        },
    ),
    Mutant::before(
        "conditional-update.no-match-id-exists-409",
        "an update that finds nothing overwrites what has the id of its body",
        |server, asked| {
            if let (true, Some([]), Some(id)) = (asked.is(Update), meant(server, asked).as_deref(), sent_id(asked)) {
                lead_to(asked, &id);
            }
        },
    )
    .only(&[R5, R6]),
    Mutant::before(
        "conditional-update.one-match-updates",
        "an update that finds one resource creates another",
        |server, asked| {
            if asked.is(Update) && meant(server, asked).is_some_and(|all| all.len() == 1) {
                create(asked);
            }
        },
    ),
    Mutant::instead(
        "conditional-update.one-match-same-id",
        "an update is refused since its body has an id",
        |server, asked| {
            let meant = meant(server, asked).filter(|_| asked.is(Update))?;
            (sent_id(asked)? == meant.first()?.id).then(|| Answer::refusal(400, "invalid", "there must be no id"))
        },
    ),
    Mutant::before(
        "conditional-update.one-match-other-id-400",
        "another id in the body is ignored",
        |server, asked| {
            if let (true, Some([one])) = (asked.is(Update), meant(server, asked).as_deref()) {
                set_id(asked, &one.id);
            }
        },
    ),
    Mutant::before(
        "conditional-update.multiple-matches-412",
        "of several that the criteria find, the first is updated",
        |server, asked| {
            if let (true, Some([first, _, ..])) = (asked.is(Update), meant(server, asked).as_deref()) {
                set_id(asked, &first.id);
                lead_to(asked, &first.id);
            }
        },
    ),
    Mutant::after(
        "conditional-update.error-outcome",
        "a conditional update is refused without a word",
        |_, asked, answer| {
            if asked.is(Update) && asked.id().is_none() && matches!(answer.status.as_u16(), 400 | 412) {
                *answer = Answer::empty(answer.status.as_u16());
            }
        },
    ),
    Mutant::after(
        "conditional-update.status-and-location",
        "a conditional update of what exists has no Location",
        |_, asked, answer| {
            if asked.is(Update) && asked.id().is_none() && answer.status == 200 {
                answer.remove("location");
            }
        },
    )
    .only(&[R5, R6]),
    Mutant::before(
        "conditional-update.unsupported-400",
        "an update by criteria creates where it is not supported",
        |server, asked| {
            if asked.is(Update) && asked.id().is_none() && is_unconditional(server, asked) {
                create(asked);
            }
        },
    ),
    Mutant::before(
        "conditional-update.if-none-match-star",
        "what exists is overwritten in spite of If-None-Match",
        |_, asked| {
            if asked.is(Update) {
                asked.remove_header("if-none-match");
            }
        },
    )
    .only(&[R5, R6]),
];

fn sent_id(asked: &Asked) -> Option<String> {
    asked.json()?.get("id").and_then(Value::as_str).map(str::to_owned)
}

/// Makes an update by criteria a create.
fn create(asked: &mut Asked) {
    asked.set_method(Method::POST);
    asked.change_query(Vec::clear);
}
