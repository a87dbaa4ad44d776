//! The smallest change that makes something right.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The smallest change that would make a finding go away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mend {
    /// What to do, in a sentence.
    pub text: String,
    /// What the property's name or its value should be instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Value>,
}

impl Mend {
    /// Something to do for which nobody can say what to write.
    #[must_use]
    pub fn told(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            replacement: None,
        }
    }

    /// Something to write instead.
    #[must_use]
    pub fn with(replacement: impl Into<Value>) -> Self {
        let replacement = replacement.into();
        Self {
            text: format!("write `{}`", short(&text_of(&replacement))),
            replacement: Some(replacement),
        }
    }

    /// Whether the sentence says no more than the replacement.
    #[must_use]
    pub fn says_only_what_to_write(&self) -> bool {
        let plain = self.replacement.clone().map(Self::with);
        plain.is_some_and(|plain| plain.text == self.text)
    }

    /// The replacement as text, where the sentence does not hold it already.
    #[must_use]
    pub fn unsaid(&self) -> Option<String> {
        let shown = self.replacement.as_ref().map(text_of)?;
        (!self.text.contains(&shown)).then_some(shown)
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text of a length that fits into a sentence.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(60) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}
