//! The second format: what can be done in JSON can be done in XML (`xml.html`, `http.html#mime-type`).

use fhir_assay::FhirVersion;
use fhir_assay::fhir::xml;
use fhir_assay::server::{Options, Variant};
use serde_json::{Value, json};

use crate::api::{Answer, Api};

const ACCEPT: &str = "Accept: application/fhir+xml";
const SENT: &str = "Content-Type: application/fhir+xml";

fn patient() -> Value {
    json!({
        "resourceType": "Patient", "id": "p", "identifier": [{ "system": "urn:x", "value": "a" }], "active": true,
        "text": { "status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">Ada</div>" },
        "name": [{ "family": "Lovelace <&>", "given": ["Ada"] }], "multipleBirthInteger": 2
    })
}

fn written(resource: &Value, release: FhirVersion) -> String {
    xml::write(resource, release, false).unwrap()
}

/// The resource in an answer in XML, which has to be right.
#[track_caller]
fn read(answer: &Answer, release: FhirVersion) -> Value {
    assert_eq!(answer.media_type(), "application/fhir+xml", "{}", answer.text);
    let found = xml::read(&answer.text, release).unwrap();
    assert_eq!(found.faults, [], "{}", answer.text);
    found.value
}

#[tokio::test]
async fn what_is_written_in_xml_is_read_in_both_formats() {
    for release in FhirVersion::HTTP {
        let api = Api::of_release(release).await;
        let body = written(&patient(), release);
        let created = api.send("PUT", "/Patient/p", &[SENT, ACCEPT], Some(body)).await;
        assert_eq!(created.status, 201, "{release}: {}", created.text);
        let read_in_json = api.get("/Patient/p").await.body;
        assert_eq!(read(&created, release), read_in_json);
        assert_eq!(read_in_json["name"], patient()["name"]);
        assert_eq!(read_in_json["text"], patient()["text"]);
        for path in [
            "/Patient/p",
            "/Patient/p/_history/1",
            "/Patient/p/_history",
            "/Patient?identifier=a",
            "/Patient/none",
        ] {
            let (in_xml, in_json) = (api.get_with(path, &[ACCEPT]).await, api.get(path).await);
            let without_links = |mut body: Value| {
                for own in ["id", "meta", "link"] {
                    body.as_object_mut().unwrap().remove(own);
                }
                body
            };
            assert_eq!(in_xml.status, in_json.status);
            assert_eq!(
                without_links(read(&in_xml, release)),
                without_links(in_json.body),
                "{release} {path}"
            );
        }
        let claims = read(&api.get_with("/metadata?_pretty=true", &[ACCEPT]).await, release);
        assert_eq!(
            claims["format"],
            json!(["application/fhir+json", "json", "application/fhir+xml", "xml"])
        );
    }
}

#[tokio::test]
async fn patches_and_bundles_may_be_xml() {
    let release = FhirVersion::R5;
    let api = Api::of_release(release).await;
    api.put("/Patient/p", &patient(), &[]).await;
    let patch = json!({ "resourceType": "Parameters", "parameter": [{ "name": "operation", "part": [
        { "name": "type", "valueCode": "replace" }, { "name": "path", "valueString": "Patient.active" },
        { "name": "value", "valueBoolean": false },
    ] }] });
    let patched = api
        .send("PATCH", "/Patient/p", &[SENT, ACCEPT], Some(written(&patch, release)))
        .await;
    assert_eq!(read(&patched, release)["active"], false);

    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [
        { "fullUrl": "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a", "resource": { "resourceType": "Organization", "name": "O" },
            "request": { "method": "POST", "url": "Organization" } },
        { "resource": { "resourceType": "Patient", "managingOrganization": { "reference": "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a" } },
            "request": { "method": "POST", "url": "Patient" } },
    ] });
    let done = api
        .send(
            "POST",
            "",
            &[SENT, ACCEPT, "Prefer: return=representation"],
            Some(written(&bundle, release)),
        )
        .await;
    let done = read(&done, release);
    let reference = done["entry"][1]["resource"]["managingOrganization"]["reference"].as_str();
    assert!(
        reference.is_some_and(|text| text.starts_with("Organization/")),
        "{done}"
    );
}

#[tokio::test]
async fn wrong_xml_is_refused_in_the_format_that_was_asked_for() {
    let release = FhirVersion::R4;
    let api = Api::of_release(release).await;
    let in_fhir = |inner: &str| format!("<Patient xmlns=\"http://hl7.org/fhir\">{inner}</Patient>");
    for (body, part) in [
        (String::new(), "EOF"),
        (patient().to_string(), "text in front"),
        ("<Patient/>".to_owned(), "namespace"),
        (
            format!(
                "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>{}",
                in_fhir("<id value='&e;'/>")
            ),
            "DOCTYPE",
        ),
        (in_fhir("<gender value='male'/><active value='true'/>"), "order"),
        (in_fhir("<shoeSize value='43'/>"), "no element"),
        (in_fhir("<active value='yes'/>"), "active"),
        (in_fhir("<name>"), "line 1"),
    ] {
        let answer = api.send("POST", "/Patient", &[SENT, ACCEPT], Some(body.clone())).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        let outcome = read(&answer, release);
        let told = outcome["issue"][0]["diagnostics"].as_str().unwrap();
        assert!(told.contains(part), "{body}: {told}");
    }
    for label in [
        "application/fhir+xml;charset=latin1",
        "application/fhir+xml;fhirVersion=5.0",
    ] {
        let label = format!("Content-Type: {label}");
        api.send("POST", "/Patient", &[&label], Some(in_fhir("<active value='true'/>")))
            .await
            .refused(415);
    }
}

#[tokio::test]
async fn other_servers_have_one_format_or_prefer_the_other() {
    let of_variant = async |name: &str| {
        Api::start_with(Options {
            variants: vec![Variant::named(name).unwrap()],
            ..Options::default()
        })
        .await
    };
    let api = of_variant("xml-by-default").await;
    assert_eq!(api.get("/metadata").await.media_type(), "application/fhir+xml");
    let json = api.get_with("/metadata", &["Accept: application/fhir+json"]).await;
    assert_eq!(json.media_type(), "application/fhir+json");

    let api = of_variant("json-only").await;
    api.get_with("/metadata", &[ACCEPT]).await.refused(406);
    let claims = api.get("/metadata").await.body;
    assert_eq!(claims["format"], json!(["application/fhir+json", "json"]));
    let body = written(&patient(), FhirVersion::R4);
    api.send("POST", "/Patient", &[SENT], Some(body)).await.refused(415);

    // What a variant changes in JSON it changes in XML.
    let api = of_variant("no-versioning").await;
    api.put("/Patient/p", &patient(), &[]).await;
    let found = read(&api.get_with("/Patient/p", &[ACCEPT]).await, FhirVersion::R4);
    assert_eq!((&found["id"], &found["meta"]["versionId"]), (&json!("p"), &Value::Null));
}
