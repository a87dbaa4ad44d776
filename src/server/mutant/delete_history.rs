//! `http.html#delete-history` and `http.html#delete-history-version`

use serde_json::json;

use super::{Mutant, current, is_unconditional, lead_to, versions};
use crate::fhir::FhirVersion::R6;
use crate::fhir::Interaction::{DeleteHistory, DeleteHistoryVersion, Vread};
use crate::server::Shared;
use crate::server::rewrite::{Answer, Asked};

pub(super) const ALL: &[Mutant] = &[
    Mutant::instead(
        "delete-history.removes-past-versions",
        "the removal of past versions is answered 204, and not done",
        |_, asked| asked.is(DeleteHistory).then(|| Answer::empty(204)),
    )
    .only(&[R6]),
    Mutant::after(
        "delete-history.current-kept",
        "the current version goes with the past ones",
        |server, asked, answer| {
            let exists = current(server, asked).is_some_and(|version| version.resource.is_some());
            if let (true, Some(resource_type), Some(id)) = (
                asked.is(DeleteHistory) && answer.is_success() && exists,
                asked.resource_type(),
                asked.id(),
            ) {
                server.store.write().delete(&resource_type, &id);
            }
        },
    )
    .only(&[R6]),
    Mutant::after(
        "delete-history.vread-afterwards",
        "a version that was removed with all past ones is still shown",
        show_removed,
    )
    .only(&[R6]),
    Mutant::instead(
        "delete-history.success-status",
        "the server fails at the history of what never existed",
        |server, asked| {
            (asked.is(DeleteHistory) && versions(server, asked).is_empty())
                .then(|| Answer::refusal(500, "exception", "the server failed"))
        },
    )
    .only(&[R6]),
    Mutant::before(
        "delete-history.type-refused-405",
        "where past versions cannot be removed, the resource is deleted instead",
        |server, asked| {
            if let (true, Some(id)) = (asked.is(DeleteHistory) && is_unconditional(server, asked), asked.id()) {
                lead_to(asked, &id);
            }
        },
    )
    .only(&[R6]),
    Mutant::instead(
        "delete-history.instance-refused-409",
        "the server fails at removing a version that something refers to",
        |server, asked| {
            let place = format!("{}/{}/_history/", asked.resource_type()?, asked.id()?);
            let (_, observations) = server.store.snapshot("Observation", None);
            let mut contents = observations.iter().filter_map(|version| version.resource.as_deref());
            let refers = contents.any(|content| {
                let reference = content["subject"]["reference"].as_str();
                reference.is_some_and(|reference| reference.starts_with(&place))
            });
            (asked.is(DeleteHistory) && refers).then(|| Answer::refusal(500, "exception", "foreign key violation"))
        },
    )
    .only(&[R6]),
    Mutant::before(
        "delete-history.nothing-to-delete",
        "where there are no past versions, the resource is deleted",
        |server, asked| {
            if let (true, Some(id)) = (
                asked.is(DeleteHistory) && versions(server, asked).len() == 1,
                asked.id(),
            ) {
                lead_to(asked, &id);
            }
        },
    )
    .only(&[R6]),
    Mutant::before(
        "delete-history.version-removed",
        "all past versions are removed where one was to be",
        |_, asked| {
            if let (true, Some(id)) = (asked.is(DeleteHistoryVersion), asked.id()) {
                lead_to(asked, &format!("{id}/_history"));
            }
        },
    )
    .only(&[R6]),
    Mutant::instead(
        "delete-history.version-current-kept",
        "the current version can be removed, and the one before becomes the current one",
        |server, asked| {
            let versions = versions(server, asked);
            let [.., before, last] = versions.as_slice() else {
                return None;
            };
            if !asked.is(DeleteHistoryVersion) || asked.version_id()? != last.version_id {
                return None;
            }
            let content = before.resource.as_deref()?.clone();
            server
                .store
                .write()
                .update(&asked.resource_type()?, &asked.id()?, content);
            Some(Answer::empty(204))
        },
    )
    .only(&[R6]),
    Mutant::after(
        "delete-history.version-vread-afterwards",
        "a version that was removed alone is still shown",
        show_removed,
    )
    .only(&[R6]),
    Mutant::instead(
        "delete-history.version-success-status",
        "a version that is removed already is answered 410",
        |server, asked| {
            (asked.is(DeleteHistoryVersion) && !is_there(server, asked))
                .then(|| Answer::refusal(410, "deleted", "it is removed already"))
        },
    )
    .only(&[R6]),
    Mutant::instead(
        "delete-history.version-refused-405-409",
        "the removal of a version is answered 204 where it is not offered, and not done",
        |server, asked| (asked.is(DeleteHistoryVersion) && is_unconditional(server, asked)).then(|| Answer::empty(204)),
    )
    .only(&[R6]),
    Mutant::before(
        "delete-history.version-nothing-to-delete",
        "where the version is removed already, the resource is deleted",
        |server, asked| {
            if let (true, Some(id)) = (asked.is(DeleteHistoryVersion) && !is_there(server, asked), asked.id()) {
                lead_to(asked, &id);
            }
        },
    )
    .only(&[R6]),
];

fn is_there(server: &Shared, asked: &Asked) -> bool {
    let named = asked.version_id();
    versions(server, asked)
        .iter()
        .any(|version| Some(&version.version_id) == named.as_ref())
}

/// Shows what is left of the resource for a version that is not there any more.
fn show_removed(server: &Shared, asked: &Asked, answer: &mut Answer) {
    let content = current(server, asked).and_then(|version| version.resource.clone());
    if let (true, 404, Some(content)) = (asked.is(Vread), answer.status.as_u16(), content) {
        let mut content = (*content).clone();
        content["meta"]["versionId"] = json!(asked.version_id());
        *answer = Answer::resource(200, &content);
    }
}
