//! Requests out of steps. The harness obeys the client rules of the catalogue here.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::entries;
use crate::exchange::{Body, Headers, Request};
use crate::fhir::{FhirVersion, Interaction, media_type};
use crate::suite::fixture::{self, RenderError, Rendered};
use crate::suite::template::Part;
use crate::suite::variables::NoText;
use crate::suite::{Action, Case, Step, Template, Variables};

/// The system of the tag that marks what a run creates.
pub const TAG_SYSTEM: &str = "urn:fhir-assay:run";

/// What stands for itself in a path: RFC 3986 `pchar` and the slash.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'%');

/// A variable in a path is one segment.
const SEGMENT: &AsciiSet = &PATH.add(b'/');

/// What does not stand for itself in a query's names and values. `:`, `,`, `/`, `$` and `;` do: FHIR uses them in searches.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b',')
    .remove(b'/')
    .remove(b'$')
    .remove(b'*')
    .remove(b'@')
    .remove(b'!')
    .remove(b'(')
    .remove(b')');

/// Why a step cannot become a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum RequestError {
    #[error(transparent)]
    Body(#[from] RenderError),
    #[error(
        "the body's id is {body}, the URL's `{url}`: http.html#update asks for the same; a step that tests this has to name the refusal"
    )]
    OtherId { body: String, url: String },
    #[error("the body is marked as a subset (SUBSETTED): it is no base for an update (http.html#read)")]
    Subset,
    #[error("the URL is empty")]
    NoUrl,
}

impl RequestError {
    /// The variable that has no text, where that is the reason.
    #[must_use]
    pub const fn missing_variable(&self) -> Option<&NoText> {
        match self {
            Self::Body(RenderError::NoText(missing)) => Some(missing),
            _ => None,
        }
    }
}

impl From<NoText> for RequestError {
    fn from(missing: NoText) -> Self {
        Self::Body(RenderError::NoText(missing))
    }
}

/// What rendering goes by.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The case, for its fixtures.
    pub case: &'a Case,
    /// What the case knows.
    pub variables: &'a Variables,
    /// The base URL, without a slash at the end.
    pub base: &'a str,
    /// The release under test, for the media type.
    pub release: FhirVersion,
    /// Headers of the system under test, in the place of default ones.
    pub headers: &'a [(String, String)],
    /// The run's tag.
    pub tag: &'a str,
}

/// The request of a step. Not for an `assert`.
///
/// # Errors
/// Where a variable has no text, or the step would break a client rule that it does not mean to break.
pub fn request(step: &Step, scene: Scene<'_>) -> Result<Request, RequestError> {
    let Scene { variables, base, .. } = scene;
    let (method, url) = match &step.action {
        Action::Interaction { url, .. } => {
            let method = step.method().unwrap_or("GET");
            let path = encoded(url, variables)?;
            let path = if step.form.is_some() { search_path(path) } else { path };
            (method.to_owned(), absolute(base, &path))
        }
        Action::Request { method, url } => (method.clone(), absolute(base, &variables.fill(url)?)),
        Action::Assert => return Err(RequestError::NoUrl),
    };
    let body = body(step, scene)?;
    let headers = headers(step, scene, &body)?;
    Ok(Request {
        method,
        url,
        headers,
        body,
    })
}

/// A text as it stands in the URLs of steps: in the path, and in the query.
pub(super) fn in_urls(text: &str) -> [String; 2] {
    [SEGMENT, QUERY].map(|set| utf8_percent_encode(text, set).to_string())
}

/// GET of a URL after the base, as a step would send it.
///
/// # Errors
/// Where a variable has no text.
pub(super) fn get(url: &Template, variables: &Variables, base: &str, release: FhirVersion) -> Result<Request, NoText> {
    Ok(Request {
        method: "GET".into(),
        url: absolute(base, &encoded(url, variables)?),
        headers: Headers::from_iter([("Accept", own_media_type(release))]),
        body: Body::Empty,
    })
}

/// GET of a link that the server gave, which stays as it is: links are opaque (`http.html#paging`).
#[must_use]
pub fn follow(link: &str, first: &Request) -> Request {
    let url = url::Url::parse(&first.url).and_then(|url| url.join(link));
    let mut headers = first.headers.clone();
    headers.remove("content-type");
    Request {
        method: "GET".into(),
        url: url.map_or_else(|_| link.to_owned(), Into::into),
        headers,
        body: Body::Empty,
    }
}

/// The path of a search by POST: `Patient?x=1` becomes `Patient/_search?x=1`. Operations keep theirs.
fn search_path(path: String) -> String {
    let (front, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    if front.ends_with("_search") || front.contains('$') {
        return path;
    }
    let slash = if front.is_empty() { "" } else { "/" };
    format!("{front}{slash}_search{query}")
}

/// `[base]/path`, with exactly one slash between, or an absolute URL as it is.
fn absolute(base: &str, path: &str) -> String {
    if path.starts_with("http://") || path.starts_with("https://") {
        path.to_owned()
    } else if path.is_empty() || path.starts_with('?') {
        format!("{base}{path}")
    } else {
        format!("{base}/{}", path.trim_start_matches('/'))
    }
}

/// The URL of an interaction: its query is taken apart where the author wrote `?`, `&` and `=`, and only there.
fn encoded(url: &Template, variables: &Variables) -> Result<String, NoText> {
    let mut text = String::new();
    let mut in_query = false;
    for part in url.parts() {
        match part {
            Part::Text(literal) => {
                for piece in literal.split_inclusive(['?', '&', '=']) {
                    let (content, separator) = match piece.char_indices().next_back() {
                        Some((at, separator @ ('?' | '&' | '='))) => (&piece[..at], Some(separator)),
                        _ => (piece, None),
                    };
                    text.extend(utf8_percent_encode(content, if in_query { QUERY } else { PATH }));
                    match separator {
                        // Before the query `&` and `=` are letters like others.
                        Some('?') if !in_query => {
                            in_query = true;
                            text.push('?');
                        }
                        Some('?') => text.push_str("%3F"),
                        Some(other) => text.push(other),
                        None => {}
                    }
                }
            }
            Part::Variable(name, _) => {
                let value = variables.text(name)?;
                text.extend(utf8_percent_encode(&value, if in_query { QUERY } else { SEGMENT }));
            }
        }
    }
    Ok(text)
}

fn body(step: &Step, scene: Scene<'_>) -> Result<Body, RequestError> {
    if let Some(form) = &step.form {
        return Ok(Body::new(form_text(form, scene.variables)?));
    }
    let Some(body) = &step.body else { return Ok(Body::Empty) };
    match fixture::render(body, &scene.case.fixtures, scene.variables)? {
        Rendered::Text(text) => Ok(Body::new(text)),
        Rendered::Json(mut resource) => {
            if let Action::Interaction { interaction, url } = &step.action {
                if *interaction == Interaction::Update && !means_refusal(step) {
                    same_id(&resource, &encoded(url, scene.variables)?)?;
                    if is_subset(&resource) {
                        return Err(RequestError::Subset);
                    }
                }
                if step.tag && matches!(interaction, Interaction::Create | Interaction::Update) {
                    add_tag(&mut resource, scene.tag);
                }
                if step.tag && matches!(interaction, Interaction::Transaction | Interaction::Batch) {
                    entries::tag(&mut resource, scene.tag);
                }
            }
            Ok(Body::new(resource.to_string()))
        }
    }
}

/// Whether an expectation or assumption of the step names refusals only: then the step means to be refused.
fn means_refusal(step: &Step) -> bool {
    let refuses = |status: &crate::suite::StatusMatcher| match status {
        crate::suite::StatusMatcher::Judged { pass, .. } => {
            !pass.iter().any(|pattern| (200..300).any(|code| pattern.matches(code)))
        }
        crate::suite::StatusMatcher::Not(_) => false,
    };
    let mut statuses = step
        .expect
        .iter()
        .flat_map(|expectation| std::iter::once(&expectation.response).chain(&expectation.any_of))
        .chain(step.assume.iter().map(|assume| &assume.response))
        .filter_map(|response| response.status.as_ref())
        .peekable();
    statuses.peek().is_some() && statuses.any(|status| refuses(status))
}

/// The body of an update holds the id of its URL (`http.html#update`).
fn same_id(resource: &Value, path: &str) -> Result<(), RequestError> {
    let path = path.split('?').next().unwrap_or_default();
    // Without an id in the URL it is a conditional update, or one that the server has to refuse.
    let Some((_, id)) = path.split_once('/') else {
        return Ok(());
    };
    let written = resource.get("id").and_then(Value::as_str);
    if written == Some(id) || id.contains('/') {
        return Ok(());
    }
    Err(RequestError::OtherId {
        body: written.map_or_else(|| "missing".to_owned(), |written| format!("`{written}`")),
        url: id.to_owned(),
    })
}

/// Whether a server marked a resource as reduced; sent back it would lose what was left out.
fn is_subset(resource: &Value) -> bool {
    let tags = resource.pointer("/meta/tag").and_then(Value::as_array);
    tags.into_iter()
        .flatten()
        .any(|tag| tag.get("code").and_then(Value::as_str) == Some("SUBSETTED"))
}

/// Adds the run's tag to those that a resource has.
pub(super) fn add_tag(resource: &mut Value, tag: &str) {
    let Some(members) = resource.as_object_mut() else {
        return;
    };
    let meta = members.entry("meta").or_insert_with(|| json!({}));
    if let Some(meta) = meta.as_object_mut()
        && let Some(tags) = meta.entry("tag").or_insert_with(|| json!([])).as_array_mut()
    {
        tags.push(json!({ "system": TAG_SYSTEM, "code": tag }));
    }
}

fn form_text(form: &[(String, Vec<Template>)], variables: &Variables) -> Result<String, NoText> {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    for (name, values) in form {
        for value in values {
            text.append_pair(name, &variables.fill(value)?);
        }
    }
    Ok(text.finish())
}

/// The media type of FHIR's JSON in a release.
const fn own_media_type(release: FhirVersion) -> &'static str {
    match release {
        FhirVersion::Dstu2 => "application/json+fhir",
        _ => media_type::FHIR_JSON,
    }
}

fn headers(step: &Step, scene: Scene<'_>, body: &Body) -> Result<Headers, NoText> {
    let fhir_json = own_media_type(scene.release);
    let mut headers = Headers::new();
    headers.push("Accept", fhir_json);
    if step.form.is_some() {
        headers.push("Content-Type", media_type::FORM);
    } else if !body.is_empty() {
        headers.push("Content-Type", fhir_json);
    }
    for (name, value) in scene.headers {
        let is_of_body = name.eq_ignore_ascii_case("content-type");
        if !is_of_body || !body.is_empty() && step.form.is_none() {
            headers.remove(name);
            headers.push(name, value.as_str());
        }
    }
    // The first line of a name takes the place of a default one, further lines are added.
    let mut seen: Vec<Cow<'_, str>> = Vec::new();
    for line in &step.headers {
        let name = line.name.to_ascii_lowercase();
        if !seen.iter().any(|known| *known == name) {
            headers.remove(&name);
            seen.push(Cow::Owned(name));
        }
        match &line.value {
            Some(value) => headers.push(&line.name.value, scene.variables.fill(value)?),
            // Credentials are added later: an empty header holds them back, and is not sent itself.
            None => headers.push(&line.name.value, ""),
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> String {
        let mut variables = Variables::default();
        variables.set("id", "a/b c");
        variables.set("value", "urn:x|Zoë & co=1");
        let template = Template::parse(text).unwrap();
        absolute("http://localhost/fhir", &encoded(&template, &variables).unwrap())
    }

    #[test]
    fn reserved_characters_are_encoded_where_they_are_data() {
        let told = [
            "Patient/${id}",
            "Patient?identifier=${value}&_count=2",
            "Patient?name=a b|c&birthdate=ge2000-01-01T00:00:00+01:00",
            "Patient?code=a,b$c\\,d",
            "",
            "?name=x",
            "/metadata",
            "Patient?name=Ελένη?",
        ]
        .map(url)
        .join("\n");
        insta::assert_snapshot!(told, @r"
        http://localhost/fhir/Patient/a%2Fb%20c
        http://localhost/fhir/Patient?identifier=urn:x%7CZo%C3%AB%20%26%20co%3D1&_count=2
        http://localhost/fhir/Patient?name=a%20b%7Cc&birthdate=ge2000-01-01T00:00:00%2B01:00
        http://localhost/fhir/Patient?code=a,b$c%5C,d
        http://localhost/fhir
        http://localhost/fhir?name=x
        http://localhost/fhir/metadata
        http://localhost/fhir/Patient?name=%CE%95%CE%BB%CE%AD%CE%BD%CE%B7%3F
        ");
    }

    #[test]
    fn a_search_by_post_goes_to_its_own_path() {
        let paths = ["Patient", "Patient?x=1", "Patient/_search", "", "Patient/$match"]
            .map(|path| search_path(path.to_owned()));
        assert_eq!(
            paths,
            [
                "Patient/_search",
                "Patient/_search?x=1",
                "Patient/_search",
                "_search",
                "Patient/$match"
            ]
        );
    }

    #[test]
    fn a_tag_joins_those_that_are_there() {
        let mut resource = json!({ "resourceType": "Patient", "meta": { "tag": [{ "code": "x" }] } });
        add_tag(&mut resource, "t1");
        assert_eq!(
            resource["meta"]["tag"],
            json!([{ "code": "x" }, { "system": TAG_SYSTEM, "code": "t1" }])
        );
    }

    #[test]
    fn a_link_is_followed_as_it_is() {
        let first = Request {
            method: "POST".into(),
            url: "http://localhost/fhir/Patient/_search".into(),
            headers: [("Accept", "application/fhir+json"), ("Content-Type", media_type::FORM)]
                .into_iter()
                .collect(),
            body: Body::new("name=x"),
        };
        let next = follow("http://localhost/fhir?_getpages=1&x=a|b", &first);
        assert_eq!((next.method.as_str(), next.body.is_empty()), ("GET", true));
        assert_eq!(next.url, "http://localhost/fhir?_getpages=1&x=a|b");
        assert_eq!(next.headers.get("content-type"), None);
        assert_eq!(follow("/fhir?page=2", &first).url, "http://localhost/fhir?page=2");
    }
}
