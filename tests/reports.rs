//! Every report format over results made by hand: what a reader sees, and what a hostile server cannot do.

#[path = "reports/sample.rs"]
mod sample;

use std::path::Path;

use fhir_assay::report::Format;

/// A snapshot of a format, and the report as a file that the browser test and a curious person can open.
fn assert_report(name: &str, format: Format, result: &fhir_assay::verdict::RunResult) {
    let text = format.render(result);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.{}", format.extension()));
    std::fs::write(file, &text).unwrap();
    insta::assert_snapshot!(format!("{name}_{format}"), text);
}

#[test]
fn console_report() {
    assert_report("sample", Format::Console, &sample::sample());
    assert_report("empty", Format::Console, &sample::empty());
}

#[test]
fn junit_report() {
    assert_report("sample", Format::Junit, &sample::sample());
    assert_report("empty", Format::Junit, &sample::empty());
}

#[test]
fn markdown_report() {
    assert_report("sample", Format::Markdown, &sample::sample());
    assert_report("empty", Format::Markdown, &sample::empty());
}

#[test]
fn html_report() {
    let result = sample::sample();
    let page = Format::Html.render(&result);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sample.html");
    std::fs::write(file, &page).unwrap();
    assert!(page.len() < 1_000_000);
}
