//! Every report format over results made by hand: what a reader sees, and what a hostile server cannot do.

#[path = "reports/json.rs"]
mod json;
#[path = "reports/live.rs"]
mod live;
#[path = "reports/machine.rs"]
mod machine;
#[path = "reports/narrow.rs"]
mod narrow;
#[path = "reports/pages.rs"]
mod pages;
#[path = "reports/sample.rs"]
mod sample;
#[path = "reports/tap.rs"]
mod tap;

use std::io::{self, Write};
use std::path::Path;

use fhir_assay::report::{BODY_LIMIT, Format, Style, console};
use fhir_assay::verdict::RunResult;

/// A snapshot of a format, and the report as a file that the browser test and a curious person can open.
fn assert_report(name: &str, format: Format, result: &RunResult) {
    let text = format.render(result);
    keep(name, format, &text);
    insta::assert_snapshot!(format!("{name}_{format}"), text);
}

fn keep(name: &str, format: Format, text: &str) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.{}", format.extension()));
    std::fs::write(file, text).unwrap();
}

/// Nothing that a server sent may reach a reader as a control character.
fn assert_clean(text: &str) {
    let bad = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{ffff}');
    let found: Vec<_> = text.chars().filter(|&c| bad(c)).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn console_report() {
    assert_report("sample", Format::Console, &sample::sample());
    assert_report("empty", Format::Console, &sample::empty());
    assert_clean(&Format::Console.render(&sample::sample()));
}

#[test]
fn the_summary_names_the_reports() {
    let reports = [
        "reports/latest/report.html".to_owned(),
        "reports/latest/report.json".to_owned(),
    ];
    let text = console::summary(&sample::sample(), Style::plain(), &reports);
    assert!(text.contains("\nReports\n  reports/latest/report.html\n  reports/latest/report.json\n"));
    assert!(text.ends_with("Not conformant: 5 SHALLs are broken, in 7 cases, and 2 cases could not be judged.\n"));
}

#[test]
fn colours_change_nothing_but_colours() {
    let plain = console::summary(&sample::sample(), Style::plain(), &[]);
    let colored = console::summary(&sample::sample(), Style::colored(), &[]);
    assert_ne!(plain, colored);
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
}

#[test]
fn junit_report() {
    assert_report("sample", Format::Junit, &sample::sample());
    assert_report("empty", Format::Junit, &sample::empty());
    let text = Format::Junit.render(&sample::sample());
    assert_clean(&text);
    // A `]]>` is only allowed where a CDATA section ends.
    assert!(!text.contains("]]>") && !text.contains("<script>"));
}

#[test]
fn markdown_report() {
    assert_report("sample", Format::Markdown, &sample::sample());
    assert_report("empty", Format::Markdown, &sample::empty());
    let text = Format::Markdown.render(&sample::sample());
    assert_clean(&text);
    // Outside of fences, nothing of the hostile text is markup.
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            None if ticks.len() >= 3 => fence = Some(ticks),
            Some(open) if ticks == open && line == open => fence = None,
            Some(_) => {}
            None => assert!(
                !line.contains("<script>") && !line.contains("<img") && !line.contains("[a]("),
                "{line}"
            ),
        }
    }
    assert_eq!(fence, None);
}

#[test]
fn a_summary_of_many_failures_fits_its_limit() {
    let mut result = sample::sample();
    let hostile = result.suites.pop().unwrap();
    result.suites.extend((0..200).map(|_| hostile.clone()));
    let text = Format::Markdown.render(&result);
    assert!(text.len() < 1_000_000, "{}", text.len());
    assert!(text.contains(" not told here, since a summary has at most 1 MB."));
}

#[test]
fn html_report() {
    assert_report("empty", Format::Html, &sample::empty());
    // The page of the sample is large because of its bodies; the catalogue would only repeat itself in a snapshot.
    let mut result = sample::sample();
    let page = Format::Html.render(&result);
    keep("sample", Format::Html, &page);
    result.requirements.retain(|requirement| !requirement.cases.is_empty());
    let page = Format::Html.render(&result).replace(&"x".repeat(60_000), "(60,000 x)");
    insta::assert_snapshot!("sample_html", page);
}

#[test]
fn nothing_in_the_page_is_from_the_server() {
    let page = Format::Html.render(&sample::sample());
    assert_clean(&page);
    // Two scripts run; what is packed is neither run nor shown.
    assert_eq!(page.matches("<script>").count(), 2);
    let packed = page.matches("<script type=\"text/plain\" id=\"").count();
    assert_eq!(page.matches("<script").count(), 2 + packed);
    assert_eq!(page.matches("<style").count(), 1);
    for forbidden in [
        "<img",
        "onerror=alert",
        "javascript:",
        " style=",
        "src=",
        "@import",
        "url(",
    ] {
        let outside_of_text = page.match_indices(forbidden).filter(|(at, _)| {
            // In text, the angle bracket before it is escaped.
            let before = &page[at.saturating_sub(400)..*at];
            before.rfind('<') > before.rfind('>')
        });
        assert_eq!(outside_of_text.count(), 0, "{forbidden}");
    }
    let policy = page.split("Content-Security-Policy\" content=\"").nth(1).unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(page.contains("the first 64 KB of 79 KB"));
}

#[test]
fn a_page_grows_with_failures_and_not_with_passes() {
    let [few, many] = [100, 5_000].map(|cases| Format::Html.render(&sample::passing(cases)).len());
    // The table of suites has a row for each file; there are fifty times as many files.
    assert!(many - few < 100 * 1024, "{few} {many}");
}

#[test]
fn long_bodies_are_cut_in_every_format() {
    let result = sample::sample();
    let long = "x".repeat(BODY_LIMIT + 1);
    for format in Format::ALL {
        assert!(!format.render(&result).contains(&long), "{format}");
    }
}

#[test]
fn a_full_disk_is_an_error_of_its_kind() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for format in Format::ALL {
        let error = format.write(&sample::sample(), &mut Full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{format}: {error}");
    }
}

/// A JSON report may come from elsewhere: numbers that no run has are shown, and nothing falls over them.
#[test]
fn numbers_at_their_limits_are_shown() {
    let mut result = sample::sample();
    result.duration_us = u64::MAX;
    result.cleanup.deleted = u64::MAX;
    result.cleanup.kept = u64::MAX;
    for case in result.suites.iter_mut().flat_map(|suite| &mut suite.cases) {
        let case = std::sync::Arc::make_mut(case);
        (case.started_us, case.duration_us) = (u64::MAX, u64::MAX);
        (case.site.line, case.site.column, case.site.width) = (u32::MAX, u32::MAX, u32::MAX);
        for step in &mut case.steps {
            (step.duration_us, step.line, step.number) = (u64::MAX, u32::MAX, u32::MAX);
            for finding in &mut step.findings {
                if let Some(mismatch) = &mut finding.mismatch {
                    for site in mismatch
                        .site
                        .iter_mut()
                        .chain(mismatch.excerpt.as_mut().map(|excerpt| &mut excerpt.site))
                    {
                        (site.line, site.column, site.width) = (u32::MAX, u32::MAX, u32::MAX);
                    }
                }
            }
            for exchange in &mut step.exchanges {
                let timing = &mut exchange.timing;
                (timing.started_us, timing.first_byte_us, timing.total_us) = (u64::MAX, u64::MAX, u64::MAX);
            }
        }
    }
    let mut broken = Vec::new();
    for format in Format::ALL {
        if std::panic::catch_unwind(|| format.render(&result)).is_err() {
            broken.push(format);
        }
    }
    assert_eq!(broken, []);
}
