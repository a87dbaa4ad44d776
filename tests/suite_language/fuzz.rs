//! Random damage to suites: the parser neither panics nor hangs, whatever it gets to read.
//!
//! `FUZZ_SECONDS=60 cargo test --release --test suite_language fuzz` looks for longer; `fuzz/` holds the same target for cargo-fuzz.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use fhir_assay::requirement::Catalogue;
use fhir_assay::source::SourceFile;
use fhir_assay::suite::parse::{self, FixtureFault, FixtureSource};
use fhir_assay::suite::{Suite, lint};
use proptest::prelude::*;
use serde_json::Value;

struct Fixtures;

impl FixtureSource for Fixtures {
    fn fixture(&self, _: &SourceFile, path: &str) -> Result<Arc<Value>, FixtureFault> {
        if path.len() % 7 == 3 {
            return Err(FixtureFault::Unreadable("no such file".into()));
        }
        Ok(Arc::new(
            serde_json::json!({ "resourceType": "Patient", "id": "${id}" }),
        ))
    }
}

/// Reads bytes all the way to the last diagnostic, and yields the suite where there is one.
fn read(bytes: &[u8]) -> Option<Suite> {
    let file = match parse::decode("fuzz.yaml", bytes.to_vec()) {
        Ok(file) => file,
        Err(found) => {
            assert!(!found.to_string().is_empty());
            return None;
        }
    };
    let parsed = parse::parse(&file, &Fixtures, Catalogue::embedded());
    assert!(
        parsed.suite.is_some() || parsed.problems.errors() > 0,
        "refused without a word"
    );
    let text = parsed.problems.to_string();
    assert!(parsed.problems.is_empty() || text.contains("fuzz.yaml"));
    parsed.suite
}

/// As [`read`], and looks for what is odd in the suite.
fn read_and_lint(bytes: &[u8]) {
    if let Some(suite) = read(bytes) {
        for found in lint::errors(&suite).iter() {
            assert!(!found.to_string().is_empty());
        }
    }
}

/// Suites that are whole, and suites with each fault that we know.
fn corpus() -> Vec<Vec<u8>> {
    let mut files = vec![Path::new("tests/fuzz/whole.yaml").to_owned()];
    for folder in ["suites/http", "tests/lint"] {
        let entries = fs::read_dir(folder).expect("a readable folder");
        files.extend(entries.map(|entry| entry.expect("a readable folder").path()));
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
        .iter()
        .map(|path| fs::read(path).expect("a readable file"))
        .collect()
}

/// A small generator (SplitMix64), so that a run can be repeated by its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or_default()
    }
}

const PIECES: [&str; 34] = [
    "${",
    "}",
    "${x}",
    "$${",
    "{",
    "[",
    "]",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "\t",
    "'",
    "\"",
    "&a ",
    "*a",
    "!x ",
    "|\n",
    ">",
    "#",
    "%",
    "~",
    "null",
    "200",
    "4xx",
    "ä",
    "\u{1F600}",
    "\u{feff}",
    "---\n",
    "? ",
    ",",
    "\\",
    "\0",
    "\r\n",
];

fn damage(text: &mut Vec<u8>, others: &[Vec<u8>], random: &mut Random) {
    for _ in 0..=random.below(6) {
        let at = random.below(text.len() + 1);
        let end = (at + random.below(40)).min(text.len());
        match random.below(7) {
            0 => drop(text.drain(at..end)),
            1 => {
                let piece = PIECES[random.below(PIECES.len())];
                text.splice(at..at, piece.bytes());
            }
            2 => {
                let piece = PIECES[random.below(PIECES.len())];
                text.splice(at..end, piece.bytes());
            }
            3 => {
                let again = text[at..end].to_vec();
                text.splice(at..at, again);
            }
            4 => {
                if let Some(byte) = text.get_mut(at) {
                    *byte = random.next().to_le_bytes()[0];
                }
            }
            5 => {
                let other = &others[random.below(others.len())];
                let from = random.below(other.len());
                let to = (from + random.below(200)).min(other.len());
                text.splice(at..at, other[from..to].iter().copied());
            }
            _ => {
                // A line moves.
                let mut lines: Vec<Vec<u8>> = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                let line = lines.remove(random.below(lines.len()));
                let place = random.below(lines.len() + 1);
                lines.insert(place, line);
                *text = lines.join(&b'\n');
            }
        }
    }
}

#[test]
fn random_damage_is_no_harm() {
    let seconds = env::var("FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3);
    let corpus = corpus();
    let seed = env::var("FUZZ_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let mut random = Random(seed);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut rounds = 0_u64;
    let mut slowest = Duration::ZERO;
    while Instant::now() < end {
        let mut text = corpus[random.below(corpus.len())].clone();
        damage(&mut text, &corpus, &mut random);
        let start = Instant::now();
        let result = std::panic::catch_unwind(|| read_and_lint(&text));
        slowest = slowest.max(start.elapsed());
        assert!(
            result.is_ok() && start.elapsed() < Duration::from_secs(30),
            "seed {seed}, round {rounds}, {:?}:\n{}",
            start.elapsed(),
            String::from_utf8_lossy(&text)
        );
        rounds += 1;
    }
    println!("{rounds} rounds in {seconds} s, the slowest {slowest:?}");
    assert!(rounds > 0);
}

#[test]
fn the_whole_format_is_read() {
    let suite = read(&fs::read("tests/fuzz/whole.yaml").expect("a readable file"));
    let suite = suite.unwrap_or_else(|| {
        panic!(
            "{}",
            fhir_assay::suite::Suites::read(["tests/fuzz/whole.yaml"]).problems
        )
    });
    let case = &suite.cases[0];
    assert_eq!((case.setup.len(), case.steps.len(), case.cleanup.len()), (1, 17, 1));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_and_lint(&bytes);
    }

    #[test]
    fn any_text_is_read_without_harm(text in "[ -~\\n]{0,200}|\\PC{0,100}") {
        read_and_lint(text.as_bytes());
    }

    #[test]
    fn names_and_texts_survive(id in "[a-z]([a-z0-9]{0,8})", title in "[ -~äß]{1,40}", status in 100_u16..600) {
        prop_assume!(!title.trim().is_empty());
        let quoted = title.replace('\'', "''");
        let text = format!(
            "suite: {id}.{id}\ntitle: '{quoted}'\nfhir: R4\ncases:\n  - id: {id}\n    title: t\n    steps:\n      \
            - read: Patient/{id}\n        expect: [{{ requirement: read.etag, status: {status} }}]\n"
        );
        let suite = read(text.as_bytes());
        prop_assert!(suite.is_some(), "{}", text);
        let suite = suite.expect("it was just looked at");
        prop_assert_eq!(&suite.title, &title);
        prop_assert_eq!(suite.id.as_str(), format!("{id}.{id}"));
        let matcher = suite.cases[0].expectations().next().and_then(|found| found.response.status.as_ref());
        let written = format!("{matcher:?}");
        let code = format!("Code({status})");
        prop_assert!(written.contains(&code), "{}", written);
    }
}
