//! Right answers of real servers, of which the suites once said that they break a rule.

use std::collections::BTreeMap;

use crate::support::assay;
use crate::support::embedded::{Embedded, outcome};

/// The verdicts of some cases on a server that answers every request of one method with one status.
fn verdicts(method: &'static str, status: u16, cases: &[&str]) -> BTreeMap<String, String> {
    let server = Embedded::with(
        move |request| (request.method == method).then(|| outcome(status, &[])),
        |_| {},
    );
    let fixed = ["run", server.base.as_str(), "--timeout", "30s"];
    let wanted = cases.iter().flat_map(|case| ["--case", *case]);
    let mut verdicts = assay(fixed.into_iter().chain(wanted)).run().verdicts();
    verdicts.retain(|name, _| cases.contains(&name.as_str()));
    assert_eq!(verdicts.len(), cases.len(), "{verdicts:?}");
    verdicts
}

/// A server that refuses a body for a rule of its own has not shown how it answers one that it takes.
#[test]
fn headers_of_what_was_refused_are_not_missed() {
    let created = [
        "http.create::location-leads-to-the-resource",
        "http.create::location-names-the-version",
    ];
    let updated = [
        "http.update::headers-of-the-new-version",
        "http.update::last-modified-is-last-updated",
    ];
    for (method, cases) in [("POST", created), ("PUT", updated)] {
        let verdicts = verdicts(method, 422, &cases);
        assert!(verdicts.values().all(|verdict| verdict == "skip"), "{verdicts:?}");
    }
}

/// What stands before the server answers in its place.
#[test]
fn a_gateway_is_not_the_server() {
    for status in [502, 503, 504] {
        let verdicts = verdicts(
            "PUT",
            status,
            &["http.update::answered-200", "http.url::reserved-names-in-update"],
        );
        assert!(
            verdicts.values().all(|verdict| verdict == "error"),
            "{status}: {verdicts:?}"
        );
    }
}
