//! What the settings of authorization come to: credentials and an identity. Files and variables with secrets are read here.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::{env, io};

use url::Url;

use super::args::{AuthSettings, SecretIn};
use crate::transport::auth::{ClientProof, KeyError, OAuth, SecretPlace, SigningKey, token_url};
use crate::transport::client::is_loopback;
use crate::transport::identity::IdentityError;
use crate::transport::{AuthError, Credentials, Identity};

/// What is wrong with the settings of authorization: all of it at once.
#[derive(Debug)]
pub struct AuthProblems(Vec<AuthProblem>);

/// One thing that is wrong with the settings of authorization. No secret is told.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum AuthProblem {
    #[error(transparent)]
    Credentials(#[from] AuthError),
    #[error("{path}: {error}")]
    File { path: String, error: io::Error },
    #[error("{0} is longer than a secret: 64 KB")]
    TooLong(SecretPlace),
    #[error("{0} is no text")]
    NoText(SecretPlace),
    #[error("{0} and {1} are two ways to prove who you are: give one")]
    TwoWays(&'static str, &'static str),
    #[error("{0} belongs to OAuth: the client's id is missing, --oauth-client")]
    NoClient(&'static str),
    #[error(
        "the client {0} has nothing to prove who it is: --oauth-secret-env, --oauth-secret-file, --oauth-key, --oauth-key-env or --client-cert"
    )]
    NoProof(String),
    #[error("{0} is of no use without {1}")]
    Useless(&'static str, &'static str),
    #[error("{place}: {error}")]
    Key { place: SecretPlace, error: KeyError },
    #[error("--token-url: {0}")]
    TokenUrl(String),
    #[error("--header-env {0}: write HEADER=NAME, with the name of the variable that holds the value")]
    HeaderEnv(String),
    #[error("--oauth-param {0}: write NAME=VALUE")]
    Parameter(String),
    #[error("--oauth-param {0}: this is said by another option, and secrets do not belong on the command line")]
    OwnParameter(String),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("a client certificate is shown over https alone, and the server is asked over http")]
    CertificateOverHttp,
    #[error(
        "the credentials would go to {0} over plain HTTP, where everybody on the way can read them; use https, or --credentials-over-http if nobody else is on the way"
    )]
    PlainHttp(String),
}

impl fmt::Display for AuthProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\nerror: "))
    }
}

impl std::error::Error for AuthProblems {}

/// What goes along with requests to a server.
pub struct Proofs {
    /// Headers or tokens.
    pub credentials: Credentials,
    /// The certificate.
    pub identity: Option<Identity>,
}

/// No secret is longer.
const LONGEST: u64 = 64 * 1024;
/// Parameters of the token request that other options make.
const OWN_PARAMETERS: [&str; 8] = [
    "grant_type",
    "scope",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "username",
    "password",
];

/// What the settings and the lines of `--header` come to, for the server at `base`.
///
/// # Errors
/// Everything that is wrong with them.
pub fn proofs(settings: &AuthSettings, headers: &[String], base: &Url) -> Result<Proofs, AuthProblems> {
    let mut problems: Vec<AuthProblem> = Vec::new();
    let mut credentials = Credentials::none();
    for header in headers {
        if let Err(error) = credentials.header(header) {
            problems.push(error.into());
        }
    }
    for text in &settings.header_envs {
        let Some((name, variable)) = text.split_once('=') else {
            problems.push(AuthProblem::HeaderEnv(text.chars().take(40).collect()));
            continue;
        };
        let take = |place: &SecretPlace, value| credentials.secret_header(name, place, value);
        fixed(Some(SecretPlace::Variable(variable.to_owned())), &mut problems, take);
    }
    let mut bearer = |name| fixed(name, &mut problems, |place, value| credentials.bearer(place, value));
    bearer(place(&settings.bearer_env, &settings.bearer_file));
    let mut basic = |name| fixed(name, &mut problems, |place, value| credentials.basic(place, value));
    basic(place(&settings.basic_env, &settings.basic_file));
    let identity = keep(&mut problems, identity(settings)).flatten();
    two_ways(settings, &mut problems);
    if let Some(oauth) = oauth(settings, &mut problems) {
        credentials.oauth(oauth, base);
    }
    // The token endpoint may ask for it all the same.
    if identity.is_some() && base.scheme() == "http" && settings.oauth_client.is_none() {
        problems.push(AuthProblem::CertificateOverHttp);
    }
    if credentials.has_secrets() && base.scheme() == "http" && !is_loopback(base) && !settings.credentials_over_http {
        problems.push(AuthProblem::PlainHttp(base.origin().ascii_serialization()));
    }
    if problems.is_empty() {
        Ok(Proofs { credentials, identity })
    } else {
        Err(AuthProblems(problems))
    }
}

/// The keys of `auth jwks`.
///
/// # Errors
/// Files that cannot be read, or hold no key that SMART can use.
pub fn keys(paths: &[std::path::PathBuf]) -> Result<Vec<SigningKey>, AuthProblems> {
    let mut problems = Vec::new();
    let keys = paths.iter().filter_map(|path| {
        let place = SecretPlace::File(path.display().to_string());
        keep(&mut problems, key(&place))
    });
    let keys: Vec<SigningKey> = keys.collect();
    if problems.is_empty() {
        Ok(keys)
    } else {
        Err(AuthProblems(problems))
    }
}

/// Puts what is wrong aside.
fn keep<T, E: Into<AuthProblem>>(problems: &mut Vec<AuthProblem>, outcome: Result<T, E>) -> Option<T> {
    outcome.map_err(|error| problems.push(error.into())).ok()
}

/// Reads a fixed secret, where there is a place for it.
fn fixed(
    place: Option<SecretPlace>,
    problems: &mut Vec<AuthProblem>,
    mut take: impl FnMut(&SecretPlace, Option<String>) -> Result<(), AuthError>,
) {
    let Some(place) = place else { return };
    if let Some(value) = keep(problems, secret(&place)) {
        keep(problems, take(&place, value));
    }
}

fn place(variable: &Option<String>, file: &Option<std::path::PathBuf>) -> Option<SecretPlace> {
    let variable = variable.clone().map(SecretPlace::Variable);
    variable.or_else(|| file.as_ref().map(|path| SecretPlace::File(path.display().to_string())))
}

/// What a place holds; `None` where it is a variable that is not set.
fn secret(place: &SecretPlace) -> Result<Option<String>, AuthProblem> {
    let bytes = match place {
        SecretPlace::Variable(name) => match env::var_os(name) {
            None => return Ok(None),
            Some(value) => {
                return value
                    .into_string()
                    .map(Some)
                    .map_err(|_| AuthProblem::NoText(place.clone()));
            }
        },
        SecretPlace::File(path) => read(Path::new(path), place)?,
    };
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| AuthProblem::NoText(place.clone()))
}

fn read(path: &Path, place: &SecretPlace) -> Result<Vec<u8>, AuthProblem> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| AuthProblem::File {
            path: path.display().to_string(),
            error,
        })?;
    if bytes.len() as u64 > LONGEST {
        return Err(AuthProblem::TooLong(place.clone()));
    }
    Ok(bytes)
}

fn key(place: &SecretPlace) -> Result<SigningKey, AuthProblem> {
    let text = secret(place)?.ok_or_else(|| AuthError::Unset(place.clone()))?;
    SigningKey::read(text.as_bytes()).map_err(|error| AuthProblem::Key {
        place: place.clone(),
        error,
    })
}

/// Ways that exclude each other.
fn two_ways(settings: &AuthSettings, problems: &mut Vec<AuthProblem>) {
    let ways: Vec<&'static str> = [
        ("--bearer-env", settings.bearer_env.is_some()),
        ("--bearer-file", settings.bearer_file.is_some()),
        ("--basic-env", settings.basic_env.is_some()),
        ("--basic-file", settings.basic_file.is_some()),
        ("--oauth-client", settings.oauth_client.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, given)| given.then_some(name))
    .collect();
    if let [first, second, ..] = ways.as_slice() {
        problems.push(AuthProblem::TwoWays(first, second));
    }
    let proofs: Vec<&'static str> = proofs_of_client(settings).into_iter().flatten().collect();
    if let [first, second, ..] = proofs.as_slice() {
        problems.push(AuthProblem::TwoWays(first, second));
    }
    if settings.client_key.is_some() && settings.client_cert.is_none() {
        problems.push(AuthProblem::Useless("--client-key", "--client-cert"));
    }
    let has_secret = settings.oauth_secret_env.is_some() || settings.oauth_secret_file.is_some();
    if settings.oauth_secret_in.is_some() && !has_secret {
        problems.push(AuthProblem::Useless(
            "--oauth-secret-in",
            "--oauth-secret-env or --oauth-secret-file",
        ));
    }
    let has_key = settings.oauth_key.is_some() || settings.oauth_key_env.is_some();
    for (name, given) in [
        ("--oauth-kid", settings.oauth_kid.is_some()),
        ("--oauth-audience", settings.oauth_audience.is_some()),
    ] {
        if given && !has_key {
            problems.push(AuthProblem::Useless(name, "--oauth-key or --oauth-key-env"));
        }
    }
    if settings.oauth_client.is_none() {
        let others = [
            ("--oauth-scope", !settings.oauth_scopes.is_empty()),
            ("--oauth-param", !settings.oauth_params.is_empty()),
            ("--token-url", settings.token_url.is_some()),
        ];
        let others = others.into_iter().filter_map(|(name, given)| given.then_some(name));
        problems.extend(proofs.into_iter().chain(others).map(AuthProblem::NoClient));
    }
}

/// The options that say by what the client proves who it is, where they are given.
const fn proofs_of_client(settings: &AuthSettings) -> [Option<&'static str>; 4] {
    const fn named(name: &'static str, given: bool) -> Option<&'static str> {
        if given { Some(name) } else { None }
    }
    [
        named("--oauth-secret-env", settings.oauth_secret_env.is_some()),
        named("--oauth-secret-file", settings.oauth_secret_file.is_some()),
        named("--oauth-key", settings.oauth_key.is_some()),
        named("--oauth-key-env", settings.oauth_key_env.is_some()),
    ]
}

fn oauth(settings: &AuthSettings, problems: &mut Vec<AuthProblem>) -> Option<OAuth> {
    let client_id = settings.oauth_client.clone()?;
    let url = settings.token_url.as_deref().map(token_url).transpose();
    let token_url = keep(problems, url.map_err(AuthProblem::TokenUrl)).flatten();
    let mut parameters = Vec::new();
    for text in &settings.oauth_params {
        match text.split_once('=') {
            // What stands behind the name may be a secret: it is not shown.
            Some((name, _)) if OWN_PARAMETERS.contains(&name) => {
                problems.push(AuthProblem::OwnParameter(name.to_owned()));
            }
            Some((name, value)) if !name.is_empty() => parameters.push((name.to_owned(), value.to_owned())),
            _ => problems.push(AuthProblem::Parameter(text.chars().take(40).collect())),
        }
    }
    let proof = proof(settings, &client_id, problems)?;
    let scopes: Vec<&str> = settings
        .oauth_scopes
        .iter()
        .flat_map(|text| text.split_whitespace())
        .collect();
    Some(OAuth {
        client_id,
        proof,
        scope: scopes.join(" "),
        token_url,
        audience: settings.oauth_audience.clone(),
        parameters,
        plain_http: settings.credentials_over_http,
    })
}

fn proof(settings: &AuthSettings, client_id: &str, problems: &mut Vec<AuthProblem>) -> Option<ClientProof> {
    if let Some(place) = place(&settings.oauth_secret_env, &settings.oauth_secret_file) {
        let value = keep(problems, secret(&place))?;
        let secret = keep(problems, OAuth::secret(&place, value))?;
        return Some(match settings.oauth_secret_in {
            Some(SecretIn::Body) => ClientProof::SecretInBody(secret),
            Some(SecretIn::Header) | None => ClientProof::SecretInHeader(secret),
        });
    }
    if let Some(place) = place(&settings.oauth_key_env, &settings.oauth_key) {
        let key = keep(problems, key(&place))?;
        return Some(ClientProof::Assertion {
            kid: settings
                .oauth_kid
                .clone()
                .unwrap_or_else(|| key.thumbprint().to_owned()),
            key: Arc::new(key),
        });
    }
    if settings.client_cert.is_some() {
        return Some(ClientProof::Certificate);
    }
    problems.push(AuthProblem::NoProof(client_id.to_owned()));
    None
}

fn identity(settings: &AuthSettings) -> Result<Option<Identity>, AuthProblem> {
    let Some(path) = &settings.client_cert else {
        return Ok(None);
    };
    let load = |path: &Path| {
        let name = path.display().to_string();
        let bytes = read(path, &SecretPlace::File(name.clone()))?;
        Ok::<_, AuthProblem>((name, bytes))
    };
    let (name, certificate) = load(path)?;
    let key = settings.client_key.as_deref().map(load).transpose()?;
    let key = key.as_ref().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    Ok(Some(Identity::read((&name, &certificate), key)?))
}
