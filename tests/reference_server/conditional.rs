//! Conditional create, update and delete of the reference server, over a real socket (`http.html#ccreate`,
//! `http.html#cond-update`, `http.html#cdelete`).

use serde_json::{Value, json};

use crate::api::Api;

fn named(resource_type: &str, value: &str) -> Value {
    json!({ "resourceType": resource_type, "identifier": [{ "system": "urn:s", "value": value }] })
}

#[tokio::test]
async fn a_conditional_create_makes_no_duplicate() {
    let api = Api::start().await;
    let condition = "If-None-Exist: identifier=urn:s%7Ca";
    let first = api.post("/Patient", &named("Patient", "a"), &[condition]).await;
    assert_eq!(first.status, 201);
    let again = api.post("/Patient", &named("Patient", "a"), &[condition]).await;
    assert_eq!(
        (again.status, again.header("etag"), &again.body),
        (200, "W/\"1\"", &first.body)
    );
    assert_eq!(again.header("location"), first.header("location"));
    let minimal = api
        .post(
            "/Patient",
            &named("Patient", "a"),
            &[condition, "Prefer: return=minimal"],
        )
        .await;
    assert_eq!(
        (minimal.status, minimal.text.as_str(), minimal.header("etag")),
        (200, "", "W/\"1\"")
    );
    let by_id = format!("If-None-Exist: _id={}", first.id());
    assert_eq!(
        api.post("/Patient", &named("Patient", "b"), &[&by_id]).await.status,
        200
    );

    api.post("/Patient", &named("Patient", "a"), &[]).await;
    for (condition, status) in [
        (condition, 412),
        ("If-None-Exist: nonsense=a", 400),
        ("If-None-Exist: ?identifier=a", 400),
        ("If-None-Exist: _format=json", 400),
        ("If-None-Exist: birthdate=x", 400),
    ] {
        api.post("/Patient", &named("Patient", "a"), &[condition])
            .await
            .refused(status);
    }
    api.post("/Person", &named("Person", "a"), &[condition])
        .await
        .refused(400);
    assert_eq!(api.get("/Patient").await.body["total"], 2);
    assert_eq!(api.get("/Person").await.body["total"], 0);
}

#[tokio::test]
async fn concurrent_conditional_creates_make_one_resource() {
    let api = Api::start().await;
    let body = named("Patient", "a");
    let posts = (0..16).map(|_| api.post("/Patient", &body, &["If-None-Exist: identifier=a"]));
    let answers = futures_util::future::join_all(posts).await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(
        (created, answers.iter().filter(|answer| answer.status == 200).count()),
        (1, 15)
    );
    let puts = (0..16).map(|_| api.put("/Patient?identifier=b", &body, &[]));
    let answers = futures_util::future::join_all(puts).await;
    // What is stored has the identifier a, so each of them creates.
    assert!(answers.iter().all(|answer| answer.status == 201));
    assert_eq!(api.get("/Patient?identifier=a").await.body["total"], 17);
}

#[tokio::test]
async fn a_conditional_update_means_what_the_search_finds() {
    let api = Api::start().await;
    let url = "/Patient?identifier=urn:s%7Ca";
    let created = api.put(url, &named("Patient", "a"), &[]).await;
    let id = created.id();
    assert_eq!(created.status, 201);
    assert_eq!(
        created.header("location"),
        format!("{}/Patient/{id}/_history/1", api.base())
    );
    let mut changed = named("Patient", "a");
    changed["active"] = json!(true);
    let updated = api.put(url, &changed, &[]).await;
    assert_eq!(
        (updated.status, updated.id(), updated.header("etag")),
        (200, id.clone(), "W/\"2\"")
    );
    changed["id"] = json!(id);
    assert_eq!(api.put(url, &changed, &[]).await.status, 200);
    assert_eq!(api.put(&format!("/Patient?_id={id}"), &changed, &[]).await.status, 200);
    let stale = api.put(url, &changed, &["If-Match: W/\"1\""]).await;
    stale.refused(412);
    changed["id"] = json!("other");
    api.put(url, &changed, &[]).await.refused(400);
    api.get("/Patient/other").await.refused(404);

    let fresh = api.put("/Patient?identifier=b", &changed, &[]).await;
    assert_eq!((fresh.status, fresh.id().as_str()), (201, "other"));
    api.put("/Patient?identifier=b", &changed, &[]).await.refused(409);
    api.put(url, &named("Patient", "a"), &[]).await.refused(412);
    changed["id"] = json!("a_b");
    api.put("/Patient?identifier=b", &changed, &[]).await.refused(400);
    api.put("/Person?identifier=a", &named("Person", "a"), &[])
        .await
        .refused(400);
    assert_eq!(api.get(&format!("/Patient/{id}")).await.header("etag"), "W/\"4\"");
    assert_eq!(api.get("/Patient/other").await.header("etag"), "W/\"1\"");
    assert_eq!(api.get("/Patient").await.body["total"], 2);
}

#[tokio::test]
async fn a_conditional_delete_means_what_the_search_finds() {
    let api = Api::start().await;
    for (resource_type, value) in [
        ("Patient", "a"),
        ("Patient", "b"),
        ("Patient", "b"),
        ("Practitioner", "c"),
    ] {
        api.post(&format!("/{resource_type}"), &named(resource_type, value), &[])
            .await;
    }
    let delete = async |url: &str, header: &str| api.send("DELETE", url, &[header], None).await;
    assert_eq!(delete("/Patient?identifier=none", "X: x").await.status, 204);
    delete("/Patient?identifier=b", "X: x").await.refused(412);
    delete("/Patient?identifier=a", "If-Match: W/\"9\"").await.refused(412);
    delete("/Patient?identifier=a&nonsense=1", "X: x").await.refused(400);
    delete("/Person?identifier=a", "X: x").await.refused(400);
    assert_eq!(api.get("/Patient").await.body["total"], 3);
    let one = delete("/Patient/?identifier=a", "Prefer: return=OperationOutcome").await;
    assert_eq!((one.status, one.header("etag")), (200, "W/\"2\""));
    assert_eq!(one.body["resourceType"], "OperationOutcome");
    assert_eq!(api.get("/Patient").await.body["total"], 2);

    for _ in 0..120 {
        api.post("/Practitioner", &named("Practitioner", "d"), &[]).await;
    }
    delete("/Practitioner?identifier=d", "If-Match: W/\"9\"")
        .await
        .refused(412);
    assert_eq!(delete("/Practitioner?identifier=d", "X: x").await.status, 204);
    assert_eq!(api.get("/Practitioner").await.body["total"], 1);
}
