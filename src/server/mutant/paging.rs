//! `http.html#paging`

use http::Method;
use serde_json::{Value, json};

use super::{Mutant, entries, links};
use crate::fhir::Interaction::SearchType;
use crate::server::rewrite::{Answer, Asked};
use crate::server::search::paging::PARAMETER;

pub(super) const ALL: &[Mutant] = &[
    Mutant::before("paging.supported", "_count is ignored", |_, asked| {
        if asked.is(SearchType) && *asked.method() == Method::GET {
            asked.change_query(|pairs| pairs.retain(|(name, _)| name != "_count"));
        }
    }),
    Mutant::before(
        "paging.method",
        "a page begins with the last match of the page before",
        |_, asked| {
            move_page(asked, |offset| offset.saturating_sub(1));
        },
    ),
    Mutant::before("paging.method/lost", "a page leaves its first match out", |_, asked| {
        move_page(asked, |offset| offset + 1);
    }),
    Mutant::after(
        "paging.self-link",
        "later pages have no self link",
        |_, asked, answer| {
            if asked.is(SearchType) && asked.parameter(PARAMETER).is_some() {
                answer.edit_resource("Bundle", |bundle| {
                    if let Some(links) = bundle.pointer_mut("/link").and_then(Value::as_array_mut) {
                        links.retain(|link| link["relation"] != "self");
                    }
                });
            }
        },
    ),
    Mutant::after(
        "paging.navigation-links",
        "the last link leads to an error",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    for link in links(bundle).filter(|link| link["relation"] == "last") {
                        link["url"] = json!(format!("{}x", link["url"].as_str().unwrap_or_default()));
                    }
                });
            }
        },
    ),
    Mutant::after("paging.total", "total counts the page", |_, asked, answer| {
        if asked.is(SearchType) {
            answer.edit_resource("Bundle", |bundle| {
                bundle["total"] = json!(entries(bundle).count());
            });
        }
    }),
    Mutant::after(
        "paging.total-without-includes",
        "what comes along with the matches counts in total",
        |_, asked, answer| {
            if asked.is(SearchType) && asked.parameter("_include").is_some() {
                answer.edit_resource("Bundle", |bundle| bundle["total"] = json!(entries(bundle).count()));
            }
        },
    ),
    Mutant::instead(
        "paging.follow-up-by-get",
        "later pages can be had by POST only",
        |_, asked| {
            (asked.is(SearchType) && *asked.method() == Method::GET && asked.parameter(PARAMETER).is_some()).then(
                || {
                    let mut answer = Answer::refusal(405, "not-supported", "pages are posted");
                    answer.set("allow", "POST");
                    answer
                },
            )
        },
    ),
    Mutant::instead(
        "paging.follow-up-by-post",
        "later pages cannot be had by POST",
        |_, asked| {
            (asked.is(SearchType) && *asked.method() == Method::POST && asked.parameter(PARAMETER).is_some())
                .then(|| Answer::refusal(400, "invalid", "pages are not posted"))
        },
    ),
    Mutant::after(
        "paging.no-previous-on-first",
        "the first page has a link to one before",
        |_, asked, answer| {
            if asked.is(SearchType) && asked.parameter(PARAMETER).is_none() {
                answer.edit_resource("Bundle", |bundle| link_again(bundle, "self", "previous"));
            }
        },
    ),
    Mutant::after(
        "paging.no-next-on-last",
        "the last page has a link to an empty one",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    let is_last = links(bundle).all(|link| link["relation"] != "next");
                    if is_last && entries(bundle).count() > 0 {
                        link_again(bundle, "self", "next");
                        for link in links(bundle).filter(|link| link["relation"] == "next") {
                            link["url"] = json!(beyond(link["url"].as_str().unwrap_or_default()));
                        }
                    }
                });
            }
        },
    ),
];

/// Moves the place that a link to a page names.
fn move_page(asked: &mut Asked, change: impl Fn(usize) -> usize) {
    if !asked.is(SearchType) || asked.parameter(PARAMETER).is_none() {
        return;
    }
    asked.change_query(|pairs| {
        for (_, value) in pairs.iter_mut().filter(|(name, _)| name == PARAMETER) {
            if let Some((snapshot, offset)) = value.split_once('-')
                && let Some(offset) = offset.parse::<usize>().ok().filter(|offset| *offset > 0)
            {
                *value = format!("{snapshot}-{}", change(offset));
            }
        }
    });
}

/// Adds a link under another relation.
fn link_again(bundle: &mut Value, from: &str, to: &str) {
    let found = links(bundle).find(|link| link["relation"] == from).cloned();
    if let (Some(mut link), Some(links)) = (found, bundle.pointer_mut("/link").and_then(Value::as_array_mut)) {
        link["relation"] = json!(to);
        links.push(link);
    }
}

/// The URL of a page behind all others.
fn beyond(url: &str) -> String {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.retain(|pair| !pair.starts_with(PARAMETER));
    let end = format!("{PARAMETER}=999999-999999");
    pairs.push(&end);
    format!("{path}?{}", pairs.join("&"))
}
