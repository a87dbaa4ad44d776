//! Turns the requirement catalogue, YAML that people edit, into one JSON text that the binary reads in a millisecond, and packs
//! the FHIR schemas of each release into one archive.

#[path = "build/schemas.rs"]
mod schemas;

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=suites");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    schemas::pack().map_err(|error| format!("the FHIR schemas cannot be packed: {error}"))?;
    let mut files = Vec::new();
    for folder in ["suites/requirements/http", "suites/requirements/systems"] {
        files.extend(yaml_files(Path::new(folder))?);
    }
    let mut catalogue = serde_json::Map::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let entries: serde_json::Value =
            serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        catalogue.insert(file.to_string_lossy().into_owned(), entries);
    }
    let out = Path::new(&env::var("OUT_DIR")?).join("catalogue.json");
    fs::write(out, serde_json::to_string(&catalogue)?)?;
    Ok(())
}

/// The YAML files of a folder, in the order of their names.
fn yaml_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    Ok(files)
}
