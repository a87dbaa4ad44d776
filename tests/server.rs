//! The reference server over a real socket: each interaction, and each refusal. Search has a file of its own.

mod server_api;

use std::io::{Read, Write};

use fhir_assay::server::Options;
use serde_json::{Value, json};
use server_api::Api;

fn patient() -> Value {
    json!({ "resourceType": "Patient", "active": true, "name": [{ "family": "Lovelace", "given": ["Ada"] }] })
}

fn patient_at(id: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id, "name": [{ "family": "Lovelace" }] })
}

#[tokio::test]
async fn the_life_of_a_patient() {
    let api = Api::start().await;
    let created = api.post("/Patient", &patient(), &[]).await;
    let (id, v1) = (created.id(), "W/\"1\"");
    assert_eq!((created.status, created.header("etag")), (201, v1));
    assert_eq!(
        created.header("location"),
        format!("{}/Patient/{id}/_history/1", api.base())
    );

    let read = api.get(&format!("/Patient/{id}")).await;
    assert_eq!((read.status, read.header("etag"), &read.body), (200, v1, &created.body));
    assert_eq!(read.header("last-modified"), created.header("last-modified"));
    assert_eq!(read.header("content-type"), "application/fhir+json;charset=utf-8");
    assert!(!read.header("date").is_empty());

    let mut changed = read.body.clone();
    changed["active"] = json!(false);
    let updated = api
        .put(&format!("/Patient/{id}"), &changed, &[&format!("If-Match: {v1}")])
        .await;
    assert_eq!(
        (updated.status, updated.header("etag"), &updated.body["active"]),
        (200, "W/\"2\"", &json!(false))
    );
    api.put(&format!("/Patient/{id}"), &changed, &[&format!("If-Match: {v1}")])
        .await
        .refused(412);
    assert_eq!(api.get(&format!("/Patient/{id}")).await.header("etag"), "W/\"2\"");

    let deleted = api.delete(&format!("/Patient/{id}")).await;
    assert_eq!(
        (deleted.status, deleted.text.as_str(), deleted.header("etag")),
        (204, "", "W/\"3\"")
    );
    let gone = api.get(&format!("/Patient/{id}")).await;
    gone.refused(410);
    assert_eq!(gone.header("etag"), "W/\"3\"");
    assert_eq!(api.delete(&format!("/Patient/{id}")).await.status, 204);
    api.get(&format!("/Patient/{id}/_history/3")).await.refused(410);
    assert_eq!(api.get(&format!("/Patient/{id}/_history/1")).await.body["active"], true);

    let revived = api
        .put(&format!("/Patient/{id}"), &changed, &["If-Match: W/\"3\""])
        .await;
    assert_eq!((revived.status, revived.header("etag")), (201, "W/\"4\""));
    assert!(revived.header("location").ends_with("/_history/4"));
    api.stop().await;
}

#[tokio::test]
async fn what_the_server_sets_the_client_cannot() {
    let api = Api::start().await;
    let mut sent = patient_at("mine");
    sent["meta"] =
        json!({ "versionId": "bogus-99", "lastUpdated": "2001-01-01T00:00:00Z", "tag": [{ "code": "kept" }] });
    let created = api.post("/Patient", &sent, &["Prefer: return=representation"]).await;
    assert_ne!(created.id(), "mine");
    api.get("/Patient/mine").await.refused(404);
    let put = api.put("/Patient/mine", &sent, &[]).await;
    for answer in [created, put] {
        assert_eq!(answer.status, 201);
        assert_eq!(answer.body["meta"]["versionId"], "1");
        assert!(answer.body["meta"]["lastUpdated"].as_str().unwrap() > "2024");
        assert_eq!(answer.body["meta"]["tag"], sent["meta"]["tag"]);
    }
    let twice = [api.create(&patient()).await, api.create(&patient()).await];
    assert_ne!(twice[0], twice[1]);
}

#[tokio::test]
async fn content_comes_back_as_it_was_sent() {
    let api = Api::start().await;
    let text =
        r#"{"resourceType":"Observation","status":"final","code":{"text":"ä€😀"},"valueQuantity":{"value":1.50}}"#;
    let headers = ["Content-Type: application/fhir+json;charset=UTF-8"];
    let created = api.send("POST", "/Observation", &headers, Some(text.to_owned())).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let end = text.split_once(',').unwrap().1;
    assert!(created.text.ends_with(end), "{}", created.text);
    let pretty = api.get(&format!("/Observation/{}?_pretty=true", created.id())).await;
    assert_eq!((&pretty.body, pretty.text.contains("\n  ")), (&created.body, true));
}

#[tokio::test]
async fn preferences_choose_the_body_of_a_success() {
    let api = Api::start().await;
    for (preference, expected) in [
        ("return=minimal", ""),
        ("return=representation", "Patient"),
        ("return=OperationOutcome", "OperationOutcome"),
        ("handling=strict", "Patient"),
    ] {
        let prefer = format!("Prefer: {preference}");
        let created = api.post("/Patient", &patient(), &[&prefer]).await;
        let updated = api.put("/Patient/p", &patient_at("p"), &[&prefer]).await;
        for answer in [created, updated] {
            assert!(!answer.header("etag").is_empty() && !answer.header("last-modified").is_empty());
            assert_eq!(
                answer.body["resourceType"].as_str().unwrap_or_default(),
                expected,
                "{preference}"
            );
            assert_eq!(answer.text.is_empty(), expected.is_empty());
        }
        api.put("/Patient/p", &patient_at("q"), &[&prefer]).await.refused(400);
    }
    let deleted = api
        .send("DELETE", "/Patient/p", &["Prefer: return=OperationOutcome"], None)
        .await;
    assert_eq!(
        (deleted.status, &deleted.body["issue"][0]["severity"]),
        (200, &json!("information"))
    );
}

#[tokio::test]
async fn refused_writes_change_nothing() {
    let api = Api::start().await;
    api.put("/Patient/p", &patient_at("p"), &[]).await;
    let observation = json!({ "resourceType": "Observation", "id": "p", "status": "final", "code": { "text": "x" } });
    let wrong = json!({ "resourceType": "Patient", "id": "p", "birthDate": "not-a-date" });
    let unknown = json!({ "resourceType": "Patient", "id": "p", "nme": [{}] });
    for (path, body, headers, status) in [
        ("/Patient/p", patient(), "X: x", 400),
        ("/Patient/p", patient_at("q"), "X: x", 400),
        ("/Patient/p", observation.clone(), "X: x", 400),
        ("/Patient/p", wrong, "X: x", 400),
        ("/Patient/p", unknown, "X: x", 400),
        ("/Patient/p", patient_at("p"), "If-Match: W/\"no-such\"", 412),
        ("/Patient/p", patient_at("p"), "If-Match: 1", 400),
        ("/Patient/p", patient_at("p"), "If-None-Match: *", 412),
        ("/Patient/q", patient_at("q"), "If-Match: W/\"1\"", 412),
        ("/Patient/p", patient_at("p"), "Accept: application/fhir+xml", 406),
        ("/Patient/a_b", patient_at("a_b"), "X: x", 400),
        ("/Patient/p/_history/1", patient_at("p"), "X: x", 405),
        ("/Patient/_history", patient_at("_history"), "X: x", 404),
        ("/Patient/_search", patient_at("_search"), "X: x", 405),
        ("/Patient?family=Lovelace", patient_at("p"), "X: x", 400),
        ("/Patient", patient_at("p"), "X: x", 405),
        ("/Nonsense/p", patient_at("p"), "X: x", 404),
        ("/Parameters/p", patient_at("p"), "X: x", 404),
    ] {
        api.put(path, &body, &[headers]).await.refused(status);
    }
    for (path, body, headers, status) in [
        ("/Patient", observation, "X: x", 400),
        ("/Patient", patient(), "If-None-Exist: family=Lovelace", 400),
        ("/Nonsense", patient(), "X: x", 404),
        ("/patient", patient(), "X: x", 404),
        ("/Patient/p", patient(), "X: x", 405),
        ("/Patient/$validate", patient(), "X: x", 404),
        (
            "",
            json!({ "resourceType": "Bundle", "type": "transaction" }),
            "X: x",
            405,
        ),
        ("/", json!({ "resourceType": "Bundle", "type": "batch" }), "X: x", 405),
        ("/metadata", patient(), "X: x", 405),
    ] {
        let answer = api.post(path, &body, &[headers]).await;
        answer.refused(status);
        assert_eq!(
            answer.header("allow").is_empty(),
            status != 405,
            "405 tells what is allowed"
        );
    }
    for body in [
        "",
        "{\"resourceType\":\"Patient\"",
        "[]",
        "null",
        "{\"resourceType\":\"Patient\",\"id\":\"p\",\"id\":\"p\"}",
    ] {
        let headers = ["Content-Type: application/fhir+json"];
        api.send("PUT", "/Patient/p", &headers, Some(body.to_owned()))
            .await
            .refused(400);
        api.send("POST", "/Patient", &headers, Some(body.to_owned()))
            .await
            .refused(400);
    }
    for content_type in [
        "text/plain",
        "application/fhir+xml",
        "application/fhir+json;fhirVersion=5.0",
    ] {
        let headers = [&*format!("Content-Type: {content_type}")];
        api.send("POST", "/Patient", &headers, Some(patient().to_string()))
            .await
            .refused(415);
    }
    for (method, path, status) in [
        ("PATCH", "/Patient/p", 405),
        ("PATCH", "/Patient?family=Lovelace", 405),
        ("BREW", "/Patient/p", 501),
        ("DELETE", "/Patient?family=Lovelace", 400),
        ("DELETE", "/Patient", 405),
        ("DELETE", "/Patient/p/_history/1", 405),
        ("DELETE", "/Nonsense/p", 404),
        ("DELETE", "/metadata", 405),
    ] {
        api.send(method, path, &[], None).await.refused(status);
    }
    api.send("DELETE", "/Patient/p", &["If-Match: W/\"9\""], None)
        .await
        .refused(412);
    assert_eq!(api.get("/Patient/p").await.header("etag"), "W/\"1\"");
    assert_eq!(api.get("/Patient").await.body["total"], 1);
    assert_eq!(api.get("/Observation").await.body["total"], 0);
}

#[tokio::test]
async fn unknown_things_are_told_apart() {
    let api = Api::start().await;
    api.put("/Patient/aBc1", &patient_at("aBc1"), &[]).await;
    for path in [
        "/Patient/AbC1",
        "/patient/aBc1",
        "/Patient/none",
        "/Patient/a%20b",
        "/Patient/none/_history",
        "/Patient/none/_history/1",
        "/Patient/aBc1/_history/no-such-version",
        "/Patient/_history",
        "/_history",
        "/Patient/$no-such-operation",
        "/$x",
        "/Patient/aBc1/Observation",
        "/Patient/aBc1/*",
        "/Nonsense?_count=1",
        "/Nonsense/1",
        "//Patient",
        "/Patient/_none",
    ] {
        api.get(path).await.refused(404);
    }
    api.get(&format!("/Patient/{}", "a".repeat(65))).await.refused(404);
    api.get(&api.base().replace("/fhir", "/")).await.refused(404);
    api.get("?_type=Patient").await.refused(405);
    api.get("/Patient/%FF").await.refused(400);
    assert_eq!(api.delete("/Patient/none").await.status, 204);
    api.get("/Patient/none").await.refused(404);
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
    api.put("/Patient/p", &patient_at("p"), &[]).await;
    assert_eq!(
        api.get_with("/Patient/p", &["If-None-Match: W/\"1\""]).await.status,
        200
    );
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
            ("application/fhir+xml;q=0.9, application/json;q=0.1", "application/json"),
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
        "application/fhir+xml",
        "application/fhir+json; fhirVersion=0.0",
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
        ("xml", 406),
        ("ttl", 406),
    ] {
        let answer = api
            .get_with(
                &format!("/Patient/p?_format={format}"),
                &["Accept: application/fhir+xml"],
            )
            .await;
        assert_eq!(answer.status, status, "{format}");
    }
    let created = api
        .post("/Patient?_format=json", &patient(), &["Accept: text/html"])
        .await;
    assert_eq!(created.status, 201);
    let deleted = api
        .send("DELETE", "/Patient/p", &["Accept: application/fhir+xml"], None)
        .await;
    assert_eq!(deleted.status, 204);
}

#[tokio::test]
async fn history_tells_all_versions() {
    let api = Api::start().await;
    let id = api.create(&patient()).await;
    for _ in 0..3 {
        api.put(&format!("/Patient/{id}"), &patient_at(&id), &[]).await;
    }
    api.delete(&format!("/Patient/{id}")).await;
    api.put(&format!("/Patient/{id}"), &patient_at("other"), &[])
        .await
        .refused(400);
    let url = format!("/Patient/{id}/_history");
    let all = api.get(&url).await;
    assert_eq!((&all.body["type"], &all.body["total"]), (&json!("history"), &json!(5)));
    let entries = all.body["entry"].as_array().unwrap();
    let told: Vec<_> = entries
        .iter()
        .map(|entry| format!("{} {}", entry["request"]["method"], entry["response"]["etag"]))
        .collect();
    assert_eq!(
        told.join(" "),
        r#""DELETE" "W/\"5\"" "PUT" "W/\"4\"" "PUT" "W/\"3\"" "PUT" "W/\"2\"" "POST" "W/\"1\"""#
    );
    assert_eq!(
        (&entries[4]["request"]["url"], &entries[0]["request"]["url"]),
        (&json!("Patient"), &json!(format!("Patient/{id}")))
    );
    assert!(entries[0].get("resource").is_none());
    for entry in &entries[1..] {
        assert_eq!(
            entry["response"]["lastModified"],
            entry["resource"]["meta"]["lastUpdated"]
        );
        assert_eq!(entry["fullUrl"], format!("{}/Patient/{id}", api.base()));
    }

    let (mut page, mut seen, mut pages) = (Some(format!("{}{url}?_count=2", api.base())), Vec::new(), 0);
    while let Some(next) = page {
        let answer = api.get(&next).await;
        // What happens meanwhile does not disturb the pages.
        api.put(&format!("/Patient/{id}"), &patient_at(&id), &[]).await;
        let entries = answer.body["entry"].as_array().unwrap();
        assert!(entries.len() <= 2 && answer.link("self").is_some());
        seen.extend(entries.iter().map(|entry| entry["response"]["etag"].clone()));
        page = answer.link("next");
        pages += 1;
    }
    assert_eq!((seen.len(), pages), (5, 3));

    let since = entries[2]["response"]["lastModified"].as_str().unwrap();
    let some = api.get(&format!("{url}?_since={since}&_count=100")).await;
    let times: Vec<_> = some.body["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["response"]["lastModified"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        times.len() >= 3 && times.iter().all(|time| time.as_str() >= since),
        "{times:?}"
    );
    assert_eq!(api.get(&format!("{url}?_at={}", &since[..10])).await.body["total"], 8);
    assert_eq!(api.get(&format!("{url}?_at=2001")).await.body.get("entry"), None);
    assert_eq!(
        api.get(&format!("{url}?_summary=true")).await.body["entry"][1]["resource"]["meta"]["tag"],
        Value::Null
    );
    for wrong in [
        "_count=-1",
        "_since=gt2020",
        "_since=2024",
        "_at=soon",
        "_since=2024-01-01T00:00:00Z&_since=2024-01-01T00:00:00Z",
        "_page=x",
    ] {
        api.get(&format!("{url}?{wrong}")).await.refused(400);
    }
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
        "GET, HEAD, PUT, DELETE, OPTIONS"
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
async fn one_of_two_updates_at_once_wins() {
    let api = Api::start().await;
    api.put("/Patient/p", &patient_at("p"), &[]).await;
    for round in 1..=20 {
        let tag = format!("If-Match: W/\"{round}\"");
        let (patient, headers) = (patient_at("p"), [tag.as_str()]);
        let (a, b) = tokio::join!(
            api.put("/Patient/p", &patient, &headers),
            api.put("/Patient/p", &patient, &headers)
        );
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "round {round}");
    }
    assert_eq!(api.get("/Patient/p").await.header("etag"), "W/\"21\"");
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
async fn starting_is_quick_and_stopping_ends() {
    let before = std::time::Instant::now();
    let api = Api::start().await;
    // Most of this is the client's TLS roots; the server itself loads nothing.
    assert!(before.elapsed().as_millis() < 1000);
    let base = api.base().to_owned();
    assert_eq!(api.get("/metadata").await.status, 200);
    api.stop().await;
    assert!(reqwest::get(format!("{base}/metadata")).await.is_err());
}
