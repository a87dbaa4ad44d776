//! Making text safe and short to show: what a hostile server sent never moves a cursor, hides a word or fills a page.

use std::borrow::Cow;
use std::time::Duration;

pub(super) use crate::verdict::number::{count, counted};

use crate::exchange::Request;

/// The longest line of a message, in characters.
pub(super) const LINE: usize = 400;

/// Text without terminal escapes, and with every other control or direction-changing character made visible.
/// Line ends and tabs stay.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7F).contains(&byte) || byte == b'\n') || !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' if let Some(after) = after_control_sequence(rest.as_str()) => rest = after.chars(),
            '\u{0}'..='\u{1f}' if is_unsafe(c) => shown.push(char::from_u32(0x2400 + c as u32).unwrap_or(' ')),
            '\u{7f}' => shown.push('\u{2421}'),
            c if is_unsafe(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// What follows the colours and movements of a terminal (ECMA-48, 5.4: `[`, parameters, one final byte). Other escapes
/// could hide the text after them, so they are shown.
fn after_control_sequence(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('[')?.trim_start_matches(|c| matches!(c, ' '..='?'));
    rest.strip_prefix(|c| matches!(c, '@'..='~'))
}

/// Control characters, direction overrides, invisible spaces, and what XML cannot hold.
fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// A text on one line of at most `most` characters, cleaned. What is left out is said.
pub(super) fn line(text: &str, most: usize) -> Cow<'_, str> {
    let text = clean(text);
    let short = text.len() <= most || text.chars().nth(most).is_none();
    if short && !text.contains(['\n', '\t']) {
        return text;
    }
    let mut shown: String = text.chars().take(most).collect();
    if !short {
        let left = text.chars().count() - most;
        shown.push_str(&format!("… ({} more characters)", count(left as u64)));
    }
    Cow::Owned(shown.replace('\n', "⏎").replace('\t', " "))
}

/// The path and query of a request with its method: `GET /fhir/Patient/17`.
pub(super) fn request_line(request: &Request) -> String {
    let url = request.url.split_once("://").map_or(request.url.as_str(), |(_, rest)| {
        rest.find('/').map_or("/", |slash| &rest[slash..])
    });
    format!("{} {}", line(&request.method, 40), line(url, LINE))
}

/// Microseconds for people: `640 µs`, `12 ms`, `1.24 s`, `2 min 3 s`.
pub(super) fn duration(microseconds: u64) -> String {
    let time = Duration::from_micros(microseconds);
    match microseconds {
        0..1_000 => format!("{microseconds} µs"),
        1_000..1_000_000 => format!("{} ms", time.as_millis()),
        1_000_000..60_000_000 => format!("{:.2} s", time.as_secs_f64()),
        _ => format!("{} min {} s", count(time.as_secs() / 60), time.as_secs() % 60),
    }
}

/// Bytes for people: `812 bytes`, `64 KB`.
pub(super) fn size(bytes: u64) -> String {
    if bytes < 10_000 {
        counted(bytes, "byte", "bytes")
    } else {
        format!("{} KB", count(bytes.div_ceil(1024)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(
            clean("a\u{1b}[31mred\u{1b}[0m\u{0}\u{7}\r\n"),
            "ared\u{2400}\u{2407}\u{240d}\n"
        );
        assert_eq!(
            clean("\u{1b}]0;title\u{7}text\u{1b}["),
            "\u{241b}]0;title\u{2407}text\u{241b}["
        );
        assert_eq!(clean("user\u{202e}txt\u{9b}\u{ffff}"), r"user\u{202e}txt\u{9b}\u{ffff}");
        assert!(matches!(clean("größer – als\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn long_lines_are_cut_and_say_so() {
        assert_eq!(line("ab\ncd", 10), "ab⏎cd");
        assert_eq!(line(&"ä".repeat(1210), 3), "äää… (1,207 more characters)");
    }

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!([count(0), count(999), count(1_234_567)], ["0", "999", "1,234,567"]);
        let times = [640, 12_345, 1_240_000, 123_000_000].map(duration);
        assert_eq!(times, ["640 µs", "12 ms", "1.24 s", "2 min 3 s"]);
        assert_eq!([size(812), size(65_536)], ["812 bytes", "64 KB"]);
    }
}
