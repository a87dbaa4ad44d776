//! FHIR releases and the two ways in which they are written.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A FHIR release that suites can be written for.
///
/// Ordered by age, so that "R5 and later" is `>= FhirVersion::R5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub enum FhirVersion {
    #[serde(rename = "DSTU2")]
    Dstu2,
    R4,
    R4B,
    R5,
    R6,
}

/// A text that names no release known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no FHIR release; known are DSTU2, R4, R4B, R5 and R6")]
pub struct UnknownVersion(pub String);

impl FhirVersion {
    /// Every release, oldest first.
    pub const ALL: [Self; 5] = [Self::Dstu2, Self::R4, Self::R4B, Self::R5, Self::R6];

    /// The releases that the RESTful API page of the catalogue covers.
    pub const HTTP: [Self; 4] = [Self::R4, Self::R4B, Self::R5, Self::R6];

    /// `R4`, as people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dstu2 => "DSTU2",
            Self::R4 => "R4",
            Self::R4B => "R4B",
            Self::R5 => "R5",
            Self::R6 => "R6",
        }
    }

    /// The value of the `fhirVersion` media type parameter, `major.minor` (`http.html#version-parameter`).
    #[must_use]
    pub const fn major_minor(self) -> &'static str {
        match self {
            Self::Dstu2 => "1.0",
            Self::R4 => "4.0",
            Self::R4B => "4.3",
            Self::R5 => "5.0",
            Self::R6 => "6.0",
        }
    }

    /// The full version number, as `CapabilityStatement.fhirVersion` of a server of this release holds it. Of R6 it is
    /// the ballot that the catalogue is read from.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::Dstu2 => "1.0.2",
            Self::R4 => "4.0.1",
            Self::R4B => "4.3.0",
            Self::R5 => "5.0.0",
            Self::R6 => "6.0.0-ballot2",
        }
    }

    /// The release of a full version number as `CapabilityStatement.fhirVersion` holds it, such as `4.0.1`.
    /// `None` for a release that is not covered, STU3 for example.
    #[must_use]
    pub fn of_number(number: &str) -> Option<Self> {
        let mut parts = number.split(['.', '-']);
        match (parts.next()?, parts.next()) {
            ("1", Some("0")) => Some(Self::Dstu2),
            ("4", Some("0")) => Some(Self::R4),
            // 4.1 and 4.2 were ballots of R4B and R5; only 4.3 was published as R4B.
            ("4", Some("3")) => Some(Self::R4B),
            ("5", Some("0")) => Some(Self::R5),
            ("6", _) => Some(Self::R6),
            _ => None,
        }
    }

    /// The folder of the published specification of this release, without a slash at the end.
    #[must_use]
    pub const fn spec_base(self) -> &'static str {
        match self {
            Self::Dstu2 => "https://hl7.org/fhir/DSTU2",
            Self::R4 => "https://hl7.org/fhir/R4",
            Self::R4B => "https://hl7.org/fhir/R4B",
            Self::R5 => "https://hl7.org/fhir/R5",
            Self::R6 => "https://hl7.org/fhir/6.0.0-ballot2",
        }
    }
}

impl fmt::Display for FhirVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for FhirVersion {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        Self::ALL
            .into_iter()
            .find(|version| version.name().eq_ignore_ascii_case(text))
            .or_else(|| Self::of_number(text))
            .ok_or_else(|| UnknownVersion(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_understood() {
        assert_eq!("r4b".parse(), Ok(FhirVersion::R4B));
        assert_eq!("4.0.1".parse(), Ok(FhirVersion::R4));
        assert_eq!(FhirVersion::of_number("6.0.0-ballot2"), Some(FhirVersion::R6));
        assert_eq!(FhirVersion::of_number("3.0.2"), None);
        for release in FhirVersion::ALL {
            assert_eq!(FhirVersion::of_number(release.number()), Some(release));
        }
        assert_eq!("STU3".parse::<FhirVersion>(), Err(UnknownVersion("STU3".into())));
    }
}
