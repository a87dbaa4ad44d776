//! `http.html#cond-patch`

use http::Method;
use serde_json::json;

use super::{Mutant, lead_to, meant};
use crate::fhir::Interaction::Patch;
use crate::server::rewrite::Answer;

pub(super) const ALL: &[Mutant] = &[
    Mutant::instead(
        "conditional-patch.supported",
        "a patch by criteria is answered 405",
        |_, asked| {
            (asked.is(Patch) && asked.id().is_none())
                .then(|| Answer::refusal(405, "not-supported", "a patch needs an id"))
        },
    ),
    Mutant::before(
        "conditional-patch.uses-search",
        "whatever the criteria say, the newest resource is patched",
        |server, asked| {
            if asked.is(Patch) && asked.id().is_none() {
                let resource_type = asked.resource_type().unwrap_or_default();
                if let Some(newest) = server.store.snapshot(&resource_type, None).1.last() {
                    lead_to(asked, &newest.id);
                }
            }
        },
    ),
    Mutant::before(
        "conditional-patch.no-match-404",
        "a patch that finds nothing creates a resource",
        |server, asked| {
            if let (true, Some([])) = (asked.is(Patch), meant(server, asked).as_deref()) {
                let body = json!({ "resourceType": asked.resource_type() });
                asked.set_method(Method::POST);
                asked.set_header("content-type", "application/fhir+json");
                asked.change_query(Vec::clear);
                asked.set_json(&body);
            }
        },
    ),
    Mutant::instead(
        "conditional-patch.one-match-patched",
        "a patch that finds one resource is answered 200, and not applied",
        |server, asked| match meant(server, asked).filter(|_| asked.is(Patch))?.as_slice() {
            [one] => one.resource.as_ref().map(|resource| Answer::resource(200, resource)),
            _ => None,
        },
    ),
    Mutant::before(
        "conditional-patch.multiple-matches-412",
        "of several that the criteria find, the first is patched",
        |server, asked| {
            if let (true, Some([first, _, ..])) = (asked.is(Patch), meant(server, asked).as_deref()) {
                lead_to(asked, &first.id);
            }
        },
    ),
];
