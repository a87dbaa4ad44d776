//! Evidence: all that a run was and said, in one folder or ZIP file, with a manifest by which every change is seen.

pub mod archive;
pub mod manifest;
pub mod signature;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

pub use archive::ArchiveError;
pub use manifest::{Manifest, MarkedFile, RunMark};
pub use signature::{PublicKey, SigningKey};

/// The name of the manifest.
pub const MANIFEST: &str = "manifest.json";
/// The name of its signature.
pub const SIGNATURE: &str = "manifest.sig";

/// Files by their path inside the evidence, with `/` between folders.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What became of the looking at a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signed {
    /// There is no signature.
    No,
    /// There is one, and nobody gave a key to look at it with.
    NotLookedAt,
    /// There is one, and it is of the key that was given.
    Yes,
}

/// Adds the manifest to the files of a run, and its signature where there is a key.
///
/// # Errors
/// Where the manifest cannot be written as JSON.
pub fn seal(mut files: Files, run: RunMark, key: Option<&SigningKey>) -> Result<Files, serde_json::Error> {
    let listed = files.iter().map(|(path, bytes)| MarkedFile {
        path: path.clone(),
        bytes: bytes.len() as u64,
        sha256: sha256(bytes),
    });
    let manifest = Manifest::new(run, listed.collect());
    let mut bytes = serde_json::to_vec_pretty(&manifest)?;
    bytes.push(b'\n');
    if let Some(key) = key {
        files.insert(SIGNATURE.to_owned(), key.sign(&bytes).into_bytes());
    }
    files.insert(MANIFEST.to_owned(), bytes);
    Ok(files)
}

/// Compares the files with their manifest.
///
/// # Errors
/// Everything that is not as the manifest says, one sentence each.
pub fn examine(files: &Files, key: Option<&PublicKey>) -> Result<(Manifest, Signed), Vec<String>> {
    let Some(bytes) = files.get(MANIFEST) else {
        return Err(vec![format!(
            "there is no {MANIFEST}: this is no evidence of fhir-assay"
        )]);
    };
    let mut problems = Vec::new();
    let signed = match (files.get(SIGNATURE), key) {
        (None, None) => Signed::No,
        (None, Some(_)) => {
            problems.push(format!(
                "there is no {SIGNATURE}, though a key was given: it is not signed"
            ));
            Signed::No
        }
        (Some(_), None) => Signed::NotLookedAt,
        (Some(signature), Some(key)) => {
            if !key.verifies(bytes, signature) {
                problems.push(format!(
                    "{SIGNATURE} is no signature of {MANIFEST} by the key that was given"
                ));
            }
            Signed::Yes
        }
    };
    let manifest = match Manifest::read(bytes) {
        Ok(manifest) => manifest,
        Err(why) => {
            problems.push(format!("{MANIFEST}: {why}"));
            return Err(problems);
        }
    };
    let mut listed = std::collections::BTreeSet::new();
    for file in &manifest.files {
        if !listed.insert(file.path.as_str()) {
            problems.push(format!("{} is listed twice", file.path));
        }
        match files.get(&file.path) {
            None => problems.push(format!("{} is missing", file.path)),
            Some(bytes) if bytes.len() as u64 != file.bytes || sha256(bytes) != file.sha256 => {
                problems.push(format!("{} was changed: it is not what the manifest lists", file.path));
            }
            Some(_) => {}
        }
    }
    let is_extra = |path: &&String| !listed.contains(path.as_str()) && ![MANIFEST, SIGNATURE].contains(&path.as_str());
    problems.extend(
        files
            .keys()
            .filter(is_extra)
            .map(|path| format!("{path} was added: the manifest does not list it")),
    );
    if problems.is_empty() {
        Ok((manifest, signed))
    } else {
        Err(problems)
    }
}

/// The SHA-256 of some bytes in hexadecimal digits.
fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests;
