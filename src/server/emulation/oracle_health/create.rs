//! Create: which fields are taken, what becomes of them, and the answer without a body.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fhir::Interaction::Create;
use crate::fhir::time::parse_partial;
use crate::server::Shared;
use crate::server::rewrite::{Answer, Asked};

/// A documented rule for the body: its requirement, whether a body breaks it, and what is said then.
struct Rule {
    requirement: &'static str,
    is_broken: fn(&Value) -> bool,
    text: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        requirement: "oracle-procedure.create.resource-type",
        is_broken: |body| body["resourceType"] != "Procedure",
        text: "resourceType has to be Procedure",
    },
    Rule {
        requirement: "oracle-procedure.create.status-required",
        is_broken: |body| body.get("status").is_none(),
        text: "status is required",
    },
    Rule {
        requirement: "oracle-procedure.create.status-completed-only",
        is_broken: |body| body.get("status").is_some_and(|status| status != "completed"),
        text: "only the status completed is supported",
    },
    Rule {
        requirement: "oracle-procedure.create.code-required",
        is_broken: |body| body.get("code").is_none(),
        text: "code is required",
    },
    Rule {
        requirement: "oracle-procedure.create.subject-required",
        is_broken: |body| body.get("subject").is_none(),
        text: "subject is required",
    },
    Rule {
        requirement: "oracle-procedure.create.subject-patient-only",
        is_broken: |body| {
            body.get("subject")
                .is_some_and(|subject| !refers_to(subject, "Patient"))
        },
        text: "subject has to refer to a Patient",
    },
    Rule {
        requirement: "oracle-procedure.create.encounter-only",
        is_broken: |body| {
            body.get("encounter")
                .is_some_and(|encounter| !refers_to(encounter, "Encounter"))
        },
        text: "encounter has to refer to an Encounter",
    },
    Rule {
        requirement: "oracle-procedure.create.performed-datetime-only",
        is_broken: |body| {
            let others = ["performedString", "performedAge", "performedRange"];
            others.iter().any(|name| body.get(*name).is_some())
        },
        text: "performed is supported as dateTime and as Period only",
    },
    Rule {
        requirement: "oracle-procedure.create.performed-period",
        is_broken: |body| body.get("performedPeriod").is_some_and(|period| !is_whole(period)),
        text: "performedPeriod needs a start and an end that is not before it",
    },
    Rule {
        requirement: "oracle-procedure.create.performer-actor-required",
        is_broken: |body| performers(body).any(|performer| performer.get("actor").is_none()),
        text: "performer.actor is required",
    },
    Rule {
        requirement: "oracle-procedure.create.performer-actor-practitioner",
        is_broken: |body| {
            let mut actors = performers(body).filter_map(|performer| performer.get("actor"));
            actors.any(|actor| !refers_to(actor, "Practitioner"))
        },
        text: "performer.actor has to refer to a Practitioner",
    },
    Rule {
        requirement: "oracle-procedure.create.location-only",
        is_broken: |body| {
            // The example has a location with a display and no reference.
            let location = body
                .get("location")
                .filter(|location| location.get("reference").is_some());
            location.is_some_and(|location| !refers_to(location, "Location"))
        },
        text: "location has to refer to a Location",
    },
];

fn performers(body: &Value) -> impl Iterator<Item = &Value> {
    body.get("performer").and_then(Value::as_array).into_iter().flatten()
}

/// Whether a Reference names an instance of a type, relative or absolute.
fn refers_to(reference: &Value, resource_type: &str) -> bool {
    let parts = reference["reference"].as_str().unwrap_or_default().rsplit('/');
    let parts: Vec<&str> = parts.take(2).collect();
    matches!(parts[..], [id, named] if named == resource_type && !id.is_empty())
}

/// Whether a Period has both of its ends, in their order.
fn is_whole(period: &Value) -> bool {
    let end = |name: &str| parse_partial(period[name].as_str()?);
    match (end("start"), end("end")) {
        (Some(start), Some(end)) => start.start < end.end,
        _ => false,
    }
}

/// Refuses a body that breaks a rule.
pub(super) fn refuse(server: &Shared, asked: &Asked) -> Option<Answer> {
    // What is no JSON is refused by the server itself.
    let body = asked.json()?;
    let broken = RULES
        .iter()
        .find(|rule| (rule.is_broken)(&body) && server.keeps(rule.requirement))?;
    Some(Answer::refusal(422, "business-rule", broken.text))
}

/// Makes of a body that is to be created what is stored of it.
pub(super) fn take_in(server: &Shared, asked: &mut Asked) {
    let Some(mut body) = asked.json().filter(|_| asked.is(Create) && super::is_procedure(asked)) else {
        return;
    };
    // Only a server that forgot to look has anything else here.
    body["resourceType"] = json!("Procedure");
    if let Some(members) = body.as_object_mut() {
        members.entry("status").or_insert(json!("completed"));
        let patient = json!({ "reference": "Patient/12724066" });
        members.entry("subject").or_insert(patient);
    }
    let performers = body.get_mut("performer").and_then(Value::as_array_mut);
    for performer in performers.into_iter().flatten().filter_map(Value::as_object_mut) {
        let practitioner = json!({ "reference": "Practitioner/4122630" });
        performer.entry("actor").or_insert(practitioner);
    }
    if body.get("performedPeriod").is_some() && body.get("performedDateTime").is_some() {
        let wins = server.keeps("oracle-procedure.create.performed-period-precedence");
        let loses = if wins { "performedDateTime" } else { "performedPeriod" };
        super::super::remove(&mut body, loses);
    }
    let shifts = server.keeps("oracle-procedure.create.performed-converted-to-gmt");
    for place in ["/performedDateTime", "/performedPeriod/start", "/performedPeriod/end"] {
        if let Some(Value::String(text)) = body.pointer_mut(place) {
            *text = in_gmt(text, shifts);
        }
    }
    let has_date = body
        .as_object()
        .is_some_and(|members| members.keys().any(|name| name.contains("performed")));
    if !has_date && server.keeps("oracle-procedure.procedure.performed-unknown") {
        body["_performedDateTime"] = json!({ "extension": [{
            "valueCode": "unknown", "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
        }] });
    }
    if let Some(subject) = body.get_mut("subject").and_then(Value::as_object_mut) {
        subject.entry("display").or_insert(json!("SMART, NANCY"));
    }
    let said = body
        .pointer("/code/text")
        .or(body.pointer("/code/coding/0/display"))
        .cloned();
    if let (Some(code), Some(said)) = (body.get_mut("code").and_then(Value::as_object_mut), said) {
        code.entry("text").or_insert(said);
    }
    body["text"] = narrative(&body);
    asked.set_json(&body);
}

/// A date-time in UTC; one without a time stays as it is. `shifts` says whether the offset counts.
fn in_gmt(text: &str, shifts: bool) -> String {
    match text.parse::<Timestamp>() {
        Ok(moment) if shifts => moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Ok(_) => format!("{}Z", text.get(..19).unwrap_or(text)),
        Err(_) => text.to_owned(),
    }
}

fn narrative(body: &Value) -> Value {
    let text = |place: &str| {
        let text = body.pointer(place).and_then(Value::as_str).unwrap_or_default();
        text.replace('&', "&amp;").replace('<', "&lt;")
    };
    let (patient, procedure) = (text("/subject/display"), text("/code/text"));
    json!({
        "status": "generated",
        "div": format!(
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p><b>Procedure</b></p><p><b>Patient</b>: {patient}</p>\
             <p><b>Procedure</b>: {procedure}</p><p><b>Status</b>: Completed</p></div>"
        ),
    })
}

/// The answer to a create, as the example shows it.
pub(super) fn answer(answer: &mut Answer) {
    answer.clear();
    answer.set("content-type", "text/html");
    answer.set("cache-control", "no-cache");
    answer.set("vary", "Origin");
    answer.change("location", |url| {
        url.split("/_history").next().unwrap_or_default().to_owned()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_times_are_shifted_and_dates_are_not() {
        assert_eq!(in_gmt("2015-10-14T13:13:20-06:00", true), "2015-10-14T19:13:20Z");
        assert_eq!(in_gmt("2015-10-14T13:13:20-06:00", false), "2015-10-14T13:13:20Z");
        assert_eq!(in_gmt("2015", true), "2015");
    }

    #[test]
    fn references_are_known_by_type() {
        for (reference, holds) in [
            ("Patient/1", true),
            ("https://x/r4/Patient/1", true),
            ("Group/1", false),
            ("Patient/", false),
            ("", false),
        ] {
            assert_eq!(
                refers_to(&json!({ "reference": reference }), "Patient"),
                holds,
                "{reference}"
            );
        }
    }

    #[test]
    fn periods_have_two_ends_in_their_order() {
        let period = |start: &str, end: &str| json!({ "start": start, "end": end });
        assert!(is_whole(&period(
            "2015-10-14T13:13:20-06:00",
            "2015-10-14T14:12:20-06:00"
        )));
        assert!(!is_whole(&period("2015-10-15", "2015-10-14")));
        assert!(!is_whole(&json!({ "start": "2015" })));
    }
}
