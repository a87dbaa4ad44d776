//! Turns the requirement catalogue, YAML that people edit, into a text that the binary reads in a moment.
//!
//! Every piece is written as its length in bytes, a colon and itself, so that nobody has to look for its end; what is absent is
//! a dash. An entry is its file, the pieces of [`PIECES`] in this order, number and anchor of its section, and then lists: a
//! count and the items, which for mappings are key and value in turn. Trees are JSON. Read by `requirement::pieces`.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

const PIECES: [&str; 13] = [
    "id",
    "level",
    "actor",
    "basis",
    "testable",
    "statement",
    "why-not",
    "how-to-test",
    "mutant",
    "notes",
    "source",
    "example",
    "table",
];
const LISTS: [&str; 2] = ["applies-if", "trial-use"];
const MAPPINGS: [&str; 2] = ["versions", "differs"];

/// Writes `catalogue.txt` into the build's output folder.
pub fn convert() -> Result<(), Box<dyn Error>> {
    let mut written = String::new();
    for folder in ["suites/requirements/http", "suites/requirements/systems"] {
        for file in yaml_files(Path::new(folder))? {
            let text = fs::read_to_string(&file)?;
            let name = file.to_string_lossy();
            let entries: Vec<Map<String, Value>> =
                serde_yaml::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
            for entry in entries {
                piece(&mut written, Some(&name))?;
                add(&mut written, entry).map_err(|error| format!("{name}: {error}"))?;
            }
        }
    }
    let out = Path::new(&env::var("OUT_DIR")?).join("catalogue.txt");
    fs::write(out, written)?;
    Ok(())
}

fn add(out: &mut String, mut entry: Map<String, Value>) -> Result<(), Box<dyn Error>> {
    for name in PIECES {
        piece(out, entry.remove(name).and_then(text).as_deref())?;
    }
    let section = entry.remove("section").unwrap_or_default();
    for name in ["number", "anchor"] {
        piece(out, section[name].as_str())?;
    }
    for name in LISTS {
        let items = entry.remove(name);
        let items = items
            .as_ref()
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        write!(out, "{}:", items.len())?;
        items.iter().try_for_each(|item| piece(out, item.as_str()))?;
    }
    for name in MAPPINGS {
        let members = entry.remove(name);
        let members = members.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        write!(out, "{}:", members.len())?;
        for (key, member) in members {
            piece(out, Some(&key))?;
            piece(out, text(member).as_deref())?;
        }
    }
    match entry.keys().next() {
        Some(unknown) => Err(format!("`{unknown}` is no field of a requirement").into()),
        None => Ok(()),
    }
}

/// A text as it is, and anything else as JSON.
fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn piece(out: &mut String, text: Option<&str>) -> std::fmt::Result {
    match text {
        Some(text) => write!(out, "{}:{text}", text.len()),
        None => write!(out, "-"),
    }
}

/// The YAML files of a folder, in the order of their names.
fn yaml_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    Ok(files)
}
