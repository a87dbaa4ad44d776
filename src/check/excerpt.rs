//! The line of a body that is wrong, and the same line as it would be right.

use std::cell::OnceCell;
use std::ops::Range;

use serde_json::Value;

use crate::fhir::Mend;
use crate::source::json::locate;
use crate::source::{Site, SourceFile, Span};
use crate::verdict::Excerpt;

/// Lines with more characters are cut around the caret.
const WIDTH: usize = 110;
/// How many characters of a long line are shown before the caret.
const BEFORE: usize = 40;

/// A body as people look at it: its own text, or pretty-printed where that has no lines.
#[derive(Debug)]
pub struct BodyText<'a> {
    name: &'a str,
    text: &'a str,
    value: &'a Value,
    line: u64,
    own: OnceCell<SourceFile>,
    pretty: OnceCell<SourceFile>,
}

/// What a mend changes at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The name of a property.
    Name,
    /// A value.
    Value,
}

impl<'a> BodyText<'a> {
    /// A body under a name that people know it by, such as its file: `text` is what `value` was read from.
    #[must_use]
    pub const fn new(name: &'a str, text: &'a str, value: &'a Value) -> Self {
        Self {
            name,
            text,
            value,
            line: 1,
            own: OnceCell::new(),
            pretty: OnceCell::new(),
        }
    }

    /// The same body, which begins at a line of a larger text.
    #[must_use]
    pub const fn from_line(mut self, line: u64) -> Self {
        self.line = line;
        self
    }

    /// The line of a JSON Pointer, or of the last place on its way where it leads nowhere. `None` where the text is no JSON.
    #[must_use]
    pub fn excerpt(&self, pointer: &str, target: Target, mend: Option<&Mend>) -> Option<Excerpt> {
        let own = self.own.get_or_init(|| SourceFile::new(self.name, self.text));
        let mut excerpt = drawn(own, pointer, target, mend)?;
        let shift = u32::try_from(self.line - 1).unwrap_or(u32::MAX);
        excerpt.excerpt.site.line = excerpt.excerpt.site.line.saturating_add(shift);
        if excerpt.line_length <= WIDTH {
            return Some(excerpt.excerpt);
        }
        let pretty = self.pretty.get_or_init(|| {
            let text = serde_json::to_string_pretty(self.value).unwrap_or_default();
            let place = if self.line > 1 {
                format!(":{}", self.line)
            } else {
                String::new()
            };
            SourceFile::new(format!("{}{place}, pretty-printed", self.name), text)
        });
        Some(drawn(pretty, pointer, target, mend).unwrap_or(excerpt).excerpt)
    }
}

struct Drawn {
    excerpt: Excerpt,
    line_length: usize,
}

fn drawn(file: &SourceFile, pointer: &str, target: Target, mend: Option<&Mend>) -> Option<Drawn> {
    let place = locate(file.text(), pointer)?;
    let is_there = place.steps == pointer.split('/').count() - 1;
    // What is not there is shown at what it should be in.
    let marked = match (&place.name, target) {
        (Some(name), Target::Name) => name.clone(),
        (Some(name), Target::Value) if !is_there => name.clone(),
        _ => place.value,
    };
    let line = file.line_at(marked.start);
    let inside = marked.start - line.start..(marked.end - line.start).min(line.text.len());
    let is_whole = marked.end - line.start <= line.text.len();
    let opens_only = !is_there && place.name.is_none();
    let inside = if is_whole && !opens_only {
        inside
    } else {
        // A whole resource is not underlined, only where it begins.
        inside.start..inside.start + usize::from(inside.start < line.text.len())
    };
    let replacement = mend
        .and_then(|mend| mend.replacement.as_ref())
        .filter(|_| is_there && is_whole)
        .map(Value::to_string);
    let mut site = file.site(Span::new(line.start + inside.start..line.start + inside.end));
    let length = line.text.chars().count();
    let (text, inside) = cut(line.text, inside, length);
    let mended = replacement.map(|replacement| {
        // What is cut is cut once.
        let replacement = cut(&replacement, 0..1, replacement.chars().count()).0;
        let replacement = if text[inside.end..].starts_with('…') {
            replacement.trim_end_matches('…')
        } else {
            &replacement
        };
        format!("{}{replacement}{}", &text[..inside.start], &text[inside.end..])
    });
    if length > WIDTH {
        site.column = u32::try_from(text[..inside.start].chars().count() + 1).unwrap_or(1);
        site.width = u32::try_from(text[inside].chars().count().max(1)).unwrap_or(1);
    }
    site.text = text.into();
    Some(Drawn {
        excerpt: Excerpt { site, mended },
        line_length: length,
    })
}

/// A place of a text that may have long lines.
pub(super) fn short_site(file: &SourceFile, span: Span) -> Site {
    let mut site = file.site(span);
    let line = file.line_at(span.start as usize);
    let length = line.text.chars().count();
    if length > WIDTH {
        let start = (span.start as usize - line.start).min(line.text.len());
        let (text, inside) = cut(line.text, start..start, length);
        site.column = u32::try_from(text[..inside.start].chars().count() + 1).unwrap_or(1);
        site.text = text.into();
    }
    site
}

/// A line cut around a range of its bytes, and that range in what is left.
fn cut(line: &str, inside: Range<usize>, length: usize) -> (String, Range<usize>) {
    if length <= WIDTH {
        return (line.to_owned(), inside);
    }
    let before = line[..inside.start].char_indices().rev().nth(BEFORE - 1);
    let from = before.map_or(0, |(byte, _)| byte);
    let after = line[from..].char_indices().nth(WIDTH);
    let to = after.map_or(line.len(), |(byte, _)| from + byte);
    let end = inside.end.min(to).max(inside.start);
    let dots = if from > 0 { "…" } else { "" };
    let more = if to < line.len() { "…" } else { "" };
    let shift = |byte: usize| byte - from + dots.len();
    (
        format!("{dots}{}{more}", &line[from..to]),
        shift(inside.start)..shift(end),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::snippet::draw_mended;
    use serde_json::json;

    fn told(text: &str, pointer: &str, target: Target, mend: Option<Mend>) -> String {
        let value = serde_json::from_str(text).unwrap();
        let body = BodyText::new("answer", text, &value);
        let excerpt = body.excerpt(pointer, target, mend.as_ref()).unwrap();
        draw_mended(&excerpt.site, "here", excerpt.mended.as_deref())
    }

    #[test]
    fn the_servers_own_lines_are_shown() {
        let text = "{\n  \"resourceType\": \"Patient\",\n  \"nmae\": [{\"family\": \"King\"}],\n  \"gender\": \"femal\",\n  \"contact\": [\n    {\n      \"x\": 1\n    }\n  ]\n}";
        let all = [
            told(text, "/nmae", Target::Name, Some(Mend::with("name"))),
            told(text, "/gender", Target::Value, Some(Mend::with("female"))),
            told(text, "/contact/0", Target::Value, Some(Mend::with(json!(1)))),
            told(text, "/contact/0/name", Target::Value, None),
            told(text, "/active", Target::Value, None),
            told(text, "", Target::Value, None),
        ];
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn a_body_without_lines_is_pretty_printed() {
        let text = json!({"resourceType": "Patient", "name": [{"text": "ä".repeat(200)}], "gender": "femal",
            "photo": [{"data": format!("{}!{}", "A".repeat(300), "B".repeat(300))}]});
        let text = text.to_string();
        let all = [
            told(&text, "/gender", Target::Value, Some(Mend::with("female"))),
            told(&text, "/photo/0/data", Target::Value, Some(Mend::with("C".repeat(300)))),
            told(&text, "/name/0/text", Target::Name, None),
        ];
        insta::assert_snapshot!(all.join("\n"));
    }
}
