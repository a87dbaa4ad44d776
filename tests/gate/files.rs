//! Every problem of a file has its message beside it; `UPDATE=1 cargo test --test gate files` writes them anew.

use std::sync::Arc;
use std::{env, fs};

use fhir_assay::baseline::{Baseline, json_schema, parse};
use fhir_assay::source::{Diagnostics, SourceFile};

fn read(text: &str) -> Result<Baseline, Diagnostics> {
    parse(&Arc::new(SourceFile::new("fhir-assay.baseline.yaml", text)))
}

fn files(ending: &str) -> Vec<String> {
    let mut files: Vec<String> = fs::read_dir("tests/gate")
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .filter(|path| path.ends_with(ending))
        .collect();
    files.sort();
    files
}

#[test]
fn every_file_gets_its_text() {
    let mut wrong = Vec::new();
    for file in files(".yaml") {
        let text = match read(&fs::read_to_string(&file).unwrap()) {
            Ok(_) => panic!("{file} is fine"),
            Err(problems) => format!("{problems}\n"),
        };
        let golden = file.replace(".yaml", ".err");
        if env::var_os("UPDATE").is_some() {
            fs::write(&golden, &text).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != text {
            wrong.push(format!("{golden} should be:\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}\nUPDATE=1 writes them anew", wrong.join("\n"));
    assert_eq!(files(".err").len(), files(".yaml").len());
}

#[test]
fn the_schema_is_what_the_parser_knows() {
    let text = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
    if env::var_os("UPDATE").is_some() {
        fs::write("schemas/baseline.schema.json", &text).unwrap();
    }
    let written = fs::read_to_string("schemas/baseline.schema.json").unwrap_or_default();
    assert!(written == text, "UPDATE=1 cargo test --test gate files writes it anew");
}

#[test]
fn schema_and_parser_agree() {
    let schema = jsonschema::validator_for(&json_schema()).unwrap();
    let is_valid = |text: &str| schema.is_valid(&serde_yaml::from_str::<serde_json::Value>(text).unwrap());
    assert!(is_valid(WHOLE) && read(WHOLE).is_ok());
    let mut refused = 0;
    for file in files(".yaml") {
        let text = fs::read_to_string(&file).unwrap();
        if serde_yaml::from_str::<serde_json::Value>(&text).is_ok() && !is_valid(&text) {
            refused += 1;
        }
    }
    assert!(refused >= 3, "{refused}");
}

const WHOLE: &str = "\
# Why we are where we are
known:
  - case: http.update::life-of-a-patient
    requirement: [update.etag, update.last-modified]
    reason: 'no ETag yet'
    issue: https://issues.example.org/4711
    expires: 2026-12-31
  - requirement: search.total
    reason: totals are estimates
  - case: http.create::body-kept[Observation]
    unjudged: true
    reason: times out
  - { case: 'http.read::gone', reason: all of it }
";

#[test]
fn a_whole_file_is_read_whole() {
    let known = read(WHOLE).unwrap();
    let names: Vec<String> = known.entries.iter().map(fhir_assay::baseline::Entry::name).collect();
    let expected = [
        "http.update::life-of-a-patient (update.etag, update.last-modified)",
        "search.total",
        "http.create::body-kept[Observation]",
        "http.read::gone",
    ];
    assert_eq!(names, expected);
    let first = &known.entries[0];
    assert_eq!(first.expires.unwrap().to_string(), "2026-12-31");
    assert_eq!(first.issue.as_deref(), Some("https://issues.example.org/4711"));
    assert!(known.entries[2].unjudged && known.entries[2].requirements.is_empty());
}

#[test]
fn nothing_is_known_by_a_file_that_says_nothing() {
    for text in ["", "# nothing is known\n\n", "known: []\n", "known:\n"] {
        assert!(read(text).unwrap().entries.is_empty(), "{text:?}");
    }
}

#[test]
fn no_text_makes_it_panic() {
    for end in 0..WHOLE.len() {
        if WHOLE.is_char_boundary(end) {
            let _ = read(&WHOLE[..end]);
            let _ = read(&WHOLE[end..]);
        }
    }
}
