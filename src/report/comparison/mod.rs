//! What came of comparing results: a difference, or a matrix. Console, Markdown, HTML and JSON.

mod diff;
mod matrix;
mod page;

use std::io;

use super::Format;
use super::style::Style;
use super::watched::Watched;
use crate::comparison::{Diff, Matrix};

/// Something that was compared.
#[derive(Clone, Copy, Debug)]
pub enum Comparison<'a> {
    /// Two results.
    Diff(&'a Diff),
    /// One plan over several servers.
    Matrix(&'a Matrix),
}

impl Comparison<'_> {
    /// The formats that a comparison has.
    pub const FORMATS: [Format; 4] = [Format::Console, Format::Markdown, Format::Html, Format::Json];

    /// Writes it.
    ///
    /// # Errors
    /// Where `out` fails, and for a format that a comparison does not have.
    pub fn write(&self, format: Format, out: &mut dyn io::Write) -> io::Result<()> {
        match (format, self) {
            (Format::Console, _) => out.write_all(self.console(Style::plain()).as_bytes()),
            (Format::Markdown, Self::Diff(diff)) => out.write_all(diff::markdown(diff).as_bytes()),
            (Format::Markdown, Self::Matrix(matrix)) => out.write_all(matrix::markdown(matrix).as_bytes()),
            (Format::Html, Self::Diff(diff)) => page::write(&page::Page::of_diff(diff), &mut Watched::new(out)),
            (Format::Html, Self::Matrix(matrix)) => page::write(&page::Page::of_matrix(matrix), &mut Watched::new(out)),
            (Format::Json, Self::Diff(diff)) => json(diff, out),
            (Format::Json, Self::Matrix(matrix)) => json(matrix, out),
            _ => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("a comparison has no {format}; it has console, markdown, html and json"),
            )),
        }
    }

    /// For a terminal.
    #[must_use]
    pub fn console(&self, style: Style) -> String {
        match self {
            Self::Diff(diff) => diff::console(diff, style),
            Self::Matrix(matrix) => matrix::console(matrix, style),
        }
    }
}

fn json(value: &impl serde::Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}

/// The JSON Schema of a difference. It lies in the tree as `schemas/diff.schema.json`.
#[must_use]
pub fn diff_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Diff);
    schema.insert("title".to_owned(), "The difference of two reports of fhir-assay".into());
    schema.to_value()
}

/// The JSON Schema of a matrix. It lies in the tree as `schemas/comparison.schema.json`.
#[must_use]
pub fn matrix_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Matrix);
    schema.insert("title".to_owned(), "Reports of fhir-assay side by side".into());
    schema.to_value()
}
