//! `schemas/suite.schema.json` is what the tables of keys say, and agrees with the parser about real suites.
//!
//! `UPDATE=1 cargo test --test suite_language schema` writes it anew.

use std::path::{Path, PathBuf};
use std::{env, fs};

use fhir_assay::suite::{Suites, schema};
use serde_json::Value;

const FILE: &str = "schemas/suite.schema.json";

#[test]
fn the_file_is_up_to_date() {
    let mut text = serde_json::to_string_pretty(&schema::schema()).expect("a schema is JSON");
    text.push('\n');
    if env::var_os("UPDATE").is_some() {
        fs::create_dir_all("schemas").expect("a writable folder");
        fs::write(FILE, &text).expect("a writable folder");
    }
    let known = fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        known == text,
        "{FILE} is not what the parser knows; UPDATE=1 writes it anew"
    );
}

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&schema::schema()).expect("a schema")
}

fn read(path: &Path) -> Option<Value> {
    let text = fs::read_to_string(path).ok()?;
    serde_yaml::from_str(&text).ok()
}

fn suite_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            if !path.ends_with("requirements") && !path.ends_with("fixtures") {
                suite_files(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
}

#[test]
fn what_the_parser_accepts_the_schema_accepts_and_every_suite_names_it() {
    let validator = validator();
    let mut files = Vec::new();
    suite_files(Path::new("suites"), &mut files);
    files.push("tests/fuzz/whole.yaml".into());
    for path in files {
        if Suites::load([&path]).is_err() {
            continue;
        }
        let suite = read(&path).expect("a suite is YAML");
        let errors: Vec<String> = validator
            .iter_errors(&suite)
            .map(|error| format!("{}: {}: {error}", path.display(), error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
        let text = fs::read_to_string(&path).expect("a readable file");
        let first = text.lines().next().unwrap_or_default();
        let named = first
            .strip_prefix("# yaml-language-server: $schema=")
            .expect("a first line that names the schema");
        let folder = path.parent().expect("a folder");
        assert!(folder.join(named).is_file(), "{}: {named}", path.display());
    }
}

#[test]
fn what_the_schema_refuses_the_parser_refuses() {
    let validator = validator();
    let mut refused = 0;
    for entry in fs::read_dir("tests/lint").expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let Some(suite) = read(&path) else { continue };
        if !validator.is_valid(&suite) {
            refused += 1;
            let errors = Suites::read([&path]).problems.errors();
            assert!(errors > 0, "{} has no error, but the schema refuses it", path.display());
        }
    }
    assert!(refused > 30, "{refused}");
}
