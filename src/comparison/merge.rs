//! The shards of one run, put together: the result that the run would have had in one piece.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::this_tool;
use crate::plan::Shard;
use crate::requirement::Catalogue;
use crate::verdict::{BaselineResult, CaseResult, Cleanup, ReasonKind, RunResult, coverage};

/// Options that may differ from shard to shard: they bear on how a run goes, and not on what it finds.
const FREE_OPTIONS: [&str; 7] = ["shard", "jobs", "seed", "fail-on", "strict-baseline", "timeout", "rate"];

/// How many missing shards are told.
const MOST_TOLD: usize = 10;

/// Why results cannot be put together: every reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these reports are not the shards of one run:\n{}", .0.iter().map(|why| format!("  {why}")).collect::<Vec<_>>().join("\n"))]
pub struct MergeError(pub Vec<String>);

/// Puts the shards of one run together; each has a name, such as that of its file. The order does not matter.
///
/// # Errors
/// Where they are of different servers, plans, options or versions of the harness, and where a shard is missing or there
/// twice.
pub fn merge(reports: &[(String, RunResult)], catalogue: &Catalogue) -> Result<RunResult, MergeError> {
    let mut faults = Vec::new();
    let Some((first_name, first)) = reports.first() else {
        return Err(MergeError(vec!["there is no report".to_owned()]));
    };
    if first.tool != this_tool() {
        let (name, tool, this) = (first_name, &first.tool, this_tool());
        faults.push(format!(
            "{name} was made by {} {}, and this is {} {}: merge with the version that ran",
            tool.name, tool.version, this.name, this.version
        ));
    }
    for (name, other) in &reports[1..] {
        faults.extend(
            differences(first, other)
                .into_iter()
                .map(|what| format!("{first_name} and {name} differ in {what}")),
        );
    }
    let order = shards(reports, &mut faults);
    if !faults.is_empty() {
        return Err(MergeError(faults));
    }
    let results: Vec<&RunResult> = order.iter().map(|index| &reports[*index].1).collect();
    Ok(together(&results, catalogue))
}

/// In what two results differ that should not.
fn differences(one: &RunResult, other: &RunResult) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, one: &str, other: &str| {
        if one != other {
            found.push(format!("{what}: {one}, {other}"));
        }
    };
    differ("the version of the harness", &one.tool.version, &other.tool.version);
    differ("the base URL", &one.target.base, &other.target.base);
    differ("the release", one.target.release.name(), other.target.release.name());
    let software = |result: &RunResult| result.target.software.clone().unwrap_or_else(|| "none".to_owned());
    differ("the software of the server", &software(one), &software(other));
    let names: BTreeSet<&String> = one.options.keys().chain(other.options.keys()).collect();
    for name in names.into_iter().filter(|name| !FREE_OPTIONS.contains(&name.as_str())) {
        let value = |result: &RunResult| result.options.get(name).map_or("nothing", String::as_str).to_owned();
        differ(&format!("--{name}"), &value(one), &value(other));
    }
    let (mine, theirs) = (plan(one), plan(other));
    if mine != theirs {
        let [all, others] = [&mine, &theirs].map(|plan| -> HashSet<&String> { plan.iter().flatten().collect() });
        let first = mine.iter().flatten().find(|name| !others.contains(name));
        let first = first.or_else(|| theirs.iter().flatten().find(|name| !all.contains(name)));
        found.push(match first {
            Some(name) => format!("the plan: only one of them has {name}"),
            None => "the order of the plan".to_owned(),
        });
    }
    found
}

/// The names of the suites and their cases, by suite.
fn plan(result: &RunResult) -> Vec<Vec<String>> {
    let suites = result.suites.iter();
    suites
        .map(|suite| {
            let cases = suite.cases.iter().map(|case| case.id.to_string());
            std::iter::once(format!("{} ({})", suite.id, suite.file))
                .chain(cases)
                .collect()
        })
        .collect()
}

/// The reports in the order of their shards.
fn shards(reports: &[(String, RunResult)], faults: &mut Vec<String>) -> Vec<usize> {
    let mut parts: BTreeMap<u32, usize> = BTreeMap::new();
    let mut count = None;
    for (index, (name, result)) in reports.iter().enumerate() {
        let Some(shard) = result.options.get("shard").and_then(|text| text.parse::<Shard>().ok()) else {
            if reports.len() > 1 {
                faults.push(format!(
                    "{name} is of a run without --shard: it has the whole plan already"
                ));
            }
            parts.insert(1, index);
            count.get_or_insert(1);
            continue;
        };
        if *count.get_or_insert(shard.count()) != shard.count() {
            faults.push(format!(
                "{name} is shard {shard}, and {} is one of another number",
                reports[0].0
            ));
        } else if let Some(twice) = parts.insert(shard.index(), index) {
            faults.push(format!("{} and {name} are both shard {shard}", reports[twice].0));
        }
    }
    let count = count.unwrap_or(1);
    if faults.is_empty() {
        let missing = (1..=count).filter(|index| !parts.contains_key(index));
        let told: Vec<String> = missing
            .take(MOST_TOLD)
            .map(|index| format!("{index}/{count}"))
            .collect();
        let more = (count as usize).saturating_sub(parts.len() + told.len());
        if !told.is_empty() {
            let more = if more == 0 {
                String::new()
            } else {
                format!(" and {more} more")
            };
            faults.push(format!("missing: shard {}{more}", told.join(", ")));
        }
    }
    parts.into_values().collect()
}

fn together(results: &[&RunResult], catalogue: &Catalogue) -> RunResult {
    let first = results[0];
    let begins: Vec<Option<i128>> = results.iter().map(|result| begin(result)).collect();
    let begin = begins.iter().flatten().min().copied().unwrap_or_default();
    let offset = |index: usize| {
        let micros = begins[index].map_or(0, |mine| (mine - begin) / 1000);
        u64::try_from(micros).unwrap_or(0)
    };
    let mut merged = first.clone();
    merged.options.shift_remove("shard");
    if let Some(earliest) = results.iter().zip(&begins).find(|(_, mine)| **mine == Some(begin)) {
        merged.started.clone_from(&earliest.0.started);
    }
    let ends = results
        .iter()
        .enumerate()
        .map(|(index, result)| offset(index).saturating_add(result.duration_us));
    merged.duration_us = ends.max().unwrap_or(first.duration_us);
    merged.stopped = stopped(results);
    for (suite_index, suite) in merged.suites.iter_mut().enumerate() {
        for (case_index, case) in suite.cases.iter_mut().enumerate() {
            let judged = results.iter().enumerate().find_map(|(index, result)| {
                let case = &result.suites[suite_index].cases[case_index];
                (!is_elsewhere(case)).then_some((index, case))
            });
            if let Some((index, judged)) = judged {
                *case = Arc::clone(judged);
                if offset(index) > 0 && case.is_reached() {
                    let case = Arc::make_mut(case);
                    case.started_us = case.started_us.saturating_add(offset(index));
                }
            }
        }
    }
    merged.cleanup = cleanup(results);
    merged.baseline = baseline(results, &merged);
    coverage::complete(&mut merged, catalogue);
    for sentence in results.iter().flat_map(|result| beside_the_usual(result, catalogue)) {
        if !merged.not_checked.contains(&sentence) {
            merged.not_checked.push(sentence);
        }
    }
    merged
}

fn is_elsewhere(case: &CaseResult) -> bool {
    matches!(&case.reason, Some(reason) if reason.kind == ReasonKind::Shard)
}

fn begin(result: &RunResult) -> Option<i128> {
    result.started.parse::<Timestamp>().ok().map(Timestamp::as_nanosecond)
}

fn stopped(results: &[&RunResult]) -> Option<String> {
    let reasons = results.iter().filter_map(|result| {
        let why = result.stopped.as_ref()?;
        Some(match result.options.get("shard") {
            Some(shard) => format!("shard {shard}: {why}"),
            None => why.clone(),
        })
    });
    let reasons: Vec<String> = reasons.collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

fn cleanup(results: &[&RunResult]) -> Cleanup {
    let tags: Vec<&str> = results.iter().map(|result| result.cleanup.tag.as_str()).collect();
    let sum = |of: fn(&Cleanup) -> u64| {
        let all = results.iter().map(|result| of(&result.cleanup));
        all.fold(0, u64::saturating_add)
    };
    Cleanup {
        tag: tags.join(", "),
        deleted: sum(|cleanup| cleanup.deleted),
        kept: sum(|cleanup| cleanup.kept),
        left: results.iter().flat_map(|result| result.cleanup.left.clone()).collect(),
    }
}

/// What the shards found of one list of known failures. What only the whole plan can say of it, they could not.
fn baseline(results: &[&RunResult], merged: &RunResult) -> Option<BaselineResult> {
    let mut parts = results.iter().map(|result| result.baseline.as_ref());
    let mut all = parts.next()??.clone();
    for part in parts {
        let part = part?;
        all.fresh.extend(part.fresh.iter().cloned());
        for entry in &part.stale {
            if !all.stale.contains(entry) {
                all.stale.push(entry.clone());
            }
        }
    }
    let places: BTreeMap<&str, usize> = merged
        .cases()
        .enumerate()
        .map(|(index, case)| (case.id.as_str(), index))
        .collect();
    all.fresh.sort_by_key(|fresh| places.get(fresh.case.as_str()).copied());
    all.stale.sort_by_key(|entry| entry.line);
    Some(all)
}

/// The sentences of what was not checked that do not follow from the cases.
fn beside_the_usual(result: &RunResult, catalogue: &Catalogue) -> Vec<String> {
    let mut usual = result.clone();
    coverage::complete(&mut usual, catalogue);
    let unusual = |sentence: &&String| !usual.not_checked.contains(sentence);
    result.not_checked.iter().filter(unusual).cloned().collect()
}
