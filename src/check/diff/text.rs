//! Two documents as a unified text diff.

use serde_json::Value;
use similar::TextDiff;

use crate::check::judged::cut;

/// Documents with more lines than this have no text diff: nobody reads it, and it takes too long.
const MOST_LINES: usize = 4000;

/// How much of a line is shown: some values are whole files.
const LONGEST: usize = 500;

/// Unchanged lines that are shown around a change.
const AROUND: usize = 3;

/// A document with the names of every object in one order, so that only what differs is shown as different: first what says
/// what it is, then by the alphabet.
pub(super) fn in_order(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_by_key(|name| (!["resourceType", "id"].contains(&name.as_str()), name.as_str()));
            names.sort_by_key(|name| name.as_str() != "resourceType");
            names
                .into_iter()
                .map(|name| (name.clone(), in_order(&members[name])))
                .collect()
        }
        Value::Array(items) => items.iter().map(in_order).collect(),
        other => other.clone(),
    }
}

/// The unified diff of two documents, pretty printed; unchanged parts are folded. `None` where both look the same or are too
/// long. `-` is what is expected, `+` is what is there.
pub(super) fn diff(expected: &Value, actual: &Value) -> Option<String> {
    let expected = serde_json::to_string_pretty(expected).ok()?;
    let actual = serde_json::to_string_pretty(actual).ok()?;
    if expected.lines().count() + actual.lines().count() > MOST_LINES {
        return None;
    }
    let diff = TextDiff::from_lines(&expected, &actual);
    let text = diff
        .unified_diff()
        .context_radius(AROUND)
        .missing_newline_hint(false)
        .to_string();
    let lines: Vec<String> = text.trim_end().lines().map(|line| cut(line, LONGEST)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
