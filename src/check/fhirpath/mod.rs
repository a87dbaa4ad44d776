//! FHIRPaths over a response and the variables of a case.

mod sides;

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::expectation::of_body;
use super::judged::{Between, Judged, cut, listed, mismatch, short};
use super::{Context, Reading, Unreadable, body};
use crate::exchange::{Body, Headers};
use crate::fhir::fhirpath::{Expression, FhirPathError, Subject, Truth};
use crate::suite::assertion::FhirPath;
use crate::suite::variables::fhirpath_name;
use crate::verdict::{Mismatch, Part};

/// Whether an expression over variables, and over a response where there is one, is true.
///
/// # Errors
/// Why it could not be evaluated, in a sentence.
pub fn condition(expression: &FhirPath, reading: Option<&Reading<'_>>, cx: &Context<'_>) -> Result<bool, String> {
    match compiled(expression)?.truth(reading, cx).map_err(Failed::told)? {
        Truth::True => Ok(true),
        Truth::False | Truth::Empty => Ok(false),
        Truth::NotBoolean(found) => Err(format!(
            "`{}` is {}, which is no Boolean",
            expression.text.value,
            told(&found)
        )),
    }
}

/// What an expression over variables, and over a response where there is one, comes to. Without a body it looks at nothing.
///
/// # Errors
/// Why it could not be evaluated, in a sentence.
pub fn evaluate(expression: &FhirPath, reading: Option<&Reading<'_>>, cx: &Context<'_>) -> Result<Vec<Value>, String> {
    compiled(expression)?.values(reading, cx).map_err(Failed::told)
}

/// Judges an expression that has to be true.
pub(super) fn judge(expression: &FhirPath, reading: Option<&Reading<'_>>, part: Part, cx: &Context<'_>) -> Judged {
    if let Some(reading) = reading
        && reading.json().is_err_and(|error| *error != Unreadable::Empty)
        && let Err(judged) = body::json(reading, &expression.text)
    {
        return judged;
    }
    let compiled = match compiled(expression) {
        Ok(compiled) => compiled,
        Err(reason) => return Judged::unjudged(part, reason),
    };
    match compiled.truth(reading, cx) {
        // The engine gives up at JSON that is no resource, where the expression speaks of elements: the server's fault.
        Err(Failed { given_up: false, .. }) if is_no_resource(reading) => {
            let text = &expression.text.value;
            Judged::Broken(
                of_body("the body is JSON, but no resource: it has no `resourceType`".to_owned()).between(text, None),
            )
        }
        Err(failed) => Judged::unjudged(part, failed.reason),
        // Of a body that is not there much is true: `issue.empty()`.
        Ok(Truth::True) if looks_at_no_body(&compiled, reading) => Judged::LeftOut,
        Ok(Truth::True) => Judged::Holds,
        Ok(Truth::False) => Judged::Broken(not_true(&expression.text, "false", reading, part, cx)),
        Ok(Truth::Empty) => Judged::Broken(not_true(&expression.text, "empty, not true", reading, part, cx)),
        // The suite asks for something that can never be true: not the server's fault.
        Ok(Truth::NotBoolean(found)) => {
            let reason = format!("`{}` is {}, which is no Boolean", expression.text.value, told(&found));
            Judged::unjudged(part, reason)
        }
    }
}

/// Whether the body is JSON and has no resource type.
fn is_no_resource(reading: Option<&Reading<'_>>) -> bool {
    let body = reading.and_then(|reading| reading.json().ok());
    body.is_some_and(|body| !body.is_null() && !body["resourceType"].is_string())
}

/// Whether an expression looks at the body, and there is none.
fn looks_at_no_body(compiled: &Compiled<'_>, reading: Option<&Reading<'_>>) -> bool {
    if reading.is_none_or(|reading| reading.json() != Err(&Unreadable::Empty)) {
        return false;
    }
    let expression = compiled.expression();
    let uses = |names: [&str; 2]| expression.variables().any(|(name, _)| names.contains(&name));
    let begins_with_a_variable = expression.source().trim_start_matches([' ', '(']).starts_with('%');
    uses(["resource", "matches"]) || !(uses(["response", "request"]) || begins_with_a_variable)
}

/// What an expression that is not true came to, and the sides of its comparison.
fn not_true(text: &str, came_to: &str, reading: Option<&Reading<'_>>, part: Part, cx: &Context<'_>) -> Box<Mismatch> {
    let mut fault = Cow::Borrowed(text);
    let mut came_to = came_to;
    let conjuncts = sides::conjuncts(text);
    if conjuncts.len() > 1 {
        let first = conjuncts.into_iter().find_map(|conjunct| {
            let truth = Compiled::of(conjunct).ok()?.truth(reading, cx).ok()?;
            (!truth.is_true()).then_some((conjunct, truth))
        });
        if let Some((conjunct, truth)) = first {
            fault = Cow::Borrowed(conjunct);
            came_to = if truth == Truth::Empty {
                "empty, not true"
            } else {
                "false"
            };
        }
    }
    let mut told_of = if part == Part::Variables {
        mismatch(part, String::new())
    } else {
        of_body(String::new())
    };
    let mut message = format!("`{fault}` is {came_to}");
    let value = |side: &str| Compiled::of(side).ok()?.values(reading, cx).ok();
    if let Some((left, operator, right)) = sides::comparison(&fault)
        && let (Some(left_is), Some(right_is)) = (value(left), value(right))
    {
        let sides: Vec<String> = [(left, &left_is), (right, &right_is)]
            .into_iter()
            .filter(|(side, _)| !sides::is_literal(side))
            .map(|(side, found)| format!("`{side}` is {}", told(found)))
            .collect();
        if !sides.is_empty() {
            message = format!("{message}: {}", sides.join(", "));
        }
        if operator == "=" {
            told_of = told_of.between(whole(&right_is), (!left_is.is_empty()).then(|| whole(&left_is)));
        }
    }
    told_of.message = message;
    if told_of.expected.is_none() {
        told_of.expected = Some(text.to_owned());
    }
    if fault != text {
        told_of.details.push(format!("of `{text}`"));
    }
    told_of
}

/// Values for a message: `` `3` ``, `` `a` and `b` ``, `empty`.
fn told(values: &[Value]) -> String {
    let shown: Vec<String> = values
        .iter()
        .take(5)
        .map(|value| format!("`{}`", short(value)))
        .collect();
    match values.len() {
        0 => "empty".to_owned(),
        1..=5 => listed(&shown, "and"),
        count => format!("{} and {} more", shown.join(", "), count - 5),
    }
}

fn whole(values: &[Value]) -> String {
    let shown: Vec<String> = values
        .iter()
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        .collect();
    cut(&shown.join(", "), 2000)
}

/// Why an expression has no value.
struct Failed {
    reason: String,
    /// Whether it would have taken too long, which says nothing about the body.
    given_up: bool,
}

impl Failed {
    fn told(self) -> String {
        self.reason
    }
}

/// An expression that was compiled with its suite, or for a message.
enum Compiled<'a> {
    Kept(&'a Expression),
    Made(Box<Expression>),
}

fn compiled(expression: &FhirPath) -> Result<Compiled<'_>, String> {
    let found = expression
        .expression()
        .map_err(|error| format!("`{}` is no FHIRPath: {error}", expression.text.value));
    found.map(Compiled::Kept)
}

impl Compiled<'_> {
    fn of(text: &str) -> Result<Self, String> {
        let made = Expression::compile(text).map_err(|error| error.to_string())?;
        Ok(Self::Made(Box::new(made)))
    }

    fn expression(&self) -> &Expression {
        match self {
            Self::Kept(expression) => expression,
            Self::Made(expression) => expression,
        }
    }

    fn truth(&self, reading: Option<&Reading<'_>>, cx: &Context<'_>) -> Result<Truth, Failed> {
        self.with(reading, cx, |expression, subject, variables| {
            expression.is_true_on(subject, variables)
        })
    }

    fn values(&self, reading: Option<&Reading<'_>>, cx: &Context<'_>) -> Result<Vec<Value>, Failed> {
        self.with(reading, cx, |expression, subject, variables| {
            expression.evaluate_on(subject, variables)
        })
    }

    fn with<T>(
        &self,
        reading: Option<&Reading<'_>>,
        cx: &Context<'_>,
        run: impl FnOnce(&Expression, &Subject, &[(&str, Value)]) -> Result<T, FhirPathError>,
    ) -> Result<T, Failed> {
        let expression = self.expression();
        let failed = |error: FhirPathError| Failed {
            reason: format!("`{}` could not be evaluated: {error}", expression.source()),
            given_up: error.given_up,
        };
        let subject = match reading {
            Some(reading) => reading.subject(cx.release),
            None => Subject::new(cx.release, &Value::Null).map(Cow::Owned),
        };
        let subject = subject.map_err(failed)?;
        let variables = variables(expression, reading, cx).map_err(|reason| Failed {
            reason,
            given_up: false,
        })?;
        run(expression, &subject, &variables).map_err(failed)
    }
}

/// Names that the engine knows by itself.
const OF_THE_ENGINE: [&str; 5] = ["context", "rootResource", "ucum", "sct", "loinc"];

/// The variables that an expression uses, and only those.
fn variables<'a>(
    expression: &'a Expression,
    reading: Option<&Reading<'_>>,
    cx: &Context<'_>,
) -> Result<Vec<(&'a str, Value)>, String> {
    let mut found: Vec<(&str, Value)> = Vec::new();
    for (name, _) in expression.variables() {
        if found.iter().any(|(known, _)| *known == name) {
            continue;
        }
        if let Some(value) = of_the_case(name, cx) {
            found.push((name, value));
            continue;
        }
        let value = match (name, reading) {
            // The engine sets it to what the expression is evaluated on, where there is something.
            ("resource", Some(reading)) => match reading.json() {
                Ok(body) if !body.is_null() => continue,
                _ => Value::Null,
            },
            ("matches", Some(reading)) => reading.matches().cloned().collect(),
            ("response", Some(reading)) => {
                json!({ "status": reading.status(), "headers": headers(reading.headers()) })
            }
            ("request", Some(reading)) => {
                let request = &reading.exchange().request;
                json!({ "method": request.method, "url": request.url, "headers": headers(&request.headers), "body": sent(&request.body) })
            }
            _ if OF_THE_ENGINE.contains(&name) || name.starts_with("vs-") || name.starts_with("ext-") => continue,
            _ => return Err(format!("`%{name}` was never captured")),
        };
        found.push((name, value));
    }
    Ok(found)
}

/// A variable of the case, by its name in FHIRPath.
fn of_the_case(name: &str, cx: &Context<'_>) -> Option<Value> {
    let values = match cx.variables.get(name) {
        Some(values) => Some(values),
        None if name.contains('-') => {
            let mut all = cx.variables.for_fhirpath();
            all.find(|(known, _)| known == name).map(|(_, values)| values)
        }
        None => None,
    }?;
    debug_assert_eq!(fhirpath_name(name), name);
    Some(Value::Array(values.to_vec()))
}

/// Headers by lower-case name; several lines of one name are a collection.
fn headers(headers: &Headers) -> Value {
    let mut map: Map<String, Value> = Map::new();
    for (name, value) in headers.iter() {
        let value = Value::String(value.to_owned());
        match map.entry(name.to_ascii_lowercase()) {
            serde_json::map::Entry::Vacant(entry) => {
                entry.insert(value);
            }
            serde_json::map::Entry::Occupied(mut entry) => match entry.get_mut() {
                Value::Array(lines) => lines.push(value),
                first => *first = json!([first.take(), value]),
            },
        }
    }
    Value::Object(map)
}

/// The body of a request: JSON, else its text, else nothing.
fn sent(body: &Body) -> Value {
    match body.text() {
        None | Some("") => Value::Null,
        Some(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
    }
}

#[cfg(test)]
mod tests;
