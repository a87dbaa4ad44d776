//! The rules that bind clients, and so this harness: which test of ours proves that each is obeyed.

use super::RequirementId;

/// How the harness stands to a rule that binds clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obedience {
    /// A test of ours proves that it is obeyed.
    Proven {
        /// The file of the test, below the repository.
        file: &'static str,
        /// The name of the test's function.
        test: &'static str,
    },
    /// The harness does nothing that the rule speaks of; why.
    Unconcerned(&'static str),
}

const TRAFFIC: &str = "tests/client_rules/traffic.rs";
const BUNDLES: &str = "tests/client_rules/bundles.rs";
const READING: &str = "tests/client_rules/reading.rs";
const ALONE: &str = "tests/client_rules/alone.rs";
const WRITES: &str = "tests/client_rules/writes.rs";
const BEFORE: &str = "tests/broken/before.rs";
const AFTER: &str = "tests/broken/after.rs";

/// Rule, file and test.
const PROVEN: &[(&str, &str, &str)] = &[
    ("capabilities.not-fhir-404", BEFORE, "no_metadata"),
    (
        "capabilities.client-old-resource",
        BEFORE,
        "a_conformance_of_dstu2_is_told_as_that_release",
    ),
    (
        "conditional-create.header-content",
        ALONE,
        "if_none_exist_is_the_bare_query",
    ),
    ("conditional-delete.url", WRITES, "conditional_deletions_have_criteria"),
    (
        "conditional-read.client-accepts-both",
        ALONE,
        "a_conditional_read_takes_both_answers",
    ),
    (
        "content-negotiation.mime-types-client",
        TRAFFIC,
        "bodies_have_a_fhir_media_type",
    ),
    ("content-negotiation.utf8-client", TRAFFIC, "bodies_are_utf8"),
    (
        "content-negotiation.accept-on-any-request",
        TRAFFIC,
        "a_deletion_carries_accept",
    ),
    (
        "content-negotiation.no-accept-undefined",
        TRAFFIC,
        "accept_is_always_there",
    ),
    (
        "content-negotiation.fhir-version-conflict",
        TRAFFIC,
        "no_request_names_two_releases",
    ),
    (
        "contention.client-sends-if-match",
        AFTER,
        "a_server_that_demands_if_match_gets_it",
    ),
    (
        "create.body-shape",
        TRAFFIC,
        "created_bodies_are_of_the_type_in_the_url",
    ),
    (
        "create.client-chosen-id-uses-update",
        TRAFFIC,
        "chosen_ids_are_sent_by_update",
    ),
    (
        "custom-headers.client-ignores-intermediary",
        ALONE,
        "an_intermediary_changes_no_verdict",
    ),
    (
        "batch.entry-request-present",
        BUNDLES,
        "entries_of_batches_have_requests",
    ),
    (
        "batch.write-entry-has-resource",
        BUNDLES,
        "writes_of_batches_have_resources",
    ),
    (
        "batch.no-interdependencies",
        BUNDLES,
        "entries_of_batches_are_independent",
    ),
    (
        "batch.no-references-between-entries",
        BUNDLES,
        "entries_of_batches_do_not_refer_to_each_other",
    ),
    (
        "transaction.entry-request-present",
        BUNDLES,
        "entries_of_transactions_have_requests",
    ),
    (
        "transaction.write-entry-has-resource",
        BUNDLES,
        "writes_of_transactions_have_resources",
    ),
    (
        "transaction.identity-once",
        BUNDLES,
        "transactions_hold_a_resource_once",
    ),
    (
        "transaction-references.conditional-syntax",
        BUNDLES,
        "references_by_search_are_filters_of_a_type",
    ),
    (
        "transaction-references.resolve-extension-sent",
        BUNDLES,
        "a_new_version_is_asked_for_by_the_extension",
    ),
    ("operations.request-transaction", BUNDLES, "row_of_transaction"),
    ("operations.request-batch", BUNDLES, "row_of_batch"),
    ("delete.request-body-empty", TRAFFIC, "deletions_have_no_body"),
    (
        "delete-history.request-body-empty",
        ALONE,
        "a_removal_of_past_versions_has_no_body",
    ),
    (
        "delete-history.version-request-body-empty",
        ALONE,
        "a_removal_of_one_version_has_no_body",
    ),
    (
        "general.auth-redirect-not-relocation",
        AFTER,
        "a_login_page_does_not_take_the_place_of_a_resource",
    ),
    (
        "general.http-behaviour-not-assumed",
        TRAFFIC,
        "every_expectation_cites_a_rule",
    ),
    (
        "integrity.client-keeps-unknown-content",
        ALONE,
        "unknown_content_is_kept",
    ),
    ("operations.request-read", TRAFFIC, "row_of_read"),
    ("operations.request-vread", TRAFFIC, "row_of_vread"),
    ("operations.request-update", TRAFFIC, "row_of_update"),
    ("operations.request-patch", WRITES, "row_of_patch"),
    ("operations.request-delete", TRAFFIC, "row_of_delete"),
    ("operations.request-create", TRAFFIC, "row_of_create"),
    ("operations.request-search-type", TRAFFIC, "row_of_search"),
    ("operations.request-capabilities", TRAFFIC, "row_of_capabilities"),
    ("operations.request-history-instance", TRAFFIC, "row_of_history"),
    ("operations.request-history-type", READING, "row_of_history_of_a_type"),
    (
        "operations.request-history-system",
        READING,
        "row_of_history_of_the_system",
    ),
    (
        "operations.request-search-system",
        READING,
        "row_of_search_of_all_types",
    ),
    (
        "operations.request-search-compartment",
        READING,
        "row_of_search_in_a_compartment",
    ),
    ("operations.request-operation", READING, "row_of_operation"),
    (
        "compartment-search.post-without-star",
        READING,
        "the_asterisk_is_not_posted",
    ),
    ("history.since-full-instant", READING, "since_is_a_whole_instant"),
    (
        "history.no-prefixes-or-modifiers",
        READING,
        "moments_of_histories_have_no_prefix",
    ),
    (
        "history.parameters-not-repeated",
        READING,
        "parameters_of_histories_are_given_once",
    ),
    (
        "system-search.common-parameters",
        READING,
        "searches_of_several_types_use_what_all_have",
    ),
    (
        "system-search.all-types-base-parameters",
        READING,
        "searches_of_all_types_use_what_every_type_has",
    ),
    ("patch.body-formats", WRITES, "patches_are_labelled_by_their_format"),
    (
        "patch.client-version-specific",
        ALONE,
        "a_server_that_demands_if_match_on_patches_gets_it",
    ),
    ("paging.links-opaque", ALONE, "links_are_followed_as_they_are"),
    (
        "read.subset-not-update-base",
        ALONE,
        "a_reduced_resource_is_not_sent_back",
    ),
    ("search-post.content-type", TRAFFIC, "forms_are_labelled_as_forms"),
    ("update.body-shape", TRAFFIC, "updated_bodies_have_the_id_of_the_url"),
    ("url.percent-encoding-client", ALONE, "search_values_are_encoded"),
    ("url.utf8-client", ALONE, "urls_are_utf8"),
    (
        "url.identity-ignores-query",
        "src/fhir/instance_url.rs",
        "every_form_names_the_instance",
    ),
    (
        "url.identity-path-case-sensitive",
        "src/fhir/instance_url.rs",
        "what_names_something_else_does_not",
    ),
    ("url.identity-port", AFTER, "a_next_link_to_another_origin"),
    ("vread.vid-opaque", ALONE, "version_ids_are_opaque"),
];

const NO_VENDORS: &str = "no suite of a vendor's own API is there yet";
const PERMISSION: &str = "it permits something, and nothing can break a permission";

/// Groups or rules, and why they do not concern the harness.
const UNCONCERNED: &[(&str, &str)] = &[
    ("async.respond-async-preference", PERMISSION),
    ("transaction-references.client-arbitrary-versions", PERMISSION),
    (
        "transaction-references.version-must-exist",
        "from R5 on no suite refers to a version in a transaction",
    ),
    ("transaction-response.client-tracks", PERMISSION),
    (
        "integrity.patch-for-partial-change",
        "what the harness changes it created itself, and knows whole",
    ),
    (
        "history.provenance-for-past-errors",
        "it binds applications that trace a history, which the harness does not",
    ),
    (
        "history.boundary-duplicates",
        "the harness polls no history: it reads each one once, from its beginning",
    ),
    (
        "integrity.client-reads-before-update",
        "nobody else changes what the harness created; it updates what it knows",
    ),
    (
        "integrity.client-handles-conflict",
        "a conflict is an answer that the harness judges and does not work around",
    ),
    (
        "integrity.client-documented",
        "the suites themselves say what the harness sends",
    ),
    ("custom-headers.intermediary-stamps", "the harness is no intermediary"),
    ("content-negotiation.fhir-version-anywhere", PERMISSION),
    ("custom-headers.client-request-id", PERMISSION),
    ("conditional-read.client-may-send", PERMISSION),
    ("conditional-update.id-optional", PERMISSION),
    ("conditional-update.if-none-match-version", PERMISSION),
    ("conditional-delete.if-match", PERMISSION),
    ("versioning.client-may-require-versions", PERMISSION),
    ("canvas-procedure.", NO_VENDORS),
    ("oracle-procedure.", NO_VENDORS),
    (
        "delete.record-not-world",
        "it says what a deletion means, and asks for nothing",
    ),
];

/// How the harness stands to a rule that binds clients; `None` for a rule of which nothing is written.
#[must_use]
pub fn obedience(id: &RequirementId) -> Option<Obedience> {
    let id = id.as_str();
    if let Some((_, file, test)) = PROVEN.iter().find(|(known, ..)| *known == id) {
        return Some(Obedience::Proven { file, test });
    }
    UNCONCERNED
        .iter()
        .find(|(known, _)| *known == id || (known.ends_with('.') && id.starts_with(known)))
        .map(|(_, why)| Obedience::Unconcerned(why))
}

/// Every proof: rule, file and test.
pub fn proofs() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    PROVEN.iter().copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::fhir::FhirVersion;
    use crate::requirement::{Actor, Catalogue};

    #[test]
    fn every_rule_for_clients_has_a_test_or_a_reason() {
        let of_clients = Catalogue::embedded()
            .iter()
            .filter(|rule| rule.actor == Actor::Client && rule.level_in(FhirVersion::R4).is_some());
        let missing: Vec<_> = of_clients
            .filter(|rule| obedience(&rule.id).is_none())
            .map(|rule| &rule.id)
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_proof_is_of_a_rule_for_clients_and_named_once() {
        let mut seen = BTreeSet::new();
        for (id, file, test) in proofs() {
            let rule = Catalogue::embedded()
                .get(id)
                .unwrap_or_else(|| panic!("{id} is no rule"));
            assert_eq!(rule.actor, Actor::Client, "{id}");
            assert!(seen.insert(id) && seen.insert(test), "{id}, {test}: one rule, one test");
            let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
            assert!(text.contains(&format!("fn {test}()")), "{file} has no test {test}");
        }
    }
}
