//! A server for measuring: it answers every `GET [base]/Patient/x` with the same Patient of 2 KB, after a fixed delay.
//!
//! `cargo run --release --example stub -- PORT [DELAY_MS]` prints its base URL and serves until it is killed.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let delay = Duration::from_millis(arguments.next().map_or(Ok(0), |text| text.parse())?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(port, delay))
}

async fn serve(port: u16, delay: Duration) -> Result<(), Box<dyn std::error::Error>> {
    let patient = serde_json::to_string(&patient())?;
    let claims = serde_json::to_string(&claims())?;
    let of_patient = get(move || {
        let body = patient.clone();
        async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            answer(body)
        }
    });
    let router = Router::new()
        .route("/fhir/metadata", get(move || async move { answer(claims) }))
        .route("/fhir/Patient/{id}", of_patient);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}/fhir", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

fn answer(body: String) -> Response {
    Response::builder()
        .header("content-type", "application/fhir+json;charset=utf-8")
        .header("etag", "W/\"1\"")
        .header("last-modified", "Sat, 01 Aug 2026 10:00:00 GMT")
        .body(Body::from(body))
        .expect("the headers are well-formed")
}

fn claims() -> Value {
    json!({
        "resourceType": "CapabilityStatement", "status": "active", "date": "2026-08-01", "kind": "instance",
        "fhirVersion": "4.0.1", "format": ["json"],
        "rest": [{ "mode": "server", "resource": [
            { "type": "Patient", "versioning": "versioned", "interaction": [{ "code": "read" }] }] }],
    })
}

/// About 2 KB, as a clinic would keep it.
fn patient() -> Value {
    let names = ["official", "maiden", "usual"].map(|kind| {
        json!({ "use": kind, "family": "Lovelace", "given": ["Ada", "Augusta", "King"], "prefix": ["Countess"],
                "period": { "start": "1835-07-08", "end": "1852-11-27" } })
    });
    let telecoms = ["home", "work", "mobile", "old"].map(
        |kind| json!({ "system": "phone", "value": "+44 20 7946 0123", "use": kind, "rank": 1, "period": { "start": "1835" } }),
    );
    let addresses = ["home", "work", "old"].map(|kind| {
        json!({ "use": kind, "type": "both", "line": ["12 St James's Square", "Second floor"], "city": "London",
                "district": "Westminster", "postalCode": "SW1Y 4JH", "country": "GB" })
    });
    json!({
        "resourceType": "Patient", "id": "x",
        "meta": { "versionId": "1", "lastUpdated": "2026-08-01T10:00:00.000Z" },
        "identifier": [{ "use": "official", "system": "urn:example:patients", "value": "12345" }],
        "active": true, "name": names, "telecom": telecoms, "gender": "female", "birthDate": "1815-12-10",
        "address": addresses, "maritalStatus": { "text": "Married" },
        "contact": [{ "name": { "family": "Byron", "given": ["Annabella"] }, "gender": "female" }],
        "managingOrganization": { "reference": "Organization/1" },
    })
}
