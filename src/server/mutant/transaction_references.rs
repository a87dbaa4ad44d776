//! `http.html#trules`, `http.html#url-fixing`, `http.html#vs-refs`

use serde_json::{Value, json};

use super::{Mutant, each_value, entries};
use crate::fhir::FhirVersion::{R4, R4B, R5, R6};
use crate::fhir::Interaction::Transaction;
use crate::server::rewrite::{Answer, Asked, Switch};

pub(super) const ALL: &[Mutant] = &[
    Mutant::switch(
        "transaction-references.rewritten",
        "links between entries are stored as they were sent",
        Switch::LinksStay,
    ),
    Mutant::instead(
        "transaction-references.circular",
        "entries that refer to each other are refused",
        |_, asked| {
            let bundle = asked.json().filter(|_| asked.is(Transaction))?;
            is_circular(&bundle).then(|| Answer::refusal(400, "invalid", "the references go in a circle"))
        },
    ),
    Mutant::before(
        "transaction-references.external-untouched",
        "a reference to another server becomes one to this server",
        |_, asked| {
            edit_references(asked, |text| {
                text.strip_prefix("http://elsewhere.example/").map(str::to_owned)
            });
        },
    ),
    Mutant::before(
        "transaction-references.version-specific-kept",
        "references lose their version",
        |_, asked| edit_references(asked, |text| Some(text.split_once("/_history/")?.0.to_owned())),
    )
    .only(&[R4, R4B]),
    Mutant::switch(
        "transaction-references.links-replaced",
        "links outside references stay as they were sent",
        Switch::LinksInReferences,
    ),
    Mutant::switch(
        "transaction-references.narrative-scope",
        "links in the narratives of sections stay as they were sent",
        Switch::LinksInReferences,
    )
    .only(&[R5, R6]),
    Mutant::switch(
        "transaction-references.canonical-untouched",
        "canonicals that equal a fullUrl are replaced",
        Switch::LinksAsText,
    ),
    Mutant::switch(
        "transaction-references.markdown-replaced",
        "links in markdown stay as they were sent",
        Switch::LinksInReferences,
    )
    .only(&[R5, R6]),
    Mutant::switch(
        "transaction-references.fragment-match",
        "a URL that only begins like a fullUrl is replaced",
        Switch::LinksAsText,
    )
    .only(&[R5, R6]),
    Mutant::switch(
        "transaction-references.no-blind-replacement",
        "links are replaced as text, words included",
        Switch::LinksAsText,
    )
    .only(&[R6]),
    Mutant::switch(
        "transaction-references.resolve-extension-applied",
        "a reference gets its version and keeps the extension that asked for it",
        Switch::ResolveStays,
    )
    .only(&[R5, R6]),
    Mutant::instead(
        "transaction-references.resolve-unsupported-agnostic",
        "a reference that asks for a version is refused",
        |_, asked| {
            let bundle = asked.json().filter(|_| asked.is(Transaction))?;
            let asks = bundle.to_string().contains("resolve-as-version-specific");
            asks.then(|| Answer::refusal(400, "not-supported", "versions are not resolved"))
        },
    )
    .only(&[R5, R6]),
    Mutant::switch(
        "transaction-references.conditional-resolved",
        "references by search are stored as they were sent",
        Switch::SearchesStay,
    ),
    Mutant::switch(
        "transaction-references.conditional-no-match-fails",
        "references by search without a match are left out",
        Switch::SearchesOptional,
    ),
    Mutant::switch(
        "transaction-references.conditional-multiple-fails",
        "references by search mean their first match",
        Switch::SearchesTakeFirst,
    ),
    Mutant::switch(
        "transaction-references.conditional-all-checked",
        "references by search are resolved at the top level only",
        Switch::SearchesOnTop,
    ),
    Mutant::switch(
        "transaction-references.conditional-after-writes",
        "references by search are resolved before anything is written",
        Switch::SearchesFirst,
    ),
    Mutant::switch(
        "transaction-references.conditional-only-in-transaction",
        "references by search are resolved in a batch",
        Switch::BatchSearches,
    ),
];

/// Changes the references in the Bundle of a transaction.
fn edit_references(asked: &mut Asked, change: impl Fn(&str) -> Option<String>) {
    if let Some(mut bundle) = asked.json().filter(|_| asked.is(Transaction)) {
        each_value(&mut bundle, &|value| {
            let new = value.get("reference").and_then(Value::as_str).and_then(&change);
            if let Some(new) = new {
                value["reference"] = json!(new);
            }
        });
        asked.set_json(&bundle);
    }
}

/// Whether two entries of a Bundle refer to each other by their fullUrls.
fn is_circular(bundle: &Value) -> bool {
    let mut bundle = bundle.clone();
    let known: Vec<(String, String)> = entries(&mut bundle)
        .filter_map(|entry| Some((entry["fullUrl"].as_str()?.to_owned(), entry["resource"].to_string())))
        .collect();
    let names = |text: &str, url: &str| text.contains(url);
    known.iter().any(|(one, said)| {
        known
            .iter()
            .any(|(other, says)| one != other && names(said, other) && names(says, one))
    })
}
