//! Rules for the histories, the searches beyond one type and the operations that the suites ask for.

use std::collections::HashSet;

use fhir_assay::fhir::{FhirVersion, Interaction};
use fhir_assay::suite::{Action, Step, Suites};
use url::Url;

use super::{Recorded, TRAFFIC, row};

const HISTORIES: [Interaction; 3] = [
    Interaction::HistoryInstance,
    Interaction::HistoryType,
    Interaction::HistorySystem,
];

/// The parameters of a URL, decoded.
fn parameters(request: &Recorded) -> Vec<(String, String)> {
    let url = Url::parse("http://x").unwrap().join(&request.target).unwrap();
    url.query_pairs().into_owned().collect()
}

/// The parameters of every history that was asked for.
fn of_histories() -> Vec<Vec<(String, String)>> {
    let found: Vec<_> = HISTORIES
        .into_iter()
        .flat_map(|interaction| TRAFFIC.of(interaction))
        .map(parameters)
        .collect();
    assert!(found.len() > 20, "hardly a history was asked for");
    found
}

/// The values of a parameter of histories.
fn values(name: &str) -> Vec<String> {
    let all = of_histories().into_iter().flatten();
    let found: Vec<String> = all.filter(|(known, _)| known == name).map(|(_, value)| value).collect();
    assert!(!found.is_empty(), "no history was asked for with {name}");
    found
}

#[test]
fn row_of_history_of_a_type() {
    row(
        Interaction::HistoryType,
        &["GET"],
        |path| matches!(path, [_, "_history"]),
        false,
    );
}

#[test]
fn row_of_history_of_the_system() {
    row(
        Interaction::HistorySystem,
        &["GET"],
        |path| matches!(path, ["_history"]),
        false,
    );
}

#[test]
fn row_of_search_of_all_types() {
    // In R4 it is done by GET only (http.html#summary).
    row(Interaction::SearchSystem, &["GET"], |path| path.is_empty(), false);
}

#[test]
fn row_of_operation() {
    let is_name = |segment: Option<&str>| segment.is_some_and(|segment| segment.starts_with('$'));
    for request in TRAFFIC.of(Interaction::Operation) {
        assert!(is_name(request.path().split('/').next_back()), "{request:?}");
        match request.method.as_str() {
            "GET" => assert!(request.body.is_empty(), "{request:?}"),
            "POST" => assert_eq!(request.json()["resourceType"], "Parameters", "{request:?}"),
            _ => panic!("{request:?}"),
        }
    }
}

#[test]
fn since_is_a_whole_instant() {
    for value in values("_since") {
        assert!(fhir_assay::fhir::time::parse_instant(&value).is_some(), "{value}");
    }
}

#[test]
fn moments_of_histories_have_no_prefix() {
    for name in ["_since", "_at"] {
        for value in values(name) {
            assert!(value.starts_with(|letter: char| letter.is_ascii_digit()), "{value}");
        }
    }
    let names: HashSet<String> = of_histories().into_iter().flatten().map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| name.contains(':')), "{names:?}");
}

#[test]
fn parameters_of_histories_are_given_once() {
    for all in of_histories() {
        let names: HashSet<&String> = all.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), all.len(), "{all:?}");
    }
}

/// Searches of all types, but for the one that has to be refused.
fn of_all_types() -> Vec<Vec<(String, String)>> {
    let all = TRAFFIC.of(Interaction::SearchSystem).into_iter().map(parameters);
    let found: Vec<_> = all
        .filter(|all| !all.iter().any(|(name, _)| name == "birthdate"))
        .collect();
    assert!(!found.is_empty(), "all types were never searched");
    found
}

fn every_type_has(name: &str) -> bool {
    ["_id", "_lastUpdated", "_type", "_count"].contains(&name)
}

#[test]
fn searches_of_several_types_use_what_all_have() {
    for (name, _) in of_all_types().into_iter().flatten() {
        assert!(every_type_has(&name), "{name}");
    }
}

#[test]
fn searches_of_all_types_use_what_every_type_has() {
    let without_type = of_all_types()
        .into_iter()
        .filter(|all| !all.iter().any(|(name, _)| name == "_type"));
    let names: Vec<String> = without_type.flatten().map(|(name, _)| name).collect();
    assert!(
        !names.is_empty() && names.iter().all(|name| every_type_has(name)),
        "{names:?}"
    );
}

/// The searches in compartments that are written in the suites, whichever the release.
fn in_compartments() -> Vec<(String, bool)> {
    let suites = Suites::embedded().unwrap();
    let of_step = |step: &Step| match &step.action {
        Action::Interaction { interaction, url } if *interaction == Interaction::SearchType => {
            let text: String = url
                .value
                .parts()
                .iter()
                .map(|part| match part {
                    fhir_assay::suite::template::Part::Text(text) => text.to_string(),
                    _ => "x".to_owned(),
                })
                .collect();
            let path = text.split('?').next().unwrap_or_default().to_owned();
            (path.matches('/').count() > 1).then_some((path, step.form.is_some()))
        }
        _ => None,
    };
    let found: Vec<_> = suites
        .cases()
        .flat_map(|(_, case)| case.steps.iter().filter_map(of_step).collect::<Vec<_>>())
        .collect();
    assert!(found.len() > 4, "{found:?}");
    found
}

#[test]
fn the_asterisk_is_not_posted() {
    for (path, is_posted) in in_compartments() {
        assert!(!(path.contains('*') && is_posted), "{path}");
    }
}

#[test]
fn row_of_search_in_a_compartment() {
    for (path, is_posted) in in_compartments() {
        let segments: Vec<&str> = path.split('/').collect();
        let fits = match segments.as_slice() {
            [_, _, "_search"] => is_posted,
            [_, _, "*"] => !is_posted,
            [_, _, name] => fhir_assay::fhir::ResourceType::parse(FhirVersion::R5, name).is_some(),
            _ => false,
        };
        assert!(fits, "{path}");
    }
}
