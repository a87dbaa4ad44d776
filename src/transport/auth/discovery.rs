//! Where a FHIR server says how to be authorized: `[base]/.well-known/smart-configuration`
//! (SMART App Launch, "Conformance").

use serde_json::Value;
use url::Url;

use super::TokenError;
use crate::exchange::{Body, Headers, Request};
use crate::transport::Transport;

/// What the configuration says, as far as it matters here. A list is `None` where it is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmartConfiguration {
    /// Where tokens are given.
    pub token_endpoint: Url,
    /// How clients may prove who they are.
    pub methods: Option<Vec<String>>,
    /// How client assertions may be signed.
    pub algorithms: Option<Vec<String>>,
    /// What may be granted for.
    pub grants: Option<Vec<String>>,
    /// The scopes that may be asked for.
    pub scopes: Option<Vec<String>>,
}

impl SmartConfiguration {
    /// Asks the FHIR server at `base`, without credentials.
    ///
    /// # Errors
    /// Where there is no answer, or one that names no token endpoint.
    pub async fn discover(base: &Url, transport: &dyn Transport) -> Result<Self, TokenError> {
        let url = format!(
            "{}/.well-known/smart-configuration",
            base.as_str().trim_end_matches('/')
        );
        let wrong = |why: String| TokenError::Discovery { url: url.clone(), why };
        let request = Request {
            method: "GET".into(),
            url: url.clone(),
            headers: Headers::from_iter([("Accept", "application/json")]),
            body: Body::Empty,
        };
        let exchange = transport
            .perform(&request)
            .await
            .map_err(|error| wrong(error.to_string()))?;
        let response = &exchange.response;
        if response.status != 200 {
            return Err(wrong(format!("it was answered {}", response.status)));
        }
        let json: Value = serde_json::from_slice(response.body.bytes())
            .map_err(|error| wrong(format!("the answer is no JSON: {error}")))?;
        Self::read(&json).map_err(wrong)
    }

    fn read(json: &Value) -> Result<Self, String> {
        let list = |name: &str| {
            let items = json[name].as_array()?;
            Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        };
        let endpoint = json["token_endpoint"].as_str().ok_or("it names no token_endpoint")?;
        Ok(Self {
            token_endpoint: token_url(endpoint)?,
            methods: list("token_endpoint_auth_methods_supported"),
            algorithms: list("token_endpoint_auth_signing_alg_values_supported"),
            grants: list("grant_types_supported"),
            scopes: list("scopes_supported"),
        })
    }
}

/// Reads the URL of a token endpoint: http or https, without user and fragment.
///
/// # Errors
/// What is wrong with it; a password in it is not shown.
pub fn token_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "the token URL has to begin with https://".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("the token URL has to begin with https://".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the token URL holds a user; the client's secret comes from the environment or a file".into());
    }
    if url.fragment().is_some() {
        return Err("the token URL has a fragment".into());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_configuration_names_the_token_endpoint() {
        let read = SmartConfiguration::read(&json!({
            "token_endpoint": "https://as.example/token",
            "token_endpoint_auth_methods_supported": ["private_key_jwt"], "capabilities": ["client-confidential-asymmetric"],
        }))
        .unwrap();
        assert_eq!(read.token_endpoint.as_str(), "https://as.example/token");
        assert_eq!(read.methods, Some(vec!["private_key_jwt".into()]));
        assert_eq!(read.scopes, None);
        let told: Vec<String> = [
            json!({}),
            json!([]),
            json!({ "token_endpoint": "/token" }),
            json!({ "token_endpoint": "ftp://as.example/token" }),
            json!({ "token_endpoint": "https://ada:hidden@as.example/token" }),
        ]
        .iter()
        .map(|json| SmartConfiguration::read(json).unwrap_err())
        .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        it names no token_endpoint
        it names no token_endpoint
        the token URL has to begin with https://
        the token URL has to begin with https://
        the token URL holds a user; the client's secret comes from the environment or a file
        ");
    }
}
