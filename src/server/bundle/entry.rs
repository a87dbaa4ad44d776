//! One entry of a batch or transaction as the request that it stands for (`bundle.html#entry-request`).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{CONTENT_TYPE, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::{CONTROLS, utf8_percent_encode};
use serde_json::Value;

use super::condition;
use crate::fhir::FhirVersion;
use crate::fhir::media_type::FHIR_JSON;
use crate::fhir::time::{format_http_date, parse_instant};
use crate::server::incoming::Incoming;
use crate::server::negotiate::Give;
use crate::server::query;
use crate::server::reply::Refusal;
use crate::server::route::Target;
use crate::server::{BASE_PATH, Shared, router};

const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");

/// When an entry of a transaction is processed (`http.html#trules`); smaller comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// DELETE
    Delete,
    /// POST
    Create,
    /// PUT and PATCH
    Update,
    /// GET and HEAD
    Read,
}

/// An entry, understood.
#[derive(Debug)]
pub(super) struct Entry {
    pub full_url: Option<String>,
    pub phase: Phase,
    pub target: Target,
    pub request: Incoming,
    /// Whether only the headers of the answer are wanted.
    pub is_head: bool,
}

impl Entry {
    /// Reads an entry of a Bundle that came with a request.
    ///
    /// Refuses with 400 what has no request, no body where one is needed, or a condition that cannot be read; and as the
    /// interaction itself would be refused where the URL leads nowhere or does not take the method.
    pub fn read(entry: &Value, outer: &Incoming, release: FhirVersion) -> Result<Self, Refusal> {
        let request = &entry["request"];
        if !request.is_object() {
            return Err(Refusal::invalid("it has no request"));
        }
        let text = |name: &str| request[name].as_str();
        let method = text("method").unwrap_or_default();
        let url = text("url").ok_or_else(|| Refusal::invalid("its request has no url"))?;
        let (phase, verb) = match method {
            "DELETE" => (Phase::Delete, Method::DELETE),
            "POST" => (Phase::Create, Method::POST),
            "PUT" => (Phase::Update, Method::PUT),
            "PATCH" => (Phase::Update, Method::PATCH),
            "GET" | "HEAD" => (Phase::Read, Method::GET),
            other => {
                let reason = format!("its method is `{other}`, and not one of GET, HEAD, POST, PUT, PATCH and DELETE");
                return Err(Refusal::invalid(reason));
            }
        };
        let relative = relative(url, &outer.base);
        let (path, search) = relative.split_once('?').unwrap_or((relative, ""));
        let target = Target::of(&format!("{BASE_PATH}/{path}"), release)?;
        if target == Target::System && phase != Phase::Read {
            return Err(Refusal::invalid("a Bundle inside a Bundle is not processed"));
        }
        let query = query::parse(search)?;
        target.check(&verb, router::has_criteria(&query), release)?;
        let mut headers = conditions(request)?;
        let body = match (&verb, entry.get("resource")) {
            (&Method::POST | &Method::PUT | &Method::PATCH, None) => {
                return Err(Refusal::invalid(format!("a {method} needs a resource")));
            }
            (&Method::PATCH, Some(resource)) if resource["resourceType"] == "Binary" => {
                let (content_type, bytes) = patch_in_binary(resource)?;
                headers.insert(CONTENT_TYPE, content_type);
                bytes
            }
            (&Method::POST | &Method::PUT | &Method::PATCH, Some(resource)) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
                resource.to_string().into_bytes()
            }
            _ => Vec::new(),
        };
        let mut prefer = outer.prefer;
        if phase != Phase::Read {
            // What the entry of the response shows is decided when that is written.
            prefer.give = Give::Representation;
        }
        Ok(Self {
            full_url: entry["fullUrl"].as_str().map(str::to_owned),
            phase,
            target,
            request: Incoming {
                method: verb,
                query,
                headers,
                body: body.into(),
                base: outer.base.clone(),
                prefer,
            },
            is_head: method == "HEAD",
        })
    }
}

impl Entry {
    /// Resolves the references by search of its resource where they can be: no right server does this in a batch.
    pub fn resolve_searches(&mut self, shared: &Shared) {
        if let Ok(mut resource) = serde_json::from_slice::<Value>(&self.request.body)
            && condition::resolve(shared, &self.request.base, &mut resource).is_ok()
        {
            self.request.body = resource.to_string().into_bytes().into();
        }
    }
}

/// The URL below `[base]/`; entries may also name it whole.
pub(super) fn relative<'a>(url: &'a str, base: &str) -> &'a str {
    let below = url
        .strip_prefix(base)
        .filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    below.unwrap_or(url).trim_start_matches('/')
}

/// The conditions of an entry as the headers that say the same.
fn conditions(request: &Value) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::new();
    for (name, header) in [
        ("ifMatch", IF_MATCH),
        ("ifNoneMatch", IF_NONE_MATCH),
        ("ifModifiedSince", IF_MODIFIED_SINCE),
        ("ifNoneExist", IF_NONE_EXIST),
    ] {
        let Some(value) = request.get(name) else { continue };
        let unreadable = || Refusal::invalid(format!("its {name} cannot be read: `{value}`"));
        let text = value.as_str().ok_or_else(unreadable)?;
        let text = match name {
            "ifModifiedSince" => format_http_date(parse_instant(text).ok_or_else(unreadable)?),
            // A header is ASCII; a query may be encoded more than it has to be.
            "ifNoneExist" => utf8_percent_encode(text.trim_start_matches('?'), CONTROLS).to_string(),
            _ => text.to_owned(),
        };
        headers.insert(header, text.parse().map_err(|_| unreadable())?);
    }
    Ok(headers)
}

/// A patch that travels in a Binary (`http.html#patch`): its media type and its bytes.
fn patch_in_binary(resource: &Value) -> Result<(HeaderValue, Vec<u8>), Refusal> {
    let unreadable = |what: &str| Refusal::invalid(format!("the Binary of the patch has no {what} that can be read"));
    let content_type = resource["contentType"].as_str().and_then(|text| text.parse().ok());
    let data = resource["data"].as_str();
    let bytes = data.and_then(|data| {
        BASE64_STANDARD
            .decode(data.split_ascii_whitespace().collect::<String>())
            .ok()
    });
    Ok((
        content_type.ok_or_else(|| unreadable("contentType"))?,
        bytes.ok_or_else(|| unreadable("data"))?,
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::negotiate::Prefer;

    fn read(entry: &Value) -> Result<Entry, u16> {
        let outer = Incoming {
            method: Method::POST,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Vec::new().into(),
            base: "http://x/fhir".into(),
            prefer: Prefer::of(&HeaderMap::new()),
        };
        Entry::read(entry, &outer, FhirVersion::R4).map_err(|refusal| refusal.status.as_u16())
    }

    fn request(method: &str, url: &str) -> Value {
        json!({ "request": { "method": method, "url": url }, "resource": { "resourceType": "Patient" } })
    }

    #[test]
    fn an_entry_is_read_as_the_request_that_it_stands_for() {
        for url in [
            "Patient/1",
            "/Patient/1",
            "http://x/fhir/Patient/1",
            "Patient/1?_summary=true",
        ] {
            let entry = read(&request("GET", url)).unwrap();
            assert!(matches!(&entry.target, Target::Instance(_, id) if id == "1"), "{url}");
            assert_eq!(
                (entry.phase, entry.is_head, entry.request.body.len()),
                (Phase::Read, false, 0)
            );
        }
        assert!(read(&request("HEAD", "Patient/1")).unwrap().is_head);
        assert_eq!(
            read(&request("GET", "Patient/1?_summary=true"))
                .unwrap()
                .request
                .query
                .len(),
            1
        );
        let order: Vec<_> = [
            ("GET", "Patient/1"),
            ("PUT", "Patient/1"),
            ("POST", "Patient"),
            ("DELETE", "Patient/1"),
        ]
        .map(|(method, url)| read(&request(method, url)).unwrap().phase)
        .into();
        assert!(order.is_sorted_by(|a, b| a > b), "{order:?}");
    }

    #[test]
    fn conditions_become_headers() {
        let mut entry = request("PUT", "Patient/1");
        entry["request"]["ifMatch"] = json!("W/\"3\"");
        entry["request"]["ifModifiedSince"] = json!("2024-05-01T12:00:00.5Z");
        entry["request"]["ifNoneExist"] = json!("?family=Á b");
        let headers = read(&entry).unwrap().request.headers;
        assert_eq!(headers[IF_MATCH], "W/\"3\"");
        assert_eq!(headers[IF_MODIFIED_SINCE], "Wed, 01 May 2024 12:00:00 GMT");
        assert_eq!(headers[IF_NONE_EXIST], "family=%C3%81 b");
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        for (entry, status) in [
            (json!({ "resource": { "resourceType": "Patient" } }), 400),
            (json!({ "request": { "method": "POST" } }), 400),
            (json!({ "request": { "method": "POST", "url": "Patient" } }), 400),
            (json!({ "request": { "method": "get", "url": "Patient" } }), 400),
            (request("POST", ""), 400),
            (request("GET", "Nonsense/1"), 404),
            (request("GET", "http://elsewhere/fhir/Patient/1"), 404),
            (request("POST", "Patient/1"), 405),
            (
                json!({ "request": { "method": "GET", "url": "Patient/1", "ifModifiedSince": "yesterday" } }),
                400,
            ),
            (
                json!({ "request": { "method": "GET", "url": "Patient/1", "ifMatch": "\n" } }),
                400,
            ),
        ] {
            assert_eq!(read(&entry).map(|_| ()), Err(status), "{entry}");
        }
        let patch = |resource: Value| patch_in_binary(&resource).map_err(|refusal| refusal.status.as_u16());
        assert_eq!(
            patch(json!({ "contentType": "application/json-patch+json", "data": "W10=" })),
            Ok((HeaderValue::from_static("application/json-patch+json"), b"[]".to_vec()))
        );
        assert_eq!(patch(json!({ "contentType": "a/b", "data": "?" })), Err(400));
        assert_eq!(patch(json!({ "data": "W10=" })), Err(400));
    }
}
