//! The table of responses (`http.html#summary`): which statuses an interaction has.

use serde_json::Value;

use super::{Ledger, Look, Softened};
use crate::check::judged::{Between, listed, mismatch};
use crate::check::status::answered;
use crate::fhir::FhirVersion;
use crate::fhir::Interaction::{self, *};
use crate::suite::StatusMatcher;
use crate::suite::assertion::{AtMost, StatusPattern};
use crate::verdict::Part;

/// Statuses of HTTP itself that no table of FHIR has to list.
const ALWAYS_POSSIBLE: [u16; 10] = [304, 402, 406, 408, 411, 413, 414, 415, 421, 431];

/// A status outside of the list of its interaction is a Warning: the table says that it is not exhaustive.
pub(super) fn audit(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let Some((interaction, rule)) = look
        .interaction
        .and_then(|interaction| rule(interaction, look.cx.release))
    else {
        return;
    };
    let Some(table) = look
        .cx
        .catalogue
        .get(rule)
        .and_then(|requirement| requirement.table.as_ref())
    else {
        return;
    };
    let status = look.status;
    let row = table[look.cx.release.name()]["status"].as_array();
    let row = row.map(Vec::as_slice).unwrap_or_default();
    if row.is_empty() || status >= 500 || ALWAYS_POSSIBLE.contains(&status) || is_named(look) {
        return;
    }
    if row.iter().any(|code| code.as_u64() == Some(status.into())) {
        ledger.holds(rule);
        return;
    }
    if (status == 202 && asked_for_later(look)) || of_the_text(interaction, look).contains(&status) {
        return;
    }
    let codes: Vec<String> = row.iter().map(Value::to_string).collect();
    let softened = Softened {
        at_most: Some(AtMost::Warning),
        because: Some("the table says that it is not exhaustive, so a status outside of it is a warning"),
    };
    let message = format!("{}, which is no status of {interaction}", answered(status));
    let told = mismatch(Part::Status, message).between(listed(&codes, "or"), Some(status.to_string()));
    ledger.broken_but(rule, softened, told);
}

/// The row of an interaction. A batch has none of its own before R5.
fn rule(interaction: Interaction, release: FhirVersion) -> Option<(Interaction, &'static str)> {
    let rule = match interaction {
        Read => "operations.response-read",
        Vread => "operations.response-vread",
        Update => "operations.response-update",
        Patch => "operations.response-patch",
        Delete => "operations.response-delete",
        DeleteHistory => "operations.response-delete-history",
        DeleteHistoryVersion => "operations.response-delete-history-version",
        Create => "operations.response-create",
        SearchType => "operations.response-search-type",
        SearchSystem => "operations.response-search-system",
        Capabilities => "operations.response-capabilities",
        Batch if release >= FhirVersion::R5 => "operations.response-batch",
        Transaction | Batch => "operations.response-transaction",
        HistoryInstance => "operations.response-history-instance",
        HistoryType => "operations.response-history-type",
        HistorySystem => "operations.response-history-system",
        // What an operation answers is for its own page to say.
        Operation => return None,
    };
    Some((interaction, rule))
}

/// Codes that the text names and the table leaves out.
fn of_the_text(interaction: Interaction, look: &Look<'_>) -> &'static [u16] {
    match interaction {
        Read => &[400],
        Vread => &[400, 410],
        Create if look.request().headers.get("if-none-exist").is_some() => &[200, 412],
        Create => &[],
        Update | Patch => &[],
        Delete | DeleteHistory | DeleteHistoryVersion => &[400],
        SearchType | SearchSystem => &[400, 404, 405],
        HistoryInstance | HistoryType | HistorySystem => &[400, 404, 405, 410],
        Capabilities | Transaction | Batch | Operation => &[],
    }
}

/// `async.html`: whether the client asked for the answer later, which is told by 202 in every release.
fn asked_for_later(look: &Look<'_>) -> bool {
    let mut wishes = look.request().headers.all("prefer");
    wishes.any(|wish| wish.contains("respond-async"))
}

/// Whether the step names the status itself: then its expectations judge it.
fn is_named(look: &Look<'_>) -> bool {
    let names = |pattern: &StatusPattern| *pattern == StatusPattern::Code(look.status);
    let responses = look
        .step
        .expect
        .iter()
        .flat_map(|expectation| std::iter::once(&expectation.response).chain(&expectation.any_of));
    responses
        .filter_map(|response| response.status.as_ref())
        .any(|matcher| match &matcher.value {
            StatusMatcher::Not(_) => false,
            StatusMatcher::Judged { pass, note, warn, .. } => pass.iter().chain(note).chain(warn).any(names),
        })
}
