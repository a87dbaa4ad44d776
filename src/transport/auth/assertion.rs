//! Client assertions: short statements, signed with the client's key, that stand in the place of a secret (RFC 7523;
//! SMART App Launch, "Client Authentication: Asymmetric").

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::key::encoded;
use super::{KeyError, SigningKey};

/// The type of such an assertion, as the token request names it.
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long one holds. More than five minutes are not allowed, and clocks differ.
const LIFETIME: Duration = Duration::from_secs(240);

/// A new assertion, to be used once: that `client_id` is who asks, and asks `audience`.
///
/// # Errors
/// Where the key refuses to sign.
pub(super) fn assertion(
    key: &SigningKey,
    kid: &str,
    client_id: &str,
    audience: &str,
    now: SystemTime,
) -> Result<String, KeyError> {
    let expiry = now.duration_since(UNIX_EPOCH).unwrap_or_default() + LIFETIME;
    let header = json!({ "alg": key.algorithm().name(), "kid": kid, "typ": "JWT" });
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": audience, "exp": expiry.as_secs(), "jti": uuid::Uuid::new_v4().to_string(),
    });
    let message = [header, claims]
        .map(|part| encoded(part.to_string().as_bytes()))
        .join(".");
    let signature = key.sign(message.as_bytes())?;
    Ok(format!("{message}.{}", encoded(&signature)))
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, decode, jwk::JwkSet};
    use serde_json::Value;

    use super::*;

    /// Another library verifies what this one signs, with nothing but the JWKS.
    #[test]
    fn an_assertion_is_a_jwt_that_the_public_key_verifies() {
        for (name, algorithm) in [
            ("rsa.pem", jsonwebtoken::Algorithm::RS384),
            ("p384.pem", jsonwebtoken::Algorithm::ES384),
        ] {
            let path = format!("{}/tests/support/keys/{name}", env!("CARGO_MANIFEST_DIR"));
            let key = SigningKey::read(&std::fs::read(path).unwrap()).unwrap();
            let text = assertion(&key, "k1", "assay", "https://as.example/token", SystemTime::now()).unwrap();
            let set: JwkSet = serde_json::from_value(key.jwks(Some("k1"))).unwrap();
            let header = jsonwebtoken::decode_header(&text).unwrap();
            assert_eq!((header.alg, header.kid.as_deref()), (algorithm, Some("k1")));
            let mut validation = Validation::new(algorithm);
            validation.set_audience(&["https://as.example/token"]);
            validation.set_issuer(&["assay"]);
            validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
            let public = DecodingKey::from_jwk(set.find("k1").unwrap()).unwrap();
            let claims = decode::<Value>(&text, &public, &validation).unwrap().claims;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            let exp = claims["exp"].as_u64().unwrap();
            assert!(exp > now && exp <= now + 300, "{claims}");
            let other = assertion(&key, "k1", "assay", "https://as.example/token", SystemTime::now()).unwrap();
            let other = decode::<Value>(&other, &public, &validation).unwrap().claims;
            assert_ne!(claims["jti"], other["jti"]);
        }
    }
}
