//! The variables of a FHIRPath, found without compiling it.

use std::ops::Range;

/// The names behind `%` in an expression, and where each is written (bytes, with the `%`).
///
/// Texts and comments are skipped, and names may be delimited: `` %`case-tag` ``, `%'case-tag'`.
/// A text that is no FHIRPath yields something or nothing, but never fails.
pub fn variables(expression: &str) -> Vec<(&str, Range<usize>)> {
    let bytes = expression.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\'' | b'"' | b'`' => at = end_of_delimited(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => at = find(bytes, at, b'\n'),
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let rest = &expression[at + 2..];
                at = rest.find("*/").map_or(bytes.len(), |length| at + 2 + length + 2);
            }
            b'%' => {
                let start = at;
                let (name, end) = match bytes.get(at + 1) {
                    Some(b'`' | b'\'' | b'"') => {
                        let end = end_of_delimited(bytes, at + 1);
                        (at + 2..end.saturating_sub(1).max(at + 2), end)
                    }
                    _ => {
                        let rest = &bytes[at + 1..];
                        let length = rest
                            .iter()
                            .position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
                        let end = at + 1 + length.unwrap_or(rest.len());
                        (at + 1..end, end)
                    }
                };
                if let Some(name) = expression.get(name).filter(|name| !name.is_empty()) {
                    found.push((name, start..end));
                }
                at = end.max(start + 1);
            }
            _ => at += 1,
        }
    }
    found
}

/// The byte after a delimited piece that begins here.
fn end_of_delimited(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'\\' {
            at += 1;
        } else if byte == bytes[start] {
            return at + 1;
        }
        at += 1;
    }
    bytes.len()
}

fn find(bytes: &[u8], from: usize, wanted: u8) -> usize {
    let rest = &bytes[from..];
    rest.iter()
        .position(|&byte| byte == wanted)
        .map_or(bytes.len(), |length| from + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(expression: &str) -> Vec<&str> {
        variables(expression).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn names_are_found_where_they_stand() {
        assert_eq!(names("%id = id and %`case-tag` in tag.code"), ["id", "case-tag"]);
        assert_eq!(variables("a = %v1.b")[0].1, 4..7);
        assert_eq!(variables("%`a-b`")[0].1, 0..6);
    }

    #[test]
    fn texts_and_comments_have_none() {
        assert_eq!(names("'%a' = `%b` /* %c */ and %d // %e"), ["d"]);
        assert_eq!(names(r"'it\'s %a' and %b"), ["b"]);
    }

    #[test]
    fn what_is_no_fhirpath_does_no_harm() {
        for text in ["%", "%`", "%`a", "'%a", "/*", "%é", "\\", "%'\\"] {
            let _ = names(text);
        }
    }
}
