//! The summary on terminals of several widths.

use fhir_assay::report::{Style, console};

use crate::sample;

/// The two parts about requirements.
fn table(width: usize) -> String {
    let text = console::summary(&sample::sample(), Style::plain().within(width), &[]);
    let lines = text.lines().skip_while(|line| !line.starts_with("Requirements"));
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_narrow_terminal_has_a_list_in_the_place_of_the_table() {
    for width in [40, 60] {
        let text = table(width);
        // The names of sections that nothing tested are a sentence, and that the terminal may break.
        let lines = text.lines().filter(|line| !line.contains("nothing tested"));
        for line in lines {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
    insta::assert_snapshot!(table(40));
    let wide = console::summary(&sample::sample(), Style::plain(), &[]);
    assert!(wide.contains(&table(120)), "{}", table(120));
}
