//! Turns the requirement catalogue, YAML that people edit, into one JSON text that the binary reads in a millisecond.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Writes `catalogue.json` into the build's output folder: file names to lists of requirements.
pub fn convert() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=suites/requirements");
    let mut catalogue = serde_json::Map::new();
    for folder in ["suites/requirements/http", "suites/requirements/systems"] {
        for file in yaml_files(Path::new(folder))? {
            let text = fs::read_to_string(&file)?;
            let entries: serde_json::Value =
                serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
            catalogue.insert(file.to_string_lossy().into_owned(), entries);
        }
    }
    let out = Path::new(&env::var("OUT_DIR")?).join("catalogue.json");
    fs::write(out, serde_json::to_string(&catalogue)?)?;
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
