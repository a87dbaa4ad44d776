//! Text with `${variables}` in it.

use std::ops::Range;

use crate::source::Span;

/// A text that is filled in when its step runs. `$${` writes a literal `${`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Parts,
}

/// Nearly all templates are one piece, and thousands of them are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Parts {
    One(Part),
    Many(Box<[Part]>),
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text as it is.
    Text(Box<str>),
    /// The name of a variable, and where `${name}` stands in the text.
    Variable(Box<str>, Span),
}

/// What is wrong in a template, and where (bytes of the text).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum TemplateError {
    #[error("`${{` is not closed by `}}`")]
    Unclosed { at: Range<usize> },
    #[error("`{name}` is no variable name")]
    Name { name: String, at: Range<usize> },
}

impl TemplateError {
    /// The bytes of the text that are wrong.
    #[must_use]
    pub const fn at(&self) -> &Range<usize> {
        match self {
            Self::Unclosed { at } | Self::Name { at, .. } => at,
        }
    }
}

impl Template {
    /// Takes a text apart.
    ///
    /// # Errors
    /// Every `${` that is not closed, and every name with other characters than letters, digits, `-`, `_` and `.`.
    pub fn parse(text: &str) -> Result<Self, Vec<TemplateError>> {
        if !text.contains("${") {
            return Ok(Self::literal(text));
        }
        let mut parts = Vec::new();
        let mut errors = Vec::new();
        let mut literal = String::new();
        let mut at = 0;
        while let Some(found) = text[at..].find("${") {
            let start = at + found;
            if text[at..start].ends_with('$') {
                literal.push_str(&text[at..start - 1]);
                literal.push_str("${");
                at = start + 2;
                continue;
            }
            literal.push_str(&text[at..start]);
            let Some(length) = text[start..].find('}') else {
                errors.push(TemplateError::Unclosed { at: start..text.len() });
                at = text.len();
                break;
            };
            let end = start + length + 1;
            let name = &text[start + 2..end - 1];
            if is_name(name) {
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal).into()));
                }
                parts.push(Part::Variable(name.into(), Span::new(start..end)));
            } else {
                errors.push(TemplateError::Name {
                    name: name.to_owned(),
                    at: start..end,
                });
            }
            at = end;
        }
        literal.push_str(&text[at..]);
        if !literal.is_empty() || parts.is_empty() {
            parts.push(Part::Text(literal.into()));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let parts = match <[Part; 1]>::try_from(parts) {
            Ok([one]) => Parts::One(one),
            Err(many) => Parts::Many(many.into()),
        };
        Ok(Self { parts })
    }

    /// A template without variables, whatever the text holds.
    #[must_use]
    pub fn literal(text: impl Into<Box<str>>) -> Self {
        Self {
            parts: Parts::One(Part::Text(text.into())),
        }
    }

    /// The pieces, in order; at least one.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        match &self.parts {
            Parts::One(part) => std::slice::from_ref(part),
            Parts::Many(parts) => parts,
        }
    }

    /// The text, where the template has no variable.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts() {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The names of the variables, in order, with repetitions.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts().iter().filter_map(|part| match part {
            Part::Variable(name, _) => Some(&**name),
            Part::Text(_) => None,
        })
    }

    /// Fills the variables in.
    ///
    /// # Errors
    /// The name of the first variable that `value` does not know.
    pub fn render<'a, F, S>(&'a self, mut value: F) -> Result<String, &'a str>
    where
        F: FnMut(&'a str) -> Option<S>,
        S: AsRef<str>,
    {
        let mut text = String::new();
        for part in self.parts() {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Variable(name, _) => text.push_str(value(name).ok_or(&**name)?.as_ref()),
            }
        }
        Ok(text)
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(text: &str) -> Result<String, String> {
        let template = Template::parse(text).unwrap();
        template
            .render(|name| (name != "missing").then(|| format!("<{name}>")))
            .map_err(str::to_owned)
    }

    #[test]
    fn variables_are_filled_in_and_escapes_are_not() {
        assert_eq!(render("Patient/${id}/${run.tag}").unwrap(), "Patient/<id>/<run.tag>");
        assert_eq!(
            render("costs $5, $${id} and ${id}").unwrap(),
            "costs $5, ${id} and <id>"
        );
        assert_eq!(render("").unwrap(), "");
        assert_eq!(render("a${missing}").unwrap_err(), "missing");
    }

    #[test]
    fn every_fault_is_told() {
        let errors = Template::parse("${1x} ${a b} ${open").unwrap_err();
        assert_eq!(errors.len(), 3);
        assert_eq!(errors[2].at(), &(13..19));
    }
}
