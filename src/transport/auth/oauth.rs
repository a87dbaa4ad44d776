//! What a client tells an authorization server: OAuth 2.0 client credentials (RFC 6749, 4.4) and SMART Backend Services.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;
use url::form_urlencoded;

use super::assertion::{ASSERTION_TYPE, assertion};
use super::{KeyError, SecretPlace, SigningKey};
use crate::exchange::{Body, Headers, Request};
use crate::fhir::media_type;

/// How access tokens are asked for.
#[derive(Clone, Debug)]
pub struct OAuth {
    /// The name under which the client is registered.
    pub client_id: String,
    /// What proves that it is the client.
    pub proof: ClientProof,
    /// The scopes to ask for, parted by spaces; empty for those that the server gives by itself.
    pub scope: String,
    /// Where tokens are given; by default the server's SMART configuration says it.
    pub token_url: Option<Url>,
    /// The audience of client assertions, where it is not the token URL.
    pub audience: Option<String>,
    /// More parameters of the token request, `resource` for example.
    pub parameters: Vec<(String, String)>,
    /// Whether secrets may go over plain HTTP to other hosts than this one.
    pub plain_http: bool,
}

/// What proves to the authorization server that it is the client who asks.
#[derive(Clone)]
pub enum ClientProof {
    /// A secret in the Authorization header (`client_secret_basic`).
    SecretInHeader(String),
    /// A secret in the body (`client_secret_post`).
    SecretInBody(String),
    /// A signed assertion (`private_key_jwt`).
    Assertion {
        /// The key that signs.
        key: Arc<SigningKey>,
        /// The name under which its public half is registered.
        kid: String,
    },
    /// The certificate of the TLS connection alone (`tls_client_auth`, RFC 8705).
    Certificate,
}

impl ClientProof {
    /// The name of the method, as servers list it.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::SecretInHeader(_) => "client_secret_basic",
            Self::SecretInBody(_) => "client_secret_post",
            Self::Assertion { .. } => "private_key_jwt",
            Self::Certificate => "tls_client_auth",
        }
    }
}

impl fmt::Debug for ClientProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.method())
    }
}

impl OAuth {
    /// A client secret as it was found.
    ///
    /// # Errors
    /// Where the place has nothing.
    pub fn secret(place: &SecretPlace, value: Option<String>) -> Result<String, super::AuthError> {
        let value = value.ok_or_else(|| super::AuthError::Unset(place.clone()))?;
        // A file ends with a line break that is no part of the secret.
        let value = value.trim_end_matches(['\r', '\n']).to_owned();
        if value.trim().is_empty() {
            return Err(super::AuthError::Empty(place.clone()));
        }
        Ok(value)
    }

    /// Everything in it that has to stay secret, in the forms in which it is sent.
    pub(super) fn secrets(&self) -> Vec<String> {
        match &self.proof {
            ClientProof::SecretInHeader(secret) => vec![secret.clone(), self.basic(secret)],
            ClientProof::SecretInBody(secret) => vec![secret.clone()],
            ClientProof::Assertion { .. } | ClientProof::Certificate => Vec::new(),
        }
    }

    /// A token request, and the client assertion in it: each is used once.
    ///
    /// # Errors
    /// Where the key refuses to sign.
    pub(super) fn request(&self, url: &Url) -> Result<(Request, Option<String>), KeyError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if !self.scope.is_empty() {
            form.append_pair("scope", &self.scope);
        }
        let mut headers = Headers::new();
        headers.push("Accept", "application/json");
        headers.push("Content-Type", media_type::FORM);
        let mut signed = None;
        match &self.proof {
            ClientProof::SecretInHeader(secret) => {
                headers.push("Authorization", format!("Basic {}", self.basic(secret)))
            }
            ClientProof::SecretInBody(secret) => {
                form.append_pair("client_id", &self.client_id);
                form.append_pair("client_secret", secret);
            }
            ClientProof::Assertion { key, kid } => {
                let audience = self.audience.as_deref().unwrap_or(url.as_str());
                let text = assertion(key, kid, &self.client_id, audience, SystemTime::now())?;
                form.append_pair("client_assertion_type", ASSERTION_TYPE);
                form.append_pair("client_assertion", &text);
                signed = Some(text);
            }
            ClientProof::Certificate => {
                form.append_pair("client_id", &self.client_id);
            }
        }
        for (name, value) in &self.parameters {
            form.append_pair(name, value);
        }
        let request = Request {
            method: "POST".into(),
            url: url.as_str().into(),
            headers,
            body: Body::new(form.finish()),
        };
        Ok((request, signed))
    }

    /// Id and secret for the Authorization header: form-encoded first (RFC 6749, 2.3.1).
    fn basic(&self, secret: &str) -> String {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        STANDARD.encode(format!("{}:{}", encode(&self.client_id), encode(secret)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(proof: ClientProof) -> String {
        let oauth = OAuth {
            client_id: "as/say".into(),
            proof,
            scope: "system/*.read".into(),
            token_url: None,
            audience: None,
            parameters: vec![("resource".into(), "https://fhir.example/r4".into())],
            plain_http: false,
        };
        let url = Url::parse("https://as.example/token").unwrap();
        let (request, _) = oauth.request(&url).unwrap();
        let authorization = request.headers.get("authorization").unwrap_or("-");
        format!("{authorization} | {}", request.body.text().unwrap_or_default())
    }

    #[test]
    fn each_proof_has_its_place() {
        let told = [
            asked(ClientProof::SecretInHeader("a:b c".into())),
            asked(ClientProof::SecretInBody("a:b c".into())),
            asked(ClientProof::Certificate),
        ];
        insta::assert_snapshot!(told.join("\n"));
    }
}
