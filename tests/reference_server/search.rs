//! Search on the reference server over a real socket.

use crate::api::Api;
use serde_json::{Value, json};

/// Creates the resources; the result names each by its `language`, which no search here uses.
async fn filled(resources: &[Value]) -> Api {
    let api = Api::start().await;
    for (name, resource) in ["a", "b", "c", "d", "e", "f", "g"].iter().zip(resources) {
        let path = format!("/{}/{name}", resource["resourceType"].as_str().unwrap());
        let mut resource = resource.clone();
        resource["id"] = json!(name);
        let answer = api.put(&path, &resource, &[]).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    api
}

#[track_caller]
fn found(query: &str, ids: &[String], expected: &str) {
    assert_eq!(ids.concat(), expected, "{query}");
}

#[tokio::test]
async fn patients_are_found() {
    let api = filled(&[
        json!({ "resourceType": "Patient", "active": true, "gender": "female", "birthDate": "1815-12-10",
            "identifier": [{ "system": "urn:ids", "value": "1", "type": { "text": "Record", "coding": [{ "system": "t", "code": "MR" }] } }],
            "name": [{ "family": "Lovelace", "given": ["Ada", "Augusta"] }],
            "address": [{ "city": "London", "country": "UK", "use": "home" }],
            "telecom": [{ "system": "phone", "value": "555", "use": "home" }, { "system": "email", "value": "ada@x.example" }],
            "meta": { "tag": [{ "system": "urn:tags", "code": "run" }], "profile": ["http://x/StructureDefinition/p"] } }),
        json!({ "resourceType": "Patient", "active": false, "gender": "male", "birthDate": "1900-07",
            "identifier": [{ "system": "urn:ids", "value": "2" }, { "system": "urn:other", "value": "1" }, { "value": "a|b,c" }],
            "name": [{ "text": "Søren Müller", "family": "Müller" }], "deceasedDateTime": "1980-02-03T04:05:06Z",
            "managingOrganization": { "reference": "Organization/o" } }),
        json!({ "resourceType": "Patient", "name": [{ "family": "Σοφία" }], "deceasedBoolean": false,
            "generalPractitioner": [{ "reference": "http://elsewhere.example/fhir/Practitioner/o" }] }),
    ])
    .await;
    for (query, expected) in [
        ("", "abc"),
        ("_id=a,c,none", "ac"),
        ("_id:not=a", "bc"),
        ("_tag=urn:tags|run", "a"),
        ("_tag=run", "a"),
        ("_profile=http://x/StructureDefinition/p", "a"),
        ("_profile:below=http://x", "a"),
        ("_lastUpdated=gt2020", "abc"),
        ("_lastUpdated=lt2020", ""),
        ("identifier=1", "ab"),
        ("identifier=urn:ids|1", "a"),
        ("identifier=urn:ids|", "ab"),
        ("identifier=urn:ids|1,urn:ids|2", "ab"),
        ("identifier=urn:ids|1&identifier=urn:ids|2", ""),
        ("identifier=urn:ids|2&identifier=urn:other|1", "b"),
        ("identifier=|a\\|b\\,c", "b"),
        ("identifier:of-type=t|MR|1", "a"),
        ("identifier:of-type=t|MR|2", ""),
        ("identifier:text=record", "a"),
        ("identifier:missing=true", "c"),
        ("identifier:not=1", "c"),
        ("gender=male", "b"),
        ("gender=http://hl7.org/fhir/administrative-gender|female", "a"),
        ("gender:not=male", "ac"),
        ("gender:missing=false", "ab"),
        ("active=true", "a"),
        ("family=love", "a"),
        ("family:exact=Lovelace", "a"),
        ("family:exact=lovelace", ""),
        ("family:contains=LACE", "a"),
        ("name=ada", "a"),
        ("name=muller", "b"),
        ("name=Soren", "b"),
        ("family=ΣΟΦΙΑ", "c"),
        ("family=Αθηνά", ""),
        ("given=Augusta&given=Ada", "a"),
        ("address=london", "a"),
        ("address-city=Lon", "a"),
        ("address-use=home", "a"),
        ("phone=555", "a"),
        ("email=555", ""),
        ("telecom=phone|555", "a"),
        ("birthdate=1815", "a"),
        ("birthdate=1815-12-10", "a"),
        ("birthdate=1900", "b"),
        ("birthdate=1900-07-01", ""),
        ("birthdate=ge1815-12-10&birthdate=lt1900", "a"),
        ("birthdate=gt1815-12-10", "b"),
        ("birthdate=ne1815-12-10", "b"),
        ("birthdate=sa1815-12", "b"),
        ("birthdate=eb1900-07", "a"),
        ("birthdate:missing=true", "c"),
        ("deceased=true", "b"),
        ("deceased=false", "ac"),
        ("death-date=1980-02-03", "b"),
        ("organization=Organization/o", "b"),
        ("organization=o", "b"),
        ("organization:Organization=o", "b"),
        ("general-practitioner=Practitioner/o", ""),
        ("general-practitioner=http://elsewhere.example/fhir/Practitioner/o", "c"),
        ("family=", "abc"),
    ] {
        let query = query.replace('|', "%7C");
        let answer = api.get(&format!("/Patient?{query}")).await;
        found(&query, &answer.ids(), expected);
        assert_eq!(answer.body["total"], expected.len(), "{query}");
        assert_eq!(
            answer.body.get("entry").is_none(),
            expected.is_empty(),
            "no empty array"
        );
        found(
            &query,
            &api.search_by_post("/Patient/_search", &query, &[]).await.ids(),
            expected,
        );
        let again = api.get(&answer.link("self").unwrap()).await;
        assert_eq!(again.body, answer.body, "the self link gives the same");
    }
    let entry = &api.get("/Patient?_id=a").await.body["entry"][0];
    assert_eq!(
        (&entry["fullUrl"], &entry["search"]["mode"]),
        (&json!(format!("{}/Patient/a", api.base())), &json!("match"))
    );
    api.delete("/Patient/a").await;
    assert_eq!(api.get("/Patient?identifier=urn:ids%7C1").await.ids().len(), 0);
}

#[tokio::test]
async fn observations_are_found() {
    let quantity = |value: f64, unit: &str| json!({ "value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit });
    let observation = |extra: Value| {
        let mut all = json!({ "resourceType": "Observation", "status": "final", "code": { "coding": [{ "system": "l", "code": "w" }], "text": "Body Weight" } });
        all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        all
    };
    let api = filled(&[
        observation(json!({ "subject": { "reference": "Patient/p" }, "effectiveDateTime": "2024-05-01T10:00:00+02:00", "valueQuantity": quantity(70.5, "kg") })),
        observation(json!({ "subject": { "reference": "Group/p" }, "effectivePeriod": { "start": "2024-05-01", "end": "2024-05-03" }, "valueQuantity": quantity(155.0, "[lb_av]") })),
        observation(json!({ "subject": { "identifier": { "system": "s", "value": "7" } }, "valueString": "heavy",
            "component": [{ "code": { "coding": [{ "code": "x" }] }, "valueQuantity": quantity(1.0, "kg") },
                { "code": { "coding": [{ "code": "y" }] }, "valueQuantity": quantity(2.0, "kg") }] })),
        observation(json!({ "status": "amended", "valueCodeableConcept": { "coding": [{ "code": "hi" }], "text": "high" }, "effectiveInstant": "2024-06-01T00:00:00Z" })),
    ])
    .await;
    let absolute = format!("subject={}/Patient/p", api.base());
    for (query, expected) in [
        ("status=final", "abc"),
        ("status=http://hl7.org/fhir/observation-status|amended", "d"),
        ("code=l|w&status:not=final", "d"),
        ("code:text=body", "abcd"),
        ("subject=Patient/p", "a"),
        ("subject=p", "ab"),
        ("subject:Group=p", "b"),
        ("subject:Patient=Patient/p", "a"),
        (&absolute, "a"),
        ("patient=p", "a"),
        ("patient=Patient/p,Patient/q", "a"),
        ("subject:identifier=s|7", "c"),
        ("subject:missing=true", "d"),
        ("date=2024-05-01", "a"),
        ("date=2024-05", "ab"),
        ("date=ge2024-05-02", "bd"),
        ("date=le2024-05-01T08:00:00Z", "ab"),
        ("date=sa2024-05-01", "d"),
        ("value-quantity=70.5", "a"),
        ("value-quantity=71", "a"),
        ("value-quantity=gt70.5", "b"),
        ("value-quantity=ge70.5|http://unitsofmeasure.org|kg", "a"),
        ("value-quantity=70.5||kg", "a"),
        ("value-quantity=70.5|http://unitsofmeasure.org|g", ""),
        ("value-quantity=ap150", "b"),
        ("combo-value-quantity=lt3", "c"),
        ("value-string=HEA", "c"),
        ("value-string=high", "d"),
        ("value-concept=hi", "d"),
        ("code-value-quantity=w$gt100", "b"),
        ("code-value-quantity=x$gt100", ""),
        ("component-code-value-quantity=x$1.0", "c"),
        ("component-code-value-quantity=x$2.0", ""),
        ("component-code-value-quantity=x$2.0,y$2.0", "c"),
        ("component-code-value-quantity:missing=true", "abd"),
    ] {
        let query = query.replace('|', "%7C");
        found(&query, &api.get(&format!("/Observation?{query}")).await.ids(), expected);
    }
    let risk = |p: f64| json!({ "resourceType": "RiskAssessment", "status": "final", "subject": { "reference": "Patient/p" }, "prediction": [{ "probabilityDecimal": p }] });
    let api = filled(&[risk(0.1), risk(0.25)]).await;
    for (query, expected) in [
        ("probability=0.1", "a"),
        ("probability=gt0.2", "b"),
        ("probability=ne0.1", "b"),
        ("probability=0.3", "b"),
    ] {
        found(
            query,
            &api.get(&format!("/RiskAssessment?{query}")).await.ids(),
            expected,
        );
    }
}

#[tokio::test]
async fn what_cannot_be_searched_is_refused_or_ignored() {
    let api = filled(&[json!({ "resourceType": "Patient" })]).await;
    for query in [
        "birthdate=notadate",
        "birthdate=ge",
        "birthdate:exact=1970",
        "family:below=x",
        "gender:in=x",
        "active:contains=true",
        "gender:missing=maybe",
        "organization:Nonsense=1",
        "organization=a%20b",
        "identifier=a%7Cb%7Cc",
        "_lastUpdated=x",
        "_count=x",
        "_count=-1",
        "_total=many",
        "_summary=x",
        "_page=7",
        "_page=x-1",
        "_sort=name&_sort=family",
        "name=%FF",
        "_id:exact=a",
    ] {
        api.get(&format!("/Patient?{query}")).await.refused(400);
        api.search_by_post("/Patient/_search", query, &[]).await.refused(400);
    }
    api.get("/Observation?value-quantity=many").await.refused(400);
    api.get("/Observation?code-value-quantity=1").await.refused(400);
    for query in [
        "nonsense=1",
        "organization.name=x",
        "_has:Observation:subject:code=1",
        "_include=Patient:nonsense",
        "_sort=nonsense",
    ] {
        let answer = api.get(&format!("/Patient?{query}&gender:missing=true")).await;
        assert_eq!(answer.ids(), ["a"], "{query} is ignored");
        assert_eq!(
            answer.link("self").unwrap(),
            format!("{}/Patient?gender:missing=true", api.base())
        );
        let outcome = &answer.body["entry"][1];
        assert_eq!(
            (&outcome["search"]["mode"], &outcome["resource"]["issue"][0]["severity"]),
            (&json!("outcome"), &json!("warning"))
        );
        assert_eq!(answer.body["total"], 1);
        api.get_with(&format!("/Patient?{query}"), &["Prefer: handling=strict"])
            .await
            .refused(400);
    }
    let body = Some("{}".to_owned());
    api.send("POST", "/Patient/_search", &["Content-Type: application/json"], body)
        .await
        .refused(415);
    api.get("/Patient/_search").await.refused(405);
    assert_eq!(api.get("/Patient").await.body["total"], 1, "a search creates nothing");
}

#[tokio::test]
async fn hostile_searches_are_answered() {
    let api = filled(&[json!({ "resourceType": "Observation", "status": "final", "code": { "text": "x" } })]).await;
    let commas = format!("_id={}", ",".repeat(6_000));
    api.search_by_post("/Observation/_search", &commas, &[])
        .await
        .refused(400);
    api.search_by_post("/Observation/_search", &"_id=x&".repeat(6_000), &[])
        .await
        .refused(400);
    // Every parameter, with values that are meant to hurt; each has to be answered by a Bundle or a refusal.
    let statement = api.get("/metadata").await.body;
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    let observation = resources
        .iter()
        .find(|resource| resource["type"] == "Observation")
        .unwrap();
    let common = statement["rest"][0]["searchParam"].as_array().unwrap();
    for parameter in observation["searchParam"].as_array().unwrap().iter().chain(common) {
        for value in [
            "%00",
            "%5C",
            "%7C%7C%7C",
            "$$$",
            "9e999",
            "-1e-60",
            "99999-99-99",
            "%F0%9F%98%80",
            "9999-12-31T24",
        ] {
            for modifier in [
                "",
                ":",
                ":missing",
                ":not",
                ":exact",
                ":Patient",
                ":of-type",
                ":%F0%9F%98%80",
            ] {
                let query = format!("{}{modifier}={value}", parameter["name"].as_str().unwrap());
                let answer = api.get(&format!("/Observation?{query}")).await;
                match answer.status {
                    200 => assert_eq!(answer.body["type"], "searchset", "{query}"),
                    _ => answer.refused(400),
                }
            }
        }
    }
}

#[tokio::test]
async fn url_and_form_count_the_same() {
    let api = filled(&[
        json!({ "resourceType": "Patient", "gender": "female", "active": true }),
        json!({ "resourceType": "Patient", "gender": "male", "active": true }),
        json!({ "resourceType": "Patient", "gender": "female", "active": false }),
    ])
    .await;
    assert_eq!(
        api.search_by_post("/Patient/_search?gender=female", "active=true", &[])
            .await
            .ids(),
        ["a"]
    );
    assert_eq!(
        api.search_by_post("/Patient/_search?gender=female", "gender=male", &[])
            .await
            .ids()
            .len(),
        0
    );
    let with_charset = ["Content-Type: application/x-www-form-urlencoded;charset=UTF-8"];
    let answer = api
        .send("POST", "/Patient/_search", &with_charset, Some("gender=male".into()))
        .await;
    assert_eq!(answer.ids(), ["b"]);
    assert_eq!(
        api.send("POST", "/Patient/_search", &[], None).await.ids(),
        ["a", "b", "c"]
    );
    let formatted = api
        .search_by_post("/Patient/_search", "_format=application/json", &["Accept: text/html"])
        .await;
    assert_eq!(formatted.media_type(), "application/json");
    api.search_by_post("/Patient/_search", "_format=ttl", &[])
        .await
        .refused(406);
}

#[tokio::test]
async fn pages_miss_nothing_and_repeat_nothing() {
    let api = Api::start().await;
    let shared = |family: &str| json!({ "resourceType": "Patient", "identifier": [{ "system": "urn:x", "value": "a |1" }], "name": [{ "family": family }] });
    let mut expected = Vec::new();
    for family in ["E", "D", "C", "B", "A"] {
        expected.push(api.create(&shared(family)).await);
    }
    let query = "identifier=urn:x%7Ca%20%5C%7C1&_count=2";
    for (query, reversed) in [
        (query.to_owned(), false),
        (format!("{query}&_sort=family"), true),
        (format!("{query}&_sort=-family"), false),
    ] {
        let mut page = Some(format!("{}/Patient?{query}", api.base()));
        let (mut ids, mut urls) = (Vec::new(), Vec::new());
        while let Some(url) = page {
            let answer = api.get(&url).await;
            assert_eq!(answer.body["total"], 5);
            assert!(answer.ids().len() <= 2);
            // Writes between the pages do not show in them.
            let extra = api.create(&shared("C")).await;
            let by_post = {
                let (path, form) = url.split_once('?').unwrap();
                api.search_by_post(&format!("{path}/_search"), form, &[]).await
            };
            if url.contains("_page") {
                assert_eq!(by_post.body, answer.body, "follow-up by POST");
            }
            api.delete(&format!("/Patient/{extra}")).await;
            let links: Vec<_> = ["self", "first", "last"]
                .into_iter()
                .filter_map(|relation| answer.link(relation))
                .collect();
            assert_eq!(links.len(), 3);
            assert!(
                links
                    .iter()
                    .all(|link| link.starts_with(api.base()) && link.contains("identifier=urn:x%7Ca%20%5C%7C1")),
                "{links:?}"
            );
            assert_eq!(answer.link("previous").is_some(), !urls.is_empty());
            ids.extend(answer.ids());
            page = answer.link("next");
            urls.push((answer, url));
        }
        assert_eq!(urls.len(), 3);
        let mut expected = expected.clone();
        if reversed {
            expected.reverse();
        }
        assert_eq!(ids, expected, "{query}");
        let (last, middle) = (&urls[2].0, &urls[1].0);
        assert_eq!(api.get(&middle.link("last").unwrap()).await.ids(), last.ids());
        assert_eq!(api.get(&middle.link("first").unwrap()).await.ids(), urls[0].0.ids());
        assert_eq!(api.get(&last.link("previous").unwrap()).await.ids(), middle.ids());
    }
    let posted = api.search_by_post("/Patient/_search", query, &[]).await;
    assert_eq!(
        api.get(&posted.link("next").unwrap()).await.ids().len(),
        2,
        "follow-up by GET"
    );
    let exact = api.get("/Patient?family=A,B&_count=2").await;
    assert_eq!(
        (exact.ids().len(), exact.link("next"), exact.link("previous")),
        (2, None, None)
    );
    for (query, total) in [
        ("_count=0", json!(5)),
        ("_summary=count", json!(5)),
        ("_total=none&_count=1", Value::Null),
    ] {
        let answer = api.get(&format!("/Patient?{query}")).await;
        assert_eq!(answer.body["total"], total, "{query}");
        assert_eq!(answer.body.get("entry").is_none(), total.is_number(), "{query}");
    }
    assert_eq!(
        api.get("/Patient?_count=99999").await.link("self").unwrap(),
        format!("{}/Patient?_count=1000", api.base())
    );
}
