//! Values of options, read from text.

use std::path::PathBuf;
use std::time::Duration;

use super::CLAIMED;
use crate::fhir::{FhirVersion, ResourceType};
use crate::report::Format;
use crate::suite::parse::nearest;

/// A resource type of any release, or the word for all that a server claims.
pub(super) fn resource_type(text: &str) -> Result<String, String> {
    let releases = [FhirVersion::R4, FhirVersion::R4B, FhirVersion::R5, FhirVersion::R6];
    if text == CLAIMED
        || releases
            .iter()
            .any(|release| ResourceType::parse(*release, text).is_some())
    {
        return Ok(text.to_owned());
    }
    let known = releases.iter().flat_map(|release| ResourceType::all(*release));
    Err(match nearest(text, known.map(|known| known.name()).chain([CLAIMED])) {
        Some(name) => format!("no release has such a resource type; did you mean `{name}`?"),
        None => "no release has such a resource type; write names such as Patient,Observation, or `claimed`".to_owned(),
    })
}

/// A format and where its report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The format.
    pub format: Format,
    /// The file; `-` is standard output.
    pub path: PathBuf,
}

pub(super) fn output(text: &str) -> Result<Output, String> {
    let (format, path) = text
        .split_once('=')
        .ok_or("write FORMAT=PATH, for example html=report.html")?;
    if path.is_empty() {
        return Err("the path is missing after `=`".into());
    }
    Ok(Output {
        format: format
            .parse()
            .map_err(|error: crate::report::UnknownFormat| error.to_string())?,
        path: path.into(),
    })
}

/// `30s`, `500ms`, `2m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|next: char| !next.is_ascii_digit() && next != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let scale = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err("write a number and a unit: 500ms, 30s or 2m".into()),
    };
    let seconds = number.parse::<f64>().map_err(|_| "the number is missing".to_owned())? * scale;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("it has to be more than nothing".into()),
    }
}

pub(super) fn unknown(noun: &str, text: &str, known: impl Iterator<Item = &'static str>, all: &str) -> String {
    match nearest(text, known) {
        Some(name) => format!("there is no such {noun}; did you mean `{name}`?"),
        None => format!("there is no such {noun}; `fhir-assay {all}` names them all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for text in ["", "5", "s", "0s", "-1s", "1h", "1e400s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn outputs_name_format_and_path() {
        assert_eq!(output("html=a=b.html").unwrap().path, PathBuf::from("a=b.html"));
        for text in ["html", "html=", "pdf=x"] {
            assert!(output(text).is_err(), "{text}");
        }
    }
}
