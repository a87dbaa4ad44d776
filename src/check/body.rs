//! Bodies: empty or not, like a resource, the same as one, true to a FHIRPath, equal to a text.

use std::borrow::Cow;

use serde_json::Value;

use super::excerpt::BodyText;
use super::expectation::of_body;
use super::judged::{Between, Judged, a, cut};
use super::{Context, Reading, Unreadable, diff, fhirpath, header, violation};
use crate::fhir::profile;
use crate::fhir::validate::Violation;
use crate::suite::fixture::{self, RenderError, Rendered};
use crate::suite::placeholder::dialect;
use crate::suite::{Body, BodyMatcher, BodySource, JsonText};
use crate::verdict::{Mismatch, Part, counted};

/// Elements of the top level that `same-as` does not look at: the server's own.
const SERVERS_OWN: [&str; 3] = ["id", "meta", "text"];

/// How many things that are wrong are told one by one.
const TOLD: usize = 20;

/// How much of a text is shown.
const SHOWN: usize = 2000;

/// Whether a matcher looks at the body as JSON.
pub(super) const fn needs_json(matcher: &BodyMatcher) -> bool {
    matches!(
        matcher,
        BodyMatcher::Like(_) | BodyMatcher::SameAs(_) | BodyMatcher::Schema(_) | BodyMatcher::FhirPath(_)
    )
}

/// Judges a body.
pub(super) fn judge(matcher: &BodyMatcher, reading: &Reading<'_>, cx: &Context<'_>) -> Judged {
    match matcher {
        BodyMatcher::Empty(wanted) => empty(*wanted, reading),
        BodyMatcher::Like(body) => compared(body, diff::Mode::Like, reading, cx),
        BodyMatcher::SameAs(body) => compared(body, diff::Mode::Same, reading, cx),
        BodyMatcher::Schema(type_name) => match cx.variables.fill(type_name) {
            Err(error) => header::no_text(whole(), &error),
            Ok(type_name) => match json(reading, &type_name) {
                Err(judged) => judged,
                Ok(actual) => valid(&type_name, actual, reading, cx),
            },
        },
        BodyMatcher::FhirPath(expression) => fhirpath::judge(expression, Some(reading), whole(), cx),
        BodyMatcher::TextIs(wanted) => match cx.variables.fill(wanted) {
            Err(error) => header::no_text(whole(), &error),
            Ok(wanted) => with_text(reading, |text| {
                Judged::holds_if(text == wanted, || {
                    of_body("the body is another text").between(cut(&wanted, SHOWN), Some(cut(text, SHOWN)))
                })
            }),
        },
        BodyMatcher::TextNot(unwanted) => match cx.variables.fill(unwanted) {
            Err(error) => header::no_text(whole(), &error),
            // What is no text is not that text either.
            Ok(_) if matches!(reading.json(), Err(Unreadable::NotUtf8(_))) => Judged::Holds,
            Ok(unwanted) => with_text(reading, |text| {
                Judged::holds_if(text != unwanted, || {
                    of_body("the body is that text").between("another text", Some(cut(text, SHOWN)))
                })
            }),
        },
        BodyMatcher::TextMatches(pattern) => match header::regex(pattern, cx) {
            Err(Ok(error)) => header::no_text(whole(), &error),
            Err(Err(error)) => Judged::unjudged(whole(), error),
            Ok(regex) => with_text(reading, |text| {
                Judged::holds_if(regex.is_match(text), || {
                    of_body(format!("the body does not match `{regex}`"))
                        .between(regex.as_str(), Some(cut(text, SHOWN)))
                })
            }),
        },
    }
}

const fn whole() -> Part {
    Part::Body(String::new())
}

fn empty(wanted: bool, reading: &Reading<'_>) -> Judged {
    let body = reading.body();
    Judged::holds_if(body.is_empty() == wanted, || {
        if wanted {
            of_body(format!("there is a body of {}", counted(body.len(), "byte", "bytes")))
                .between("no body", Some(cut(&String::from_utf8_lossy(body.bytes()), SHOWN)))
        } else {
            of_body("there is no body").between("a body", None)
        }
    })
}

/// The body as text; where it has none, that is the judgement.
fn with_text(reading: &Reading<'_>, judge: impl FnOnce(&str) -> Judged) -> Judged {
    match reading.json() {
        Err(error @ (Unreadable::Cut(_) | Unreadable::Elsewhere(_))) => Judged::unjudged(whole(), error.to_string()),
        _ => match reading.body().text() {
            Some(text) => judge(text),
            None => Judged::Broken(of_body("the body is not UTF-8")),
        },
    }
}

/// The body as JSON; where it has none, that is the judgement.
///
/// # Errors
/// The judgement.
pub(super) fn json<'a>(reading: &'a Reading<'_>, wanted: &str) -> Result<&'a Value, Judged> {
    reading.json().map_err(|error| match error {
        Unreadable::Cut(_) | Unreadable::Elsewhere(_) => Judged::unjudged(whole(), error.to_string()),
        Unreadable::Empty => Judged::Broken(of_body(error.to_string()).between(wanted, None)),
        _ => {
            let text = String::from_utf8_lossy(reading.body().bytes());
            Judged::Broken(of_body(error.to_string()).between(wanted, Some(cut(&text, SHOWN))))
        }
    })
}

/// Judges `like` and `same-as`.
fn compared(body: &Body, mode: diff::Mode, reading: &Reading<'_>, cx: &Context<'_>) -> Judged {
    let prepared = prepared(body, cx);
    // What a server sent is data, and holds no placeholders.
    let is_ours = !matches!(body.source, BodySource::Captured(_));
    let compare = if is_ours {
        diff::compare_with_placeholders
    } else {
        diff::compare
    };
    let wanted = match fixture::render(&prepared, &cx.case.fixtures, cx.variables) {
        Ok(Rendered::Json(wanted)) => wanted,
        Ok(Rendered::Text(wanted)) => {
            return with_text(reading, |text| {
                Judged::holds_if(text == wanted, || {
                    of_body("the body is another text").between(cut(&wanted, SHOWN), Some(cut(text, SHOWN)))
                })
            });
        }
        Err(RenderError::NoText(error)) => return header::no_text(whole(), &error),
        Err(error) => return Judged::unjudged(whole(), error.to_string()),
    };
    let actual = match json(reading, "a resource in JSON") {
        Ok(actual) => actual,
        Err(judged) => return judged,
    };
    let compared = match mode {
        diff::Mode::Like => compare(&wanted, actual, mode),
        diff::Mode::Same => compare(&without_servers_own(&wanted), &without_servers_own(actual), mode),
    };
    match compared {
        Ok(None) => Judged::Holds,
        Ok(Some(difference)) => Judged::Broken(difference.into_mismatch()),
        Err(diff::TooLarge) => Judged::unjudged(whole(), diff::TooLarge.to_string()),
    }
}

/// The body with HL7's placeholders put into ours, before variables are filled in: what a variable holds is data.
fn prepared<'a>(body: &'a Body, cx: &Context<'_>) -> Cow<'a, Body> {
    // Every placeholder has this sign.
    let written = match &body.source {
        BodySource::Json(text) if text.as_str().contains('$') => Some(Cow::Owned(text.value())),
        BodySource::Fixture(name) => {
            let fixture = cx.case.fixtures.get(name.as_str()).map(|fixture| &*fixture.body);
            fixture
                .filter(|fixture| fixture.to_string().contains('$'))
                .map(Cow::Borrowed)
        }
        _ => None,
    };
    let Some(written) = written else {
        return Cow::Borrowed(body);
    };
    Cow::Owned(Body {
        source: BodySource::Json(JsonText::new(&dialect::ours(&written, cx.release))),
        set: body
            .set
            .iter()
            .map(|(path, new)| (path.clone(), dialect::ours(new, cx.release)))
            .collect(),
        remove: body.remove.clone(),
        span: body.span,
    })
}

/// Judges `schema`.
fn valid(type_name: &str, actual: &Value, reading: &Reading<'_>, cx: &Context<'_>) -> Judged {
    let judge = cx.validator();
    let judged = if profile::is_canonical(type_name) {
        judge
            .validate_against(type_name, actual)
            .map_err(|error| error.to_string())
    } else {
        judge.validate_as(type_name, actual).map_err(|error| error.to_string())
    };
    let validation = match judged {
        Ok(validation) => validation,
        Err(why) => return Judged::unjudged(whole(), why),
    };
    // Of a profile the type is what it constrains.
    let type_name = cx.profiles.type_of(type_name).unwrap_or(type_name);
    if validation.is_valid() {
        return Judged::Holds;
    }
    let found = actual["resourceType"].as_str();
    // All else that is wrong follows from that.
    let is_another = match found {
        Some(found) if found != type_name => Some(format!("the body is {}, not {}", a(found), a(type_name))),
        None if !actual.is_object() => Some("the body is JSON, but no object".to_owned()),
        _ => None,
    };
    if let Some(message) = is_another {
        let mut broken = of_body(message).between(type_name, Some(cut(&actual.to_string(), 500)));
        if let Some(found) = found {
            broken.part = Part::Body("/resourceType".to_owned());
            broken.actual = Some(cut(found, 500));
        }
        return Judged::Broken(broken);
    }
    let text = reading.json_text();
    let text = BodyText::new("answer", &text, actual);
    let mut told = violation::mismatches(&validation, Some(&text)).into_iter();
    let Some((_, mut broken)) = told.next() else {
        return Judged::Holds;
    };
    let more = match told.len() {
        0 => String::new(),
        count => format!(" (and {count} more)"),
    };
    broken.message = format!("the body is no valid {type_name}: {}{more}", broken.message);
    let rest: Vec<_> = told.collect();
    let also = rest
        .iter()
        .take(TOLD)
        .map(|(violation, mismatch)| tell_also(violation, mismatch));
    broken.details.extend(also);
    if rest.len() > TOLD {
        broken.details.push(format!("and {} more", rest.len() - TOLD));
    }
    Judged::Broken(broken)
}

/// What else is wrong, in a line.
fn tell_also(violation: &Violation, mismatch: &Mismatch) -> String {
    let mend = mismatch.mend.as_ref().map(|mend| format!("; {}", mend.text));
    format!("{}: {}{}", violation.path, mismatch.message, mend.unwrap_or_default())
}

fn without_servers_own(resource: &Value) -> Value {
    let mut copy = resource.clone();
    if let Value::Object(members) = &mut copy {
        for name in SERVERS_OWN {
            members.shift_remove(name);
        }
    }
    copy
}

#[cfg(test)]
mod tests;
