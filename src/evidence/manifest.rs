//! The manifest: what the evidence is about, and the SHA-256 of each of its files.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fhir::FhirVersion;
use crate::verdict::{RunResult, ToolInfo, Verdict};

/// The version of this format.
const FORMAT: u32 = 1;

/// What the evidence is about, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this format.
    pub format: u32,
    /// When it was put together: an RFC 3339 instant in UTC.
    pub made: String,
    /// What the run was and came to.
    pub run: RunMark,
    /// Every other file, but for the signature.
    pub files: Vec<MarkedFile>,
}

/// What a run was and came to, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunMark {
    /// The program that ran.
    pub tool: ToolInfo,
    /// The base URL of the server.
    pub base: String,
    /// The release that was tested.
    pub release: FhirVersion,
    /// When the run began.
    pub started: String,
    /// The verdict on the whole.
    pub verdict: Verdict,
    /// The files of the suites that were run.
    pub suites: Vec<String>,
    /// The description of the system that was run, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The packages and definitions of profiles that bodies were judged by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
}

/// A file of the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkedFile {
    /// Its path inside the evidence.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of its content in hexadecimal digits.
    pub sha256: String,
}

impl RunMark {
    /// The mark of a result.
    #[must_use]
    pub fn of(result: &RunResult, suites: Vec<String>, system: Option<String>, profiles: Vec<String>) -> Self {
        Self {
            tool: result.tool.clone(),
            base: result.target.base.clone(),
            release: result.target.release,
            started: result.started.clone(),
            verdict: result.verdict,
            suites,
            system,
            profiles,
        }
    }
}

impl Manifest {
    pub(super) fn new(run: RunMark, files: Vec<MarkedFile>) -> Self {
        Self {
            format: FORMAT,
            made: format!("{:.3}", Timestamp::now()),
            run,
            files,
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// Other content, and another version of the format.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if manifest.format == FORMAT {
            Ok(manifest)
        } else {
            Err(format!(
                "it has format {}; this program reads format {FORMAT}",
                manifest.format
            ))
        }
    }
}

/// The JSON Schema of manifests: `schemas/evidence.schema.json`.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Manifest);
    schema.insert("title".into(), "The manifest of evidence of fhir-assay".into());
    schema.to_value()
}
