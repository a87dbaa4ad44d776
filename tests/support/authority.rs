//! An authorization server for the tests: it gives tokens to clients that prove who they are, and takes nobody's word.
//! Signatures are verified by another library than the one that makes them.

use std::collections::BTreeSet;
use std::io;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use super::embedded::{Embedded, Recorded, outcome};
use super::stub::{Seen, Stub, answer};

/// How the server is set up.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The one client that is known.
    pub client: String,
    /// Its secret, and whether it is taken from the body; from the header otherwise.
    pub secret: Option<(String, bool)>,
    /// Its public keys.
    pub jwks: Option<Value>,
    /// The audience of assertions; the token URL by default.
    pub audience: Option<String>,
    /// What `expires_in` says.
    pub expires_in: Option<u64>,
    /// The scopes that may be had.
    pub scopes: Vec<&'static str>,
    /// How far its clock is from ours, in seconds.
    pub clock: i64,
    /// What is answered to everything, instead.
    pub always: Option<(&'static str, String)>,
    /// What is said in front of every refusal: a server may send back what it was sent.
    pub echo: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            client: "assay".into(),
            secret: None,
            jwks: None,
            audience: None,
            expires_in: Some(300),
            scopes: vec!["system/*.read", "system/*.write"],
            clock: 0,
            always: None,
            echo: false,
        }
    }
}

/// A running authorization server.
pub struct Authority {
    stub: Stub,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Tokens, until when they hold, and whether they were taken back.
    given: Vec<(String, Option<Instant>, bool)>,
    used: BTreeSet<String>,
    closed: bool,
}

type Refusal = (&'static str, &'static str, String);

impl Authority {
    pub fn start(rules: Rules) -> Arc<Self> {
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        let stub = Stub::start(move |seen, out| respond(&rules, &shared, seen, out));
        Arc::new(Self { stub, state })
    }

    /// The token URL.
    pub fn url(&self) -> String {
        format!("{}/token", self.stub.origin())
    }

    /// The requests that came.
    pub fn asked(&self) -> Vec<Seen> {
        self.stub.seen()
    }

    /// The tokens that were given.
    pub fn given(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.given.iter().map(|(token, ..)| token.clone()).collect()
    }

    /// Takes every token back that was given.
    pub fn revoke(&self) {
        for (_, _, revoked) in &mut self.state.lock().unwrap().given {
            *revoked = true;
        }
    }

    /// Gives no more tokens.
    pub fn close(&self) {
        self.state.lock().unwrap().closed = true;
    }

    /// Whether the value of an Authorization header lets somebody in.
    pub fn accepts(&self, header: Option<&str>) -> bool {
        let Some(token) = header.and_then(|header| header.strip_prefix("Bearer ")) else {
            return false;
        };
        let state = self.state.lock().unwrap();
        state.given.iter().any(|(known, until, revoked)| {
            known == token && !revoked && until.is_none_or(|until| Instant::now() < until)
        })
    }

    /// A FHIR server that lets in whoever has a token, and tells everybody where tokens are given.
    pub fn protected(self: &Arc<Self>) -> Embedded {
        self.protected_with(|_| None)
    }

    /// As `protected`; `before` may answer first.
    pub fn protected_with(
        self: &Arc<Self>,
        before: impl Fn(&Recorded) -> Option<axum::response::Response> + Send + Sync + 'static,
    ) -> Embedded {
        let this = Arc::clone(self);
        Embedded::with(move |request| before(request).or_else(|| this.guard(request)), |_| {})
    }

    /// What is answered to a request in the FHIR server's place.
    pub fn guard(&self, request: &Recorded) -> Option<axum::response::Response> {
        if request.path() == ".well-known/smart-configuration" {
            let text = json!({
                "token_endpoint": self.url(), "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic", "client_secret_post"],
                "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
            });
            return Some(axum::response::Response::new(text.to_string().into()));
        }
        (!self.accepts(request.header("authorization")))
            .then(|| outcome(401, &[("www-authenticate", "Bearer error=\"invalid_token\"")]))
    }
}

fn respond(rules: &Rules, state: &Mutex<State>, seen: &Seen, out: &mut TcpStream) -> io::Result<()> {
    let now = if rules.clock >= 0 {
        SystemTime::now() + Duration::from_secs(rules.clock.unsigned_abs())
    } else {
        SystemTime::now() - Duration::from_secs(rules.clock.unsigned_abs())
    };
    let date = format!("Date: {}", httpdate::fmt_http_date(now));
    let headers = [
        date.as_str(),
        "Content-Type: application/json",
        "Cache-Control: no-store",
    ];
    if state.lock().unwrap().closed {
        return answer(out, "503 Service Unavailable", &headers, b"");
    }
    if let Some((status, body)) = &rules.always {
        return answer(out, status, &headers, body.as_bytes());
    }
    match grant(rules, state, seen, now) {
        Ok(body) => answer(out, "200 OK", &headers, body.to_string().as_bytes()),
        Err((status, code, why)) => {
            let sent = if rules.echo {
                let authorization = seen.header("authorization").unwrap_or_default();
                format!("{authorization} {}: ", String::from_utf8_lossy(&seen.body))
            } else {
                String::new()
            };
            let body = json!({ "error": code, "error_description": format!("{sent}{why}") });
            answer(out, status, &headers, body.to_string().as_bytes())
        }
    }
}

fn grant(rules: &Rules, state: &Mutex<State>, seen: &Seen, now: SystemTime) -> Result<Value, Refusal> {
    let bad = |code: &'static str, why: &str| ("400 Bad Request", code, why.to_owned());
    if (seen.method.as_str(), seen.target.as_str()) != ("POST", "/token") {
        return Err(("404 Not Found", "not_found", "there is nothing here".into()));
    }
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&seen.body).into_owned().collect();
    let field = |name: &str| {
        form.iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    };
    if seen.header("content-type") != Some("application/x-www-form-urlencoded") {
        return Err(bad("invalid_request", "this is no form"));
    }
    if field("grant_type") != Some("client_credentials") {
        return Err(bad("unsupported_grant_type", "only client_credentials"));
    }
    identify(rules, state, seen, &field, now).map_err(|why| ("401 Unauthorized", "invalid_client", why))?;
    let asked: Vec<&str> = field("scope").unwrap_or_default().split_whitespace().collect();
    if let Some(unknown) = asked.iter().find(|scope| !rules.scopes.contains(scope)) {
        return Err(bad("invalid_scope", &format!("{unknown} is not for this client")));
    }
    let mut state = state.lock().unwrap();
    // With marks that JSON, HTML and URLs write in other ways.
    let token = format!("t0ken-{}/+={}", state.given.len() + 1, uuid::Uuid::new_v4());
    let until = rules
        .expires_in
        .map(|seconds| Instant::now() + Duration::from_secs(seconds));
    state.given.push((token.clone(), until, false));
    let mut body = json!({ "access_token": token, "token_type": "bearer", "refresh_token": "r3fresh-token" });
    if let Some(seconds) = rules.expires_in {
        body["expires_in"] = seconds.into();
    }
    body["scope"] = asked.join(" ").into();
    Ok(body)
}

/// Whether it is the client who asks.
fn identify<'a>(
    rules: &Rules,
    state: &Mutex<State>,
    seen: &Seen,
    field: &impl Fn(&str) -> Option<&'a str>,
    now: SystemTime,
) -> Result<(), String> {
    if let Some((secret, in_body)) = &rules.secret {
        let (client, sent) = if *in_body {
            (
                field("client_id").map(str::to_owned),
                field("client_secret").map(str::to_owned),
            )
        } else {
            basic(seen.header("authorization").unwrap_or_default())
        };
        return if client.as_deref() == Some(&rules.client) && sent.as_deref() == Some(secret) {
            Ok(())
        } else {
            Err("client id or secret are wrong".into())
        };
    }
    if field("client_assertion_type") != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
        return Err("there is no client assertion".into());
    }
    let text = field("client_assertion").unwrap_or_default();
    let audience = rules.audience.clone().unwrap_or_else(|| {
        let host = seen.header("host").unwrap_or_default();
        format!("http://{host}/token")
    });
    let claims = verified(rules, text, &audience)?;
    if claims["iss"] != rules.client.as_str() || claims["sub"] != rules.client.as_str() {
        return Err("iss and sub are not the client".into());
    }
    let now = now.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let expiry = claims["exp"].as_u64().ok_or("exp is missing")?;
    if expiry <= now {
        return Err("the assertion has expired".into());
    }
    if expiry > now + 300 {
        return Err("the assertion holds for more than five minutes".into());
    }
    let jti = claims["jti"].as_str().ok_or("jti is missing")?.to_owned();
    if !state.lock().unwrap().used.insert(jti) {
        return Err("the assertion was used before".into());
    }
    Ok(())
}

/// The claims of an assertion whose signature and audience are right.
fn verified(rules: &Rules, text: &str, audience: &str) -> Result<Value, String> {
    let header = decode_header(text).map_err(|error| error.to_string())?;
    if !matches!(header.alg, Algorithm::RS384 | Algorithm::ES384) {
        return Err(format!("{:?} is not allowed", header.alg));
    }
    let set: JwkSet =
        serde_json::from_value(rules.jwks.clone().unwrap_or_default()).map_err(|error| error.to_string())?;
    let kid = header.kid.ok_or("kid is missing")?;
    let jwk = set.find(&kid).ok_or_else(|| format!("no key is registered as {kid}"))?;
    let key = DecodingKey::from_jwk(jwk).map_err(|error| error.to_string())?;
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    // By the clock of this server, and after the signature.
    validation.validate_exp = false;
    Ok(decode::<Value>(text, &key, &validation)
        .map_err(|error| format!("the assertion is wrong: {error}"))?
        .claims)
}

/// Id and secret of a Basic header, which are form-encoded inside of it.
fn basic(header: &str) -> (Option<String>, Option<String>) {
    let decoded = header
        .strip_prefix("Basic ")
        .and_then(|text| STANDARD.decode(text).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let plain = |text: &str| {
        let pair = url::form_urlencoded::parse(text.as_bytes()).next();
        pair.map(|(name, _)| name.into_owned())
    };
    match decoded.as_deref().and_then(|text| text.split_once(':')) {
        Some((client, secret)) => (plain(client), plain(secret)),
        None => (None, None),
    }
}
