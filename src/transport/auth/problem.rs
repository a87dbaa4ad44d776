//! Why there is no access token, and what can be done about it.

use std::time::{Duration, SystemTime};

use url::Url;

use super::{ClientProof, KeyError, OAuth, SmartConfiguration};
use crate::transport::TransportError;

/// Why there is no access token. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The FHIR server does not say where tokens are given.
    #[error("GET {url}: {why}")]
    Discovery {
        /// The URL of the SMART configuration.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// Secrets would go over the network in the clear.
    #[error("{0} is not encrypted: secrets are not sent there")]
    Insecure(String),
    /// No client can be made for the token endpoint.
    #[error("{0}")]
    Client(String),
    /// The token endpoint did not answer.
    #[error("POST {url}: {error}")]
    Unreached {
        /// The token URL.
        url: String,
        /// What went wrong.
        error: TransportError,
    },
    /// The token endpoint said no.
    #[error("POST {url} was answered {status}{}{}", said(", ", .code.as_deref()), said(": ", .description.as_deref()))]
    Refused {
        /// The token URL.
        url: String,
        /// The status.
        status: u16,
        /// `error` of the answer (RFC 6749, 5.2).
        code: Option<String>,
        /// `error_description` of the answer, or its beginning where it is no JSON.
        description: Option<String>,
        /// Where the server's clock stands.
        clock: Clock,
    },
    /// The token endpoint said yes, and gave nothing that can be used.
    #[error("POST {url}: {why}")]
    Content {
        /// The token URL.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// The key does not sign.
    #[error("the key of the client: {0}")]
    Key(#[from] KeyError),
}

fn said(before: &str, text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| format!("{before}{text}"))
}

/// How far the clock of a server is from ours, in seconds, as its Date header tells; positive where it is ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock(Option<i64>);

impl Clock {
    /// Reads a Date header.
    #[must_use]
    pub fn of(date: Option<&str>, now: SystemTime) -> Self {
        let date = date.and_then(|text| httpdate::parse_http_date(text.trim()).ok());
        Self(date.map(|date| {
            let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
            date.duration_since(now)
                .map_or_else(|behind| -seconds(behind.duration()), seconds)
        }))
    }

    /// What is wrong with it, where it is off by so much that assertions fail.
    #[must_use]
    pub fn skew(self) -> Option<String> {
        let off = self.0.filter(|off| off.unsigned_abs() >= 30)?;
        let way = if off > 0 { "ahead of" } else { "behind" };
        Some(format!(
            "its clock is {} s {way} ours, by its Date header",
            off.unsigned_abs()
        ))
    }
}

impl TokenError {
    /// What may be done about it, most likely first.
    #[must_use]
    pub fn ways_out(&self, oauth: &OAuth, smart: Option<&SmartConfiguration>) -> Vec<String> {
        match self {
            Self::Discovery { .. } => {
                vec!["give the URL of the token endpoint by hand: --token-url".into()]
            }
            Self::Insecure(_) => vec![
                "use https; where nobody else is on the way, --credentials-over-http allows it".into(),
            ],
            Self::Unreached { .. } => vec![
                "is the token endpoint up, and reachable from here? --token-url names another, --ca a certificate to trust"
                    .into(),
            ],
            Self::Refused {
                status, code, clock, ..
            } => refusal(*status, code.as_deref(), *clock, oauth, smart),
            Self::Content { .. } => vec!["is this the token endpoint? --token-url names another".into()],
            Self::Client(_) | Self::Key(_) => Vec::new(),
        }
    }
}

fn refusal(
    status: u16,
    code: Option<&str>,
    clock: Clock,
    oauth: &OAuth,
    smart: Option<&SmartConfiguration>,
) -> Vec<String> {
    let mut ways = Vec::new();
    let is_signed = matches!(oauth.proof, ClientProof::Assertion { .. });
    if is_signed && let Some(skew) = clock.skew() {
        ways.push(format!(
            "{skew}: a client assertion holds for four minutes, so that it is too old or too young there; set the clocks"
        ));
    }
    match code {
        Some("invalid_client") => ways.extend(unknown_client(oauth)),
        Some("invalid_scope") if oauth.scope.is_empty() => {
            ways.push("it wants to be told which scopes: --oauth-scope 'system/*.read'".into());
        }
        Some("invalid_scope") => {
            let known = smart
                .and_then(|smart| smart.scopes.as_ref())
                .map_or_else(String::new, |known| format!("; the server lists {}", known.join(" ")));
            ways.push(format!(
                "the client may not have `{}`: --oauth-scope asks for others{known}",
                oauth.scope
            ));
        }
        Some("unauthorized_client" | "unsupported_grant_type") => ways.push(format!(
            "allow the client {} the grant `client_credentials` at the authorization server",
            oauth.client_id
        )),
        Some("invalid_grant" | "invalid_request") if is_signed => ways.extend(unknown_client(oauth)),
        Some("invalid_request") => {
            ways.push("it misses something: --oauth-scope and --oauth-param give more".into());
        }
        Some("invalid_target") => ways.push("--oauth-param resource=URL names the FHIR server".into()),
        _ => match status {
            300..=399 => ways.push("redirects are not followed: --token-url gives the URL it leads to".into()),
            404 | 405 => ways.push("this is not the token endpoint: --token-url names another".into()),
            401 => ways.extend(unknown_client(oauth)),
            500..=599 => ways.push("the authorization server itself has a fault: its log says which".into()),
            _ => {}
        },
    }
    ways.extend(unlisted(oauth, smart));
    ways
}

/// What may be wrong where a server does not know the client.
fn unknown_client(oauth: &OAuth) -> Vec<String> {
    let id = &oauth.client_id;
    match &oauth.proof {
        ClientProof::SecretInHeader(_) => vec![
            format!("is {id} the client's id, and the secret the one that belongs to it?"),
            "some servers take the secret in the body alone: --oauth-secret-in body".into(),
        ],
        ClientProof::SecretInBody(_) => vec![
            format!("is {id} the client's id, and the secret the one that belongs to it?"),
            "some servers take the secret in the header alone: --oauth-secret-in header".into(),
        ],
        ClientProof::Assertion { kid, .. } => vec![
            format!(
                "is the public key registered for the client {id} under the kid {kid}? `fhir-assay auth jwks` prints it"
            ),
            format!(
                "does it expect another audience than {}? --oauth-audience gives it",
                oauth.audience.as_deref().unwrap_or("the token URL")
            ),
        ],
        ClientProof::Certificate => vec![format!(
            "is the certificate of --client-cert registered for the client {id}?"
        )],
    }
}

/// What the server's configuration leaves out of what is asked of it.
fn unlisted(oauth: &OAuth, smart: Option<&SmartConfiguration>) -> Vec<String> {
    let Some(smart) = smart else { return Vec::new() };
    let mut ways = Vec::new();
    let mut compare = |name: &str, list: Option<&Vec<String>>, ours: &str| {
        if let Some(list) = list.filter(|list| !list.iter().any(|known| known == ours)) {
            ways.push(format!(
                "its SMART configuration lists {} as {name}, and {ours} is what was sent",
                if list.is_empty() {
                    "nothing".to_owned()
                } else {
                    list.join(", ")
                }
            ));
        }
    };
    compare(
        "token_endpoint_auth_methods_supported",
        smart.methods.as_ref(),
        oauth.proof.method(),
    );
    if let ClientProof::Assertion { key, .. } = &oauth.proof {
        compare(
            "token_endpoint_auth_signing_alg_values_supported",
            smart.algorithms.as_ref(),
            key.algorithm().name(),
        );
    }
    compare("grant_types_supported", smart.grants.as_ref(), "client_credentials");
    ways
}

/// A URL without its query, in which some servers want secrets.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told() {
        let now = httpdate::parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT").unwrap();
        let told = |date: &str| Clock::of(Some(date), now).skew();
        assert_eq!(told("Wed, 21 Oct 2015 07:28:29 GMT"), None);
        assert_eq!(told("yesterday"), None);
        assert_eq!(
            told("Wed, 21 Oct 2015 07:38:00 GMT").as_deref(),
            Some("its clock is 600 s ahead of ours, by its Date header")
        );
        assert_eq!(
            told("Wed, 21 Oct 2015 07:27:00 GMT").as_deref(),
            Some("its clock is 60 s behind ours, by its Date header")
        );
    }

    #[test]
    fn every_refusal_has_a_way_out() {
        let smart = SmartConfiguration {
            token_endpoint: Url::parse("https://as.example/token").unwrap(),
            methods: Some(vec!["private_key_jwt".into()]),
            algorithms: None,
            grants: Some(Vec::new()),
            scopes: Some(vec!["system/Patient.rs".into()]),
        };
        let mut told = String::new();
        for proof in [
            ClientProof::SecretInHeader("hidden".into()),
            ClientProof::SecretInBody("hidden".into()),
            ClientProof::Certificate,
        ] {
            for (status, code) in [
                (401, Some("invalid_client")),
                (400, Some("invalid_scope")),
                (400, Some("unauthorized_client")),
                (400, Some("invalid_request")),
                (400, Some("invalid_target")),
                (404, None),
                (302, None),
                (500, None),
            ] {
                let oauth = OAuth {
                    client_id: "assay".into(),
                    proof: proof.clone(),
                    scope: "system/*.read".into(),
                    token_url: None,
                    audience: None,
                    parameters: Vec::new(),
                    plain_http: false,
                };
                let error = TokenError::Refused {
                    url: "https://as.example/token".into(),
                    status,
                    code: code.map(str::to_owned),
                    description: Some("no".into()),
                    clock: Clock::default(),
                };
                let smart = (status == 400 || status == 401).then_some(&smart);
                told.push_str(&format!("{proof:?}: {error}\n"));
                for way in error.ways_out(&oauth, smart) {
                    told.push_str(&format!("    {way}\n"));
                }
            }
        }
        insta::assert_snapshot!(told);
    }
}
