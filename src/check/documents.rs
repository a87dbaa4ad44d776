//! Documents judged one after another: JSON, XML, or NDJSON line by line, in memory that does not grow with them.
//!
//! ```
//! use fhir_assay::check::documents::Documents;
//!
//! let mut documents = Documents::new(None);
//! documents.read("ada.json", r#"{"resourceType": "Patient", "gender": "femal"}"#.as_bytes());
//! let report = documents.finish();
//! assert_eq!(report.invalid(), 1);
//! assert_eq!(report.files[0].findings[0].mismatch.mend.as_ref().unwrap().text, "write `female`");
//! ```

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, Read};

use serde_json::Value;

use super::excerpt::BodyText;
use super::expectation::of_body;
use super::json::{self, Json};
use super::violation;
use crate::fhir::profile::Profiles;
use crate::fhir::schema::Schemas;
use crate::fhir::validate::{BrokenRule, Unchecked, Validator, Violation};
use crate::fhir::{FhirVersion, Severity, xml};
use crate::source::{SourceFile, Span};
use crate::verdict::validation::{BodyFinding, FORMAT, FileReport, ValidationReport};
use crate::verdict::{Excerpt, Mismatch, Outcome, ToolInfo, Verdict};

/// A document, or a line of NDJSON, is not read when it is longer.
const LONGEST: u64 = 256 * 1024 * 1024;
/// More causes than this are not told one by one, in all files together.
const TOLD: usize = 1000;
/// More kinds of things that were not checked than this are not told apart.
const UNCHECKED: usize = 2000;

/// Judges documents, and keeps what is to be reported.
#[derive(Debug)]
pub struct Documents {
    release: Option<FhirVersion>,
    profiles: Profiles,
    files: Vec<FileReport>,
    known: HashMap<(Outcome, BrokenRule, String), usize>,
    told: usize,
    unchecked: BTreeMap<Unchecked, u64>,
    no_resources: u64,
}

/// A document and where it was found.
struct Document<'a> {
    file: &'a str,
    line: u64,
    text: &'a str,
}

impl Documents {
    /// Judges by the definitions of a release; where none is given, of the release that a body tells (`fhirVersion`), and R4.
    #[must_use]
    pub fn new(release: Option<FhirVersion>) -> Self {
        Self {
            release,
            profiles: Profiles::default(),
            files: Vec::new(),
            known: HashMap::new(),
            told: 0,
            unchecked: BTreeMap::new(),
            no_resources: 0,
        }
    }

    /// Judges also by the profiles that resources claim in `meta.profile`, as far as they are among these.
    #[must_use]
    pub fn with_profiles(mut self, profiles: Profiles) -> Self {
        self.profiles = profiles;
        self
    }

    /// Judges what a file holds: one document, or one on each line. What cannot be read is a finding, too.
    pub fn read(&mut self, name: &str, input: impl BufRead) {
        self.begin(name);
        if let Err(error) = self.stream(name, input, false) {
            self.unread(name, &error.to_string());
        }
        self.end();
    }

    /// Judges a file that was found in a folder, where JSON of other things may lie beside resources: it is only counted.
    pub fn read_found(&mut self, name: &str, input: impl BufRead) {
        self.begin(name);
        if let Err(error) = self.stream(name, input, true) {
            self.unread(name, &error.to_string());
        }
        let is_nothing = |file: &FileReport| file.resources == 0 && file.unreadable == 0;
        if self.files.last().is_some_and(is_nothing) {
            self.files.pop();
            self.no_resources += 1;
        } else {
            self.end();
        }
    }

    /// Tells of a file that could not be read, and why.
    pub fn unreadable(&mut self, name: &str, why: &str) {
        self.begin(name);
        self.unread(name, why);
        self.end();
    }

    /// What came of it.
    #[must_use]
    pub fn finish(self) -> ValidationReport {
        let mut not_checked = violation::not_checked(&self.unchecked);
        if self.no_resources > 0 {
            let files = if self.no_resources == 1 { "file" } else { "files" };
            not_checked.push(format!(
                "{} {files} found in folders: JSON without resourceType or XML of something else, so no resource.",
                self.no_resources
            ));
        }
        ValidationReport {
            format: FORMAT,
            tool: ToolInfo {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            started: String::new(),
            duration_us: 0,
            verdict: worst(self.files.iter().map(|file| file.verdict)),
            files: self.files,
            not_checked,
        }
    }

    fn begin(&mut self, name: &str) {
        self.known.clear();
        self.files.push(FileReport {
            file: name.to_owned(),
            verdict: Verdict::Skip,
            resources: 0,
            invalid: 0,
            warned: 0,
            unreadable: 0,
            findings: Vec::new(),
            untold: 0,
        });
    }

    fn end(&mut self) {
        let Some(file) = self.files.last_mut() else { return };
        file.verdict = if file.unreadable > 0 {
            Verdict::Error
        } else if file.invalid > 0 {
            Verdict::Fail
        } else if file.warned > 0 {
            Verdict::Warning
        } else if file.resources > 0 {
            Verdict::Pass
        } else {
            Verdict::Skip
        };
    }

    fn stream(&mut self, name: &str, mut input: impl BufRead, is_found: bool) -> io::Result<()> {
        let mut bytes = Vec::new();
        let mut line = 0;
        let is_lines = [".ndjson", ".jsonl"].iter().any(|end| name.ends_with(end));
        if !next_line(&mut input, &mut bytes, &mut line)? {
            return Ok(());
        }
        let is_whole_line = is_lines || serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok();
        let mut next = Vec::new();
        if !is_whole_line {
            let rest = input.by_ref().take(LONGEST).read_to_end(&mut bytes)?;
            if rest as u64 >= LONGEST {
                return Err(too_long());
            }
        }
        loop {
            match std::str::from_utf8(&bytes) {
                Ok(text) => {
                    let text = if is_whole_line { text.trim_end() } else { text };
                    self.judge(&Document { file: name, line, text }, is_found);
                }
                Err(error) => {
                    let byte = error.valid_up_to();
                    let place = if is_whole_line {
                        format!("line {line}, ")
                    } else {
                        String::new()
                    };
                    self.unread(name, &format!("{place}byte {byte}: no UTF-8"));
                }
            }
            if !is_whole_line || !next_line(&mut input, &mut next, &mut line)? {
                return Ok(());
            }
            std::mem::swap(&mut bytes, &mut next);
        }
    }

    fn judge(&mut self, document: &Document<'_>, is_found: bool) {
        if document
            .text
            .trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n'])
            .starts_with('<')
        {
            return self.judge_xml(document, is_found);
        }
        match json::parse(document.text) {
            Ok(json) => self.judge_json(document, json, is_found),
            Err(why) => self.no_json(document, &why),
        }
    }

    /// Judges a document in XML as the JSON that it means.
    fn judge_xml(&mut self, document: &Document<'_>, is_found: bool) {
        if is_found && !document.text.contains(xml::NAMESPACE) {
            return;
        }
        let read = |release: FhirVersion| xml::read(document.text, release).map(|read| (release, read));
        let read = read(self.release.unwrap_or(FhirVersion::R4)).and_then(|(release, first)| {
            match told_release(&first.value).ok().filter(|_| self.release.is_none()) {
                Some(told) if told != release => read(told),
                _ => Ok((release, first)),
            }
        });
        let found = match read {
            Ok((_, found)) => found.faults.first().cloned().map_or(Ok(found.value), Err),
            Err(fault) => Err(fault),
        };
        match found {
            Ok(value) => {
                let document = Document {
                    file: &format!("{}, as JSON", document.file),
                    line: document.line,
                    text: &serde_json::to_string_pretty(&value).unwrap_or_default(),
                };
                let repeated = Vec::new();
                self.judge_json(&document, Json { value, repeated }, is_found);
            }
            Err(fault) => self.unjudged(document, format!("it is no XML of FHIR: {fault}"), None),
        }
    }

    fn judge_json(&mut self, document: &Document<'_>, Json { value, repeated }: Json, is_found: bool) {
        let resource_type = value.get("resourceType").and_then(Value::as_str);
        if is_found && resource_type.is_none() {
            return;
        }
        if !value.is_object() {
            return self.unjudged(
                document,
                "it is JSON, but no resource: a resource is an object".to_owned(),
                None,
            );
        }
        let release = match self.release.map_or_else(|| told_release(&value), Ok) {
            Ok(release) if Schemas::for_release(release).knows("Resource") => release,
            Ok(release) => {
                return self.unjudged(document, format!("there are no definitions of {release} at hand"), None);
            }
            Err(number) => {
                let why = format!("it is of FHIR {number}, of which there are no definitions at hand");
                return self.unjudged(document, why, None);
            }
        };
        let validator = Validator::new(release).with_profiles(self.profiles.clone());
        let mut validation = if repeated.is_empty() {
            validator.validate(&value)
        } else {
            validator.validate_bytes(document.text.as_bytes())
        };
        for unchecked in validation.unchecked.drain(..) {
            if self.unchecked.len() < UNCHECKED || self.unchecked.contains_key(&unchecked) {
                *self.unchecked.entry(unchecked).or_default() += 1;
            }
        }
        let is_valid = validation.is_valid();
        if let Some(file) = self.files.last_mut() {
            file.resources += 1;
            file.invalid += u64::from(!is_valid);
            file.warned += u64::from(is_valid && !validation.violations.is_empty());
        }
        if validation.violations.is_empty() {
            return;
        }
        let resource = match value.get("id").and_then(Value::as_str) {
            Some(id) => format!("{}/{id}", resource_type.unwrap_or("(no resourceType)")),
            None => resource_type.unwrap_or("(no resourceType)").to_owned(),
        };
        let text = BodyText::new(document.file, document.text, &value).from_line(document.line);
        for cause in validation.causes() {
            self.tell(cause, &resource, document.line, &text);
        }
    }

    fn tell(&mut self, cause: Violation, resource: &str, line: u64, text: &BodyText<'_>) {
        let Some(file) = self.files.last_mut() else { return };
        let outcome = match cause.severity {
            Severity::Fatal | Severity::Error => Outcome::Fail,
            Severity::Warning => Outcome::Warning,
            Severity::Information => Outcome::Note,
        };
        let key = (outcome, cause.rule.clone(), cause.message.clone());
        if let Some(known) = self.known.get(&key).and_then(|index| file.findings.get_mut(*index)) {
            known.resources += 1;
            known.places += cause.count as u64;
            return;
        }
        if self.told >= TOLD {
            file.untold += 1;
            return;
        }
        self.told += 1;
        self.known.insert(key, file.findings.len());
        let places = cause.count as u64;
        let once = Violation { count: 1, ..cause };
        file.findings.push(BodyFinding {
            outcome,
            resource: resource.to_owned(),
            line,
            mismatch: violation::mismatch(&once, Some(text)),
            rule: Some(once.rule),
            resources: 1,
            places,
        });
    }

    fn no_json(&mut self, document: &Document<'_>, why: &str) {
        let excerpt = serde_json::from_str::<serde::de::IgnoredAny>(document.text)
            .err()
            .map(|error| {
                let file = SourceFile::new(document.file, document.text);
                let start: usize = document
                    .text
                    .split_inclusive('\n')
                    .take(error.line().saturating_sub(1))
                    .map(str::len)
                    .sum();
                let mut byte = (start + error.column().saturating_sub(1)).min(document.text.len());
                while !document.text.is_char_boundary(byte) {
                    byte -= 1;
                }
                let mut site = super::excerpt::short_site(&file, Span::new(byte..byte + 1));
                site.line = site
                    .line
                    .saturating_add(u32::try_from(document.line - 1).unwrap_or(u32::MAX));
                Excerpt { site, mended: None }
            });
        self.unjudged(document, format!("it is no JSON: {why}"), excerpt);
    }

    fn unread(&mut self, name: &str, why: &str) {
        let document = Document {
            file: name,
            line: 1,
            text: "",
        };
        self.unjudged(&document, why.to_owned(), None);
    }

    /// A document that could not be judged; NDJSON may have a million of them.
    fn unjudged(&mut self, document: &Document<'_>, why: String, excerpt: Option<Excerpt>) {
        let Some(file) = self.files.last_mut() else { return };
        file.unreadable += 1;
        if self.told >= TOLD {
            file.untold += 1;
            return;
        }
        self.told += 1;
        let mut mismatch: Box<Mismatch> = of_body(why);
        mismatch.excerpt = excerpt;
        file.findings.push(BodyFinding {
            outcome: Outcome::Unjudged,
            resource: format!("{}:{}", document.file, document.line),
            line: document.line,
            rule: None,
            resources: 1,
            places: 1,
            mismatch,
        });
    }
}

/// Reads the next line that is not blank; `false` at the end.
fn next_line(input: &mut impl BufRead, bytes: &mut Vec<u8>, line: &mut u64) -> io::Result<bool> {
    loop {
        bytes.clear();
        let read = input.by_ref().take(LONGEST).read_until(b'\n', bytes)?;
        if read == 0 {
            return Ok(false);
        }
        if read as u64 >= LONGEST {
            return Err(too_long());
        }
        *line += 1;
        if !bytes.trim_ascii().is_empty() {
            return Ok(true);
        }
    }
}

fn too_long() -> io::Error {
    io::Error::other(format!(
        "a document has more than {} MB, which is more than is read at once; as NDJSON, its resources can be read one by one",
        LONGEST / 1024 / 1024
    ))
}

/// The release that a body tells, R4 where it tells none.
///
/// # Errors
/// The number of a release that is not known here.
fn told_release(body: &Value) -> Result<FhirVersion, String> {
    let told = match body.get("fhirVersion") {
        Some(Value::String(number)) => Some(number.as_str()),
        Some(Value::Array(numbers)) => numbers.first().and_then(Value::as_str),
        _ => None,
    };
    // Something else is an error of the body, which the judge tells.
    let is_number = |text: &&str| text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('.');
    told.filter(is_number).map_or(Ok(FhirVersion::R4), |number| {
        FhirVersion::of_number(number).ok_or_else(|| number.chars().take(30).collect())
    })
}

fn worst(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    verdicts.max().unwrap_or(Verdict::Skip)
}

#[cfg(test)]
mod tests;
