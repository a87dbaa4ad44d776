//! The proof on the console: a line for each section, and every mutant that was not killed by its own requirement.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Fate, Proof, Seen, section};
use crate::verdict::Outcome;

/// The text.
#[must_use]
pub fn write(proof: &Proof) -> String {
    let mut out = String::new();
    // Writing to a `String` never fails.
    let _ = sections(&mut out, proof);
    let _ = left(&mut out, proof);
    let _ = accused(&mut out, proof);
    let _ = writeln!(out, "{}", proof.sentence());
    out
}

fn sections(out: &mut String, proof: &Proof) -> std::fmt::Result {
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for mutant in &proof.mutants {
        counts.entry(section(&mutant.name)).or_default()[mutant.fate as usize] += 1;
    }
    let width = counts.keys().map(|name| name.len()).max().unwrap_or_default();
    for (name, [killed, other, survived]) in counts {
        write!(out, "{name:width$}  {killed:>3} killed")?;
        if other > 0 {
            write!(out, "  {other} only by another")?;
        }
        if survived > 0 {
            write!(out, "  {survived} survived")?;
        }
        writeln!(out)?;
    }
    writeln!(out)
}

fn left(out: &mut String, proof: &Proof) -> std::fmt::Result {
    for mutant in proof.mutants.iter().filter(|mutant| mutant.fate != Fate::Killed) {
        writeln!(out, "{}  {}", mutant.name, mutant.fate.word())?;
        writeln!(out, "    the server: {}", mutant.what)?;
        if mutant.cases == 0 {
            writeln!(out, "    no case that cites the requirement was run")?;
        }
        for seen in &mutant.seen {
            writeln!(out, "    {}", sentence(seen))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn accused(out: &mut String, proof: &Proof) -> std::fmt::Result {
    for server in proof.right.iter().filter(|server| !server.accused.is_empty()) {
        writeln!(out, "{}  accused, though it is right", server.name)?;
        writeln!(out, "    the server: {}", server.what)?;
        for seen in server.accused.iter().take(10) {
            writeln!(out, "    {}", sentence(seen))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// `fail  read.etag  http.read::etag: ...`
fn sentence(seen: &Seen) -> String {
    let requirement = seen.requirement.as_ref().map_or("-", |id| id.as_str());
    format!("{}  {requirement}  {}: {}", word(seen.outcome), seen.case, seen.message)
}

/// An outcome as it is printed.
pub(super) const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Note => "note",
        Outcome::Warning => "warning",
        Outcome::Fail => "fail",
        Outcome::Unjudged => "error",
    }
}
