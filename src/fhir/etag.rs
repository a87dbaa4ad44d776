//! ETags: an opaque tag in quotes, weak or strong.

/// An ETag (RFC 9110, 8.8.3); in FHIR its tag is the version id (`http.html#versioning`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Etag<'a> {
    /// Whether it begins with `W/`.
    pub weak: bool,
    /// What stands inside the quotes.
    pub tag: &'a str,
}

impl<'a> Etag<'a> {
    /// Reads `W/"3"` or `"3"`. `None` where the quotes are missing, or the tag has quotes, spaces or control characters.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let (weak, quoted) = match text.strip_prefix("W/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let tag = quoted.strip_prefix('"')?.strip_suffix('"')?;
        let is_tag = tag.chars().all(|c| c > ' ' && c != '"' && c != '\u{7F}');
        is_tag.then_some(Self { weak, tag })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_stand_in_quotes() {
        let etag = |weak, tag| Some(Etag { weak, tag });
        assert_eq!(Etag::parse("W/\"3\""), etag(true, "3"));
        assert_eq!(Etag::parse(" \"a-b.c\" "), etag(false, "a-b.c"));
        assert_eq!(Etag::parse("\"\""), etag(false, ""));
        for text in ["", "3", "W/3", "w/\"3\"", "\"", "W/\"", "\"a\", \"b\"", "\"a b\""] {
            assert_eq!(Etag::parse(text), None, "{text}");
        }
    }
}
