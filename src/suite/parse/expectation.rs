//! Expectations: partial responses under the requirements that ask for them.

use std::collections::HashSet;

use super::case::{releases, within};
use super::keys;
use super::matcher;
use super::reader::{Fields, Reader};
use super::suggest;
use super::table::Table;
use super::values::gather;
use super::yaml::Node;
use crate::fhir::FhirVersion;
use crate::requirement::{Actor, Requirement, RequirementId};
use crate::source::{Diagnostic, Span, Spanned};
use crate::suite::assertion::{AtMost, Expectation, PartialResponse};
use crate::suite::model::Assume;

const AT_MOST: [(&str, AtMost); 2] = [("warning", AtMost::Warning), ("note", AtMost::Note)];

/// Reads the expectations of a step.
pub fn expectations(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    table: &'static Table,
    fhir: &[FhirVersion],
) -> Vec<Expectation> {
    let items = reader.list(
        node,
        if table.name == "assertion" {
            "`assert`"
        } else {
            "`expect`"
        },
    );
    let mut expectations = Vec::with_capacity(items.len());
    for item in items {
        expectations.extend(expectation(reader, item, table, fhir));
    }
    expectations
}

fn expectation(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    table: &'static Table,
    of_case: &[FhirVersion],
) -> Option<Expectation> {
    let fields = reader.fields(node, table)?;
    let fhir = fields.get("fhir").map(|node| {
        let fhir = releases(reader, node);
        within(reader, node, &fhir, of_case, "the case");
        fhir
    });
    let requirements = requirements(reader, &fields, table, fhir.as_deref().unwrap_or(of_case));
    let is_assertion = table.has("fhirpath");
    let (mut response, mut any_of, mut fhirpath) = (PartialResponse::default(), Vec::new(), Vec::new());
    if is_assertion {
        fhirpath = fields
            .get("fhirpath")
            .map(|node| reader.fhirpaths(node, "`fhirpath`"))
            .unwrap_or_default();
    } else {
        response = partial(reader, &fields);
        let alternatives = fields
            .get("any-of")
            .map(|node| reader.list(node, "`any-of`"))
            .unwrap_or_default();
        any_of = gather(alternatives, |item| {
            let fields = reader.fields(item, &keys::PARTIAL)?;
            Some(partial(reader, &fields))
        });
        let says_something = ["status", "headers", "body", "any-of"]
            .iter()
            .any(|key| fields.get(key).is_some());
        if !says_something && !fields.has_unknown() {
            let help = "say what has to hold: `status`, `headers`, `body` or `any-of`";
            reader.error(
                "empty-expectation",
                node.span,
                "this expectation asks for nothing, so it always holds",
                help,
            );
        }
    }
    let condition = fields
        .get("if")
        .and_then(|node| reader.fhirpath(node, "`if`"))
        .map(Box::new);
    let at_most = fields
        .get("at-most")
        .and_then(|node| reader.word(node, "`at-most`", &AT_MOST));
    let because = fields
        .get("because")
        .map(|node| reader.sentence(Some(node), "`because`").into());
    if let (Some(entry), None) = (fields.entry("at-most"), &because) {
        let help = "write `because:` and the judgement, in a sentence";
        reader.error(
            "missing-key",
            entry.key_span,
            "`at-most` needs a reason beside it",
            help,
        );
    }
    Some(Expectation {
        requirements,
        response,
        any_of: any_of.into(),
        fhirpath: fhirpath.into(),
        condition,
        at_most,
        because,
        fhir: fhir.map(Into::into),
        span: node.span,
    })
}

/// The requirements of an expectation: each is in the catalogue, binds a server, and holds in a release of the case.
fn requirements(
    reader: &mut Reader<'_>,
    fields: &Fields<'_, '_>,
    table: &Table,
    fhir: &[FhirVersion],
) -> Vec<Spanned<RequirementId>> {
    let Some(node) = fields.get("requirement") else {
        let help = "name the rule that asks for this: `requirement: read.success-200` (`list requirements` shows them)";
        let span = Span::new(fields.span.start as usize..fields.span.start as usize + 1);
        reader.error(
            "no-requirement",
            span,
            format!("{} needs a `requirement`", table.noun),
            help,
        );
        return Vec::new();
    };
    let items = reader.one_or_many(node, "`requirement`");
    let mut requirements: Vec<Spanned<RequirementId>> = Vec::with_capacity(items.len());
    let mut names = HashSet::new();
    for item in items {
        let Some(id) = reader.text(item, "`requirement`") else {
            continue;
        };
        // Mostly there is one.
        if items.len() > 1 && !names.insert(id.value) {
            reader.error(
                "duplicate-value",
                id.span,
                format!("`{}` stands here twice", id.value),
                "leave one out",
            );
            continue;
        }
        // The id is shared with the catalogue, which has it already.
        let known = check_requirement(reader, &id, fhir);
        let id_known = known.map_or_else(|| RequirementId::new(id.value), |requirement| requirement.id.clone());
        requirements.push(Spanned::new(id_known, id.span));
    }
    requirements
}

/// Reports a requirement that cannot be cited here. `None` where the catalogue does not know it.
pub fn check_requirement(
    reader: &mut Reader<'_>,
    id: &Spanned<&str>,
    fhir: &[FhirVersion],
) -> Option<&'static Requirement> {
    let Some(requirement) = reader.catalogue.get(id.value) else {
        let message = format!("`{}` is no requirement of the catalogue", id.value);
        if !reader.may_guess() {
            let found = Diagnostic::error("unknown-requirement", reader.file, id.span, message);
            reader.problems.push(found);
            return None;
        }
        let known = || reader.catalogue.iter().map(|requirement| requirement.id.as_str());
        // The group is seldom misspelt, so a name of the same group is meant rather than a like one of another.
        let group = id.value.split('.').next().unwrap_or_default();
        let same_group = known().filter(|known| known.split('.').next() == Some(group));
        let help = match suggest::nearest(id.value, same_group).or_else(|| suggest::nearest(id.value, known())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`fhir-assay list requirements` shows all of them".to_owned(),
        };
        reader.error("unknown-requirement", id.span, message, help);
        return None;
    };
    if requirement.actor == Actor::Client {
        let message = format!("`{}` binds clients; no server can break it", id.value);
        reader.error(
            "client-requirement",
            id.span,
            message,
            "cite the rule that binds the server",
        );
    }
    let holds = fhir.iter().any(|&release| requirement.level_in(release).is_some());
    if !holds && !fhir.is_empty() {
        let there: Vec<_> = FhirVersion::ALL
            .into_iter()
            .filter(|&release| requirement.level_in(release).is_some())
            .map(FhirVersion::name)
            .collect();
        let here = suggest::list(fhir.iter().map(|release| release.name()));
        let message = format!("`{}` holds in none of the releases here ({here})", id.value);
        let help = format!("it holds in {}", suggest::list(there.into_iter()));
        reader.error("requirement-not-in-release", id.span, message, help);
    }
    Some(requirement)
}

/// Reads a partial response that stands on its own.
pub fn partial_response(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<PartialResponse> {
    let fields = reader.fields(node, &keys::PARTIAL)?;
    Some(partial(reader, &fields))
}

/// Reads status, headers and body.
fn partial(reader: &mut Reader<'_>, fields: &Fields<'_, '_>) -> PartialResponse {
    PartialResponse {
        status: fields.get("status").and_then(|node| matcher::status(reader, node)),
        headers: fields
            .get("headers")
            .map(|node| matcher::headers(reader, node))
            .unwrap_or_default(),
        body: fields
            .get("body")
            .map(|node| matcher::body(reader, node))
            .unwrap_or_default(),
    }
}

/// Reads `assume`.
pub fn assume(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Box<Assume>> {
    let fields = reader.fields(node, &keys::ASSUME)?;
    let response = partial(reader, &fields);
    let because = reader.sentence(fields.get("because"), "`because`");
    if ["status", "headers", "body"]
        .iter()
        .all(|key| fields.get(key).is_none())
    {
        let help = "say what has to hold: `status`, `headers` or `body`";
        reader.error("empty-expectation", node.span, "`assume` assumes nothing", help);
    }
    Some(Box::new(Assume { response, because }))
}
