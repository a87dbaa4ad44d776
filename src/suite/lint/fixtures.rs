//! `unknown-fixture`: a body names a fixture that the suite does not have; or `smallest`, `sample` or `changed` in a case without `types`.

use super::walk::{self, Part};
use crate::source::{Diagnostic, Diagnostics, Spanned};
use crate::suite::fixture;
use crate::suite::model::{Case, Suite, Types};
use crate::suite::parse;

/// Looks for names of fixtures that are not there.
pub fn check(suite: &Suite, problems: &mut Diagnostics) {
    for case in &suite.cases {
        for step in walk::steps(case) {
            walk::all(step, &mut |part| {
                if let Part::Fixture(name) = part {
                    problems.extend(unknown(suite, case, name));
                }
            });
        }
    }
}

fn unknown(suite: &Suite, case: &Case, name: &Spanned<String>) -> Option<Diagnostic> {
    let is_of_type = fixture::is_of_type(name);
    if suite.fixtures.contains_key(name.as_str()) || is_of_type && case.types != Types::One {
        return None;
    }
    let message = format!("the suite has no fixture `{}`", name.value);
    let found = Diagnostic::error("unknown-fixture", &suite.source, name.span, message);
    if is_of_type {
        let help = format!("`{}` is a resource of the type of a case with `types`", name.value);
        return Some(found.with_help(help));
    }
    let near = parse::nearest(name, suite.fixtures.keys().map(String::as_str));
    Some(match near {
        Some(near) => found.with_help(format!("did you mean `{near}`?")),
        None => found.with_help(format!(
            "write it under `fixtures`: `{}: ../fixtures/{}.json`",
            name.value, name.value
        )),
    })
}
