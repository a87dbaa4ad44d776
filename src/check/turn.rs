//! What kind of answer a step got: success or refusal, asked for or not.

use super::Context;
use crate::fhir::FhirVersion;
use crate::suite::assertion::StatusPattern;
use crate::suite::{Expectation, PartialResponse, StatusMatcher, Step};

/// What kind of answer it was, against what the step's expectations name (`docs/suite-format.md#step`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A kind that is named, or none that stops a case.
    AsExpected,
    /// A refusal where only successes were named; a step that names nothing has to succeed.
    Refused,
    /// A success where only refusals were named.
    Accepted,
    /// A status that says nothing about the rule, and that nothing names; why.
    Unjudged(String),
}

/// What kind of answer a status is to a step, by those expectations that are judged in the release under test.
#[must_use]
pub fn turn(step: &Step, status: u16, cx: &Context<'_>) -> Turn {
    if let Some(reason) = unjudged(step, status, cx.release) {
        return Turn::Unjudged(reason);
    }
    let is_judged = |expectation: &&Expectation| {
        is_of_release(expectation, cx.release)
            && expectation.requirements.iter().any(|id| {
                let requirement = cx.catalogue.get(id.as_str());
                requirement.is_some_and(|requirement| requirement.level_in(cx.release).is_some())
            })
    };
    if !step.expect.is_empty() && step.assume.is_none() && !step.expect.iter().any(|one| is_judged(&one)) {
        // The step was written for another release: in this one it asks for nothing.
        return Turn::AsExpected;
    }
    // What is warned of does not count: the steps that follow were written for what is right.
    let asked = step.expect.iter().filter(is_judged).map(Classes::let_pass_by);
    let assumed = step.assume.iter().filter_map(|assume| assume.response.status.as_ref());
    let assumed = assumed.map(|matcher| Classes::passing(matcher));
    let named = asked.chain(assumed).fold(Classes::default(), Classes::or);
    let named = if named == Classes::default() {
        Classes::SUCCESS
    } else {
        named
    };
    match Classes::of(status) {
        Classes::REFUSAL if named.success && !named.refusal => Turn::Refused,
        Classes::SUCCESS if named.refusal && !named.success => Turn::Accepted,
        _ => Turn::AsExpected,
    }
}

/// Whether an expectation holds in a release.
pub(super) fn is_of_release(expectation: &Expectation, release: FhirVersion) -> bool {
    let releases = expectation.fhir.as_deref();
    releases.is_none_or(|releases| releases.contains(&release))
}

/// What a status tells instead of how the server keeps a rule: credentials, quotas, gateways, redirects. `None` where it
/// says something about the server.
#[must_use]
pub const fn beside_the_rule(status: u16) -> Option<&'static str> {
    Some(match status {
        401 => "it wants credentials",
        403 => "access is forbidden",
        407 => "a proxy wants credentials",
        429 => "there were too many requests",
        // Both are said by who stands before the server (RFC 9110, 15.6.3 and 15.6.5).
        502 => "a gateway got no proper answer from the server behind it",
        503 => "the service is unavailable",
        504 => "a gateway got no answer in time from the server behind it",
        // 304 is no redirect: it answers a conditional read.
        300..=303 | 305..=399 => "it redirects elsewhere",
        _ => return None,
    })
}

/// Why a status cannot be judged in a step; `None` where it can.
pub(super) fn unjudged(step: &Step, status: u16, release: FhirVersion) -> Option<String> {
    let what = beside_the_rule(status)?;
    let names = |pattern: &StatusPattern| match pattern {
        StatusPattern::Code(code) => *code == status,
        // "Any refusal" means that the server looked at the request; these say that it did not.
        StatusPattern::Class(_) => pattern.matches(status) && !matches!(status, 401 | 407 | 429 | 502..=504),
    };
    let responses = step
        .expect
        .iter()
        .filter(|expectation| is_of_release(expectation, release))
        .flat_map(|expectation| std::iter::once(&expectation.response).chain(&expectation.any_of));
    let is_named = responses
        .chain(step.assume.iter().map(|assume| &assume.response))
        .filter_map(|response| response.status.as_ref())
        .any(|matcher| match &matcher.value {
            StatusMatcher::Not(patterns) => patterns.iter().any(names),
            StatusMatcher::Judged { pass, note, warn, .. } => pass.iter().chain(note).chain(warn).any(names),
        });
    (!is_named).then(|| format!("the server answered {status}: {what}, which says nothing about this rule"))
}

/// Kinds of statuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Classes {
    /// 2xx
    pub success: bool,
    /// 4xx and 5xx
    pub refusal: bool,
    /// 1xx and 3xx
    pub other: bool,
}

impl Classes {
    const SUCCESS: Self = Self {
        success: true,
        refusal: false,
        other: false,
    };
    const REFUSAL: Self = Self {
        success: false,
        refusal: true,
        other: false,
    };
    const OTHER: Self = Self {
        success: false,
        refusal: false,
        other: true,
    };
    const ALL: Self = Self {
        success: true,
        refusal: true,
        other: true,
    };

    /// The kind of a status.
    pub const fn of(status: u16) -> Self {
        match status / 100 {
            2 => Self::SUCCESS,
            4 | 5 => Self::REFUSAL,
            _ => Self::OTHER,
        }
    }

    /// The kinds that a matcher asks for. What is only tolerated does not count.
    pub fn asked_by(matcher: &StatusMatcher) -> Self {
        match matcher {
            StatusMatcher::Not(_) => Self::ALL,
            StatusMatcher::Judged { pass, .. } => Self::of_patterns(pass),
        }
    }

    /// The kinds that pass a matcher, be it with a note. What is only warned of does not count.
    fn passing(matcher: &StatusMatcher) -> Self {
        match matcher {
            StatusMatcher::Not(_) => Self::ALL,
            StatusMatcher::Judged { pass, note, .. } => Self::of_patterns(pass).or(Self::of_patterns(note)),
        }
    }

    /// The kinds that pass an expectation, be it with a note; none where it names no status.
    fn let_pass_by(expectation: &Expectation) -> Self {
        Self::over(expectation, Self::passing)
    }

    /// The kinds that an expectation asks for; none where it names no status.
    pub fn of_expectation(expectation: &Expectation) -> Self {
        Self::over(expectation, Self::asked_by)
    }

    fn over(expectation: &Expectation, kinds: impl Fn(&StatusMatcher) -> Self) -> Self {
        let of = |response: &PartialResponse| response.status.as_ref().map(|matcher| kinds(matcher));
        match of(&expectation.response) {
            Some(own) => own,
            None => expectation
                .any_of
                .iter()
                .map(|response| of(response).unwrap_or(Self::ALL))
                .fold(Self::default(), Self::or),
        }
    }

    fn of_patterns(patterns: &[StatusPattern]) -> Self {
        patterns.iter().fold(Self::default(), |kinds, pattern| {
            kinds.or(match pattern {
                StatusPattern::Code(code) => Self::of(*code),
                StatusPattern::Class(class) => Self::of(class * 100),
            })
        })
    }

    /// The kinds of both.
    pub const fn or(self, other: Self) -> Self {
        Self {
            success: self.success || other.success,
            refusal: self.refusal || other.refusal,
            other: self.other || other.other,
        }
    }

    /// Whether a status is of one of these kinds.
    pub const fn hold(self, status: u16) -> bool {
        match status / 100 {
            2 => self.success,
            4 | 5 => self.refusal,
            _ => self.other,
        }
    }
}

#[cfg(test)]
mod tests;
