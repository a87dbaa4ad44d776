//! What `baseline update` writes: what people wrote stays as they wrote it.

use fhir_assay::baseline::{Baseline, Entry, update};
use jiff::civil::date;

use crate::held::{NO_WORDS, TERMS, known, sample};

#[test]
fn a_new_list_has_a_head_and_reasons() {
    let made = update(&Baseline::empty("b.yaml"), &sample(), &TERMS, &NO_WORDS);
    insta::assert_snapshot!(made.text);
}

/// A system in a folder has rules of its own, which nobody knows where only other suites are run.
#[test]
fn the_rules_of_a_suite_that_was_not_run_stay() {
    let text = "known:\n  - case: mine.orders::create\n    requirement: mine.orders-are-kept\n    reason: not yet\n";
    let made = update(&known(text), &sample(), &TERMS, &NO_WORDS);
    assert!(made.text.starts_with(text), "{}", made.text);
    assert_eq!((made.kept, made.removed, made.changed), (1, 0, 0));
    let mut result = sample();
    fhir_assay::baseline::apply(&known(text), &mut result, &TERMS);
    assert_eq!(result.baseline.unwrap().stale, []);
}

#[test]
fn comments_and_order_stay_and_what_is_mended_goes() {
    let text = "\
# Why we are where we are.
# yaml comments of ours

known:
  # This one was hard.
  # It took a week.
  - case: http.read::existing
    reason: passed long ago

  # Ask the vendor.
  - case: other.suite::not-loaded   # in another suite
    reason: 'said so'

  - reason: keys in another order
    case: http.read::gone

  - case: http.read::existing
    requirement:
      - read.returns-current
    reason: held long ago
  # The end.
";
    let words = Entry {
        reason: "as of the first run".to_owned(),
        issue: Some("https://issues.example.org/1".to_owned()),
        expires: Some(date(2026, 12, 31)),
        ..NO_WORDS
    };
    let part = fhir_assay::baseline::Terms { whole: false, ..TERMS };
    let made = update(&known(text), &sample(), &part, &words);
    insta::assert_snapshot!(made.text);
    assert_eq!((made.removed, made.kept, made.changed), (2, 2, 0));
}

#[test]
fn a_rule_that_holds_leaves_its_entry() {
    let list = known(&update(&Baseline::empty("b.yaml"), &sample(), &TERMS, &NO_WORDS).text);
    let entry = list
        .entries
        .iter()
        .find(|entry| !entry.requirements.is_empty())
        .unwrap();
    let (case, rule) = (entry.case.as_ref().unwrap(), &entry.requirements[0]);
    let text = format!(
        "known:\n    -   case: {case}\n        # kept above\n        requirement: [{rule}, no-such.rule]\n        reason: two\n"
    );
    let made = update(&known(&text), &sample(), &TERMS, &NO_WORDS);
    assert_eq!(made.changed, 1);
    assert!(
        made.text.contains(&format!("requirement: {rule}\n")) && !made.text.contains("no-such.rule"),
        "{}",
        made.text
    );
}

#[test]
fn a_list_in_brackets_is_written_anew() {
    let text = "# head\nknown: [{ case: 'http.read::existing', reason: passed }, { case: 'other.suite::x', reason: 'it: stays' }]\n";
    let made = update(&known(text), &sample(), &TERMS, &NO_WORDS);
    let after = known(&made.text);
    assert!(made.text.starts_with("# head\nknown:\n"), "{}", made.text);
    assert!(after.entries.iter().all(|entry| entry.reason != "passed"));
    assert!(!after.entries.is_empty());
}

#[test]
fn line_ends_of_windows_are_read() {
    let text = "known:\r\n  - case: other.suite::x\r\n    reason: stays\r\n";
    let part = fhir_assay::baseline::Terms { whole: false, ..TERMS };
    let made = update(&known(text), &sample(), &part, &NO_WORDS);
    assert_eq!(known(&made.text).entries[0].reason, "stays");
}
