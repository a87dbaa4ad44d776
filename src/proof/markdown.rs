//! The whole kill matrix as Markdown.

use std::fmt::Write;

use super::console::word;
use super::{Proof, section};

/// The text.
#[must_use]
pub fn write(proof: &Proof) -> String {
    let mut out = String::new();
    // Writing to a `String` never fails.
    let _ = whole(&mut out, proof);
    out
}

fn whole(out: &mut String, proof: &Proof) -> std::fmt::Result {
    writeln!(out, "# What the suites see, {}\n", proof.release)?;
    writeln!(out, "{}\n", proof.sentence())?;
    writeln!(
        out,
        "A mutant is the reference server with one defect, which breaks the requirement that it is named after.\n"
    )?;
    let mut before = "";
    for mutant in &proof.mutants {
        let name = section(&mutant.name);
        if name != before {
            if !before.is_empty() {
                writeln!(out)?;
            }
            writeln!(out, "## {name}\n")?;
            writeln!(out, "| mutant | the server | fate | seen as | by |")?;
            writeln!(out, "|---|---|---|---|---|")?;
            before = name;
        }
        let first = mutant.seen.first();
        let by = first.map_or_else(String::new, |seen| match &seen.requirement {
            Some(requirement) if *requirement != mutant.requirement => format!("{requirement}, {}", seen.case),
            _ => seen.case.to_string(),
        });
        writeln!(
            out,
            "| {} | {} | {} | {} | {by} |",
            mutant.name,
            escape(&mutant.what),
            mutant.fate.word(),
            first.map_or("", |seen| word(seen.outcome)),
        )?;
    }
    writeln!(out, "\n## Right servers\n")?;
    writeln!(
        out,
        "| server | what it does otherwise | cases | with warnings | accused |"
    )?;
    writeln!(out, "|---|---|--:|--:|--:|")?;
    for server in &proof.right {
        let (judged, warnings, accused) = (server.judged, server.warnings, server.accused.len());
        writeln!(
            out,
            "| {} | {} | {judged} | {warnings} | {accused} |",
            server.name,
            escape(&server.what)
        )?;
    }
    if !proof.without_mutant.is_empty() {
        writeln!(out, "\n## Testable rules without a mutant\n")?;
        for rule in &proof.without_mutant {
            writeln!(out, "- {}: {}", rule.requirement, rule.why)?;
        }
    }
    Ok(())
}

fn escape(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('_', "\\_")
        .replace('*', "\\*")
        .replace('<', "&lt;")
}
