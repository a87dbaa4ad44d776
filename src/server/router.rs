//! The way in: every request passes here, and every answer leaves here.
//!
//! There is one handler for all paths and methods, so that no answer comes from the web framework instead of from FHIR.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures_util::FutureExt;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, ORIGIN,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};

use super::history::{Whose, history};
use super::incoming::{self, Incoming};
use super::later::Later;
use super::negotiate::{Format, Prefer, check_form_type};
use super::reply::{Refusal, Reply};
use super::rewrite::{Answer, Asked};
use super::route::Target;
use super::search::{Scope, search};
use super::{Options, Shared, bundle, metadata, operation, patch, query, read, write};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, Location, Content-Location, Last-Modified, X-Request-Id, X-Correlation-Id, Allow, Date",
);
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept, Content-Type, If-Match, If-None-Match, If-Modified-Since, If-None-Exist, Prefer, X-Request-Id, Authorization",
);

/// The server as a service of its own, for tests and for embedding. It answers below [`BASE_PATH`](super::BASE_PATH).
pub fn router(options: Options) -> Router {
    let address = options.bind;
    router_at(options, address)
}

/// The service of a server that listens on an address.
pub(super) fn router_at(options: Options, address: SocketAddr) -> Router {
    Router::new()
        .fallback(handle)
        .with_state(Arc::new(Shared::new(options, address)))
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    if shared.rewrites.is_empty() {
        respond(&shared, request).await
    } else {
        rewritten(&shared, request).await
    }
}

/// The answer of a mutant or a variant.
async fn rewritten(shared: &Shared, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let sent = match incoming::read_body(&parts.headers, body, shared.options.body_limit).await {
        Ok(body) => {
            let number = shared.rewritten.fetch_add(1, Ordering::Relaxed);
            Asked::new(parts, body, number, shared.options.release)
        }
        Err(refusal) => return refusal.into_reply().write(&Format::default(), false),
    };
    let mut asked = sent.clone();
    let mut answer = match shared.rewrites.before(shared, &mut asked) {
        Some(answer) => answer.in_format(Format::choose(sent.headers(), &sent.query(), shared.offer()).ok()),
        None => {
            // What is rewritten has to be there: the framework cuts the body off again.
            if *asked.method() == Method::HEAD {
                asked.set_method(Method::GET);
            }
            Answer::read(respond(shared, asked.into_request()).await, shared.options.release).await
        }
    };
    shared.rewrites.after(shared, &sent, &mut answer);
    answer.into_response()
}

/// The answer of the server itself.
async fn respond(shared: &Shared, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let mut format = shared.offer().preferred();
    // A panic is our bug; the client is told so instead of finding its connection closed.
    let answered = AssertUnwindSafe(answer(shared, &parts, body, &mut format))
        .catch_unwind()
        .await;
    let reply = match answered {
        Ok(Ok(reply)) => reply,
        Ok(Err(refusal)) => refusal.into_reply(),
        Err(_) => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "exception", "the server failed").into_reply(),
    };
    let mut response = reply.write(&format, parts.method == Method::HEAD);
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, request_id(&parts.headers));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    response
}

/// The id that the client gave the request, or one of ours (`http.html#custom`).
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let ours = || HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()).unwrap_or(HeaderValue::from_static("none"));
    headers
        .get(REQUEST_ID)
        .filter(|value| !value.is_empty())
        .cloned()
        .unwrap_or_else(ours)
}

/// Does what is asked. `format` is set as soon as it is known, since refusals are written in it too.
async fn answer(shared: &Shared, parts: &Parts, body: Body, format: &mut Format) -> Result<Reply, Refusal> {
    if is_preflight(parts) {
        return Ok(preflight(&parts.headers));
    }
    let release = shared.options.release;
    let offer = shared.offer();
    let mut query = query::parse(parts.uri.query().unwrap_or_default())?;
    let mut chosen = Format::choose(&parts.headers, &query, offer);
    *format = chosen
        .as_ref()
        .cloned()
        .unwrap_or_else(|_| Format::fallback(&query, offer));

    let target = Target::of(parts.uri.path(), release)?;
    target.check(&parts.method, has_criteria(&query), release)?;
    if parts.method == Method::OPTIONS {
        let allow = target.allow(release);
        let reply = Reply::empty(StatusCode::NO_CONTENT).header(ALLOW, &allow);
        return Ok(if allow.contains("PATCH") {
            reply.header(patch::ACCEPT_PATCH, &patch::formats(offer).join(", "))
        } else {
            reply
        });
    }
    let body = incoming::read_body(&parts.headers, body, shared.options.body_limit).await?;
    let is_form = match &target {
        Target::Search(_) | Target::SystemSearch => true,
        Target::Compartment { posted, .. } => *posted,
        _ => false,
    };
    if is_form {
        if !body.is_empty() {
            check_form_type(&parts.headers)?;
        }
        let form = str::from_utf8(&body).map_err(|_| Refusal::invalid("the form is not UTF-8"))?;
        query.extend(query::parse(form)?);
        chosen = Format::choose(&parts.headers, &query, offer);
        *format = chosen
            .as_ref()
            .cloned()
            .unwrap_or_else(|_| Format::fallback(&query, offer));
    }
    // A deletion has nothing to represent, so what cannot be accepted is no reason to refuse it.
    if parts.method != Method::DELETE {
        chosen?;
    }
    let (headers, body) = incoming::in_json(&parts.headers, body, offer)?;
    let request = Incoming {
        method: if parts.method == Method::HEAD {
            Method::GET
        } else {
            parts.method.clone()
        },
        base: incoming::base(parts, shared),
        prefer: Prefer::of(&parts.headers),
        headers,
        query,
        body,
    };
    let later = request.prefer.later && Later::is_offered(&target, release);
    let answered = dispatch(shared, &request, target);
    if later {
        Ok(shared.later.keep(&request, answered))
    } else {
        answered
    }
}

/// Whether a query has more than wishes about the answer's form.
pub(super) fn has_criteria(query: &[(String, String)]) -> bool {
    query
        .iter()
        .any(|(name, _)| !matches!(name.as_str(), "_format" | "_pretty"))
}

/// Has a request done that was checked: one that came by itself, or as an entry of a Bundle.
pub(super) fn dispatch(shared: &Shared, request: &Incoming, target: Target) -> Result<Reply, Refusal> {
    match (&request.method, target) {
        (&Method::DELETE, Target::Later(key)) => shared.later.forget(&key),
        (_, Target::Later(key)) => shared.later.show(&key),
        (_, Target::Metadata) => metadata::metadata(shared, request),
        (&Method::DELETE, Target::Version(resource_type, id, version)) => {
            write::forget_version(shared, request, resource_type, &id, &version)
        }
        (&Method::PATCH, Target::Type(resource_type)) => write::patch(shared, request, resource_type, None),
        (&Method::PATCH, Target::Instance(resource_type, id)) => {
            write::patch(shared, request, resource_type, Some(&id))
        }
        (&Method::DELETE, Target::History(resource_type, id)) => Ok(write::forget(shared, request, resource_type, &id)),
        (_, Target::Version(resource_type, id, version)) => read::vread(shared, request, resource_type, &id, &version),
        (_, Target::History(resource_type, id)) => history(shared, request, Whose::Instance(resource_type, &id)),
        (_, Target::TypeHistory(resource_type)) => history(shared, request, Whose::Type(resource_type)),
        (_, Target::SystemHistory) => history(shared, request, Whose::System),
        (_, Target::Search(resource_type)) => search(shared, request, &Scope::of_type(resource_type)),
        (_, Target::Operation(operation, place)) => operation::call(shared, request, operation, &place),
        (&Method::POST, Target::Type(resource_type)) => write::create(shared, request, resource_type),
        (&Method::PUT, Target::Type(resource_type)) => write::update(shared, request, resource_type, None),
        (&Method::DELETE, Target::Type(resource_type)) => write::delete(shared, request, resource_type, None),
        (_, Target::Type(resource_type)) => search(shared, request, &Scope::of_type(resource_type)),
        (&Method::PUT, Target::Instance(resource_type, id)) => write::update(shared, request, resource_type, Some(&id)),
        (&Method::DELETE, Target::Instance(resource_type, id)) => {
            write::delete(shared, request, resource_type, Some(&id))
        }
        (_, Target::Instance(resource_type, id)) => read::read(shared, request, resource_type, &id),
        (&Method::POST, Target::System) => bundle::post(shared, request),
        (_, Target::System | Target::SystemSearch) => search(
            shared,
            request,
            &Scope::of_system(&request.query, shared.options.release)?,
        ),
        (
            _,
            Target::Compartment {
                compartment,
                resource_type,
                ..
            },
        ) => {
            let release = shared.options.release;
            let scope = Scope::of_compartment(compartment, resource_type, &request.query, release)?;
            search(shared, request, &scope)
        }
    }
}

fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(ORIGIN)
        && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Lets browser applications of every origin in (`http.html#general`).
fn preflight(headers: &HeaderMap) -> Reply {
    let mut reply = Reply::empty(StatusCode::NO_CONTENT);
    let wanted = headers
        .get(ACCESS_CONTROL_REQUEST_HEADERS)
        .cloned()
        .unwrap_or(REQUEST_HEADERS);
    reply.headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    reply.headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    reply
        .headers
        .insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_keeps_the_id_that_the_client_gave_it() {
        let mut headers = HeaderMap::new();
        let ours = request_id(&headers);
        assert_ne!(ours, request_id(&headers), "each request gets its own");
        headers.insert(REQUEST_ID, HeaderValue::from_static("t-123"));
        assert_eq!(request_id(&headers), "t-123");
    }
}
