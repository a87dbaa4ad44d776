//! Batches and transactions, and answers that come later.

use fhir_assay::fhir::FhirVersion;
use serde_json::{Value, json};

use crate::api::Api;

fn bundle(kind: &str, entries: &[Value]) -> Value {
    json!({ "resourceType": "Bundle", "type": kind, "entry": entries })
}

fn patient(family: &str) -> Value {
    json!({ "resourceType": "Patient", "name": [{ "family": family }] })
}

fn create(resource: &Value) -> Value {
    json!({ "resource": resource, "request": { "method": "POST", "url": "Patient" } })
}

#[tokio::test]
async fn bundles_are_taken_with_and_without_a_slash() {
    let api = Api::start().await;
    for path in ["", "/"] {
        for kind in ["batch", "transaction"] {
            let answer = api.post(path, &bundle(kind, &[create(&patient("A"))]), &[]).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(answer.body["type"], format!("{kind}-response"));
            let location = answer.body["entry"][0]["response"]["location"].as_str().unwrap();
            assert_eq!(api.get(location).await.status, 200);
        }
    }
    let mut typed = bundle("batch", &[]);
    typed["entry"] = json!({});
    api.post("", &typed, &[]).await.refused(400);
    api.send("POST", "", &["Content-Type: text/plain"], Some("x".into()))
        .await
        .refused(415);
    api.stop().await;
}

#[tokio::test]
async fn a_failed_transaction_is_one_outcome_and_leaves_nothing() {
    for release in FhirVersion::HTTP {
        let api = Api::of_release(release).await;
        let id = api.create(&patient("A")).await;
        let stale = json!({ "resource": { "resourceType": "Patient", "id": id },
            "request": { "method": "PUT", "url": format!("Patient/{id}"), "ifMatch": "W/\"99\"" } });
        let answer = api
            .post("", &bundle("transaction", &[create(&patient("B")), stale]), &[])
            .await;
        answer.refused(412);
        assert_eq!(api.get("/Patient").await.ids(), [id]);
        api.stop().await;
    }
}

#[tokio::test]
async fn nobody_sees_half_a_transaction() {
    let api = Api::start().await;
    let pair = bundle("transaction", &[create(&patient("A")), create(&patient("A"))]);
    let write = async {
        for _ in 0..20 {
            assert_eq!(api.post("", &pair, &[]).await.status, 200);
        }
    };
    let look = async {
        for _ in 0..40 {
            let total = api.get("/Patient?_summary=count").await.body["total"].as_u64().unwrap();
            assert_eq!(total % 2, 0, "both or none");
        }
    };
    tokio::join!(write, look);
    api.stop().await;
}

#[tokio::test]
async fn what_prefers_it_is_answered_later_from_r5_on() {
    let api = Api::of_release(FhirVersion::R5).await;
    let asked = api.get_with("/Patient", &["Prefer: respond-async"]).await;
    assert_eq!((asked.status, asked.text.as_str()), (202, ""));
    let place = asked.header("content-location").to_owned();
    let answer = api.get(&place).await;
    assert_eq!((answer.status, &answer.body["type"]), (200, &json!("batch-response")));
    assert_eq!(answer.body["entry"][0]["resource"]["type"], "searchset");
    assert_eq!(api.delete(&place).await.status, 202);
    api.get(&place).await.refused(404);
    // A failure is told at that place too, and /metadata is never late.
    let asked = api.get_with("/Patient/none", &["Prefer: respond-async"]).await;
    let answer = api.get(asked.header("content-location")).await;
    assert_eq!(answer.body["entry"][0]["response"]["status"], "404 Not Found");
    assert_eq!(api.get_with("/metadata", &["Prefer: respond-async"]).await.status, 200);
    api.stop().await;

    let api = Api::of_release(FhirVersion::R4).await;
    assert_eq!(api.get_with("/Patient", &["Prefer: respond-async"]).await.status, 200);
    api.stop().await;
}
