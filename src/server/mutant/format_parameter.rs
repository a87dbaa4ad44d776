//! `http.html#parameters`

use super::content_negotiation::declare;
use super::{Mutant, OF_A_RESOURCE, in_another_namespace};
use crate::fhir::Interaction::{Create, Read};
use crate::server::rewrite::Answer;

pub(super) const ALL: &[Mutant] = &[
    Mutant::instead(
        "format-parameter.supported",
        "_format is an unknown parameter",
        |_, asked| {
            (asked.is(Read) && asked.parameter("_format").is_some())
                .then(|| Answer::refusal(400, "not-supported", "there is no parameter _format"))
        },
    ),
    Mutant::instead(
        "format-parameter.json-codes",
        "_format=application/json names nothing",
        |_, asked| {
            (asked.parameter("_format").as_deref() == Some("application/json"))
                .then(|| Answer::refusal(406, "not-supported", "that cannot be had here"))
        },
    ),
    Mutant::instead(
        "format-parameter.xml-codes",
        "_format=text/xml names nothing",
        |_, asked| {
            (asked.parameter("_format").as_deref() == Some("text/xml"))
                .then(|| Answer::refusal(406, "not-supported", "that cannot be had here"))
        },
    ),
    Mutant::after(
        "format-parameter.xml-codes/another-namespace",
        "_format=xml gets elements that are not in FHIR's namespace",
        |_, asked, answer| {
            if asked.parameter("_format").as_deref() == Some("xml") {
                in_another_namespace(answer);
            }
        },
    ),
    Mutant::before(
        "format-parameter.overrides-accept",
        "Accept wins over _format",
        |_, asked| {
            if asked.header("accept").is_some() {
                asked.change_query(|pairs| pairs.retain(|(name, _)| name != "_format"));
            }
        },
    ),
    Mutant::instead(
        "format-parameter.not-content-type",
        "_format is taken for the format of the body",
        |_, asked| {
            let other = asked
                .parameter("_format")
                .is_some_and(|format| !format.contains("json"));
            (asked.is(Create) && other).then(|| Answer::refusal(400, "structure", "the body is no XML"))
        },
    ),
    Mutant::after(
        "format-parameter.turtle-codes",
        "Turtle is declared, but _format=ttl is refused",
        |_, asked, answer| declare(asked, answer, "format", "ttl"),
    ),
    Mutant::after(
        "format-parameter.pretty-same-content",
        "pretty printing drops what it takes for empty",
        |_, asked, answer| {
            if asked.is_any(&OF_A_RESOURCE) && asked.parameter("_pretty").as_deref() == Some("true") {
                answer.edit(|body| {
                    if let Some(body) = body.as_object_mut() {
                        body.remove("birthDate");
                        body.remove("identifier");
                    }
                });
            }
        },
    ),
    Mutant::before(
        "format-parameter.summary-on-all-interactions",
        "_summary is ignored outside searches",
        |_, asked| {
            if asked.is(Read) && asked.parameter("_summary").is_some() {
                asked.change_query(|pairs| pairs.retain(|(name, _)| name != "_summary"));
            }
        },
    ),
    Mutant::after(
        "format-parameter.elements-on-all-interactions",
        "_elements drops mandatory elements that it does not name",
        |_, asked, answer| {
            if asked.is(Read) && asked.parameter("_elements").is_some() {
                answer.edit(|body| {
                    if let Some(body) = body.as_object_mut() {
                        body.remove("status");
                        body.remove("code");
                    }
                });
            }
        },
    ),
];
