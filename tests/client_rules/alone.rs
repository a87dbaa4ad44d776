//! Rules that need a server of their own.

use std::io::{self, Write};
use std::net::TcpStream;

use crate::support::embedded::Embedded;
use crate::support::stub::{Seen, Stub, answer, json};
use crate::support::{Gone, assay, small};

/// A case of these steps against a server.
fn case(base: &str, steps: &str) -> Gone {
    let suite = format!(
        "suite: alone\ntitle: Alone\nfhir: [R4]\nvariables: {{ strange: 'a b|c&d+é=1' }}\ncases:\n  - id: one\n    title: One case\n    steps:\n{steps}"
    );
    let arguments = ["run", base, "--suite", "alone.yaml", "--timeout", "30s", "--seed", "7"];
    assay(arguments).with("alone.yaml", suite).run()
}

fn target(seen: &[Seen], method: &str) -> Vec<String> {
    let found = seen.iter().filter(|seen| seen.method == method && !seen.is_metadata());
    found.map(|seen| seen.target.clone()).collect()
}

#[test]
fn if_none_exist_is_the_bare_query() {
    let stub = Stub::claiming(|_, out| answer(out, "200 OK", &["Location: /fhir/Patient/1/_history/1"], b""));
    let steps = "      - create: Patient\n        headers: { If-None-Exist: 'identifier=urn:x%7C${case.tag}' }\n        \
                 body: { json: { resourceType: Patient } }\n";
    case(&stub.base(), steps).ended(3);
    let seen = stub.seen();
    let create = seen.iter().find(|seen| seen.method == "POST").unwrap();
    let header = create.header("if-none-exist").unwrap();
    assert!(
        header.starts_with("identifier=urn:x%7Ca") && !header.contains(['?', '/']),
        "{header}"
    );
}

#[test]
fn a_server_that_demands_if_match_on_patches_gets_it() {
    let server = Embedded::with(
        |request| {
            let bare = request.method == "PATCH" && request.headers.get("if-match").is_none();
            bare.then(|| crate::support::embedded::outcome(428, &[]))
        },
        |_| {},
    );
    let steps = "      - create: Patient\n        body: { json: { resourceType: Patient } }\n        capture: { id: { location: id } }\n      \
                 - patch: Patient/${id}\n        headers: { Content-Type: application/json-patch+json }\n        \
                 body: { text: '[{\"op\":\"add\",\"path\":\"/active\",\"value\":true}]' }\n        \
                 expect: [{ requirement: patch.json-patch, status: 200 }]\n";
    let gone = case(&server.base, steps).ended(0);
    assert_eq!(gone.verdicts()["alone::one"], "pass");
    let recorded = server.recorded();
    let patches = recorded.iter().filter(|request| request.method == "PATCH");
    let tags: Vec<_> = patches.map(|request| request.header("if-match")).collect();
    assert_eq!(tags, [None, Some("W/\"1\"")]);
}

/// A removal of past versions, as it went out.
fn removal(url: &str) -> Vec<Seen> {
    let stub = Stub::claiming(|_, out| answer(out, "204 No Content", &[], b""));
    case(&stub.base(), &format!("      - delete: {url}\n"));
    let removals: Vec<_> = stub.seen().into_iter().filter(|seen| seen.method == "DELETE").collect();
    assert_eq!(removals.len(), 1);
    removals
}

#[test]
fn a_removal_of_past_versions_has_no_body() {
    let removals = removal("Patient/1/_history");
    assert_eq!((removals[0].body.len(), removals[0].header("content-type")), (0, None));
}

#[test]
fn a_removal_of_one_version_has_no_body() {
    let removals = removal("Patient/1/_history/1");
    assert_eq!((removals[0].body.len(), removals[0].header("content-type")), (0, None));
}

#[test]
fn a_conditional_read_takes_both_answers() {
    let steps = "      - read: Patient/1\n        headers: { If-None-Match: 'W/\"1\"' }\n        expect:\n          - requirement: \
                 conditional-read.if-none-match-304\n            status: [200, 304]\n";
    let patient = r#"{"resourceType":"Patient","id":"1"}"#;
    let whole = Stub::claiming(move |_, out| json(out, "200 OK", patient));
    let empty = Stub::claiming(|_, out| out.write_all(b"HTTP/1.1 304 Not Modified\r\nETag: W/\"1\"\r\n\r\n"));
    for stub in [whole, empty] {
        let gone = case(&stub.base(), steps).ended(0);
        assert_eq!(gone.verdicts()["alone::one"], "pass");
    }
}

#[test]
fn an_intermediary_changes_no_verdict() {
    let plain = Embedded::start();
    let through = Embedded::with(
        |_| None,
        |recorded| {
            drop(
                recorded
                    .answer_headers
                    .insert("x-intermediary", "proxy.example".parse().unwrap()),
            )
        },
    );
    let [plain, through] = [plain, through].map(|server| small(&server.base, "").run().ended(0).verdicts());
    assert_eq!(plain, through);
}

#[test]
fn unknown_content_is_kept() {
    let body = r#"{"resourceType":"Patient","id":"1","meta":{"versionId":"7"},"extension":[{"url":"urn:x","valueDecimal":1.500}],"futureElement":{"b":1,"a":[2]},"active":true}"#;
    let stub = Stub::claiming(move |_, out| json(out, "200 OK", body));
    let steps = "      - read: Patient/1\n        capture: { patient: { body: resource } }\n      - update: Patient/1\n        \
                 body: { captured: patient, set: { gender: female } }\n";
    case(&stub.base(), steps);
    let seen = stub.seen();
    let sent = seen.iter().find(|seen| seen.method == "PUT").expect("an update");
    let sent = String::from_utf8(sent.body.clone()).unwrap();
    assert!(
        sent.contains(r#""extension":[{"url":"urn:x","valueDecimal":1.500}]"#),
        "{sent}"
    );
    assert!(sent.contains(r#""futureElement":{"b":1,"a":[2]}"#), "{sent}");
    assert!(
        sent.contains(r#""gender":"female""#) && sent.contains(r#""active":true"#),
        "{sent}"
    );
}

#[test]
fn a_reduced_resource_is_not_sent_back() {
    let body = r#"{"resourceType":"Patient","id":"1","meta":{"tag":[{"code":"SUBSETTED"}]}}"#;
    let stub = Stub::claiming(move |_, out| json(out, "200 OK", body));
    let steps = "      - read: Patient/1\n        capture: { patient: { body: resource } }\n      - update: Patient/1\n        \
                 body: { captured: patient, set: { gender: female } }\n";
    case(&stub.base(), steps)
        .ended(3)
        .says("SUBSETTED")
        .says("no base for an update");
    assert!(target(&stub.seen(), "PUT").is_empty());
}

#[test]
fn an_update_with_another_id_is_not_sent() {
    let stub = Stub::claiming(|_, out| json(out, "200 OK", r#"{"resourceType":"Patient","id":"1"}"#));
    let steps = "      - update: Patient/1\n        body: { json: { resourceType: Patient, id: '2' } }\n";
    case(&stub.base(), steps)
        .ended(3)
        .says("the body's id is `2`, the URL's `1`");
    assert!(target(&stub.seen(), "PUT").is_empty());
    // A step that means to be refused sends it.
    let refused = "        expect:\n          - requirement: update.id-mismatch-rejected\n            status: 400\n";
    case(&stub.base(), &format!("{steps}{refused}")).ended(1);
    assert_eq!(target(&stub.seen(), "PUT"), ["/fhir/Patient/1"]);
}

#[test]
fn links_are_followed_as_they_are() {
    let links = [
        "?_getpages=a|b;c&x=%7e%7E&y=a+b&&=",
        "http://HOST/fhir/Patient?page=2&x=%C3%A9%20/../",
        "/elsewhere/p%2F3",
    ];
    let stub = Stub::claiming(move |seen, out| {
        let page = match seen.target.as_str() {
            "/fhir/Patient?name=x" => 0,
            target if target.contains("_getpages") => 1,
            target if target.contains("page=2") => 2,
            _ => 3,
        };
        let link = links
            .get(page)
            .map(|link| link.replace("HOST", seen.header("host").unwrap()));
        let link = link.map_or_else(String::new, |link| format!(r#"{{"relation":"next","url":"{link}"}}"#));
        json(
            out,
            "200 OK",
            &format!(r#"{{"resourceType":"Bundle","type":"searchset","total":0,"link":[{link}]}}"#),
        )
    });
    let steps = "      - search: Patient?name=x\n        follow: { link: next, at-most: 9 }\n";
    case(&stub.base(), steps);
    assert_eq!(
        target(&stub.seen(), "GET"),
        [
            "/fhir/Patient?name=x",
            "/fhir/Patient?_getpages=a|b;c&x=%7e%7E&y=a+b&&=",
            "/fhir/Patient?page=2&x=%C3%A9%20/../",
            "/elsewhere/p%2F3",
        ]
    );
}

fn searched() -> String {
    let stub = Stub::claiming(|_, out| json(out, "200 OK", r#"{"resourceType":"Bundle","type":"searchset"}"#));
    case(
        &stub.base(),
        "      - search: Patient?name=${strange}&family=O'Brien <x>,é\n",
    );
    target(&stub.seen(), "GET").remove(0)
}

#[test]
fn search_values_are_encoded() {
    let target = searched();
    assert!(
        target.starts_with("/fhir/Patient?name=a%20b%7Cc%26d%2B%C3%A9%3D1&family=O"),
        "{target}"
    );
    assert!(
        target
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?&=%,".contains(&byte)),
        "{target}"
    );
    let pairs: Vec<_> = url::form_urlencoded::parse(target.split_once('?').unwrap().1.as_bytes())
        .into_owned()
        .collect();
    assert_eq!(pairs[0].1, "a b|c&d+é=1");
    assert_eq!(pairs[1].1, "O'Brien <x>,é");
}

#[test]
fn urls_are_utf8() {
    assert!(searched().ends_with(",%C3%A9"), "{}", searched());
}

#[test]
fn version_ids_are_opaque() {
    let serve = |seen: &Seen, out: &mut TcpStream| -> io::Result<()> {
        let version = if seen.method == "PUT" { "2-x" } else { "a9f3" };
        let body = format!(r#"{{"resourceType":"Patient","id":"1","meta":{{"versionId":"{version}"}}}}"#);
        let etag = format!("ETag: W/\"{version}\"");
        let headers = [
            "Content-Type: application/fhir+json",
            &etag,
            "Location: /fhir/Patient/1/_history/a9f3",
        ];
        let status = if seen.method == "POST" { "201 Created" } else { "200 OK" };
        answer(out, status, &headers, body.as_bytes())
    };
    let stub = Stub::claiming(serve);
    let steps = "      - create: Patient\n        body: { json: { resourceType: Patient } }\n        \
                 capture: { id: { location: id }, v1: { etag: version } }\n      - vread: Patient/${id}/_history/${v1}\n      \
                 - update: Patient/${id}\n        headers: { If-Match: 'W/\"${v1}\"' }\n        \
                 body: { json: { resourceType: Patient, id: '${id}' } }\n        capture: { v2: { fhirpath: meta.versionId } }\n      \
                 - vread: Patient/${id}/_history/${v2}\n";
    case(&stub.base(), steps);
    let seen = stub.seen();
    assert_eq!(
        target(&seen, "GET"),
        ["/fhir/Patient/1/_history/a9f3", "/fhir/Patient/1/_history/2-x"]
    );
    let update = seen.iter().find(|seen| seen.method == "PUT").unwrap();
    assert_eq!(update.header("if-match"), Some("W/\"a9f3\""));
}
