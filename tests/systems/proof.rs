//! The suites of each system see every defect of its emulation by the rule that it breaks, never accuse the emulation, and
//! cite every rule of their document that can be tested.

use std::collections::BTreeSet;

use fhir_assay::plan::{AskedTypes, Selection};
use fhir_assay::proof::{self, Fate, Question};
use fhir_assay::requirement::{Actor, Basis, Testable};
use fhir_assay::server::Emulation;
use fhir_assay::suite::Given;
use fhir_assay::system;

fn proven(name: &str) -> proof::Proof {
    let (system, suites) = system::load(name).expect("a name").strict().expect("a whole system");
    let emulation = Emulation::named(name).expect("an emulation");
    let given: Given = system
        .emulation
        .iter()
        .map(|(name, value)| (name.clone(), serde_json::json!(value.value)))
        .collect();
    let mut all = Selection::all().given(given);
    if !system.types.is_empty() {
        all = all.types(AskedTypes::Listed(system.types.clone()));
    }
    let question = Question {
        release: emulation.release,
        suites,
        mutants: emulation.mutants().collect(),
        variants: Vec::new(),
        system: Some((system, emulation)),
        selection: all.clone(),
        all,
        complete: true,
    };
    proof::prove(&question).expect("a proof")
}

#[test]
fn every_defect_of_an_emulation_is_seen_by_the_rule_that_it_breaks() {
    for name in system::load::names() {
        let proof = proven(name);
        let right = &proof.right[0];
        assert!(right.accused.is_empty(), "{name}: {:#?}", right.accused);
        assert!(right.judged >= 5, "{name}: {}", right.judged);
        let others: Vec<&str> = proof
            .mutants
            .iter()
            .filter(|mutant| mutant.fate != Fate::Killed)
            .map(|mutant| mutant.name.as_str())
            .collect();
        assert!(others.is_empty(), "{name}: {others:?}");
        assert!(proof.without_mutant.is_empty(), "{name}: {:?}", proof.without_mutant);
    }
}

#[test]
fn every_rule_of_a_document_that_can_be_tested_is_cited() {
    for name in system::load::names() {
        let (system, suites) = system::load(name).expect("a name").strict().expect("a whole system");
        let cited: BTreeSet<&str> = suites
            .iter()
            .flat_map(|suite| &suite.cases)
            .flat_map(|case| case.expectations())
            .flat_map(|expectation| &expectation.requirements)
            .map(|id| id.value.as_str())
            .collect();
        let is_own = |id: &&&str| {
            system
                .catalogue
                .get(id)
                .is_some_and(|rule| rule.basis == Basis::Documented)
        };
        let groups: BTreeSet<&str> = cited
            .iter()
            .filter(is_own)
            .filter_map(|id| id.split('.').next())
            .collect();
        assert_eq!(groups.len(), 1, "{name}: {groups:?}");
        for rule in system.catalogue.iter().filter(|rule| groups.contains(rule.id.group())) {
            let is_tested = cited.contains(rule.id.as_str());
            let can_be = rule.actor == Actor::Server && rule.testable != Testable::No;
            assert!(is_tested || !can_be, "{} is tested by no case", rule.id);
            assert!(
                is_tested || rule.why_not.is_some() || rule.actor == Actor::Client,
                "{}",
                rule.id
            );
        }
    }
}
