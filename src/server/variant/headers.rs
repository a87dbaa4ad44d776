//! Headers and content of another form.

use std::hash::Hasher;
use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::Method;

use super::Variant;
use crate::server::BASE_PATH;
use crate::server::rewrite::Rewrite::{After, Before, Instead};
use crate::server::rewrite::{Answer, Asked};

/// The path of the variant `base-with-path`.
const LONG_BASE: &str = "/tenants/one/fhir";

pub(super) const ALL: &[Variant] = &[
    Variant::new(
        "base-with-path",
        "the base URL has a path of several segments",
        &[
            Before(|_, asked| {
                if let Some(target) = asked.target().strip_prefix("/tenants/one") {
                    let target = target.to_owned();
                    asked.set_target(&target);
                }
            }),
            After(|_, _, answer| {
                answer.change("location", below);
                answer.change("content-location", below);
                if let Ok(text) = str::from_utf8(&answer.body) {
                    answer.body = below(text).into();
                }
            }),
        ],
    )
    .below(LONG_BASE),
    Variant::new(
        "unknown-headers",
        "answers carry headers that nobody knows",
        &[After(|_, _, answer| {
            answer.set("x-powered-by", "a variant");
            answer.set("x-custom", "W/\"1\"");
        })],
    ),
    Variant::new(
        "own-request-id",
        "requests get an id of the server, and that of the client comes back as X-Correlation-Id",
        &[After(|_, asked, answer| {
            if let Some(id) = asked.header("x-request-id") {
                answer.set("x-correlation-id", id);
            }
            answer.set("x-request-id", &format!("own-{}", asked.number));
        })],
    ),
    Variant::new(
        "no-request-id",
        "answers carry no request id",
        &[After(|_, _, answer| answer.remove("x-request-id"))],
    ),
    Variant::new(
        "no-cors",
        "browsers of other origins are not let in",
        &[After(|_, _, answer| {
            let cors: Vec<_> = answer
                .headers
                .keys()
                .filter(|name| name.as_str().starts_with("access-control"))
                .cloned()
                .collect();
            cors.iter().for_each(|name| answer.remove(name.as_str()));
        })],
    ),
    Variant::new(
        "last-modified-rounded-up",
        "Last-Modified counts a second that has begun as a whole one",
        &[After(|_, _, answer| {
            answer.change("last-modified", |text| {
                let later = httpdate::parse_http_date(text).map(|time| time + Duration::from_secs(1));
                later.map_or_else(|_| text.to_owned(), httpdate::fmt_http_date)
            });
        })],
    ),
    Variant::new(
        "relative-location",
        "Location is relative to the origin, as HTTP allows (RFC 9110 section 10.2.2)",
        &[After(|_, _, answer| {
            answer.change("location", |text| match text.split_once("://") {
                Some((_, rest)) => rest
                    .find('/')
                    .map_or_else(String::new, |slash| rest[slash..].to_owned()),
                None => text.to_owned(),
            });
        })],
    ),
    Variant::new(
        "location-below-base",
        "Location is relative to the base, as FHIR allows",
        &[After(|_, _, answer| {
            answer.change("location", |text| {
                let below = text.split_once(BASE_PATH).map_or(text, |(_, below)| below);
                below.trim_start_matches('/').to_owned()
            });
        })],
    ),
    Variant::new(
        "strong-etags",
        "ETags are strong, which says more than a weak one",
        &[After(|_, _, answer| {
            answer.change("etag", |text| text.trim_start_matches("W/").to_owned())
        })],
    ),
    Variant::new(
        "etags-of-bodies",
        "what has no version gets an ETag too, made from its body (RFC 9110 section 8.8.3)",
        &[After(|_, _, answer| {
            if !answer.body.is_empty() && answer.header("etag").is_none() {
                let mut hash = std::hash::DefaultHasher::new();
                hash.write(&answer.body);
                answer.set("etag", &format!("W/\"{:x}-{:x}\"", answer.body.len(), hash.finish()));
            }
        })],
    ),
    Variant::new(
        "loud-charset",
        "the Content-Type is written with a space and capitals",
        &[After(|_, _, answer| {
            answer.change("content-type", |text| text.replace(";charset=utf-8", "; charset=UTF-8"))
        })],
    ),
    Variant::new(
        "no-charset",
        "the Content-Type has no parameters",
        &[After(|_, asked, answer| {
            if !asked.header("accept").is_some_and(|text| text.contains("fhirVersion")) {
                answer.change("content-type", |text| text.split(';').next().unwrap_or(text).to_owned());
            }
        })],
    ),
    Variant::new(
        "gzip",
        "every body is compressed",
        &[After(|_, asked, answer| {
            let understood = asked
                .header("accept-encoding")
                .is_some_and(|text| text.contains("gzip"));
            if !answer.body.is_empty() && understood {
                let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
                if packed.write_all(&answer.body).is_ok()
                    && let Ok(bytes) = packed.finish()
                {
                    answer.body = bytes.into();
                    answer.set("content-encoding", "gzip");
                }
            }
        })],
    ),
    Variant::new(
        "chunked",
        "no length is told before a body",
        &[After(|_, asked, answer| {
            answer.chunked = *asked.method() != Method::HEAD
        })],
    ),
    Variant::new(
        "no-head",
        "HEAD is not offered (http.html#head)",
        &[Instead(|_, asked| {
            (*asked.method() == Method::HEAD).then(|| {
                let mut answer = Answer::empty(405);
                answer.set("allow", methods(asked));
                answer
            })
        })],
    ),
];

fn below(text: &str) -> String {
    // What is HL7's own, such as the namespace of XML, is no URL of this server.
    const HL7: &str = "http://hl7.org/fhir";
    let longer = |part: &str| {
        part.replace("/fhir/", &format!("{LONG_BASE}/"))
            .replace("/fhir\"", &format!("{LONG_BASE}\""))
    };
    text.split(HL7).map(longer).collect::<Vec<_>>().join(HL7)
}

fn methods(asked: &Asked) -> &'static str {
    match asked.segments().len() {
        1 => "GET, POST, OPTIONS",
        2 => "GET, PUT, DELETE, OPTIONS",
        _ => "GET, OPTIONS",
    }
}
