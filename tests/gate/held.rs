//! A result held against a list: what is known, what is new, what is out of date.

use std::collections::BTreeSet;
use std::sync::Arc;

use fhir_assay::baseline::{Baseline, Entry, Terms, apply, parse, update};
use fhir_assay::requirement::RequirementId;
use fhir_assay::source::{SourceFile, Span};
use fhir_assay::verdict::{RunResult, StaleKind, Verdict};
use jiff::civil::date;
use proptest::prelude::*;

#[path = "../reports/sample.rs"]
mod sample;

pub use sample::sample;

pub const TERMS: Terms = Terms {
    today: date(2026, 3, 4),
    fail_on: Verdict::Fail,
    whole: true,
};

/// No words of its own for new entries.
pub const NO_WORDS: Entry = Entry {
    case: None,
    requirements: Vec::new(),
    unjudged: false,
    reason: String::new(),
    issue: None,
    expires: None,
    span: Span { start: 0, end: 0 },
};

pub fn known(text: &str) -> Baseline {
    let file = Arc::new(SourceFile::new("b.yaml", text));
    parse(&file).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

pub fn held(text: &str, terms: &Terms) -> RunResult {
    let mut result = sample();
    apply(&known(text), &mut result, terms);
    result
}

/// The whole list of what is wrong in the sample.
fn all() -> String {
    update(&Baseline::empty("b.yaml"), &sample(), &TERMS, &NO_WORDS).text
}

fn fresh(result: &RunResult) -> BTreeSet<String> {
    let baseline = result.baseline.as_ref().unwrap();
    baseline.fresh.iter().map(|fresh| fresh.case.to_string()).collect()
}

fn stale(result: &RunResult) -> Vec<(StaleKind, String)> {
    let stale = &result.baseline.as_ref().unwrap().stale;
    stale
        .iter()
        .map(|entry| (entry.kind, format!("{}: {}", entry.entry, entry.text)))
        .collect()
}

#[test]
fn without_a_word_everything_is_new() {
    let result = held("known: []", &TERMS);
    let broken: BTreeSet<String> = sample()
        .cases()
        .filter(|case| matches!(case.verdict, Verdict::Fail | Verdict::Error))
        .map(|case| case.id.to_string())
        .collect();
    assert!(broken.len() > 5);
    assert_eq!(fresh(&result), broken);
    assert!(result.cases().all(|case| !case.is_known()));
}

#[test]
fn what_an_update_writes_is_all_that_is_wrong() {
    let result = held(&all(), &TERMS);
    assert_eq!(fresh(&result), BTreeSet::new());
    assert_eq!(stale(&result), []);
    for case in result.cases() {
        let is_wrong = matches!(case.verdict, Verdict::Fail | Verdict::Error);
        assert_eq!(case.is_known(), is_wrong, "{}", case.id);
    }
    // A known failure is a failure.
    assert_eq!(result.tally(), sample().tally());
    assert_eq!(result.verdict, sample().verdict);
}

#[test]
fn a_new_defect_in_a_known_case_is_new() {
    let list = known(&all());
    let several = list.entries.iter().find(|entry| entry.requirements.len() > 1);
    let entry = several.expect("a case of the sample breaks two rules");
    let id = entry.case.clone().unwrap();
    let text = format!(
        "known:\n  - case: {id}\n    requirement: {}\n    reason: one of them\n",
        entry.requirements[0]
    );
    let result = held(&text, &TERMS);
    assert!(result.cases().find(|case| case.id == id).unwrap().known.is_empty());
    let told = result.baseline.unwrap();
    let fresh = told.fresh.iter().find(|fresh| fresh.case == id).unwrap();
    assert_eq!(fresh.requirements, entry.requirements[1..]);
}

#[test]
fn a_rule_is_known_in_whatever_case() {
    let list = known(&all());
    let rules: BTreeSet<&RequirementId> = list.entries.iter().flat_map(|entry| &entry.requirements).collect();
    let text: String = rules
        .iter()
        .map(|id| format!("  - requirement: {id}\n    reason: r\n"))
        .collect();
    let result = held(&format!("known:\n{text}"), &TERMS);
    let errors = sample().cases().filter(|case| case.verdict == Verdict::Error).count();
    assert_eq!(
        fresh(&result).len(),
        errors,
        "that a case cannot be judged is known of a case alone"
    );
}

#[test]
fn what_is_out_of_date_is_told() {
    let text = "\
known:
  - { case: 'http.read::existing', reason: passed long ago }
  - { case: 'http.read::exsting', reason: a letter is missing }
  - { case: 'http.read::existing', requirement: read.returns-current, reason: held long ago }
  - { requirement: read.returns-curent, reason: a letter is missing }
  - { requirement: read.returns-current, reason: holds everywhere }
  - { case: 'http.read::gone', reason: left out by a filter }
  - { case: 'http.read::existing[Observation]', reason: of another type }
  - { case: 'other.suite::case', reason: not loaded }
  - { case: 'http.read::existing', unjudged: true, reason: timed out, expires: 2026-03-03 }
  - { case: 'http.read::vread', reason: later, expires: 2026-03-04 }
";
    let told: Vec<String> = stale(&held(text, &TERMS))
        .into_iter()
        .map(|(kind, text)| format!("{kind:?}: {text}"))
        .collect();
    insta::assert_snapshot!(told.join("\n"));
    let part = Terms { whole: false, ..TERMS };
    let some: Vec<String> = stale(&held(text, &part)).into_iter().map(|(_, text)| text).collect();
    assert!(
        !some.iter().any(|text| text.starts_with("read.returns-current:")),
        "a part of a plan does not say that a rule holds everywhere: {some:?}"
    );
}

#[test]
fn a_warning_has_to_be_known_where_warnings_fail() {
    let strict = Terms {
        fail_on: Verdict::Warning,
        ..TERMS
    };
    let warned: Vec<_> = sample()
        .cases()
        .filter(|case| case.verdict == Verdict::Warning)
        .map(|case| case.id.to_string())
        .collect();
    assert!(!warned.is_empty());
    let result = held(&all(), &strict);
    assert!(warned.iter().all(|id| fresh(&result).contains(id)));
    let text = update(&known(&all()), &sample(), &strict, &NO_WORDS).text;
    assert_eq!(fresh(&held(&text, &strict)), BTreeSet::new());
}

/// Some of the entries that the sample needs, some cut short, some of other cases.
fn lists() -> impl Strategy<Value = String> {
    let count = known(&all()).entries.len();
    (prop::collection::vec(0..4_u8, count), 0..3_usize).prop_map(|(choices, strangers)| {
        let mut text = "# head\nknown:\n".to_owned();
        for (index, (entry, choice)) in known(&all()).entries.iter().zip(choices).enumerate() {
            let case = entry.case.as_ref().unwrap();
            let rules: Vec<&str> = entry.requirements.iter().map(RequirementId::as_str).collect();
            match choice {
                0 => continue,
                1 if !rules.is_empty() => {
                    text += &format!(
                        "  # comment {index}\n  - case: {case}\n    requirement: [{}, read.etag]\n",
                        rules[0]
                    );
                }
                _ => text += &format!("\n  - case: {case}\n"),
            }
            text += &format!("    reason: reason {index} # why\n");
        }
        for index in 0..strangers {
            text += &format!("  - case: other.suite::case-{index}\n    reason: elsewhere\n");
        }
        if text.ends_with("known:\n") {
            "known: []\n".to_owned()
        } else {
            text
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn after_an_update_nothing_is_new_or_mended_and_a_second_changes_nothing(text in lists(), whole in any::<bool>()) {
        let terms = Terms { whole, ..TERMS };
        let first = update(&known(&text), &sample(), &terms, &NO_WORDS);
        let result = held(&first.text, &terms);
        prop_assert_eq!(fresh(&result), BTreeSet::new(), "{}", first.text);
        let kinds: Vec<StaleKind> = stale(&result).into_iter().map(|(kind, _)| kind).collect();
        prop_assert!(!kinds.contains(&StaleKind::Mended) && !kinds.contains(&StaleKind::Missing), "{kinds:?}\n{}", first.text);
        let second = update(&known(&first.text), &sample(), &terms, &NO_WORDS);
        prop_assert_eq!(&second.text, &first.text);
        prop_assert_eq!((second.added, second.removed, second.changed), (0, 0, 0));
        // What was known for a reason still is.
        let reasons = |text: &str| known(text).entries.iter().map(|entry| entry.reason.clone()).collect::<Vec<_>>();
        let after = reasons(&first.text);
        let stay = if whole { "reason" } else { "" };
        prop_assert!(reasons(&text).iter().filter(|reason| reason.starts_with(stay)).all(|reason| after.contains(reason)), "{}\n{}", text, first.text);
    }
}
