//! A baseline after a run: what is mended goes, what is new comes, and what people wrote stays as they wrote it.

use std::ops::Range;
use std::sync::Arc;

use super::apply::{Gone, Seen, look};
use super::{Baseline, Entry, Terms, parse, write};
use crate::source::{SourceFile, Span};
use crate::verdict::{CaseResult, Outcome, RunResult};

/// The longest reason that is taken from a finding, in characters.
const REASON: usize = 160;

/// A baseline after a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The whole file.
    pub text: String,
    /// How many entries came.
    pub added: usize,
    /// How many went.
    pub removed: usize,
    /// How many say less than before.
    pub changed: usize,
    /// How many stay as they are.
    pub kept: usize,
}

/// What becomes of an entry.
enum Fate {
    Stays,
    Goes,
    Becomes(Entry),
}

/// The baseline after a run. `words` gives reason, issue and last day of new entries; where its reason is empty, what was
/// found first is the reason. An entry of which the run says nothing stays.
#[must_use]
pub fn update(baseline: &Baseline, result: &RunResult, terms: &Terms, words: &Entry) -> Update {
    let seen = Seen::of(result, terms);
    let fates: Vec<Fate> = baseline
        .entries
        .iter()
        .map(|entry| fate(entry, &seen.gone(entry)))
        .collect();
    let left: Vec<Entry> = baseline
        .entries
        .iter()
        .zip(&fates)
        .filter_map(|(entry, fate)| match fate {
            Fate::Stays => Some(entry.clone()),
            Fate::Goes => None,
            Fate::Becomes(entry) => Some(entry.clone()),
        })
        .collect();
    let new: Vec<Entry> = result
        .cases()
        .filter_map(|case| new_entry(&left, case, terms, words))
        .collect();
    let wanted: Vec<Entry> = left.iter().chain(&new).cloned().collect();
    let count = |wanted: fn(&Fate) -> bool| fates.iter().filter(|fate| wanted(fate)).count();
    Update {
        text: text(baseline, &fates, &new, &wanted),
        added: new.len(),
        removed: count(|fate| matches!(fate, Fate::Goes)),
        changed: count(|fate| matches!(fate, Fate::Becomes(_))),
        kept: count(|fate| matches!(fate, Fate::Stays)),
    }
}

fn fate(entry: &Entry, gone: &Gone) -> Fate {
    if gone.missing || gone.whole {
        return Fate::Goes;
    }
    let mut left = entry.clone();
    left.requirements
        .retain(|id| !gone.mended.contains(id) && !gone.unknown.contains(id));
    left.unjudged = entry.unjudged && !gone.judged;
    if left == *entry {
        Fate::Stays
    } else if left.requirements.is_empty() && !left.unjudged {
        // Without its rules it would know all that is wrong in the case.
        Fate::Goes
    } else {
        Fate::Becomes(left)
    }
}

fn new_entry(known: &[Entry], case: &CaseResult, terms: &Terms, words: &Entry) -> Option<Entry> {
    let fresh = look(known, case, terms.fail_on).fresh;
    if fresh.is_nothing() {
        return None;
    }
    let reason = if words.reason.is_empty() {
        found(case, &fresh.rules)
    } else {
        words.reason.clone()
    };
    Some(Entry {
        case: Some(case.id.clone()),
        requirements: fresh.rules,
        unjudged: fresh.unjudged,
        reason,
        issue: words.issue.clone(),
        expires: words.expires,
        span: Span::default(),
    })
}

/// What was found first, in a line.
fn found(case: &CaseResult, rules: &[crate::requirement::RequirementId]) -> String {
    let findings = case.steps.iter().flat_map(|step| &step.findings);
    let message = findings
        .filter(|finding| rules.contains(&finding.rule.id) || finding.outcome == Outcome::Unjudged)
        .filter(|finding| !matches!(finding.outcome, Outcome::Pass | Outcome::Note))
        .find_map(|finding| finding.mismatch.as_ref().map(|mismatch| mismatch.message.as_str()));
    let lost = || {
        case.steps
            .iter()
            .find_map(|step| step.lost.as_ref())
            .map(|lost| lost.error.as_str())
    };
    let reason = || case.reason.as_ref().map(|reason| reason.text.as_str());
    let text = message.or_else(lost).or_else(reason).unwrap_or("it fails");
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let short: String = line.chars().take(REASON).collect();
    match short.trim() {
        "" => "it fails".to_owned(),
        short if short.len() < line.len() => format!("{short}..."),
        short => short.to_owned(),
    }
}

/// The file again, changed only where entries change; written anew where that would not say what is wanted.
fn text(baseline: &Baseline, fates: &[Fate], new: &[Entry], wanted: &[Entry]) -> String {
    let old = baseline.file.text();
    if new.is_empty() && fates.iter().all(|fate| matches!(fate, Fate::Stays)) && !old.is_empty() {
        return old.to_owned();
    }
    if let Some(text) = edited(&baseline.file, &baseline.entries, fates, new)
        && says(&text, wanted)
    {
        return text;
    }
    let comments: Vec<&str> = old
        .lines()
        .take_while(|line| line.starts_with('#') || line.is_empty())
        .collect();
    let head = match comments.as_slice() {
        [] => write::HEAD.to_owned(),
        lines => lines.join("\n") + "\n",
    };
    write::list(&head, wanted)
}

fn says(text: &str, wanted: &[Entry]) -> bool {
    let file = Arc::new(SourceFile::new("", text));
    parse(&file).is_ok_and(|read| {
        read.entries.len() == wanted.len()
            && read
                .entries
                .iter()
                .zip(wanted)
                .all(|(read, entry)| read.says_what(entry))
    })
}

/// The lines of the file with those of its entries changed. `None` where entries do not begin on lines of their own.
fn edited(file: &SourceFile, entries: &[Entry], fates: &[Fate], new: &[Entry]) -> Option<String> {
    let lines: Vec<&str> = file.text().split_inclusive('\n').collect();
    let places: Vec<Range<usize>> = entries.iter().map(|entry| place(file, entry)).collect();
    let first = places.first()?;
    let column = lines.get(first.start)?.find("- ")?;
    if places.windows(2).any(|pair| pair[0].end > pair[1].start) {
        return None;
    }
    let mut text = String::new();
    let mut at = 0;
    for (index, (place, fate)) in places.iter().zip(fates).enumerate() {
        let floor = if index == 0 { at } else { places[index - 1].end };
        let begin = match fate {
            // The comment above an entry is about it, and goes with it.
            Fate::Goes => (floor..place.start)
                .rev()
                .take_while(|line| lines[*line].trim_start().starts_with('#'))
                .last()
                .unwrap_or(place.start),
            _ => place.start,
        };
        text.extend(lines.get(at..begin)?.iter().copied());
        match fate {
            Fate::Stays => text.extend(lines.get(place.clone())?.iter().copied()),
            Fate::Goes => {}
            Fate::Becomes(entry) => text.push_str(&write::entry(entry, column)),
        }
        at = place.end;
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for entry in new {
        text.push_str(&write::entry(entry, column));
    }
    text.extend(lines.get(at..)?.iter().copied());
    Some(text)
}

/// The lines of an entry, from 0.
fn place(file: &SourceFile, entry: &Entry) -> Range<usize> {
    let line = |byte: u32| file.line_at(byte as usize).number as usize - 1;
    let last = entry.span.end.max(entry.span.start + 1) - 1;
    line(entry.span.start)..line(last) + 1
}
