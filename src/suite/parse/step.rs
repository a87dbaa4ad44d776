//! Steps: one interaction each, or one `assert`.

use std::time::Duration;

use super::body;
use super::capture;
use super::case::variable_name;
use super::expectation;
use super::keys;
use super::matcher::HeaderNames;
use super::reader::{Fields, Reader};
use super::yaml::{Entry, Kind, Node};
use crate::fhir::{FhirVersion, Interaction};
use crate::source::{Diagnostic, Span, Spanned};
use crate::suite::model::{Action, HeaderLine, Repetition, Step};
use crate::suite::template::Template;

/// In which list a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It arranges, and has to succeed.
    Setup,
    /// It is judged.
    Judged,
    /// It tidies up.
    Cleanup,
}

const LONGEST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_EVENTUALLY: Duration = Duration::from_secs(60);

/// Reads a step.
pub fn step(reader: &mut Reader<'_>, node: &Node<'_>, stage: Stage, fhir: &[FhirVersion]) -> Option<Step> {
    let fields = reader.fields(node, &keys::STEP)?;
    let actions = &keys::STEP.keys[..keys::ACTIONS];
    let entry = fields
        .known()
        .find(|entry| actions.iter().any(|action| action.name == entry.key))?;
    let action = action(reader, entry);
    check_places(reader, entry, &action, &fields, stage);
    let flag = |reader: &mut Reader<'_>, key: &'static str, default| {
        fields
            .get(key)
            .and_then(|node| reader.flag(node, format_args!("`{key}`")))
            .unwrap_or(default)
    };
    let expect = match (&action, fields.get("expect")) {
        (Action::Assert, _) => expectation::expectations(reader, &entry.value, &keys::ASSERTION, fhir),
        (_, Some(node)) => expectation::expectations(reader, node, &keys::EXPECTATION, fhir),
        _ => Vec::new(),
    };
    Some(Step {
        span: entry.key_span,
        note: fields
            .get("note")
            .map(|node| reader.sentence(Some(node), "`note`").into()),
        headers: fields
            .get("headers")
            .map(|node| headers(reader, node).into())
            .unwrap_or_default(),
        body: fields
            .get("body")
            .and_then(|node| body::body(reader, node, "`body`"))
            .map(Box::new),
        form: fields.get("form").map(|node| form(reader, node).into()),
        capture: fields
            .get("capture")
            .map(|node| capture::captures(reader, node).into())
            .unwrap_or_default(),
        expect: expect.into(),
        assume: fields.get("assume").and_then(|node| expectation::assume(reader, node)),
        condition: fields
            .get("if")
            .and_then(|node| reader.fhirpath(node, "`if`"))
            .map(Box::new),
        regardless: flag(reader, "regardless", false),
        wait: fields
            .get("wait")
            .and_then(|node| reader.duration(node, "`wait`", LONGEST_WAIT)),
        repetition: repetition(reader, &fields).map(Box::new),
        eventually: fields
            .get("eventually")
            .and_then(|node| reader.duration(node, "`eventually`", LONGEST_EVENTUALLY)),
        keep: flag(reader, "keep", false),
        tag: flag(reader, "tag", true),
        action,
    })
}

fn action(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Action {
    if entry.key == "assert" {
        return Action::Assert;
    }
    let what = format_args!("`{}`", entry.key);
    let nothing = || Spanned::new(Template::literal(""), entry.value.span);
    if entry.key == "request" {
        return request(reader, &entry.value);
    }
    let url = match &entry.value {
        node if node.is_nothing() => {
            let message = format!("{what} has to be a URL after `[base]`, and this is nothing");
            reader.error(
                "wrong-type",
                entry.key_span,
                message,
                "write '' for the base URL itself",
            );
            nothing()
        }
        node => reader.template(node, what).unwrap_or_else(nothing),
    };
    let text = match &entry.value.kind {
        Kind::Scalar(text, _) => &**text,
        _ => "",
    };
    let path = text.split_once('?').map_or(text, |(path, _)| path);
    let interaction = match &*entry.key {
        "read" => Interaction::Read,
        "vread" => Interaction::Vread,
        "history" => history(reader, path, url.span),
        "capabilities" => Interaction::Capabilities,
        "search" if matches!(path, "" | "_search") => Interaction::SearchSystem,
        "search" => Interaction::SearchType,
        "create" => Interaction::Create,
        "update" => Interaction::Update,
        "patch" => Interaction::Patch,
        "delete" => deletion(path),
        "batch" => Interaction::Batch,
        "transaction" => Interaction::Transaction,
        _ => Interaction::Operation,
    };
    Action::Interaction { interaction, url }
}

/// Which history a URL is about (http.html#history).
fn history(reader: &mut Reader<'_>, path: &str, span: Span) -> Interaction {
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["_history"] => Interaction::HistorySystem,
        [_, "_history"] => Interaction::HistoryType,
        [_, _, "_history"] => Interaction::HistoryInstance,
        _ => {
            let help = "write `_history`, `Patient/_history` or `Patient/${id}/_history`";
            reader.error("bad-url", span, "this is no URL of a history", help);
            Interaction::HistoryInstance
        }
    }
}

/// What a deletion deletes: a resource, its past versions or one of them (http.html#delete-history).
fn deletion(path: &str) -> Interaction {
    match path.split('/').collect::<Vec<_>>().as_slice() {
        [_, _, "_history"] => Interaction::DeleteHistory,
        [_, _, "_history", _] => Interaction::DeleteHistoryVersion,
        _ => Interaction::Delete,
    }
}

/// `METHOD URL`; the method alone means the base URL.
fn request(reader: &mut Reader<'_>, node: &Node<'_>) -> Action {
    let nothing = || Spanned::new(Template::literal(""), node.span);
    let Some(text) = reader.text(node, "`request`") else {
        return Action::Request {
            method: "GET".into(),
            url: nothing(),
        };
    };
    let (method, url) = text.value.split_once(' ').unwrap_or((text.value, ""));
    let is_method = method.starts_with(|first: char| first.is_ascii_uppercase())
        && method
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'));
    if !is_method {
        let message = format!("`{method}` is no HTTP method");
        reader.error(
            "bad-method",
            text.span,
            message,
            "write method and URL: `request: OPTIONS Patient/${id}`",
        );
    }
    let url = url.trim_start();
    let span = reader.part(node.span, url, &(0..url.len()));
    let url = reader
        .parse_template(node, url)
        .map_or_else(nothing, |template| Spanned::new(template, span));
    Action::Request {
        method: method.to_owned(),
        url,
    }
}

/// Reports a key that makes no sense here, where it is written.
fn refuse(
    reader: &mut Reader<'_>,
    fields: &Fields<'_, '_>,
    key: &'static str,
    help: &str,
    why: impl FnOnce() -> String,
) {
    if let Some(entry) = fields.entry(key) {
        reader.error("misplaced-key", entry.key_span, why(), help);
    }
}

/// Reports keys that make no sense in a list of steps.
fn check_stage(reader: &mut Reader<'_>, fields: &Fields<'_, '_>, stage: Stage) {
    let (keys, help): (&[&str], &str) = match stage {
        Stage::Setup => (
            &["expect", "regardless", "assert"],
            "a setup step has to succeed anyway; to judge something, move the step to `steps`",
        ),
        Stage::Cleanup => (
            &["expect", "assume", "eventually", "regardless", "assert"],
            "a cleanup step judges nothing; to judge something, move the step to `steps`",
        ),
        Stage::Judged => return,
    };
    let noun = if stage == Stage::Setup {
        "a setup step"
    } else {
        "a cleanup step"
    };
    for &key in keys {
        refuse(reader, fields, key, help, || format!("{noun} has no `{key}`"));
    }
}

/// Reports keys that make no sense beside an action.
fn check_places(reader: &mut Reader<'_>, first: &Entry<'_>, action: &Action, fields: &Fields<'_, '_>, stage: Stage) {
    let name = &*first.key;
    check_stage(reader, fields, stage);
    let (actions, others) = keys::STEP.keys.split_at(keys::ACTIONS);
    if *action == Action::Assert {
        for key in others
            .iter()
            .filter(|key| !["note", "if", "regardless"].contains(&key.name))
        {
            refuse(reader, fields, key.name, "leave it out", || {
                format!("an `assert` sends nothing, so it has no `{}`", key.name)
            });
        }
        return;
    }
    debug_assert!(actions.iter().any(|action| action.name == name));
    let writes = match action {
        Action::Interaction { interaction, .. } => interaction.writes(),
        Action::Request { method, .. } => !matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS"),
        Action::Assert => false,
    };
    if writes && (name != "operation" || fields.get("body").is_some()) {
        let help = "a write is sent once; repeat the read that looks for its effect";
        refuse(reader, fields, "eventually", help, || {
            format!("`{name}` writes, so it cannot be repeated by `eventually`")
        });
    } else if stage == Stage::Judged && fields.get("expect").is_none() && fields.get("assume").is_none() {
        refuse(
            reader,
            fields,
            "eventually",
            "say what to wait for in one of them",
            || "`eventually` waits until `expect` or `assume` holds, and there is neither".into(),
        );
    }
    if name != "search" {
        let help = "for another request write a `body: { text: ... }`";
        refuse(reader, fields, "form", help, || {
            format!("only `search` has a `form`, not `{name}`")
        });
    }
    if matches!(
        name,
        "read" | "vread" | "history" | "capabilities" | "search" | "delete"
    ) {
        let help = "to send one nevertheless, write the step as `request:`";
        refuse(reader, fields, "body", help, || format!("`{name}` sends no body"));
    }
    let creates = matches!(name, "create" | "update");
    if (creates || matches!(name, "patch" | "batch" | "transaction")) && fields.get("body").is_none() {
        let help = "to send none on purpose, write the step as `request:`";
        reader.error(
            "missing-key",
            first.key_span,
            format!("`{name}` has to send a `body`"),
            help,
        );
    }
    if !creates {
        refuse(reader, fields, "tag", "leave it out", || {
            format!("only bodies of `create` and `update` get the run's tag, not of `{name}`")
        });
    }
    if !writes {
        refuse(reader, fields, "keep", "leave it out", || {
            format!("`{name}` creates nothing that could be kept")
        });
    }
    let mut loops = ["repeat", "for-each", "follow"]
        .into_iter()
        .filter_map(|key| fields.entry(key));
    if let (Some(one), Some(two)) = (loops.next(), loops.next()) {
        let message = format!("a step has one of `{}` and `{}`, not both", one.key, two.key);
        let found = Diagnostic::error("two-choices", reader.file, two.key_span, message);
        reader.problems.push(found.with_place(one.key_span, "the first one"));
    }
}

fn headers(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<HeaderLine> {
    let entries = reader.entries(node, "`headers`");
    let mut headers: Vec<HeaderLine> = Vec::with_capacity(entries.len());
    let mut names = HeaderNames::default();
    for entry in entries {
        let name = names.read(reader, entry);
        let value = match &entry.value {
            node if node.is_nothing() => None,
            node => reader.template(node, format_args!("`{}`", entry.key)),
        };
        headers.push(HeaderLine { name, value });
    }
    headers
}

fn form(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<(String, Vec<Template>)> {
    let entries = reader.entries(node, "`form`");
    let mut form = Vec::with_capacity(entries.len());
    for entry in entries {
        let values = reader.templates(&entry.value, format_args!("`{}`", entry.key));
        form.push((entry.key.clone().into_owned(), values));
    }
    form
}

fn repetition(reader: &mut Reader<'_>, fields: &Fields<'_, '_>) -> Option<Repetition> {
    if let Some(node) = fields.get("repeat") {
        return reader.count(node, "`repeat`", 1..1001).map(Repetition::Times);
    }
    if let Some(node) = fields.get("for-each") {
        let entries = reader.entries(node, "`for-each`");
        let [entry] = entries else {
            if matches!(node.kind, Kind::Map(_)) {
                let help = "write `for-each: { id: '%ids' }`";
                reader.error("wrong-type", node.span, "`for-each` has exactly one variable", help);
            }
            return None;
        };
        variable_name(reader, &entry.key, entry.key_span);
        let values = Box::new(reader.fhirpath(&entry.value, "`for-each`")?);
        let variable = Spanned::new(entry.key.clone().into_owned(), entry.key_span);
        return Some(Repetition::ForEach { variable, values });
    }
    let fields = fields
        .get("follow")
        .and_then(|node| reader.fields(node, &keys::FOLLOW))?;
    let link = fields.get("link").and_then(|node| reader.string(node, "`link`"))?;
    let at_most = fields
        .get("at-most")
        .and_then(|node| reader.count(node, "`at-most`", 1..1001))?;
    Some(Repetition::Follow {
        link: link.value,
        at_most,
    })
}
