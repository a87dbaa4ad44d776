//! Statuses: the code that a response has, against those that are asked for.

use super::judged::{Between, Judged, listed, mismatch};
use crate::suite::StatusMatcher;
use crate::suite::assertion::StatusPattern;
use crate::verdict::{Outcome, Part};

/// Judges a status.
pub(super) fn judge(matcher: &StatusMatcher, status: u16) -> Judged {
    let has = |patterns: &[StatusPattern]| patterns.iter().any(|pattern| pattern.matches(status));
    let told = || mismatch(Part::Status, answered(status)).between(expected(matcher), Some(status.to_string()));
    match matcher {
        StatusMatcher::Not(patterns) => Judged::holds_if(!has(patterns), told),
        StatusMatcher::Judged { pass, .. } if has(pass) => Judged::Holds,
        StatusMatcher::Judged { note, because, .. } if has(note) => {
            let mut told = told();
            told.judgement = because.as_deref().map(str::to_owned);
            Judged::Tolerated(Outcome::Note, told)
        }
        StatusMatcher::Judged { warn, because, .. } if has(warn) => {
            let mut told = told();
            told.judgement = because.as_deref().map(str::to_owned);
            Judged::Tolerated(Outcome::Warning, told)
        }
        StatusMatcher::Judged { .. } => Judged::Broken(told()),
    }
}

/// `the server answered 200`
pub(super) fn answered(status: u16) -> String {
    format!("the server answered {status}")
}

/// What is asked for: `200 or 204`, `not 405`.
fn expected(matcher: &StatusMatcher) -> String {
    match matcher {
        StatusMatcher::Not(patterns) => format!("not {}", words(patterns)),
        StatusMatcher::Judged { pass, .. } => words(pass),
    }
}

fn words(patterns: &[StatusPattern]) -> String {
    let words: Vec<String> = patterns
        .iter()
        .map(|pattern| match pattern {
            StatusPattern::Code(code) => code.to_string(),
            StatusPattern::Class(class) => format!("{class}xx"),
        })
        .collect();
    listed(&words, "or")
}

#[cfg(test)]
mod tests {
    use super::*;
    use StatusPattern::{Class, Code};

    fn told(matcher: &StatusMatcher, status: u16) -> String {
        match judge(matcher, status) {
            Judged::Holds => "holds".to_owned(),
            Judged::Tolerated(outcome, told) => format!("{outcome:?}: {}, {:?}", told.message, told.judgement),
            Judged::Broken(told) => format!("{}; expected {}", told.message, told.expected.unwrap()),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn statuses_are_judged() {
        let matcher = StatusMatcher::Judged {
            pass: [Code(412), Class(5)].into(),
            note: [Code(400)].into(),
            warn: [Code(409)].into(),
            because: Some("STU3 said 409".into()),
        };
        let not = StatusMatcher::Not([Code(405), Code(501)].into());
        let lines = [
            told(&matcher, 412),
            told(&matcher, 503),
            told(&matcher, 400),
            told(&matcher, 409),
            told(&matcher, 200),
            told(&not, 200),
            told(&not, 501),
        ];
        insta::assert_snapshot!(lines.join("\n"));
    }
}
