//! `config show`: what is in force, and where each value comes from.

use std::env;
use std::fmt::Write;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};
use serde_json::{Map, Value, json};

use super::{Completed, Options, Source, built, inner, is_flag, layer, options};

/// What is in force for a completed command line, as text or as JSON. Values of headers and passwords in addresses are masked.
#[must_use]
pub fn show(completed: &Completed, as_json: bool) -> String {
    let root = built();
    let Ok(matches) = root.try_get_matches_from(&completed.arguments) else {
        return String::new();
    };
    let given = inner(&matches, &["config", "show"]);
    let options = options();
    let lines = lines(&options, given, completed);
    if as_json {
        let map: Map<String, Value> = lines
            .into_iter()
            .map(|(name, values, source)| (name, json!({ "value": values, "source": source })))
            .collect();
        return format!("{:#}\n", Value::Object(map));
    }
    let width = lines.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    let values: Vec<String> = lines.iter().map(|(_, values, _)| values.join(" ")).collect();
    let second = values
        .iter()
        .map(|text| text.chars().count())
        .max()
        .unwrap_or(0)
        .min(50);
    let mut text = String::new();
    for ((name, _, source), value) in lines.iter().zip(values) {
        // Writing to a `String` never fails.
        let _ = writeln!(text, "{name:width$}  {value:second$}  {source}");
    }
    text
}

type Line = (String, Vec<String>, String);

fn lines(options: &Options, given: &ArgMatches, completed: &Completed) -> Vec<Line> {
    let mut lines = Vec::new();
    for option in options.all() {
        let id = option.get_id().as_str();
        let name = layer::told(option).to_owned();
        let values = values(option, given);
        if values.is_empty() {
            continue;
        }
        let setting = completed.settings.iter().find(|setting| setting.option == name);
        let source = match (setting.map(|setting| &setting.source), given.value_source(id)) {
            (Some(source), _) => told(source),
            (None, Some(ValueSource::DefaultValue) | None) => told(&Source::Default),
            (None, _) => told(&Source::CommandLine),
        };
        lines.push((name, values, source));
    }
    lines
}

fn told(source: &Source) -> String {
    match source {
        Source::CommandLine => "the command line".to_owned(),
        Source::Environment(variable) => format!("the environment: {variable}"),
        Source::File(file, span) => format!("{}:{}", file.name(), file.line_at(span.start as usize).number),
        Source::Default => "default".to_owned(),
    }
}

fn values(option: &Arg, given: &ArgMatches) -> Vec<String> {
    let id = option.get_id().as_str();
    if is_flag(option) {
        return if given.get_flag(id) {
            vec!["true".to_owned()]
        } else {
            Vec::new()
        };
    }
    let raw = given.get_raw(id).into_iter().flatten();
    let name = layer::told(option);
    raw.map(|value| masked(name, &value.to_string_lossy()))
        .filter(|value| !value.is_empty())
        .collect()
}

/// A value without what is secret in it.
fn masked(name: &str, value: &str) -> String {
    match name {
        "header" => match value.split_once(':') {
            Some((header, _)) => format!("{header}: ***"),
            None => "***".to_owned(),
        },
        "base" => match url::Url::parse(value) {
            Ok(mut url) if url.password().is_some() || !url.username().is_empty() => {
                let _ = url.set_username("***");
                let _ = url.set_password(None);
                url.to_string()
            }
            _ => value.to_owned(),
        },
        _ if name.ends_with("-env") => match env::var_os(value) {
            Some(_) => format!("{value} (set)"),
            None => format!("{value} (not set)"),
        },
        _ => value.to_owned(),
    }
}
