//! What a matcher says of a response, before a requirement's level makes findings of it.

use serde_json::Value;

use crate::verdict::{Mismatch, Outcome, Part};

/// One assertion, judged.
#[derive(Debug)]
pub(super) enum Judged {
    /// It holds.
    Holds,
    /// It holds by a judgement: to be reported as a Note or a Warning.
    Tolerated(Outcome, Box<Mismatch>),
    /// It does not hold.
    Broken(Box<Mismatch>),
    /// It could not be looked at.
    Unjudged(Box<Mismatch>),
    /// It says nothing here: neither pass nor fail.
    LeftOut,
}

impl Judged {
    /// Holds, or is broken as told.
    pub fn holds_if(holds: bool, mismatch: impl FnOnce() -> Box<Mismatch>) -> Self {
        if holds { Self::Holds } else { Self::Broken(mismatch()) }
    }

    /// Could not be looked at, for a reason.
    pub fn unjudged(part: Part, reason: impl Into<String>) -> Self {
        Self::Unjudged(mismatch(part, reason))
    }
}

/// A mismatch of a part, with a message for people.
pub(super) fn mismatch(part: Part, message: impl Into<String>) -> Box<Mismatch> {
    Box::new(Mismatch {
        message: message.into(),
        part,
        expected: None,
        actual: None,
        site: None,
        excerpt: None,
        exchange: 0,
        diff: None,
        details: Vec::new(),
        judgement: None,
        deviation: None,
        mend: None,
    })
}

/// Adds what was asked for and what was there.
pub(super) trait Between {
    /// What was asked for, and what was there: `None` where nothing was.
    fn between(self, expected: impl Into<String>, actual: Option<String>) -> Self;
}

impl Between for Box<Mismatch> {
    fn between(mut self, expected: impl Into<String>, actual: Option<String>) -> Self {
        self.expected = Some(expected.into());
        self.actual = actual;
        self
    }
}

/// A text with at most so many characters; the rest is an ellipsis.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// A value in one short line: strings without their quotes, the rest as JSON.
pub(super) fn short(value: &Value) -> String {
    match value {
        Value::String(text) => cut(text, 80),
        other => cut(&other.to_string(), 80),
    }
}

/// A name with its article: `a Patient`, `an Observation`.
pub(super) fn a(name: &str) -> String {
    let article = if name.starts_with(['A', 'E', 'I', 'O']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {}", cut(name, 60))
}

/// Words in a list: `a`, `a or b`, `a, b or c`.
pub(super) fn listed(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}
