//! The form in which the binary carries the catalogue: a line for each field, as `build/catalogue.rs` writes it. A run reads all
//! of it at its start, so that it has to be quick.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error;

use super::{Actor, Basis, Difference, Kept, Level, Requirement, RequirementId, Section, Testable};

/// The lines of one requirement.
struct Lines<'t> {
    rest: &'t str,
}

impl<'t> Lines<'t> {
    /// The next field: its name, and its value as it is written.
    fn peek(&self) -> Option<(&'t str, &'t str, &'t str)> {
        let (line, rest) = self.rest.split_once('\n')?;
        let (name, value) = line.split_once(' ')?;
        Some((name, value, rest))
    }

    fn next(&mut self) -> Option<(&'t str, &'t str)> {
        let (name, value, rest) = self.peek()?;
        self.rest = rest;
        Some((name, value))
    }

    /// The items of a list or mapping.
    fn item(&mut self) -> Option<Cow<'t, str>> {
        let (_, value, rest) = self.peek().filter(|(name, ..)| *name == "-")?;
        self.rest = rest;
        Some(plain(value))
    }
}

/// Hands each requirement to `take`, with the file that it is written in.
///
/// # Errors
/// Where a line is none that the build writes.
pub(super) fn read<'t>(text: &'t str, mut take: impl FnMut(Requirement, &'t str)) -> Result<(), String> {
    let mut lines = Lines { rest: text };
    let mut file = "";
    while let Some((name, value)) = lines.next() {
        match name {
            "file" => file = value,
            "id" => take(
                requirement(value, &mut lines).map_err(|error| format!("{file}: {value}: {error}"))?,
                file,
            ),
            _ => return Err(format!("{file}: `{name}` stands alone")),
        }
    }
    Ok(())
}

fn requirement(id: &str, lines: &mut Lines<'_>) -> Result<Requirement, String> {
    let mut made = Requirement {
        id: RequirementId::new(id),
        level: Level::May,
        actor: Actor::Server,
        basis: Basis::Keyword,
        versions: IndexMap::new(),
        trial_use: Vec::new(),
        differs: IndexMap::new(),
        statement: String::new(),
        section: Section {
            number: String::new(),
            anchor: String::new(),
        },
        applies_if: Vec::new(),
        testable: Testable::Yes,
        why_not: None,
        how_to_test: String::new(),
        mutant: String::new(),
        notes: None,
        source: None,
        example: None,
        table: None,
    };
    while let Some((name, value, rest)) = lines.peek().filter(|(name, ..)| !matches!(*name, "id" | "file")) {
        lines.rest = rest;
        let text = || plain(value).into_owned();
        let kept = || Some(Kept::new(&plain(value)));
        match name {
            "level" => made.level = word(value)?,
            "actor" => made.actor = word(value)?,
            "basis" => made.basis = word(value)?,
            "testable" => made.testable = word(value)?,
            "statement" => made.statement = text(),
            "why-not" => made.why_not = Some(text()),
            "how-to-test" => made.how_to_test = text(),
            "mutant" => made.mutant = text(),
            "notes" => made.notes = Some(text()),
            "source" => made.source = Some(text()),
            "example" => made.example = kept(),
            "table" => made.table = kept(),
            "applies-if" => made
                .applies_if
                .extend(std::iter::from_fn(|| lines.item()).map(Cow::into_owned)),
            "trial-use" => {
                while let Some(item) = lines.item() {
                    made.trial_use.push(word(&item)?);
                }
            }
            "versions" => {
                made.versions.reserve(4);
                while let Some(item) = lines.item() {
                    let (release, holds) = pair(&item)?;
                    made.versions.insert(word(release)?, holds == "true");
                }
            }
            "differs" => {
                while let Some(item) = lines.item() {
                    let (release, difference) = pair(&item)?;
                    let difference: Difference = serde_json::from_str(difference).map_err(|error| error.to_string())?;
                    made.differs.insert(word(release)?, difference);
                }
            }
            "section" => {
                while let Some(item) = lines.item() {
                    let (name, text) = pair(&item)?;
                    match name {
                        "number" => text.clone_into(&mut made.section.number),
                        _ => text.clone_into(&mut made.section.anchor),
                    }
                }
            }
            _ => return Err(format!("`{name}` is no field")),
        }
    }
    Ok(made)
}

fn pair(item: &str) -> Result<(&str, &str), String> {
    item.split_once(' ').ok_or_else(|| format!("`{item}` is no pair"))
}

/// A word of a small set, as the catalogue writes it.
fn word<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, String> {
    T::deserialize(text.into_deserializer()).map_err(|error: Error| error.to_string())
}

fn plain(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut plain = String::with_capacity(value.len());
    let mut parts = value.chars();
    while let Some(next) = parts.next() {
        plain.push(match (next, next == '\\') {
            (_, true) if parts.next() == Some('n') => '\n',
            (next, _) => next,
        });
    }
    Cow::Owned(plain)
}
