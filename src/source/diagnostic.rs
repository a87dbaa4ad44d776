//! Diagnostics: what is wrong in a text that a person wrote. All of them are told at once.

use std::fmt;
use std::sync::Arc;

use super::file::SourceFile;
use super::snippet::{self, Paint};
use super::span::Span;

/// How many diagnostics are kept and shown at most; the rest is counted.
pub const SHOWN_AT_MOST: usize = 200;

/// How much a diagnostic weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The text is refused.
    Error,
    /// The text works, but its author probably meant something else.
    Warning,
}

/// One thing that is wrong, where it stands, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it weighs.
    pub severity: Severity,
    /// The name of the rule, in kebab-case: `unknown-key`.
    pub code: &'static str,
    /// What is wrong, in a sentence.
    pub message: String,
    /// The file.
    pub file: Arc<SourceFile>,
    /// What the caret underlines; `None` where it is about the file as a whole.
    pub span: Option<Span>,
    /// What is said beside the caret; may be empty.
    pub label: String,
    /// Other places of the same file that belong to it.
    pub labels: Vec<Label>,
    /// The way out.
    pub help: Option<String>,
}

/// A second place of a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there.
    pub text: String,
}

impl Diagnostic {
    /// Something for which a text is refused.
    #[must_use]
    pub fn error(code: &'static str, file: &Arc<SourceFile>, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            file: file.clone(),
            span: Some(span),
            label: String::new(),
            labels: Vec::new(),
            help: None,
        }
    }

    /// Something that its author probably did not mean.
    #[must_use]
    pub fn warning(code: &'static str, file: &Arc<SourceFile>, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, file, span, message)
        }
    }

    /// Something wrong with a file as a whole: it cannot be read, for example.
    #[must_use]
    pub fn of_file(code: &'static str, file: &Arc<SourceFile>, message: impl Into<String>) -> Self {
        Self {
            span: None,
            ..Self::error(code, file, Span::default(), message)
        }
    }

    /// Says something beside the caret.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Points to a second place.
    #[must_use]
    pub fn with_place(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Names the way out.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The diagnostic as text with its carets, ending with a line end.
    #[must_use]
    pub fn render(&self, paint: Paint) -> String {
        snippet::draw(self, paint)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(Paint::Plain).trim_end())
    }
}

/// Everything that is wrong, in the order of files and places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Diagnostics {
    /// Adds one. Beyond [`SHOWN_AT_MOST`] they are only counted.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        match diagnostic.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
        if self.list.len() < SHOWN_AT_MOST {
            self.list.push(diagnostic);
        }
    }

    /// Adds those of another list.
    pub fn append(&mut self, other: Self) {
        let (mut errors, mut warnings) = (self.errors + other.errors, self.warnings + other.warnings);
        self.extend(other.list);
        std::mem::swap(&mut self.errors, &mut errors);
        std::mem::swap(&mut self.warnings, &mut warnings);
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.errors == 0 && self.warnings == 0
    }

    /// How many errors there are.
    #[must_use]
    pub const fn errors(&self) -> usize {
        self.errors
    }

    /// How many warnings there are.
    #[must_use]
    pub const fn warnings(&self) -> usize {
        self.warnings
    }

    /// Those that are kept, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Puts those of one file into the order of their places. Files keep the order in which they came.
    pub fn sort(&mut self) {
        let mut files: Vec<Arc<str>> = Vec::new();
        for diagnostic in &self.list {
            if !files.contains(diagnostic.file.name()) {
                files.push(diagnostic.file.name().clone());
            }
        }
        let place = |diagnostic: &Diagnostic| {
            let file = files.iter().position(|name| name == diagnostic.file.name());
            (file, diagnostic.span.map(|span| (span.start, span.end)))
        };
        self.list.sort_by_key(place);
    }

    /// All of them as text, with an empty line between, and a last line that counts them.
    #[must_use]
    pub fn render(&self, paint: Paint) -> String {
        let mut text = String::new();
        for diagnostic in &self.list {
            text.push_str(&diagnostic.render(paint));
            text.push('\n');
        }
        if self.list.len() < self.errors + self.warnings {
            text.push_str(&format!("(the first {} are shown)\n", self.list.len()));
        }
        text.push_str(&self.summary());
        text.push('\n');
        text
    }

    /// How many there are, in words: `2 errors, 1 warning`.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = |number: usize, noun: &str| match number {
            0 => None,
            1 => Some(format!("1 {noun}")),
            _ => Some(format!("{number} {noun}s")),
        };
        let counts: Vec<String> = [count(self.errors, "error"), count(self.warnings, "warning")]
            .into_iter()
            .flatten()
            .collect();
        if counts.is_empty() {
            "no problems".into()
        } else {
            counts.join(", ")
        }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(Paint::Plain).trim_end())
    }
}

impl std::error::Error for Diagnostics {}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        iter.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<T: IntoIterator<Item = Diagnostic>>(iter: T) -> Self {
        let mut diagnostics = Self::default();
        diagnostics.extend(iter);
        diagnostics
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_are_counted_and_not_shown() {
        let file = Arc::new(SourceFile::new("a.yaml", "suite: x\n"));
        let one = || Diagnostic::error("some-rule", &file, Span::new(7..8), "wrong");
        let mut diagnostics: Diagnostics = (0..SHOWN_AT_MOST + 5).map(|_| one()).collect();
        diagnostics.append(std::iter::once(Diagnostic::warning("x", &file, Span::new(0..1), "odd")).collect());
        assert_eq!(diagnostics.iter().count(), SHOWN_AT_MOST);
        assert_eq!(diagnostics.summary(), "205 errors, 1 warning");
        assert!(
            diagnostics
                .to_string()
                .ends_with("(the first 200 are shown)\n205 errors, 1 warning")
        );
    }

    #[test]
    fn they_are_sorted_by_place_and_keep_the_order_of_files() {
        let [b, a] = ["b.yaml", "a.yaml"].map(|name| Arc::new(SourceFile::new(name, "x: y\n")));
        let at = |file: &Arc<SourceFile>, byte: usize| Diagnostic::error("r", file, Span::new(byte..byte + 1), "m");
        let mut diagnostics: Diagnostics = [at(&b, 3), at(&a, 1), at(&b, 0), Diagnostic::of_file("r", &b, "m")]
            .into_iter()
            .collect();
        diagnostics.sort();
        let places: Vec<_> = diagnostics
            .iter()
            .map(|found| (found.file.name().to_string(), found.span.map(|span| span.start)))
            .collect();
        let name = |text: &str| text.to_owned();
        assert_eq!(
            places,
            [
                (name("b.yaml"), None),
                (name("b.yaml"), Some(0)),
                (name("b.yaml"), Some(3)),
                (name("a.yaml"), Some(1))
            ]
        );
    }
}
