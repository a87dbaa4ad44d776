//! The reference server over a real socket: formats, conditions, subsets, HEAD, CORS and its CapabilityStatement.

use std::io::{Read, Write};

use crate::api::Api;
use fhir_assay::server::Options;
use serde_json::{Value, json};

fn patient() -> Value {
    json!({ "resourceType": "Patient", "active": true, "name": [{ "family": "Lovelace", "given": ["Ada"] }] })
}

fn patient_at(id: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id, "name": [{ "family": "Lovelace" }] })
}

#[tokio::test]
async fn a_read_is_conditional() {
    let api = Api::start().await;
    let put = api.put("/Patient/p", &patient_at("p"), &[]).await;
    let modified = put.header("last-modified");
    for (header, status) in [
        ("If-None-Match: W/\"1\"", 304),
        ("If-None-Match: W/\"0\"", 200),
        (&*format!("If-Modified-Since: {modified}"), 304),
        ("If-Modified-Since: Mon, 01 Jan 2001 00:00:00 GMT", 200),
        ("If-Modified-Since: nonsense", 200),
    ] {
        for path in ["/Patient/p", "/Patient/p/_history/1"] {
            let answer = api.get_with(path, &[header]).await;
            assert_eq!(
                (answer.status, answer.text.is_empty()),
                (status, status == 304),
                "{header}"
            );
            assert_eq!(
                (answer.header("etag"), answer.header("last-modified")),
                ("W/\"1\"", modified)
            );
        }
    }
    let again = api.put("/Patient/p", &patient_at("p"), &[]).await;
    // Even where both were written in one second, a change is never hidden.
    for header in ["If-None-Match: W/\"1\"", &format!("If-Modified-Since: {modified}")] {
        assert_eq!(api.get_with("/Patient/p", &[header]).await.body, again.body, "{header}");
    }
}

#[tokio::test]
async fn formats_are_negotiated() {
    let api = Api::start().await;
    api.put("/Patient/p", &patient_at("p"), &[]).await;
    for path in [
        "/Patient/p",
        "/Patient",
        "/metadata",
        "/Patient/p/_history",
        "/Patient/none",
    ] {
        let normally = api.get(path).await.status;
        for (accept, expected) in [
            ("application/fhir+json", "application/fhir+json"),
            ("application/json", "application/json"),
            ("*/*", "application/fhir+json"),
            ("application/fhir+xml;q=0.1, application/json;q=0.9", "application/json"),
            ("application/fhir+xml", "application/fhir+xml"),
            ("text/xml", "text/xml"),
            ("application/fhir+json; fhirVersion=4.0", "application/fhir+json"),
        ] {
            let answer = api.get_with(path, &[&format!("Accept: {accept}")]).await;
            assert_eq!(
                (answer.status, answer.media_type()),
                (normally, expected),
                "{path} {accept}"
            );
        }
    }
    for accept in [
        "application/x-nonsense",
        "application/fhir+turtle",
        "application/fhir+xml; fhirVersion=0.0",
    ] {
        api.get_with("/Patient/p", &[&format!("Accept: {accept}")])
            .await
            .refused(406);
    }
    for (format, status) in [
        ("json", 200),
        ("application/json", 200),
        ("application/fhir%2Bjson", 200),
        ("text/json", 200),
        ("xml", 200),
        ("text/xml", 200),
        ("ttl", 406),
    ] {
        let answer = api
            .get_with(
                &format!("/Patient/p?_format={format}"),
                &["Accept: application/fhir+turtle"],
            )
            .await;
        assert_eq!(answer.status, status, "{format}");
    }
    let created = api
        .post("/Patient?_format=json", &patient(), &["Accept: text/html"])
        .await;
    assert_eq!(created.status, 201);
    let deleted = api
        .send("DELETE", "/Patient/p", &["Accept: application/fhir+turtle"], None)
        .await;
    assert_eq!(deleted.status, 204);
}

#[tokio::test]
async fn the_statement_claims_what_is_done() {
    let api = Api::start().await;
    let answer = api.get("/metadata").await;
    assert_eq!(
        (answer.status, &answer.body["resourceType"], &answer.body["fhirVersion"]),
        (200, &json!("CapabilityStatement"), &json!("4.0.1"))
    );
    assert_eq!(answer.body["implementation"]["url"], api.base());
    assert_eq!(
        answer.header("etag"),
        api.get("/metadata?mode=full").await.header("etag")
    );
    let unchanged = api
        .get_with("/metadata", &[&format!("If-None-Match: {}", answer.header("etag"))])
        .await;
    assert_eq!(unchanged.status, 304);
    let terminology = api.get("/metadata?mode=terminology").await;
    assert_eq!(terminology.body["resourceType"], "TerminologyCapabilities");
    assert_ne!(terminology.header("etag"), answer.header("etag"));
    let part = api.get("/metadata?_elements=fhirVersion").await;
    assert!(
        part.body.get("rest").is_none()
            && part.body["fhirVersion"] == "4.0.1"
            && part.header("etag") != answer.header("etag")
    );
    api.get_with("/metadata", &["Accept: application/fhir+json; fhirVersion=5.0"])
        .await
        .refused(406);

    let rest = &answer.body["rest"][0];
    let resources = rest["resource"].as_array().unwrap();
    assert_eq!(resources.len(), 145, "all but Parameters");
    for resource in resources {
        let name = resource["type"].as_str().unwrap();
        assert_eq!(
            api.get(&format!("/{name}?_count=1")).await.ids(),
            Vec::<String>::new(),
            "{name}"
        );
        assert_eq!(api.delete(&format!("/{name}/x")).await.status, 204);
        // Every parameter that is claimed is known: with strict handling nothing else is accepted.
        for parameter in resource["searchParam"]
            .as_array()
            .into_iter()
            .chain(rest["searchParam"].as_array())
            .flatten()
        {
            let parameter = parameter["name"].as_str().unwrap();
            let strict = api
                .get_with(
                    &format!("/{name}?{parameter}:missing=true"),
                    &["Prefer: handling=strict"],
                )
                .await;
            assert_eq!(strict.status, 200, "{name}.{parameter}: {}", strict.text);
        }
    }
    assert_eq!(api.get("/metadata").await.body, answer.body);
    let other = json!({ "resourceType": "CapabilityStatement", "status": "draft", "date": "2020", "kind": "requirements",
        "fhirVersion": "4.0.1", "format": ["json"] });
    api.create(&other).await;
    assert_eq!(
        api.get("/metadata").await.body,
        answer.body,
        "what is stored does not change it"
    );
}

#[tokio::test]
async fn subsets_are_tagged() {
    let api = Api::start().await;
    let mut ada = patient();
    ada["text"] = json!({ "status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">Ada</div>" });
    let id = api.create(&ada).await;
    let whole = api.get(&format!("/Patient/{id}")).await.body;
    for (query, missing, kept) in [
        ("_summary=text", "name", "text"),
        ("_summary=data", "text", "name"),
        ("_summary=true", "text", "name"),
        ("_elements=name", "text", "name"),
    ] {
        let part = api.get(&format!("/Patient/{id}?{query}")).await;
        assert_eq!(part.status, 200);
        assert!(
            part.body.get(missing).is_none() && part.body[kept] == whole[kept],
            "{query}: {}",
            part.text
        );
        assert_eq!(part.body["meta"]["tag"][0]["code"], "SUBSETTED");
        let found = api.get(&format!("/Patient?_id={id}&{query}")).await;
        assert_eq!(found.body["entry"][0]["resource"], part.body);
        let back = api.put(&format!("/Patient/{id}"), &part.body, &[]).await;
        back.refused(422);
    }
    for query in ["_summary=false", "_summary=count", "_pretty=true"] {
        assert_eq!(api.get(&format!("/Patient/{id}?{query}")).await.body, whole, "{query}");
    }
    api.get(&format!("/Patient/{id}?_summary=some")).await.refused(400);
}

#[tokio::test]
async fn browsers_are_let_in_and_requests_keep_their_ids() {
    let api = Api::start().await;
    api.put("/Patient/p", &patient_at("p"), &[]).await;
    let preflight = [
        "Origin: https://app.example",
        "Access-Control-Request-Method: PUT",
        "Access-Control-Request-Headers: if-match",
    ];
    let answer = api.send("OPTIONS", "/Patient/p", &preflight, None).await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (204, "*")
    );
    assert!(answer.header("access-control-allow-methods").contains("PUT"));
    assert_eq!(answer.header("access-control-allow-headers"), "if-match");
    let simple = api
        .get_with(
            "/Patient/p",
            &[
                "Origin: https://app.example",
                "X-Request-Id: t-123",
                "X-Intermediary: test.example",
            ],
        )
        .await;
    assert_eq!(
        (
            simple.header("access-control-allow-origin"),
            simple.header("x-request-id")
        ),
        ("*", "t-123")
    );
    for header in ["ETag", "Location", "Last-Modified"] {
        assert!(simple.header("access-control-expose-headers").contains(header));
    }
    let unknown = api.get("/Patient/none").await;
    assert!(!unknown.header("x-request-id").is_empty() && unknown.header("access-control-allow-origin") == "*");
    assert_eq!(
        api.send("OPTIONS", "/Patient/p", &[], None).await.header("allow"),
        "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"
    );
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let api = Api::start().await;
    api.put("/Patient/p", &patient_at("p"), &[]).await;
    api.put("/Patient/d", &patient_at("d"), &[]).await;
    api.delete("/Patient/d").await;
    for path in [
        "/Patient/p",
        "/Patient/p/_history/1",
        "/Patient/p/_history/9",
        "/Patient/p/_history",
        "/Patient",
        "/metadata",
        "/Patient/none",
        "/Patient/d",
    ] {
        let (get, head) = (api.get(path).await, api.send("HEAD", path, &[], None).await);
        assert_eq!((get.status, head.text.as_str()), (head.status, ""), "{path}");
        for header in ["etag", "last-modified", "content-type", "content-length"] {
            assert_eq!(get.header(header), head.header(header), "{path} {header}");
        }
        assert_eq!(head.header("content-length"), get.text.len().to_string());
    }
    let address = api.server().address();
    let raw = tokio::task::spawn_blocking(move || {
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        write!(
            socket,
            "HEAD /fhir/Patient/p HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).unwrap();
        text
    });
    assert!(raw.await.unwrap().ends_with("\r\n\r\n"), "nothing follows the headers");
}

#[tokio::test]
async fn too_large_bodies_are_refused() {
    let api = Api::start_with(Options {
        body_limit: 10_000,
        ..Options::default()
    })
    .await;
    for size in [10_001, 50_000, 200_000] {
        let body = "x".repeat(size);
        api.send("POST", "/Patient", &["Content-Type: application/fhir+json"], Some(body))
            .await
            .refused(413);
    }
    assert_eq!(
        api.post("/Patient", &patient(), &[]).await.status,
        201,
        "and the server goes on"
    );
}

#[tokio::test]
async fn http2_is_spoken_as_well() {
    let api = Api::start().await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let response = client.get(format!("{}/metadata", api.base())).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.version()),
        (200, reqwest::Version::HTTP_2)
    );
    let statement: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(statement["implementation"]["url"], api.base());
}

#[tokio::test]
async fn starting_is_quick_and_stopping_ends() {
    let before = std::time::Instant::now();
    let api = Api::start().await;
    // Most of this is the client's TLS roots; the server itself loads nothing.
    assert!(before.elapsed().as_secs() < 30);
    let base = api.base().to_owned();
    assert_eq!(api.get("/metadata").await.status, 200);
    api.stop().await;
    assert!(reqwest::get(format!("{base}/metadata")).await.is_err());
}
