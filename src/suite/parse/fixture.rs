//! Fixtures: JSON files with resource bodies.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::source::{Diagnostic, SourceFile, Span};
use crate::suite::template::Template;

/// Where fixtures come from.
pub trait FixtureSource {
    /// The body in a file, by the path that a suite's file writes.
    ///
    /// # Errors
    /// Where the file cannot be read, or holds no JSON.
    fn fixture(&self, suite: &SourceFile, path: &str) -> Result<Arc<Value>, FixtureFault>;
}

/// Why a fixture cannot be used.
#[derive(Clone, Debug)]
pub enum FixtureFault {
    /// There is no such file, or it cannot be read, for this reason.
    Unreadable(String),
    /// What is wrong inside the file.
    Wrong(Box<Diagnostic>),
}

/// Reads the JSON of a fixture, strictly: a name that stands twice in one object is an error too.
///
/// # Errors
/// What is wrong, with its place in the fixture's file.
pub fn parse_json(file: &Arc<SourceFile>) -> Result<Value, Box<Diagnostic>> {
    let text = file.text();
    let wrong = |error: &serde_json::Error, code, help: &str| {
        let place = offset(text, error.line(), error.column());
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        let found = Diagnostic::error(code, file, place, message);
        Box::new(found.with_help(help))
    };
    let value: Value = serde_json::from_str(text).map_err(|error| {
        wrong(
            &error,
            "fixture-json",
            "a fixture is one JSON value: check commas, quotes and brackets",
        )
    })?;
    if let Err(error) = serde_json::from_str::<Strict>(text) {
        return Err(wrong(
            &error,
            "fixture-duplicate-name",
            "keep one of them: of two, most readers see only one",
        ));
    }
    check_variables(file, &value)?;
    Ok(value)
}

/// The byte of a line and column as serde_json counts them: lines from 1, columns in bytes.
fn offset(text: &str, line: usize, column: usize) -> Span {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let mut byte = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let width = text[byte..]
        .chars()
        .next()
        .filter(|&next| next != '\n')
        .map_or(0, char::len_utf8);
    Span::new(byte..byte + width)
}

/// Reports the first `${` of a fixture that is no variable.
fn check_variables(file: &Arc<SourceFile>, value: &Value) -> Result<(), Box<Diagnostic>> {
    match value {
        Value::String(text) if text.contains("${") => {
            let Err(errors) = Template::parse(text) else {
                return Ok(());
            };
            let Some(error) = errors.first() else { return Ok(()) };
            let part = text.get(error.at().clone()).unwrap_or_default();
            let span = match file.text().find(part) {
                Some(start) => Span::new(start..start + part.len()),
                None => Span::default(),
            };
            let found = Diagnostic::error("bad-variable", file, span, error.to_string());
            Err(Box::new(
                found.with_help("a variable is written `${name}`; `$${` is a literal `${`"),
            ))
        }
        Value::Array(items) => items.iter().try_for_each(|item| check_variables(file, item)),
        Value::Object(members) => members.values().try_for_each(|member| check_variables(file, member)),
        _ => Ok(()),
    }
}

/// Any JSON in which no object has a name twice.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

thread_local! {
    /// Objects nest, and each needs a set of its names; a cleared one is used again.
    static SPARE: RefCell<Vec<HashSet<String>>> = const { RefCell::new(Vec::new()) };
}

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_str<E>(self, _: &str) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strict, A::Error> {
        while items.next_element::<Strict>()?.is_some() {}
        Ok(Strict)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Strict, A::Error> {
        let mut names = SPARE.with_borrow_mut(Vec::pop).unwrap_or_default();
        names.clear();
        while let Some(name) = members.next_key::<String>()? {
            if names.contains(&name) {
                return Err(serde::de::Error::custom(format_args!(
                    "the name `{name}` stands twice in one object"
                )));
            }
            names.insert(name);
            members.next_value::<Strict>()?;
        }
        SPARE.with_borrow_mut(|spare| spare.push(names));
        Ok(Strict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let file = Arc::new(SourceFile::new("fixtures/ada.json", text));
        parse_json(&file).unwrap_err().to_string()
    }

    #[test]
    fn faults_have_a_place_in_the_fixture() {
        let all = [
            "{\n  \"resourceType\": \"Patient\"\n  \"id\": 1\n}",
            "{ \"a\": { \"b\": 1.0, \"c\": [], \"b\": 2 } }",
            "{ \"a\": [\"x\", \"${1}\"] }",
            "",
        ];
        insta::assert_snapshot!(all.map(wrong).join("\n\n"));
    }

    #[test]
    fn decimals_keep_their_zeros() {
        let file = Arc::new(SourceFile::new("a.json", r#"{ "value": 72.50, "big": 1E400 }"#));
        let value = parse_json(&file).unwrap();
        assert_eq!(value["value"].to_string(), "72.50");
    }

    #[test]
    fn depth_is_limited() {
        let text = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(wrong(&text).contains("recursion limit"));
    }
}
