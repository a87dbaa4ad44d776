//! Whole Bundles against a server without a socket.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fhir::media_type::FHIR_JSON;
use crate::fhir::{FhirVersion, Reference};
use crate::server::incoming::Incoming;
use crate::server::negotiate::{Give, Prefer};
use crate::server::{Options, Shared};

const BASE: &str = "http://x/fhir";

fn server(release: FhirVersion) -> Shared {
    let options = Options {
        release,
        ..Options::default()
    };
    Shared::new(options, "127.0.0.1:9".parse().unwrap())
}

fn send(shared: &Shared, kind: &str, entries: &[Value], give: Give) -> Result<Vec<Value>, (u16, String)> {
    let mut bundle = json!({ "resourceType": "Bundle", "type": kind });
    if !entries.is_empty() {
        bundle["entry"] = json!(entries);
    }
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
    let request = Incoming {
        method: Method::POST,
        query: Vec::new(),
        body: bundle.to_string().into_bytes().into(),
        base: BASE.into(),
        prefer: Prefer {
            give,
            ..Prefer::of(&headers)
        },
        headers,
    };
    match super::post(shared, &request) {
        Ok(reply) => {
            let body = reply.body.unwrap();
            assert_eq!(
                body["type"],
                if kind == "batch" {
                    "batch-response"
                } else {
                    "transaction-response"
                }
            );
            Ok(body["entry"].as_array().cloned().unwrap_or_default())
        }
        Err(refusal) => {
            let status = refusal.status.as_u16();
            let outcome = refusal.into_reply().body.unwrap();
            Err((status, outcome["issue"][0]["diagnostics"].as_str().unwrap().to_owned()))
        }
    }
}

fn transact(shared: &Shared, entries: &[Value]) -> Result<Vec<Value>, (u16, String)> {
    send(shared, "transaction", entries, Give::Unsaid)
}

fn patient(family: &str) -> Value {
    json!({ "resourceType": "Patient", "identifier": [{ "system": "urn:s", "value": family }], "name": [{ "family": family }] })
}

fn post(resource: &Value) -> Value {
    json!({ "resource": resource, "request": { "method": "POST", "url": resource["resourceType"] } })
}

fn put(id: &str, family: &str) -> Value {
    let mut resource = patient(family);
    resource["id"] = json!(id);
    json!({ "resource": resource, "request": { "method": "PUT", "url": format!("Patient/{id}") } })
}

fn bare(method: &str, url: &str) -> Value {
    json!({ "request": { "method": method, "url": url } })
}

fn statuses(entries: &[Value]) -> Vec<u16> {
    let status = |entry: &Value| entry["response"]["status"].as_str().unwrap()[..3].parse().unwrap();
    entries.iter().map(status).collect()
}

fn id_of(answer: &Value) -> String {
    let location = answer["response"]["location"].as_str().unwrap();
    Reference::parse(location).unwrap().id.to_owned()
}

fn stored(shared: &Shared, resource_type: &str, id: &str) -> Option<Value> {
    let version = shared.store.current(resource_type, id)?;
    version.resource.as_deref().cloned()
}

/// Everything that the store holds, in its order.
fn all(shared: &Shared) -> Vec<String> {
    let kinds = ["Patient", "Observation"];
    let versions = kinds.iter().flat_map(|kind| shared.store.snapshot(kind, None).1);
    versions.map(|version| format!("{version:?}")).collect()
}

#[test]
fn writes_come_before_reads_and_deletes_before_all() {
    for release in FhirVersion::HTTP {
        let shared = server(release);
        transact(&shared, &[put("old", "X"), put("kept", "K")]).unwrap();
        let answers = transact(
            &shared,
            &[
                bare("GET", "Patient?identifier=urn:s|N"),
                bare("GET", "Patient/old"),
                post(&patient("N")),
                put("kept", "L"),
                bare("DELETE", "Patient/gone"),
            ],
        )
        .unwrap();
        assert_eq!(statuses(&answers), [200, 200, 201, 200, 204], "{release}");
        assert_eq!(answers[0]["resource"]["total"], 1);
        assert_eq!(answers[2]["resource"], Value::Null, "nobody asked for it");
        assert_eq!(answers[2]["response"]["etag"], "W/\"1\"");
        assert!(answers[2]["response"]["lastModified"].is_string());
        assert_eq!(stored(&shared, "Patient", "kept").unwrap()["name"][0]["family"], "L");
    }
}

#[test]
fn a_transaction_that_fails_is_undone_and_says_which_entry_it_was() {
    let shared = server(FhirVersion::R4);
    transact(&shared, &[put("a", "A")]).unwrap();
    let before = all(&shared);
    let stale = json!({ "resource": { "resourceType": "Patient", "id": "a" },
        "request": { "method": "PUT", "url": "Patient/a", "ifMatch": "W/\"7\"" } });
    for (entries, status) in [
        (vec![post(&patient("N")), stale], 412),
        (
            vec![
                post(&patient("N")),
                post(&json!({ "resourceType": "Patient", "nonsense": 1 })),
            ],
            400,
        ),
        (vec![put("a", "B"), put("a", "C")], 400),
        (vec![put("a", "B"), bare("DELETE", "Patient/a")], 400),
        (vec![put("a", "B"), json!({ "resource": patient("N") })], 400),
        (vec![put("a", "B"), bare("PUT", "Patient/b")], 400),
        (vec![put("a", "B"), bare("GET", "Nonsense")], 404),
        (vec![put("a", "B"), bare("TRACE", "Patient")], 400),
        (
            vec![
                put("a", "B"),
                post(&json!({ "resourceType": "Bundle", "type": "batch" })),
                bare("POST", ""),
            ],
            400,
        ),
    ] {
        let (found, text) = transact(&shared, &entries).unwrap_err();
        assert_eq!(found, status, "{text}");
        assert!(text.starts_with("Bundle.entry["), "{text}");
        assert_eq!(all(&shared), before, "{text}");
    }
    let twice: Vec<Value> = ["A", "B"]
        .map(|family| json!({ "fullUrl": "urn:uuid:a", "resource": patient(family), "request": { "method": "POST", "url": "Patient" } }))
        .into();
    assert!(transact(&shared, &twice).unwrap_err().1.contains("fullUrl"));
    assert_eq!(all(&shared), before);
    assert!(transact(&shared, &[]).unwrap().is_empty());
}

#[test]
fn a_read_that_fails_fails_the_transaction_from_r5_on() {
    for release in FhirVersion::HTTP {
        let shared = server(release);
        let answered = transact(&shared, &[put("a", "A"), bare("GET", "Patient/none")]);
        if release >= FhirVersion::R5 {
            assert_eq!(answered.unwrap_err().0, 404);
            assert!(all(&shared).is_empty());
        } else {
            assert_eq!(statuses(&answered.unwrap()), [201, 404]);
        }
    }
}

#[test]
fn entries_of_a_batch_stand_alone() {
    let shared = server(FhirVersion::R4);
    let answers = send(
        &shared,
        "batch",
        &[
            bare("GET", "Patient/a"),
            put("a", "A"),
            post(&json!({ "resourceType": "Patient", "nonsense": 1 })),
            put("a", "B"),
            json!({ "resource": patient("N") }),
            post(&patient("N")),
        ],
        Give::Representation,
    )
    .unwrap();
    assert_eq!(statuses(&answers), [200, 201, 400, 400, 400, 201]);
    assert_eq!(answers[2]["response"]["outcome"]["resourceType"], "OperationOutcome");
    assert_eq!(answers[5]["resource"]["name"][0]["family"], "N");
    assert_eq!(stored(&shared, "Patient", "a").unwrap()["name"][0]["family"], "A");
}

#[test]
fn references_by_search_are_resolved_after_the_writes() {
    let shared = server(FhirVersion::R4);
    let observation = |search: &str| {
        post(
            &json!({ "resourceType": "Observation", "status": "final", "code": { "text": "x" },
            "subject": { "reference": search }, "performer": [{ "reference": "http://elsewhere.example/Practitioner/1" }] }),
        )
    };
    let answers = transact(
        &shared,
        &[observation("Patient?identifier=urn:s|N"), post(&patient("N"))],
    )
    .unwrap();
    let found = stored(&shared, "Observation", &id_of(&answers[0])).unwrap();
    assert_eq!(found["subject"]["reference"], format!("Patient/{}", id_of(&answers[1])));
    assert_eq!(
        found["performer"][0]["reference"],
        "http://elsewhere.example/Practitioner/1"
    );

    transact(&shared, &[post(&patient("twice"))]).unwrap();
    transact(&shared, &[post(&patient("twice"))]).unwrap();
    let before = all(&shared);
    for (search, status) in [
        ("Patient?identifier=urn:s|nobody", 412),
        ("Patient?identifier=urn:s|twice", 412),
        ("Patient?identifier=urn:s|N&_sort=name", 400),
        ("Patient?nonsense=1", 400),
        ("Patient?", 400),
    ] {
        let (found, text) = transact(&shared, &[put("p", "P"), observation(search)]).unwrap_err();
        assert_eq!(found, status, "{search}: {text}");
        assert!(text.starts_with("Bundle.entry[1]: the reference `Patient?"), "{text}");
        assert_eq!(all(&shared), before);
    }
    // It is for transactions only (http.html#trules).
    let answers = send(
        &shared,
        "batch",
        &[observation("Patient?identifier=urn:s|N")],
        Give::Representation,
    )
    .unwrap();
    assert_eq!(
        answers[0]["resource"]["subject"]["reference"],
        "Patient?identifier=urn:s|N"
    );
}

#[test]
fn histories_and_collections_are_taken_as_what_they_say() {
    let shared = server(FhirVersion::R5);
    let version = |family: &str, method: &str| {
        let mut resource = patient(family);
        resource["id"] = json!("h");
        json!({ "resource": resource, "request": { "method": method, "url": "Patient" } })
    };
    let history = [
        version("third", "PUT"),
        bare("DELETE", "Patient/h"),
        version("first", "POST"),
    ];
    send(&shared, "history", &history, Give::Unsaid).unwrap();
    assert_eq!(shared.store.history("Patient", "h").unwrap().len(), 3);
    assert_eq!(stored(&shared, "Patient", "h").unwrap()["name"][0]["family"], "third");

    let mut known = patient("known");
    known["id"] = json!("h");
    let foreign = json!({ "fullUrl": "http://elsewhere.example/Patient/h", "resource": known });
    let answers = send(
        &shared,
        "collection",
        &[json!({ "resource": known }), foreign],
        Give::Unsaid,
    )
    .unwrap();
    assert_eq!(statuses(&answers), [200, 201]);
    assert_eq!(send(&shared, "document", &[], Give::Unsaid).unwrap_err().0, 400);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_refused_entry_undoes_all(place in 0_usize..8, others in proptest::collection::vec(0_u8..4, 7)) {
        let shared = server(FhirVersion::R4);
        transact(&shared, &(0..8).map(|n| put(&format!("p{n}"), "A")).collect::<Vec<_>>()).unwrap();
        let before = all(&shared);
        let mut entries: Vec<Value> = others.iter().enumerate().map(|(n, kind)| match kind {
            0 => post(&patient("N")),
            1 => put(&format!("p{n}"), "B"),
            2 => bare("DELETE", &format!("Patient/p{n}")),
            _ => put(&format!("new{n}"), "C"),
        }).collect();
        let stale = json!({ "resource": { "resourceType": "Patient", "id": "p7" },
            "request": { "method": "PUT", "url": "Patient/p7", "ifMatch": "W/\"9\"" } });
        entries.insert(place, stale);
        prop_assert_eq!(transact(&shared, &entries).unwrap_err().0, 412);
        prop_assert_eq!(all(&shared), before);
        // Without it, all is done.
        entries.remove(place);
        prop_assert_eq!(transact(&shared, &entries).unwrap().len(), 7);
    }

    #[test]
    fn every_link_leads_somewhere_whatever_the_order(
        links in proptest::collection::vec(0_usize..6, 6),
        order in Just((0..6).collect::<Vec<usize>>()).prop_shuffle(),
        updates in proptest::collection::vec(any::<bool>(), 6),
    ) {
        let shared = server(FhirVersion::R4);
        let entry = |n: usize| {
            let mut resource = patient(&format!("n{n}"));
            resource["link"] = json!([{ "type": "seealso", "other": { "reference": format!("urn:uuid:{}", links[n]) } }]);
            let mut entry = post(&resource);
            if updates[n] {
                entry["resource"]["id"] = json!(format!("own{n}"));
                entry["request"] = json!({ "method": "PUT", "url": format!("Patient/own{n}") });
            }
            entry["fullUrl"] = json!(format!("urn:uuid:{n}"));
            entry
        };
        let entries: Vec<Value> = order.iter().map(|n| entry(*n)).collect();
        let answers = transact(&shared, &entries).unwrap();
        for (n, answer) in order.iter().zip(&answers) {
            let found = stored(&shared, "Patient", &id_of(answer)).unwrap();
            prop_assert_eq!(&found["name"][0]["family"], &json!(format!("n{n}")));
            let reference = found["link"][0]["other"]["reference"].as_str().unwrap();
            let target = stored(&shared, "Patient", Reference::parse(reference).unwrap().id).unwrap();
            prop_assert_eq!(&target["name"][0]["family"], &json!(format!("n{}", links[*n])));
        }
    }
}
