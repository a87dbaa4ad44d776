//! The only drawer of carets. Diagnostics are drawn from their file, findings from their [`Site`] alone.

use std::borrow::Cow;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::diagnostic::{Diagnostic, Severity};
use super::span::{Site, Span};

/// How wide a drawing is at most; longer lines are cut around the caret.
const WIDTH: usize = 120;
/// Lines with more bytes are not drawn: nobody reads them, and the renderer would look at every character.
const LONGEST_LINE: usize = 10_000;

/// Whether a drawing has colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Paint {
    /// Characters only.
    #[default]
    Plain,
    /// With ANSI escapes, for terminals.
    Coloured,
}

impl Paint {
    const fn renderer(self) -> Renderer {
        match self {
            Self::Plain => Renderer::plain(),
            Self::Coloured => Renderer::styled(),
        }
        .term_width(WIDTH)
    }
}

/// The place of a finding: file, line, and the text under a caret with a remark. No colours; ends with a line end.
///
/// ```
/// # use fhir_assay::source::{Site, snippet::draw_site};
/// let site = Site { file: "suites/http/update.yaml".into(), line: 42, column: 11, width: 3, text: "  status: 412".into() };
/// let lines = [
///     "  --> suites/http/update.yaml:42:11",
///     "42 |   status: 412",
///     "   |           ^^^ the server answered 200",
/// ];
/// assert!(draw_site(&site, "the server answered 200").lines().eq(lines));
/// ```
#[must_use]
pub fn draw_site(site: &Site, label: &str) -> String {
    paint_site(site, label, Paint::Plain)
}

/// [`draw_site`] with or without colours.
#[must_use]
pub fn paint_site(site: &Site, label: &str, paint: Paint) -> String {
    let label = on_one_line(label);
    let byte = |characters: usize| {
        let place = site.text.char_indices().nth(characters);
        place.map_or(site.text.len(), |(byte, _)| byte)
    };
    if site.text.len() > LONGEST_LINE {
        return format!("--> {}:{}:{} {label}\n", site.file, site.line, site.column);
    }
    let column = site.column.saturating_sub(1) as usize;
    let caret = byte(column)..byte(column.saturating_add(site.width as usize));
    let snippet = Snippet::source(&*site.text)
        .line_start(site.line as usize)
        .path(&*site.file)
        .annotation(AnnotationKind::Primary.span(caret).label(&*label));
    let drawing = paint
        .renderer()
        .render(&[Group::with_level(Level::ERROR).element(snippet)]);
    // The renderer puts an empty gutter below the file's name; a report has no room for it.
    let mut lines = drawing.lines();
    let mut text = String::with_capacity(drawing.len());
    for line in lines.next().into_iter().chain(lines.skip(1)) {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// [`draw_site`], and under it the same line as it would be right.
///
/// ```
/// # use fhir_assay::source::{Site, snippet::draw_mended};
/// let site = Site { file: "ada.json".into(), line: 3, column: 3, width: 6, text: r#"  "nmae": []"#.into() };
/// let lines = [
///     " --> ada.json:3:3",
///     r#"3 |   "nmae": []"#,
///     "  |   ^^^^^^ no element of Patient",
///     r#"3 +   "name": []"#,
/// ];
/// assert!(draw_mended(&site, "no element of Patient", Some(r#"  "name": []"#)).lines().eq(lines));
/// ```
#[must_use]
pub fn draw_mended(site: &Site, label: &str, mended: Option<&str>) -> String {
    let mut text = draw_site(site, label);
    if let Some(mended) = mended {
        text.push_str(&format!("{} + {}\n", site.line, on_one_line(mended)));
    }
    text
}

/// A diagnostic with its carets; ends with a line end.
pub(super) fn draw(diagnostic: &Diagnostic, paint: Paint) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = on_one_line(&diagnostic.message);
    let title = level.primary_title(&*message).id(diagnostic.code);
    let name = &**diagnostic.file.name();
    let label = on_one_line(&diagnostic.label);
    let places: Vec<(Span, Cow<'_, str>)> = diagnostic
        .labels
        .iter()
        .map(|place| (place.span, on_one_line(&place.text)))
        .collect();
    let mut group = match diagnostic.span {
        None => title.element(Origin::path(name)),
        Some(span) if diagnostic.file.line_at(span.start as usize).text.len() > LONGEST_LINE => {
            let site = diagnostic.file.site(span);
            let origin = Origin::path(name)
                .line(site.line as usize)
                .char_column(site.column as usize);
            title.element(origin)
        }
        Some(span) => {
            // Only the lines that are spoken of: the file may have ten million bytes.
            let drawn = |place: &Span| diagnostic.file.line_at(place.start as usize).text.len() <= LONGEST_LINE;
            let others = || diagnostic.labels.iter().map(|place| place.span).filter(drawn);
            let spans = || std::iter::once(span).chain(others());
            let first = spans().map(|span| span.start).min().unwrap_or_default();
            let last = spans().map(|span| span.start).max().unwrap_or_default();
            let start = diagnostic.file.line_at(first as usize);
            let end = diagnostic.file.line_at(last as usize);
            let source = &diagnostic.file.text()[start.start..end.start + end.text.len()];
            let inside = |span: Span| {
                let clamp = |byte: usize| on_boundary(source, byte.saturating_sub(start.start));
                let from = clamp(span.start as usize);
                let to = clamp(span.end as usize).max(from);
                // Something long is underlined on its first line only.
                let line = source[from..to].find(['\n', '\r']).map_or(to, |length| from + length);
                from..line
            };
            let mut primary = AnnotationKind::Primary.span(inside(span));
            if !label.is_empty() {
                primary = primary.label(&*label);
            }
            let others = places
                .iter()
                .filter(|(span, _)| drawn(span))
                .map(|(span, text)| AnnotationKind::Context.span(inside(*span)).label(&**text));
            title.element(
                Snippet::source(source)
                    .line_start(start.number as usize)
                    .path(name)
                    .annotation(primary)
                    .annotations(others),
            )
        }
    };
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(on_one_line(help)));
    }
    let mut text = String::new();
    for line in paint.renderer().render(&[group]).lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The nearest place at or before a byte at which a character begins.
fn on_boundary(text: &str, byte: usize) -> usize {
    let byte = byte.min(text.len());
    (0..=byte).rev().find(|&byte| text.is_char_boundary(byte)).unwrap_or(0)
}

/// A remark may hold what a server sent; it must neither break the drawing nor steer a terminal.
fn on_one_line(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        Cow::Owned(
            text.trim_end()
                .chars()
                .map(|character| match character {
                    '\n' | '\r' | '\t' => ' ',
                    other if other.is_control() => '\u{fffd}',
                    other => other,
                })
                .collect(),
        )
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use std::sync::Arc;

    fn file() -> Arc<SourceFile> {
        let text = "suite: http.read\ntitle: Größe\ncases:\n  - id: a\n    stauts: 200\n  - id: a\n";
        Arc::new(SourceFile::new("suites/http/read.yaml", text))
    }

    fn span(part: &str) -> Span {
        let file = file();
        let start = file.text().find(part).unwrap();
        Span::new(start..start + part.len())
    }

    #[test]
    fn a_site_needs_no_file() {
        let drawing = draw_site(&file().site(span("Größe")), "the server answered 200");
        insta::assert_snapshot!(drawing, @r"
         --> suites/http/read.yaml:2:8
        2 | title: Größe
          |        ^^^^^ the server answered 200
        ");
    }

    #[test]
    fn a_remark_stays_on_its_line_and_cannot_steer_a_terminal() {
        let drawing = draw_site(&file().site(span("Größe")), "got\n\u{1b}[31mred");
        assert_eq!(drawing.lines().count(), 3);
        assert!(!drawing.contains('\u{1b}'), "{drawing:?}");
    }

    #[test]
    fn a_site_that_lies_does_no_harm() {
        let mut site = file().site(span("Größe"));
        site.column = u32::MAX;
        site.width = u32::MAX;
        assert_eq!(draw_site(&site, "x").lines().count(), 3);
        site.column = 0;
        site.text = "".into();
        assert_eq!(draw_site(&site, "").lines().count(), 3);
    }

    #[test]
    fn a_long_line_is_cut_around_its_caret() {
        let text = format!("key: {}needle{}", "x".repeat(4000), "y".repeat(4000));
        let file = SourceFile::new("a.yaml", text);
        let drawing = draw_site(&file.site(Span::new(4005..4011)), "here");
        assert!(
            drawing.lines().all(|line| line.chars().count() <= WIDTH + 10),
            "{drawing}"
        );
        assert!(drawing.contains("needle"), "{drawing}");
    }

    #[test]
    fn a_line_that_nobody_reads_is_named_and_not_drawn() {
        let file = Arc::new(SourceFile::new("a.yaml", "x".repeat(5_000_000)));
        let drawing = draw_site(&file.site(Span::new(7..9)), "here");
        assert_eq!(drawing, "--> a.yaml:1:8 here\n");
        let diagnostic = Diagnostic::error("long", &file, Span::new(7..9), "wrong");
        insta::assert_snapshot!(diagnostic, @r"
        error[long]: wrong
        --> a.yaml:1:8
        ");
    }

    #[test]
    fn colours_are_asked_for() {
        let site = file().site(span("Größe"));
        assert!(paint_site(&site, "x", Paint::Coloured).contains('\u{1b}'));
        assert!(!paint_site(&site, "x", Paint::Plain).contains('\u{1b}'));
    }

    #[test]
    fn a_diagnostic_shows_its_places_and_the_way_out() {
        let diagnostic = Diagnostic::error(
            "duplicate-case",
            &file(),
            span("a\n    stauts"),
            "two cases are named `a`",
        )
        .with_label("the second")
        .with_place(span("http.read"), "the suite")
        .with_help("give one of them another name");
        insta::assert_snapshot!(diagnostic, @r"
        error[duplicate-case]: two cases are named `a`
         --> suites/http/read.yaml:4:9
          |
        1 | suite: http.read
          |        --------- the suite
        ...
        4 |   - id: a
          |         ^ the second
          |
          = help: give one of them another name
        ");
        let whole = Diagnostic::of_file("unreadable", &file(), "the file cannot be read");
        insta::assert_snapshot!(whole, @r"
        error[unreadable]: the file cannot be read
        --> suites/http/read.yaml
        ");
    }
}
