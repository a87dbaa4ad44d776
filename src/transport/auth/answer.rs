//! What a token endpoint answers (RFC 6749, 5.1 and 5.2).

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::problem::Clock;
use super::{Secrets, TokenError};
use crate::exchange::Response;

/// An access token as it was granted.
#[derive(Clone, PartialEq, Eq)]
pub struct Granted {
    /// The token itself.
    token: String,
    /// How long it holds, where the server says so.
    pub lifetime: Option<Duration>,
    /// The scopes that were granted, where the server says so; those that were asked for otherwise.
    pub scope: Option<String>,
    /// Where the clock of the authorization server stands.
    pub clock: Clock,
}

/// A longer token fits into no header that servers take.
const LONGEST_TOKEN: usize = 64 * 1024;
/// How much of a server's words is told.
const LONGEST_WORDS: usize = 200;

impl Granted {
    /// The value of the Authorization header.
    pub(super) fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// Reads an answer to a token request that went to `url`. What is secret in it is learned first.
    ///
    /// # Errors
    /// A refusal, and an answer that has no token in it that can be used.
    pub(super) fn read(url: &str, response: &Response, secrets: &Secrets) -> Result<Self, TokenError> {
        let clock = Clock::of(response.headers.get("date"), SystemTime::now());
        let json: Option<Value> = serde_json::from_slice(response.body.bytes()).ok();
        for name in ["access_token", "refresh_token", "id_token"] {
            if let Some(secret) = json.as_ref().and_then(|json| json[name].as_str()) {
                secrets.learn(secret);
            }
        }
        if response.status != 200 {
            return Err(refused(url, response, json.as_ref(), clock, secrets));
        }
        let wrong = |why: String| TokenError::Content {
            url: url.to_owned(),
            why,
        };
        let json = json.ok_or_else(|| wrong("the answer is no JSON".into()))?;
        let token = match &json["access_token"] {
            Value::String(token) if !token.is_empty() => token,
            _ => return Err(wrong("the answer holds no access_token".into())),
        };
        if token.len() > LONGEST_TOKEN || http::HeaderValue::from_str(token).is_err() {
            return Err(wrong(
                "the access_token holds what no header may hold, or is too long".into(),
            ));
        }
        // Left out by some, though it has to be there; another type would need another way of sending it.
        if let Some(kind) = json["token_type"].as_str()
            && !kind.eq_ignore_ascii_case("bearer")
        {
            return Err(wrong(format!(
                "the token is of the type `{}`, and only Bearer is known here",
                words(kind, secrets)
            )));
        }
        Ok(Self {
            token: token.clone(),
            lifetime: seconds(&json["expires_in"]),
            scope: json["scope"].as_str().map(|scope| words(scope, secrets)),
            clock,
        })
    }
}

/// The token is not shown.
impl std::fmt::Debug for Granted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Granted")
            .field("lifetime", &self.lifetime)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// A number of seconds; some servers write it as text.
fn seconds(value: &Value) -> Option<Duration> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    }?;
    // A year is as good as for ever, and a clock cannot overflow with it.
    Some(
        Duration::try_from_secs_f64(number)
            .ok()?
            .min(Duration::from_secs(366 * 86_400)),
    )
}

fn refused(url: &str, response: &Response, json: Option<&Value>, clock: Clock, secrets: &Secrets) -> TokenError {
    let member = |name: &str| json.and_then(|json| json[name].as_str());
    let code = member("error").map(|text| words(text, secrets));
    let description = member("error_description")
        .or_else(|| response.headers.get("www-authenticate"))
        .or_else(|| response.headers.get("location"))
        .or_else(|| {
            response
                .body
                .text()
                .filter(|text| json.is_none() && !text.contains('<'))
        });
    TokenError::Refused {
        url: url.to_owned(),
        status: response.status,
        code,
        description: description
            .map(|text| words(text, secrets))
            .filter(|text| !text.is_empty()),
        clock,
    }
}

/// What a server says, in one line, not too long, and without secrets.
fn words(text: &str, secrets: &Secrets) -> String {
    let masked = secrets.masked(text).unwrap_or_else(|| text.to_owned());
    let line: Vec<&str> = masked.split(|next: char| next.is_control() || next == ' ').collect();
    let line = line
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    match line.char_indices().nth(LONGEST_WORDS) {
        Some((end, _)) => format!("{} ...", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Body, Headers};

    fn read(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Granted, TokenError> {
        let response = Response {
            status,
            version: "HTTP/1.1".into(),
            headers: headers.iter().copied().collect::<Headers>(),
            body: Body::new(body.to_owned()),
        };
        let secrets = Secrets::default();
        secrets.learn("s3cret");
        Granted::read("https://as.example/token", &response, &secrets)
    }

    #[test]
    fn a_grant_is_read_as_servers_write_it() {
        let granted = read(
            200,
            &[],
            r#"{"access_token":"abcd","token_type":"bearer","expires_in":"300","scope":"a b"}"#,
        )
        .unwrap();
        assert_eq!(granted.authorization(), "Bearer abcd");
        assert_eq!(granted.lifetime, Some(Duration::from_secs(300)));
        assert_eq!(granted.scope.as_deref(), Some("a b"));
        assert!(!format!("{granted:?}").contains("abcd"));
        for expires in ["-5", "1e400", "null", "\"soon\""] {
            let body = format!(r#"{{"access_token":"abcd","expires_in":{expires}}}"#);
            assert_eq!(
                read(200, &[], &body).map(|granted| granted.lifetime),
                Ok(None),
                "{expires}"
            );
        }
        let long = read(200, &[], r#"{"access_token":"abcd","expires_in":1e300}"#).unwrap();
        assert!(long.lifetime.is_none_or(|lifetime| lifetime.as_secs() <= 366 * 86_400));
    }

    #[test]
    fn what_is_no_grant_is_told_without_secrets() {
        let long = format!("{{\"access_token\":\"{}\"}}", "x".repeat(LONGEST_TOKEN + 1));
        let told = [
            read(200, &[], "<html>"),
            read(200, &[], "[]"),
            read(200, &[], r#"{"access_token":""}"#),
            read(200, &[], r#"{"access_token":"a\nb-s3cret"}"#),
            read(200, &[], &long),
            read(200, &[], r#"{"access_token":"abcd","token_type":"DPoP"}"#),
            read(
                401,
                &[],
                r#"{"error":"invalid_client","error_description":"s3cret is\n  wrong"}"#,
            ),
            read(401, &[("WWW-Authenticate", "Basic realm=\"s3cret\"")], ""),
            read(400, &[], "plain words"),
            read(503, &[], "<html><body>s3cret"),
            read(302, &[("Location", "https://login.example/?s3cret")], ""),
            read(400, &[], &"w ".repeat(400)),
        ];
        let told = told.map(|read| read.unwrap_err().to_string()).join("\n");
        assert!(!told.contains("s3cret"));
        insta::assert_snapshot!(told);
    }
}
