//! What proves to the server who we are. Values come from the environment and are shown nowhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::exchange::redact;

/// Headers that go with every request to the server under test, and the secrets in them.
#[derive(Clone, Default)]
pub struct Credentials {
    headers: Vec<(String, String)>,
    secrets: Vec<String>,
    /// Names of headers whose values are secrets.
    secret_headers: Vec<String>,
}

/// Why credentials cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum AuthError {
    #[error("the environment variable {0} is not set")]
    Unset(String),
    #[error("the environment variable {0} is empty")]
    Empty(String),
    #[error("the environment variable {0} holds a line break or another character that no header may hold")]
    Characters(String),
    #[error("the environment variable {0} has to hold `user:password`")]
    NoColon(String),
    #[error("`{0}` is no header: write 'Name: value'")]
    Header(String),
}

impl Credentials {
    /// None.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a bearer token that an environment variable holds.
    ///
    /// # Errors
    /// Where the variable is not set, empty, or holds what no header may hold.
    pub fn bearer(&mut self, variable: &str, value: Option<String>) -> Result<(), AuthError> {
        let token = checked(variable, value)?;
        self.headers.push(("Authorization".into(), format!("Bearer {token}")));
        self.hide(&token);
        Ok(())
    }

    /// Adds a user and a password, `user:password`, that an environment variable holds.
    ///
    /// # Errors
    /// As [`Credentials::bearer`], and where there is no colon.
    pub fn basic(&mut self, variable: &str, value: Option<String>) -> Result<(), AuthError> {
        let pair = checked(variable, value)?;
        let (_, password) = pair
            .split_once(':')
            .ok_or_else(|| AuthError::NoColon(variable.to_owned()))?;
        let encoded = STANDARD.encode(&pair);
        let password = password.to_owned();
        self.hide(&password);
        self.hide(&encoded);
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
                    self.hide(value);
                    self.secret_headers.push(name.to_owned());
                }
                self.headers.push((name.to_owned(), value.to_owned()));
                Ok(())
            }
            // The value may be a secret: only the name is shown.
            _ => Err(AuthError::Header(line.split(':').next().unwrap_or_default().to_owned())),
        }
    }

    /// Keeps a secret in mind, and the forms in which JSON and URLs write it.
    fn hide(&mut self, secret: &str) {
        let quoted = serde_json::Value::from(secret).to_string();
        let json = quoted[1..quoted.len() - 1].to_owned();
        let forms = [
            secret.to_owned(),
            json.replace('/', "\\/"),
            json,
            url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        ];
        for form in forms {
            if !self.secrets.contains(&form) {
                self.secrets.push(form);
            }
        }
    }

    /// The header lines, with their secrets.
    pub(super) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The names of headers whose values are secrets, beyond the usual ones.
    pub(super) fn secret_headers(&self) -> &[String] {
        &self.secret_headers
    }

    /// A text without our secrets in it, should a server have sent one back.
    #[must_use]
    pub fn masked(&self, text: &str) -> Option<String> {
        // A very short secret would mask half the text, and is none.
        let mut secrets = self.secrets.iter().filter(|secret| secret.len() >= 4);
        if !secrets.clone().any(|secret| text.contains(secret.as_str())) {
            return None;
        }
        Some(
            secrets
                .by_ref()
                .fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***")),
        )
    }
}

impl Credentials {
    /// As [`Credentials::masked`], for what may be no text.
    #[must_use]
    pub fn masked_bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if self.secrets.is_empty() {
            return None;
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            return self.masked(text).map(String::into_bytes);
        }
        let mut masked = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            let found = self
                .secrets
                .iter()
                .find(|secret| secret.len() >= 4 && rest.starts_with(secret.as_bytes()));
            match found {
                Some(secret) => {
                    masked.extend(b"***");
                    rest = &rest[secret.len()..];
                }
                None => {
                    masked.push(*first);
                    rest = &rest[1..];
                }
            }
        }
        (masked != bytes).then_some(masked)
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
        || ["key", "token", "secret", "auth", "password"]
            .iter()
            .any(|word| name.contains(word))
}

fn checked(variable: &str, value: Option<String>) -> Result<String, AuthError> {
    let value = value.ok_or_else(|| AuthError::Unset(variable.to_owned()))?;
    let value = value.trim().to_owned();
    if value.is_empty() {
        return Err(AuthError::Empty(variable.to_owned()));
    }
    if http::HeaderValue::from_str(&value).is_err() {
        return Err(AuthError::Characters(variable.to_owned()));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let mut credentials = Credentials::none();
        credentials.bearer("TOKEN", Some("s3cret-token\n".into())).unwrap();
        credentials.header("X-Api-Key: another-one").unwrap();
        credentials.header("X-Tenant: clinic").unwrap();
        assert!(!format!("{credentials:?}").contains("s3cret"));
        let masked = credentials.masked("bad token s3cret-token, key another-one, tenant clinic");
        assert_eq!(masked.unwrap(), "bad token ***, key ***, tenant clinic");
        assert_eq!(credentials.masked("nothing here"), None);
        credentials.header("X-Api-Token: a/b+c=\"d\"").unwrap();
        let echoed = r#"{"x":"a/b+c=\"d\"","y":"a\/b+c=\"d\"","z":"?t=a%2Fb%2Bc%3D%22d%22"}"#;
        assert_eq!(
            credentials.masked(echoed).unwrap(),
            r#"{"x":"***","y":"***","z":"?t=***"}"#
        );
        let masked = credentials.masked_bytes(b"\xff s3cret-token \xfe another-one");
        assert_eq!(masked.as_deref(), Some(&b"\xff *** \xfe ***"[..]));
        assert_eq!(credentials.masked_bytes(b"\xff"), None);
    }

    #[test]
    fn what_is_wrong_is_told_without_the_value() {
        let mut credentials = Credentials::none();
        let told = [
            credentials.bearer("TOKEN", None),
            credentials.bearer("TOKEN", Some(" ".into())),
            credentials.bearer("TOKEN", Some("a\nb".into())),
            credentials.basic("PAIR", Some("password".into())),
            credentials.header("Authorization Bearer abc"),
            credentials.header("X Key: hidden"),
        ];
        let told = told.map(|error| error.unwrap_err().to_string()).join("\n");
        insta::assert_snapshot!(told, @r"
        the environment variable TOKEN is not set
        the environment variable TOKEN is empty
        the environment variable TOKEN holds a line break or another character that no header may hold
        the environment variable PAIR has to hold `user:password`
        `Authorization Bearer abc` is no header: write 'Name: value'
        `X Key` is no header: write 'Name: value'
        ");
    }
}
