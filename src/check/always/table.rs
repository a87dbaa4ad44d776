//! The table of responses (`http.html#summary`): which statuses and which kind of body an interaction has.

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

/// Whether a rule is one of the table's rows, which are audited in every exchange and cited by no case.
pub(super) fn is_row(rule: &str) -> bool {
    rule.starts_with("operations.response-")
}

/// A status outside of the list of its interaction is a Warning: the table says that it is not exhaustive. A body of another
/// kind than the table has breaks it.
pub(super) fn audit(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let Some(interaction) = look.interaction else {
        return;
    };
    for rule in rows(interaction, look) {
        audit_row(interaction, rule, look, ledger);
    }
}

fn audit_row(interaction: Interaction, rule: &'static str, look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let Some(table) = look
        .cx
        .catalogue
        .get(rule)
        .and_then(|requirement| requirement.table.as_ref())
    else {
        return;
    };
    let status = look.status;
    let row = &table.value()[look.cx.release.name()];
    let codes = row["status"].as_array().map(Vec::as_slice).unwrap_or_default();
    let soft = |because: &'static str| Softened {
        at_most: Some(AtMost::Warning),
        because: Some(because),
    };
    let is_listed = codes.iter().any(|code| code.as_u64() == Some(status.into()));
    // Also where the step names the status: what comes with it is another matter.
    let body = row["body"].as_str().unwrap_or_default();
    if let Some((expected, found)) = other_body(body, look).filter(|_| is_listed) {
        let message = format!("the body of this {interaction} is a {found}");
        let told = mismatch(Part::Body(String::new()), message).between(expected.to_owned(), Some(found.to_owned()));
        let softened = match expected {
            "OperationOutcome" => soft("the text names an OperationOutcome as an example only"),
            _ => Softened::default(),
        };
        return ledger.broken_but(rule, softened, told);
    }
    if codes.is_empty() || status >= 500 || ALWAYS_POSSIBLE.contains(&status) || is_named(look) {
        return;
    }
    if interaction == Patch && status == 201 {
        let because = "the table lists 201, but a patch changes what exists and creates nothing";
        let told = mismatch(Part::Status, answered(status)).between("200".to_owned(), Some(status.to_string()));
        return ledger.broken_but(rule, soft(because), told);
    }
    if is_listed {
        return ledger.holds(rule);
    }
    if (status == 202 && asked_for_later(look)) || of_the_text(interaction, look).contains(&status) {
        return;
    }
    let codes: Vec<String> = codes.iter().map(Value::to_string).collect();
    let softened = soft("the table says that it is not exhaustive, so a status outside of it is a warning");
    let message = format!("{}, which is no status of {interaction}", answered(status));
    let told = mismatch(Part::Status, message).between(listed(&codes, "or"), Some(status.to_string()));
    ledger.broken_but(rule, softened, told);
}

/// What the column `body` asks of a success, and what there is instead: `R: Bundle`, `O: OperationOutcome`. That a body is
/// there at all is for other rules to say, and so is what kind of resource is read or written.
fn other_body<'a>(column: &'a str, look: &Look<'a>) -> Option<(&'a str, &'a str)> {
    let (_, expected) = column.split_once(": ")?;
    let (_, found) = look.resource().filter(|_| look.is_success() && look.status != 202)?;
    let is_one_kind = matches!(expected, "Bundle" | "CapabilityStatement" | "OperationOutcome");
    // Other modes of /metadata show other resources (http.html#capabilities).
    let of_another_mode = expected == "CapabilityStatement" && look.has_parameter("mode");
    (is_one_kind && !of_another_mode && found != expected).then_some((expected, found))
}

/// The rows of an interaction. A batch has none of its own before R5, nor a search in a compartment; the conditional forms
/// have some from R6 on.
fn rows(interaction: Interaction, look: &Look<'_>) -> Vec<&'static str> {
    let release = look.cx.release;
    let (path, query) = look.path.map_or(("", None), |path| {
        path.split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)))
    });
    let by_criteria = release >= FhirVersion::R6 && query.is_some() && look.instance.is_none() && !look.is_page;
    let rule = match interaction {
        Read => "operations.response-read",
        Vread => "operations.response-vread",
        Update if by_criteria => "operations.response-update-conditional",
        Update => "operations.response-update",
        Patch if by_criteria => "operations.response-patch-conditional",
        Patch => "operations.response-patch",
        Delete if by_criteria => {
            // The two rows are one and the same.
            return vec![
                "operations.response-delete-conditional-single",
                "operations.response-delete-conditional-multiple",
            ];
        }
        Delete => "operations.response-delete",
        DeleteHistory => "operations.response-delete-history",
        DeleteHistoryVersion => "operations.response-delete-history-version",
        Create if release >= FhirVersion::R6 && look.request().headers.get("if-none-exist").is_some() => {
            "operations.response-create-conditional"
        }
        Create => "operations.response-create",
        SearchType if release >= FhirVersion::R5 && is_in_compartment(path) => "operations.response-search-compartment",
        SearchType => "operations.response-search-type",
        SearchSystem => "operations.response-search-system",
        Capabilities => "operations.response-capabilities",
        Batch if release >= FhirVersion::R5 => "operations.response-batch",
        Transaction | Batch => "operations.response-transaction",
        HistoryInstance => "operations.response-history-instance",
        HistoryType => "operations.response-history-type",
        HistorySystem => "operations.response-history-system",
        Operation => "operations.response-operation",
    };
    vec![rule]
}

/// Whether a search is one below a resource: `Patient/1/Observation`, `Patient/1/*`, `Patient/1/_search`.
fn is_in_compartment(path: &str) -> bool {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.nth(1).is_some_and(|second| second != "_search")
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
        // What an operation answers is for its own page to say.
        Operation => &[204, 400, 404, 405, 409, 412, 422],
        Capabilities | Transaction | Batch => &[],
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
