//! Parameters of URLs and forms: decoding, and encoding them again for links.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::reply::Refusal;

/// Name and value of each parameter, decoded, in their order.
pub(super) type Pairs = Vec<(String, String)>;

/// What may stand unencoded in the query of a link: RFC 3986's unreserved characters, and some that read better so.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b',')
    .remove(b':')
    .remove(b'/');

/// Decodes one percent-encoded text as UTF-8 (`http.html#root`); refuses other bytes.
pub(super) fn decode(text: &str) -> Result<String, Refusal> {
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Refusal::invalid(format!("`{text}` is not percent-encoded UTF-8")))
}

/// Decodes `a=1&b=2`, as it stands in a URL or in a form.
pub(super) fn parse(text: &str) -> Result<Pairs, Refusal> {
    let decode_form = |text: &str| decode(&text.replace('+', " "));
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode_form(name)?, decode_form(value)?))
        })
        .collect()
}

/// Writes parameters so that [`parse`] gives them back.
pub(super) fn write(pairs: &[(String, String)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

/// The value of a parameter that may be given once; refuses more.
pub(super) fn single<'a>(pairs: &'a [(String, String)], name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = pairs
        .iter()
        .filter(|(known, _)| known == name)
        .map(|(_, value)| value.as_str());
    let first = values.next();
    match values.next() {
        None => Ok(first.filter(|value| !value.is_empty())),
        Some(_) => Err(Refusal::invalid(format!("`{name}` may be given once only"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms_are_decoded_as_utf8() {
        let pairs = parse("name=%CE%91%CE%B8+b&&code=a%7Cb&empty").unwrap();
        let expected = [("name", "Αθ b"), ("code", "a|b"), ("empty", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(pairs, expected);
        assert!(parse("name=%E9").is_err());
    }

    #[test]
    fn links_hold_only_what_rfc_3986_allows() {
        let pairs = [("code:in".to_owned(), "http://x|a b\"é+&=#".to_owned())];
        assert_eq!(write(&pairs), "code:in=http://x%7Ca%20b%22%C3%A9%2B%26%3D%23");
    }

    #[test]
    fn single_parameters_are_not_repeated() {
        let pairs = parse("_since=1&_at=&_since=2").unwrap();
        assert!(single(&pairs, "_since").is_err());
        assert_eq!(single(&pairs, "_at").unwrap(), None);
        assert_eq!(single(&pairs, "_count").unwrap(), None);
    }

    proptest! {
        #[test]
        fn parameters_survive_the_round_trip(pairs in proptest::collection::vec(("[a-z:_-]{1,8}", "\\PC{0,12}"), 0..4)) {
            prop_assert_eq!(parse(&write(&pairs)).unwrap(), pairs);
        }
    }
}
