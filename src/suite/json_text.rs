//! JSON as text: a tree of values takes six times the room, and a run holds the bodies of thousands of cases.

use serde_json::Value;

/// JSON data that was written in a suite, in its shortest text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonText(Box<str>);

impl JsonText {
    /// The text of data.
    #[must_use]
    pub fn new(value: &Value) -> Self {
        Self(value.to_string().into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The data. Suites nest 64 levels deep at most, and JSON is read to a depth of 128.
    ///
    /// # Panics
    /// Where data was nested deeper.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.0).expect("JSON that was written from data can be read")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn data_comes_back_as_it_was() {
        let number: Value = serde_json::from_str("1.10e2").unwrap();
        for value in [
            json!({ "b": [1, null, true], "a": { "text": "\"\\\u{1}é\u{2028}" } }),
            json!("${id}"),
            number,
        ] {
            let text = JsonText::new(&value);
            assert_eq!(text.value(), value);
            assert_eq!(text.value().to_string(), text.as_str());
        }
    }

    #[test]
    fn the_deepest_data_of_a_suite_comes_back() {
        let deepest = (0..100).fold(json!(1), |value, _| json!([value]));
        assert_eq!(JsonText::new(&deepest).value(), deepest);
    }
}
