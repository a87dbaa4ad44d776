//! `http.html#vsearch`: searches in compartments and over several types

use http::Method;
use serde_json::Value;

use super::{Mutant, nothing_found};
use crate::fhir::FhirVersion::{R4, R4B, R5, R6};
use crate::fhir::Interaction::{Read, SearchSystem};
use crate::server::BASE_PATH;
use crate::server::rewrite::{Answer, Asked};

pub(super) const ALL: &[Mutant] = &[
    Mutant::before(
        "compartment-search.one-type",
        "a search in a compartment looks everywhere",
        |_, asked| {
            let segments: Vec<String> = asked.segments().iter().map(ToString::to_string).collect();
            if let ("GET", [_, _, resource_type]) = (asked.method().as_str(), segments.as_slice())
                && resource_type.starts_with(|letter: char| letter.is_ascii_uppercase())
            {
                let query = asked.target().split_once('?').map_or("", |(_, query)| query).to_owned();
                asked.set_target(&format!("{BASE_PATH}/{resource_type}?{query}"));
            }
        },
    ),
    Mutant::after(
        "compartment-search.all-types",
        "the asterisk finds the patient alone",
        |_, asked, answer| {
            if asked.path().ends_with("/*") {
                answer.edit_resource("Bundle", |bundle| {
                    if let Some(entries) = bundle.pointer_mut("/entry").and_then(Value::as_array_mut) {
                        entries.retain(|entry| entry["resource"]["resourceType"] == "Patient");
                    }
                });
            }
        },
    ),
    Mutant::instead(
        "compartment-search.star-literal",
        "without the asterisk the compartment is searched as well",
        |_, asked| asked.is(Read).then(|| Answer::resource(200, &nothing_found())),
    ),
    Mutant::instead(
        "compartment-search.post",
        "a compartment is searched by GET only, and a post to it is answered 404",
        |_, asked| {
            let segments = asked.segments();
            let is_posted = *asked.method() == Method::POST && segments.len() > 2;
            (is_posted && segments.last().is_some_and(|last| last == "_search")).then(nothing_here)
        },
    )
    .only(&[R5, R6]),
    Mutant::instead(
        "system-search.all-types",
        "a search of all types is answered 404, and is declared",
        |_, asked| asked.is(SearchSystem).then(nothing_here),
    ),
    Mutant::before(
        "system-search.type-list",
        "of the listed types only the first is searched",
        |_, asked| first_type_only(asked),
    ),
    Mutant::before(
        "system-search.foreign-parameter-400",
        "a parameter of one listed type only leaves the others out",
        |_, asked| {
            if asked.parameter("birthdate").is_some() {
                first_type_only(asked);
            }
        },
    )
    .only(&[R4, R4B]),
    Mutant::instead(
        "system-search.post",
        "all types are searched by GET only, and a post is answered 404",
        |_, asked| (asked.is(SearchSystem) && *asked.method() == Method::POST).then(nothing_here),
    )
    .only(&[R5, R6]),
];

fn nothing_here() -> Answer {
    Answer::refusal(404, "not-found", "there is nothing here")
}

fn first_type_only(asked: &mut Asked) {
    if asked.is(SearchSystem) {
        asked.change_query(|pairs| {
            for (_, value) in pairs.iter_mut().filter(|(name, _)| name == "_type") {
                *value = value.split(',').next().unwrap_or_default().to_owned();
            }
        });
    }
}
