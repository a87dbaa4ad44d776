//! `http.html#mime-type` and `http.html#version-parameter`

use serde_json::{Value, json};

use super::{Mutant, in_another_namespace};
use crate::fhir::Interaction::{Capabilities, Create, Read};
use crate::server::rewrite::{Answer, Asked, Rewrite};

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "content-negotiation.mime-types-server",
        "resources are labelled application/json",
        |_, _, answer| answer.change("content-type", |text| text.replace("fhir+json", "json")),
    ),
    Mutant::after(
        "content-negotiation.mime-types-server/xml-generic",
        "resources in XML are labelled application/xml",
        |_, _, answer| answer.change("content-type", |text| text.replace("fhir+xml", "xml")),
    ),
    Mutant::after(
        "content-negotiation.mime-types-server/json-as-xml",
        "what is labelled as XML is JSON",
        |_, _, answer| {
            if answer.is_labelled_xml()
                && let Some(body) = answer.json()
            {
                answer.body = body.to_string().into();
            }
        },
    ),
    Mutant::after(
        "content-negotiation.mime-types-server/another-namespace",
        "the elements of XML are not in FHIR's namespace",
        |_, _, answer| in_another_namespace(answer),
    ),
    Mutant::after(
        "content-negotiation.mime-types-server/not-well-formed",
        "the end of what is written in XML is missing",
        |_, _, answer| {
            if answer.is_labelled_xml() {
                let length = answer.body.len();
                answer.body = answer.body.slice(..length - length.min(3));
            }
        },
    ),
    Mutant::after(
        "content-negotiation.mime-types-server/out-of-order",
        "the elements of XML come in an order of the server's own",
        |_, _, answer| {
            if answer.is_labelled_xml()
                && let Ok(text) = str::from_utf8(&answer.body)
                && let Some((start, rest)) = text.split_once("<id value=\"")
                && let Some((id, rest)) = rest.split_once("/>")
                && let Some((inner, end)) = rest.rsplit_once("</")
            {
                answer.body = format!("{start}{inner}<id value=\"{id}/></{end}").into();
            }
        },
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
    Mutant::instead(
        "content-negotiation.generic-accept/xml",
        "Accept: application/xml is answered 406",
        |_, asked| (asked.header("accept") == Some("application/xml")).then(not_acceptable),
    ),
    Mutant::before(
        "content-negotiation.not-acceptable-406/xml",
        "XML, which cannot be had, is answered in JSON",
        |_, asked| {
            if asked
                .header("accept")
                .is_some_and(|text| text.contains("xml") && !text.contains("json"))
            {
                asked.remove_header("accept");
            }
        },
    )
    .of_variant("json-only"),
    Mutant::before(
        "content-negotiation.not-acceptable-406",
        "what cannot be had is answered in JSON",
        |_, asked| {
            if asked
                .header("accept")
                .is_some_and(|text| !text.contains("json") && !text.contains("xml") && !text.contains('*'))
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
            declare(asked, answer, "format", "ttl");
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

/// Says in the CapabilityStatement that the server has a format, in one of its lists of formats.
pub(super) fn declare(asked: &Asked, answer: &mut Answer, list: &str, format: &str) {
    if asked.is(Capabilities) {
        answer.edit_resource("CapabilityStatement", |body| {
            if let Some(formats) = body.get_mut(list).and_then(Value::as_array_mut) {
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
