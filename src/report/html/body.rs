//! A body as HTML: JSON on many lines with marked tokens, everything else as it is.

use std::fmt::Write as _;

use serde::de::IgnoredAny;

use crate::exchange::Body;
use crate::report::BODY_LIMIT;
use crate::report::text::{clean, size};

/// Deeper levels are not indented any more, so that a hostile body does not grow by its depth.
const DEEPEST_INDENT: usize = 24;

/// A body, ready to be put into a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// Escaped text with `<span>` elements.
    pub html: String,
    /// What is missing, or how it is shown.
    pub note: Option<String>,
}

/// Shows a body, with marks at what these JSON Pointers lead to.
pub(super) fn show(body: &Body, marked: &[&str]) -> Shown {
    let whole = body.len();
    let cut = body.cut_to(BODY_LIMIT);
    let missing = (cut.bytes().len() as u64) < whole;
    let note = missing.then(|| format!("cut: the first {} of {}", size(cut.bytes().len() as u64), size(whole)));
    match cut.text() {
        _ if matches!(body, Body::Elsewhere(_)) => Shown {
            html: String::new(),
            note: Some(format!("{}, in the journal of the run and not here", size(whole))),
        },
        Some(text) if !missing && is_json(text) => Shown {
            html: pretty(text, marked),
            note,
        },
        Some(text) => Shown {
            html: escape(text),
            note,
        },
        None => Shown {
            html: escape(&String::from_utf8_lossy(cut.bytes())),
            note: Some(format!(
                "not UTF-8{}",
                note.map(|note| format!("; {note}")).unwrap_or_default()
            )),
        },
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Breaks well-formed JSON into lines. Only white space between tokens changes: numbers, escapes, order and members
/// that are given twice stay as the server sent them.
fn pretty(json: &str, marked: &[&str]) -> String {
    let mut html = String::with_capacity(json.len() * 2);
    let mut place = Place::new(marked);
    let mut depth: usize = 0;
    let mut rest = json.trim_ascii();
    while let Some(first) = rest.bytes().next() {
        let token = match first {
            b'"' => string(rest),
            b'{' | b'}' | b'[' | b']' | b',' | b':' => &rest[..1],
            _ => {
                let end = rest.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(rest.len());
                &rest[..end.max(1)]
            }
        };
        rest = rest[token.len()..].trim_ascii_start();
        place.pass(token, rest);
        let is_marked = place.is_marked(token);
        if is_marked {
            html.push_str("<mark>");
        }
        match token {
            "{" | "[" if rest.starts_with(['}', ']']) => {
                html.push_str(token);
                html.push_str(&rest[..1]);
                rest = rest[1..].trim_ascii_start();
            }
            "{" | "[" => {
                html.push_str(token);
                if is_marked {
                    html.push_str("</mark>");
                }
                place.enter(token);
                depth += 1;
                new_line(&mut html, depth);
                continue;
            }
            "}" | "]" => {
                depth = depth.saturating_sub(1);
                new_line(&mut html, depth);
                html.push_str(token);
            }
            "," => {
                html.push(',');
                new_line(&mut html, depth);
            }
            ":" => html.push_str(": "),
            _ => {
                let class = match first {
                    b'"' if rest.starts_with(':') => "k",
                    b'"' => "s",
                    _ => "n",
                };
                html.push_str("<span class=");
                html.push_str(class);
                html.push('>');
                html.push_str(&escape(token));
                html.push_str("</span>");
            }
        }
        if is_marked {
            html.push_str("</mark>");
        }
    }
    html
}

/// Where in a document its tokens stand, as far as somebody wants to know.
struct Place<'a> {
    marked: &'a [&'a str],
    pointer: String,
    /// Of each level that is open: how long the pointer to it is, and at which element an array is.
    open: Vec<(usize, Option<usize>)>,
}

impl<'a> Place<'a> {
    const fn new(marked: &'a [&'a str]) -> Self {
        Self {
            marked,
            pointer: String::new(),
            open: Vec::new(),
        }
    }

    /// Goes past a token; `rest` is what follows it.
    fn pass(&mut self, token: &str, rest: &str) {
        if self.marked.is_empty() {
            return;
        }
        match token {
            "}" | "]" => {
                if let Some((length, _)) = self.open.pop() {
                    self.pointer.truncate(length);
                }
            }
            "," => {
                if let Some((length, Some(index))) = self.open.last_mut() {
                    *index += 1;
                    self.pointer.truncate(*length);
                    let _ = write!(self.pointer, "/{index}");
                }
            }
            key if key.starts_with('"') && rest.starts_with(':') => {
                if let Some((length, None)) = self.open.last() {
                    self.pointer.truncate(*length);
                    let key: String = serde_json::from_str(key).unwrap_or_default();
                    let _ = write!(self.pointer, "/{}", key.replace('~', "~0").replace('/', "~1"));
                }
            }
            _ => {}
        }
    }

    /// Goes into an array or object.
    fn enter(&mut self, bracket: &str) {
        if self.marked.is_empty() {
            return;
        }
        let index = (bracket == "[").then_some(0);
        self.open.push((self.pointer.len(), index));
        if index.is_some() {
            self.pointer.push_str("/0");
        }
    }

    /// Whether a token is, or names, what a pointer leads to.
    fn is_marked(&self, token: &str) -> bool {
        !matches!(token, "}" | "]" | "," | ":") && self.marked.contains(&self.pointer.as_str())
    }
}

fn new_line(html: &mut String, depth: usize) {
    html.push('\n');
    for _ in 0..depth.min(DEEPEST_INDENT) {
        html.push_str("  ");
    }
}

/// The string at the beginning of a text, with its quotes.
fn string(text: &str) -> &str {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return &text[..=index],
            _ => {}
        }
    }
    text
}

/// Cleaned text with the characters of HTML escaped.
pub(super) fn escape(text: &str) -> String {
    let text = clean(text);
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_keeps_its_tokens() {
        let shown = show(&Body::new(r#"{"a":[1.50,true,{}],"a":"<x>\u0000\"","b":[]}"#), &[]);
        insta::assert_snapshot!(shown.html, @r#"
        {
          <span class=k>&quot;a&quot;</span>: [
            <span class=n>1.50</span>,
            <span class=n>true</span>,
            {}
          ],
          <span class=k>&quot;a&quot;</span>: <span class=s>&quot;&lt;x&gt;\u0000\&quot;&quot;</span>,
          <span class=k>&quot;b&quot;</span>: []
        }
        "#);
        assert_eq!(shown.note, None);
    }

    #[test]
    fn what_is_no_json_stays_as_it_is() {
        assert_eq!(show(&Body::new("<html>\n{"), &[]).html, "&lt;html&gt;\n{");
        let bytes = show(&Body::new(vec![b'a', 0xFF, 0x1B, b'[', b'3', b'1', b'm']), &[]);
        assert_eq!(
            (bytes.html.as_str(), bytes.note.as_deref()),
            ("a\u{fffd}", Some("not UTF-8"))
        );
    }

    #[test]
    fn what_is_missing_is_said() {
        let long = show(&Body::new("x".repeat(BODY_LIMIT + 10)), &[]);
        assert_eq!(long.html.len(), BODY_LIMIT);
        assert_eq!(long.note.unwrap(), "cut: the first 64 KB of 65 KB");
        let elsewhere = show(&Body::Elsewhere(2048), &[]);
        assert_eq!(
            elsewhere.note.unwrap(),
            "2,048 bytes, in the journal of the run and not here"
        );
    }

    #[test]
    fn deep_bodies_do_not_explode() {
        let deep = "[".repeat(30_000) + &"]".repeat(30_000);
        assert!(show(&Body::new(deep), &[]).html.len() < 60_000 * (2 * DEEPEST_INDENT + 2));
    }

    #[test]
    fn what_a_pointer_leads_to_is_marked() {
        let body = Body::new(r#"{"a":[{"b":1},{"b/c":2}],"d":{}}"#);
        let shown = show(&body, &["/a/1/b~1c", "/d", "/a/0", "/none"]);
        insta::assert_snapshot!(shown.html, @r#"
        {
          <span class=k>&quot;a&quot;</span>: [
            <mark>{</mark>
              <span class=k>&quot;b&quot;</span>: <span class=n>1</span>
            },
            {
              <mark><span class=k>&quot;b/c&quot;</span></mark>: <mark><span class=n>2</span></mark>
            }
          ],
          <mark><span class=k>&quot;d&quot;</span></mark>: <mark>{}</mark>
        }
        "#);
    }

    proptest! {
        #[test]
        fn no_text_makes_markup(text in "\\PC*|[<>&\"'{}\\[\\]:,\\\\]*") {
            let html = show(&Body::new(text), &["", "/0", "/a"]).html;
            let known = ["<span class=k>", "<span class=s>", "<span class=n>", "</span>", "<mark>", "</mark>"];
            let bare = known.iter().fold(html, |html, tag| html.replace(tag, ""));
            prop_assert!(!bare.contains(['<', '>', '"', '\'']));
        }
    }
}
