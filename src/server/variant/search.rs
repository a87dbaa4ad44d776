//! Searches that are right otherwise.

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Variant;
use crate::fhir::FhirVersion::{R5, R6};
use crate::fhir::Interaction::{HistoryInstance, SearchType};
use crate::fhir::time::now;
use crate::server::rewrite::Rewrite::{After, Before, Instead, Switch as On};
use crate::server::rewrite::{Answer, Switch, remove};
use crate::server::search::paging::PARAMETER;

/// How far the index is behind in the variant `lagging-index`.
const LAG: SignedDuration = SignedDuration::from_millis(150);

pub(super) const ALL: &[Variant] = &[
    Variant::new(
        "lagging-index",
        "searches find what was written a moment ago, and not what was written now",
        &[Before(|server, asked| {
            if asked.is(SearchType) && asked.parameter(PARAMETER).is_none() {
                let write = server.store.write_before(now() - LAG);
                asked.change_query(|pairs| pairs.push((PARAMETER.to_owned(), format!("{write}-0"))));
            }
        })],
    ),
    Variant::new(
        "another-order-each-time",
        "searches that ask for no order give each page in another one",
        &[After(|_, asked, answer| {
            if asked.is(SearchType) && asked.parameter("_sort").is_none() {
                edit_bundle(answer, |bundle| {
                    let entries = bundle.pointer_mut("/entry").and_then(Value::as_array_mut);
                    if let Some(entries) = entries.filter(|entries| !entries.is_empty()) {
                        // Every other search, so that neighbours of one kind differ as well.
                        let turn = usize::try_from(asked.number / 2).unwrap_or_default() % entries.len();
                        entries.rotate_left(turn);
                    }
                });
            }
        })],
    ),
    Variant::new(
        "small-pages",
        "a page has two entries at most, whatever is asked for",
        &[On(Switch::SmallPages)],
    ),
    Variant::new(
        "extra-links",
        "Bundles have more links than those to pages",
        &[After(|_, asked, answer| {
            if asked.is_any(&[SearchType, HistoryInstance]) {
                edit_bundle(answer, |bundle| {
                    if let Some(links) = bundle.pointer_mut("/link").and_then(Value::as_array_mut) {
                        links.push(json!({ "relation": "alternate", "url": "https://example.org/elsewhere" }));
                    }
                });
            }
        })],
    ),
    Variant::new(
        "no-total",
        "searches do not tell how many matches there are",
        &[After(|_, asked, answer| {
            if asked.is(SearchType) && asked.parameter("_summary").as_deref() != Some("count") {
                edit_bundle(answer, |bundle| remove(bundle, "total"));
            }
        })],
    ),
    Variant::new(
        "no-search-mode",
        "matches do not say that they are matches",
        &[After(|_, asked, answer| {
            if asked.is(SearchType) {
                edit_bundle(answer, |bundle| {
                    for entry in bundle
                        .pointer_mut("/entry")
                        .and_then(Value::as_array_mut)
                        .into_iter()
                        .flatten()
                    {
                        if entry["search"]["mode"] == "match" {
                            remove(entry, "search");
                        }
                    }
                });
            }
        })],
    ),
    Variant::new(
        "few-page-links",
        "pages have links to themselves and to the next page only",
        &[After(|_, asked, answer| {
            if asked.is_any(&[SearchType, HistoryInstance]) {
                edit_bundle(answer, |bundle| {
                    if let Some(links) = bundle.pointer_mut("/link").and_then(Value::as_array_mut) {
                        links.retain(|link| link["relation"] == "self" || link["relation"] == "next");
                    }
                });
            }
        })],
    ),
    Variant::new(
        "malformed-values-ignored",
        "a search goes by those parameters alone whose values it understands",
        &[Before(|_, asked| {
            if asked.is(SearchType) {
                asked.change_query(|pairs| {
                    pairs.retain(|(name, value)| name != "birthdate" || value.starts_with(|c: char| c.is_ascii_digit()))
                });
            }
        })],
    ),
    Variant::new(
        "compartments-type-by-type",
        "a compartment is searched for one type at a time",
        &[Instead(|_, asked| {
            asked
                .path()
                .ends_with("/*")
                .then(|| Answer::refusal(404, "not-supported", "name a type"))
        })],
    ),
    Variant::new(
        "no-search-by-post",
        "searches are done by GET only, which R5 allows",
        &[Instead(|_, asked| {
            (asked.is(SearchType) && *asked.method() == Method::POST).then(|| {
                let mut answer = Answer::refusal(405, "not-supported", "search by GET");
                answer.set("allow", "OPTIONS");
                answer
            })
        })],
    )
    .only(&[R5, R6]),
];

fn edit_bundle(answer: &mut Answer, change: impl FnOnce(&mut Value)) {
    answer.edit_resource("Bundle", change);
}
