//! Versions: ETag, Last-Modified and the meta of the resource that they speak of.

use serde_json::Value;

use super::{Ledger, Look};
use crate::check::expectation::of_body;
use crate::check::header::date;
use crate::check::judged::{Between, cut, mismatch};
use crate::fhir::Etag;
use crate::fhir::Interaction::{Create, Patch, Read, Update, Vread};
use crate::fhir::reference::is_id;
use crate::verdict::Part;

pub(super) fn audit(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    version_ids_are_ids(look, ledger);
    // The ETag of a Bundle or of /metadata is no version id.
    let is_instance = look.is(&[Read, Vread, Create, Update, Patch]) && matches!(look.status, 200 | 201);
    if !is_instance
        || look
            .type_in_url
            .is_none_or(|name| matches!(name, "Bundle" | "Binary" | "CapabilityStatement"))
    {
        return;
    }
    etag_is_weak(look, ledger);
    // A body of another type is an outcome, or told to be wrong elsewhere.
    let Some((resource, _)) = look.resource().filter(|(_, name)| look.type_in_url == Some(name)) else {
        return;
    };
    etag_is_the_version(look, ledger, resource);
    last_modified_is_last_updated(look, ledger, resource);
}

/// `http.html#versioning`: W/ and the version id in quotes.
fn etag_is_weak(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let Some(text) = look.reading.headers().get("etag") else {
        return;
    };
    let (holds, but) = match Etag::parse(text) {
        None => (false, "which is no ETag"),
        Some(Etag { weak: false, .. }) => (false, "not weak"),
        Some(Etag { tag, .. }) => (is_id(tag), "whose tag is no version id"),
    };
    ledger.judge("versioning.etag-weak-format", holds, || {
        mismatch(
            Part::Header("ETag".to_owned()),
            format!("ETag is `{}`, {but}", cut(text, 100)),
        )
        .between("W/\"[version id]\"", Some(text.to_owned()))
    });
}

/// `http.html#concurrency`: an ETag that is sent equals the version id.
fn etag_is_the_version(look: &Look<'_>, ledger: &mut Ledger<'_>, resource: &Value) {
    let Some(text) = look.reading.headers().get("etag") else {
        return;
    };
    let (Some(etag), Some(version)) = (Etag::parse(text), resource["meta"]["versionId"].as_str()) else {
        return;
    };
    if etag.tag == version {
        ledger.holds("versioning.etag-carries-version-id");
    }
    ledger.judge("contention.etag-matches-version", etag.tag == version, || {
        let message = format!(
            "ETag is `{}`, and `meta.versionId` is `{}`",
            cut(text, 100),
            cut(version, 100)
        );
        mismatch(Part::Header("ETag".to_owned()), message).between(format!("W/\"{version}\""), Some(text.to_owned()))
    });
}

/// `http.html#versioning`: Last-Modified is meta.lastUpdated, to the second.
fn last_modified_is_last_updated(look: &Look<'_>, ledger: &mut Ledger<'_>, resource: &Value) {
    let Some(text) = look.reading.headers().get("last-modified") else {
        return;
    };
    let Some(updated) = resource["meta"]["lastUpdated"].as_str() else {
        return;
    };
    let told = |message: String| {
        mismatch(Part::Header("Last-Modified".to_owned()), message).between(updated, Some(text.to_owned()))
    };
    let id = "versioning.last-modified-from-last-updated";
    let shown = cut(text, 100);
    match (date::http_date(text), date::instant(updated)) {
        (None, _) => ledger.broken(id, told(format!("Last-Modified is `{shown}`, which is no HTTP-date"))),
        // Rounded up or down, both name the same instant.
        (Some(modified), Some(instant)) => ledger.judge(id, modified.abs_diff(instant) <= 1, || {
            told(format!(
                "Last-Modified is `{shown}`, and `meta.lastUpdated` is `{}`",
                cut(updated, 100)
            ))
        }),
        (Some(_), None) => {}
    }
}

/// `http.html#concurrency`: version ids are ids.
fn version_ids_are_ids(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    if !look.is_success() {
        return;
    }
    let own = look.resource().map(|(resource, _)| (None, resource));
    let entries = look
        .made_entries()
        .enumerate()
        .map(|(index, entry)| (Some(index), &entry["resource"]));
    let mut was_seen = false;
    for (index, resource) in own.into_iter().chain(entries) {
        match &resource["meta"]["versionId"] {
            Value::Null => {}
            Value::String(version) if is_id(version) => was_seen = true,
            other => {
                let (text, but) = match other.as_str() {
                    Some(text) => (text.to_owned(), "which is no id"),
                    None => (other.to_string(), "which is no string"),
                };
                let mut told = of_body(format!("`meta.versionId` is `{}`, {but}", cut(&text, 100)))
                    .between("1 to 64 letters, digits, dashes and dots", Some(cut(&text, 500)));
                let place = index.map(|index| format!("/entry/{index}/resource"));
                told.part = Part::Body(place.unwrap_or_default() + "/meta/versionId");
                ledger.broken("contention.version-id-valid", told);
                return;
            }
        }
    }
    if was_seen {
        ledger.holds("contention.version-id-valid");
    }
}
