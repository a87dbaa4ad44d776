//! Reading of values: each reader takes a node, reports what is wrong with it, and lets the rest be read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::suggest;
use super::table::{Choice, Table};
use super::yaml::{Entry, Kind, Node};
use crate::requirement::Catalogue;
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span, Spanned};
use crate::suite::assertion::{FhirPath, Regex};
use crate::suite::template::Template;

/// What is shared while one file is read.
pub struct Reader<'f> {
    /// The file.
    pub file: &'f Arc<SourceFile>,
    /// What was found to be wrong.
    pub problems: Diagnostics,
    /// The requirements that may be cited.
    pub catalogue: &'static Catalogue,
    /// Patterns repeat, and compiling one is dear.
    regexes: HashMap<String, Option<regex::Regex>>,
}

/// The entries of a mapping whose keys are known to be in its table.
pub struct Fields<'n, 't> {
    entries: &'n [Entry<'t>],
    table: &'static Table,
    /// Where the mapping was written.
    pub span: Span,
}

impl<'n, 't> Fields<'n, 't> {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &'static str) -> Option<&'n Node<'t>> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// A key and its value.
    #[must_use]
    pub fn entry(&self, key: &'static str) -> Option<&'n Entry<'t>> {
        debug_assert!(
            self.table.has(key),
            "`{key}` is in no table, so the schema does not know it"
        );
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Whether there are keys that the table does not have; then what is missing is probably misspelt.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        self.entries.iter().any(|entry| !self.table.has(&entry.key))
    }

    /// The keys that are known, in the order of the file.
    pub fn known(&self) -> impl Iterator<Item = &'n Entry<'t>> {
        self.entries.iter().filter(|entry| self.table.has(&entry.key))
    }
}

impl<'f> Reader<'f> {
    /// A reader of a file.
    #[must_use]
    pub fn new(file: &'f Arc<SourceFile>) -> Self {
        Self {
            file,
            problems: Diagnostics::default(),
            catalogue: Catalogue::embedded(),
            regexes: HashMap::new(),
        }
    }

    /// Reports an error with a way out.
    pub fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: impl Into<String>) {
        let found = Diagnostic::error(code, self.file, span, message);
        self.problems.push(found.with_help(help));
    }

    /// Reports that a value has another form than it should.
    pub fn wrong_type(&mut self, node: &Node<'_>, what: &str, expected: &str) {
        let message = format!("{what} has to be {expected}, and this is {}", node.noun());
        self.problems
            .push(Diagnostic::error("wrong-type", self.file, node.span, message));
    }

    /// The entries of a mapping with names that the author chooses.
    pub fn entries<'n, 't>(&mut self, node: &'n Node<'t>, what: &str) -> &'n [Entry<'t>] {
        match &node.kind {
            Kind::Map(entries) => entries,
            _ => {
                self.wrong_type(node, what, "a mapping");
                &[]
            }
        }
    }

    /// The fields of a mapping; reports keys that are unknown, missing or too many.
    pub fn fields<'n, 't>(&mut self, node: &'n Node<'t>, table: &'static Table) -> Option<Fields<'n, 't>> {
        let Kind::Map(entries) = &node.kind else {
            let keys = suggest::list(table.names());
            let message = format!("{} has to be a mapping, and this is {}", table.noun, node.noun());
            let help = format!("its keys are {keys}");
            self.error("wrong-type", node.span, message, help);
            return None;
        };
        for entry in entries.iter().filter(|entry| !table.has(&entry.key)) {
            self.unknown_key(entry, table, std::iter::empty());
        }
        let fields = Fields {
            entries,
            table,
            span: node.span,
        };
        self.check_choice(&fields);
        Some(fields)
    }

    /// Reports a key that a table does not have. `more` are further names that could stand here.
    pub fn unknown_key<'a>(&mut self, entry: &Entry<'_>, table: &'static Table, more: impl Iterator<Item = &'a str>) {
        let message = format!("`{}` is no key of {}", entry.key, table.noun);
        let help = if entry.value.is_nothing() && self.follows_comma(entry.key_span) {
            "a comma in `{ }` begins the next key: put a text with a comma in quotes".to_owned()
        } else if let Some(name) = suggest::nearest(&entry.key, more.chain(table.keys.iter().map(|key| key.name))) {
            format!("did you mean `{name}`?")
        } else if let Some(other) = suggest::home_of(&entry.key, table) {
            format!("`{}` is a key of {other}", entry.key)
        } else {
            format!("the keys are {}", suggest::list(table.names()))
        };
        self.error("unknown-key", entry.key_span, message, help);
    }

    fn follows_comma(&self, key: Span) -> bool {
        let before = self.file.text().get(..key.start as usize).unwrap_or_default();
        before.trim_end().ends_with(',')
    }

    fn check_choice(&mut self, fields: &Fields<'_, '_>) {
        let table = fields.table;
        for key in table.keys.iter().filter(|key| key.required) {
            if fields.get(key.name).is_none() {
                let message = format!("{} needs `{}`", table.noun, key.name);
                self.error("missing-key", self.first_line(fields.span), message, key.docs);
            }
        }
        let (first, at_most_one) = match table.choice {
            Choice::Any => return,
            Choice::Some => (table.keys.len(), false),
            Choice::One => (table.keys.len(), true),
            Choice::OneOfFirst(first) => (first, true),
        };
        let choices = &table.keys[..first];
        let mut written = fields
            .known()
            .filter(|entry| choices.iter().any(|key| key.name == entry.key));
        let list = || suggest::list(choices.iter().map(|key| key.name));
        match (written.next(), written.next()) {
            (None, _) if fields.has_unknown() => {}
            (None, _) => {
                let number = if at_most_one { "one" } else { "at least one" };
                let message = format!("{} needs {number} of these: {}", table.noun, list());
                let span = self.first_line(fields.span);
                self.problems
                    .push(Diagnostic::error("nothing-chosen", self.file, span, message));
            }
            (Some(one), Some(two)) if at_most_one => {
                let message = format!("{} has one of `{}` and `{}`, not both", table.noun, one.key, two.key);
                let found = Diagnostic::error("two-choices", self.file, two.key_span, message);
                self.problems.push(found.with_place(one.key_span, "the first one"));
            }
            _ => {}
        }
    }

    /// The first key of a mapping rather than the whole of it.
    fn first_line(&self, span: Span) -> Span {
        let line = self.file.slice(span).lines().next().unwrap_or_default().len();
        Span::new(span.start as usize..span.start as usize + line)
    }

    /// A text as it is written.
    pub fn text<'n>(&mut self, node: &'n Node<'_>, what: &str) -> Option<Spanned<&'n str>> {
        match &node.kind {
            Kind::Scalar(text, _) if !node.is_nothing() => Some(Spanned::new(text, node.span)),
            _ => {
                self.wrong_type(node, what, "a text");
                None
            }
        }
    }

    /// A text of its own.
    pub fn string(&mut self, node: &Node<'_>, what: &str) -> Option<Spanned<String>> {
        self.text(node, what).map(|text| text.map(str::to_owned))
    }

    /// A text that people read: it must not be empty.
    pub fn sentence(&mut self, node: Option<&Node<'_>>, what: &str) -> String {
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
    pub fn flag(&mut self, node: &Node<'_>, what: &str) -> Option<bool> {
        match &node.kind {
            Kind::Scalar(text, super::yaml::Style::Plain) if text == "true" => Some(true),
            Kind::Scalar(text, super::yaml::Style::Plain) if text == "false" => Some(false),
            _ => {
                let message = format!("{what} has to be `true` or `false`");
                let found = Diagnostic::error("wrong-type", self.file, node.span, message);
                self.problems.push(found);
                None
            }
        }
    }

    /// A whole number.
    pub fn count(&mut self, node: &Node<'_>, what: &str, range: Range<u32>) -> Option<u32> {
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
    pub fn duration(&mut self, node: &Node<'_>, what: &str, longest: Duration) -> Option<Duration> {
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
    pub fn word<T: Copy>(&mut self, node: &Node<'_>, what: &str, words: &[(&'static str, T)]) -> Option<T> {
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
        what: &str,
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
    pub fn list<'n, 't>(&mut self, node: &'n Node<'t>, what: &str) -> &'n [Node<'t>] {
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
    pub fn one_or_many<'n, 't>(&mut self, node: &'n Node<'t>, what: &str) -> &'n [Node<'t>] {
        match &node.kind {
            Kind::List(items) => {
                self.refuse_empty(node, items, what);
                items
            }
            _ => std::slice::from_ref(node),
        }
    }

    fn refuse_empty(&mut self, node: &Node<'_>, items: &[Node<'_>], what: &str) {
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
    pub fn template(&mut self, node: &Node<'_>, what: &str) -> Option<Spanned<Template>> {
        let text = self.text(node, what)?;
        self.parse_template(node, text.value)
            .map(|template| Spanned::new(template, node.span))
    }

    /// Texts with variables: one, or a list.
    pub fn templates(&mut self, node: &Node<'_>, what: &str) -> Vec<Template> {
        let items = self.one_or_many(node, what);
        let read = items.iter().filter_map(|item| self.template(item, what));
        read.map(|template| template.value).collect()
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
    pub fn fhirpath(&mut self, node: &Node<'_>, what: &str) -> Option<FhirPath> {
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
    pub fn fhirpaths(&mut self, node: &Node<'_>, what: &str) -> Vec<FhirPath> {
        let items = self.one_or_many(node, what);
        items.iter().filter_map(|item| self.fhirpath(item, what)).collect()
    }

    /// A regular expression. One with variables is compiled when they are known.
    pub fn regex(&mut self, node: &Node<'_>, what: &str) -> Option<Regex> {
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
