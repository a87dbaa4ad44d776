//! A baseline as text.

use std::fmt::Write;

use super::Entry;

/// What stands above a new list.
pub(super) const HEAD: &str = "\
# Failures that are known: `fhir-assay run --baseline FILE` falls only on new ones.
# `fhir-assay baseline update` takes out what is mended and adds what is new; reasons and comments stay.
";

/// A whole list under its head.
pub(super) fn list(head: &str, entries: &[Entry]) -> String {
    let mut text = head.to_owned();
    if entries.is_empty() {
        text.push_str("known: []\n");
        return text;
    }
    text.push_str("known:\n");
    for item in entries {
        text.push_str(&entry(item, 2));
    }
    text
}

/// One entry, with its dash in a column (from 0). Ends with a line end.
pub(super) fn entry(entry: &Entry, column: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    if let Some(case) = &entry.case {
        lines.push(format!("case: {}", scalar(case.as_str())));
    }
    match entry.requirements.as_slice() {
        [] => {}
        [one] => lines.push(format!("requirement: {one}")),
        several => {
            let names: Vec<&str> = several.iter().map(crate::requirement::RequirementId::as_str).collect();
            lines.push(format!("requirement: [{}]", names.join(", ")));
        }
    }
    if entry.unjudged {
        lines.push("unjudged: true".to_owned());
    }
    lines.push(format!("reason: {}", scalar(&entry.reason)));
    if let Some(issue) = &entry.issue {
        lines.push(format!("issue: {}", scalar(issue)));
    }
    if let Some(date) = entry.expires {
        lines.push(format!("expires: {date}"));
    }
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let dash = if index == 0 { "- " } else { "  " };
        // Writing to a `String` never fails.
        let _ = writeln!(text, "{:column$}{dash}{line}", "");
    }
    text
}

/// A text as YAML: as it is where that is plainly safe, in double quotes otherwise.
fn scalar(text: &str) -> String {
    let plain = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(
                c,
                ' ' | '.' | '-' | '_' | '/' | ',' | ';' | '(' | ')' | '[' | ']' | '=' | '+'
            )
    };
    let is_safe = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.replace("::", "").replace("://", "").chars().all(plain)
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off"
        );
    if is_safe {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // What YAML does not print, and what would change the direction of a line.
            c if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') =>
            {
                let _ = write!(quoted, "\\U{:08x}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use proptest::prelude::*;

    use crate::baseline::parse;
    use crate::requirement::RequirementId;
    use crate::source::{SourceFile, Span};
    use crate::suite::CaseId;

    fn entries() -> impl Strategy<Value = Entry> {
        let rules = prop::collection::btree_set("[a-z]{1,8}\\.[a-z0-9-]{1,12}", 1..4);
        let texts = (
            "\\PC{0,30}[!-~]\\PC{0,10}|[a-z :#'\"\\[\\]{}@%&*!|>-]{0,30}x",
            prop::option::of("https://[a-z./#?=]{1,30}"),
        );
        let days = prop::option::of((2000_i16..2100, 1_i8..13, 1_i8..29));
        (prop::bool::ANY, rules, prop::bool::ANY, texts, days, "[a-z]{1,9}").prop_map(
            |(with_case, rules, unjudged, (reason, issue), day, name)| Entry {
                case: with_case.then(|| CaseId::of_full_name(&format!("http.read::{name}[Patient]"))),
                requirements: rules.iter().map(|id| RequirementId::new(id)).collect(),
                unjudged: unjudged && with_case,
                reason,
                issue,
                expires: day.map(|(year, month, day)| jiff::civil::date(year, month, day)),
                span: Span::default(),
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(list in prop::collection::vec(entries(), 0..6)) {
            let mut list = list;
            list.dedup_by(|a, b| a.case == b.case && a.requirements == b.requirements && a.unjudged == b.unjudged);
            let text = super::list(HEAD, &list);
            let file = Arc::new(SourceFile::new("b.yaml", text.clone()));
            let read = match parse(&file) {
                Ok(read) => read,
                // Two entries of one name, not beside each other.
                Err(problems) if problems.iter().all(|found| found.code == "duplicate-entry") => return Ok(()),
                Err(problems) => return Err(TestCaseError::fail(format!("{problems}\n{text}"))),
            };
            prop_assert_eq!(read.entries.len(), list.len());
            for (read, written) in read.entries.iter().zip(&list) {
                prop_assert!(read.says_what(written), "{:?}\n{:?}\n{}", read, written, text);
            }
        }
    }
}
