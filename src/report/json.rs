//! The JSON report: the whole [`RunResult`], out and in again. Its schema is `schemas/report.schema.json`.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use serde::Deserialize;

use super::BODY_LIMIT;
use crate::exchange::Body;
use crate::verdict::{CaseResult, RunResult, result::FORMAT};

/// Why a text could not be read as a report.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no JSON at all.
    #[error("this is not JSON: {0}")]
    NotJson(serde_json::Error),
    /// It is JSON of something else.
    #[error("this is not a report of fhir-assay: {0}")]
    NotReport(&'static str),
    /// It was written in another version of the format.
    #[error(
        "the report has format {found}, written by {name} {version}; this program reads format {FORMAT}: {}",
        if *.found > FORMAT { "use a newer fhir-assay" } else { "run the tests again" }
    )]
    Format {
        /// The format of the report.
        found: u32,
        /// What wrote it.
        name: String,
        /// The version of what wrote it.
        version: String,
    },
    /// It is a report of this format, but something in it is not as it should be.
    #[error("the report is damaged: {0}")]
    Damaged(serde_json::Error),
}

/// The first things that are looked at.
#[derive(Deserialize)]
struct Head {
    format: Option<u32>,
    tool: Option<Tool>,
}

#[derive(Deserialize)]
struct Tool {
    name: String,
    version: String,
}

/// Reads a JSON report, as [`Format::Json`](super::Format::Json) writes it.
///
/// # Errors
/// Where the text is no JSON, no report, or a report of another version of the format.
pub fn read_json(text: &str) -> Result<RunResult, ReadError> {
    let head: Head = serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => ReadError::NotReport("`format` and `tool` have another form"),
        _ => ReadError::NotJson(error),
    })?;
    let (Some(format), Some(tool)) = (head.format, head.tool) else {
        return Err(ReadError::NotReport("it has no `format` and `tool`"));
    };
    if format != FORMAT {
        return Err(ReadError::Format {
            found: format,
            name: tool.name,
            version: tool.version,
        });
    }
    serde_json::from_str(text).map_err(ReadError::Damaged)
}

/// The JSON Schema of a report, from the types.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(RunResult);
    schema.insert("title".to_owned(), "A report of fhir-assay".into());
    schema.to_value()
}

/// Writes the report. Bodies over the limit are cut; the length that they had stays.
pub(super) fn write(result: &RunResult, out: &mut dyn io::Write) -> io::Result<()> {
    let result = with_cut_bodies(result);
    serde_json::to_writer(&mut *out, &*result)?;
    out.write_all(b"\n")
}

fn with_cut_bodies(result: &RunResult) -> Cow<'_, RunResult> {
    if !result.cases().any(has_long_body) {
        return Cow::Borrowed(result);
    }
    let mut result = result.clone();
    // Cases are shared, so only those that change are copied.
    for case in result.suites.iter_mut().flat_map(|suite| &mut suite.cases) {
        if has_long_body(case) {
            for step in &mut Arc::make_mut(case).steps {
                let exchanges = step.exchanges.iter_mut();
                let bodies = exchanges.flat_map(|exchange| [&mut exchange.request.body, &mut exchange.response.body]);
                let lost = step.lost.iter_mut().map(|lost| &mut lost.request.body);
                bodies.chain(lost).for_each(|body| *body = body.cut_to(BODY_LIMIT));
            }
        }
    }
    Cow::Owned(result)
}

fn has_long_body(case: &CaseResult) -> bool {
    let is_long = |body: &Body| body.bytes().len() > BODY_LIMIT;
    case.steps.iter().any(|step| {
        let lost = step.lost.as_ref().is_some_and(|lost| is_long(&lost.request.body));
        let exchanges = &mut step.exchanges.iter();
        lost || exchanges.any(|exchange| is_long(&exchange.request.body) || is_long(&exchange.response.body))
    })
}
