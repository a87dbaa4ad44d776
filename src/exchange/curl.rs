//! A request as a curl command, to repeat it by hand.

use std::fmt::Write;

use super::{Body, Request};

/// A body longer than this is not written into the command: nobody would find the command again.
const LONGEST: usize = 1024;

/// A command for a POSIX shell that sends the same request: `curl -i -X PUT 'http://...' -H '...' --data-raw '...'`.
///
/// A body that is long, binary or not at hand is taken from a file `body`, and a comment at the end says so. Secrets are `***`
/// here as they are in the request.
#[must_use]
pub fn curl(request: &Request) -> String {
    let mut line = String::from("curl -i");
    let inline = inline_text(&request.body);
    match request.method.as_str() {
        "GET" if request.body.is_empty() => {}
        "POST" if !request.body.is_empty() => {}
        // With -X HEAD curl would wait for a body that never comes.
        "HEAD" if request.body.is_empty() => line = String::from("curl -I"),
        method => push(&mut line, "-X", method),
    }
    if request.url.contains(['[', ']', '{', '}']) {
        line.push_str(" --globoff");
    }
    if request.url.contains("/./") || request.url.contains("/../") {
        line.push_str(" --path-as-is");
    }
    let _ = write!(line, " {}", quoted(&request.url));
    for (name, value) in request.headers.iter() {
        let is_curls_own = ["host", "content-length", "connection", "transfer-encoding"]
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name));
        if name.eq_ignore_ascii_case("accept-encoding") {
            line.push_str(" --compressed");
        } else if value.is_empty() {
            push(&mut line, "-H", &format!("{name};"));
        } else if !is_curls_own {
            push(&mut line, "-H", &format!("{name}: {value}"));
        }
    }
    // What curl would add by itself is taken away.
    if request.headers.get("accept").is_none() {
        push(&mut line, "-H", "Accept:");
    }
    if !request.body.is_empty() {
        if request.headers.get("content-type").is_none() {
            push(&mut line, "-H", "Content-Type:");
        }
        match inline {
            Some(text) => push(&mut line, "--data-raw", text),
            None => {
                let _ = write!(
                    line,
                    " --data-binary @body # the {} bytes of the request's body",
                    request.body.len()
                );
            }
        }
    }
    line
}

/// The body, where it can stand in a command.
fn inline_text(body: &Body) -> Option<&str> {
    match body {
        Body::Whole(bytes) if bytes.len() <= LONGEST => body.text().filter(|text| !text.contains('\0')),
        _ => None,
    }
}

fn push(line: &mut String, option: &str, value: &str) {
    let _ = write!(line, " {option} {}", quoted(value));
}

/// A word for a POSIX shell: in single quotes where it needs them. With control characters it is a word of bash, ksh and
/// zsh (`$'a\nb'`), so that the command stays on its line and nothing in it moves a cursor.
pub fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,%+@=".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    if !word.contains(char::is_control) {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut quoted = String::from("$'");
    for c in word.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' | '\'' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(quoted, "\\x{byte:02x}");
                }
            }
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Headers;

    fn line(method: &str, url: &str, headers: &[(&str, &str)], body: Body) -> String {
        curl(&Request {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: headers.iter().copied().collect::<Headers>(),
            body,
        })
    }

    #[test]
    fn requests_are_written_as_a_shell_reads_them() {
        let json = ("Content-Type", "application/fhir+json");
        let accept = ("Accept", "application/fhir+json");
        insta::assert_snapshot!(line("GET", "http://localhost/fhir/Patient?name=a&_count=2", &[accept, ("Accept-Encoding", "gzip")], Body::Empty),
            @"curl -i 'http://localhost/fhir/Patient?name=a&_count=2' -H 'Accept: application/fhir+json' --compressed");
        insta::assert_snapshot!(line("PUT", "http://localhost/fhir/Patient/17", &[accept, json, ("If-Match", "W/\"1\""), ("Authorization", "***")], Body::new("{\"a\":\"it's\"}")),
            @r#"curl -i -X PUT http://localhost/fhir/Patient/17 -H 'Accept: application/fhir+json' -H 'Content-Type: application/fhir+json' -H 'If-Match: W/"1"' -H 'Authorization: ***' --data-raw '{"a":"it'\''s"}'"#);
        insta::assert_snapshot!(line("HEAD", "http://localhost/fhir/../{x}", &[accept], Body::Empty),
            @"curl -I --globoff --path-as-is 'http://localhost/fhir/../{x}' -H 'Accept: application/fhir+json'");
    }

    #[test]
    fn a_command_stays_on_its_line() {
        let headers = [("Accept", "a/b"), ("Content-Type", "a/b"), ("X", "\u{1b}[31m\r\nit's")];
        insta::assert_snapshot!(line("POST", "http://localhost/$(reboot)", &headers, Body::new("{\n\t\"a\": \"\\\\\"\n}")),
            @r#"curl -i 'http://localhost/$(reboot)' -H 'Accept: a/b' -H 'Content-Type: a/b' -H $'X: \x1b[31m\r\nit\'s' --data-raw $'{\n\t"a": "\\\\"\n}'"#);
    }

    #[test]
    fn what_curl_would_add_is_taken_away() {
        insta::assert_snapshot!(line("POST", "http://localhost/", &[("X-Empty", "")], Body::new("@home")),
            @"curl -i http://localhost/ -H 'X-Empty;' -H Accept: -H Content-Type: --data-raw @home");
        insta::assert_snapshot!(line("DELETE", "http://localhost/Patient/1", &[], Body::Empty),
            @"curl -i -X DELETE http://localhost/Patient/1 -H Accept:");
    }

    #[test]
    fn a_body_that_no_command_can_hold_comes_from_a_file() {
        for body in [
            Body::new(vec![0xFF, 0xFE]),
            Body::new("a\0"),
            Body::new("x".repeat(LONGEST + 1)),
            Body::Elsewhere(9),
        ] {
            let length = body.len();
            let line = line(
                "POST",
                "http://localhost/",
                &[("Accept", "a/b"), ("Content-Type", "a/b")],
                body,
            );
            assert_eq!(
                line,
                format!(
                    "curl -i http://localhost/ -H 'Accept: a/b' -H 'Content-Type: a/b' --data-binary @body # the {length} bytes of the request's body"
                )
            );
        }
    }
}
