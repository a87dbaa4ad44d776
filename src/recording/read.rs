//! Reading a recording: ours, or a HAR file of somebody else.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;

use super::about::Recorded;
use super::har;
use super::replay::{Kept, Replay};
use crate::exchange::Exchange;
use crate::transport::TransportError;

/// How many problems of a file are told.
const MOST_TOLD: usize = 20;

/// Why a file cannot be replayed: everything that is wrong, one line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", told(.file, .problems))]
pub struct RecordingError {
    file: String,
    problems: Vec<String>,
}

fn told(file: &str, problems: &[String]) -> String {
    let mut text = format!("{file}: this recording cannot be replayed");
    for problem in problems.iter().take(MOST_TOLD) {
        let _ = write!(text, "\n  {problem}");
    }
    if problems.len() > MOST_TOLD {
        let _ = write!(text, "\n  and {} more", problems.len() - MOST_TOLD);
    }
    text
}

/// The file as a whole; its entries are read one by one, so that every damaged one is told.
#[derive(Deserialize)]
struct File {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    #[serde(default)]
    version: Value,
    entries: Vec<Value>,
    #[serde(rename = "_assay")]
    recorded: Option<Value>,
}

/// Reads a HAR file. `file` is its name, for messages.
///
/// # Errors
/// Everything that is wrong in it.
pub fn read(file: &str, bytes: &[u8]) -> Result<Replay, RecordingError> {
    let wrong = |problems: Vec<String>| RecordingError {
        file: file.to_owned(),
        problems,
    };
    let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
    let whole: File = serde_json::from_slice(bytes).map_err(|error| {
        let cut = if error.is_eof() {
            ": the file ends too early; a run that was killed leaves such a file, and its recording is lost"
        } else {
            ""
        };
        wrong(vec![format!("it is no HAR file: {error}{cut}")])
    })?;
    let mut problems = Vec::new();
    if whole
        .log
        .version
        .as_str()
        .is_none_or(|version| !version.starts_with("1."))
    {
        problems.push(format!("log.version is {}; known is \"1.2\"", whole.log.version));
    }
    let recorded: Option<Recorded> = match whole.log.recorded.map(serde_json::from_value).transpose() {
        Ok(recorded) => recorded,
        Err(error) => {
            problems.push(format!("log._assay: {error}"));
            None
        }
    };
    if let Some(recorded) = recorded.as_ref().filter(|recorded| recorded.about.marks().is_none()) {
        problems.push(format!(
            "log._assay.marks is `{}` and no hexadecimal number",
            recorded.about.marks
        ));
    }
    let mut entries = Vec::with_capacity(whole.log.entries.len());
    for (number, entry) in (1..).zip(whole.log.entries) {
        let url = entry
            .pointer("/request/url")
            .and_then(Value::as_str)
            .unwrap_or("?")
            .to_owned();
        match kept(entry) {
            Ok(entry) => entries.push(entry),
            Err(why) => problems.push(format!("entry {number} ({url}): {why}")),
        }
    }
    if problems.is_empty() {
        Ok(Replay::new(recorded, entries))
    } else {
        Err(wrong(problems))
    }
}

/// An entry as a replay keeps it.
fn kept(entry: Value) -> Result<Kept, String> {
    let entry: har::Entry<'static> = serde_json::from_value(entry).map_err(|error| error.to_string())?;
    let request = entry.request.plain()?;
    let lost = entry.mark.as_ref().and_then(|mark| mark.lost.clone());
    let mut timing = entry.mark.as_ref().map(|mark| mark.timing).unwrap_or_default();
    timing.attempts = entry.mark.as_ref().map_or(1, |mark| mark.cue.attempt);
    let sent = match lost {
        Some(error) => Err(error),
        None if entry.response.status == 0 => Err(TransportError::Lost(
            entry
                .response
                .error
                .as_deref()
                .unwrap_or("no answer was recorded")
                .to_owned(),
        )),
        None if entry.response.content.text.is_none()
            && entry.response.content.size > 0
            && request.method != "HEAD" =>
        {
            Err(TransportError::Lost(format!(
                "the file holds none of the {} bytes of the answer's body",
                entry.response.content.size
            )))
        }
        None => Ok(Exchange {
            request: request.clone(),
            response: entry.response.plain()?,
            timing,
        }),
    };
    Ok(Kept {
        cue: entry.mark.map(|mark| mark.cue),
        request,
        sent,
    })
}
