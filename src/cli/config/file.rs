//! The file, read with its places, and every problem of it at once.

use std::ops::Range;
use std::sync::Arc;

use clap::Arg;
use indexmap::IndexMap;
use toml_edit::{Document, Item, TableLike, Value};

use super::{Options, Setting, Source, is_flag, is_list, name_of};
use crate::exchange::redact::is_secret;
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};
use crate::suite::parse::nearest;

/// What stands in a file.
#[derive(Debug)]
pub struct File {
    /// What was read.
    pub source: Arc<SourceFile>,
    /// The settings of `[run]`.
    pub run: Vec<Setting>,
    /// The target that `[run]` names, and where.
    pub target: Option<(String, Span)>,
    /// The sections of targets, by name.
    pub targets: IndexMap<String, Vec<Setting>>,
}

/// Keys of the file that are no options.
const SECTIONS: [&str; 2] = ["run", "targets"];

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn parse(source: &Arc<SourceFile>, options: &Options) -> Result<Self, Diagnostics> {
        let mut file = Self {
            source: Arc::clone(source),
            run: Vec::new(),
            target: None,
            targets: IndexMap::new(),
        };
        let mut reader = Reader {
            source,
            options,
            problems: Diagnostics::default(),
        };
        match Document::parse(source.text()) {
            Err(error) => {
                let span = error.span().unwrap_or_default();
                let message = format!("this is no TOML: {}", error.message().replace('\n', ", "));
                let found = Diagnostic::error("toml-syntax", source, Span::new(span), message);
                reader.problems.push(found);
            }
            Ok(document) => reader.root(document.as_table(), &mut file),
        }
        reader.problems.sort();
        if reader.problems.errors() == 0 {
            Ok(file)
        } else {
            Err(reader.problems)
        }
    }
}

struct Reader<'r> {
    source: &'r Arc<SourceFile>,
    options: &'r Options,
    problems: Diagnostics,
}

impl Reader<'_> {
    fn error(&mut self, code: &'static str, span: Option<Range<usize>>, message: String, help: &str) {
        let span = Span::new(span.unwrap_or_default());
        let found = Diagnostic::error(code, self.source, span, message);
        self.problems
            .push(if help.is_empty() { found } else { found.with_help(help) });
    }

    fn root(&mut self, root: &dyn TableLike, file: &mut File) {
        for (name, item) in root.iter() {
            let key = root.get_key_value(name).and_then(|(key, _)| key.span());
            match (name, item.as_table_like()) {
                ("run", Some(table)) => file.run = self.section(table, Some(&mut file.target)),
                ("targets", Some(targets)) => {
                    for (name, item) in targets.iter() {
                        let key = targets.get_key_value(name).and_then(|(key, _)| key.span());
                        match item.as_table_like() {
                            Some(table) => {
                                let settings = self.section(table, None);
                                file.targets.insert(name.to_owned(), settings);
                            }
                            None => self.error(
                                "wrong-type",
                                item.span().or(key),
                                format!("`{name}` is no target: a target is a section"),
                                &format!("write `[targets.{name}]`, and its `base` below"),
                            ),
                        }
                    }
                }
                (name, None) if SECTIONS.contains(&name) => {
                    let message = format!("`{name}` is a section");
                    self.error("wrong-type", item.span().or(key), message, &format!("write `[{name}]`"));
                }
                _ => {
                    let help = match nearest(name, SECTIONS.into_iter()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None if self.options.get(name).is_some() => {
                            "it belongs under `[run]`, or under the section of a target".to_owned()
                        }
                        None => "the sections are `run` and `targets`".to_owned(),
                    };
                    self.error(
                        "unknown-key",
                        key,
                        format!("`{name}` is no section of this file"),
                        &help,
                    );
                }
            }
        }
        if let Some((name, span)) = &file.target
            && !file.targets.contains_key(name)
        {
            let near = nearest(name, file.targets.keys().map(String::as_str));
            let help = near.map_or_else(
                || format!("write a section `[targets.{name}]`"),
                |near| format!("did you mean `{near}`?"),
            );
            self.error(
                "unknown-target",
                Some(span.range()),
                format!("there is no target `{name}`"),
                &help,
            );
        }
    }

    /// The settings of a section. `target` is where the name of a target goes, where one may stand here.
    fn section(&mut self, table: &dyn TableLike, mut target: Option<&mut Option<(String, Span)>>) -> Vec<Setting> {
        let mut settings = Vec::new();
        for (name, item) in table.iter() {
            let key = table.get_key_value(name).and_then(|(key, _)| key.span());
            let place = item.span().or_else(|| key.clone());
            if name == "target"
                && let Some(target) = target.as_deref_mut()
            {
                match item.as_str() {
                    Some(text) => *target = Some((text.to_owned(), Span::new(place.unwrap_or_default()))),
                    None => self.error("wrong-type", place, "`target` is the name of a target".to_owned(), ""),
                }
                continue;
            }
            let Some(option) = self.options.get(name) else {
                let help = match nearest(name, self.options.names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "the keys are the options of `fhir-assay run`, without their dashes".to_owned(),
                };
                self.error("unknown-key", key, format!("`{name}` is no option of `run`"), &help);
                continue;
            };
            let option = option.clone();
            let values = self.values(&option, name, item);
            self.judge(&option, name, &values, place.clone());
            settings.push(Setting {
                option: name.to_owned(),
                values,
                source: Source::File(Arc::clone(self.source), Span::new(place.unwrap_or_default())),
            });
        }
        settings
    }

    /// What is given, as text; reports what has another form.
    fn values(&mut self, option: &Arg, name: &str, item: &Item) -> Vec<String> {
        let place = item.span();
        if is_flag(option) {
            let Some(flag) = item.as_bool() else {
                let message = format!("`{name}` is `true` or `false`");
                self.error("wrong-type", place, message, "");
                return Vec::new();
            };
            return vec![flag.to_string()];
        }
        if let Some(table) = item.as_table_like().filter(|_| is_list(option)) {
            let sign = if name == "header" { ": " } else { "=" };
            return table
                .iter()
                .filter_map(|(name, item)| {
                    let text = self.text(name, item)?;
                    Some(format!("{name}{sign}{text}"))
                })
                .collect();
        }
        if let Some(array) = item.as_array().filter(|_| is_list(option)) {
            let items: Vec<Item> = array.iter().cloned().map(Item::Value).collect();
            return items.iter().filter_map(|item| self.text(name, item)).collect();
        }
        self.text(name, item).into_iter().collect()
    }

    fn text(&mut self, name: &str, item: &Item) -> Option<String> {
        match item.as_value() {
            Some(Value::String(text)) => Some(text.value().clone()),
            Some(Value::Integer(number)) => Some(number.value().to_string()),
            Some(Value::Float(number)) => Some(number.value().to_string()),
            Some(Value::Boolean(flag)) => Some(flag.value().to_string()),
            Some(Value::Datetime(time)) => Some(time.value().to_string()),
            _ => {
                let message = format!("`{name}` takes a text or a number here");
                self.error("wrong-type", item.span(), message, "");
                None
            }
        }
    }

    /// Reports values that the command line would refuse, and secrets, which do not belong in a file.
    fn judge(&mut self, option: &Arg, name: &str, values: &[String], place: Option<Range<usize>>) {
        for value in values {
            if name == "header"
                && let Some((header, _)) = value.split_once(':')
                && is_secret(header.trim())
            {
                let message = format!(
                    "the value of `{}` is a secret, and does not belong in a file",
                    header.trim()
                );
                self.error(
                    "secret",
                    place.clone(),
                    message,
                    "name the variable of the environment that holds it: `bearer-env = \"TOKEN\"`",
                );
            } else if value.is_empty() || (option.is_positional() && value.starts_with('-')) {
                self.error("bad-value", place.clone(), format!("`{name}` is empty or no value"), "");
            } else if let Some(why) = self.options.against(option, value) {
                self.error("bad-value", place.clone(), why, "");
            }
        }
        debug_assert_eq!(name_of(option), Some(name));
    }
}
