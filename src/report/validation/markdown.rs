//! Markdown for the summary of a CI job: the verdict, a table of files, then each finding behind a fold.

use std::io;

use super::{ValidationReport, color, finding_text, label, numbers, sentence};
use crate::report::markdown::{FAILURES, ROWS, escape, fence, sign};
use crate::report::text::{counted, line};

pub(super) fn write(report: &ValidationReport, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "# {} {}\n", sign(color(report)), escape(&sentence(report)))?;
    writeln!(out, "| file | resources | not valid | with warnings | not read |")?;
    writeln!(out, "|---|--:|--:|--:|--:|")?;
    // What is wrong is shown first; the rest of a long list is counted.
    let mut files: Vec<_> = report.files.iter().collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.verdict));
    for file in files.iter().take(ROWS) {
        writeln!(
            out,
            "| {} | {} |",
            escape(&line(&file.file, 200)),
            numbers(file).join(" | ")
        )?;
    }
    if files.len() > ROWS {
        let more = counted((files.len() - ROWS) as u64, "more file", "more files");
        writeln!(out, "\n{more}.")?;
    }
    let mut left = FAILURES;
    let mut untold: u64 = report.files.iter().map(|file| file.untold).sum();
    writeln!(out)?;
    for finding in report.files.iter().flat_map(|file| &file.findings) {
        let text = finding_text(finding);
        let fence = fence(&text);
        let fold = format!(
            "<details><summary>{} <code>{}</code> {}</summary>\n\n{fence}text\n{text}{fence}\n\n</details>\n\n",
            label(finding.outcome),
            escape(&line(&finding.resource, 200)),
            escape(&line(&finding.mismatch.message, 400)),
        );
        if fold.len() > left {
            untold += 1;
            left = 0;
            continue;
        }
        left -= fold.len();
        out.write_all(fold.as_bytes())?;
    }
    if untold > 0 {
        writeln!(
            out,
            "{} not told here.\n",
            counted(untold, "more finding is", "more findings are")
        )?;
    }
    if !report.not_checked.is_empty() {
        writeln!(out, "## Not checked\n")?;
        for sentence in &report.not_checked {
            writeln!(out, "- {}", escape(&line(sentence, 1200)))?;
        }
    }
    Ok(())
}
