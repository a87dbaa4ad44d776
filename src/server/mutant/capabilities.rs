//! `http.html#capabilities`

use serde_json::json;

use super::Mutant;
use crate::fhir::Interaction::Capabilities;
use crate::server::rewrite::Answer;

pub(super) const ALL: &[Mutant] = &[
    Mutant::instead("capabilities.supported", "there is nothing at /metadata", |_, asked| {
        asked
            .is(Capabilities)
            .then(|| Answer::refusal(404, "not-found", "there is no such thing"))
    }),
    Mutant::after(
        "capabilities.returns-description",
        "the metadata are a Conformance, which no release since DSTU2 has",
        |_, asked, answer| {
            if asked.is(Capabilities) {
                answer.edit_resource("CapabilityStatement", |body| {
                    body["resourceType"] = json!("Conformance")
                });
            }
        },
    ),
    Mutant::instead("capabilities.mode-full", "the mode full is refused", |_, asked| {
        (asked.is(Capabilities) && asked.parameter("mode").as_deref() == Some("full"))
            .then(|| Answer::refusal(400, "not-supported", "there are no modes"))
    }),
    Mutant::instead(
        "capabilities.mode-normative",
        "the server fails at the mode normative",
        |_, asked| {
            (asked.is(Capabilities) && asked.parameter("mode").as_deref() == Some("normative"))
                .then(|| Answer::refusal(500, "exception", "the server failed"))
        },
    ),
    Mutant::after(
        "capabilities.mode-terminology",
        "the mode terminology gives a ValueSet",
        |_, asked, answer| {
            if asked.is(Capabilities) && asked.parameter("mode").as_deref() == Some("terminology") {
                answer.set_json(&json!({ "resourceType": "ValueSet", "status": "active" }));
            }
        },
    ),
    Mutant::after("capabilities.etag", "the metadata have no ETag", |_, asked, answer| {
        if asked.is(Capabilities) {
            answer.remove("etag");
        }
    }),
    Mutant::after(
        "capabilities.etag-changes-with-content",
        "the ETag of the metadata is always the same",
        |_, asked, answer| {
            if asked.is(Capabilities) {
                answer.set("etag", "W/\"1\"");
            }
        },
    ),
    Mutant::before(
        "capabilities.fhir-version-checked",
        "the metadata do not look at fhirVersion",
        |_, asked| {
            if asked.is(Capabilities)
                && let Some(plain) = asked.header("accept").map(without_version)
            {
                asked.set_header("accept", &plain);
            }
        },
    ),
    Mutant::instead(
        "capabilities.summary-and-elements",
        "the metadata refuse _summary and _elements",
        |_, asked| {
            let reduced = asked.parameter("_summary").or(asked.parameter("_elements")).is_some();
            (asked.is(Capabilities) && reduced).then(|| Answer::refusal(400, "not-supported", "there are no parts"))
        },
    ),
    Mutant::instead(
        "capabilities.distinct-from-endpoint",
        "the CapabilityStatement that was stored last becomes the metadata",
        |server, asked| {
            let (_, stored) = server.store.snapshot("CapabilityStatement", None);
            let last = stored.last()?.resource.as_deref()?;
            asked.is(Capabilities).then(|| Answer::resource(200, last))
        },
    ),
];

/// A media type without its fhirVersion.
fn without_version(accept: &str) -> String {
    let parts = accept
        .split(';')
        .filter(|part| !part.trim().starts_with("fhirVersion="));
    parts.collect::<Vec<_>>().join(";")
}
