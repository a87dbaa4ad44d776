//! The form in which the binary carries the catalogue: pieces of known length, as `build/catalogue.rs` writes them and
//! describes them. A run reads all of it at its start, so that it has to be quick.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error;

use super::{Difference, Kept, Requirement, RequirementId, Section};

/// What is left of the text.
struct Pieces {
    rest: &'static str,
}

impl Pieces {
    /// A number and its colon.
    fn number(&mut self) -> Option<usize> {
        let mut number = 0;
        for (at, byte) in self.rest.bytes().enumerate() {
            match byte {
                b'0'..=b'9' => number = usize::min(number, 1 << 32) * 10 + usize::from(byte - b'0'),
                b':' if at > 0 => {
                    self.rest = &self.rest[at + 1..];
                    return Some(number);
                }
                _ => return None,
            }
        }
        None
    }

    /// The next piece, or nothing where it is absent.
    fn optional(&mut self) -> Result<Option<&'static str>, String> {
        if let Some(rest) = self.rest.strip_prefix('-') {
            self.rest = rest;
            return Ok(None);
        }
        let piece = self.number().and_then(|length| self.rest.split_at_checked(length));
        let (piece, rest) = piece.ok_or("a piece is cut off")?;
        self.rest = rest;
        Ok(Some(piece))
    }

    fn text(&mut self) -> Result<Cow<'static, str>, String> {
        self.optional().map(|piece| piece.unwrap_or_default().into())
    }

    /// A word of a small set, as the catalogue writes it.
    fn word<T: Deserialize<'static>>(&mut self) -> Result<T, String> {
        let word = self.optional()?.unwrap_or_default();
        T::deserialize(word.into_deserializer()).map_err(|error: Error| error.to_string())
    }

    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        let count = self.number().ok_or("a list has no count")?;
        (0..count).map(|_| item(self)).collect()
    }

    fn mapping<K, T>(&mut self, value: impl Fn(&str) -> Result<T, String>) -> Result<BTreeMap<K, T>, String>
    where
        K: Deserialize<'static> + Ord,
    {
        let count = self.number().ok_or("a mapping has no count")?;
        let mut members = BTreeMap::new();
        for _ in 0..count {
            let key = self.word()?;
            members.insert(key, value(self.optional()?.unwrap_or_default())?);
        }
        Ok(members)
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        Ok(Requirement {
            id: RequirementId::new(self.optional()?.unwrap_or_default()),
            level: self.word()?,
            actor: self.word()?,
            basis: self.word()?,
            testable: self.word()?,
            statement: self.text()?,
            why_not: self.optional()?.map(Cow::Borrowed),
            how_to_test: self.text()?,
            mutant: self.text()?,
            notes: self.optional()?.map(Cow::Borrowed),
            source: self.optional()?.map(Cow::Borrowed),
            example: self.optional()?.map(Kept::new),
            table: self.optional()?.map(Kept::new),
            section: Section {
                number: self.text()?,
                anchor: self.text()?,
            },
            applies_if: self.list(Self::text)?,
            trial_use: self.list(Self::word)?,
            versions: self.mapping(|holds| holds.parse().map_err(|_| format!("`{holds}` is not true or false")))?,
            differs: self.mapping(|difference| {
                serde_json::from_str::<Difference>(difference).map_err(|error| error.to_string())
            })?,
        })
    }
}

/// Hands each requirement to `take`, with the file that it is written in.
///
/// # Errors
/// Where the text is none that the build writes.
pub(super) fn read(text: &'static str, mut take: impl FnMut(Requirement, &'static str)) -> Result<(), String> {
    let mut pieces = Pieces { rest: text };
    while !pieces.rest.is_empty() {
        let file = pieces.optional()?.unwrap_or_default();
        let requirement = pieces.requirement().map_err(|error| format!("{file}: {error}"))?;
        take(requirement, file);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_damaged_is_refused_and_never_a_panic() {
        let whole = include_str!(concat!(env!("OUT_DIR"), "/catalogue.txt"));
        let mut pieces = Pieces { rest: whole };
        pieces.optional().unwrap();
        pieces.requirement().unwrap();
        let first = whole.len() - pieces.rest.len();
        for end in (1..first).filter(|end| whole.is_char_boundary(*end)) {
            assert!(read(&whole[..end], |_, _| ()).is_err(), "{}", &whole[..end]);
        }
        for text in ["x", ":", "99999999999:a", "3:ä", "-", "1:a1:b"] {
            assert!(read(text, |_, _| ()).is_err(), "{text}");
        }
    }
}
