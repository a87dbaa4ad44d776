//! Variables: what a case knows while it runs.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde_json::Value;

use super::template::Template;

/// Names that every case knows without declaring them (`docs/suite-format.md#variables`).
pub const BUILT_IN: [&str; 8] = [
    "run.tag",
    "case.tag",
    "case.uuid",
    "base",
    "fhir.version",
    "n",
    "type",
    "fixture.type",
];

/// Variables that exist only while an expectation is judged, in FHIRPath.
pub const OF_EXPECTATIONS: [&str; 4] = ["resource", "response", "request", "matches"];

/// Values by name. A value is a collection, as in FHIRPath: one item mostly, none where a capture found nothing.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    values: IndexMap<String, Vec<Value>>,
}

/// Why a variable has no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum NoText {
    #[error("`{0}` was never captured")]
    Unset(String),
    #[error("`{0}` is empty: its capture found nothing")]
    Empty(String),
    #[error("`{name}` holds {count} values; text has room for one")]
    Many { name: String, count: usize },
    #[error("`{0}` holds a whole resource, not a text")]
    Complex(String),
}

impl Variables {
    /// Sets a variable to one value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.values.insert(name.into(), vec![value.into()]);
    }

    /// Sets a variable to a collection, which may be empty.
    pub fn set_all(&mut self, name: impl Into<String>, values: Vec<Value>) {
        self.values.insert(name.into(), values);
    }

    /// Adds values to a collection; makes it where it does not exist.
    pub fn extend(&mut self, name: &str, values: Vec<Value>) {
        match self.values.get_mut(name) {
            Some(known) => known.extend(values),
            None => self.set_all(name, values),
        }
    }

    /// Forgets a variable.
    pub fn remove(&mut self, name: &str) {
        self.values.shift_remove(name);
    }

    /// The values of a variable; `None` where it was never set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[Value]> {
        self.values.get(name).map(Vec::as_slice)
    }

    /// All variables under their FHIRPath names, in which a dot is written as a dash: `case.tag` is `%case-tag`.
    pub fn for_fhirpath(&self) -> impl Iterator<Item = (Cow<'_, str>, &[Value])> {
        self.values
            .iter()
            .map(|(name, values)| (fhirpath_name(name), values.as_slice()))
    }

    /// The one value of a variable as text.
    ///
    /// # Errors
    /// Where it has no value, several, or a complex one.
    pub fn text(&self, name: &str) -> Result<Cow<'_, str>, NoText> {
        match self.get(name) {
            None => Err(NoText::Unset(name.to_owned())),
            Some([]) => Err(NoText::Empty(name.to_owned())),
            Some([Value::String(text)]) => Ok(Cow::Borrowed(text)),
            Some([Value::Object(_) | Value::Array(_) | Value::Null]) => Err(NoText::Complex(name.to_owned())),
            Some([value]) => Ok(Cow::Owned(value.to_string())),
            Some(values) => Err(NoText::Many {
                name: name.to_owned(),
                count: values.len(),
            }),
        }
    }

    /// Fills a template in.
    ///
    /// # Errors
    /// As [`Variables::text`], for the first variable that has no text.
    pub fn fill(&self, template: &Template) -> Result<String, NoText> {
        self.fill_with(template, |text| text)
    }

    /// Fills a template in, and passes each variable's text through `encode` first.
    ///
    /// # Errors
    /// As [`Variables::text`], for the first variable that has no text.
    pub fn fill_with<'a>(
        &'a self,
        template: &Template,
        encode: impl Fn(Cow<'a, str>) -> Cow<'a, str>,
    ) -> Result<String, NoText> {
        let mut fault = None;
        let filled = template.render(|name| match self.text(name) {
            Ok(text) => Some(encode(text)),
            Err(error) => {
                fault = Some(error);
                None
            }
        });
        filled.map_err(|name| fault.unwrap_or_else(|| NoText::Unset(name.to_owned())))
    }
}

/// The name of a variable in FHIRPath, where a dot would be a step: `case.tag` becomes `case-tag`.
#[must_use]
pub fn fhirpath_name(name: &str) -> Cow<'_, str> {
    if name.contains('.') {
        Cow::Owned(name.replace('.', "-"))
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_one_plain_value_is_text() {
        let mut variables = Variables::default();
        variables.set("id", "17");
        variables.set("active", true);
        variables.set("patient", json!({}));
        variables.set_all("none", vec![]);
        variables.extend("ids", vec![json!("a")]);
        variables.extend("ids", vec![json!("b")]);
        assert_eq!(variables.text("id").unwrap(), "17");
        assert_eq!(variables.text("active").unwrap(), "true");
        for (name, message) in [
            ("patient", "`patient` holds a whole resource, not a text"),
            ("none", "`none` is empty: its capture found nothing"),
            ("ids", "`ids` holds 2 values; text has room for one"),
            ("other", "`other` was never captured"),
        ] {
            assert_eq!(variables.text(name).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn templates_are_filled_and_encoded() {
        let mut variables = Variables::default();
        variables.set("case.tag", "a b");
        let template = Template::parse("Patient?name=${case.tag}").unwrap();
        assert_eq!(variables.fill(&template).unwrap(), "Patient?name=a b");
        let encoded = variables.fill_with(&template, |text| text.replace(' ', "%20").into());
        assert_eq!(encoded.unwrap(), "Patient?name=a%20b");
        assert_eq!(variables.for_fhirpath().next().unwrap().0, "case-tag");
    }
}
