//! Signatures of manifests: Ed25519 (RFC 8032), with keys in PEM as openssl writes them.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};

/// What an Ed25519 key looks like before its 32 bytes in a SubjectPublicKeyInfo (RFC 8410).
const PUBLIC_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why a file is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It holds no such key in PEM.
    #[error("there is no private key of Ed25519 in PEM; `openssl genpkey -algorithm ed25519 -out FILE` makes one")]
    Private,
    /// It holds no such key in PEM.
    #[error("there is no public key of Ed25519 in PEM; `openssl pkey -in PRIVATE -pubout -out FILE` makes it")]
    Public,
}

/// A key that signs.
pub struct SigningKey(Ed25519KeyPair);

/// A key that tells who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey")
    }
}

impl SigningKey {
    /// Reads a private key: PKCS#8 in PEM.
    ///
    /// # Errors
    /// Where there is none of this kind.
    pub fn read(pem: &[u8]) -> Result<Self, KeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| KeyError::Private)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der());
        pair.map(Self).map_err(|_| KeyError::Private)
    }

    /// The signature of some bytes, in Base64 with a line end.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> String {
        format!("{}\n", STANDARD.encode(self.0.sign(bytes)))
    }
}

impl PublicKey {
    /// Reads a public key: SubjectPublicKeyInfo in PEM.
    ///
    /// # Errors
    /// Where there is none of this kind.
    pub fn read(pem: &[u8]) -> Result<Self, KeyError> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem).map_err(|_| KeyError::Public)?;
        let key = der.strip_prefix(&PUBLIC_PREFIX).ok_or(KeyError::Public)?;
        key.try_into().map(Self).map_err(|_| KeyError::Public)
    }

    /// Whether a signature in Base64 is of these bytes and by this key.
    #[must_use]
    pub fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = STANDARD.decode(signature.trim_ascii()) else {
            return false;
        };
        UnparsedPublicKey::new(&ED25519, self.0)
            .verify(bytes, &signature)
            .is_ok()
    }
}
