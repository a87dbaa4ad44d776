//! One archive a release: `schemas/fhir/<release>/*.schema.json`, each deflated on its own, so that a type is opened
//! without the others. Read by `fhir::schema::archive`.
//!
//! Layout, numbers in little endian: `u32` count; for each file `u16` length of its name, the name without
//! `.schema.json`, `u32` offset of its data from the end of this list, `u32` length; then the data.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;

const RELEASES: [&str; 4] = ["r4", "r4b", "r5", "r6"];

/// Writes `schemas-<release>.pack` into the build's output folder, an empty one for a release without schemas.
pub fn pack() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let schemas = root.join("schemas/fhir");
    println!("cargo::rerun-if-changed={}", schemas.display());
    for release in RELEASES {
        let folder = schemas.join(release);
        let archive = if folder.is_dir() {
            archive(&folder)?
        } else {
            0_u32.to_le_bytes().to_vec()
        };
        fs::write(output.join(format!("schemas-{release}.pack")), archive)?;
    }
    Ok(())
}

fn archive(folder: &Path) -> io::Result<Vec<u8>> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.to_string_lossy().ends_with(".schema.json"));
    paths.sort();
    let mut list = u32::try_from(paths.len())
        .map_err(io::Error::other)?
        .to_le_bytes()
        .to_vec();
    let mut data = Vec::new();
    for path in paths {
        let document: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(document.to_string().as_bytes())?;
        let packed = encoder.finish()?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .replace(".schema.json", "");
        list.extend(u16::try_from(name.len()).map_err(io::Error::other)?.to_le_bytes());
        list.extend(name.as_bytes());
        list.extend(u32::try_from(data.len()).map_err(io::Error::other)?.to_le_bytes());
        list.extend(u32::try_from(packed.len()).map_err(io::Error::other)?.to_le_bytes());
        data.extend(packed);
    }
    list.extend(data);
    Ok(list)
}
