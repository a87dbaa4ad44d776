//! Every problem of a `system.yaml` has a file in `tests/systems/wrong/` that has it, and beside it the exact text that a
//! person gets to read. `UPDATE=1 cargo test --test systems` writes the texts and the schema anew.

use std::path::Path;
use std::{env, fs};

use fhir_assay::system::load::load_path;

const SCHEMA: &str = "schemas/system.schema.json";

fn is_updating() -> bool {
    env::var_os("UPDATE").is_some()
}

#[test]
fn every_wrong_description_gets_its_text() {
    let mut seen = 0;
    for entry in fs::read_dir("tests/systems/wrong").expect("a folder") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = format!("{}\n", load_path(&path, false).problems);
        let golden = path.with_extension("err");
        if is_updating() {
            fs::write(&golden, &text).expect("a writable folder");
        }
        let known = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(known, text, "{}; UPDATE=1 writes it anew", golden.display());
        assert!(text.contains("error"), "{} is fine", path.display());
        seen += 1;
    }
    assert!(seen >= 4, "{seen}");
}

#[test]
fn the_schema_is_up_to_date_and_accepts_every_system() {
    let schema = fhir_assay::system::schema();
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    if is_updating() {
        fs::write(SCHEMA, &text).expect("a writable folder");
    }
    assert!(
        fs::read_to_string(SCHEMA).unwrap_or_default() == text,
        "{SCHEMA} is not what the parser knows; UPDATE=1 writes it anew"
    );
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for name in fhir_assay::system::load::names() {
        let path = Path::new("suites/systems").join(name).join("system.yaml");
        let text = fs::read_to_string(&path).expect("a readable file");
        let system = serde_yaml::from_str(&text).expect("YAML");
        let errors: Vec<String> = validator.iter_errors(&system).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {}", errors.join("\n"));
    }
}

#[test]
fn a_system_in_a_folder_is_the_one_in_the_binary() {
    for name in fhir_assay::system::load::names() {
        let loaded = load_path(&Path::new("suites/systems").join(name), true);
        assert!(loaded.problems.is_empty(), "{}", loaded.problems);
        let (folder, of_folder) = loaded.strict().expect("a whole system");
        let (binary, of_binary) = fhir_assay::system::load(name)
            .expect("a name")
            .strict()
            .expect("a whole system");
        assert_eq!(folder.name.value, name);
        assert_eq!(folder.deviations.len(), binary.deviations.len());
        let ids = |suites: &[std::sync::Arc<fhir_assay::suite::Suite>]| -> Vec<String> {
            suites.iter().map(|suite| suite.id.as_str().to_owned()).collect()
        };
        assert_eq!(ids(&of_folder), ids(&of_binary));
    }
    assert!(fhir_assay::system::load("none-of-that-name").is_none());
}
