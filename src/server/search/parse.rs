//! From the parameters of a request to what is asked.

use std::sync::Arc;

use http::StatusCode;

use super::matching::{Criterion, Test};
use super::paging::{self, Page};
use super::parameters::Definition;
use super::sort::Key;
use super::wanted::{Wanted, split};
use crate::fhir::{FhirVersion, ResourceType, SearchParameterType};
use crate::server::Shared;
use crate::server::incoming::Incoming;
use crate::server::query::{Pairs, single};
use crate::server::reply::Refusal;
use crate::server::subset::Subset;

/// How many parameters and alternatives a search has at most; each is held against every resource.
const LIMIT: usize = 5_000;

/// A search, understood.
#[derive(Debug)]
pub(super) struct Asked {
    pub criteria: Vec<Criterion>,
    pub sort: Vec<Key>,
    pub count: usize,
    /// Whether the number of matches is told.
    pub total: bool,
    pub subset: Subset,
    pub page: Page,
    /// The parameters that were honoured, for the links.
    pub used: Pairs,
    /// The parameters that were not.
    pub ignored: Vec<Arc<str>>,
}

impl Asked {
    /// Reads the parameters. 400 for malformed values and modifiers that a parameter does not have, and with
    /// `Prefer: handling=strict` for parameters that the server does not know; otherwise those are ignored.
    pub fn of(shared: &Shared, request: &Incoming, resource_type: ResourceType) -> Result<Self, Refusal> {
        let query = &request.query;
        check_size(query)?;
        let subset = Subset::of(query)?;
        let counted = paging::count(single(query, "_count")?, &shared.options)?;
        let mut asked = Self {
            criteria: Vec::new(),
            sort: Vec::new(),
            count: if subset == Subset::Count { 0 } else { counted },
            total: total(single(query, "_total")?)?,
            subset,
            page: Page::of(query)?,
            used: Vec::new(),
            ignored: Vec::new(),
        };
        for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
            match name.as_str() {
                // What is really used may be less than was asked for.
                "_count" => asked.used.push((name.clone(), counted.to_string())),
                "_sort" => asked.add_sort(
                    single(query, "_sort")?.unwrap_or_default(),
                    resource_type,
                    shared.options.release,
                ),
                "_summary" | "_elements" | "_total" | "_format" | "_pretty" | paging::PARAMETER => {
                    asked.used.push((name.clone(), value.clone()));
                }
                _ => asked.add(name, value, resource_type, &request.base, shared.options.release)?,
            }
        }
        if request.prefer.strict && !asked.ignored.is_empty() {
            let reason = format!("this server does not know: {}", asked.ignored.join(", "));
            return Err(Refusal::invalid(reason));
        }
        Ok(asked)
    }

    fn add(
        &mut self,
        name: &str,
        value: &str,
        resource_type: ResourceType,
        base: &str,
        release: FhirVersion,
    ) -> Result<(), Refusal> {
        match read(name, value, resource_type, base, release)? {
            Parameter::Criterion(criterion) => {
                self.criteria.push(criterion);
                self.used.push((name.to_owned(), value.to_owned()));
            }
            Parameter::Nothing => {}
            Parameter::Unknown => self.ignored.push(name.into()),
        }
        Ok(())
    }

    fn add_sort(&mut self, value: &str, resource_type: ResourceType, release: FhirVersion) {
        let mut honoured = Vec::new();
        for text in value.split(',').filter(|text| !text.is_empty()) {
            let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
            let definition = Definition::find(release, resource_type.name(), name);
            match definition.filter(|definition| definition.kind != SearchParameterType::Composite) {
                Some(definition) => {
                    self.sort.push(Key { definition, descending });
                    honoured.push(text);
                }
                None => self.ignored.push(format!("_sort={text}").into()),
            }
        }
        if !honoured.is_empty() {
            self.used.push(("_sort".to_owned(), honoured.join(",")));
        }
    }
}

/// What a parameter of a search asks for.
#[derive(Debug)]
pub(super) enum Parameter {
    Criterion(Criterion),
    /// It has no value, so it asks for nothing.
    Nothing,
    /// This server does not know it.
    Unknown,
}

/// Reads one parameter; 400 for malformed values and modifiers that it does not have.
pub(super) fn read(
    name: &str,
    value: &str,
    resource_type: ResourceType,
    base: &str,
    release: FhirVersion,
) -> Result<Parameter, Refusal> {
    let (bare, modifier) = name
        .split_once(':')
        .map_or((name, None), |(bare, modifier)| (bare, Some(modifier)));
    let Some(definition) = Definition::find(release, resource_type.name(), bare) else {
        return Ok(Parameter::Unknown);
    };
    // `subject:Patient.name` is a chain, which this server does not follow.
    if modifier.is_some_and(|modifier| modifier.contains('.')) {
        return Ok(Parameter::Unknown);
    }
    let refuse = |reason: &str| Refusal::invalid(format!("`{name}={value}`: {reason}"));
    check_modifier(definition, modifier, release).map_err(|reason| refuse(&reason))?;
    let test = if modifier == Some("missing") {
        match value {
            "true" => Test::Missing(true),
            "false" => Test::Missing(false),
            _ => return Err(refuse("`:missing` is true or false")),
        }
    } else {
        let alternatives = split(value, ',').into_iter().filter(|text| !text.is_empty());
        let wanted: Vec<Wanted> = alternatives
            .map(|text| parse_value(definition, modifier, text, base))
            .collect::<Result<_, _>>()
            .map_err(|reason| refuse(&reason))?;
        // Nothing but commas asks for nothing.
        if wanted.is_empty() {
            return Ok(Parameter::Nothing);
        }
        if modifier == Some("not") {
            Test::NoneOf(wanted)
        } else {
            Test::Any(wanted)
        }
    };
    Ok(Parameter::Criterion(Criterion { definition, test }))
}

/// Refuses a search with more values than this server compares: 400.
pub(super) fn check_size(query: &[(String, String)]) -> Result<(), Refusal> {
    let values = query.iter().map(|(_, value)| 1 + value.matches(',').count());
    if values.sum::<usize>() <= LIMIT {
        return Ok(());
    }
    let reason = format!("a search has {LIMIT} values at most");
    Err(Refusal::new(StatusCode::BAD_REQUEST, "too-costly", reason))
}

fn total(value: Option<&str>) -> Result<bool, Refusal> {
    match value {
        Some("none") => Ok(false),
        // It is cheap here to be accurate.
        None | Some("estimate" | "accurate") => Ok(true),
        Some(other) => Err(Refusal::invalid(format!(
            "`_total={other}`: it is one of none, estimate, accurate"
        ))),
    }
}

/// Whether a parameter has a modifier (`search.html#modifiers`), and this server knows what it means.
fn check_modifier(definition: &Definition, modifier: Option<&str>, release: FhirVersion) -> Result<(), String> {
    use SearchParameterType as Kind;
    let Some(modifier) = modifier else { return Ok(()) };
    let known = match definition.kind {
        _ if modifier == "missing" => true,
        // A code without a type or a text can only be negated.
        Kind::Token if definition.name == "_id" || definition.existence => modifier == "not",
        Kind::Token => ["not", "text", "of-type"].contains(&modifier),
        Kind::String => ["exact", "contains"].contains(&modifier),
        Kind::Uri => ["below", "above"].contains(&modifier),
        Kind::Reference => modifier == "identifier" || ResourceType::parse(release, modifier).is_some(),
        _ => false,
    };
    if known {
        Ok(())
    } else {
        Err(format!(
            "this server knows no modifier `:{modifier}` for a {}",
            definition.kind
        ))
    }
}

fn parse_value(definition: &Definition, modifier: Option<&str>, text: &str, base: &str) -> Result<Wanted, String> {
    let Some(composite) = definition.composites.first() else {
        return Wanted::parse(definition.kind, modifier, text, base);
    };
    let parts = split(text, '$');
    if parts.len() != composite.components.len() {
        return Err(format!(
            "it has {} parts, with `$` between them",
            composite.components.len()
        ));
    }
    let parts = composite
        .components
        .iter()
        .zip(parts)
        .map(|((kind, _), part)| Wanted::parse(*kind, None, part, base));
    parts.collect::<Result<_, _>>().map(Wanted::Composite)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;
    use crate::server::Options;
    use crate::server::negotiate::Prefer;
    use crate::server::query;

    fn asked(query: &str, strict: bool) -> Result<Asked, u16> {
        let shared = Shared::new(Options::default(), "127.0.0.1:1".parse().unwrap());
        let mut headers = HeaderMap::new();
        if strict {
            headers.insert("prefer", "handling=strict".parse().unwrap());
        }
        let request = Incoming {
            method: Method::GET,
            query: query::parse(query).unwrap(),
            prefer: Prefer::of(&headers),
            headers,
            body: axum::body::Bytes::new(),
            base: "http://x/fhir".into(),
        };
        let patient = ResourceType::parse(FhirVersion::R4, "Patient").unwrap();
        Asked::of(&shared, &request, patient).map_err(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn what_is_used_and_what_is_ignored_is_told() {
        for (query, used, ignored) in [
            ("name=a&name=b&_count=5", "name=a&name=b&_count=5", ""),
            ("name=&_count=&gender=,", "", ""),
            ("_count=99999", "_count=1000", ""),
            (
                "x=1&gender:not=male&organization.name=y",
                "gender:not=male",
                "x organization.name",
            ),
            ("organization:Organization.name=y", "", "organization:Organization.name"),
            ("_sort=name,-x,-birthdate", "_sort=name,-birthdate", "_sort=-x"),
            ("_page=3-4&_summary=text", "_page=3-4&_summary=text", ""),
        ] {
            let asked = asked(query, false).unwrap();
            assert_eq!(
                (query::write(&asked.used).as_str(), asked.ignored.join(" ").as_str()),
                (used, ignored),
                "{query}"
            );
        }
    }

    #[test]
    fn strictness_concerns_the_unknown_only() {
        assert_eq!(asked("x=1", true).unwrap_err(), 400);
        assert_eq!(asked("_sort=x", true).unwrap_err(), 400);
        assert!(asked("name=a&_sort=name&_format=json&_pretty=true", true).is_ok());
        for wrong in [
            "birthdate=x",
            "family:below=x",
            "identifier:in=x",
            "_count=x",
            "organization:Nonsense=1",
        ] {
            assert_eq!(asked(wrong, false).unwrap_err(), 400, "{wrong}");
        }
        let many = format!("_id={}", ",".repeat(LIMIT));
        assert_eq!(asked(&many, false).unwrap_err(), 400);
    }
}
