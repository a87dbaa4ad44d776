//! From text to a baseline, with every problem of the file at once.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::{Baseline, Entry, keys};
use crate::requirement::{Catalogue, RequirementId};
use crate::source::{Diagnostic, Diagnostics, SourceFile};
use crate::suite::CaseId;
use crate::suite::parse::yaml::{self, Kind, Node, Style};
use crate::suite::parse::{Fields, Reader};

/// Reads a baseline. A file without a word in it knows nothing, and is right.
///
/// # Errors
/// Everything that is wrong in the file.
pub fn parse(file: &Arc<SourceFile>) -> Result<Baseline, Diagnostics> {
    let is_silent = |line: &str| line.trim_start().is_empty() || line.trim_start().starts_with('#');
    let mut baseline = Baseline {
        file: Arc::clone(file),
        entries: Vec::new(),
    };
    if file.text().lines().all(is_silent) {
        return Ok(baseline);
    }
    let mut reader = Reader::new(file, Catalogue::embedded());
    if let Some(root) = yaml::read(file, &mut reader.problems)
        && let Some(fields) = reader.fields(&root, &keys::BASELINE)
        && let Some(known) = fields.get("known")
    {
        baseline.entries = entries(&mut reader, known);
    }
    let mut problems = reader.problems;
    problems.sort();
    if problems.errors() == 0 {
        Ok(baseline)
    } else {
        Err(problems)
    }
}

fn entries(reader: &mut Reader<'_>, known: &Node<'_>) -> Vec<Entry> {
    // A list that was emptied by hand is no mistake.
    let nodes: &[Node<'_>] = match &known.kind {
        Kind::List(items) if items.is_empty() => &[],
        _ if known.is_nothing() => &[],
        _ => reader.list(known, "`known`"),
    };
    let mut entries: Vec<Entry> = Vec::with_capacity(nodes.len());
    let mut known = HashMap::new();
    for node in nodes {
        let Some(entry) = entry(reader, node) else { continue };
        let name = (entry.case.clone(), entry.requirements.clone(), entry.unjudged);
        if let Some(first) = known.get(&name) {
            let message = format!("`{}` stands here twice", entry.name());
            let here = reader.first_line(entry.span);
            let found = Diagnostic::error("duplicate-entry", reader.file, here, message);
            let first = reader.first_line(*first);
            reader.problems.push(found.with_place(first, "the first one"));
        } else {
            known.insert(name, entry.span);
        }
        entries.push(entry);
    }
    entries
}

fn entry(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Entry> {
    let fields = reader.fields(node, &keys::ENTRY)?;
    let case = fields.get("case").and_then(|node| case(reader, node));
    let requirements = match fields.get("requirement") {
        Some(node) => requirements(reader, node),
        None => Vec::new(),
    };
    let unjudged = fields.get("unjudged").is_some_and(|node| unjudged(reader, node));
    if fields.get("case").is_none() && fields.get("requirement").is_none() && !fields.has_unknown() {
        let here = reader.first_line(node.span);
        let help =
            "`case` is the name of a case, `requirement` that of a rule; both together are that rule in that case";
        reader.error(
            "nothing-named",
            here,
            "a known failure names a case, a requirement, or both",
            help,
        );
    }
    if let Some(entry) = fields.entry("unjudged").filter(|_| fields.get("case").is_none()) {
        let help = "name the case beside it";
        reader.error(
            "nothing-named",
            entry.key_span,
            "`unjudged` is about a case, and there is none",
            help,
        );
    }
    let reason = reader.sentence(fields.get("reason"), "`reason`");
    let issue = fields
        .get("issue")
        .and_then(|node| reader.string(node, "`issue`"))
        .map(|issue| issue.value);
    Some(Entry {
        case,
        requirements,
        unjudged,
        reason,
        issue,
        expires: expires(reader, &fields),
        span: node.span,
    })
}

const NO_PATTERN: &str = "write whole names, one entry each: a pattern would hide failures that nobody has seen";

fn case(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<CaseId> {
    let text = reader.string(node, "`case`")?;
    if text.contains(['*', '?']) {
        let message = format!("`{}` is a pattern, and a baseline has none", text.value);
        reader.error("pattern", text.span, message, NO_PATTERN);
    } else if !text
        .split_once("::")
        .is_some_and(|(suite, case)| !suite.is_empty() && !case.is_empty())
    {
        let help = "write the whole name, as reports do: `http.update::life-of-a-patient`";
        reader.error(
            "bad-name",
            text.span,
            format!("`{}` is no name of a case", text.value),
            help,
        );
    }
    Some(CaseId::of_full_name(&text.value))
}

fn requirements(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<RequirementId> {
    let mut found: Vec<RequirementId> = Vec::new();
    for item in reader.one_or_many(node, "`requirement`") {
        let Some(text) = reader.string(item, "`requirement`") else {
            continue;
        };
        if text.contains(['*', '?']) {
            let message = format!("`{}` is a pattern, and a baseline has none", text.value);
            reader.error("pattern", text.span, message, NO_PATTERN);
        } else if text.is_empty() || text.contains(|c: char| !matches!(c, 'a'..='z' | '0'..='9' | '.' | '-')) {
            let help = "write it as reports do: `update.success-200`";
            reader.error(
                "bad-name",
                text.span,
                format!("`{}` is no name of a requirement", text.value),
                help,
            );
        }
        let id = RequirementId::new(&text.value);
        if found.contains(&id) {
            let message = format!("`{id}` stands here twice");
            reader.error("duplicate-entry", text.span, message, "once is enough");
        } else {
            found.push(id);
        }
    }
    found
}

fn unjudged(reader: &mut Reader<'_>, node: &Node<'_>) -> bool {
    let is_true = matches!(&node.kind, Kind::Scalar(text, Style::Plain) if text == "true");
    if !is_true {
        let message = "`unjudged` is `true`, or is left out";
        reader.error(
            "wrong-type",
            node.span,
            message,
            "leave the line out where it is not so",
        );
    }
    is_true
}

fn expires(reader: &mut Reader<'_>, fields: &Fields<'_, '_>) -> Option<Date> {
    let text = reader.text(fields.get("expires")?, "`expires`")?;
    // The reader of dates takes times too, and other ways of writing a day.
    let date = text
        .value
        .parse::<Date>()
        .ok()
        .filter(|date| date.to_string() == text.value);
    if date.is_none() {
        let message = format!("`{}` is no day", text.value);
        reader.error(
            "bad-date",
            text.span,
            message,
            "write year, month and day: `2026-12-31`",
        );
    }
    date
}
