//! Header lines in their order, found without case.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Header lines as `[name, value]` pairs, in order. Bytes that are not UTF-8 are replaced.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<Line>);

/// A name and its value, in one piece of memory: a run keeps the lines of all its exchanges, and most are alike.
#[derive(Clone, PartialEq, Eq)]
struct Line {
    text: Arc<str>,
    /// How long the name is.
    name: usize,
}

impl Line {
    fn new(name: &str, value: &str) -> Self {
        let mut text = String::with_capacity(name.len() + value.len());
        text.push_str(name);
        text.push_str(value);
        Self {
            text: text.into(),
            name: name.len(),
        }
    }

    fn pair(&self) -> (&str, &str) {
        self.text.split_at(self.name)
    }

    fn is(&self, name: &str) -> bool {
        self.pair().0.eq_ignore_ascii_case(name)
    }
}

impl Headers {
    /// No headers.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of the first header of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|line| line.is(name)).map(|line| line.pair().1)
    }

    /// The values of every header of that name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |line| line.is(name))
            .map(|line| line.pair().1)
    }

    /// Adds a line at the end.
    pub fn push(&mut self, name: impl AsRef<str>, value: impl AsRef<str>) {
        self.0.push(Line::new(name.as_ref(), value.as_ref()));
    }

    /// Puts one line in the place of all of that name.
    pub fn set(&mut self, name: &str, value: impl AsRef<str>) {
        self.remove(name);
        self.push(name, value);
    }

    /// Takes every line of that name away.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|line| !line.is(name));
    }

    /// Keeps only the lines for which `keeps` is true of name and value.
    pub fn retain(&mut self, keeps: impl Fn(&str, &str) -> bool) {
        self.0.retain(|line| {
            let (name, value) = line.pair();
            keeps(name, value)
        });
    }

    /// Gives a value to every line whose name is `meant`.
    pub fn overwrite(&mut self, meant: impl Fn(&str) -> bool, value: &str) {
        for line in self.0.iter_mut().filter(|line| meant(line.pair().0)) {
            *line = Line::new(line.pair().0, value);
        }
    }

    /// Keeps lines that are the same in others only once.
    pub fn share_with(&mut self, others: &Self) {
        for line in &mut self.0 {
            if let Some(same) = others.0.iter().find(|other| *other == line) {
                line.text = Arc::clone(&same.text);
            }
        }
    }

    /// Gives back what memory the lines do not need.
    pub fn shrink_to_fit(&mut self) {
        self.0.shrink_to_fit();
    }

    /// All lines, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(Line::pair)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(lines: I) -> Self {
        let lines = lines.into_iter();
        Self(
            lines
                .map(|(name, value)| Line::new(name.as_ref(), value.as_ref()))
                .collect(),
        )
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let lines = Vec::<(Cow<'_, str>, Cow<'_, str>)>::deserialize(deserializer)?;
        Ok(lines.into_iter().collect())
    }
}

impl JsonSchema for Headers {
    fn schema_name() -> Cow<'static, str> {
        "Headers".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Written::json_schema(generator)
    }
}

/// Header lines as `[name, value]` pairs, in order. Bytes that are not UTF-8 are replaced.
#[derive(JsonSchema)]
#[schemars(rename = "Headers")]
#[allow(dead_code)]
struct Written(Vec<(String, String)>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_case_and_lines_keep_their_order() {
        let mut headers: Headers = [("ETag", "W/\"1\""), ("Vary", "Accept"), ("vary", "Origin")]
            .into_iter()
            .collect();
        assert_eq!(headers.get("etag"), Some("W/\"1\""));
        assert_eq!(headers.all("VARY").collect::<Vec<_>>(), ["Accept", "Origin"]);
        headers.set("VARY", "*");
        assert_eq!(headers.iter().last(), Some(("VARY", "*")));
        assert_eq!(headers.all("vary").count(), 1);
    }
}
