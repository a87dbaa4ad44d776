//! The private key of a client of SMART Backend Services, and its public half as a JWK.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA384,
    RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::pem::{self, SectionKind};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A way to sign that SMART names: those that a server has to know, of which a client uses one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with SHA-384.
    Rs384,
    /// ECDSA on P-384 with SHA-384.
    Es384,
}

impl Algorithm {
    /// As JOSE writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs384 => "RS384",
            Self::Es384 => "ES384",
        }
    }
}

/// A private key that signs client assertions. It is never shown.
pub struct SigningKey {
    pair: Pair,
    jwk: Value,
    thumbprint: String,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
}

/// Why a file holds no key that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no key in it.
    #[error(
        "there is no private key in it: it has to hold `BEGIN PRIVATE KEY`, `BEGIN RSA PRIVATE KEY` or `BEGIN EC PRIVATE KEY`{0}"
    )]
    None(&'static str),
    /// It is locked.
    #[error("the key is encrypted; `openssl pkey -in FILE -out OTHER` asks for its password and writes it without")]
    Encrypted,
    /// There are several.
    #[error("there are {0} private keys in it; give it one")]
    Several(usize),
    /// It is on another curve.
    #[error(
        "the key is on the curve P-256, and SMART signs on P-384 (ES384) or with RSA (RS384); \
         `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out FILE` makes one"
    )]
    Curve,
    /// It is something else.
    #[error("the key is neither RSA of at least 2048 bits nor on the curve P-384{0}")]
    Kind(String),
    /// It does not sign.
    #[error("the key cannot sign")]
    Signature,
}

impl SigningKey {
    /// Reads a key in PEM: PKCS #8, PKCS #1 or SEC 1.
    ///
    /// # Errors
    /// Where there is none, several, or one that SMART cannot use.
    pub fn read(text: &[u8]) -> Result<Self, KeyError> {
        if contains(text, b"BEGIN ENCRYPTED PRIVATE KEY") || contains(text, b"Proc-Type: 4,ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        let mut reader = text;
        let mut keys = Vec::new();
        while let Ok(Some((kind, der))) = pem::from_buf(&mut reader) {
            if matches!(
                kind,
                SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey
            ) {
                keys.push((kind, der));
            }
        }
        match keys.as_slice() {
            [] if contains(text, b"BEGIN PUBLIC KEY") || contains(text, b"BEGIN CERTIFICATE") => {
                Err(KeyError::None("; what is there is public"))
            }
            [] => Err(KeyError::None("")),
            [(kind, der)] => Self::of_der(*kind, der),
            several => Err(KeyError::Several(several.len())),
        }
    }

    fn of_der(kind: SectionKind, der: &[u8]) -> Result<Self, KeyError> {
        let rsa = match kind {
            SectionKind::RsaPrivateKey => RsaKeyPair::from_der(der),
            _ => RsaKeyPair::from_pkcs8(der),
        };
        match rsa {
            Ok(pair) => return Ok(Self::of_rsa(pair)),
            // `TooSmall` says more than that the key is of no other kind either.
            Err(rejected) if kind == SectionKind::RsaPrivateKey || rejected.to_string() == "TooSmall" => {
                return Err(KeyError::Kind(format!(" ({rejected})")));
            }
            Err(_) => {}
        }
        match EcdsaKeyPair::from_private_key_der(&ECDSA_P384_SHA384_FIXED_SIGNING, der) {
            Ok(pair) => Ok(Self::of_ec(pair)),
            Err(_) if EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der).is_ok() => {
                Err(KeyError::Curve)
            }
            Err(_) => Err(KeyError::Kind(String::new())),
        }
    }

    fn of_rsa(pair: RsaKeyPair) -> Self {
        let public = pair.public_key();
        let n = encoded(public.modulus().big_endian_without_leading_zero());
        let e = encoded(public.exponent().big_endian_without_leading_zero());
        // The members that a thumbprint needs, in the order of their names (RFC 7638, 3.2).
        let thumbprint = digest(&format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#));
        Self {
            pair: Pair::Rsa(Box::new(pair)),
            jwk: json!({ "kty": "RSA", "n": n, "e": e }),
            thumbprint,
        }
    }

    fn of_ec(pair: EcdsaKeyPair) -> Self {
        // An uncompressed point: a 4, then both coordinates of 48 bytes each.
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let (x, y) = (encoded(x), encoded(y));
        let thumbprint = digest(&format!(r#"{{"crv":"P-384","kty":"EC","x":"{x}","y":"{y}"}}"#));
        Self {
            pair: Pair::Ec(Box::new(pair)),
            jwk: json!({ "kty": "EC", "crv": "P-384", "x": x, "y": y }),
            thumbprint,
        }
    }

    /// How it signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Rsa(_) => Algorithm::Rs384,
            Pair::Ec(_) => Algorithm::Es384,
        }
    }

    /// The thumbprint of its public half (RFC 7638, SHA-256), which is its `kid` where none is given.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Its public half as a set of one JWK, to be registered with the authorization server.
    #[must_use]
    pub fn jwks(&self, kid: Option<&str>) -> Value {
        let mut jwk = self.jwk.clone();
        jwk["kid"] = kid.unwrap_or(&self.thumbprint).into();
        jwk["alg"] = self.algorithm().name().into();
        jwk["use"] = "sig".into();
        jwk["key_ops"] = json!(["verify"]);
        json!({ "keys": [jwk] })
    }

    /// The signature of a message, as JWS has it (RFC 7518, 3.3 and 3.4).
    ///
    /// # Errors
    /// Where the library refuses to sign.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA384, &random, message, &mut signature)
                    .map_err(|_| KeyError::Signature)?;
                Ok(signature)
            }
            Pair::Ec(pair) => {
                let signature = pair.sign(&random, message).map_err(|_| KeyError::Signature)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("thumbprint", &self.thumbprint)
            .finish_non_exhaustive()
    }
}

/// base64url without padding.
pub(super) fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn digest(text: &str) -> String {
    encoded(&Sha256::digest(text.as_bytes()))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Result<SigningKey, KeyError> {
        let path = format!("{}/tests/support/keys/{name}", env!("CARGO_MANIFEST_DIR"));
        SigningKey::read(&std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")))
    }

    #[test]
    fn one_key_is_the_same_in_every_form() {
        let forms = [
            ["rsa.pem", "rsa-pkcs1.pem"].map(|name| key(name).unwrap()),
            ["p384.pem", "p384-sec1.pem"].map(|name| key(name).unwrap()),
        ];
        for [one, other] in forms {
            assert_eq!(one.jwks(None), other.jwks(None));
        }
    }

    #[test]
    fn the_public_half_is_a_jwks() {
        insta::assert_json_snapshot!(key("p384.pem").unwrap().jwks(None));
        let jwks = key("rsa.pem").unwrap().jwks(Some("mine"));
        let jwk = &jwks["keys"][0];
        assert_eq!(
            (&jwk["kid"], &jwk["alg"], &jwk["e"]),
            (&json!("mine"), &json!("RS384"), &json!("AQAB"))
        );
        // Nothing but the public members.
        assert_eq!(jwk.as_object().unwrap().len(), 7);
        assert!(!format!("{:?}", key("rsa.pem").unwrap()).contains("PRIVATE"));
    }

    #[test]
    fn a_thumbprint_is_that_of_rfc_7638() {
        // The example of RFC 7638, 3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n\
                 3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZ\
                 Hzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEg\
                 U8awapJzKnqDKgw";
        let text = format!(r#"{{"e":"AQAB","kty":"RSA","n":"{n}"}}"#);
        assert_eq!(digest(&text), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn what_is_no_key_of_smart_is_told_with_a_way_out() {
        let both = [
            std::fs::read(format!("{}/tests/support/keys/rsa.pem", env!("CARGO_MANIFEST_DIR"))).unwrap(),
            std::fs::read(format!("{}/tests/support/keys/p384.pem", env!("CARGO_MANIFEST_DIR"))).unwrap(),
        ]
        .concat();
        let told = [
            key("p256.pem"),
            key("rsa-1024.pem"),
            key("ed25519.pem"),
            key("rsa-encrypted.pem"),
            key("rsa-public.pem"),
            SigningKey::read(b"nothing"),
            SigningKey::read(&both),
        ];
        let told: Vec<String> = told.map(|key| key.unwrap_err().to_string()).into();
        insta::assert_snapshot!(told.join("\n"));
    }
}
