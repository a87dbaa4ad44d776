//! Readers of values: each takes a node, reports what is wrong with it, and lets the rest be read.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use super::reader::Reader;
use super::suggest;
use super::yaml::{Kind, Node, Style};
use crate::source::{Diagnostic, Span, Spanned};
use crate::suite::assertion::{FhirPath, Regex};
use crate::suite::template::Template;

/// What could be read of the items of a list, in no more memory than that takes: thousands of cases are kept.
pub fn gather<'t, T>(items: &[Node<'t>], read: impl FnMut(&Node<'t>) -> Option<T>) -> Vec<T> {
    let mut gathered = Vec::with_capacity(items.len());
    gathered.extend(items.iter().filter_map(read));
    gathered
}

impl Reader<'_> {
    /// A text as it is written.
    pub fn text<'n>(&mut self, node: &'n Node<'_>, what: impl fmt::Display + Copy) -> Option<Spanned<&'n str>> {
        match &node.kind {
            Kind::Scalar(text, _) if !node.is_nothing() => Some(Spanned::new(text, node.span)),
            _ => {
                self.wrong_type(node, what, "a text");
                None
            }
        }
    }

    /// A text of its own.
    pub fn string(&mut self, node: &Node<'_>, what: impl fmt::Display + Copy) -> Option<Spanned<String>> {
        self.text(node, what).map(|text| text.map(str::to_owned))
    }

    /// A text that people read: it must not be empty.
    pub fn sentence(&mut self, node: Option<&Node<'_>>, what: impl fmt::Display + Copy) -> String {
        let Some(text) = node.and_then(|node| self.text(node, what)) else {
            return String::new();
        };
        if text.trim().is_empty() {
            self.error(
                "empty-text",
                text.span,
                format!("{what} says nothing"),
                "write a sentence",
            );
        }
        text.value.to_owned()
    }

    /// `true` or `false`.
    pub fn flag(&mut self, node: &Node<'_>, what: impl fmt::Display + Copy) -> Option<bool> {
        match &node.kind {
            Kind::Scalar(text, Style::Plain) if text == "true" => Some(true),
            Kind::Scalar(text, Style::Plain) if text == "false" => Some(false),
            _ => {
                let message = format!("{what} has to be `true` or `false`");
                let found = Diagnostic::error("wrong-type", self.file, node.span, message);
                self.problems.push(found);
                None
            }
        }
    }

    /// A whole number.
    pub fn count(&mut self, node: &Node<'_>, what: impl fmt::Display + Copy, range: Range<u32>) -> Option<u32> {
        let text = self.text(node, what)?;
        let number = text.value.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            let message = format!("{what} has to be a number from {} to {}", range.start, range.end - 1);
            self.problems
                .push(Diagnostic::error("bad-number", self.file, text.span, message));
        }
        number
    }

    /// A duration such as `5s` or `1100ms`.
    pub fn duration(&mut self, node: &Node<'_>, what: impl fmt::Display + Copy, longest: Duration) -> Option<Duration> {
        let text = self.text(node, what)?;
        let (digits, unit) = match text.value.strip_suffix("ms") {
            Some(digits) => (digits, 1),
            None => (text.value.strip_suffix('s').unwrap_or_default(), 1000),
        };
        let millis = digits
            .parse::<u64>()
            .ok()
            .filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|number| number.checked_mul(unit));
        let Some(millis) = millis.filter(|&millis| millis > 0) else {
            let message = format!("`{}` is no duration", text.value);
            self.error(
                "bad-duration",
                text.span,
                message,
                "write seconds or milliseconds: `5s`, `1100ms`",
            );
            return None;
        };
        let duration = Duration::from_millis(millis);
        if duration > longest {
            let message = format!("{what} is at most `{}s`", longest.as_secs());
            self.error(
                "bad-duration",
                text.span,
                message,
                "a suite should not wait for so long",
            );
            return None;
        }
        Some(duration)
    }

    /// One of the words of a list.
    pub fn word<T: Copy>(
        &mut self,
        node: &Node<'_>,
        what: impl fmt::Display + Copy,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text(node, what)?;
        let found = words.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            self.unknown_word(text.value, text.span, what, words.iter().map(|(word, _)| *word));
        }
        found.map(|(_, value)| *value)
    }

    /// Reports a word that is none of a list.
    pub fn unknown_word<'a>(
        &mut self,
        text: &str,
        span: Span,
        what: impl fmt::Display + Copy,
        words: impl Iterator<Item = &'a str> + Clone,
    ) {
        let message = format!("`{text}` is no value of {what}");
        let help = match suggest::nearest(text, words.clone()) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("it is one of {}", suggest::list(words)),
        };
        self.error("unknown-value", span, message, help);
    }

    /// The items of a list, which must not be empty.
    pub fn list<'n, 't>(&mut self, node: &'n Node<'t>, what: impl fmt::Display + Copy) -> &'n [Node<'t>] {
        match &node.kind {
            Kind::List(items) => {
                self.refuse_empty(node, items, what);
                items
            }
            Kind::Map(_) => {
                let message = format!("{what} has to be a list, and this is a mapping");
                self.error(
                    "wrong-type",
                    self.first_line(node.span),
                    message,
                    "begin each item with a dash",
                );
                &[]
            }
            Kind::Scalar(..) => {
                self.wrong_type(node, what, "a list");
                &[]
            }
        }
    }

    /// The items of a list, or the one value that stands in its place.
    pub fn one_or_many<'n, 't>(&mut self, node: &'n Node<'t>, what: impl fmt::Display + Copy) -> &'n [Node<'t>] {
        match &node.kind {
            Kind::List(items) => {
                self.refuse_empty(node, items, what);
                items
            }
            _ => std::slice::from_ref(node),
        }
    }

    fn refuse_empty(&mut self, node: &Node<'_>, items: &[Node<'_>], what: impl fmt::Display + Copy) {
        if items.is_empty() {
            let message = format!("{what} is an empty list");
            self.error(
                "empty-list",
                node.span,
                message,
                "leave the key out, or put something in",
            );
        }
    }

    /// A text with variables.
    pub fn template(&mut self, node: &Node<'_>, what: impl fmt::Display + Copy) -> Option<Spanned<Template>> {
        let text = self.text(node, what)?;
        self.parse_template(node, text.value)
            .map(|template| Spanned::new(template, node.span))
    }

    /// Texts with variables: one, or a list.
    pub fn templates(&mut self, node: &Node<'_>, what: impl fmt::Display + Copy) -> Vec<Template> {
        let items = self.one_or_many(node, what);
        gather(items, |item| self.template(item, what).map(|template| template.value))
    }

    /// Takes the variables of a text apart and reports what is wrong with them.
    pub fn parse_template(&mut self, node: &Node<'_>, text: &str) -> Option<Template> {
        match Template::parse(text) {
            Ok(template) => Some(template),
            Err(errors) => {
                for error in errors {
                    let span = self.part(node.span, text, error.at());
                    let help = "a variable is written `${name}`; `$${` is a literal `${`";
                    self.error("bad-variable", span, error.to_string(), help);
                }
                None
            }
        }
    }

    /// As [`Reader::parse_template`], for text inside data.
    pub fn check_template(&mut self, node: &Node<'_>, text: &str) {
        self.parse_template(node, text);
    }

    /// The place of a part of a text, where the text stands in the file as it is.
    #[must_use]
    pub fn part(&self, span: Span, text: &str, part: &Range<usize>) -> Span {
        match self.file.slice(span).find(text) {
            Some(offset) if !text.is_empty() => {
                let start = span.start as usize + offset;
                Span::new(start + part.start..start + part.end)
            }
            _ => span,
        }
    }

    /// A FHIRPath; whether it compiles is for the lint to say.
    pub fn fhirpath(&mut self, node: &Node<'_>, what: impl fmt::Display + Copy) -> Option<FhirPath> {
        let text = self.string(node, what)?;
        if text.trim().is_empty() {
            self.error(
                "empty-text",
                text.span,
                format!("{what} holds no FHIRPath"),
                "leave the key out",
            );
            return None;
        }
        Some(FhirPath::new(text))
    }

    /// FHIRPaths: one, or a list.
    pub fn fhirpaths(&mut self, node: &Node<'_>, what: impl fmt::Display + Copy) -> Vec<FhirPath> {
        let items = self.one_or_many(node, what);
        gather(items, |item| self.fhirpath(item, what))
    }

    /// A regular expression. One with variables is compiled when they are known.
    pub fn regex(&mut self, node: &Node<'_>, what: impl fmt::Display + Copy) -> Option<Regex> {
        let pattern = self.template(node, what)?.value;
        // With variables in it the pattern is tried with harmless text in their places.
        let tried: Cow<'_, str> = match pattern.as_literal() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(pattern.render(|_| Some("x")).unwrap_or_default()),
        };
        let compiled = match self.regexes.get(&*tried) {
            Some(known) => known.clone(),
            None => {
                let compiled = regex::RegexBuilder::new(&tried).size_limit(1 << 20).build();
                if let Err(error) = &compiled {
                    let reason = error.to_string();
                    let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
                    let message = format!("this is no regular expression: {reason}");
                    self.error(
                        "bad-regex",
                        node.span,
                        message,
                        "the syntax is that of the Rust crate `regex`",
                    );
                }
                let compiled = compiled.ok();
                self.regexes.insert(tried.into_owned(), compiled.clone());
                compiled
            }
        };
        let compiled = compiled.filter(|_| pattern.as_literal().is_some());
        Some(Regex { pattern, compiled })
    }
}
