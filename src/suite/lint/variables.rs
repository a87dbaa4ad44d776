//! `unknown-variable`, `variable-before-capture`: a step speaks of a variable that does not exist, or not yet.
//!
//! Such a step could never be performed, or its FHIRPath would fail. Variables are the built-in ones, the text
//! constants of suite and case, what earlier steps capture (and the step itself, once it is judged), and the variables
//! of loops. `%resource`, `%response`, `%request` and `%matches` exist only where a response is judged.

use std::borrow::Cow;
use std::collections::HashMap;

use super::scope::{FixtureVariables, Mention, OF_LOOPS, OF_TYPES, Scope, Written, mentions};
use super::walk::{self, Part};
use crate::source::{Diagnostic, Diagnostics, Span};
use crate::suite::model::{Action, Case, Suite};
use crate::suite::parse;
use crate::suite::variables::OF_EXPECTATIONS;

/// Names that FHIRPath knows wherever there is a body to look at.
const OF_FHIRPATH: [&str; 2] = ["context", "rootResource"];
/// Names that FHIRPath knows everywhere.
const CODE_SYSTEMS: [&str; 3] = ["ucum", "sct", "loinc"];

/// Looks for mentions of variables that are not there.
pub fn check(suite: &Suite, problems: &mut Diagnostics) {
    let fixtures = FixtureVariables::of(suite);
    for case in &suite.cases {
        let mut checker = Checker {
            suite,
            fixtures: &fixtures,
            captured: captured(case),
            scope: Scope::of(case),
            problems,
        };
        checker.constants(case);
        checker.steps(case);
    }
}

/// Where each variable of a case is captured first.
fn captured(case: &Case) -> HashMap<&str, Span> {
    let mut places = HashMap::new();
    for capture in walk::steps(case).flat_map(|step| &step.capture) {
        places.entry(capture.name.value.as_str()).or_insert(capture.name.span);
    }
    places
}

struct Checker<'s, 'p> {
    suite: &'s Suite,
    fixtures: &'p FixtureVariables<'s>,
    captured: HashMap<&'s str, Span>,
    scope: Scope<'s>,
    problems: &'p mut Diagnostics,
}

impl<'s> Checker<'s, '_> {
    /// Text constants may use each other; what is captured later they cannot know.
    fn constants(&mut self, case: &'s Case) {
        for value in case.variables.values() {
            // Its span is that of the name, so the value is looked for on the same line.
            let line = self.suite.source.line_at(value.span.start as usize);
            let near = Span::new(value.span.start as usize..line.start + line.text.len());
            self.part(Part::Text(&value.value, near), false);
        }
    }

    fn steps(&mut self, case: &'s Case) {
        for step in walk::steps(case) {
            walk::before(step, &mut |part| self.part(part, false));
            let of_loop = self.scope.enter(step);
            walk::request(step, &mut |part| self.part(part, false));
            walk::captures(step, &mut |part| self.part(part, true));
            step.capture
                .iter()
                .for_each(|capture| self.scope.add(&capture.name.value));
            let has_response = step.action != Action::Assert;
            walk::judgement(step, &mut |part| self.part(part, has_response));
            self.scope.leave(&of_loop);
        }
    }

    fn part(&mut self, part: Part<'s>, has_response: bool) {
        let file = &self.suite.source;
        let mut unknown = Vec::new();
        mentions(part, file, self.fixtures, &mut |mention| {
            let is_of_engine = mention.written == Written::Path
                && (CODE_SYSTEMS.contains(&&*mention.name)
                    || has_response
                        && (OF_EXPECTATIONS.contains(&&*mention.name) || OF_FHIRPATH.contains(&&*mention.name)));
            if !is_of_engine && !self.scope.knows(&mention) {
                unknown.push(mention);
            }
        });
        for mention in unknown {
            let found = self.explain(&mention);
            self.problems.push(found);
        }
    }

    fn explain(&self, mention: &Mention<'_>) -> Diagnostic {
        let file = &self.suite.source;
        let name = &*mention.name;
        let sign = match mention.written {
            Written::Text => format!("${{{name}}}"),
            Written::Path => format!("%{name}"),
            Written::Resource => name.to_owned(),
        };
        if let Some(place) = self.captured.get(name) {
            let message = format!("`{sign}` is used before it is captured");
            return Diagnostic::error("variable-before-capture", file, mention.span, message)
                .with_place(*place, "captured here")
                .with_help("capture it in an earlier step");
        }
        let found = Diagnostic::error(
            "unknown-variable",
            file,
            mention.span,
            format!("there is no variable `{sign}` here"),
        );
        if name == OF_LOOPS {
            return found
                .with_help("`n` counts the rounds of `repeat`, `for-each` and `follow`, and exists only there");
        }
        if OF_TYPES
            .iter()
            .any(|known| *known == name || known.replace('.', "-") == name)
        {
            return found.with_help("it exists in a case with `types`");
        }
        if OF_EXPECTATIONS.contains(&name) {
            return found
                .with_help("it exists only in FHIRPath, where a response is judged: `expect`, `assume`, `capture`");
        }
        let names: Vec<Cow<'_, str>> = self.scope.names(mention.written).collect();
        let mut names: Vec<&str> = names.iter().map(|name| &**name).collect();
        names.sort_unstable();
        names.dedup();
        // `%case-tag` is read as `%case` minus `tag`.
        if mention.written == Written::Path {
            let rest = file.text().get(mention.span.start as usize + 1..).unwrap_or_default();
            let is_meant = |known: &&&str| known.contains('-') && rest.starts_with(**known);
            if let Some(whole) = names.iter().filter(is_meant).max_by_key(|known| known.len()) {
                return found.with_help(format!("a name with a dash stands in backticks: %`{whole}`"));
            }
        }
        match parse::nearest(name, names.into_iter()) {
            Some(near) => found.with_help(format!("did you mean `{near}`?")),
            None => found.with_help("capture it in an earlier step, or write it under `variables`"),
        }
    }
}
