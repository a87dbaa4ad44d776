//! Whether a recorded request is the one that is asked now.

use serde_json::Value;

use crate::exchange::{Body, Headers, Request};

/// Headers that change what a request means: all of them have to be the same.
const CONDITIONS: [&str; 5] = [
    "if-none-match",
    "if-modified-since",
    "if-none-exist",
    "prefer",
    "x-intermediary",
];
/// Headers that say what a body is, in whatever case: where both requests have one it has to be the same.
const MEDIA: [&str; 2] = ["accept", "content-type"];

/// How much two requests are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// The same but for If-Match, or for the slash behind the base URL: what the harness finds out by itself, at a moment
    /// that depends on the other cases.
    Nearly,
    /// The same.
    Wholly,
}

/// Compares a recorded request with one that is asked now; `None` where they are two.
pub(super) fn likeness(recorded: &Request, asked: &Request) -> Option<Likeness> {
    if recorded.method != asked.method || !same_headers(&recorded.headers, &asked.headers, str::to_owned) {
        return None;
    }
    alike(recorded, asked)
}

/// Compares URLs, bodies and If-Match.
fn alike(recorded: &Request, asked: &Request) -> Option<Likeness> {
    let same_url = same_url(&recorded.url, &asked.url)?;
    let same_body = same_body(&recorded.body, &asked.body)?;
    let if_match = |headers: &Headers| {
        headers
            .get("if-match")
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
    };
    let same_match = if if_match(&recorded.headers) == if_match(&asked.headers) {
        Likeness::Wholly
    } else {
        Likeness::Nearly
    };
    Some(same_url.min(same_body).min(same_match))
}

/// What two entries of two systems may have in common: as [`likeness`], and nothing is asked with other credentials.
pub(super) fn is_same_abroad(recorded: &Request, asked: &Request) -> bool {
    // A step that sets or removes credentials tests them: an answer to others says nothing.
    let own = asked.headers.get("authorization");
    let is_as_recorded = match own {
        None => true,
        Some("") => recorded.headers.get("authorization").is_none(),
        Some(_) => false,
    };
    is_as_recorded
        && recorded.method == asked.method
        && same_headers(&recorded.headers, &asked.headers, family)
        && alike(recorded, asked) == Some(Likeness::Wholly)
}

/// What a media type comes to: others write `application/json` where we write `application/fhir+json`.
fn family(media_type: &str) -> String {
    ["json", "xml"]
        .into_iter()
        .find(|word| media_type.contains(word))
        .unwrap_or(media_type)
        .to_owned()
}

fn same_headers(recorded: &Headers, asked: &Headers, media: impl Fn(&str) -> String) -> bool {
    fn value<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
        headers.get(name).map(str::trim).filter(|value| !value.is_empty())
    }
    CONDITIONS
        .iter()
        .all(|name| value(recorded, name) == value(asked, name))
        && MEDIA
            .iter()
            .all(|name| match (value(recorded, name), value(asked, name)) {
                (Some(one), Some(other)) => media(&one.to_ascii_lowercase()) == media(&other.to_ascii_lowercase()),
                _ => true,
            })
}

fn same_url(recorded: &str, asked: &str) -> Option<Likeness> {
    if recorded == asked {
        return Some(Likeness::Wholly);
    }
    if recorded.trim_end_matches('/') == asked.trim_end_matches('/') {
        return Some(Likeness::Nearly);
    }
    let parts = |text: &str| {
        let url = url::Url::parse(text).ok()?;
        let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        // The order of different parameters means nothing; that of the same stays.
        query.sort_by(|one, other| one.0.cmp(&other.0));
        let path = percent_encoding::percent_decode_str(url.path())
            .decode_utf8_lossy()
            .into_owned();
        Some((url.origin().ascii_serialization(), path, query, url.query().is_some()))
    };
    (parts(recorded).is_some() && parts(recorded) == parts(asked)).then_some(Likeness::Wholly)
}

fn same_body(recorded: &Body, asked: &Body) -> Option<Likeness> {
    if recorded == asked {
        return Some(Likeness::Wholly);
    }
    let read = |body: &Body| serde_json::from_slice::<Value>(body.bytes()).ok();
    let (mut recorded, mut asked) = (read(recorded)?, read(asked)?);
    for body in [&mut recorded, &mut asked] {
        without_tag(body, "");
    }
    if recorded == asked {
        return Some(Likeness::Wholly);
    }
    for body in [&mut recorded, &mut asked] {
        let entries = body.get_mut("entry").and_then(Value::as_array_mut);
        for entry in entries.into_iter().flatten() {
            if let Some(request) = entry.get_mut("request").and_then(Value::as_object_mut) {
                request.remove("ifMatch");
            }
        }
    }
    (recorded == asked).then_some(Likeness::Nearly)
}

/// Takes the run's tag away, which a recording that was not made by us does not have.
fn without_tag(value: &mut Value, key: &str) {
    match value {
        Value::Object(properties) => {
            for (key, value) in properties.iter_mut() {
                without_tag(value, key);
            }
            let is_bare = |value: &Value| value.as_object().is_some_and(serde_json::Map::is_empty);
            let is_void = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
            properties.retain(|key, value| match key.as_str() {
                "meta" => !is_bare(value),
                "tag" => !is_void(value),
                _ => true,
            });
        }
        Value::Array(items) => {
            if key == "tag" {
                items.retain(|tag| tag["system"] != "urn:fhir-assay:run");
            }
            items.iter_mut().for_each(|item| without_tag(item, ""));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Request {
        Request {
            method: method.into(),
            url: format!("http://server.example/fhir{url}"),
            headers: headers.iter().copied().collect(),
            body: Body::new(body.to_owned()),
        }
    }

    #[test]
    fn what_means_the_same_is_the_same() {
        let bare = request("GET", "/Patient?a=1&b=x%20y", &[], "");
        for other in [
            request(
                "GET",
                "/Patient?b=x+y&a=1",
                &[("Accept", "*/*"), ("X-Request-Id", "1")],
                "",
            ),
            request("GET", "/Pati%65nt?a=1&b=x%20y", &[("User-Agent", "x")], ""),
        ] {
            assert_eq!(likeness(&bare, &other), Some(Likeness::Wholly), "{}", other.url);
        }
        let tagged = r#"{"meta":{"tag":[{"system":"urn:fhir-assay:run","code":"t"}]},"id":"1"}"#;
        let put = |headers, body| request("PUT", "/Patient/1", headers, body);
        let plain = put(&[], r#"{"id": "1"}"#);
        assert_eq!(likeness(&plain, &put(&[], tagged)), Some(Likeness::Wholly));
        let conditional = put(&[("If-Match", "W/\"1\"")], tagged);
        assert_eq!(likeness(&plain, &conditional), Some(Likeness::Nearly));
    }

    #[test]
    fn what_means_something_else_is_another() {
        let bare = request("GET", "/Patient?a=1", &[("Accept", "application/fhir+json")], "");
        for other in [
            request("HEAD", "/Patient?a=1", &[], ""),
            request("GET", "/Patient?a=2", &[], ""),
            request("GET", "/Patient?a=1&a=1", &[], ""),
            request("GET", "/Patient", &[], ""),
            request("GET", "/Patient?a=1", &[("Accept", "application/fhir+xml")], ""),
            request("GET", "/Patient?a=1", &[("If-None-Match", "W/\"1\"")], ""),
        ] {
            assert_eq!(likeness(&bare, &other), None, "{other:?}");
        }
        let tag = |tag| request("GET", "/Patient/1", &[("If-None-Match", tag)], "");
        assert_eq!(likeness(&tag("W/\"a\""), &tag("W/\"A\"")), None);
        let post = |body| request("POST", "/Patient", &[], body);
        assert_eq!(likeness(&post(r#"{"id":"1"}"#), &post(r#"{"id":"2"}"#)), None);
        assert_eq!(likeness(&post("<a/>"), &post("<b/>")), None);
    }

    #[test]
    fn an_answer_to_others_credentials_is_none() {
        let signed = request("GET", "/Patient/1", &[("Authorization", "***")], "");
        assert!(is_same_abroad(&signed, &request("GET", "/Patient/1", &[], "")));
        let without = request("GET", "/Patient/1", &[("Authorization", "")], "");
        assert!(!is_same_abroad(&signed, &without));
        assert!(is_same_abroad(&request("GET", "/Patient/1", &[], ""), &without));
        let wrong = request("GET", "/Patient/1", &[("Authorization", "Bearer wrong")], "");
        assert!(!is_same_abroad(&signed, &wrong));
        let accept = |value| request("GET", "/Patient/1", &[("Accept", value)], "");
        assert!(is_same_abroad(
            &accept("application/json"),
            &accept("application/fhir+json")
        ));
        assert!(!is_same_abroad(
            &accept("application/fhir+xml"),
            &accept("application/fhir+json")
        ));
    }
}
