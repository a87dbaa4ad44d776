//! A body: its bytes, or what is left of them.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The body of a request or response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    #[default]
    Empty,
    /// All of it.
    Whole(Bytes),
    /// It was longer than is kept: its beginning, and its length as far as it was read.
    Cut {
        /// The first bytes.
        start: Bytes,
        /// How many bytes were read.
        length: u64,
    },
    /// It lies in the journal of the run and not here: its length in bytes.
    Elsewhere(u64),
}

impl Body {
    /// A body of these bytes; none where there are none.
    #[must_use]
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        if bytes.is_empty() {
            Self::Empty
        } else {
            Self::Whole(bytes)
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Cut { length, .. } | Self::Elsewhere(length) => *length,
        }
    }

    /// The bytes at hand: all, the beginning, or none.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Empty | Self::Elsewhere(_) => &[],
            Self::Whole(bytes) | Self::Cut { start: bytes, .. } => bytes,
        }
    }

    /// The bytes at hand as text, where they are UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()).ok()
    }

    /// The same body with at most so many bytes, cut between characters.
    #[must_use]
    pub fn cut_to(&self, most: usize) -> Self {
        match self {
            Self::Whole(bytes) | Self::Cut { start: bytes, .. } if bytes.len() > most => {
                // A byte of the form 10xxxxxx goes on with a character that began before.
                let end = (0..=most).rev().find(|&end| bytes[end] & 0xC0 != 0x80).unwrap_or(0);
                Self::Cut {
                    start: bytes.slice(..end),
                    length: self.len(),
                }
            }
            _ => self.clone(),
        }
    }
}

/// How a body is written in JSON.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Body")]
struct Written<'a> {
    /// The body, where it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    /// The body in Base64, where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// The length in bytes of the whole body, where what is given here is not all of it. Without `text` and `base64`
    /// the body lies in the journal of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut written = Written::default();
        match self {
            Self::Empty => {}
            Self::Elsewhere(length) => written.length = Some(*length),
            Self::Whole(bytes) | Self::Cut { start: bytes, .. } => {
                match std::str::from_utf8(bytes) {
                    Ok(text) => written.text = Some(Cow::Borrowed(text)),
                    Err(_) => written.base64 = Some(STANDARD.encode(bytes)),
                }
                if let Self::Cut { length, .. } = self {
                    written.length = Some(*length);
                }
            }
        }
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let bytes = match (written.text, written.base64) {
            (Some(text), None) => Some(Bytes::from(text.into_owned())),
            (None, Some(base64)) => Some(Bytes::from(STANDARD.decode(base64).map_err(D::Error::custom)?)),
            (None, None) => None,
            (Some(_), Some(_)) => return Err(D::Error::custom("a body is `text` or `base64`, not both")),
        };
        Ok(match (bytes, written.length) {
            (Some(start), Some(length)) => Self::Cut { start, length },
            (Some(bytes), None) => Self::new(bytes),
            (None, Some(length)) => Self::Elsewhere(length),
            (None, None) => Self::Empty,
        })
    }
}

impl JsonSchema for Body {
    fn schema_name() -> Cow<'static, str> {
        Written::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Written::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_survives_the_round_trip() {
        let forms = [
            Body::Empty,
            Body::new("größer"),
            Body::new(vec![0xFF, 0x00]),
            Body::new("größer").cut_to(3),
            Body::Elsewhere(2048),
        ];
        for body in forms {
            let text = serde_json::to_string(&body).unwrap();
            assert_eq!(serde_json::from_str::<Body>(&text).unwrap(), body, "{text}");
        }
    }

    #[test]
    fn a_cut_falls_between_characters() {
        let cut = Body::new("größer").cut_to(3);
        assert_eq!((cut.text(), cut.len()), (Some("gr"), 8));
        assert_eq!(Body::new("abc").cut_to(3), Body::new("abc"));
    }
}
