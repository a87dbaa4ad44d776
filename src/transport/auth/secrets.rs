//! The secrets that must not come out, in every form in which a server may send them back.

use std::sync::{Arc, PoisonError, RwLock};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::exchange::redact::REDACTED;

/// Secrets that are known by now. Clones share what they learn: a token that is fetched in the middle of a run is hidden
/// from then on, wherever answers are read.
#[derive(Clone, Default)]
pub struct Secrets(Arc<RwLock<Arc<[String]>>>);

/// A shorter text would mask half of an answer, and is no secret.
const SHORTEST: usize = 4;

impl Secrets {
    /// Keeps a secret in mind, and the forms in which JSON, URLs and HTML write it.
    pub fn learn(&self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let mut known = self.known().to_vec();
        for form in forms(secret) {
            if !known.contains(&form) {
                known.push(form);
            }
        }
        // The longest first: one secret may be a part of another.
        known.sort_by_key(|form| std::cmp::Reverse(form.len()));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = known.into();
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known().is_empty()
    }

    /// A text without secrets in it; `None` where there are none.
    #[must_use]
    pub fn masked(&self, text: &str) -> Option<String> {
        let known = self.known();
        let mut masked: Option<String> = None;
        for secret in known.iter() {
            let looked_at = masked.as_deref().unwrap_or(text);
            if looked_at.contains(secret.as_str()) {
                masked = Some(looked_at.replace(secret.as_str(), REDACTED));
            }
        }
        masked
    }

    /// As [`Secrets::masked`], for what may be no text.
    #[must_use]
    pub fn masked_bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let known = self.known();
        if known.is_empty() {
            return None;
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            return self.masked(text).map(String::into_bytes);
        }
        let mut masked = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            match known.iter().find(|secret| rest.starts_with(secret.as_bytes())) {
                Some(secret) => {
                    masked.extend(REDACTED.as_bytes());
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

    fn known(&self) -> Arc<[String]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// No secret is shown, only how many forms there are.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Secrets").field(&self.known().len()).finish()
    }
}

/// A secret as it is, and as servers write it: JSON of several makers, URLs, HTML.
fn forms(secret: &str) -> Vec<String> {
    let quoted = serde_json::Value::from(secret).to_string();
    let json = quoted[1..quoted.len() - 1].to_owned();
    // .NET and Go write as a number what could begin something in HTML.
    let of_dotnet = numbered(&secret.replace('\\', "\\\\"), "\"+<>&'`", |code| {
        format!("\\u{code:04X}")
    });
    let of_go = numbered(&json, "<>&", |code| format!("\\u{code:04x}"));
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    // The marks that no URL has to escape.
    let unreserved = ["-", ".", "_", "~"].iter().fold(percent.clone(), |text, mark| {
        text.replace(&format!("%{:02X}", mark.as_bytes()[0]), mark)
    });
    let html = ["&", "<", ">", "\"", "'"]
        .iter()
        .zip(["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"])
        .fold(secret.to_owned(), |text, (plain, entity)| text.replace(plain, entity));
    let mut forms = vec![
        secret.to_owned(),
        json.replace('/', "\\/"),
        of_dotnet,
        of_go,
        json,
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        lower_escapes(&percent),
        lower_escapes(&unreserved),
        unreserved,
        percent,
        html,
    ];
    forms.sort();
    forms.dedup();
    forms
}

/// A text with some characters written as numbers.
fn numbered(text: &str, which: &str, write: impl Fn(u32) -> String) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut written, next| {
            if which.contains(next) {
                written.push_str(&write(u32::from(next)));
            } else {
                written.push(next);
            }
            written
        })
}

/// `%2F` as `%2f`, and all else as it is.
fn lower_escapes(text: &str) -> String {
    let mut lowered = String::with_capacity(text.len());
    let mut escape = 0;
    for next in text.chars() {
        if next == '%' {
            escape = 2;
            lowered.push(next);
        } else if escape > 0 {
            escape -= 1;
            lowered.push(next.to_ascii_lowercase());
        } else {
            lowered.push(next);
        }
    }
    lowered
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_is_hidden_in_every_form() {
        let secrets = Secrets::default();
        secrets.learn("a/b+C=\"d\"&e");
        let echoed = [
            r#"a/b+C="d"&e"#,
            r#"a/b+C=\"d\"&e"#,
            r#"a\/b+C=\"d\"&e"#,
            r#"a/b\u002BC=\u0022d\u0022\u0026e"#,
            r#"a/b+C=\"d\"\u0026e"#,
            "a%2Fb%2BC%3D%22d%22%26e",
            "a%2fb%2bC%3d%22d%22%26e",
            "a/b+C=&quot;d&quot;&amp;e",
        ];
        for text in echoed {
            assert_eq!(secrets.masked(&format!("<{text}>")).as_deref(), Some("<***>"), "{text}");
        }
        assert_eq!(secrets.masked("nothing here"), None);
    }

    #[test]
    fn what_one_learns_its_clones_know() {
        let secrets = Secrets::default();
        let other = secrets.clone();
        assert_eq!(other.masked("anewtoken"), None);
        secrets.learn("token");
        secrets.learn("anewtoken");
        secrets.learn("abc");
        assert_eq!(other.masked("abc anewtoken").as_deref(), Some("abc ***"));
        assert_eq!(format!("{other:?}"), "Secrets(2)");
    }

    #[test]
    fn bytes_that_are_no_text_are_masked_too() {
        let secrets = Secrets::default();
        assert_eq!(secrets.masked_bytes(b"\xff s3cret"), None);
        secrets.learn("s3cret");
        let masked = secrets.masked_bytes(b"\xff s3cret \xfe");
        assert_eq!(masked.as_deref(), Some(&b"\xff *** \xfe"[..]));
        assert_eq!(secrets.masked_bytes(b"\xff"), None);
    }

    proptest! {
        #[test]
        fn nothing_of_a_secret_is_left(secret in "[ -~]{4,40}", before in "[#\u{e9}]{0,5}", after in "[#\u{e9}]{0,5}") {
            let secrets = Secrets::default();
            secrets.learn(&secret);
            for form in forms(&secret) {
                let masked = secrets.masked(&format!("{before}{form}{after}")).unwrap();
                prop_assert!(!masked.contains(&form) || REDACTED.contains(&form), "{}", masked);
            }
        }
    }
}
