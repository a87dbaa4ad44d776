//! A request as a `curl` command that a person can paste into a shell.

use super::Request;

/// A body longer than this many bytes is read from standard input instead of standing on the command line.
const LONGEST_BODY: usize = 1024;

/// Headers that curl works out by itself.
const OWN_HEADERS: [&str; 3] = ["host", "content-length", "connection"];

/// The command that sends a request again, on one line, quoted for a POSIX shell.
///
/// It sends what was sent: headers that curl would add by itself are taken away where the request had none. A body
/// that is long, cut or no text is asked for on standard input (`--data-binary @-`), with a comment that says how
/// long it was. Secrets are `***` in a [`Request`] already, so they have to be put in by hand.
///
/// ```
/// use fhir_assay::exchange::{Body, Request, curl};
///
/// let request = Request {
///     method: "PUT".into(),
///     url: "http://localhost:8080/fhir/Patient/17".into(),
///     headers: [("Accept", "application/fhir+json"), ("Content-Type", "application/fhir+json")].into_iter().collect(),
///     body: Body::new("{}"),
/// };
/// assert_eq!(
///     curl::command(&request),
///     "curl -X PUT http://localhost:8080/fhir/Patient/17 -H 'Accept: application/fhir+json' \
///      -H 'Content-Type: application/fhir+json' --data-raw '{}'"
/// );
/// ```
#[must_use]
pub fn command(request: &Request) -> String {
    let mut line = String::from("curl");
    let mut add = |word: &str| {
        line.push(' ');
        line.push_str(word);
    };
    match request.method.as_str() {
        "GET" if request.body.is_empty() => {}
        "HEAD" => add("--head"),
        method => add(&format!("-X {}", quote(method))),
    }
    if request.url.contains(['[', ']', '{', '}']) {
        add("--globoff");
    }
    if request.url.contains("/./") || request.url.contains("/../") {
        add("--path-as-is");
    }
    add(&quote(&request.url));
    for (name, value) in request.headers.iter() {
        if name.eq_ignore_ascii_case("accept-encoding") {
            add("--compressed");
        } else if !OWN_HEADERS.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            // `Name;` is curl's way to send a header without a value.
            let header = if value.is_empty() {
                format!("{name};")
            } else {
                format!("{name}: {value}")
            };
            add(&format!("-H {}", quote(&header)));
        }
    }
    if request.headers.get("accept").is_none() {
        add("-H Accept:");
    }
    if request.body.is_empty() {
        return line;
    }
    if request.headers.get("content-type").is_none() {
        add("-H Content-Type:");
    }
    match request.body.text() {
        Some(text) if text.len() as u64 == request.body.len() && text.len() <= LONGEST_BODY && !text.contains('\0') => {
            add(&format!("--data-raw {}", quote(text)));
        }
        _ => add(&format!(
            "--data-binary @-  # the body ({} bytes) on standard input",
            request.body.len()
        )),
    }
    line
}

/// One word of a POSIX shell; with control characters one of bash, zsh and ksh, so that it stays on its line.
fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    if !text.chars().any(char::is_control) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut word = String::from("$'");
    for c in text.chars() {
        match c {
            '\n' => word.push_str("\\n"),
            '\r' => word.push_str("\\r"),
            '\t' => word.push_str("\\t"),
            '\\' => word.push_str("\\\\"),
            '\'' => word.push_str("\\'"),
            c if c.is_control() => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    word.push_str(&format!("\\x{byte:02x}"));
                }
            }
            c => word.push(c),
        }
    }
    word.push('\'');
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Body;

    fn request(method: &str, url: &str, headers: &[(&str, &str)], body: Body) -> Request {
        Request {
            method: method.into(),
            url: url.into(),
            headers: headers.iter().copied().collect(),
            body,
        }
    }

    #[test]
    fn a_read_is_short() {
        let read = request(
            "GET",
            "http://a/fhir/Patient?name=a&_count=1",
            &[("Accept", "application/json"), ("Accept-Encoding", "gzip"), ("Host", "a")],
            Body::Empty,
        );
        assert_eq!(
            command(&read),
            "curl 'http://a/fhir/Patient?name=a&_count=1' -H 'Accept: application/json' --compressed"
        );
    }

    #[test]
    fn nothing_escapes_its_quotes() {
        let hostile = request(
            "POST",
            "http://a/$(reboot)/../'x",
            &[("If-Match", "W/\"1\""), ("X", "a\nb\u{1b}[31m'"), ("Empty", "")],
            Body::new("@/etc/passwd it's"),
        );
        assert_eq!(
            command(&hostile),
            r#"curl -X POST --path-as-is 'http://a/$(reboot)/../'\''x' -H 'If-Match: W/"1"' -H $'X: a\nb\x1b[31m\'' -H 'Empty;' -H Accept: -H Content-Type: --data-raw '@/etc/passwd it'\''s'"#
        );
    }

    #[test]
    fn a_body_that_does_not_fit_comes_from_standard_input() {
        for body in [
            Body::new("x".repeat(2000)),
            Body::new(vec![0xFF; 2000]),
            Body::new("x".repeat(2000)).cut_to(10),
            Body::Elsewhere(2000),
        ] {
            let line = command(&request("PUT", "http://a/", &[("Accept", "a"), ("Content-Type", "b")], body));
            assert!(
                line.ends_with("-H 'Content-Type: b' --data-binary @-  # the body (2000 bytes) on standard input"),
                "{line}"
            );
        }
    }
}
