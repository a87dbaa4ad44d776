//! The suite parser and the lint that runs at every load. `cargo +nightly fuzz run parse tests/fuzz tests/lint`.

#![no_main]

use std::sync::Arc;

use fhir_assay::source::SourceFile;
use fhir_assay::suite::lint;
use fhir_assay::suite::parse::{self, FixtureFault, FixtureSource};
use libfuzzer_sys::fuzz_target;

struct Fixtures;

impl FixtureSource for Fixtures {
    fn fixture(&self, _: &SourceFile, _: &str) -> Result<Arc<serde_json::Value>, FixtureFault> {
        Ok(Arc::new(serde_json::json!({ "resourceType": "Patient", "id": "${id}" })))
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = parse::decode("fuzz.yaml", bytes.to_vec()) else { return };
    let parsed = parse::parse(&file, &Fixtures);
    let _ = parsed.problems.to_string();
    if let Some(suite) = parsed.suite {
        let _ = lint::errors(&suite).to_string();
    }
});
