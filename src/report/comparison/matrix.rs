//! Servers side by side on a console and in Markdown.

use std::fmt::Write;

use crate::comparison::{Matrix, Row};
use crate::report::markdown::{escape, sign};
use crate::report::style::{Role, Style};
use crate::report::text::{clean, count, counted, line};
use crate::verdict::Verdict;

/// What a verdict is called in a table; nothing tests the rule where there is none.
pub(super) const fn word(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        None => "·",
        Some(verdict) => verdict.name(),
    }
}

/// How many rules the servers keep alike, and how many are told.
pub(super) fn sentence(matrix: &Matrix) -> String {
    let remarkable = matrix.requirements.iter().filter(|row| row.is_remarkable()).count() as u64;
    let alike = matrix.requirements.len() as u64 - remarkable;
    format!(
        "{} side by side: {}, {} where all are alike and nothing is wrong.",
        counted(matrix.servers.len() as u64, "server", "servers"),
        counted(
            remarkable,
            "requirement is worth a look",
            "requirements are worth a look"
        ),
        count(alike)
    )
}

pub(super) fn console(matrix: &Matrix, style: Style) -> String {
    let mut text = String::new();
    // Writing to a `String` never fails.
    let _ = write_console(&mut text, matrix, style);
    text
}

fn write_console(out: &mut String, matrix: &Matrix, style: Style) -> std::fmt::Result {
    for (index, server) in matrix.servers.iter().enumerate() {
        writeln!(out, "{:>3}  {}", index + 1, super::diff::side(server))?;
    }
    let rows: Vec<&Row> = matrix.requirements.iter().filter(|row| row.is_remarkable()).collect();
    let width = rows.iter().map(|row| row.id.as_str().len()).max().unwrap_or(0);
    writeln!(out)?;
    for row in rows {
        write!(out, "  {:<10} {:<width$}", row.level.name(), clean(row.id.as_str()))?;
        for verdict in &row.verdicts {
            let text = format!("{:>13}", word(*verdict));
            match verdict {
                Some(verdict) => write!(out, "{}", style.paint(Role::Verdict(*verdict), text))?,
                None => write!(out, "{}", style.paint(Role::Quiet, text))?,
            }
        }
        writeln!(out)?;
    }
    writeln!(out, "\n{}", sentence(matrix))
}

pub(super) fn markdown(matrix: &Matrix) -> String {
    let mut text = String::new();
    let _ = write_markdown(&mut text, matrix);
    text
}

fn write_markdown(out: &mut String, matrix: &Matrix) -> std::fmt::Result {
    writeln!(out, "# {}\n", escape(&sentence(matrix)))?;
    writeln!(
        out,
        "| server | base | software | FHIR | passed | failed | not judged | left out |"
    )?;
    writeln!(out, "|---|---|---|---|--:|--:|--:|--:|")?;
    for server in &matrix.servers {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            escape(&line(&server.name, 200)),
            escape(&line(&server.base, 200)),
            escape(&line(server.software.as_deref().unwrap_or_default(), 200)),
            server.release,
            count(server.passed),
            count(server.failed),
            count(server.unjudged),
            count(server.left_out)
        )?;
    }
    let names: Vec<String> = matrix
        .servers
        .iter()
        .map(|server| escape(&line(&server.name, 60)))
        .collect();
    writeln!(
        out,
        "\n## Requirements\n\n| requirement | level | {} |",
        names.join(" | ")
    )?;
    writeln!(out, "|---|---|{}", "---|".repeat(names.len()))?;
    for row in matrix.requirements.iter().filter(|row| row.is_remarkable()) {
        let cells: Vec<String> = row
            .verdicts
            .iter()
            .map(|verdict| match verdict {
                Some(verdict) => format!("{} {verdict}", sign(*verdict)),
                None => "·".to_owned(),
            })
            .collect();
        writeln!(
            out,
            "| {} | {} | {} |",
            escape(&line(row.id.as_str(), 120)),
            row.level.name(),
            cells.join(" | ")
        )?;
    }
    writeln!(out)
}
