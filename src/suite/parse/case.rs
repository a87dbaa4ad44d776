//! The suite, and its cases.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::fixture::{FixtureFault, FixtureSource};
use super::given;
use super::keys;
use super::needs;
use super::reader::{Fields, Reader};
use super::step::{self, Stage};
use super::suggest;
use super::values::gather;
use super::yaml::{Kind, Node};
use crate::fhir::FhirVersion;
use crate::source::{Diagnostic, Span, Spanned};
use crate::suite::fixture::is_of_type;
use crate::suite::given::GivenVariable;
use crate::suite::id::{CaseId, SuiteId};
use crate::suite::model::{Case, Fixture, Step, Suite, Types};
use crate::suite::template::Template;
use crate::suite::variables::{BUILT_IN, OF_EXPECTATIONS};

/// Reads a suite. What is wrong is reported; the suite is then only good for finding more.
pub fn suite(reader: &mut Reader<'_>, root: &Node<'_>, source: &dyn FixtureSource) -> Option<Suite> {
    let fields = reader.fields(root, &keys::SUITE)?;
    let id = fields.get("suite").and_then(|node| reader.string(node, "`suite`"));
    if let Some(id) = id.as_ref().filter(|id| !SuiteId::is_valid(id)) {
        let help = "words of lower-case letters, digits and dashes, joined by dots: `http.conditional-read`";
        reader.error("bad-name", id.span, format!("`{}` cannot name a suite", id.value), help);
    }
    let id = id.unwrap_or_else(|| Spanned::new(String::new(), Span::default()));
    let title = reader.sentence(fields.get("title"), "`title`");
    let fhir = fields
        .get("fhir")
        .map(|node| releases(reader, node))
        .unwrap_or_default()
        .into();
    let tags = tags(reader, &fields).into();
    let fixtures = Arc::new(fixtures(reader, &fields, source));
    let given = Arc::new(given::given(reader, &fields));
    let variables = Arc::new(variables(reader, &fields));
    let context = Context {
        fhir: &fhir,
        tags: &tags,
        given: &given,
        variables: &variables,
        fixtures: &fixtures,
    };
    let mut cases = Vec::new();
    let mut names: HashMap<String, Span> = HashMap::new();
    let nodes = fields
        .get("cases")
        .map(|node| reader.list(node, "`cases`"))
        .unwrap_or_default();
    for node in nodes {
        let Some(case) = case(reader, node, &context) else {
            continue;
        };
        if case.id.span != Span::default()
            && let Some(first) = names.insert(case.id.value.clone(), case.id.span)
        {
            let message = format!("two cases are named `{}`", case.id.value);
            let found = Diagnostic::error("duplicate-case", reader.file, case.id.span, message);
            reader.problems.push(
                found
                    .with_place(first, "the first one")
                    .with_help("filters and reports go by the name: give one of them another"),
            );
        }
        cases.push(Arc::new(case));
    }
    Some(Suite {
        id: id.map(|id| SuiteId::new(&id)),
        title,
        fhir,
        tags,
        fixtures: Arc::unwrap_or_clone(fixtures),
        given,
        variables,
        cases,
        source: reader.file.clone(),
    })
}

/// What a case has from its suite.
struct Context<'s> {
    fhir: &'s Arc<[FhirVersion]>,
    tags: &'s Arc<[String]>,
    given: &'s Arc<IndexMap<String, Arc<GivenVariable>>>,
    variables: &'s Arc<IndexMap<String, Spanned<Template>>>,
    fixtures: &'s Arc<IndexMap<String, Fixture>>,
}

fn case(reader: &mut Reader<'_>, node: &Node<'_>, suite: &Context<'_>) -> Option<Case> {
    let fields = reader.fields(node, &keys::CASE)?;
    let id = fields.get("id").and_then(|node| reader.string(node, "`id`"));
    if let Some(id) = id.as_ref().filter(|id| !CaseId::is_valid(id)) {
        let help = "write it in kebab-case: `life-of-a-patient`";
        reader.error("bad-name", id.span, format!("`{}` cannot name a case", id.value), help);
    }
    let title = reader.sentence(fields.get("title"), "`title`").into();
    let fhir = match fields.get("fhir") {
        None => Arc::clone(suite.fhir),
        Some(node) => {
            let fhir = releases(reader, node);
            within(reader, node, &fhir, suite.fhir, "the suite");
            fhir.into()
        }
    };
    let types = fields.get("types").map(|node| types(reader, node)).unwrap_or_default();
    let own = variables(reader, &fields);
    let variables = if own.is_empty() {
        Arc::clone(suite.variables)
    } else {
        let mut variables = IndexMap::clone(suite.variables);
        variables.extend(own);
        Arc::new(variables)
    };
    let own = tags(reader, &fields);
    let tags = if own.is_empty() {
        Arc::clone(suite.tags)
    } else {
        suite.tags.iter().cloned().chain(own).collect()
    };
    let mut steps = |key, stage| -> Vec<Step> {
        let Some(node) = fields.get(key) else { return Vec::new() };
        let items = reader.list(node, format_args!("`{key}`"));
        gather(items, |item| step::step(reader, item, stage, &fhir))
    };
    let setup = steps("setup", Stage::Setup);
    let judged = steps("steps", Stage::Judged);
    let cleanup = steps("cleanup", Stage::Cleanup);
    let needs = fields
        .get("needs")
        .map(|node| needs::needs(reader, node))
        .unwrap_or_default();
    let keep = fields
        .get("keep")
        .and_then(|node| reader.flag(node, "`keep`"))
        .unwrap_or(false);
    Some(Case {
        id: id.unwrap_or_else(|| Spanned::new(String::new(), Span::default())),
        title,
        fhir,
        tags,
        needs,
        types,
        given: Arc::clone(suite.given),
        variables,
        setup,
        steps: judged,
        cleanup,
        keep,
        fixtures: suite.fixtures.clone(),
        source: reader.file.clone(),
    })
}

/// A list of releases, or one.
pub fn releases(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<FhirVersion> {
    let words = FhirVersion::ALL.map(|version| (version.name(), version));
    let mut releases: Vec<FhirVersion> = Vec::new();
    for item in reader.one_or_many(node, "`fhir`") {
        let Some(release) = reader.word(item, "`fhir`", &words) else {
            continue;
        };
        if releases.contains(&release) {
            let message = format!("`{release}` stands here twice");
            reader.error("duplicate-value", item.span, message, "leave one out");
        } else {
            releases.push(release);
        }
    }
    releases
}

/// Reports releases that what is around does not cover.
pub fn within(reader: &mut Reader<'_>, node: &Node<'_>, inner: &[FhirVersion], outer: &[FhirVersion], whose: &str) {
    // Where the outer list could not be read, its own error is enough.
    let outside: Vec<_> = inner.iter().filter(|release| !outer.contains(release)).collect();
    let (Some(release), false) = (outside.first(), outer.is_empty()) else {
        return;
    };
    let known = suggest::list(outer.iter().map(|release| release.name()));
    let message = format!("`{release}` is no release of {whose}");
    reader.error("release-outside", node.span, message, format!("{whose} covers {known}"));
}

fn tags(reader: &mut Reader<'_>, fields: &Fields<'_, '_>) -> Vec<String> {
    let Some(node) = fields.get("tags") else {
        return Vec::new();
    };
    let items = reader.one_or_many(node, "`tags`");
    let read = items.iter().filter_map(|item| reader.string(item, "a tag"));
    read.map(|tag| tag.value).collect()
}

fn types(reader: &mut Reader<'_>, node: &Node<'_>) -> Types {
    if let Kind::Scalar(text, _) = &node.kind {
        if text == "asked" {
            return Types::Asked;
        }
        if text != "claimed" {
            let help = "write a list, `[Patient]`, `claimed` for all types that the server claims, or `asked` for those of --types";
            reader.error(
                "wrong-type",
                node.span,
                "`types` has to be a list, `claimed` or `asked`",
                help,
            );
        }
        return Types::Claimed;
    }
    let items = reader.list(node, "`types`");
    Types::Listed(gather(items, |item| reader.string(item, "a resource type")))
}

fn variables(reader: &mut Reader<'_>, fields: &Fields<'_, '_>) -> IndexMap<String, Spanned<Template>> {
    let mut variables = IndexMap::new();
    let entries = fields
        .get("variables")
        .map(|node| reader.entries(node, "`variables`"))
        .unwrap_or_default();
    for entry in entries {
        variable_name(reader, &entry.key, entry.key_span);
        let value = reader.template(&entry.value, format_args!("`{}`", entry.key));
        let value = value.map_or_else(|| Template::literal(""), |value| value.value);
        // The name is what a reader looks for, so its place is kept.
        variables.insert(entry.key.clone().into_owned(), Spanned::new(value, entry.key_span));
    }
    variables
}

/// Reports a name that no variable can have.
pub fn variable_name(reader: &mut Reader<'_>, name: &str, span: Span) {
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !is_name {
        let help = "begin with a letter; then letters, digits, `-` and `_`";
        reader.error("bad-name", span, format!("`{name}` cannot name a variable"), help);
    }
    let taken = BUILT_IN.contains(&name) || OF_EXPECTATIONS.contains(&name) || ENGINE.contains(&name);
    if taken {
        let message = format!("`{name}` is a name that every case knows already");
        reader.error("reserved-name", span, message, "choose another name");
    }
}

/// Names that FHIRPath itself defines (`hl7.org/fhir/fhirpath.html#vars`).
pub const ENGINE: [&str; 5] = ["context", "rootResource", "ucum", "sct", "loinc"];

fn fixtures(reader: &mut Reader<'_>, fields: &Fields<'_, '_>, source: &dyn FixtureSource) -> IndexMap<String, Fixture> {
    let mut fixtures = IndexMap::new();
    let entries = fields
        .get("fixtures")
        .map(|node| reader.entries(node, "`fixtures`"))
        .unwrap_or_default();
    for entry in entries {
        let name = entry.key.clone().into_owned();
        if is_of_type(&name) {
            let message = format!("`{name}` stands for a resource of an expanded type");
            reader.error("reserved-name", entry.key_span, message, "choose another name");
        }
        let Some(path) = reader.string(&entry.value, format_args!("`{name}`")) else {
            continue;
        };
        let body = match source.fixture(reader.file, &path) {
            Ok(body) => body,
            Err(FixtureFault::Unreadable(reason)) => {
                let message = format!("the fixture cannot be read: {reason}");
                let help = "paths are relative to the file of the suite";
                reader.error("fixture-unreadable", path.span, message, help);
                Arc::default()
            }
            Err(FixtureFault::Wrong(found)) => {
                reader.problems.push(*found);
                Arc::default()
            }
        };
        fixtures.insert(name, Fixture { path, body });
    }
    fixtures
}
