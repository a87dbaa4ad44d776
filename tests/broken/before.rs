//! Servers whose /metadata cannot be read: nothing is judged, the exit code is 3, and no case is run.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::stub::{CLAIMS, Seen, Stub, answer, hang_up, json, silence};
use crate::support::{Gone, impatient, small};

/// A run against a server that answers like this: exit code 3, the message, one request kind, no report.
#[track_caller]
fn unjudged(
    serve: impl Fn(&Seen, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    message: &str,
) -> (Gone, Stub) {
    let stub = Stub::start(serve);
    let gone = impatient(&stub.base(), "")
        .run()
        .ended(3)
        .says(message)
        .says("/fhir/metadata");
    // The stub would be silent for longer; a busy machine is not.
    assert!(gone.took < Duration::from_secs(60), "{:?}", gone.took);
    assert!(gone.stdout.is_empty(), "{}", gone.stdout);
    assert_eq!(gone.stderr.lines().count(), 1, "one cause, one line: {}", gone.stderr);
    assert!(
        !gone.folder.path().join("reports").exists(),
        "there is nothing to report"
    );
    assert!(stub.seen().iter().all(Seen::is_metadata), "no case may be run");
    (gone, stub)
}

#[test]
fn a_host_that_is_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let gone = small(&format!("http://{address}/fhir"), "").run().ended(3);
    assert!(gone.took < Duration::from_secs(60));
    assert_eq!(
        gone.stderr.replace(&address.to_string(), "[host]").trim_end(),
        "error: GET http://[host]/fhir/metadata: no connection to http://[host]: Connection refused (os error 111)"
    );
}

#[test]
fn a_name_that_does_not_exist() {
    small("http://fhir.invalid/fhir", "")
        .run()
        .ended(3)
        .says("no connection to http://fhir.invalid");
}

#[test]
fn no_metadata() {
    unjudged(
        |_, out| json(out, "404 Not Found", "{}"),
        "was answered 404: there is no FHIR server at this base URL, or it is not the base",
    );
}

#[test]
fn metadata_that_asks_for_credentials() {
    unjudged(
        |_, out| json(out, "401 Unauthorized", "{}"),
        "was answered 401: it asks for credentials; `fhir-assay auth check --help` names the ways to give some",
    );
}

#[test]
fn metadata_in_html() {
    unjudged(
        |_, out| {
            answer(
                out,
                "200 OK",
                &["Content-Type: text/html"],
                b"<!DOCTYPE html><h1>Welcome</h1>",
            )
        },
        "the answer (text/html) is no JSON",
    );
}

#[test]
fn metadata_that_is_something_else() {
    unjudged(|_, out| json(out, "200 OK", "[]"), "CapabilityStatement");
    unjudged(|_, out| json(out, "200 OK", r#"{"resourceType":"Patient"}"#), "Patient");
    let stub = Stub::start(|_, out| json(out, "200 OK", &CLAIMS.replace("\"fhirVersion\":\"4.0.1\",", "")));
    small(&stub.base(), "")
        .run()
        .ended(3)
        .says("the CapabilityStatement has no fhirVersion");
}

#[test]
fn metadata_of_a_release_that_is_not_covered() {
    let stub = Stub::start(|_, out| json(out, "200 OK", &CLAIMS.replace("4.0.1", "3.0.2")));
    small(&stub.base(), "")
        .run()
        .ended(3)
        .says("3.0.2, a release that is not covered");
}

#[test]
fn a_conformance_of_dstu2_is_told_as_that_release() {
    let conformance = CLAIMS
        .replace("CapabilityStatement", "Conformance")
        .replace("4.0.1", "1.0.2");
    let stub = Stub::start(move |_, out| json(out, "200 OK", &conformance));
    let gone = small(&stub.base(), "").run();
    gone.says("DSTU2").says_not("no JSON");
}

#[test]
fn metadata_nested_without_end() {
    unjudged(
        |_, out| json(out, "200 OK", &format!("{{\"resourceType\":{}", "[".repeat(1_000_000))),
        "is no JSON",
    );
}

#[test]
fn failures_on_everything() {
    unjudged(
        |_, out| {
            json(
                out,
                "500 Internal Server Error",
                r#"{"resourceType":"OperationOutcome"}"#,
            )
        },
        "was answered 500",
    );
}

#[test]
fn a_body_that_breaks_off() {
    unjudged(
        |_, out| {
            out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"resourceType\"")?;
            hang_up()
        },
        "the answer broke off after 15 bytes of its body",
    );
}

#[test]
fn a_body_without_end() {
    unjudged(
        |_, out| {
            out.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n\r\n[")?;
            let chunk = [b'['; 65_536];
            loop {
                out.write_all(&chunk)?;
            }
        },
        "the answer is longer than 16 MB; nothing longer is read",
    );
}

#[test]
fn a_small_body_that_unpacks_to_a_huge_one() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![b' '; 1_000_000];
    for _ in 0..300 {
        packed.write_all(&zeros).unwrap();
    }
    let bomb = packed.finish().unwrap();
    assert!(bomb.len() < 1_000_000);
    unjudged(
        move |_, out| answer(out, "200 OK", &["Content-Encoding: gzip"], &bomb),
        "the answer is longer than 16 MB",
    );
}

#[test]
fn gzip_that_is_none() {
    unjudged(
        |_, out| answer(out, "200 OK", &["Content-Encoding: gzip"], b"not packed at all"),
        "the answer broke off",
    );
}

#[test]
fn silence_from_the_start() {
    let (gone, _) = unjudged(|_, _| silence(), "no answer within 2 s");
    assert!(gone.took >= Duration::from_secs(2), "{:?}", gone.took);
}

#[test]
fn a_body_that_drips() {
    unjudged(
        |_, out| {
            out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")?;
            loop {
                out.write_all(b" ")?;
                out.flush()?;
                thread::sleep(Duration::from_millis(100));
            }
        },
        "the answer did not end within 2 s",
    );
}

#[test]
fn headers_that_drip() {
    unjudged(
        |_, out| {
            out.write_all(b"HTTP/1.1 200 OK\r\n")?;
            loop {
                out.write_all(b"X: y\r\n")?;
                out.flush()?;
                thread::sleep(Duration::from_millis(100));
            }
        },
        "no answer within 2 s",
    );
}

#[test]
fn no_status_line() {
    unjudged(
        |_, out| {
            out.write_all(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")?;
            hang_up()
        },
        "the connection was lost before an answer came",
    );
}

#[test]
fn a_closed_door() {
    unjudged(|_, _| hang_up(), "the connection was lost before an answer came");
}

#[test]
fn headers_without_end() {
    let many = "X-Filler: abc\r\n".repeat(50_000);
    unjudged(
        move |_, out| {
            out.write_all(b"HTTP/1.1 200 OK\r\n")?;
            out.write_all(many.as_bytes())?;
            out.write_all(b"Content-Length: 0\r\n\r\n")?;
            hang_up()
        },
        "the connection was lost before an answer came",
    );
    let long = format!("X-Filler: {}\r\n", "a".repeat(2_000_000));
    unjudged(
        move |_, out| {
            out.write_all(b"HTTP/1.1 200 OK\r\n")?;
            out.write_all(long.as_bytes())?;
            out.write_all(b"Content-Length: 0\r\n\r\n")?;
            hang_up()
        },
        "the connection was lost before an answer came",
    );
}

#[test]
fn a_redirect_elsewhere_is_not_followed() {
    let other = Stub::start(|_, out| json(out, "200 OK", CLAIMS));
    let location = format!("Location: {}/fhir/metadata", other.origin());
    let stub = Stub::start(move |_, out| answer(out, "302 Found", &[&location], b""));
    let gone = small(&stub.base(), "--bearer-env TOKEN")
        .env("TOKEN", "s3cret-t0ken")
        .run()
        .ended(3)
        .says("was answered 302, a redirect to http://")
        .says("redirects are not followed")
        .says_not("s3cret-t0ken");
    assert_eq!(gone.stderr.lines().count(), 1);
    assert_eq!(stub.seen()[0].header("authorization"), Some("Bearer s3cret-t0ken"));
    assert!(
        other.seen().is_empty(),
        "the other origin was asked: {:?}",
        other.seen()
    );
}
