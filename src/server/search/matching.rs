//! Comparing what is wanted with what a resource holds.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::extract;
use super::fold::fold;
use super::parameters::Definition;
use super::wanted::{Hierarchy, How, System, Wanted};
use crate::fhir::time::{Interval, now};
use crate::fhir::{Prefix, Reference, SearchParameterType};

/// The system of `true` and `false`.
const TRUTHS: &str = "http://terminology.hl7.org/CodeSystem/special-values";

/// One parameter of a search. All criteria of a search have to hold.
#[derive(Debug)]
pub(super) struct Criterion {
    pub definition: &'static Definition,
    pub test: Test,
}

/// What a criterion asks of the values.
#[derive(Debug)]
pub(super) enum Test {
    /// `:missing`: whether there is no value.
    Missing(bool),
    /// One of these fits one of the values.
    Any(Vec<Wanted>),
    /// `:not`: none of these fits any of the values; having no value is fine.
    NoneOf(Vec<Wanted>),
}

impl Criterion {
    /// Whether a resource fits. `base` is `[base]`, by which absolute references to this server are known.
    pub fn matches(&self, resource: &Value, base: &str) -> bool {
        let any = |wanted: &[Wanted]| wanted.iter().any(|wanted| self.has(wanted, resource, base));
        match &self.test {
            Test::Missing(missing) => self.is_missing(resource) == *missing,
            Test::Any(wanted) => any(wanted),
            Test::NoneOf(wanted) => !any(wanted),
        }
    }

    fn is_missing(&self, resource: &Value) -> bool {
        // Whether somebody is deceased is always known: what is not said is false.
        if self.definition.existence {
            return false;
        }
        if self.definition.kind == SearchParameterType::Composite {
            let complete = self.definition.composites.iter().any(|composite| {
                extract::at(&composite.base, resource).iter().any(|element| {
                    composite
                        .components
                        .iter()
                        .all(|(_, paths)| !extract::at_all(paths, element).is_empty())
                })
            });
            return !complete;
        }
        extract::values(self.definition, resource).is_empty()
    }

    fn has(&self, wanted: &Wanted, resource: &Value, base: &str) -> bool {
        if let Wanted::Composite(parts) = wanted {
            return self.definition.composites.iter().any(|composite| {
                extract::at(&composite.base, resource).iter().any(|element| {
                    // All parts have to fit within the same element.
                    composite.components.iter().zip(parts).all(|((_, paths), part)| {
                        extract::at_all(paths, element)
                            .iter()
                            .any(|value| part.fits(value, None, base))
                    })
                })
            });
        }
        let values = extract::values(self.definition, resource);
        if self.definition.existence {
            let exists = values.iter().any(|value| **value != Value::Bool(false));
            return wanted.fits(&Value::Bool(exists), None, base);
        }
        values
            .iter()
            .any(|value| wanted.fits(value, self.definition.implied, base))
    }
}

impl Wanted {
    /// Whether a value of a resource is what is wanted. `implied` is the system of plain codes.
    fn fits(&self, value: &Value, implied: Option<&str>, base: &str) -> bool {
        match self {
            Self::Token { system, code } => token(value, system, code.as_deref(), implied),
            Self::CodeText(text) => code_texts(value)
                .iter()
                .any(|known| fold(known).starts_with(text.as_str())),
            Self::OfType {
                system,
                code,
                value: wanted,
            } => {
                let of_type = value
                    .get("type")
                    .is_some_and(|known| token(known, &System::Is(system.clone()), Some(code), None));
                of_type && value.get("value").is_some_and(|known| known == wanted.as_str())
            }
            Self::Text { text, how } => extract::strings(value).iter().any(|known| match how {
                How::Starts => fold(known).starts_with(text.as_str()),
                How::Contains => fold(known).contains(text.as_str()),
                How::Exact => known == text,
            }),
            Self::Date { prefix, interval } => {
                extract::interval(value).is_some_and(|known| compares(&known, *prefix, interval))
            }
            Self::Number { prefix, number } => {
                extract::span(value).is_some_and(|known| known.compares(*prefix, *number))
            }
            Self::Quantity {
                prefix,
                number,
                system,
                unit,
            } => {
                extract::span(value).is_some_and(|known| known.compares(*prefix, *number))
                    && is_in_unit(extract::unit_of(value), system.as_deref(), unit.as_deref())
            }
            Self::Uri { uri, how } => value.as_str().is_some_and(|known| match how {
                Hierarchy::Same => known == uri,
                Hierarchy::Below => is_below(known, uri),
                Hierarchy::Above => is_below(uri, known),
            }),
            Self::Local { resource_type, id } => local(value, base).is_some_and(|literal| {
                literal.id == id
                    && resource_type
                        .as_deref()
                        .is_none_or(|wanted| wanted == literal.resource_type)
            }),
            Self::Elsewhere(url) => reference_text(value).is_some_and(|known| {
                // A canonical URL without a version names all of its versions.
                known == url || (!url.contains('|') && known.split_once('|').is_some_and(|(known, _)| known == url))
            }),
            Self::ReferenceIdentifier { system, code } => value
                .get("identifier")
                .is_some_and(|identifier| token(identifier, system, code.as_deref(), None)),
            Self::Composite(_) => false,
        }
    }
}

/// Whether a coded value has the system and the code (`search.html#token`).
fn token(value: &Value, system: &System, code: Option<&str>, implied: Option<&str>) -> bool {
    let same_system = |known: Option<&str>| match system {
        System::Any => true,
        System::None => known.is_none(),
        System::Is(wanted) => known == Some(wanted),
    };
    let same_code = |known: Option<&str>| code.is_none_or(|wanted| known == Some(wanted));
    let property = |value: &'_ Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    match value {
        // A plain code has no system of its own, but one that is implied; both ways of asking find it.
        Value::String(text) => same_code(Some(text)) && (*system == System::None || same_system(implied)),
        Value::Bool(truth) => same_code(Some(if *truth { "true" } else { "false" })) && same_system(Some(TRUTHS)),
        Value::Object(object) => {
            if let Some(codings) = object.get("coding").and_then(Value::as_array) {
                return codings.iter().any(|coding| token(coding, system, code, None));
            }
            // A Coding has a code, an Identifier and a ContactPoint have a value.
            let known = property(value, "code").or_else(|| property(value, "value"));
            (known.is_some() || code.is_none())
                && same_code(known.as_deref())
                && same_system(property(value, "system").as_deref())
        }
        _ => false,
    }
}

/// The texts that go with a code: of a CodeableConcept, its Codings, a Coding, or the type of an Identifier.
fn code_texts(value: &Value) -> Vec<&str> {
    let mut texts = Vec::new();
    texts.extend(["text", "display"].iter().filter_map(|name| value.get(name)?.as_str()));
    texts.extend(value.pointer("/type/text").and_then(Value::as_str));
    let codings = value.get("coding").and_then(Value::as_array).into_iter().flatten();
    texts.extend(codings.filter_map(|coding| coding.get("display")?.as_str()));
    texts
}

/// Compares the time of a resource with the searched one (`search.html#prefix`).
fn compares(known: &Interval, prefix: Prefix, searched: &Interval) -> bool {
    match prefix {
        Prefix::Equal => searched.contains(known),
        Prefix::NotEqual => !searched.contains(known),
        Prefix::GreaterThan => known.end > searched.end,
        Prefix::LessThan => known.start < searched.start,
        Prefix::GreaterOrEqual => known.end > searched.end || searched.contains(known),
        Prefix::LessOrEqual => known.start < searched.start || searched.contains(known),
        Prefix::StartsAfter => known.start >= searched.end,
        Prefix::EndsBefore => known.end <= searched.start,
        Prefix::Approximately => known.overlaps(&widened(searched, now())),
    }
}

/// An interval with a tenth of its distance from the present added at both ends.
fn widened(interval: &Interval, now: Timestamp) -> Interval {
    let seconds = (interval.start.as_second() - now.as_second()).unsigned_abs() / 10;
    let margin = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or_default());
    Interval {
        start: interval.start.checked_sub(margin).unwrap_or(Timestamp::MIN),
        end: interval.end.checked_add(margin).unwrap_or(Timestamp::MAX),
    }
}

/// Whether a quantity is in a unit: by code within a system, or without one by code or by the unit's name.
fn is_in_unit(value: &Value, system: Option<&str>, unit: Option<&str>) -> bool {
    let is = |name: &str, wanted: &str| value.get(name).is_some_and(|known| known == wanted);
    system.is_none_or(|system| is("system", system))
        && unit.is_none_or(|unit| is("code", unit) || (system.is_none() && is("unit", unit)))
}

/// Whether a URI is another or lies below it, by whole segments.
fn is_below(uri: &str, above: &str) -> bool {
    uri.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || above.ends_with('/') || rest.starts_with('/'))
}

/// What a value refers to, where that is a resource of this server.
pub(super) fn local<'a>(value: &'a Value, base: &str) -> Option<Reference<'a>> {
    let literal = Reference::parse(reference_text(value)?)?;
    literal.base.is_none_or(|known| known == base).then_some(literal)
}

/// The URL of a Reference, or a canonical itself.
fn reference_text(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("reference")?.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fhir::time::parse_partial;

    #[test]
    fn dates_compare_as_intervals() {
        for (known, query, expected) in [
            ("2013-01-14", "eq2013-01-14", true),
            ("2013-01-14T10:00:00Z", "2013-01-14", true),
            ("2013-01", "2013-01-14", false),
            ("2013-01-15", "ne2013-01-14", true),
            ("2013-01-14T00:00:00Z", "lt2013-01-14T10:00:00Z", true),
            ("2013-01-14", "gt2013-01-14", false),
            ("2013-01-15", "gt2013-01-14", true),
            ("2013-01", "gt2013-01-14", true),
            ("2013-01", "lt2013-01-14", true),
            ("2013-03-14", "ge2013-03-14", true),
            ("2013-03-13", "ge2013-03-14", false),
            ("2013-03-14", "le2013-03-14", true),
            ("2013-03-14", "sa2013-03-14", false),
            ("2013-03-15", "sa2013-03-14", true),
            ("2013-03-13", "eb2013-03-14", true),
            ("2013-03", "eb2013-03-14", false),
            ("2013-03-20", "ap2013-03-14", true),
            ("1950", "ap2013-03-14", false),
        ] {
            let (prefix, date) = Prefix::split(query);
            let held = compares(&parse_partial(known).unwrap(), prefix, &parse_partial(date).unwrap());
            assert_eq!(held, expected, "{known} {query}");
        }
    }

    #[test]
    fn uris_lie_below_each_other_by_segment() {
        assert!(
            is_below("http://x/a/b", "http://x/a")
                && is_below("http://x/a", "http://x/a")
                && is_below("http://x/a", "http://x/")
        );
        assert!(!is_below("http://x/ab", "http://x/a") && !is_below("http://x", "http://x/a"));
    }

    #[test]
    fn tokens_are_found_in_every_form() {
        let concept = json!({ "coding": [{ "system": "s", "code": "a" }, { "code": "b" }], "text": "T" });
        let identifier = json!({ "system": "s", "value": "a" });
        for (value, query, expected) in [
            (&concept, "a", true),
            (&concept, "s|a", true),
            (&concept, "s|", true),
            (&concept, "t|", false),
            (&concept, "s|b", false),
            (&concept, "|b", true),
            (&concept, "|a", false),
            (&identifier, "s|a", true),
            (&identifier, "A", false),
            (&json!(true), "true", true),
            (&json!(true), "s|true", false),
            (
                &json!(true),
                "http://terminology.hl7.org/CodeSystem/special-values|true",
                true,
            ),
            (&json!("male"), "g|male", true),
            (&json!("male"), "x|male", false),
            (&json!("male"), "|male", true),
            (&json!({ "text": "only" }), "only", false),
            (&json!(7), "7", false),
        ] {
            let wanted = Wanted::parse(SearchParameterType::Token, None, query, "").unwrap();
            assert_eq!(wanted.fits(value, Some("g"), ""), expected, "{value} {query}");
        }
    }
}
