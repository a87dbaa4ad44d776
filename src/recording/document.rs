//! What a HAR file of others tells of its server, though it was no run of ours: where it is, and what is spoken of.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::Url;

use super::replay::Replay;
use crate::fhir::{FhirVersion, ResourceType};

/// What stands behind a base URL beside types.
const OF_THE_SYSTEM: [&str; 2] = ["metadata", "_history"];

impl Replay {
    /// The base URL of the server: what stands before the resource type in the URLs. `None` where the entries went to several
    /// servers, or where a URL speaks of no type.
    #[must_use]
    pub fn base(&self) -> Option<String> {
        let mut bases = self.entries.iter().map(|entry| base_of(&entry.request.url));
        let first = bases.next()??;
        bases.all(|base| base.as_ref() == Some(&first)).then_some(first)
    }

    /// Whether a request speaks of a value, such as an id, as a word in its URL or its body.
    #[must_use]
    pub fn speaks_of(&self, value: &str) -> bool {
        let holds = |text: &str| {
            let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"-.".contains(letter));
            words.any(|word| word == value)
        };
        self.entries.iter().any(|entry| {
            let url: Cow<'_, str> = percent_decode_str(&entry.request.url).decode_utf8_lossy();
            holds(&url) || holds(&String::from_utf8_lossy(entry.request.body.bytes()))
        })
    }

    /// Whether nobody can know what the server claims: others recorded it, and did not ask.
    #[must_use]
    pub fn is_silent_about_claims(&self) -> bool {
        let asks = |url: &str| {
            let path = url.split(['?', '#']).next().unwrap_or_default();
            path.trim_end_matches('/').ends_with("/metadata")
        };
        self.recorded().is_none() && !self.entries.iter().any(|entry| asks(&entry.request.url))
    }
}

/// What stands before the resource type in a URL.
fn base_of(url: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    let is_type = |name: &str| {
        FhirVersion::ALL
            .iter()
            .any(|release| ResourceType::parse(*release, name).is_some())
    };
    let before: Vec<String> = url
        .path_segments()?
        .take_while(|segment| !is_type(segment) && !OF_THE_SYSTEM.contains(segment))
        .map(str::to_owned)
        .collect();
    if before.len() == url.path_segments()?.count() {
        return None;
    }
    url.set_query(None);
    url.set_fragment(None);
    url.set_path(&before.join("/"));
    Some(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::read;

    fn replay(urls: &[&str]) -> Replay {
        let entry = |url: &&str| {
            serde_json::json!({
                "request": { "method": "PUT", "url": url, "headers": [], "postData": { "text": "{\"reference\":\"Patient/77.a\"}" } },
                "response": { "status": 200, "headers": [], "content": {} },
            })
        };
        let entries: Vec<_> = urls.iter().map(entry).collect();
        let har = serde_json::json!({ "log": { "version": "1.2", "entries": entries } });
        read("x.har", har.to_string().as_bytes()).expect("a recording")
    }

    #[test]
    fn the_base_stands_before_the_type() {
        let base = |urls: &[&str]| replay(urls).base();
        let r4 = "https://a.example/r4/tenant";
        let of_r4 = |rest: &str| format!("{r4}/{rest}");
        let (one, two) = (of_r4("Procedure?patient=1"), of_r4("Procedure/2/_history/3"));
        assert_eq!(base(&[&one, &two, &of_r4("metadata")]).as_deref(), Some(r4));
        assert_eq!(
            base(&["https://a.example:8443/Procedure?patient=Patient/"]).as_deref(),
            Some("https://a.example:8443")
        );
        for other in [
            "https://b.example/r4/tenant/Procedure",
            "https://a.example/r4/style.css",
            r4,
        ] {
            assert_eq!(base(&[&one, other]), None, "{other}");
        }
        assert_eq!(base(&[]), None);
    }

    #[test]
    fn only_whole_words_are_spoken_of() {
        let replay = replay(&["https://a.example/r4/Procedure?patient=Patient%2F12&x=abc-1"]);
        for (value, is_there) in [
            ("12", true),
            ("abc-1", true),
            ("77.a", true),
            ("1", false),
            ("abc", false),
            ("77", false),
        ] {
            assert_eq!(replay.speaks_of(value), is_there, "{value}");
        }
    }

    #[test]
    fn who_did_not_ask_does_not_know() {
        assert!(replay(&["https://a.example/r4/Procedure?a=/metadata"]).is_silent_about_claims());
        assert!(!replay(&["https://a.example/r4/metadata?_format=json"]).is_silent_about_claims());
    }
}
