//! The parts of an expression that explain why it is not true: its conjuncts, and the sides of a comparison.
//!
//! This reads the text only as far as quotes and brackets go. Where it is not sure it gives nothing, and the message has less.

use std::ops::Range;

/// The expressions that `and` joins at the top; the whole where there is only one, or where weaker operators stand there.
pub(super) fn conjuncts(text: &str) -> Vec<&str> {
    let Some(words) = top_level_words(text) else {
        return vec![text];
    };
    let is_weaker = |range: &Range<usize>| matches!(&text[range.clone()], "or" | "xor" | "implies");
    if words.iter().any(is_weaker) {
        return vec![text];
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for range in words.into_iter().filter(|range| &text[range.clone()] == "and") {
        parts.push(text[start..range.start].trim());
        start = range.end;
    }
    parts.push(text[start..].trim());
    parts
}

/// The sides of the only comparison at the top, and its operator.
pub(super) fn comparison(text: &str) -> Option<(&str, &str, &str)> {
    let words = top_level_words(text)?;
    let joins = ["and", "or", "xor", "implies", "in", "contains"];
    let mut operators = Vec::new();
    for range in words {
        let word = &text[range.clone()];
        // `contains` is a function too, and then a step of a path.
        if joins.contains(&word) && !text[..range.start].ends_with('.') {
            return None;
        }
        if ["=", "!=", "~", "!~", "<", ">", "<=", ">="].contains(&word) {
            operators.push(range);
        }
    }
    let [operator] = operators.as_slice() else { return None };
    let left = text[..operator.start].trim();
    let right = text[operator.end..].trim();
    (!left.is_empty() && !right.is_empty()).then(|| (left, &text[operator.clone()], right))
}

/// Whether an expression is a plain value, of which it would be idle to tell what it is.
pub(super) fn is_literal(text: &str) -> bool {
    let is_number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
    is_number || text.starts_with(['\'', '@', '{']) || matches!(text, "true" | "false")
}

/// Words and comparison signs outside of brackets and quotes. `None` where the text has comments or is not balanced.
fn top_level_words(text: &str) -> Option<Vec<Range<usize>>> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            quote @ (b'\'' | b'"' | b'`') => {
                at += 1;
                while *bytes.get(at)? != quote {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'(' | b'[' | b'{' => {
                depth += 1;
                at += 1;
            }
            b')' | b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            b'/' if matches!(bytes.get(at + 1), Some(b'/' | b'*')) => return None,
            b'=' | b'~' | b'<' | b'>' | b'!' => {
                while matches!(bytes.get(at), Some(b'=' | b'~' | b'<' | b'>' | b'!')) {
                    at += 1;
                }
                if depth == 0 {
                    words.push(start..at);
                }
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
                while bytes
                    .get(at)
                    .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
                {
                    at += 1;
                }
                if depth == 0 {
                    words.push(start..at);
                }
            }
            _ => at += 1,
        }
    }
    (depth == 0).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_top_is_taken_apart() {
        assert_eq!(
            conjuncts("a = 'x and y' and b.where(c and d).exists() and `and` = 1"),
            ["a = 'x and y'", "b.where(c and d).exists()", "`and` = 1"]
        );
        assert_eq!(conjuncts("a and b or c"), ["a and b or c"]);
        assert_eq!(
            comparison("meta.versionId != %v1"),
            Some(("meta.versionId", "!=", "%v1"))
        );
        assert_eq!(
            comparison("a.where(b = 1).count() >= 2"),
            Some(("a.where(b = 1).count()", ">=", "2"))
        );
        for text in [
            "a",
            "a in b",
            "a = b = c",
            "a = 'it",
            "a = (b",
            "a = b // c",
            "= 1",
            "a = b or c",
        ] {
            assert_eq!(comparison(text), None, "{text}");
        }
        assert_eq!(
            comparison("a.contains('b') = true"),
            Some(("a.contains('b')", "=", "true"))
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r#"[a-c '"`()=<>!~/\\é.%-]{0,30}( and | or )?[a-c=' ]{0,10}"#) {
            let _ = comparison(&text);
            prop_assert!(!conjuncts(&text).is_empty());
        }
    }
}
