//! `http.html#history`: its parameters and its pages

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Mutant, entries, links};
use crate::fhir::FhirVersion::{R5, R6};
use crate::fhir::Interaction::{self, HistoryInstance, HistorySystem, HistoryType};
use crate::fhir::time::{format_instant, parse_instant};
use crate::server::rewrite::{Asked, Rewrite};
use crate::server::search::paging::PARAMETER;

const HISTORIES: [Interaction; 3] = [HistoryInstance, HistoryType, HistorySystem];

pub(super) const ALL: &[Mutant] = &[
    Mutant::before("history.count-limit", "_count is ignored", |_, asked| {
        forget(asked, "_count")
    }),
    Mutant::before(
        "history.since",
        "the version of the very moment of _since is left out",
        |_, asked| {
            if asked.is_any(&HISTORIES) {
                asked.change_query(|pairs| {
                    for (_, value) in pairs.iter_mut().filter(|(name, _)| name == "_since") {
                        if let Some(moment) = parse_instant(value) {
                            *value = format_instant(moment + SignedDuration::from_millis(1));
                        }
                    }
                });
            }
        },
    ),
    Mutant::before("history.since/ignored", "_since is ignored", |_, asked| {
        forget(asked, "_since")
    }),
    Mutant::after(
        "history.at",
        "_at finds the versions that were made at that very moment",
        |_, asked, answer| {
            let Some(moment) = asked.parameter("_at").filter(|_| asked.is_any(&HISTORIES)) else {
                return;
            };
            answer.edit_resource("Bundle", |bundle| {
                let made = |entry: &&mut Value| entry["response"]["lastModified"] == moment.as_str();
                let all: Vec<Value> = entries(bundle).filter(made).map(|entry| entry.clone()).collect();
                match bundle.as_object_mut() {
                    Some(bundle) if all.is_empty() => drop(bundle.remove("entry")),
                    _ => bundle["entry"] = Value::Array(all),
                }
            });
        },
    ),
    Mutant::before("history.list", "_list is ignored", |_, asked| forget(asked, "_list")),
    Mutant::before(
        "history.sort",
        "_sort is ignored, and the self link shows it all the same",
        |_, asked| forget(asked, "_sort"),
    )
    .also(Rewrite::After(|_, asked, answer| {
        if let Some(sort) = asked.parameter("_sort").filter(|_| asked.is_any(&HISTORIES)) {
            answer.edit_resource("Bundle", |bundle| {
                for link in links(bundle).filter(|link| link["relation"] == "self") {
                    let url = link["url"].as_str().unwrap_or_default();
                    let joint = if url.contains('?') { '&' } else { '?' };
                    link["url"] = json!(format!("{url}{joint}_sort={sort}"));
                }
            });
        }
    }))
    .only(&[R5, R6]),
    Mutant::after(
        "history.paging-method",
        "a history is cut, and has no link to the rest",
        |_, asked, answer| {
            if asked.is_any(&HISTORIES) {
                answer.edit_resource("Bundle", |bundle| {
                    if let Some(links) = bundle.pointer_mut("/link").and_then(Value::as_array_mut) {
                        links.retain(|link| link["relation"] != "next");
                    }
                });
            }
        },
    ),
    Mutant::before(
        "history.count-across-pages",
        "the second page has all the rest",
        |_, asked| {
            if asked.is_any(&HISTORIES) && asked.parameter(PARAMETER).is_some() {
                asked.change_query(|pairs| {
                    for (_, value) in pairs.iter_mut().filter(|(name, _)| name == "_count") {
                        "1000".clone_into(value);
                    }
                });
            }
        },
    ),
];

/// Takes a parameter of a history away.
fn forget(asked: &mut Asked, parameter: &str) {
    if asked.is_any(&HISTORIES) {
        asked.change_query(|pairs| pairs.retain(|(name, _)| name != parameter));
    }
}
