//! Headers: texts, lists, media types, ETags, references and dates.

pub mod date;

use std::borrow::Cow;

use super::judged::{Between, Judged, listed, mismatch};
use super::{Context, Reading};
use crate::fhir::{Etag, InstanceUrl, MediaType};
use crate::suite::assertion::Regex;
use crate::suite::variables::NoText;
use crate::suite::{DateBound, HeaderMatcher, Template};
use crate::verdict::{Mismatch, Part};

/// Judges a header.
pub(super) fn judge(name: &str, matcher: &HeaderMatcher, reading: &Reading<'_>, cx: &Context<'_>) -> Judged {
    let mut lines = reading.headers().all(name).map(str::trim);
    // Several lines of one name mean one list (RFC 9110, 5.3).
    let value = lines
        .next()
        .map(|first| lines.fold(Cow::Borrowed(first), |all, line| Cow::Owned(format!("{all}, {line}"))));
    let header = Header { name, value, cx };
    header.judge(matcher).unwrap_or_else(|stop| match stop {
        Stop::Judged(judged) => judged,
        Stop::NoText(error) => no_text(header.part(), &error),
    })
}

/// What is said where a variable inside an expectation has no text. A capture that found nothing is told by the
/// expectation that asks for what it takes; here there is nothing to compare with.
pub(super) fn no_text(part: Part, error: &NoText) -> Judged {
    match error {
        NoText::Empty(_) => Judged::LeftOut,
        other => Judged::unjudged(part, other.to_string()),
    }
}

/// The regular expression of a matcher, with its variables filled in.
///
/// # Errors
/// Where a variable has no text, or the pattern does not compile.
pub(super) fn regex<'a>(pattern: &'a Regex, cx: &Context<'_>) -> Result<Cow<'a, regex::Regex>, Result<NoText, String>> {
    // A copy of a compiled pattern would have to warm up its caches again.
    if let Some(compiled) = &pattern.compiled {
        return Ok(Cow::Borrowed(compiled));
    }
    let filled = cx
        .variables
        .fill_with(&pattern.pattern, |text| regex::escape(&text).into())
        .map_err(Ok)?;
    regex::Regex::new(&filled)
        .map(Cow::Owned)
        .map_err(|error| Err(error.to_string()))
}

struct Header<'a> {
    name: &'a str,
    value: Option<Cow<'a, str>>,
    cx: &'a Context<'a>,
}

/// Why a header was not judged to the end.
enum Stop {
    NoText(NoText),
    Judged(Judged),
}

impl From<NoText> for Stop {
    fn from(error: NoText) -> Self {
        Self::NoText(error)
    }
}

impl Header<'_> {
    fn part(&self) -> Part {
        Part::Header(self.name.to_owned())
    }

    fn mismatch(&self, message: impl Into<String>, expected: impl Into<String>) -> Box<Mismatch> {
        mismatch(self.part(), message).between(expected, self.value.as_deref().map(str::to_owned))
    }

    /// The header's text; where there is none, that is the finding.
    fn text(&self, expected: impl FnOnce() -> String) -> Result<&str, Stop> {
        self.value.as_deref().ok_or_else(|| {
            let message = format!("the header {} is missing", self.name);
            Stop::Judged(Judged::Broken(self.mismatch(message, expected())))
        })
    }

    fn fill(&self, template: &Template) -> Result<String, NoText> {
        self.cx.variables.fill(template)
    }

    fn fill_all(&self, templates: &[Template]) -> Result<Vec<String>, NoText> {
        templates.iter().map(|template| self.fill(template)).collect()
    }

    /// `ETag is `"3"``, with what follows.
    fn is(&self, actual: &str, but: &str) -> String {
        if actual.is_empty() {
            format!("{} is empty, {but}", self.name)
        } else {
            format!("{} is `{actual}`, {but}", self.name)
        }
    }

    fn judge(&self, matcher: &HeaderMatcher) -> Result<Judged, Stop> {
        match matcher {
            HeaderMatcher::Present(true) => {
                self.text(|| "present".to_owned())?;
                Ok(Judged::Holds)
            }
            HeaderMatcher::Present(false) => Ok(Judged::holds_if(self.value.is_none(), || {
                self.mismatch(format!("there is a header {}", self.name), "absent")
            })),
            HeaderMatcher::OneOf(texts) => {
                let texts = self.fill_all(texts)?;
                let expected = || listed(&texts, "or");
                let actual = self.text(expected)?;
                Ok(Judged::holds_if(texts.iter().any(|text| text.trim() == actual), || {
                    self.mismatch(self.is(actual, &format!("not `{}`", expected())), expected())
                }))
            }
            HeaderMatcher::Not(texts) => {
                let texts = self.fill_all(texts)?;
                let is_one = |actual: &str| texts.iter().any(|text| text.trim() == actual);
                Ok(match self.value.as_deref() {
                    Some(actual) if is_one(actual) => {
                        let message = format!("{} is `{actual}`", self.name);
                        Judged::Broken(self.mismatch(message, format!("not {}", listed(&texts, "or"))))
                    }
                    _ => Judged::Holds,
                })
            }
            HeaderMatcher::Matches(pattern) => {
                let regex = match regex(pattern, self.cx) {
                    Ok(regex) => regex,
                    Err(Ok(error)) => return Err(error.into()),
                    Err(Err(error)) => return Ok(Judged::unjudged(self.part(), error)),
                };
                let actual = self.text(|| regex.to_string())?;
                Ok(Judged::holds_if(regex.is_match(actual), || {
                    self.mismatch(
                        self.is(actual, &format!("which does not match `{regex}`")),
                        regex.as_str(),
                    )
                }))
            }
            HeaderMatcher::Includes(tokens) => self.includes(tokens),
            HeaderMatcher::MediaType(types) => self.media_type(types),
            HeaderMatcher::Version(version) => self.version(version),
            HeaderMatcher::Reference(reference) => self.reference(reference),
            HeaderMatcher::HttpDate => {
                let actual = self.text(|| "an HTTP-date".to_owned())?;
                Ok(Judged::holds_if(date::http_date(actual).is_some(), || {
                    self.mismatch(self.is(actual, "which is no HTTP-date"), "an HTTP-date")
                }))
            }
            HeaderMatcher::Date(bound, other) => self.date(*bound, other),
        }
    }

    fn includes(&self, tokens: &[Template]) -> Result<Judged, Stop> {
        let tokens = self.fill_all(tokens)?;
        let expected = tokens.join(", ");
        let actual = self.text(|| expected.clone())?;
        let missing: Vec<String> = tokens
            .into_iter()
            .filter(|token| {
                !actual
                    .split(',')
                    .any(|item| item.trim().eq_ignore_ascii_case(token.trim()))
            })
            .collect();
        Ok(Judged::holds_if(missing.is_empty(), || {
            let message = format!("{} does not list `{}`", self.name, listed(&missing, "and"));
            self.mismatch(message, expected)
        }))
    }

    fn media_type(&self, types: &[String]) -> Result<Judged, Stop> {
        let expected = || listed(types, "or");
        let actual = self.text(expected)?;
        Ok(match MediaType::parse(actual) {
            None => Judged::Broken(self.mismatch(self.is(actual, "which is no media type"), expected())),
            Some(found) => Judged::holds_if(
                types.iter().any(|one| one.eq_ignore_ascii_case(found.essence())),
                || self.mismatch(self.is(actual, &format!("not `{}`", expected())), expected()),
            ),
        })
    }

    fn version(&self, version: &Template) -> Result<Judged, Stop> {
        let version = self.fill(version)?;
        let expected = || format!("W/\"{version}\"");
        let actual = self.text(expected)?;
        Ok(match Etag::parse(actual) {
            None => Judged::Broken(self.mismatch(self.is(actual, "which is no ETag"), expected())),
            Some(etag) => Judged::holds_if(etag.tag == version, || {
                self.mismatch(self.is(actual, &format!("not version `{version}`")), expected())
            }),
        })
    }

    fn reference(&self, reference: &Template) -> Result<Judged, Stop> {
        let expected = self.fill(reference)?;
        let actual = self.text(|| expected.clone())?;
        let Some(wanted) = InstanceUrl::parse(&expected) else {
            return Ok(Judged::unjudged(
                self.part(),
                format!("`{expected}` names no instance to compare with"),
            ));
        };
        Ok(Judged::holds_if(
            InstanceUrl::parse(actual).is_some_and(|found| found.names(&wanted, self.cx.base)),
            || {
                self.mismatch(
                    self.is(actual, &format!("which does not name `{expected}`")),
                    expected.clone(),
                )
            },
        ))
    }

    fn date(&self, bound: DateBound, other: &Template) -> Result<Judged, Stop> {
        let other = self.fill(other)?;
        let words = match bound {
            DateBound::NotBefore => ("not before", "before"),
            DateBound::NotAfter => ("not after", "after"),
        };
        let expected = format!("{} {other}", words.0);
        let actual = self.text(|| expected.clone())?;
        let Some(limit) = date::seconds(&other) else {
            return Ok(Judged::unjudged(
                self.part(),
                format!("`{other}` is no date to compare with"),
            ));
        };
        let Some(found) = date::seconds(actual) else {
            return Ok(Judged::Broken(
                self.mismatch(self.is(actual, "which is no date"), expected),
            ));
        };
        let holds = match bound {
            DateBound::NotBefore => found >= limit,
            DateBound::NotAfter => found <= limit,
        };
        Ok(Judged::holds_if(holds, || {
            self.mismatch(self.is(actual, &format!("{} `{other}`", words.1)), expected)
        }))
    }
}

#[cfg(test)]
mod tests;
