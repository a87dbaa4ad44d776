//! `odd-url`: the URL of an interaction does not have the shape that the interaction has in the specification.
//!
//! Whoever means it writes the step as `request:`, which sends what is written and is judged as no interaction.
//! So a `read` is always a read: the rules of its section apply (http.html#general).

use crate::fhir::Interaction;
use crate::source::{Diagnostic, Diagnostics, Spanned};
use crate::suite::model::{Action, Suite};
use crate::suite::template::{Part, Template};

use super::walk;

/// Compares URLs with the shapes of their interactions.
pub fn check(suite: &Suite, problems: &mut Diagnostics) {
    for step in suite.cases.iter().flat_map(|case| walk::steps(case)) {
        let Action::Interaction { interaction, url } = &step.action else {
            continue;
        };
        if let Some(expected) = mismatch(*interaction, &written(url)) {
            let message = format!("this is not the URL of a `{interaction}`");
            let found = Diagnostic::warning("odd-url", &suite.source, url.span, message);
            problems.push(found.with_help(format!(
                "it is {expected}; to send another one on purpose write `request:`"
            )));
        }
    }
}

/// The URL with a letter in place of each variable, since a variable in a path is one segment.
fn written(url: &Spanned<Template>) -> String {
    let mut written = String::new();
    for part in url.parts() {
        written.push_str(match part {
            Part::Text(text) => text,
            Part::Variable(..) => "x",
        });
    }
    written
}

/// What a URL should look like, where it does not.
fn mismatch(interaction: Interaction, url: &str) -> Option<&'static str> {
    let (path, query) = url
        .split_once('?')
        .map_or((url, None), |(path, query)| (path, Some(query)));
    // A slash at the end is tested on purpose (http.html#root), and the interaction stays what it is.
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<&str> = path.split('/').collect();
    let shape = segments.as_slice();
    let is_empty = path.is_empty();
    let (fits, expected) = match interaction {
        Interaction::Read => (matches!(shape, [_, _]), "`Type/id`"),
        Interaction::Vread => (matches!(shape, [_, _, "_history", _]), "`Type/id/_history/version`"),
        Interaction::Update | Interaction::Patch => {
            let is_conditional = matches!(shape, [_]) && query.is_some();
            (
                matches!(shape, [_, _]) || is_conditional,
                "`Type/id`, or `Type?criteria`",
            )
        }
        Interaction::Delete => {
            let is_conditional = matches!(shape, [_]) && query.is_some();
            (
                matches!(shape, [_, _]) || is_conditional,
                "`Type/id`, or `Type?criteria`",
            )
        }
        Interaction::Create => (matches!(shape, [_]) && !is_empty, "`Type`"),
        Interaction::Capabilities => (path == "metadata", "`metadata`"),
        Interaction::Batch | Interaction::Transaction => (is_empty, "'' (the base URL)"),
        Interaction::SearchType => (matches!(shape, [_] | [_, "_search"] | [_, _, _]), "`Type?parameters`"),
        Interaction::Operation => (segments.iter().any(|segment| segment.starts_with('$')), "`.../$name`"),
        Interaction::DeleteHistory
        | Interaction::DeleteHistoryVersion
        | Interaction::HistoryInstance
        | Interaction::HistoryType
        | Interaction::HistorySystem
        | Interaction::SearchSystem => (true, ""),
    };
    let has_hole = !is_empty && segments.iter().any(|segment| segment.is_empty());
    (!fits || has_hole)
        .then_some(expected)
        .filter(|expected| !expected.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_the_shape_of_their_interaction() {
        use Interaction as I;
        for (interaction, url) in [
            (I::Read, "Patient/x?_format=json"),
            (I::Vread, "Patient/x/_history/1"),
            (I::Update, "Patient?identifier=a/b"),
            (I::DeleteHistoryVersion, "Patient/x/_history/1"),
            (I::SearchType, "Patient/_search"),
            (I::SearchType, "Patient/x/Observation?code=y"),
            (I::Operation, "Patient/x/$everything"),
            (I::Transaction, ""),
        ] {
            assert_eq!(mismatch(interaction, url), None, "{interaction} {url}");
        }
        for (interaction, url) in [
            (I::Read, "Patient"),
            (I::Read, "Patient//"),
            (I::Create, "Patient/x"),
            (I::Update, "Patient"),
            (I::Capabilities, "metadata//"),
            (I::Batch, "Bundle"),
            (I::Operation, "everything"),
        ] {
            assert!(mismatch(interaction, url).is_some(), "{interaction} {url}");
        }
    }
}
