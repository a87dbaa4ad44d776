//! Turns the requirement catalogue, YAML that people edit, into lines that the binary reads in a moment.
//!
//! `file PATH` begins a file, `id ID` a requirement; each further line is a field and its value. In values a line break is
//! written `\n` and a backslash `\\`. Lists and mappings have a line for each item, and what is a tree is JSON. Read by
//! `requirement::lines`.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// Writes `catalogue.txt` into the build's output folder.
pub fn convert() -> Result<(), Box<dyn Error>> {
    let mut lines = String::new();
    for folder in ["suites/requirements/http", "suites/requirements/systems"] {
        for file in yaml_files(Path::new(folder))? {
            let text = fs::read_to_string(&file)?;
            let entries: Vec<Map<String, Value>> =
                serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
            line(&mut lines, "file", &file.to_string_lossy())?;
            for mut entry in entries {
                let id = entry
                    .remove("id")
                    .ok_or_else(|| format!("{}: an entry has no id", file.display()))?;
                value(&mut lines, "id", &id)?;
                for (name, field) in &entry {
                    value(&mut lines, name, field)?;
                }
            }
        }
    }
    let out = Path::new(&env::var("OUT_DIR")?).join("catalogue.txt");
    fs::write(out, lines)?;
    Ok(())
}

fn value(lines: &mut String, name: &str, field: &Value) -> Result<(), Box<dyn Error>> {
    match (name, field) {
        (_, Value::Null) => Ok(()),
        (_, Value::String(text)) => line(lines, name, text),
        ("applies-if" | "trial-use", Value::Array(items)) => {
            line(lines, name, "")?;
            items.iter().try_for_each(|item| value(lines, "-", item))
        }
        ("versions" | "differs" | "section", Value::Object(members)) => {
            line(lines, name, "")?;
            for (key, member) in members {
                let text = member.as_str().map_or_else(|| member.to_string(), str::to_owned);
                line(lines, "-", &format!("{key} {text}"))?;
            }
            Ok(())
        }
        _ => line(lines, name, &field.to_string()),
    }
}

fn line(lines: &mut String, name: &str, text: &str) -> Result<(), Box<dyn Error>> {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    writeln!(lines, "{name} {text}")?;
    Ok(())
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
