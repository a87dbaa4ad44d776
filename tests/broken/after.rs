//! Servers that go wrong once the run goes on.

use std::collections::HashSet;
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::support::embedded::{Embedded, Recorded, outcome};
use crate::support::stub::{CLAIMS, Seen, Stub, answer, hang_up, json, silence};
use crate::support::{Gone, impatient, small, words};

/// The small suite against a server that creates, and answers all else like this.
fn creating(serve: impl Fn(&Seen, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Stub {
    let count = AtomicUsize::new(0);
    Stub::claiming(move |seen, out| match seen.method.as_str() {
        "POST" => {
            let id = count.fetch_add(1, Ordering::SeqCst);
            let location = format!("Location: {}/Patient/{id}/_history/1", "/fhir");
            answer(out, "201 Created", &[&location, "ETag: W/\"1\""], b"")
        }
        _ => serve(seen, out),
    })
}

const OUTCOME: &str =
    r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"exception","diagnostics":"no"}]}"#;

/// It waited for nobody: a stub is silent for longer, and a busy machine is not as slow.
#[track_caller]
fn within(gone: &Gone) {
    assert!(gone.took < Duration::from_secs(60), "{:?}", gone.took);
}

/// The verdicts of read, update, pages and delete.
#[track_caller]
fn verdicts(gone: &Gone) -> String {
    let all = gone.verdicts();
    ["read", "update", "pages", "delete"]
        .map(|name| all[&format!("small::{name}")].clone())
        .join(" ")
}

#[test]
fn html_instead_of_resources() {
    let stub = creating(|_, out| answer(out, "200 OK", &["Content-Type: text/html"], b"<h1>Hello</h1>"));
    let gone = small(&stub.base(), "--case *::read --case *::pages").run().ended(1);
    gone.says("text/html")
        .says("FAIL small::read")
        .says("FAIL small::pages");
}

#[test]
fn failures_on_everything_but_metadata() {
    let stub = Stub::claiming(|_, out| json(out, "500 Internal Server Error", "{}"));
    let gone = small(&stub.base(), "").run().ended(3);
    assert_eq!(
        verdicts(&gone),
        "error error error error",
        "where setup fails nothing can be judged"
    );
    gone.says("setup step 1 (POST Patient) was answered 500");

    let stub = creating(|_, out| json(out, "500 Internal Server Error", OUTCOME));
    let gone = small(&stub.base(), "").run().ended(1);
    assert_eq!(
        verdicts(&gone),
        "fail fail warning warning",
        "what is judged and answered 500 is a failure"
    );
    gone.says("the server answered 500")
        .says("0 resources deleted, 6 resources left behind")
        .says("DELETE was answered 500");
}

#[test]
fn answers_that_break_off() {
    let stub = creating(|_, out| {
        out.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 900\r\n\r\n{\"resource",
        )?;
        hang_up()
    });
    let gone = small(&stub.base(), "").run().ended(3);
    assert_eq!(verdicts(&gone), "error error error error");
    within(&gone);
    gone.says("the answer broke off after 10 bytes of its body");
}

#[test]
fn a_content_length_that_is_too_small() {
    let stub = creating(|seen, out| match seen.method.as_str() {
        "DELETE" => answer(out, "204 No Content", &[], b""),
        _ => {
            let body = r#"{"resourceType":"Patient","active":true}"#;
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 9\r\n\r\n";
            out.write_all(head.as_bytes())?;
            out.write_all(body.as_bytes())
        }
    });
    // What counts as the body is not JSON: that is a deviation, and the rest of the bytes answers nothing else.
    let gone = small(&stub.base(), "--case *::read --case *::delete").run().ended(1);
    gone.says("FAIL small::read")
        .says("JSON")
        .says_not("FAIL small::delete");
}

#[test]
fn a_content_length_that_is_too_large() {
    let stub = creating(|seen, out| match seen.method.as_str() {
        "GET" => {
            out.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 900\r\n\r\n{}")?;
            out.flush()?;
            silence()
        }
        _ => answer(out, "204 No Content", &[], b""),
    });
    let gone = impatient(&stub.base(), "--case *::read").run().ended(3);
    within(&gone);
    gone.says("the answer did not end within 2 s; 2 bytes of its body had come");
}

#[test]
fn no_status_line_once_in_a_while() {
    let stub = creating(|seen, out| match seen.method.as_str() {
        "GET" => {
            out.write_all(b"HTP/9 what\r\n\r\n")?;
            hang_up()
        }
        _ => answer(out, "204 No Content", &[], b""),
    });
    // The server still answers /metadata: it is not gone, only this exchange is.
    let gone = small(&stub.base(), "--case *::read --case *::delete").run().ended(3);
    gone.says("ERROR small::read")
        .says("the connection was lost before an answer came")
        .says_not("small::delete");
}

#[test]
fn silence_on_one_interaction() {
    let stub = creating(|seen, out| match seen.method.as_str() {
        "GET" => silence(),
        _ => answer(out, "204 No Content", &[], b""),
    });
    let gone = impatient(&stub.base(), "--case *::read --case *::delete")
        .run()
        .ended(3);
    within(&gone);
    gone.says("ERROR small::read")
        .says("no answer within 2 s")
        .says_not("small::delete");
}

#[test]
fn silence_on_everything() {
    let asked = AtomicUsize::new(0);
    let stub = Stub::start(move |_, out| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => json(out, "200 OK", CLAIMS),
        _ => silence(),
    });
    let gone = impatient(&stub.base(), "").run().ended(3);
    within(&gone);
    gone.says("the server is gone: no answer within 2 s");
}

#[test]
fn a_redirect_to_another_origin() {
    let other = Stub::start(|_, out| json(out, "200 OK", r#"{"resourceType":"Patient","active":true}"#));
    let origin = other.origin();
    let stub = creating(move |seen, out| {
        let location = format!("Location: {origin}{}", seen.target);
        answer(out, "307 Temporary Redirect", &[&location], b"")
    });
    let gone = small(&stub.base(), "--bearer-env TOKEN")
        .env("TOKEN", "s3cret-t0ken")
        .run()
        .ended(3);
    assert_eq!(verdicts(&gone), "error error error error");
    assert!(other.seen().is_empty(), "credentials stay home: {:?}", other.seen());
    gone.says("the server answered 307: it redirects elsewhere")
        .says_not("s3cret-t0ken");
}

#[test]
fn a_login_page_does_not_take_the_place_of_a_resource() {
    let stub = creating(|seen, out| match seen.method.as_str() {
        "GET" if seen.target.contains("login") => answer(out, "200 OK", &["Content-Type: text/html"], b"<form>"),
        "GET" => answer(out, "302 Found", &["Location: /login"], b""),
        _ => answer(out, "204 No Content", &[], b""),
    });
    small(&stub.base(), "--case *::read")
        .run()
        .ended(3)
        .says("ERROR small::read")
        .says("it redirects elsewhere");
    let asked: Vec<Seen> = stub.seen();
    assert!(asked.iter().all(|seen| !seen.target.contains("login")));
    // The old URL is still the one that is used: what was created there is deleted there.
    assert!(
        asked
            .iter()
            .any(|seen| (seen.method.as_str(), seen.target.as_str()) == ("DELETE", "/fhir/Patient/0"))
    );
}

#[test]
fn a_server_that_dies_in_the_middle() {
    let server = Embedded::dying_after(60);
    let gone = words(&format!(
        "run {} --suite http.read --suite http.update --suite http.delete --suite http.create --timeout 5s",
        server.base
    ))
    .run()
    .ended(3);
    within(&gone);
    let told = gone
        .stdout
        .lines()
        .filter(|line| line.starts_with("ERROR ") || line.starts_with("FAIL "))
        .count();
    assert!(told <= 1, "one cause was told {told} times:\n{}", gone.stdout);
    let report = gone.report();
    let stopped = report["stopped"].as_str().unwrap();
    assert!(stopped.starts_with("the server is gone: "), "{stopped}");
    let verdicts = gone.verdicts();
    assert!(
        verdicts.values().any(|verdict| verdict == "pass"),
        "what was judged before stays judged"
    );
    assert!(!verdicts.values().any(|verdict| verdict == "fail"), "{verdicts:?}");
    gone.says("the server is gone");
}

/// Some of the first requests are answered like this, each path once; the others by the reference server.
fn at_first(status: u16, headers: &'static [(&'static str, &'static str)]) -> Embedded {
    let count = AtomicUsize::new(0);
    let before = move |request: &Recorded| {
        let turn = count.fetch_add(1, Ordering::SeqCst);
        (request.path() != "metadata" && turn.is_multiple_of(5)).then(|| outcome(status, headers))
    };
    Embedded::with(before, |_| {})
}

#[test]
fn too_many_requests_are_waited_for() {
    let server = at_first(429, &[("retry-after", "1")]);
    let gone = small(&server.base, "").run().ended(0);
    assert_eq!(verdicts(&gone), "pass pass pass pass");
    assert!(gone.took >= Duration::from_secs(1), "{:?}", gone.took);
    within(&gone);
    gone.says("the server answered 429 and asks to wait 1 s");
    assert!(server.left().is_empty(), "{:?}", server.left());
}

#[test]
fn a_service_that_is_away_for_a_second_is_waited_for() {
    let server = at_first(503, &[("retry-after", "1")]);
    let gone = small(&server.base, "").run().ended(0);
    within(&gone);
    gone.says("the server answered 503 and asks to wait 1 s");
}

#[test]
fn a_service_that_is_away_for_ever_is_not_judged() {
    let before = |request: &Recorded| (request.method == "PUT").then(|| outcome(503, &[("retry-after", "86400")]));
    let server = Embedded::with(before, |_| {});
    let gone = small(&server.base, "").run().ended(3);
    assert_eq!(verdicts(&gone), "pass error pass pass");
    within(&gone);
    gone.says("the server answered 503: the service is unavailable, which says nothing about this rule");
}

#[test]
fn too_many_requests_for_ever_come_to_an_end() {
    let server = Embedded::with(
        |request| (request.method == "PUT").then(|| outcome(429, &[("retry-after", "0")])),
        |_| {},
    );
    let gone = small(&server.base, "").run().ended(3);
    assert_eq!(verdicts(&gone), "pass error pass pass");
    within(&gone);
    assert!(server.recorded().len() < 100, "{}", server.recorded().len());
}

#[test]
fn a_server_that_demands_if_match_gets_it() {
    for status in [400, 412, 428] {
        let server = Embedded::with(
            move |request| {
                let bare = request.method == "PUT" && request.headers.get("if-match").is_none();
                bare.then(|| outcome(status, &[]))
            },
            |_| {},
        );
        let gone = small(&server.base, "").run().ended(0);
        assert_eq!(verdicts(&gone), "pass pass pass pass");
        let recorded = server.recorded();
        let puts: Vec<_> = recorded.iter().filter(|request| request.method == "PUT").collect();
        assert_eq!(
            (puts[0].header("if-match"), puts[1].header("if-match")),
            (None, Some("W/\"1\""))
        );
        assert_eq!(puts.len(), 2, "it is found out once");
    }
}

#[test]
fn a_server_that_demands_if_match_is_not_failed_by_the_suites() {
    let known: Arc<Mutex<HashSet<String>>> = Arc::default();
    let created = Arc::clone(&known);
    let server = Embedded::with(
        move |request| {
            // Of what it does not know it cannot demand a version.
            let is_known = known.lock().unwrap().contains(request.path());
            let bare = request.method == "PUT" && request.headers.get("if-match").is_none();
            (bare && is_known).then(|| outcome(428, &[]))
        },
        move |recorded| {
            if let Some(location) = recorded.answer_headers.get("location") {
                let path = location.to_str().unwrap().split("/fhir/").last().unwrap();
                created
                    .lock()
                    .unwrap()
                    .insert(path.split("/_history").next().unwrap().to_owned());
            }
        },
    );
    let demanding = words(&format!("run {} --suite http.update", server.base)).run();
    let plain = words("run --suite http.update").run();
    assert_eq!(
        demanding.verdicts(),
        plain.verdicts(),
        "demanding If-Match is legal\n{}",
        demanding.stdout
    );
}

/// Changes every searchset.
fn with_bundles(change: impl Fn(&Recorded, &mut Value) + Send + Sync + 'static) -> Embedded {
    Embedded::with(
        |_| None,
        move |recorded| {
            let Ok(mut body) = serde_json::from_slice::<Value>(&recorded.answer) else {
                return;
            };
            if body["resourceType"] == "Bundle" {
                change(recorded, &mut body);
                recorded.answer = body.to_string().into();
            }
        },
    )
}

#[test]
fn a_next_link_that_never_ends() {
    let server = with_bundles(|recorded, bundle| {
        let url = format!("http://{}{}", recorded.header("host").unwrap(), recorded.target);
        let links = bundle["link"].as_array_mut().unwrap();
        links.retain(|link| link["relation"] != "next");
        links.push(serde_json::json!({ "relation": "next", "url": url }));
    });
    let gone = words(&format!(
        "run {} --suite http.paging --case *::next-visits-every-match-once",
        server.base
    ))
    .run();
    within(&gone);
    gone.ended(1).says("FAIL http.paging::next-visits-every-match-once");
    assert!(server.recorded().len() < 100, "{}", server.recorded().len());
}

#[test]
fn a_next_link_to_another_origin() {
    let other = Stub::start(|_, out| json(out, "200 OK", r#"{"resourceType":"Bundle","type":"searchset"}"#));
    let origin = other.origin();
    let server = with_bundles(move |_, bundle| {
        for link in bundle["link"].as_array_mut().unwrap() {
            if link["relation"] == "next" {
                link["url"] = format!("{origin}/fhir?page=2").into();
            }
        }
    });
    let gone = small(&server.base, "--bearer-env TOKEN")
        .env("TOKEN", "s3cret-t0ken")
        .run()
        .ended(3);
    assert_eq!(verdicts(&gone), "pass pass error pass");
    assert!(other.seen().is_empty(), "{:?}", other.seen());
    gone.says("leads away from").says("nothing is sent to other origins");
}

#[test]
fn credentials_go_along_on_every_page() {
    let server = Embedded::with(
        |request| (request.header("authorization") != Some("Bearer s3cret-t0ken")).then(|| outcome(401, &[])),
        |_| {},
    );
    let gone = small(&server.base, "--bearer-env TOKEN")
        .env("TOKEN", "s3cret-t0ken")
        .run()
        .ended(0);
    assert_eq!(verdicts(&gone), "pass pass pass pass");
    gone.says_not("s3cret-t0ken");
    small(&server.base, "").run().ended(3).says("it asks for credentials");
}

#[test]
fn a_server_that_forgets_what_it_created_is_told_so() {
    let before = |request: &Recorded| (request.method == "DELETE").then(|| outcome(403, &[]));
    let server = Embedded::with(before, |_| {});
    let gone = small(&server.base, "--case *::read").run().ended(0);
    gone.says("DELETE was answered 403");
}

#[test]
fn what_one_match_of_a_condition_found_is_not_deleted() {
    // A server that answers a conditional create with something that was there before.
    let stub = Stub::claiming(|seen, out| match (seen.method.as_str(), seen.header("if-none-exist")) {
        ("POST", Some(_)) => answer(out, "200 OK", &["Location: /fhir/Patient/precious/_history/3"], b""),
        _ => answer(out, "204 No Content", &[], b""),
    });
    let suite = "suite: conditional\ntitle: Conditional create\nfhir: [R4]\ncases:\n  - id: found\n    title: One match\n    steps:\n      \
                 - create: Patient\n        headers: { If-None-Exist: 'identifier=${case.tag}' }\n        body: { json: { resourceType: Patient } }\n";
    let base = stub.base();
    let gone = crate::support::assay(["run", &base, "--suite", "conditional.yaml"])
        .with("conditional.yaml", suite)
        .run();
    assert!(
        stub.seen().iter().any(|seen| seen.method == "POST"),
        "{}{}",
        gone.stdout,
        gone.stderr
    );
    assert!(stub.seen().iter().all(|seen| seen.method != "DELETE"), "it is not ours");
}

#[test]
fn a_create_whose_answer_was_lost_is_found_and_deleted() {
    let lost: Arc<Mutex<Option<String>>> = Arc::default();
    let created = Arc::clone(&lost);
    let server = Embedded::with(
        |_| None,
        move |recorded| {
            let first = created.lock().unwrap().is_none();
            if recorded.method == "POST" && first {
                let location = recorded.answer_headers["location"].to_str().unwrap();
                let path = location.split("/fhir/").last().unwrap();
                *created.lock().unwrap() = Some(path.split("/_history").next().unwrap().to_owned());
                panic!("the connection is closed before the answer, on purpose");
            }
        },
    );
    let gone = small(&server.base, "--case *::read").run().ended(3);
    let lost = lost.lock().unwrap().clone().unwrap();
    let is_deletion =
        |request: &Recorded| request.method == "DELETE" && request.path() == lost && request.status == 204;
    assert!(
        server.recorded().iter().any(is_deletion),
        "{lost} is still there\n{}",
        gone.stdout
    );
    gone.says("the connection was lost before an answer came")
        .says("1 resource deleted");
}
