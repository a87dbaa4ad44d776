//! What was found, by requirement: the rule, then the cases that show it.
//!
//! The first cases of each rule stand on the page as they are, so that it can be read without its script; the others are
//! packed and told when somebody opens them.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write as _};

use serde::Serialize;

use super::case::CaseView;
use super::pack::{Packer, Place};
use super::{link, render, render_text};
use crate::report::failure::label;
use crate::report::overview::{Group, Overview};
use crate::report::rules::Rules;
use crate::report::text::{LINE, clean, counted, line};
use crate::report::watched::Watched;
use crate::verdict::{CaseResult, Outcome, Verdict};

/// How many cases of a rule stand on the page as they are.
const PLAIN_CASES: usize = 3;
/// How many bytes of cases do.
const PLAIN_BYTES: usize = 1024 * 1024;
/// How many bytes a page takes with bodies; beyond that, a browser would choke on it.
const BODIES: usize = 24 * 1024 * 1024;
/// How many cases a rule names that are told elsewhere.
const NAMED: usize = 12;

/// Where each case that is told in full can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// On the page, as it is.
    Plain,
    /// In a pack.
    Packed(Place),
}

#[derive(Serialize)]
struct GroupView {
    anchor: String,
    label: &'static str,
    verdict: &'static str,
    id: String,
    level: &'static str,
    statement: Option<String>,
    place: Option<String>,
    url: Option<String>,
    message: String,
    number: String,
}

#[derive(Serialize)]
struct Others {
    named: Vec<String>,
    more: usize,
    id: String,
}

/// A remark that nobody has to act upon.
#[derive(Serialize)]
pub(super) struct Note {
    id: String,
    level: &'static str,
    message: String,
    number: String,
    cases: Vec<String>,
    more: usize,
}

/// Writes every group with its cases. Returns where each case is told.
pub(super) fn write<'a>(
    overview: &Overview<'a>,
    rules: &Rules<'_>,
    out: &mut Watched<'_>,
) -> io::Result<HashMap<&'a str, Telling>> {
    let mut told: HashMap<&str, Telling> = HashMap::new();
    let mut packer = Packer::default();
    let mut plain = 0;
    let broken: HashSet<&str> = overview
        .result
        .cases()
        .filter(is_broken)
        .map(|case| case.id.as_str())
        .collect();
    for (index, group) in overview.groups.iter().enumerate() {
        if group.outcome <= Outcome::Note {
            continue;
        }
        render("group.html", &GroupView::of(group, index, rules), out)?;
        let mut others = Vec::new();
        let mut shown = 0;
        for case in &group.cases {
            let id = case.id.as_str();
            // A warning that everything has is told once; what is broken is told where it is worst.
            let is_told_here = !told.contains_key(id)
                && (group.outcome != Outcome::Warning || (shown == 0 && others.is_empty() && !broken.contains(id)));
            if !is_told_here {
                others.push(id);
                continue;
            }
            let with_bodies = out.written() < BODIES;
            let telling = render_text(
                "case.html",
                &CaseView::of(case, rules, overview, with_bodies, shown == 0),
            )?;
            if shown < PLAIN_CASES && plain + telling.len() <= PLAIN_BYTES {
                out.write_all(telling.as_bytes())?;
                told.insert(id, Telling::Plain);
                plain += telling.len();
                shown += 1;
            } else {
                told.insert(id, Telling::Packed(packer.add(telling, out)?));
                others.push(id);
            }
        }
        render("group-end.html", &Others::of(&others, group), out)?;
    }
    packer.close(out)?;
    Ok(told)
}

fn is_broken(case: &&CaseResult) -> bool {
    matches!(case.verdict, Verdict::Fail | Verdict::Error)
}

/// The notes: tolerated, or a MAY.
pub(super) fn notes(overview: &Overview<'_>) -> Vec<Note> {
    let view = |group: &Group<'_>| {
        let others = Others::of(&ids(group), group);
        Note {
            id: others.id,
            level: group.rule.map_or("", |rule| rule.level.name()),
            message: line(group.first.message, LINE).into_owned(),
            number: counted(group.cases.len() as u64, "case", "cases"),
            cases: others.named,
            more: others.more,
        }
    };
    overview.groups_of(Outcome::Note).map(view).collect()
}

fn ids<'a>(group: &Group<'a>) -> Vec<&'a str> {
    group.cases.iter().map(|case| case.id.as_str()).collect()
}

impl Others {
    fn of(ids: &[&str], group: &Group<'_>) -> Self {
        Self {
            named: ids.iter().take(NAMED).map(|id| clean(id).into_owned()).collect(),
            more: ids.len().saturating_sub(NAMED),
            id: group
                .rule
                .map_or_else(String::new, |rule| clean(rule.id.as_str()).into_owned()),
        }
    }
}

impl GroupView {
    fn of(group: &Group<'_>, index: usize, rules: &Rules<'_>) -> Self {
        let text = group.rule.and_then(|rule| rules.get(rule.id.as_str()));
        Self {
            anchor: group.anchor(index),
            label: label(group.outcome),
            verdict: group.outcome.verdict().name(),
            id: group
                .rule
                .map_or_else(String::new, |rule| clean(rule.id.as_str()).into_owned()),
            level: group.rule.map_or("", |rule| rule.level.name()),
            statement: text.map(|text| line(text.statement, LINE).into_owned()),
            place: text.map(|text| clean(&rules.place(text)).into_owned()),
            url: text.and_then(|text| link(&text.url)).map(str::to_owned),
            message: line(group.first.message, LINE).into_owned(),
            number: counted(group.cases.len() as u64, "case", "cases"),
        }
    }
}
