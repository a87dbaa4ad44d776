//! Fixed headers that go with every request, and the secrets in them.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{OAuth, Secrets, Tokens};
use crate::exchange::redact;

/// What goes with every request to the server under test: headers, or a source of access tokens; and the secrets in them.
#[derive(Clone, Default)]
pub struct Credentials {
    headers: Vec<(String, String)>,
    secrets: Secrets,
    /// Names of headers whose values are secrets.
    secret_headers: Vec<String>,
    /// Where access tokens come from. Clones share it: all clients of a process use one token.
    tokens: Option<Arc<Tokens>>,
}

/// Where a secret was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    /// An environment variable.
    Variable(String),
    /// A file.
    File(String),
}

impl fmt::Display for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {path}"),
        }
    }
}

/// Why credentials cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum AuthError {
    #[error("{0} is not set")]
    Unset(SecretPlace),
    #[error("{0} is empty")]
    Empty(SecretPlace),
    #[error("{0} holds a line break or another character that no header may hold")]
    Characters(SecretPlace),
    #[error("{0} has to hold `user:password`")]
    NoColon(SecretPlace),
    #[error("`{0}` is no header: write 'Name: value'")]
    Header(String),
}

impl Credentials {
    /// None.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a bearer token.
    ///
    /// # Errors
    /// Where the place has nothing, or what no header may hold.
    pub fn bearer(&mut self, place: &SecretPlace, value: Option<String>) -> Result<(), AuthError> {
        let token = checked(place, value)?;
        self.headers.push(("Authorization".into(), format!("Bearer {token}")));
        self.secrets.learn(&token);
        Ok(())
    }

    /// Adds a user and a password, `user:password`.
    ///
    /// # Errors
    /// As [`Credentials::bearer`], and where there is no colon.
    pub fn basic(&mut self, place: &SecretPlace, value: Option<String>) -> Result<(), AuthError> {
        let pair = checked(place, value)?;
        let (_, password) = pair.split_once(':').ok_or_else(|| AuthError::NoColon(place.clone()))?;
        let encoded = STANDARD.encode(&pair);
        self.secrets.learn(password);
        self.secrets.learn(&encoded);
        self.headers.push(("Authorization".into(), format!("Basic {encoded}")));
        Ok(())
    }

    /// Adds a header given as `Name: value`. Whether its value is a secret is not known, so it is treated as one where
    /// the name says so.
    ///
    /// # Errors
    /// Where the text has another form.
    pub fn header(&mut self, line: &str) -> Result<(), AuthError> {
        let parsed = line.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
        match parsed {
            Some((name, value))
                if http::HeaderName::from_bytes(name.as_bytes()).is_ok()
                    && http::HeaderValue::from_str(value).is_ok() =>
            {
                if speaks_of_secret(name) {
                    self.keep_secret(name, value);
                } else {
                    self.headers.push((name.to_owned(), value.to_owned()));
                }
                Ok(())
            }
            // The value may be a secret: only the name is shown.
            _ => Err(AuthError::Header(line.split(':').next().unwrap_or_default().to_owned())),
        }
    }

    /// Adds a header whose value is a secret.
    ///
    /// # Errors
    /// As [`Credentials::bearer`], and where the name is none.
    pub fn secret_header(&mut self, name: &str, place: &SecretPlace, value: Option<String>) -> Result<(), AuthError> {
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(AuthError::Header(name.to_owned()));
        }
        self.keep_secret(name, &checked(place, value)?);
        Ok(())
    }

    fn keep_secret(&mut self, name: &str, value: &str) {
        self.secrets.learn(value);
        // The value may be echoed without the scheme before it.
        if let Some((_, bare)) = value.split_once(' ') {
            self.secrets.learn(bare.trim());
        }
        self.secret_headers.push(name.to_owned());
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// Takes access tokens from an authorization server, for the FHIR server at `base`.
    pub fn oauth(&mut self, oauth: OAuth, base: &url::Url) {
        for secret in oauth.secrets() {
            self.secrets.learn(&secret);
        }
        self.tokens = Some(Arc::new(Tokens::new(oauth, base.clone(), self.secrets.clone())));
    }

    /// Where access tokens come from, if they do.
    #[must_use]
    pub fn tokens(&self) -> Option<&Arc<Tokens>> {
        self.tokens.as_ref()
    }

    /// Whether something would go along that has to stay secret.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.tokens.is_some() || !self.secrets.is_empty()
    }

    /// What is hidden wherever answers are read.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The header lines, with their secrets.
    pub(in crate::transport) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The names of headers whose values are secrets, beyond the usual ones.
    pub(in crate::transport) fn secret_headers(&self) -> &[String] {
        &self.secret_headers
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Credentials")
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

/// Whether the name of a header says that its value is a secret.
fn speaks_of_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    redact::is_secret(&name)
        || ["key", "token", "secret", "auth", "password", "session"]
            .iter()
            .any(|word| name.contains(word))
}

fn checked(place: &SecretPlace, value: Option<String>) -> Result<String, AuthError> {
    let value = value.ok_or_else(|| AuthError::Unset(place.clone()))?;
    let value = value.trim().to_owned();
    if value.is_empty() {
        return Err(AuthError::Empty(place.clone()));
    }
    if http::HeaderValue::from_str(&value).is_err() {
        return Err(AuthError::Characters(place.clone()));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> SecretPlace {
        SecretPlace::Variable(name.into())
    }

    #[test]
    fn secrets_are_not_shown() {
        let mut credentials = Credentials::none();
        credentials
            .bearer(&variable("TOKEN"), Some("s3cret-token\n".into()))
            .unwrap();
        credentials.header("X-Api-Key: another-one").unwrap();
        credentials.header("X-Tenant: clinic").unwrap();
        credentials.header("X-Auth: Negotiate third-one").unwrap();
        assert!(!format!("{credentials:?}").contains("s3cret"));
        let masked = credentials
            .secrets()
            .masked("bad token s3cret-token, key another-one, third-one, tenant clinic");
        assert_eq!(masked.unwrap(), "bad token ***, key ***, ***, tenant clinic");
        assert_eq!(credentials.secrets().masked("nothing here"), None);
    }

    #[test]
    fn what_is_wrong_is_told_without_the_value() {
        let mut credentials = Credentials::none();
        let told = [
            credentials.bearer(&variable("TOKEN"), None),
            credentials.bearer(&variable("TOKEN"), Some(" ".into())),
            credentials.bearer(&SecretPlace::File("token.txt".into()), Some("a\nb".into())),
            credentials.basic(&variable("PAIR"), Some("password".into())),
            credentials.header("Authorization Bearer abc"),
            credentials.header("X Key: hidden"),
        ];
        let told = told.map(|error| error.unwrap_err().to_string()).join("\n");
        insta::assert_snapshot!(told, @r"
        the environment variable TOKEN is not set
        the environment variable TOKEN is empty
        the file token.txt holds a line break or another character that no header may hold
        the environment variable PAIR has to hold `user:password`
        `Authorization Bearer abc` is no header: write 'Name: value'
        `X Key` is no header: write 'Name: value'
        ");
    }
}
