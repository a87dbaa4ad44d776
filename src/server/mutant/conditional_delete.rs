//! `http.html#cdelete`

use super::{Mutant, is_unconditional, lead_to, meant};
use crate::fhir::FhirVersion::{R5, R6};
use crate::fhir::Interaction::Delete;
use crate::fhir::ResourceType;
use crate::server::Shared;
use crate::server::policy::{ConditionalDelete, Policy};
use crate::server::query::Pairs;
use crate::server::rewrite::{Answer, Asked};
use crate::server::search::Condition;

pub(super) const ALL: &[Mutant] = &[
    Mutant::before(
        "conditional-delete.uses-search",
        "of the criteria only the identifier counts",
        |_, asked| {
            if asked.is(Delete) && asked.parameter("identifier").is_some() {
                asked.change_query(|pairs| pairs.retain(|(name, _)| name == "identifier"));
            }
        },
    ),
    Mutant::instead(
        "conditional-delete.no-match",
        "a delete that finds nothing is answered 412",
        |server, asked| {
            (asked.is(Delete) && meant(server, asked)?.is_empty())
                .then(|| Answer::refusal(412, "conflict", "there is nothing to go by"))
        },
    ),
    Mutant::instead(
        "conditional-delete.one-match",
        "a delete that finds one resource is answered 204, and not done",
        |server, asked| (asked.is(Delete) && meant(server, asked)?.len() == 1).then(|| Answer::empty(204)),
    ),
    Mutant::before(
        "conditional-delete.multiple-refused-412",
        "of several that the criteria find, the first is deleted",
        |server, asked| {
            if let (true, Some([first, _, ..])) = (
                deletes(server, asked, ConditionalDelete::Single),
                meant(server, asked).as_deref(),
            ) {
                lead_to(asked, &first.id);
            }
        },
    ),
    Mutant::instead(
        "conditional-delete.declared",
        "single is declared, but all that the criteria find is deleted",
        |server, asked| {
            let all = meant(server, asked).filter(|_| deletes(server, asked, ConditionalDelete::Single))?;
            (all.len() > 1).then(|| delete_some(server, asked, all.len()))?
        },
    ),
    Mutant::instead(
        "conditional-delete.multiple-all-deleted",
        "of all that the criteria find, only the first ten are deleted",
        |server, asked| {
            let all = meant(server, asked).filter(|_| deletes(server, asked, ConditionalDelete::Multiple))?;
            (all.len() > 10).then(|| delete_some(server, asked, 10))?
        },
    ),
    Mutant::before(
        "conditional-delete.unsupported-400",
        "a delete by criteria deletes what was created last, though not-supported is declared",
        |server, asked| {
            if asked.is(Delete) && asked.id().is_none() && is_unconditional(server, asked) {
                let resource_type = asked.resource_type().unwrap_or_default();
                if let Some(last) = server.store.snapshot(&resource_type, None).1.last() {
                    lead_to(asked, &last.id);
                }
            }
        },
    ),
    Mutant::instead(
        "conditional-delete.system-level",
        "a delete at the base ignores _type, and deletes what fits of every type",
        |server, asked| {
            if !asked.is(Delete) || !asked.segments().is_empty() {
                return None;
            }
            let criteria: Pairs = asked.query().into_iter().filter(|(name, _)| name != "_type").collect();
            let release = server.options.release;
            for resource_type in ResourceType::all(release) {
                let Ok(condition) = Condition::of(&criteria, *resource_type, "", release) else {
                    continue;
                };
                let mut store = server.store.write();
                for version in condition.all(&store) {
                    store.delete(resource_type.name(), &version.id);
                }
            }
            Some(Answer::empty(204))
        },
    )
    .only(&[R5, R6]),
];

/// Whether it is a delete of a type for which the server declares that.
fn deletes(server: &Shared, asked: &Asked, declared: ConditionalDelete) -> bool {
    let release = server.options.release;
    let resource_type = asked
        .resource_type()
        .and_then(|name| ResourceType::parse(release, &name));
    asked.is(Delete) && resource_type.is_some_and(|found| Policy::of(found, release).conditional_delete == declared)
}

fn delete_some(server: &Shared, asked: &Asked, count: usize) -> Option<Answer> {
    let resource_type = asked.resource_type()?;
    for version in meant(server, asked)?.iter().take(count) {
        server.store.write().delete(&resource_type, &version.id);
    }
    Some(Answer::empty(204))
}
