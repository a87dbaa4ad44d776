//! Pages that a browser has trouble with: what a hostile server sends, at its longest, and thousands of cases. The browser
//! test opens what is left in `target/tmp/`.

use std::sync::Arc;

use fhir_assay::exchange::Body;
use fhir_assay::report::Format;
use fhir_assay::verdict::{Outcome, Part, RunResult, Verdict};

use super::sample::pieces::{exchange, finding, mismatch};
use super::sample::{self, HOSTILE};
use super::{assert_clean, keep};

/// Longer than anything that a page may hold.
const LONG: usize = 5 * 1024 * 1024;

fn fill(piece: &str) -> String {
    piece.repeat(LONG / piece.len() + 1)
}

fn hostile() -> RunResult {
    let mut result = sample::sample();
    let case = Arc::make_mut(result.suites.last_mut().unwrap().cases.first_mut().unwrap());
    let step = &mut case.steps[0];
    let bodies = [
        fill("--><!-- </script><script>alert('body')</script> "),
        // Half a surrogate pair, which JSON may write and UTF-8 may not.
        format!(
            r#"{{"text":"\ud800 \u202e {}"}}"#,
            fill("<svg onload=alert(4)> \u{202e}")
        ),
        format!(
            "[{}0]",
            fill("[\"\\udfff</textarea><iframe src=javascript:alert(5)>\"],")
        ),
    ];
    for (exchange, body) in step.exchanges.iter_mut().zip(bodies) {
        exchange.response.body = Body::new(body.clone());
        exchange.request.body = Body::new(body);
    }
    let mut broken = mismatch("--><img src=x onerror=alert(6)><!--", Part::Body("/text".into()));
    broken.actual = Some(HOSTILE.repeat(2_000));
    broken.diff = Some(format!("@@ -1 +1 @@\n-{HOSTILE}\n+{}\n", HOSTILE.repeat(2_000)));
    step.findings.push(finding("read.etag", Outcome::Fail, broken));
    result
}

/// Five thousand cases, of which every fifth fails one of five rules.
fn large() -> RunResult {
    let mut result = sample::passing(5_000);
    let rules = [
        "read.returns-current",
        "read.etag",
        "read.last-modified",
        "read.id-matches-url",
        "update.etag",
    ];
    let cases = result.suites.iter_mut().flat_map(|suite| &mut suite.cases);
    for (index, case) in cases.enumerate().filter(|(index, _)| index % 5 == 0) {
        let case = Arc::make_mut(case);
        case.verdict = Verdict::Fail;
        let step = &mut case.steps[0];
        step.verdict = Verdict::Fail;
        let body = format!(
            r#"{{"resourceType":"Patient","id":"{index}","text":"{}"}}"#,
            "word ".repeat(400)
        );
        step.exchanges = vec![exchange("GET", &format!("Patient/{index}"), "", 200, &body)];
        let broken = mismatch(
            &format!("Patient/{index} is not what was stored"),
            Part::Body("/id".into()),
        );
        step.findings = vec![finding(rules[index / 5 % 5], Outcome::Fail, broken)];
    }
    result
}

#[test]
fn what_is_longest_is_cut_and_stays_text() {
    let page = Format::Html.render(&hostile());
    keep("hostile", Format::Html, &page);
    assert_clean(&page);
    assert!(page.len() < 4 * 1024 * 1024, "{}", page.len());
    assert!(!page.contains("<iframe") && !page.contains("<svg onload") && !page.contains("<!--"));
}

#[test]
fn thousands_of_cases_are_a_page_that_a_browser_takes() {
    let page = Format::Html.render(&large());
    keep("large", Format::Html, &page);
    // A thousand failures with 2 KB bodies each.
    assert!(page.len() < 6 * 1024 * 1024, "{}", page.len());
}
