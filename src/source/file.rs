//! A source file: its name, its text and its lines.

use std::sync::Arc;

use super::span::{Site, Span};

/// A text with a name. Cheap to share behind an `Arc`.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    name: Arc<str>,
    text: String,
    /// The byte at which each line begins.
    line_starts: Vec<u32>,
}

/// One line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// From 1.
    pub number: u32,
    /// The byte of the file at which the line begins.
    pub start: usize,
    /// Without its line end.
    pub text: &'a str,
}

impl SourceFile {
    /// A file of the name that diagnostics show.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<String>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(
                text.match_indices('\n')
                    .map(|(byte, _)| Span::new(byte + 1..byte + 1).start),
            )
            .collect();
        Self {
            name: name.into(),
            text,
            line_starts,
        }
    }

    /// The name, as the user would type it.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty where the span lies outside.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }

    /// The line that holds a byte; the last line for a byte beyond the end.
    #[must_use]
    pub fn line_at(&self, byte: usize) -> Line<'_> {
        let byte = Span::new(byte..byte).start;
        let index = self.line_starts.partition_point(|&start| start <= byte) - 1;
        let start = self.line_starts[index] as usize;
        let end = self
            .line_starts
            .get(index + 1)
            .map_or(self.text.len(), |&next| next as usize);
        Line {
            number: u32::try_from(index + 1).unwrap_or(u32::MAX),
            start,
            text: self.text[start..end].trim_end_matches(['\n', '\r']),
        }
    }

    /// The place of a span, as reports show it. A span over several lines is cut at the end of its first.
    #[must_use]
    pub fn site(&self, span: Span) -> Site {
        let line = self.line_at(span.start as usize);
        let from = (span.start as usize - line.start).min(line.text.len());
        let to = (span.end as usize)
            .saturating_sub(line.start)
            .clamp(from, line.text.len());
        let count = |text: Option<&str>| u32::try_from(text.map_or(0, |text| text.chars().count())).unwrap_or(u32::MAX);
        Site {
            file: self.name.clone(),
            line: line.number,
            column: count(line.text.get(..from)) + 1,
            width: count(line.text.get(from..to)).max(1),
            text: line.text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_counts_characters_and_stays_on_its_line() {
        let file = SourceFile::new("a.yaml", "erste: Zeile\nzweite: größer als\r\ndritte");
        let start = file.text().find("größer").unwrap();
        let site = file.site(Span::new(start..file.text().len()));
        assert_eq!((site.line, site.column, site.width), (2, 9, 10));
        assert_eq!(&*site.text, "zweite: größer als");
        assert_eq!(file.site(Span::new(9999..9999)).line, 3);
    }

    #[test]
    fn an_empty_file_has_one_empty_line() {
        let site = SourceFile::new("a.yaml", "").site(Span::default());
        assert_eq!((site.line, site.column, site.width, &*site.text), (1, 1, 1, ""));
    }
}
