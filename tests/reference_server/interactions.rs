//! The reference server over a real socket: each interaction, and each refusal.
//! What concerns HTTP in general, and search, have files of their own.

use crate::api::Api;
use serde_json::{Value, json};

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
        ("/Patient/p", patient_at("p"), "Accept: application/fhir+turtle", 406),
        ("/Patient/a_b", patient_at("a_b"), "X: x", 400),
        ("/Patient/p/_history/1", patient_at("p"), "X: x", 405),
        ("/Patient/_history", patient_at("_history"), "X: x", 405),
        ("/Patient/_search", patient_at("_search"), "X: x", 405),
        ("/Patient?family=Lovelace", patient_at("q"), "X: x", 400),
        ("/Patient?nonsense=1", patient_at("p"), "X: x", 400),
        ("/Patient", patient_at("p"), "X: x", 405),
        ("/Nonsense/p", patient_at("p"), "X: x", 404),
        ("/Parameters/p", patient_at("p"), "X: x", 404),
    ] {
        api.put(path, &body, &[headers]).await.refused(status);
    }
    for (path, body, headers, status) in [
        ("/Patient", observation, "X: x", 400),
        ("/Patient", patient(), "If-None-Exist: nonsense=1", 400),
        ("/Nonsense", patient(), "X: x", 404),
        ("/patient", patient(), "X: x", 404),
        ("/Patient/p", patient(), "X: x", 405),
        ("/Patient/$nothing", patient(), "X: x", 404),
        ("", patient(), "X: x", 400),
        (
            "/",
            json!({ "resourceType": "Bundle", "type": "document" }),
            "X: x",
            400,
        ),
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
        "application/fhir+turtle",
        "application/fhir+json;fhirVersion=5.0",
    ] {
        let headers = [&*format!("Content-Type: {content_type}")];
        api.send("POST", "/Patient", &headers, Some(patient().to_string()))
            .await
            .refused(415);
    }
    for (method, path, status) in [
        ("PATCH", "/Patient/p", 415),
        ("PATCH", "/Patient", 405),
        ("BREW", "/Patient/p", 501),
        ("DELETE", "/Patient?nonsense=1", 400),
        ("DELETE", "/Person?family=Lovelace", 400),
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
        "/Patient/$no-such-operation",
        "/$x",
        "/Patient/aBc1/Medication",
        "/Observation/aBc1/*",
        "/Patient/aBc1/$meta-delete",
        "/Nonsense?_count=1",
        "/Nonsense/1",
        "//Patient",
        "/Patient/_none",
    ] {
        api.get(path).await.refused(404);
    }
    api.get(&format!("/Patient/{}", "a".repeat(65))).await.refused(404);
    api.get(&api.base().replace("/fhir", "/")).await.refused(404);
    api.get("?_type=Nonsense").await.refused(400);
    api.delete("?_id=aBc1").await.refused(405);
    api.get("/Patient/%FF").await.refused(400);
    assert_eq!(api.delete("/Patient/none").await.status, 204);
    api.get("/Patient/none").await.refused(404);
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
