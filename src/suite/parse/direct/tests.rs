use std::path::Path;
use std::sync::Arc;
use std::{env, fs};

use proptest::prelude::*;

use crate::source::{Diagnostics, SourceFile};
use crate::suite::parse::yaml;

/// Whether the direct road knows a text; where it does, the scanner reads the same in it, and finds nothing wrong.
fn knows(text: &str) -> bool {
    let file = Arc::new(SourceFile::new("suite.yaml", text));
    let Some(tree) = super::read(text) else { return false };
    let mut problems = Diagnostics::default();
    let scanned = yaml::scan(&file, &mut problems);
    assert_eq!(
        problems.errors(),
        0,
        "{text:?} is wrong, and the direct road says {tree:?}"
    );
    assert_eq!(Some(tree), scanned, "{text:?}");
    true
}

fn suites(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn it_reads_the_suites_as_the_scanner_does() {
    let texts = suites(&Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/http"));
    let known = texts.iter().filter(|text| knows(text)).count();
    assert!(
        known * 10 > texts.len() * 7,
        "it knows {known} of {} suites",
        texts.len()
    );
}

#[test]
fn what_it_knows() {
    for text in [
        "a: b",
        "a: b # comment\n\n# another\nc: d\n",
        "a:\n  b: c\n  d:\n    - e\n    -   f: g\n        h: i\n    -\n      j: k\nl: m\n",
        "a:\n- b\n- c: d\n  e: f\ng: h\n",
        "a:\n- - b\n  - c\n- - d\n",
        "a:\nb: ~\nc:\n  - \n  - d\n  -\n",
        "a: 'b''c: # d'\n'e f': \"g \\\" \\\\ \\n h\"\n\"\": ''\n",
        "a: [b, {c: d, 'e': \"f\"}, [], {}, 1.5, -2]\ng: { h: [i] } # j\n",
        "a: [b,\n  c,\n    d # e\n  ]\nf: {\n  g: h,\n  i:\n   j }\n",
        "a: b c:d e#f - g, h [i] {j}\nk: http://l.m/n?o=p&q=r|s\n",
        "a:\n  b c\nd:\n  'e'\n",
        "größe: 'süß' # weiß\nb: [ä, { 小林: 𠮷田 }]\n",
        "  a: b\n  c:\n    d: e",
        "- a: ${b}\n",
    ] {
        let is_map = !text.starts_with('-');
        assert_eq!(knows(text), is_map, "{text:?}");
    }
}

#[test]
fn what_it_leaves_to_the_scanner() {
    for text in [
        "",
        "# nothing\n",
        "a",
        "[a]",
        "a: b\na: c\n",
        "a: { b: c, b: d }\n",
        "a: |\n  b\n",
        "a: >-\n  b\n  c\n",
        "a: b\n  c\n",
        "a: 'b\n  c'\n",
        "a: \"\\x41\"\n",
        "a: &x b\nc: *x\n",
        "a: !t b\n",
        "? a\n: b\n",
        "---\na: b\n",
        "a: b\n...\n",
        "a: b\r\n",
        "a:\tb\n",
        "a: b: c\n",
        "a: [b, c\n",
        "a: {b}\n",
        "a: {b: ${c}}\n",
        "a: 'b' c\n",
        "a: [b]#c\n",
        "a:\n    b: c\n  d: e\n",
        "a: - b\n",
        "\u{FEFF}a: b\n",
    ] {
        assert!(!knows(text), "{text:?}");
    }
}

/// Values as a suite might have them, with damage here and there.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-c]{1,3}",
        "[a-c:#,'\"{}|> -]{1,6}",
        "'[a-c:#\" {}\\[\\],]{0,5}'",
        "\"[a-c:#' n\\\\]{0,5}\"",
        Just(String::new()),
        Just("ü: \u{2028}".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(("[a-d]", inner.clone()), 0..3).prop_map(|entries| {
                let entries: Vec<_> = entries.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{ {} }}", entries.join(","))
            }),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|items| {
                let items: Vec<_> = items
                    .iter()
                    .map(|item| format!("\n- {}", item.replace('\n', "\n  ")))
                    .collect();
                items.concat()
            }),
            prop::collection::vec(("[a-d]", inner), 1..4).prop_map(|entries| {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| format!("\n{key}: {}", value.replace('\n', "\n  ")))
                    .collect();
                entries.concat()
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn it_says_what_the_scanner_says(text in value()) {
        knows(text.trim_start_matches('\n'));
        knows(&format!("x: {text}"));
    }

    #[test]
    fn so_it_does_of_lines(lines in prop::collection::vec("( ){0,6}(- ){0,2}[a-c]{0,2}:?[a-c0 :,'\"#{}\\[\\]|>&*!?-]{0,8}", 0..6)) {
        knows(&lines.join("\n"));
    }

    #[test]
    fn and_of_a_suite_with_damage(at in 0_usize..6000, damage in "[ \n:'\"#,{}\\[\\]-]{1,2}", gone in 0_usize..3) {
        let suite = include_str!("../../../../suites/http/update.yaml");
        let at = at.min(suite.len() - 3);
        if suite.is_char_boundary(at) && suite.is_char_boundary(at + gone) {
            knows(&format!("{}{damage}{}", &suite[..at], &suite[at + gone..]));
        }
    }
}
