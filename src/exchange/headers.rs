//! Header lines in their order, found without case.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Header lines as `[name, value]` pairs, in order. Bytes that are not UTF-8 are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// No headers.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of the first header of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let line = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        line.map(|(_, value)| value.as_str())
    }

    /// The values of every header of that name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Adds a line at the end.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Puts one line in the place of all of that name.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.push(name, value);
    }

    /// Takes every line of that name away.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Keeps only the lines for which `keeps` is true of name and value.
    pub fn retain(&mut self, keeps: impl Fn(&str, &str) -> bool) {
        self.0.retain(|(name, value)| keeps(name, value));
    }

    /// Gives a value to every line whose name is `meant`.
    pub fn overwrite(&mut self, meant: impl Fn(&str) -> bool, value: &str) {
        for (_, old) in self.0.iter_mut().filter(|(name, _)| meant(name)) {
            value.clone_into(old);
        }
    }

    /// All lines, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(lines: I) -> Self {
        Self(
            lines
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

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
