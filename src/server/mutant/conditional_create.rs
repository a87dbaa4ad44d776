//! `http.html#ccreate`

use std::sync::Arc;

use super::{Mutant, found, is_unconditional};
use crate::fhir::FhirVersion::{R5, R6};
use crate::fhir::Interaction::Create;
use crate::server::Shared;
use crate::server::query::{parse, write};
use crate::server::rewrite::{Answer, Asked};
use crate::server::store::Version;

const CONDITION: &str = "if-none-exist";

pub(super) const ALL: &[Mutant] = &[
    Mutant::before(
        "conditional-create.uses-search",
        "the condition is an identifier only, whatever else it says",
        |_, asked| {
            let criteria = asked.header(CONDITION).and_then(|text| parse(text).ok());
            let Some(mut criteria) = criteria.filter(|_| asked.is(Create)) else {
                return;
            };
            criteria.retain(|(name, _)| name == "identifier");
            match criteria.as_slice() {
                [] => asked.remove_header(CONDITION),
                left => asked.set_header(CONDITION, &write(left)),
            }
        },
    ),
    Mutant::instead(
        "conditional-create.no-match-creates",
        "a condition that finds nothing is answered 412",
        |server, asked| {
            let nothing = matching(server, asked)?.is_empty();
            nothing.then(|| Answer::refusal(412, "conflict", "there is nothing to go by"))
        },
    ),
    Mutant::before(
        "conditional-create.one-match-200",
        "a duplicate is created though the condition finds one",
        |server, asked| {
            if matching(server, asked).is_some_and(|all| all.len() == 1) {
                asked.remove_header(CONDITION);
            }
        },
    ),
    Mutant::after(
        "conditional-create.one-match-headers",
        "200 comes without headers and body",
        |_, asked, answer| {
            if asked.is(Create) && answer.status == 200 {
                *answer = Answer::empty(200);
            }
        },
    )
    .only(&[R5, R6]),
    Mutant::instead(
        "conditional-create.multiple-matches-412",
        "of several that the condition finds, the first is taken",
        |server, asked| match matching(server, asked)?.as_slice() {
            [first, _, ..] => first.resource.as_ref().map(|resource| Answer::resource(200, resource)),
            _ => None,
        },
    ),
    Mutant::before(
        "conditional-create.unsupported-400",
        "a condition is ignored where it is not supported",
        |server, asked| {
            if asked.is(Create) && is_unconditional(server, asked) {
                asked.remove_header(CONDITION);
            }
        },
    ),
    Mutant::before(
        "conditional-create.race-mitigation",
        "every second create does not see what was created just before",
        |_, asked| {
            if asked.is(Create) && asked.number % 2 == 0 {
                asked.remove_header(CONDITION);
            }
        },
    )
    .only(&[R6]),
];

/// What the condition of a create finds; `None` where there is no condition.
fn matching(server: &Shared, asked: &Asked) -> Option<Vec<Arc<Version>>> {
    let criteria = asked.header(CONDITION).filter(|_| asked.is(Create))?;
    Some(found(server, asked, &parse(criteria).ok()?))
}
