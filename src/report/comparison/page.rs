//! A comparison as one page that needs nothing else. It has no script, and allows none.

use std::io;

use serde::Serialize;

use super::{diff, matrix};
use crate::comparison::{Change, Diff, Matrix, Side};
use crate::report::html::{link, render};
use crate::report::text::{LINE, clean, line};
use crate::report::watched::Watched;

#[derive(Serialize)]
pub(super) struct Page {
    title: String,
    sentence: String,
    verdict: &'static str,
    sides: Vec<SideView>,
    notes: Vec<String>,
    parts: Vec<Part>,
    servers: Vec<String>,
    tables: Vec<Table>,
}

#[derive(Serialize)]
struct SideView {
    name: String,
    text: String,
    verdict: &'static str,
    label: &'static str,
}

/// A list of a difference.
#[derive(Serialize)]
struct Part {
    heading: &'static str,
    verdict: &'static str,
    number: usize,
    open: bool,
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    case: String,
    title: String,
    rule: String,
    url: Option<String>,
    text: String,
}

/// A table of a matrix.
#[derive(Serialize)]
struct Table {
    heading: &'static str,
    open: bool,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    title: String,
    url: Option<String>,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    verdict: &'static str,
    word: &'static str,
}

impl Page {
    pub fn of_diff(diff: &Diff) -> Self {
        let mut parts: Vec<Part> = diff::parts(diff)
            .into_iter()
            .filter(|(_, changes, _)| !changes.is_empty())
            .map(|(heading, changes, verdict)| Part {
                heading,
                verdict: verdict.name(),
                number: changes.len(),
                open: heading != "Still broken",
                lines: changes.iter().map(Line::of).collect(),
            })
            .collect();
        parts.extend(
            diff::seen(diff)
                .into_iter()
                .filter(|(_, cases)| !cases.is_empty())
                .map(|(heading, cases)| Part {
                    heading,
                    verdict: "skip",
                    number: cases.len(),
                    open: false,
                    lines: cases
                        .iter()
                        .map(|case| Line {
                            case: clean(case.case.as_str()).into_owned(),
                            title: line(&case.title, LINE).into_owned(),
                            rule: case.verdict.name().to_owned(),
                            url: None,
                            text: line(&case.why, LINE).into_owned(),
                        })
                        .collect(),
                }),
        );
        Self {
            title: "What changed".to_owned(),
            sentence: diff.sentence(),
            verdict: diff::color(diff).name(),
            sides: vec![SideView::of("before", &diff.old), SideView::of("now", &diff.new)],
            notes: diff.notes.iter().map(|note| line(note, LINE).into_owned()).collect(),
            parts,
            servers: Vec::new(),
            tables: Vec::new(),
        }
    }

    pub fn of_matrix(matrix: &Matrix) -> Self {
        let cells = |verdicts: &[Option<crate::verdict::Verdict>]| {
            let cell = |verdict: &Option<crate::verdict::Verdict>| Cell {
                verdict: verdict.map_or("inapplicable", crate::verdict::Verdict::name),
                word: matrix::word(*verdict),
            };
            verdicts.iter().map(cell).collect()
        };
        let row = |row: &crate::comparison::Row| Row {
            name: format!("{} {}", row.level.name(), clean(row.id.as_str())),
            title: line(&row.statement, LINE).into_owned(),
            url: link(&row.url).map(str::to_owned),
            cells: cells(&row.verdicts),
        };
        let (told, alike): (Vec<_>, Vec<_>) = matrix.requirements.iter().partition(|row| row.is_remarkable());
        let cases = matrix.cases.iter().map(|case| Row {
            name: clean(case.id.as_str()).into_owned(),
            title: line(&case.title, LINE).into_owned(),
            url: None,
            cells: cells(&case.verdicts),
        });
        Self {
            title: "Servers side by side".to_owned(),
            sentence: matrix::sentence(matrix),
            verdict: "pass",
            sides: matrix
                .servers
                .iter()
                .map(|server| SideView::of(&server.name, server))
                .collect(),
            notes: Vec::new(),
            parts: Vec::new(),
            servers: matrix
                .servers
                .iter()
                .map(|server| line(&server.name, 60).into_owned())
                .collect(),
            tables: vec![
                Table {
                    heading: "Requirements that are worth a look",
                    open: true,
                    rows: told.into_iter().map(row).collect(),
                },
                Table {
                    heading: "Requirements in which all are alike and nothing is wrong",
                    open: false,
                    rows: alike.into_iter().map(row).collect(),
                },
                Table {
                    heading: "Cases",
                    open: false,
                    rows: cases.collect(),
                },
            ],
        }
    }
}

impl SideView {
    fn of(name: &str, side: &Side) -> Self {
        Self {
            name: line(name, 200).into_owned(),
            text: diff::side(side),
            verdict: side.verdict.name(),
            label: side.verdict.label(),
        }
    }
}

impl Line {
    fn of(change: &Change) -> Self {
        Self {
            case: clean(change.case.as_str()).into_owned(),
            title: line(&change.title, LINE).into_owned(),
            rule: diff::rule(change),
            url: change.url.as_deref().and_then(link).map(str::to_owned),
            text: line(change.message.as_deref().unwrap_or_default(), LINE).into_owned(),
        }
    }
}

/// Writes the page.
pub(super) fn write(page: &Page, out: &mut Watched<'_>) -> io::Result<()> {
    render("comparison.html", page, out)
}
