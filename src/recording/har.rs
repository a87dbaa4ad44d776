//! HAR 1.2 as we write it, and as much of it as we read from others.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::about::Recorded;
use crate::exchange::{self, Body, Exchange, Headers, Timing};
use crate::transport::{Cue, TransportError};

/// A HAR file as we write it.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct File {
    /// The only property.
    log: Log,
}

/// The recording of a run.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct Log {
    /// `1.2`
    version: String,
    /// `fhir-assay` and its version.
    creator: Creator,
    /// Always empty.
    pages: Vec<Empty>,
    /// Every exchange in the order of ending, each attempt for itself.
    entries: Vec<Entry<'static>>,
    /// What the run was. HAR files of others have none.
    #[serde(rename = "_assay")]
    recorded: Option<Recorded>,
}

/// What wrote a HAR file.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct Creator {
    /// The program.
    name: String,
    /// Its version.
    version: String,
}

/// The JSON Schema of recordings: `schemas/recording.schema.json`.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(File);
    schema.insert("title".into(), "A recording of fhir-assay: HAR 1.2".into());
    schema.to_value()
}

/// One request and its response.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry<'a> {
    /// When the request was sent: an RFC 3339 instant.
    #[serde(default)]
    pub started_date_time: Cow<'a, str>,
    /// The whole time in milliseconds.
    #[serde(default)]
    pub time: f64,
    /// What was sent.
    pub request: Request<'a>,
    /// What came back.
    pub response: Response<'a>,
    /// Always empty: nothing is cached.
    #[serde(default)]
    pub cache: Empty,
    /// The time in parts.
    #[serde(default)]
    pub timings: Timings,
    /// Where the request belongs; entries of others have none.
    #[serde(rename = "_assay", default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}

/// What a replay needs to know of an entry.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    /// The place of the request in the run.
    #[serde(flatten)]
    pub cue: Cue,
    /// Times to the microsecond, which HAR's milliseconds do not keep.
    #[serde(default)]
    pub timing: Timing,
    /// Why there was no answer that could be judged, where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<TransportError>,
}

/// An object without properties.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Empty {}

/// The parts of an entry's time, in milliseconds.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Timings {
    /// Sending; a part of `wait` with us.
    #[serde(default)]
    pub send: f64,
    /// From the sending of the request to the response's headers.
    #[serde(default)]
    pub wait: f64,
    /// The body.
    #[serde(default)]
    pub receive: f64,
}

/// A name and a value: a header or a part of a query.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Pair<'a> {
    /// The name.
    pub name: Cow<'a, str>,
    /// The value.
    pub value: Cow<'a, str>,
}

/// A request.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// The method.
    pub method: Cow<'a, str>,
    /// The absolute URL.
    pub url: Cow<'a, str>,
    /// `HTTP/1.1`; what was really spoken is told by the response.
    #[serde(default)]
    pub http_version: Cow<'a, str>,
    /// Always empty: cookies are secrets.
    #[serde(default)]
    pub cookies: Vec<Empty>,
    /// The headers, in order.
    #[serde(default)]
    pub headers: Vec<Pair<'a>>,
    /// The query in parts.
    #[serde(default)]
    pub query_string: Vec<Pair<'a>>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_data: Option<PostData<'a>>,
    /// Not known.
    #[serde(default = "unknown")]
    pub headers_size: i64,
    /// The length of the body.
    #[serde(default = "unknown")]
    pub body_size: i64,
}

/// The body of a request.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostData<'a> {
    /// Its Content-Type.
    #[serde(default)]
    pub mime_type: Cow<'a, str>,
    /// The body; in Base64 where `_encoding` says so.
    #[serde(default)]
    pub text: Cow<'a, str>,
    /// `base64` for what is no UTF-8. HAR has no word for that in requests, so it is one of ours.
    #[serde(rename = "_encoding", default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Cow<'a, str>>,
}

/// A response. Where there was none the status is 0, as browsers write it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Response<'a> {
    /// The status code.
    pub status: u16,
    /// The words behind it.
    #[serde(default)]
    pub status_text: Cow<'a, str>,
    /// The version that was spoken.
    #[serde(default)]
    pub http_version: Cow<'a, str>,
    /// Always empty: cookies are secrets.
    #[serde(default)]
    pub cookies: Vec<Empty>,
    /// The headers, in order.
    #[serde(default)]
    pub headers: Vec<Pair<'a>>,
    /// The body.
    #[serde(default)]
    pub content: Content<'a>,
    /// The Location header.
    #[serde(rename = "redirectURL", default)]
    pub redirect_url: Cow<'a, str>,
    /// Not known.
    #[serde(default = "unknown")]
    pub headers_size: i64,
    /// The length of the body.
    #[serde(default = "unknown")]
    pub body_size: i64,
    /// Why there was no response, in a sentence; the field that browsers use for it.
    #[serde(rename = "_error", default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Cow<'a, str>>,
}

/// The body of a response.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Content<'a> {
    /// Its length.
    #[serde(default)]
    pub size: i64,
    /// Its Content-Type.
    #[serde(default)]
    pub mime_type: Cow<'a, str>,
    /// The body; in Base64 where `encoding` says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Cow<'a, str>>,
    /// `base64` for what is no UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Cow<'a, str>>,
}

const fn unknown() -> i64 {
    -1
}

const BASE64: &str = "base64";

/// An entry for an exchange, or for a request that got no answer. `started` is its wall-clock time.
#[must_use]
pub fn entry<'a>(
    cue: &Cue,
    request: &'a exchange::Request,
    sent: &'a Result<Exchange, TransportError>,
    started: String,
) -> Entry<'a> {
    let (request, timing) = match sent {
        Ok(exchange) => (&exchange.request, exchange.timing),
        Err(_) => (request, Timing::default()),
    };
    let milliseconds = |micros: u64| f64::from(u32::try_from(micros).unwrap_or(u32::MAX)) / 1000.0;
    Entry {
        started_date_time: started.into(),
        time: milliseconds(timing.total_us),
        request: Request::of(request),
        response: match sent {
            Ok(exchange) => Response::of(&exchange.response),
            Err(error) => Response::none(error),
        },
        cache: Empty {},
        timings: Timings {
            send: 0.0,
            wait: milliseconds(timing.first_byte_us),
            receive: milliseconds(timing.total_us.saturating_sub(timing.first_byte_us)),
        },
        mark: Some(Mark {
            cue: cue.clone(),
            timing,
            lost: sent.as_ref().err().cloned(),
        }),
    }
}

fn pairs(headers: &Headers) -> Vec<Pair<'_>> {
    let pair = |(name, value): (&'_ str, &'_ str)| (name.to_owned(), value.to_owned());
    let lines = headers.iter().map(pair);
    lines
        .map(|(name, value)| Pair {
            name: name.into(),
            value: value.into(),
        })
        .collect()
}

fn length(body: &Body) -> i64 {
    i64::try_from(body.len()).unwrap_or(i64::MAX)
}

/// A body as text, and how it is encoded.
fn text(body: &Body) -> (Cow<'_, str>, Option<Cow<'static, str>>) {
    match body.text() {
        Some(text) => (text.into(), None),
        None => (STANDARD.encode(body.bytes()).into(), Some(BASE64.into())),
    }
}

fn body(text: &str, encoding: Option<&str>) -> Result<Body, String> {
    match encoding {
        None | Some("") => Ok(Body::new(text.to_owned())),
        Some(BASE64) => STANDARD
            .decode(text)
            .map(Body::new)
            .map_err(|error| format!("a body is no Base64: {error}")),
        Some(other) => Err(format!("a body is encoded as `{other}`; known is `base64`")),
    }
}

impl<'a> Request<'a> {
    fn of(request: &'a exchange::Request) -> Self {
        let query = request.url.split_once('?').map_or("", |(_, query)| query);
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let parts = url::form_urlencoded::parse(query.as_bytes());
        let (written, encoding) = text(&request.body);
        Self {
            method: request.method.as_str().into(),
            url: request.url.as_str().into(),
            http_version: "HTTP/1.1".into(),
            cookies: Vec::new(),
            headers: pairs(&request.headers),
            query_string: parts.map(|(name, value)| Pair { name, value }).collect(),
            post_data: (!request.body.is_empty()).then(|| PostData {
                mime_type: request.headers.get("content-type").unwrap_or_default().into(),
                text: written,
                encoding,
            }),
            headers_size: -1,
            body_size: length(&request.body),
        }
    }

    /// The request as our own data.
    ///
    /// # Errors
    /// A body that cannot be decoded.
    pub fn plain(&self) -> Result<exchange::Request, String> {
        let sent = self.post_data.as_ref();
        Ok(exchange::Request {
            method: self.method.to_ascii_uppercase(),
            url: self.url.to_string(),
            headers: lines(&self.headers),
            body: sent.map_or(Ok(Body::Empty), |data| body(&data.text, data.encoding.as_deref()))?,
        })
    }
}

fn lines(pairs: &[Pair<'_>]) -> Headers {
    // HTTP/2 as browsers write it has lines such as `:authority`, which are no headers.
    let real = pairs.iter().filter(|pair| !pair.name.starts_with(':'));
    real.map(|pair| (&pair.name, &pair.value)).collect()
}

impl<'a> Response<'a> {
    fn of(response: &'a exchange::Response) -> Self {
        let (written, encoding) = text(&response.body);
        let is_there = !response.body.is_empty();
        Self {
            status: response.status,
            status_text: http::StatusCode::from_u16(response.status)
                .ok()
                .and_then(|status| status.canonical_reason())
                .unwrap_or_default()
                .into(),
            http_version: response.version.as_str().into(),
            cookies: Vec::new(),
            headers: pairs(&response.headers),
            content: Content {
                size: length(&response.body),
                mime_type: response.headers.get("content-type").unwrap_or_default().into(),
                text: is_there.then_some(written),
                encoding: encoding.filter(|_| is_there),
            },
            redirect_url: response.headers.get("location").unwrap_or_default().into(),
            headers_size: -1,
            body_size: length(&response.body),
            error: None,
        }
    }

    /// What stands for an answer that never came.
    fn none(error: &TransportError) -> Self {
        Self {
            status: 0,
            status_text: Cow::default(),
            http_version: Cow::default(),
            cookies: Vec::new(),
            headers: Vec::new(),
            content: Content::default(),
            redirect_url: Cow::default(),
            headers_size: -1,
            body_size: -1,
            error: Some(error.to_string().into()),
        }
    }

    /// The response as our own data.
    ///
    /// # Errors
    /// A body that cannot be decoded.
    pub fn plain(&self) -> Result<exchange::Response, String> {
        let content = &self.content;
        Ok(exchange::Response {
            status: self.status,
            version: match self.http_version.to_ascii_lowercase().as_str() {
                "h2" | "http/2" => "HTTP/2.0".to_owned(),
                "" => "HTTP/1.1".to_owned(),
                _ => self.http_version.to_ascii_uppercase(),
            },
            headers: lines(&self.headers),
            body: body(content.text.as_deref().unwrap_or_default(), content.encoding.as_deref())?,
        })
    }
}
