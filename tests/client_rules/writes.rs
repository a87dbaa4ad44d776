//! Rules for patches and conditional writes, over the requests of a whole run of the embedded suites.

use fhir_assay::fhir::Interaction;

use crate::traffic::{TRAFFIC, row};

#[test]
fn patches_are_labelled_by_their_format() {
    let mut seen = 0;
    for request in TRAFFIC.of(Interaction::Patch) {
        let text = String::from_utf8_lossy(&request.body);
        match request.header("content-type") {
            Some("application/json-patch+json") => assert!(text.starts_with("[{\"op\":"), "{request:?}"),
            Some("application/xml-patch+xml") => assert!(text.starts_with("<diff"), "{request:?}"),
            Some("application/fhir+json") => assert_eq!(request.json()["resourceType"], "Parameters", "{request:?}"),
            // What no server declares, sent to be refused.
            Some("application/merge-patch+json") => assert_eq!(request.status, 415, "{request:?}"),
            _ => panic!("a patch without a format: {request:?}"),
        }
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn row_of_patch() {
    // Without an id it is a conditional one.
    row(
        Interaction::Patch,
        &["PATCH"],
        |path| matches!(path, [_, _] | [_]),
        true,
    );
}

#[test]
fn conditional_deletions_have_criteria() {
    let mut seen = 0;
    for request in TRAFFIC.recorded.iter().filter(|request| request.method == "DELETE") {
        let query = request.query().unwrap_or_default();
        if request.path().contains('/') {
            assert!(query.is_empty(), "{request:?}");
        } else {
            assert!(
                query.split('&').any(|pair| pair.starts_with("identifier=urn")),
                "{request:?}"
            );
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen}");
}
