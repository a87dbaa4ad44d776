//! The server of every release, with defects, and as other servers are.

use fhir_assay::FhirVersion;
use fhir_assay::server::{Mutant, Options, Variant};
use serde_json::json;

use crate::api::Api;

#[tokio::test]
async fn every_release_tells_its_number_and_has_its_own_types() {
    for (release, number, other, only_here) in [
        (FhirVersion::R4, "4.0.1", "5.0", "Media"),
        (FhirVersion::R4B, "4.3.0", "4.0", "NutritionProduct"),
        (FhirVersion::R5, "5.0.0", "4.0", "Transport"),
        (FhirVersion::R6, "6.0.0-ballot2", "5.0", "DeviceAlert"),
    ] {
        let api = Api::of_release(release).await;
        let metadata = api.get("/metadata").await;
        assert_eq!(metadata.body["fhirVersion"], number);
        let types = metadata.body["rest"][0]["resource"].as_array().unwrap();
        assert!(
            types.iter().any(|one| one["type"] == only_here),
            "{release}: {only_here}"
        );

        let own = format!("Accept: application/fhir+json;fhirVersion={}", &number[..3]);
        let found = api.get_with("/Patient", &[&own]).await;
        assert_eq!(found.status, 200);
        assert!(
            found
                .header("content-type")
                .contains(&format!("fhirVersion={}", &number[..3]))
        );
        let strange = format!("Accept: application/fhir+json;fhirVersion={other}");
        api.get_with("/Patient", &[&strange]).await.refused(406);

        // Each release has elements of its own.
        let procedure = |time: &str| {
            let mut body =
                json!({ "resourceType": "Procedure", "status": "completed", "subject": { "reference": "Patient/1" } });
            body[time] = json!("2024-05-01");
            body
        };
        let (right, wrong) = if release >= FhirVersion::R5 {
            ("occurrenceDateTime", "performedDateTime")
        } else {
            ("performedDateTime", "occurrenceDateTime")
        };
        let created = api.post("/Procedure", &procedure(right), &[]).await;
        assert_eq!(created.status, 201, "{}", created.text);
        api.post("/Procedure", &procedure(wrong), &[]).await.refused(400);
        assert_eq!(api.get("/Procedure?date=2024-05").await.ids(), [created.id()]);

        // From R5 on every update has a Location.
        let mut body = procedure(right);
        body["id"] = json!(created.id());
        let updated = api.put(&format!("/Procedure/{}", created.id()), &body, &[]).await;
        assert_eq!(
            !updated.header("location").is_empty(),
            release >= FhirVersion::R5,
            "{release}"
        );
        api.stop().await;
    }
}

#[tokio::test]
async fn a_mutant_has_its_defect_and_no_other() {
    let api = Api::start_with(Options {
        mutants: vec![Mutant::named("read.id-matches-url").unwrap()],
        ..Options::default()
    })
    .await;
    let created = api.post("/Patient", &json!({ "resourceType": "Patient" }), &[]).await;
    let read = api.get(&format!("/Patient/{}", created.id())).await;
    assert_eq!((read.status, &read.body["id"]), (200, &serde_json::Value::Null));
    assert_eq!(read.header("content-length"), read.text.len().to_string());
    assert_eq!(api.get("/Patient").await.ids(), [created.id()]);
    api.get("/Patient/nobody").await.refused(404);
}

#[tokio::test]
async fn defects_of_a_variant_come_on_top_of_it() {
    let api = Api::start_with(Options {
        mutants: vec![Mutant::named("create.location-unversioned").unwrap()],
        variants: vec![Variant::named("no-versioning").unwrap()],
        ..Options::default()
    })
    .await;
    let created = api.post("/Patient", &json!({ "resourceType": "Patient" }), &[]).await;
    assert!(created.header("location").ends_with("/_history/1"));
    assert!(created.header("etag").is_empty() && created.body["meta"]["versionId"].is_null());
    api.get(&format!("/Patient/{}/_history/1", created.id()))
        .await
        .refused(404);
}

#[tokio::test]
async fn every_variant_still_stores_and_gives_back() {
    for variant in Variant::all().filter(|variant| !["credentials", "lagging-index"].contains(&variant.name)) {
        let release = *variant.releases.last().unwrap();
        let api = Api::start_with(Options {
            release,
            variants: vec![variant],
            ..Options::default()
        })
        .await;
        let patient = json!({ "resourceType": "Patient", "name": [{ "family": "Ünal" }] });
        let created = api.post("/Patient", &patient, &[]).await;
        assert_eq!(created.status, 201, "{}: {}", variant.name, created.text);
        let location = created.header("location").to_owned();
        let id = location
            .split("/_history")
            .next()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned();
        let json = ["Accept: application/fhir+json"];
        let read = api.get_with(&format!("/Patient/{id}"), &json).await;
        // The client of this test does not unpack.
        if variant.name != "gzip" {
            assert_eq!(read.body["name"], patient["name"], "{}: {}", variant.name, read.text);
            let found = api.get_with("/Patient", &json).await;
            assert_eq!(
                found.body["entry"][0]["resource"]["id"],
                id.as_str(),
                "{}",
                variant.name
            );
        }
        api.stop().await;
    }
}
