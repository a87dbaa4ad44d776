//! From the parameters of a request to what is asked.

use std::collections::HashMap;
use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;

use super::include::Include;
use super::matching::{Criterion, Test};
use super::paging::{self, Page};
use super::parameters::Definition;
use super::scope::Scope;
use super::sort::Key;
use super::wanted::{Wanted, split};
use crate::fhir::{FhirVersion, ResourceType, SearchParameterType};
use crate::server::Shared;
use crate::server::incoming::Incoming;
use crate::server::listed::Listed;
use crate::server::query::{Pairs, single};
use crate::server::reply::Refusal;
use crate::server::subset::Subset;

/// How many parameters and alternatives a search has at most; each is held against every resource.
const LIMIT: usize = 5_000;

/// A search, understood.
#[derive(Debug)]
pub(super) struct Asked {
    pub criteria: Vec<Demand>,
    pub includes: Vec<Include>,
    pub list: Option<Listed>,
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
    /// Reads the parameters. 400 for malformed values and modifiers that a parameter does not have, for a parameter that
    /// some of the types have and others not, and with `Prefer: handling=strict` for parameters that the server does not
    /// know; otherwise those are ignored.
    pub fn of(shared: &Shared, request: &Incoming, scope: &Scope) -> Result<Self, Refusal> {
        let (query, release) = (&request.query, shared.options.release);
        check_size(query)?;
        let subset = Subset::of(query)?;
        let counted = paging::count(single(query, "_count")?, &shared.options)?;
        let mut asked = Self {
            criteria: Vec::new(),
            includes: Vec::new(),
            list: Listed::of(shared, query, &request.base)?,
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
                "_sort" => asked.add_sort(single(query, "_sort")?.unwrap_or_default(), scope, release),
                "_summary" | "_elements" | "_total" | "_format" | "_pretty" | "_list" | paging::PARAMETER => {
                    asked.used.push((name.clone(), value.clone()));
                }
                "_type" if scope.is_narrowed => asked.used.push((name.clone(), value.clone())),
                _ if Include::is_named(name) => match Include::parse(name, value, release) {
                    Some(include) => {
                        asked.includes.push(include);
                        asked.used.push((name.clone(), value.clone()));
                    }
                    None => asked.ignored.push(format!("{name}={value}").into()),
                },
                _ => asked.add(name, value, scope, &request.base, release)?,
            }
        }
        if asked.subset == Subset::Text && !asked.includes.is_empty() {
            let reason = "_summary=text goes with neither _include nor _revinclude";
            return Err(Refusal::invalid(reason));
        }
        if request.prefer.strict && !asked.ignored.is_empty() {
            let reason = format!("this server does not know: {}", asked.ignored.join(", "));
            return Err(Refusal::invalid(reason));
        }
        Ok(asked)
    }

    fn add(&mut self, name: &str, value: &str, scope: &Scope, base: &str, release: FhirVersion) -> Result<(), Refusal> {
        let mut demand = Demand::default();
        let (mut foreign, mut is_nothing) = (None, false);
        let bare = name.split_once(':').map_or(name, |(bare, _)| bare);
        let is_of_all = Definition::of_every_type(release)
            .iter()
            .any(|common| common.name == bare);
        // What every type has is the same for all of them.
        let types = if is_of_all {
            &scope.types[..1.min(scope.types.len())]
        } else {
            &scope.types[..]
        };
        for resource_type in types {
            match read(name, value, *resource_type, base, release)? {
                Parameter::Criterion(criterion) if is_of_all => demand.common = Some(criterion),
                Parameter::Criterion(criterion) => {
                    demand.own.insert(resource_type.name(), criterion);
                }
                Parameter::Nothing => is_nothing = true,
                Parameter::Unknown => foreign = Some(*resource_type),
            }
        }
        match foreign {
            _ if is_nothing => {}
            // A search of several types uses what they have in common (http.html#vsearch).
            Some(foreign) if !demand.own.is_empty() => {
                let reason = format!("`{name}` is no parameter of {foreign}, which is searched as well");
                return Err(Refusal::invalid(reason));
            }
            Some(_) => self.ignored.push(name.into()),
            None => {
                self.criteria.push(demand);
                self.used.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(())
    }

    fn add_sort(&mut self, value: &str, scope: &Scope, release: FhirVersion) {
        let mut honoured = Vec::new();
        for text in value.split(',').filter(|text| !text.is_empty()) {
            let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
            // Several types are sorted by what every type has.
            let definition = match scope.types[..] {
                [only] => Definition::find(release, only.name(), name),
                _ => Definition::find(release, "*", name),
            };
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

/// What one parameter asks of resources of any of the types that are searched.
#[derive(Debug, Default)]
pub(super) struct Demand {
    /// Of every type the same.
    common: Option<Criterion>,
    /// By type.
    own: HashMap<&'static str, Criterion>,
}

impl Demand {
    /// Whether a resource of that type meets it.
    pub fn matches(&self, resource_type: &str, resource: &Value, base: &str) -> bool {
        let criterion = self.common.as_ref().or_else(|| self.own.get(resource_type));
        criterion.is_some_and(|criterion| criterion.matches(resource, base))
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
        Asked::of(&shared, &request, &Scope::of_type(patient)).map_err(|refusal| refusal.status.as_u16())
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
            (
                "_include=Patient:organization&_include=x&_type=Patient",
                "_include=Patient:organization",
                "_include=x _type",
            ),
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
            "_list=a/b",
            "_list=nobody",
            "_summary=text&_include=*",
        ] {
            assert_eq!(asked(wrong, false).unwrap_err(), 400, "{wrong}");
        }
        let many = format!("_id={}", ",".repeat(LIMIT));
        assert_eq!(asked(&many, false).unwrap_err(), 400);
    }
}
