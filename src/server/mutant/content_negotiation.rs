//! `http.html#mime-type` and `http.html#version-parameter`

use serde_json::{Value, json};

use super::Mutant;
use crate::fhir::Interaction::{Capabilities, Create, Read};
use crate::server::rewrite::{Answer, Asked, Rewrite};

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "content-negotiation.mime-types-server",
        "resources are labelled application/json",
        |_, _, answer| answer.change("content-type", |text| text.replace("fhir+json", "json")),
    ),
    Mutant::before(
        "content-negotiation.server-driven",
        "the first type in Accept is taken, whatever its weight",
        |_, asked| {
            if let Some(first) = asked.header("accept").and_then(|text| text.split([',', ';']).next()) {
                let first = first.to_owned();
                asked.set_header("accept", &first);
            }
        },
    ),
    Mutant::instead(
        "content-negotiation.generic-accept",
        "Accept: application/json is answered 406",
        |_, asked| (asked.header("accept") == Some("application/json")).then(not_acceptable),
    ),
    Mutant::before(
        "content-negotiation.not-acceptable-406",
        "what cannot be had is answered in JSON",
        |_, asked| {
            if asked
                .header("accept")
                .is_some_and(|text| !text.contains("json") && !text.contains('*'))
            {
                asked.remove_header("accept");
            }
        },
    ),
    Mutant::before(
        "content-negotiation.unsupported-media-type-415",
        "JSON is taken under whatever name it comes",
        |_, asked| {
            if asked.is(Create) {
                asked.set_header("content-type", "application/fhir+json");
            }
        },
    ),
    Mutant::after(
        "content-negotiation.turtle-mime-type",
        "Turtle is declared, and comes under the name text/turtle",
        |_, asked, answer| {
            declare(asked, answer, "ttl");
            if asked.is(Read) && asked.header("accept").is_some_and(|text| text.contains("turtle")) {
                answer.set_status(200);
                answer.set("content-type", "text/turtle");
                let subject = asked.segments().join("/");
                answer.body = format!("<{subject}> a <http://hl7.org/fhir/Patient> .\n").into();
            }
        },
    ),
    Mutant::after(
        "content-negotiation.utf8",
        "answers are written in ISO-8859-1",
        |_, _, answer| {
            if let Ok(text) = str::from_utf8(&answer.body) {
                let bytes: Vec<u8> = text
                    .chars()
                    .map(|letter| u8::try_from(letter).unwrap_or(b'?'))
                    .collect();
                answer.body = bytes.into();
            }
        },
    ),
    Mutant::instead(
        "content-negotiation.charset-parameter",
        "a body whose charset is told is refused",
        |_, asked| {
            let told = asked
                .header("content-type")
                .is_some_and(|text| text.contains("charset"));
            (asked.is(Create) && told).then(|| Answer::refusal(415, "not-supported", "the charset is not known"))
        },
    ),
    Mutant::instead(
        "content-negotiation.fhir-version-parameter",
        "the release that the server is of is refused when it is named",
        |server, asked| {
            let own = format!("fhirVersion={}", server.options.release.major_minor());
            names_version(asked, &own).then(not_acceptable)
        },
    ),
    Mutant::before(
        "content-negotiation.fhir-version-unsupported",
        "any release is served under the name that was asked for",
        |_, asked| {
            if asked.is(Read) && asked.header("accept").is_some_and(|text| text.contains("fhirVersion")) {
                asked.set_header("accept", "application/fhir+json");
            }
        },
    )
    .also(Rewrite::After(|_, asked, answer| {
        let named = asked.header("accept").and_then(|text| text.split_once("fhirVersion="));
        if let (true, Some((_, version))) = (asked.is(Read), named) {
            answer.set("content-type", &format!("application/fhir+json;fhirVersion={version}"));
        }
    })),
];

/// Says in the CapabilityStatement that the server has a format.
pub(super) fn declare(asked: &Asked, answer: &mut Answer, format: &str) {
    if asked.is(Capabilities) {
        answer.edit_resource("CapabilityStatement", |body| {
            if let Some(formats) = body.pointer_mut("/format").and_then(Value::as_array_mut) {
                formats.push(json!(format));
            }
        });
    }
}

fn not_acceptable() -> Answer {
    Answer::refusal(406, "not-supported", "that cannot be had here")
}

fn names_version(asked: &Asked, version: &str) -> bool {
    asked
        .header("accept")
        .is_some_and(|text| text.replace(' ', "").contains(version))
}
