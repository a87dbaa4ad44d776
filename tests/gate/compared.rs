//! Several results together: laws of the difference and of merging, and what people read.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use fhir_assay::comparison::{Change, Diff, diff, matrix, merge};
use fhir_assay::plan::Shard;
use fhir_assay::report::{Comparison, Format, comparison};
use fhir_assay::requirement::Catalogue;
use fhir_assay::suite::CaseId;
use fhir_assay::verdict::{Outcome, Reason, ReasonKind, RunResult, Verdict, coverage};
use proptest::prelude::*;

use crate::held::sample;

/// The sample as this version of the harness completes it.
fn whole() -> RunResult {
    let mut result = sample();
    result.tool.version = env!("CARGO_PKG_VERSION").to_owned();
    result.not_checked.clear();
    coverage::complete(&mut result, Catalogue::embedded());
    result
}

/// The sample with some cases judged otherwise: by bits, which of them pass, are left out, or are not there.
fn changed(choices: &[u8]) -> RunResult {
    let mut result = whole();
    let mut index = 0;
    for suite in &mut result.suites {
        suite.cases.retain(|_| {
            index += 1;
            choices[(index - 1) % choices.len()] != 3
        });
    }
    for (case, choice) in result
        .suites
        .iter_mut()
        .flat_map(|suite| &mut suite.cases)
        .zip(choices.iter().cycle())
    {
        let case = Arc::make_mut(case);
        match choice {
            1 if case.is_reached() => {
                case.verdict = Verdict::Pass;
                case.reason = None;
                for step in &mut case.steps {
                    step.verdict = Verdict::Pass;
                    step.lost = None;
                    for finding in &mut step.findings {
                        finding.outcome = Outcome::Pass;
                        finding.mismatch = None;
                    }
                }
            }
            2 => {
                case.verdict = Verdict::Skip;
                case.steps.clear();
                case.reason = Some(Reason {
                    kind: ReasonKind::Filtered,
                    text: "left out".to_owned(),
                });
            }
            _ => {}
        }
    }
    coverage::complete(&mut result, Catalogue::embedded());
    result
}

fn compare(old: &RunResult, new: &RunResult) -> Diff {
    diff(("old.json", old), ("new.json", new), Verdict::Fail)
}

fn names(changes: &[Change]) -> BTreeSet<(String, Option<String>)> {
    let rule = |change: &Change| change.requirement.as_ref().map(ToString::to_string);
    changes
        .iter()
        .map(|change| (change.case.to_string(), rule(change)))
        .collect()
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0..4_u8, 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn nothing_changes_from_a_report_to_itself(choices in choices()) {
        let result = changed(&choices);
        let same = compare(&result, &result);
        prop_assert!(same.is_empty(), "{same:?}");
    }

    #[test]
    fn a_difference_mirrors_the_other_way_round(one in choices(), other in choices()) {
        let (one, other) = (changed(&one), changed(&other));
        let (there, back) = (compare(&one, &other), compare(&other, &one));
        prop_assert_eq!(names(&there.regressions), names(&back.fixes));
        prop_assert_eq!(names(&there.fixes), names(&back.regressions));
        prop_assert_eq!(names(&there.surfaced), names(&back.sunk));
        prop_assert_eq!(names(&there.still), names(&back.still));
        let cases = |seen: &[fhir_assay::comparison::Seen]| seen.iter().map(|seen| seen.case.to_string()).collect::<Vec<_>>();
        prop_assert_eq!(cases(&there.appeared), cases(&back.gone));
    }

    #[test]
    fn shards_in_any_order_are_the_whole(choices in choices(), count in 1..6_u32, turn in 0..6_usize, backwards in any::<bool>()) {
        let result = changed(&choices);
        let mut shards: Vec<(String, RunResult)> = (1..=count).map(|index| (format!("{index}.json"), part(&result, index, count))).collect();
        shards.rotate_left(turn % count as usize);
        if backwards {
            shards.reverse();
        }
        let mut merged = merge(&shards, Catalogue::embedded()).unwrap();
        merged.cleanup = result.cleanup.clone();
        prop_assert_eq!(merged, result);
    }
}

/// A shard of a result, as a run would have left it.
fn part(whole: &RunResult, index: u32, count: u32) -> RunResult {
    let shard = Shard::new(index, count).unwrap();
    let mut part = whole.clone();
    part.options.insert("shard".to_owned(), shard.to_string());
    for case in part.suites.iter_mut().flat_map(|suite| &mut suite.cases) {
        if !shard.holds(&case.id) && case.is_reached() {
            let case = Arc::make_mut(case);
            case.verdict = Verdict::Skip;
            case.steps.clear();
            case.duration_us = 0;
            case.started_us = 0;
            case.reason = Some(Reason {
                kind: ReasonKind::Shard,
                text: "belongs to another shard".to_owned(),
            });
        }
    }
    coverage::complete(&mut part, Catalogue::embedded());
    part
}

#[test]
fn reports_of_different_runs_are_refused() {
    let shard = |index: u32, change: &dyn Fn(&mut RunResult)| {
        let mut part = part(&whole(), index, 2);
        change(&mut part);
        (format!("{index}.json"), part)
    };
    let same = |_: &mut RunResult| {};
    let told = |reports: &[(String, RunResult)]| merge(reports, Catalogue::embedded()).unwrap_err().to_string();
    let other_base = |part: &mut RunResult| part.target.base = "http://other.example.org/fhir".to_owned();
    let other_options = |part: &mut RunResult| {
        part.options.insert("level".to_owned(), "shall".to_owned());
    };
    let other_tool = |part: &mut RunResult| part.tool.version = "0.0.1".to_owned();
    let other_plan = |part: &mut RunResult| {
        let case = Arc::make_mut(&mut part.suites[0].cases[0]);
        case.id = CaseId::of_full_name("http.read::another");
    };
    let no_shard = |part: &mut RunResult| {
        part.options.shift_remove("shard");
    };
    let messages = [
        told(&[shard(1, &same)]),
        told(&[shard(1, &same), shard(1, &same)]),
        told(&[shard(1, &same), shard(2, &other_base)]),
        told(&[shard(1, &same), shard(2, &other_options)]),
        told(&[shard(1, &same), shard(2, &other_tool)]),
        told(&[shard(1, &other_tool), shard(2, &other_tool)]),
        told(&[shard(1, &same), shard(2, &other_plan)]),
        told(&[shard(1, &no_shard), shard(2, &no_shard)]),
        told(&[]),
    ];
    insta::assert_snapshot!(messages.join("\n\n"));
}

/// Reports come from elsewhere: numbers and trees that no run has are no reason to fall over.
#[test]
fn shards_that_no_run_has_do_no_harm() {
    let named = |parts: [RunResult; 2]| parts.map(|part| (String::new(), part));
    let mut far = [part(&whole(), 1, 2), part(&whole(), 2, 2)];
    for (index, part) in (1..).zip(&mut far) {
        part.options.insert("shard".to_owned(), format!("{index}/4000000000"));
    }
    let told = merge(&named(far), Catalogue::embedded()).unwrap_err().to_string();
    assert!(told.ends_with(" 12/4000000000 and 3999999988 more"), "{told}");
    let mut long = [part(&whole(), 1, 2), part(&whole(), 2, 2)];
    for part in &mut long {
        part.duration_us = u64::MAX;
        part.cleanup.deleted = u64::MAX;
        part.cleanup.kept = u64::MAX;
        for case in part.suites.iter_mut().flat_map(|suite| &mut suite.cases) {
            Arc::make_mut(case).started_us = u64::MAX;
        }
    }
    long[0].started = "1970-01-01T00:00:00Z".to_owned();
    let merged = merge(&named(long), Catalogue::embedded()).unwrap();
    assert_eq!((merged.duration_us, merged.cleanup.deleted), (u64::MAX, u64::MAX));
    let mut other = [part(&whole(), 1, 2), part(&whole(), 2, 2)];
    let moved = other[1].suites[0].cases.pop().unwrap();
    other[1].suites[1].cases.insert(0, moved);
    let told = merge(&named(other), Catalogue::embedded()).unwrap_err().to_string();
    assert!(told.contains("differ in the order of the plan"), "{told}");
}

#[test]
fn what_stopped_a_shard_stopped_the_run() {
    let mut first = part(&whole(), 1, 2);
    first.stopped = Some("the server is gone".to_owned());
    let merged = merge(
        &[("1".to_owned(), first), ("2".to_owned(), part(&whole(), 2, 2))],
        Catalogue::embedded(),
    );
    assert_eq!(
        merged.unwrap().stopped.as_deref(),
        Some("shard 1/2: the server is gone")
    );
}

fn told() -> Diff {
    // 1: passes now; 2: left out now; 3: not there any more.
    let mut new = changed(&[0, 1, 0, 0, 2, 1, 0, 3]);
    new.target.base = "http://new.example.org/fhir".to_owned();
    let mut old = changed(&[1, 0, 0, 0]);
    old.stopped = Some("the server went away".to_owned());
    compare(&old, &new)
}

#[test]
fn a_difference_is_told_in_each_format() {
    let diff = told();
    assert!(!diff.regressions.is_empty() && !diff.fixes.is_empty() && !diff.gone.is_empty());
    every_format("diff", Comparison::Diff(&diff));
    let json = written(Comparison::Diff(&diff), Format::Json);
    assert_eq!(serde_json::from_str::<Diff>(&json).unwrap(), diff);
}

#[test]
fn servers_stand_side_by_side() {
    let mut other = changed(&[1, 1, 0, 1]);
    other.target.software = Some("Another <b>server</b>".to_owned());
    let mut matrix = matrix(&[("one".to_owned(), whole()), ("two".to_owned(), other)]).unwrap();
    // The catalogue would only repeat itself.
    matrix
        .requirements
        .retain(|row| row.is_remarkable() || row.id.group() == "read");
    every_format("matrix", Comparison::Matrix(&matrix));
    let mut r5 = whole();
    r5.target.release = fhir_assay::FhirVersion::R5;
    let refused = fhir_assay::comparison::matrix(&[("a".to_owned(), whole()), ("b".to_owned(), r5)]).unwrap_err();
    assert!(
        refused.to_string().contains("a and b differ in the release: R4, R5"),
        "{refused}"
    );
}

fn written(comparison: Comparison<'_>, format: Format) -> String {
    let mut bytes = Vec::new();
    comparison.write(format, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn every_format(name: &str, comparison: Comparison<'_>) {
    for format in Comparison::FORMATS {
        let text = written(comparison, format);
        if format != Format::Json {
            let bad = |c: char| (c.is_control() && c != '\n' && c != '\t') || c == '\u{202e}';
            assert_eq!(text.chars().find(|&c| bad(c)), None, "{format}");
        }
        match format {
            Format::Console | Format::Markdown => insta::assert_snapshot!(format!("{name}_{format}"), text),
            Format::Html => {
                assert!(!text.contains("<script>") && !text.contains("<img") && !text.contains("<b>server"));
                assert!(text.starts_with("<!doctype html>") && text.contains("default-src 'none'"));
                // The browser test opens it.
                let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.html"));
                std::fs::write(file, text).unwrap();
            }
            _ => {
                let schema = match comparison {
                    Comparison::Diff(_) => comparison::diff_schema(),
                    Comparison::Matrix(_) => comparison::matrix_schema(),
                };
                let schema = jsonschema::draft202012::new(&schema).unwrap();
                let errors: Vec<_> = schema
                    .iter_errors(&serde_json::from_str(&text).unwrap())
                    .map(|error| error.to_string())
                    .collect();
                assert!(errors.is_empty(), "{errors:#?}");
            }
        }
    }
    assert!(comparison.write(Format::Junit, &mut Vec::new()).is_err());
}

#[test]
fn the_schemas_are_those_of_the_types() {
    for (file, schema) in [
        ("schemas/diff.schema.json", comparison::diff_schema()),
        ("schemas/comparison.schema.json", comparison::matrix_schema()),
        ("schemas/config.schema.json", fhir_assay::cli::config::schema()),
    ] {
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(file, &text).unwrap();
        }
        let written = std::fs::read_to_string(file).unwrap_or_default();
        assert!(
            written == text,
            "{file} is out of date: UPDATE=1 cargo test --test gate schemas writes it"
        );
    }
}
