//! What the YAML scanner stumbles over, in words that help.

use std::sync::Arc;

use crate::source::{Diagnostic, SourceFile, Span};

/// Makes a diagnostic of what the scanner says about a byte of a file.
pub fn explain(file: &Arc<SourceFile>, byte: usize, info: &str) -> Diagnostic {
    let text = file.text();
    let line = file.line_at(byte);
    let rest = text.get(byte..).unwrap_or_default();
    let next = rest.chars().next();
    let here = Span::new(byte..byte + next.map_or(0, char::len_utf8));
    let indentation = line.text.len() - line.text.trim_start().len();

    if next == Some('{') && text[..byte].ends_with('$') {
        let end = rest.find(['}', '\n']).map_or(text.len(), |length| byte + length + 1);
        let name = text.get(byte - 1..end).unwrap_or("${x}").trim_end();
        let message = "inside `{ }` and `[ ]` a text with `${` has to be quoted";
        return Diagnostic::error("unquoted-variable", file, Span::new(byte - 1..end), message)
            .with_help(format!("write the whole text in quotes: '...{name}...'"));
    }
    if let Some(tab) = line.text[..indentation].find('\t') {
        let tab = line.start + tab;
        let message = "YAML is indented with spaces, and this is a tab";
        return Diagnostic::error("tab", file, Span::new(tab..tab + 1), message)
            .with_help("replace each tab by two spaces");
    }
    if let Some(sign @ ('%' | '@' | '`')) = next
        && info.contains("unexpected character")
    {
        let message = format!("a text that begins with {} has to be quoted", quoted(sign));
        return Diagnostic::error("unquoted-text", file, here, message)
            .with_help(format!("write '{}'", value_at(rest)));
    }
    if next == Some('*') {
        let message = "`*` begins an alias of YAML, and there is no anchor of that name";
        return Diagnostic::error("unquoted-text", file, here, message).with_help("write '*' in quotes to mean a text");
    }
    if info.contains("mapping values are not allowed") {
        // The key of a mapping is missing: either the line is indented wrongly, or a text holds a colon.
        if byte.saturating_sub(line.start) > 1000 {
            let message = "a key has at most 1024 characters";
            return Diagnostic::error("yaml-syntax", file, here, message)
                .with_help("put the text in quotes, where it is no key");
        }
        let begins = line.text.get(..byte.saturating_sub(line.start)).unwrap_or_default();
        if begins.contains(": ") || begins.trim_start().starts_with("- ") {
            let message = "a text that holds `: ` has to be quoted";
            return Diagnostic::error("unquoted-text", file, here, message)
                .with_help("put the whole text in 'single quotes'");
        }
        let message = "a key cannot stand here: its line is indented deeper than the keys beside it";
        return Diagnostic::error("indentation", file, here, message)
            .with_help("keys of one mapping begin in the same column");
    }
    if info.contains("quoted scalar") && !info.contains("escape") {
        let message = "a quote is opened here and not closed";
        return Diagnostic::error("unclosed-quote", file, here, message)
            .with_help("a quote inside of 'single quotes' is written twice: 'it''s'");
    }
    if info.contains("invalid indentation") || info.contains("did not find expected '-'") {
        let message = format!("the indentation does not fit what is around it ({info})");
        return Diagnostic::error("indentation", file, here, message)
            .with_help("keys of one mapping, and dashes of one list, begin in the same column");
    }
    if info.contains("flow mapping") || info.contains("flow sequence") {
        let (opening, closing) = if info.contains("flow mapping") {
            ('{', '}')
        } else {
            ('[', ']')
        };
        let message = format!("`,` or `{closing}` should stand here");
        let found = Diagnostic::error("yaml-syntax", file, here, message);
        return found.with_help(format!(
            "close what `{opening}` opens, and quote texts with , : {{ }} [ ] in them"
        ));
    }
    if info.contains("recursion limit") {
        let message = "lists and mappings are nested too deep";
        return Diagnostic::error("too-deep", file, here, message);
    }
    Diagnostic::error("yaml-syntax", file, here, format!("this is no YAML: {info}"))
}

fn quoted(sign: char) -> String {
    match sign {
        '`' => "a backtick".into(),
        other => format!("`{other}`"),
    }
}

/// The unquoted value that begins here, as it would stand in single quotes.
fn value_at(rest: &str) -> String {
    let line = rest.lines().next().unwrap_or_default();
    let value = line.split(" #").next().unwrap_or_default().trim_end();
    let mut short: String = value.chars().take(60).collect();
    if short.len() < value.len() {
        short.push_str("...");
    }
    short.replace('\'', "''")
}
