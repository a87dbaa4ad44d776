//! Patch and the removal of past versions on the reference server, over a real socket (`http.html#patch`,
//! `http.html#delete-history`).

use serde_json::{Value, json};

use crate::api::{Answer, Api};

const JSON: &str = "Content-Type: application/json-patch+json";
const FHIR: &str = "Content-Type: application/fhir+json";

fn patient(id: &str) -> Value {
    json!({
        "resourceType": "Patient", "id": id, "identifier": [{ "value": "a" }], "active": true,
        "text": { "status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">Lovelace</div>" },
        "name": [{ "family": "Lovelace", "given": ["Ada"] }]
    })
}

fn family(to: &str) -> Value {
    json!([{ "op": "replace", "path": "/name/0/family", "value": to }])
}

async fn patch(api: &Api, path: &str, headers: &[&str], body: &Value) -> Answer {
    api.send("PATCH", path, headers, Some(body.to_string())).await
}

#[tokio::test]
async fn a_patch_makes_a_version() {
    let api = Api::start().await;
    api.put("/Patient/p", &patient("p"), &[]).await;
    let patched = patch(&api, "/Patient/p", &[JSON], &family("King")).await;
    assert_eq!((patched.status, patched.header("etag")), (200, "W/\"2\""));
    assert_eq!(patched.body["name"][0], json!({ "family": "King", "given": ["Ada"] }));
    assert_eq!(
        patched.body.get("text"),
        None,
        "what was generated is not true any more"
    );
    assert_eq!(api.get("/Patient/p").await.body, patched.body);
    assert_eq!(
        api.get("/Patient/p/_history/1").await.body["name"][0]["family"],
        "Lovelace"
    );

    let parameters = json!({ "resourceType": "Parameters", "parameter": [{ "name": "operation", "part": [
        { "name": "type", "valueCode": "replace" },
        { "name": "path", "valueString": "Patient.name.given.where($this = 'Ada')" },
        { "name": "value", "valueString": "Augusta" },
    ] }] });
    let minimal = patch(
        &api,
        "/Patient/p",
        &[FHIR, "Prefer: return=minimal", "If-Match: W/\"2\""],
        &parameters,
    )
    .await;
    assert_eq!(
        (minimal.status, minimal.text.as_str(), minimal.header("etag")),
        (200, "", "W/\"3\"")
    );
    assert_eq!(api.get("/Patient/p").await.body["name"][0]["given"], json!(["Augusta"]));
    let history = api.get("/Patient/p/_history").await.body;
    assert_eq!(
        history["entry"][0]["request"],
        json!({ "method": "PUT", "url": "Patient/p" })
    );
    let options = api.send("OPTIONS", "/Patient/p", &[], None).await;
    assert_eq!(
        options.header("accept-patch"),
        "application/json-patch+json, application/fhir+json, application/fhir+xml"
    );
}

#[tokio::test]
async fn a_refused_patch_changes_nothing() {
    let api = Api::start().await;
    for id in ["p", "q", "deleted"] {
        api.put(&format!("/Patient/{id}"), &patient(id), &[]).await;
    }
    api.delete("/Patient/deleted").await;
    let half = json!([
        { "op": "replace", "path": "/name/0/family", "value": "King" },
        { "op": "remove", "path": "/name/0/nonsense" },
    ]);
    let other = json!([{ "op": "replace", "path": "/name/0/family", "value": "King" },
        { "op": "test", "path": "/active", "value": false }]);
    for (path, headers, body, status) in [
        ("/Patient/p", vec![JSON], half, 422),
        ("/Patient/p", vec![JSON], other, 422),
        (
            "/Patient/p",
            vec![JSON],
            json!([{ "op": "add", "path": "/nonsense", "value": 1 }]),
            422,
        ),
        (
            "/Patient/p",
            vec![JSON],
            json!([{ "op": "replace", "path": "/id", "value": "q" }]),
            422,
        ),
        ("/Patient/p", vec![JSON], json!({}), 400),
        ("/Patient/p", vec![FHIR], patient("p"), 400),
        ("/Patient/p", vec![FHIR], json!({ "resourceType": "Parameters" }), 400),
        (
            "/Patient/p",
            vec!["Content-Type: application/merge-patch+json"],
            json!({ "active": false }),
            415,
        ),
        (
            "/Patient/p",
            vec!["Content-Type: application/xml-patch+xml"],
            json!({}),
            415,
        ),
        ("/Patient/p", vec![JSON, "If-Match: W/\"9\""], family("King"), 412),
        ("/Patient/p", vec![JSON, "If-Match: 9"], family("King"), 400),
        ("/Patient/none", vec![JSON], family("King"), 404),
        ("/Patient/deleted", vec![JSON], family("King"), 404),
        ("/Patient?identifier=none", vec![JSON], family("King"), 404),
        ("/Patient?identifier=a", vec![JSON], family("King"), 412),
        ("/Patient?nonsense=a", vec![JSON], family("King"), 400),
        ("/Person?identifier=a", vec![JSON], family("King"), 400),
        ("/Patient", vec![JSON], family("King"), 405),
        ("/Binary/p", vec![JSON], family("King"), 405),
    ] {
        patch(&api, path, &headers, &body).await.refused(status);
    }
    for id in ["p", "q"] {
        let read = api.get(&format!("/Patient/{id}")).await;
        assert_eq!(
            (read.header("etag"), &read.body["name"]),
            ("W/\"1\"", &patient(id)["name"])
        );
    }
    assert_eq!(api.get("/Patient").await.body["total"], 2);
}

#[tokio::test]
async fn a_conditional_patch_means_what_the_search_finds() {
    let api = Api::start().await;
    api.put("/Patient/p", &patient("p"), &[]).await;
    let patched = patch(&api, "/Patient?identifier=a", &[JSON], &family("King")).await;
    assert_eq!(
        (patched.status, patched.id().as_str(), patched.header("etag")),
        (200, "p", "W/\"2\"")
    );
    let stale = patch(
        &api,
        "/Patient?identifier=a",
        &[JSON, "If-Match: W/\"1\""],
        &family("Byron"),
    )
    .await;
    stale.refused(412);
    assert_eq!(api.get("/Patient/p").await.body["name"][0]["family"], "King");
}

#[tokio::test]
async fn concurrent_patches_lose_nothing() {
    let api = Api::start().await;
    api.put("/Patient/p", &patient("p"), &[]).await;
    let body = json!([{ "op": "add", "path": "/name/0/given/-", "value": "x" }]);
    let patches = (0..20).map(|_| patch(&api, "/Patient/p", &[JSON], &body));
    let answers = futures_util::future::join_all(patches).await;
    let mut etags: Vec<_> = answers.iter().map(|answer| answer.header("etag").to_owned()).collect();
    etags.sort();
    etags.dedup();
    assert_eq!(etags.len(), 20);
    let given = &api.get("/Patient/p").await.body["name"][0]["given"];
    assert_eq!(given.as_array().unwrap().len(), 21);
}
