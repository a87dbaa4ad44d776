//! Rules for the batches and transactions that the suites send.

use std::collections::HashSet;

use fhir_assay::fhir::Interaction;
use serde_json::Value;

use super::{TRAFFIC, row};

/// The Bundles of a type that were sent.
fn sent(kind: &str) -> Vec<Value> {
    let bundles = TRAFFIC.recorded.iter().filter(|request| request.method == "POST");
    let found: Vec<Value> = bundles
        .filter(|request| request.path().is_empty())
        .map(super::Recorded::json)
        .filter(|bundle| bundle["type"] == kind)
        .collect();
    assert!(found.len() > 5, "hardly a {kind} was sent");
    found
}

fn entries(bundle: &Value) -> impl Iterator<Item = &Value> {
    bundle["entry"].as_array().into_iter().flatten()
}

fn every_entry_has_a_request(kind: &str) {
    for entry in sent(kind).iter().flat_map(entries) {
        let request = &entry["request"];
        assert!(request["method"].is_string() && request["url"].is_string(), "{entry}");
    }
}

fn every_write_has_a_resource(kind: &str) {
    for entry in sent(kind).iter().flat_map(entries) {
        if ["POST", "PUT"]
            .iter()
            .any(|method| entry["request"]["method"] == *method)
        {
            assert!(entry["resource"]["resourceType"].is_string(), "{entry}");
        }
    }
}

/// How many Bundles write one resource more than once.
fn overlapping(kind: &str) -> usize {
    let overlaps = |bundle: &&Value| {
        let mut seen = HashSet::new();
        let writes = entries(bundle).filter(|entry| entry["request"]["method"] != "GET");
        let named = writes.filter_map(|entry| entry["request"]["url"].as_str().filter(|url| url.contains('/')));
        named.into_iter().any(|url| !seen.insert(url.to_owned()))
    };
    sent(kind).iter().filter(overlaps).count()
}

/// Every `Reference.reference` in a value.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(members) => {
            let own = members.get("reference").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(members.values().flat_map(references)).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn entries_of_batches_have_requests() {
    every_entry_has_a_request("batch");
}

#[test]
fn entries_of_transactions_have_requests() {
    every_entry_has_a_request("transaction");
}

#[test]
fn writes_of_batches_have_resources() {
    every_write_has_a_resource("batch");
}

#[test]
fn writes_of_transactions_have_resources() {
    every_write_has_a_resource("transaction");
}

#[test]
fn entries_of_batches_are_independent() {
    assert_eq!(
        overlapping("batch"),
        1,
        "one case tests what a server does with two updates"
    );
}

#[test]
fn transactions_hold_a_resource_once() {
    assert_eq!(overlapping("transaction"), 2, "two cases test that a server refuses it");
}

#[test]
fn entries_of_batches_do_not_refer_to_each_other() {
    let all: Vec<String> = sent("batch").iter().flat_map(references).collect();
    assert!(!all.is_empty());
    assert!(all.iter().all(|reference| !reference.starts_with("urn:")), "{all:?}");
}

#[test]
fn references_by_search_are_filters_of_a_type() {
    let all: Vec<String> = sent("transaction").iter().flat_map(references).collect();
    let searches: Vec<&String> = all.iter().filter(|reference| reference.contains('?')).collect();
    assert!(!searches.is_empty());
    for search in searches {
        let (name, criteria) = search.split_once('?').unwrap();
        assert!(name.starts_with(|letter: char| letter.is_ascii_uppercase()), "{search}");
        assert!(
            criteria
                .split('&')
                .all(|pair| pair.contains('=') && !pair.starts_with('_')),
            "{search}"
        );
    }
}

#[test]
fn row_of_transaction() {
    row(Interaction::Transaction, &["POST"], |path| path.is_empty(), true);
}

#[test]
fn row_of_batch() {
    row(Interaction::Batch, &["POST"], |path| path.is_empty(), true);
}

#[test]
fn a_new_version_is_asked_for_by_the_extension() {
    // Sent from R5 on only, so it is looked at where it is written.
    let text = include_str!("../../suites/http/transaction-references.yaml");
    let asking: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("resolve-as-version-specific', valueBoolean"))
        .collect();
    assert!(!asking.is_empty());
    for line in asking {
        assert!(
            line.contains("reference: urn:uuid:") && line.contains("valueBoolean: true"),
            "{line}"
        );
        assert!(!line.contains("_history"), "{line}");
    }
}
