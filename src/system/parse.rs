//! From text to system, with every problem of the file reported at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{Authorization, Deviation, System, keys};
use crate::fhir::{FhirVersion, Interaction};
use crate::requirement::{Actor, Basis, Catalogue, Level, Requirement, RequirementId, Section, Testable};
use crate::source::{Diagnostics, SourceFile, Spanned};
use crate::suite::Assume;
use crate::suite::parse::yaml::Node;
use crate::suite::parse::{Fields, Reader, check_requirement, gather, nearest, partial_response, releases, yaml};

const LEVELS: [(&str, Level); 5] = [
    ("SHALL", Level::Shall),
    ("SHALL NOT", Level::ShallNot),
    ("SHOULD", Level::Should),
    ("SHOULD NOT", Level::ShouldNot),
    ("MAY", Level::May),
];

/// Reads a system, whatever stands in the file; none where an error was found. Pure: which suites there are is not looked at.
#[must_use]
pub fn parse(file: &Arc<SourceFile>) -> (Option<System>, Diagnostics) {
    let mut reader = Reader::new(file, Catalogue::embedded());
    let root = yaml::read(file, &mut reader.problems);
    let system = root.and_then(|root| system(&mut reader, &root));
    let mut problems = reader.problems;
    problems.sort();
    (system.filter(|_| problems.errors() == 0), problems)
}

fn system(reader: &mut Reader<'_>, root: &Node<'_>) -> Option<System> {
    let fields = reader.fields(root, &keys::SYSTEM)?;
    let name = fields.get("system").and_then(|node| reader.string(node, "`system`"));
    if let Some(name) = name.as_ref().filter(|name| !is_name(name)) {
        let help = "lower-case letters, digits and dashes: `oracle-health-r4`";
        reader.error(
            "bad-name",
            name.span,
            format!("`{}` cannot name a system", name.value),
            help,
        );
    }
    let release = fields
        .get("fhir")
        .map(|node| releases(reader, node))
        .unwrap_or_default();
    let release = release.first().copied().unwrap_or(FhirVersion::R4);
    // What the document promises can be cited by its deviations no more than by others: they are rules of the specification.
    let deviations = items(reader, &fields, "deviations", |reader, node| {
        deviation(reader, node, release)
    });
    let rules = items(reader, &fields, "rules", |reader, node| rule(reader, node, release));
    let catalogue = with_rules(reader, rules);
    let texts = |reader: &mut Reader<'_>, key: &'static str| -> Vec<Spanned<String>> {
        let Some(node) = fields.get(key) else { return Vec::new() };
        let items = reader.one_or_many(node, format_args!("`{key}`"));
        gather(items, |item| reader.string(item, format_args!("`{key}`")))
    };
    let named = |reader: &mut Reader<'_>, key: &'static str| -> Vec<(String, Spanned<String>)> {
        let Some(node) = fields.get(key) else { return Vec::new() };
        let entries = reader.entries(node, format_args!("`{key}`"));
        let read = entries.iter().filter_map(|entry| {
            let value = reader.string(&entry.value, format_args!("`{}`", entry.key))?;
            Some((
                entry.key.clone().into_owned(),
                Spanned::new(value.value, entry.key_span),
            ))
        });
        read.collect()
    };
    let authorization = match fields.get("authorization") {
        None => Vec::new(),
        Some(node) => {
            let items = reader.one_or_many(node, "`authorization`");
            gather(items, |item| {
                reader.word(item, "`authorization`", &Authorization::WORDS)
            })
        }
    };
    let suites = texts(reader, "suites");
    let types = texts(reader, "types").into_iter().map(|name| name.value).collect();
    let headers = named(reader, "headers");
    let emulation: IndexMap<_, _> = named(reader, "emulation").into_iter().collect();
    Some(System {
        name: name?,
        title: reader.sentence(fields.get("title"), "`title`"),
        release,
        document: reader.sentence(fields.get("document"), "`document`"),
        base: reader.sentence(fields.get("base"), "`base`"),
        authorization,
        headers: headers.into_iter().map(|(name, value)| (name, value.value)).collect(),
        suites,
        types,
        writes: writes(reader, &fields),
        deviations,
        emulation,
        catalogue,
        file: reader.file.name().to_string(),
        source: Arc::clone(reader.file),
    })
}

fn items<T>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_, '_>,
    key: &'static str,
    mut read: impl FnMut(&mut Reader<'_>, &Node<'_>) -> Option<T>,
) -> Vec<T> {
    let Some(node) = fields.get(key) else { return Vec::new() };
    let items = reader.list(node, format_args!("`{key}`"));
    gather(items, |item| read(reader, item))
}

fn writes(reader: &mut Reader<'_>, fields: &Fields<'_, '_>) -> Vec<(String, Vec<Interaction>)> {
    const WORDS: [(&str, Interaction); 4] = [
        ("create", Interaction::Create),
        ("update", Interaction::Update),
        ("patch", Interaction::Patch),
        ("delete", Interaction::Delete),
    ];
    let Some(node) = fields.get("writes") else {
        return Vec::new();
    };
    let entries = reader.entries(node, "`writes`");
    let read = entries.iter().map(|entry| {
        let items = reader.one_or_many(&entry.value, format_args!("`{}`", entry.key));
        let interactions = gather(items, |item| reader.word(item, "what may be written", &WORDS));
        (entry.key.clone().into_owned(), interactions)
    });
    read.collect()
}

fn deviation(reader: &mut Reader<'_>, node: &Node<'_>, release: FhirVersion) -> Option<Deviation> {
    let fields = reader.fields(node, &keys::DEVIATION)?;
    let requirement = fields
        .get("requirement")
        .and_then(|node| reader.text(node, "`requirement`"));
    if let Some(id) = &requirement {
        check_requirement(reader, id, &[release]);
    }
    let says = reader.sentence(fields.get("says"), "`says`");
    let source = reader.sentence(fields.get("source"), "`source`");
    let response = fields.get("response").and_then(|node| partial_response(reader, node))?;
    let requirement = requirement?;
    Some(Deviation {
        site: reader.file.site(requirement.span),
        requirement: requirement.map(RequirementId::new),
        response: Assume {
            response,
            because: says.clone(),
        },
        says,
        source,
    })
}

fn rule(reader: &mut Reader<'_>, node: &Node<'_>, release: FhirVersion) -> Option<Spanned<Requirement>> {
    let fields = reader.fields(node, &keys::RULE)?;
    let id = fields.get("id").and_then(|node| reader.string(node, "`id`"))?;
    let is_dotted = id.split('.').count() > 1 && id.split('.').all(is_name);
    if !is_dotted {
        let help = "words of lower-case letters, digits and dashes, joined by dots: `acme.search.by-name`";
        reader.error("bad-name", id.span, format!("`{}` cannot name a rule", id.value), help);
    }
    let level = fields
        .get("level")
        .and_then(|node| reader.word(node, "`level`", &LEVELS));
    let statement = reader.sentence(fields.get("says"), "`says`");
    let source = reader.sentence(fields.get("source"), "`source`");
    let span = id.span;
    let requirement = Requirement {
        id: RequirementId::new(&id.value),
        level: level?,
        actor: Actor::Server,
        basis: Basis::Documented,
        versions: BTreeMap::from([(release, true)]),
        trial_use: Vec::new(),
        differs: BTreeMap::new(),
        statement: statement.into(),
        section: Section {
            number: "-".into(),
            anchor: source.clone().into(),
        },
        applies_if: vec!["always".into()],
        testable: Testable::Yes,
        why_not: None,
        how_to_test: "By the suites of the system.".into(),
        mutant: "None.".into(),
        notes: None,
        source: Some(source.into()),
        example: None,
        table: None,
    };
    Some(Spanned::new(requirement, span))
}

/// The catalogue with the rules of the document. It lives as long as the process, as the embedded one does.
fn with_rules(reader: &mut Reader<'_>, rules: Vec<Spanned<Requirement>>) -> &'static Catalogue {
    if rules.is_empty() {
        return reader.catalogue;
    }
    let mut own: Vec<Requirement> = Vec::new();
    for rule in rules {
        let is_known = |id: &str| reader.catalogue.get(id).is_some();
        let is_twice = own.iter().any(|known| known.id == rule.value.id);
        if is_twice || is_known(rule.value.id.as_str()) {
            let message = format!("a rule is named `{}` already", rule.value.id);
            reader.error(
                "duplicate-value",
                rule.span,
                message,
                "begin its name with that of the system",
            );
        } else {
            own.push(rule.value);
        }
    }
    match reader.catalogue.with(reader.file.name(), own) {
        Ok(catalogue) => Box::leak(Box::new(catalogue)),
        Err(_) => reader.catalogue,
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// `did you mean ...?` where one of these is near, else another way out.
pub(super) fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str>, otherwise: &str) -> String {
    nearest(name, known).map_or_else(|| otherwise.to_owned(), |near| format!("did you mean `{near}`?"))
}
