//! `http.html` and `http.html#general`

use http::Method;

use super::Mutant;
use crate::fhir::Interaction::{Capabilities, Read, Vread};
use crate::server::rewrite::Answer;

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "general.capability-statement-provided",
        "the CapabilityStatement has no rest",
        |_, asked, answer| {
            if asked.is(Capabilities) {
                answer.edit_resource("CapabilityStatement", |body| {
                    body.as_object_mut().map(|body| body.remove("rest"));
                });
            }
        },
    ),
    Mutant::instead(
        "general.declared-interactions-available",
        "vread is declared, but there is nothing at its URL",
        |_, asked| {
            asked
                .is(Vread)
                .then(|| Answer::refusal(404, "not-supported", "there is no such route"))
        },
    ),
    Mutant::at(
        "general.https-in-production",
        "the server is open to the world without TLS",
        "http://fhir.hospital.org",
    ),
    Mutant::after(
        "general.cors",
        "a preflight is answered without Access-Control-Allow-Origin",
        |_, asked, answer| {
            if *asked.method() == Method::OPTIONS {
                answer.remove("access-control-allow-origin");
            }
        },
    ),
    Mutant::after(
        "general.cors/read",
        "a read is answered without Access-Control-Allow-Origin",
        |_, asked, answer| {
            if asked.is(Read) {
                answer.remove("access-control-allow-origin");
            }
        },
    ),
    Mutant::after(
        "general.status-codes-map-to-states",
        "failures are answered 200 with an OperationOutcome of severity error",
        |_, _, answer| {
            if answer.status.is_client_error() {
                answer.set_status(200);
            }
        },
    ),
];
