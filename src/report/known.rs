//! Known failures in words.

use super::overview::Overview;
use super::text::{counted, line};
use crate::verdict::{Known, StaleEntry, StaleKind, Verdict};

/// Why something is known, in a line: the reason, the issue, the last day.
pub(super) fn words(known: &Known) -> String {
    let mut text = line(&known.reason, 300).into_owned();
    if let Some(issue) = &known.issue {
        text.push_str(&format!(" ({})", line(issue, 300)));
    }
    if let Some(date) = &known.expires {
        text.push_str(&format!(", until {}", line(date, 20)));
    }
    text
}

/// What a known case is known to do.
pub(super) const fn verb(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Error => "be beyond judging",
        Verdict::Warning => "warn",
        _ => "fail",
    }
}

/// What is out of date in a list, in a line.
pub(super) fn stale(file: &str, entry: &StaleEntry) -> String {
    let kind = match entry.kind {
        StaleKind::Mended => "mended",
        StaleKind::Expired => "expired",
        StaleKind::Missing => "missing",
    };
    format!(
        "{kind}: {}: {} ({}:{})",
        line(&entry.entry, 200),
        line(&entry.text, 300),
        line(file, 200),
        entry.line
    )
}

/// What the list of known failures says, in a sentence; `None` where there is none.
pub(super) fn sentence(overview: &Overview<'_>) -> Option<String> {
    let baseline = overview.result.baseline.as_ref()?;
    let (known, fresh) = (overview.known.len() as u64, baseline.fresh.len() as u64);
    let known_words = match known {
        0 => "no failure is known".to_owned(),
        _ => counted(known, "failing case is known", "failing cases are known"),
    };
    let fresh_words = match fresh {
        0 => "nothing new failed".to_owned(),
        _ => counted(fresh, "case failed in a new way", "cases failed in a new way"),
    };
    let stale_words = match baseline.stale.len() as u64 {
        0 => String::new(),
        stale => {
            let entries = counted(stale, "entry of the list is", "entries of the list are");
            format!("; {entries} out of date")
        }
    };
    let text = match (known, fresh) {
        (0, 0) => "Nothing failed that the list of known failures would have to know".to_owned(),
        (_, 0) => format!("By the list of known failures {fresh_words}: {known_words}"),
        _ => format!("By the list of known failures {fresh_words}; {known_words}"),
    };
    Some(format!("{text}{stale_words}."))
}
