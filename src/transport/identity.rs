//! The certificate by which a TLS client shows who it is (mutual TLS).

use std::fmt;

use rustls_pki_types::pem::{self, SectionKind};

/// A certificate with its chain and its private key. The key is never shown.
#[derive(Clone)]
pub struct Identity {
    pem: Vec<u8>,
}

/// Why files make no identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum IdentityError {
    #[error("{0} holds no `BEGIN CERTIFICATE`")]
    NoCertificate(String),
    #[error("{0} holds no `BEGIN PRIVATE KEY`; the key may be in a file of its own: --client-key")]
    NoKey(String),
    #[error(
        "{0} holds an encrypted key; `openssl pkey -in FILE -out OTHER` asks for its password and writes it without"
    )]
    Encrypted(String),
}

impl Identity {
    /// An identity of a file in PEM that holds the certificate, and of the file of its key, which may be the same.
    /// Both are given as name and content.
    ///
    /// # Errors
    /// Where the certificate or the key is missing, or the key is encrypted.
    pub fn read(certificate: (&str, &[u8]), key: Option<(&str, &[u8])>) -> Result<Self, IdentityError> {
        let (name, text) = key.unwrap_or(certificate);
        let is_locked = [b"ENCRYPTED".as_slice()]
            .iter()
            .any(|mark| text.windows(mark.len()).any(|window| window == *mark));
        let is_key = |kind: SectionKind| {
            matches!(
                kind,
                SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey
            )
        };
        if !has(certificate.1, |kind| kind == SectionKind::Certificate) {
            return Err(IdentityError::NoCertificate(certificate.0.to_owned()));
        }
        if !has(text, is_key) {
            return Err(match is_locked {
                true => IdentityError::Encrypted(name.to_owned()),
                false => IdentityError::NoKey(name.to_owned()),
            });
        }
        let mut pem = certificate.1.to_vec();
        if let Some((_, key)) = key {
            pem.push(b'\n');
            pem.extend_from_slice(key);
        }
        Ok(Self { pem })
    }

    pub(super) fn for_tls(&self) -> Result<reqwest::Identity, reqwest::Error> {
        reqwest::Identity::from_pem(&self.pem)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

/// Whether PEM has a section of a kind.
fn has(text: &[u8], kind: impl Fn(SectionKind) -> bool) -> bool {
    let mut reader = text;
    while let Ok(Some((found, _))) = pem::from_buf(&mut reader) {
        if kind(found) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/tests/support/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    #[test]
    fn certificate_and_key_are_in_one_file_or_in_two() {
        let (certificate, key) = (file("tls/client.pem"), file("tls/client.key"));
        let both = [certificate.clone(), key.clone()].concat();
        assert!(Identity::read(("both", &both), None).unwrap().for_tls().is_ok());
        let two = Identity::read(("cert", &certificate), Some(("key", &key))).unwrap();
        assert!(two.for_tls().is_ok());
        assert_eq!(format!("{two:?}"), "Identity");
        let told = [
            Identity::read(("cert", &certificate), None),
            Identity::read(("cert", &key), Some(("key", &key))),
            Identity::read(("cert", &certificate), Some(("key", &certificate))),
            Identity::read(("cert", &certificate), Some(("key", &file("keys/rsa-encrypted.pem")))),
        ];
        let told = told.map(|read| read.unwrap_err().to_string()).join("\n");
        insta::assert_snapshot!(told, @r"
        cert holds no `BEGIN PRIVATE KEY`; the key may be in a file of its own: --client-key
        cert holds no `BEGIN CERTIFICATE`
        key holds no `BEGIN PRIVATE KEY`; the key may be in a file of its own: --client-key
        key holds an encrypted key; `openssl pkey -in FILE -out OTHER` asks for its password and writes it without
        ");
    }
}
