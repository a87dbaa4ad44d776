//! The reader of mappings: it reports keys that are unknown, missing or too many, and lets the rest be read.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::suggest;
use super::table::{Choice, Table};
use super::yaml::{Entry, Kind, Node};
use crate::requirement::Catalogue;
use crate::source::diagnostic::SHOWN_AT_MOST;
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

/// What is shared while one file is read.
pub struct Reader<'f> {
    /// The file.
    pub file: &'f Arc<SourceFile>,
    /// What was found to be wrong.
    pub problems: Diagnostics,
    /// The requirements that may be cited.
    pub catalogue: &'static Catalogue,
    /// Patterns repeat, and compiling one is dear.
    pub(super) regexes: HashMap<String, Option<regex::Regex>>,
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
    /// A reader of a file, and the rules that it may cite.
    #[must_use]
    pub fn new(file: &'f Arc<SourceFile>, catalogue: &'static Catalogue) -> Self {
        Self {
            file,
            problems: Diagnostics::default(),
            catalogue,
            regexes: HashMap::new(),
        }
    }

    /// Reports an error with a way out.
    pub fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: impl Into<String>) {
        let found = Diagnostic::error(code, self.file, span, message);
        self.problems.push(found.with_help(help));
    }

    /// Reports that a value has another form than it should.
    pub fn wrong_type(&mut self, node: &Node<'_>, what: impl fmt::Display + Copy, expected: &str) {
        let message = format!("{what} has to be {expected}, and this is {}", node.noun());
        self.problems
            .push(Diagnostic::error("wrong-type", self.file, node.span, message));
    }

    /// The entries of a mapping with names that the author chooses.
    pub fn entries<'n, 't>(&mut self, node: &'n Node<'t>, what: impl fmt::Display + Copy) -> &'n [Entry<'t>] {
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
        if !self.may_guess() {
            let found = Diagnostic::error("unknown-key", self.file, entry.key_span, message);
            self.problems.push(found);
            return;
        }
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

    /// Whether it is worth while to guess what was meant: that is dear, and beyond so many errors nobody sees the guess.
    pub(super) fn may_guess(&self) -> bool {
        self.problems.errors() < SHOWN_AT_MOST
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
    #[must_use]
    pub fn first_line(&self, span: Span) -> Span {
        let line = self.file.slice(span).lines().next().unwrap_or_default().len();
        Span::new(span.start as usize..span.start as usize + line)
    }
}
