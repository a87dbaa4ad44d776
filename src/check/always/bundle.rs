//! Bundles: their type, their self link, their entries.

use serde_json::Value;

use super::outcome::first_error;
use super::{Ledger, Look, Softened};
use crate::check::expectation::of_body;
use crate::check::header::date;
use crate::check::judged::{Between, a, cut, short};
use crate::fhir::Interaction::{
    Batch, Capabilities, HistoryInstance, HistorySystem, HistoryType, SearchSystem, SearchType, Transaction,
};
use crate::suite::assertion::AtMost;
use crate::verdict::{Mismatch, Part};

/// `http.html#capabilities`
const DESCRIPTION: &str = "capabilities.returns-description";

pub(super) fn audit(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let Some(interaction) = look.interaction.filter(|_| look.status == 200) else {
        return;
    };
    let is_search = matches!(interaction, SearchType | SearchSystem);
    let is_history = matches!(interaction, HistoryInstance | HistoryType | HistorySystem);
    let (rule, wanted) = match interaction {
        SearchType | SearchSystem => ("search.bundle-searchset", "searchset"),
        HistoryInstance | HistoryType | HistorySystem => ("history.bundle-type", "history"),
        Transaction => ("transaction-response.transaction-type", "transaction-response"),
        Batch => ("transaction-response.batch-type", "batch-response"),
        Capabilities => (DESCRIPTION, "CapabilityStatement"),
        _ => return,
    };
    let Some((resource, name)) = look.resource() else {
        // Any other body is told by the rule on labels.
        if look.reading.body().is_empty() {
            let wanted = if interaction == Capabilities { wanted } else { "Bundle" };
            let told = of_body("the server answered 200 without a body").between(wanted, None);
            ledger.broken(rule, told);
        }
        return;
    };
    // An outcome of errors with 200 is told by the rule on statuses.
    if name == "OperationOutcome" && first_error(resource).is_some() {
        return;
    }
    if interaction == Capabilities {
        return describes_the_server(look, ledger, name);
    }
    has_type(ledger, rule, resource, wanted);
    if name != "Bundle" {
        return;
    }
    if is_search {
        outcomes_are_marked(look, ledger);
        matches_are_of_the_type(look, ledger);
    }
    if is_search || is_history {
        has_one_self_link(look, ledger, resource, is_history);
    }
    if is_history {
        history_entries_say_something(look, ledger);
        oldest_is_last(look, ledger);
    }
    if look.is(&[Transaction, Batch]) {
        answers_every_entry(look, ledger);
    }
}

fn at(pointer: String, message: String) -> Box<Mismatch> {
    let mut told = of_body(message);
    told.part = Part::Body(pointer);
    told
}

/// The body is a Bundle of a type.
fn has_type(ledger: &mut Ledger<'_>, rule: &str, resource: &Value, wanted: &str) {
    if resource["resourceType"] != "Bundle" {
        let name = short(&resource["resourceType"]);
        let told = at(
            "/resourceType".to_owned(),
            format!("the body is {}, not a Bundle", a(&name)),
        );
        ledger.broken(rule, told.between("Bundle", Some(name)));
        return;
    }
    let found = &resource["type"];
    ledger.judge(rule, found == wanted, || {
        let message = match found {
            Value::Null => "`Bundle.type` is missing".to_owned(),
            _ => format!("`Bundle.type` is `{}`, not `{wanted}`", short(found)),
        };
        at("/type".to_owned(), message).between(wanted, (!found.is_null()).then(|| short(found)))
    });
}

/// `http.html#capabilities`: /metadata describes the server.
fn describes_the_server(look: &Look<'_>, ledger: &mut Ledger<'_>, name: &str) {
    let is_description = name == "CapabilityStatement" || look.has_parameter("mode");
    ledger.judge(DESCRIPTION, is_description, || {
        at(
            "/resourceType".to_owned(),
            format!("the body is {}, not a CapabilityStatement", a(name)),
        )
        .between("CapabilityStatement", Some(name.to_owned()))
    });
}

/// `http.html#paging`: every page has one self link.
fn has_one_self_link(look: &Look<'_>, ledger: &mut Ledger<'_>, bundle: &Value, is_history: bool) {
    let links = bundle["link"].as_array().map_or(&[][..], Vec::as_slice);
    let count = links.iter().filter(|link| link["relation"] == "self").count();
    let rule = if !look.is_page && !is_history {
        "search.self-link"
    } else {
        "paging.self-link"
    };
    if count == 1 {
        // That the link has the parameters that were used is for the suites to see.
        ledger.holds("paging.self-link");
        return;
    }
    let message = match count {
        0 => "the Bundle has no self link".to_owned(),
        _ => format!("the Bundle has {count} self links"),
    };
    let told = at("/link".to_owned(), message).between("one link of relation self", None);
    if is_history {
        let softened = Softened {
            at_most: Some(AtMost::Note),
            because: Some("the rule is written for search results; in a history it is information"),
        };
        ledger.broken_but(rule, softened, told);
    } else {
        ledger.broken(rule, told);
    }
}

/// `http.html#search`: an OperationOutcome in a searchset has the mode outcome, and no errors.
fn outcomes_are_marked(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    if look.type_in_url == Some("OperationOutcome") {
        return;
    }
    for (index, entry) in look.reading.entries().enumerate() {
        if entry["resource"]["resourceType"] != "OperationOutcome" {
            continue;
        }
        let mode = &entry["search"]["mode"];
        let is_marked = mode == "outcome";
        ledger.judge("search.outcome-mode", is_marked, || {
            let message = match mode {
                Value::Null => "the entry with an OperationOutcome has no `search.mode`".to_owned(),
                _ => format!("the entry with an OperationOutcome has the mode `{}`", short(mode)),
            };
            at(format!("/entry/{index}/search/mode"), message)
                .between("outcome", (!mode.is_null()).then(|| short(mode)))
        });
        let issues = entry["resource"]["issue"].as_array();
        let error = issues
            .into_iter()
            .flatten()
            .find(|issue| issue["severity"] == "error" || issue["severity"] == "fatal");
        ledger.judge("search.outcome-severity", error.is_none(), || {
            let severity = error.map(|issue| short(&issue["severity"])).unwrap_or_default();
            let message = format!("an OperationOutcome in the searchset has the severity {severity}");
            at(format!("/entry/{index}/resource/issue"), message).between("warning or information", Some(severity))
        });
        if !is_marked || error.is_some() {
            return;
        }
    }
}

/// `http.html#search`: what matches is of the type that was searched.
fn matches_are_of_the_type(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let Some(wanted) = look.type_in_url.filter(|_| look.is(&[SearchType])) else {
        return;
    };
    for (index, entry) in look.reading.entries().enumerate() {
        let name = &entry["resource"]["resourceType"];
        if entry["search"]["mode"] == "match" && name.is_string() && name != wanted {
            let message = format!("an entry of mode match is {}, not {}", a(&short(name)), a(wanted));
            let told = at(format!("/entry/{index}/resource/resourceType"), message);
            ledger.broken("search.get-type", told.between(wanted, Some(short(name))));
            return;
        }
    }
}

/// `http.html#history`: an entry has a resource, or a request with its method.
fn history_entries_say_something(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let mut was_seen = false;
    for (index, entry) in look.reading.entries().enumerate() {
        was_seen = true;
        if !entry["resource"].is_object() && !entry["request"]["method"].is_string() {
            let message = format!("entry {index} has neither a resource nor a request with a method");
            let told = at(format!("/entry/{index}"), message);
            let wanted = "a resource, or a request with its method";
            ledger.broken("history.entry-minimum", told.between(wanted, None));
            return;
        }
    }
    if was_seen {
        ledger.holds("history.entry-minimum");
    }
}

/// `http.html#history`: the oldest version is last. Times may tie.
fn oldest_is_last(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    if look.has_parameter("_sort") {
        return;
    }
    let mut last: Option<(&str, i64)> = None;
    let mut was_compared = false;
    for (index, entry) in look.reading.entries().enumerate() {
        let updated = entry["resource"]["meta"]["lastUpdated"].as_str();
        let Some(text) = updated.or_else(|| entry["response"]["lastModified"].as_str()) else {
            continue;
        };
        let Some(second) = date::instant(text) else { continue };
        if let Some((newer, limit)) = last {
            was_compared = true;
            if second > limit {
                let message = format!(
                    "entry {index} is of `{}`, later than `{}` before it",
                    cut(text, 60),
                    cut(newer, 60)
                );
                let told = at(format!("/entry/{index}"), message);
                ledger.broken(
                    "history.oldest-last",
                    told.between("the newest version first", Some(text.to_owned())),
                );
                return;
            }
        }
        last = Some((text, second));
    }
    if was_compared {
        ledger.holds("history.oldest-last");
    }
}

/// `http.html#transaction-response`: one entry for each of the request, with a status.
fn answers_every_entry(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let sent = look
        .request()
        .body
        .text()
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(sent) = sent.filter(|sent| sent["resourceType"] == "Bundle") else {
        return;
    };
    let wanted = sent["entry"].as_array().map_or(0, Vec::len);
    let found = look.reading.entries().count();
    ledger.judge("transaction-response.one-entry-each", wanted == found, || {
        let message = format!("the request had {wanted} entries, and the response has {found}");
        at("/entry".to_owned(), message).between(wanted.to_string(), Some(found.to_string()))
    });
    let without = look
        .reading
        .entries()
        .position(|entry| !entry["response"]["status"].is_string());
    if found > 0 {
        ledger.judge("transaction-response.entry-response-present", without.is_none(), || {
            let index = without.unwrap_or_default();
            at(
                format!("/entry/{index}/response"),
                format!("entry {index} has no `response.status`"),
            )
            .between("the HTTP status of the entry", None)
        });
    }
}
