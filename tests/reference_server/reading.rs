//! Histories, compartments, searches of all types, what comes along with matches, and operations.

use fhir_assay::fhir::FhirVersion;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::api::{Answer, Api};

fn patient(id: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id })
}

fn observation(id: &str, patient: &str) -> Value {
    json!({ "resourceType": "Observation", "id": id, "status": "final", "code": { "text": "height" },
        "subject": { "reference": format!("Patient/{patient}") } })
}

/// Puts a resource where it says it is.
async fn put(api: &Api, resource: &Value) {
    let path = format!(
        "/{}/{}",
        resource["resourceType"].as_str().unwrap(),
        resource["id"].as_str().unwrap()
    );
    let answer = api.put(&path, resource, &[]).await;
    assert!(answer.status < 300, "{}", answer.text);
}

/// Method and URL of each entry of a history.
fn told(answer: &Answer) -> Vec<String> {
    assert_eq!(
        (answer.status, &answer.body["type"]),
        (200, &json!("history")),
        "{}",
        answer.text
    );
    let entries = answer.body["entry"].as_array().cloned().unwrap_or_default();
    let text = |entry: &Value| {
        let request = &entry["request"];
        format!(
            "{} {}",
            request["method"].as_str().unwrap(),
            request["url"].as_str().unwrap()
        )
    };
    entries.iter().map(text).collect()
}

/// Mode, type and id of each entry of a searchset.
fn found(answer: &Answer) -> Vec<String> {
    assert_eq!(
        (answer.status, &answer.body["type"]),
        (200, &json!("searchset")),
        "{}",
        answer.text
    );
    let entries = answer.body["entry"].as_array().cloned().unwrap_or_default();
    let text = |entry: &Value| {
        let resource = &entry["resource"];
        let (mode, name, id) = (&entry["search"]["mode"], &resource["resourceType"], &resource["id"]);
        format!(
            "{} {}/{}",
            mode.as_str().unwrap(),
            name.as_str().unwrap(),
            id.as_str().unwrap_or("-")
        )
    };
    entries.iter().map(text).collect()
}

#[tokio::test]
async fn histories_of_types_and_of_the_system() {
    for release in FhirVersion::HTTP {
        let api = Api::of_release(release).await;
        put(&api, &patient("a")).await;
        put(&api, &observation("o", "a")).await;
        put(&api, &patient("b")).await;
        put(&api, &patient("a")).await;
        api.delete("/Patient/b").await;

        let all = told(&api.get("/_history").await);
        let expected = [
            "DELETE Patient/b",
            "PUT Patient/a",
            "PUT Patient/b",
            "PUT Observation/o",
            "PUT Patient/a",
        ];
        assert_eq!(all, expected);
        let of_type = told(&api.get("/Patient/_history").await);
        assert_eq!(of_type, [expected[0], expected[1], expected[2], expected[4]]);
        let page = api.get("/Patient/_history?_count=3").await;
        assert_eq!((told(&page).len(), &page.body["total"]), (3, &json!(4)));
        let rest = api.get(&page.link("next").unwrap()).await;
        assert_eq!((told(&rest), rest.link("next")), (vec![expected[4].to_owned()], None));

        let sorted = api.get("/Patient/_history?_sort=_lastUpdated").await;
        let is_sorted = release >= FhirVersion::R5;
        assert_eq!(
            told(&sorted)[0],
            if is_sorted { expected[4] } else { expected[0] },
            "{release}"
        );
        assert_eq!(sorted.link("self").unwrap().contains("_sort"), is_sorted);
        if is_sorted {
            api.get("/_history?_sort=name").await.refused(400);
            assert_eq!(told(&api.get("/_history?_sort=none").await), expected);
        }
        for wrong in [
            "_since=2024",
            "_at=ge2024",
            "_list=none",
            "_count=x",
            "_since=&_count=1&_count=1",
        ] {
            api.get(&format!("/_history?{wrong}")).await.refused(400);
        }
        api.get("/Nonsense/_history").await.refused(404);
        api.stop().await;
    }
}

#[tokio::test]
async fn a_list_narrows_histories_and_searches() {
    let api = Api::start().await;
    for id in ["a", "b", "c"] {
        put(&api, &patient(id)).await;
    }
    put(&api, &patient("b")).await;
    let list = json!({ "resourceType": "List", "id": "l", "status": "current", "mode": "working", "entry": [
        { "item": { "reference": "Patient/a" } },
        { "item": { "reference": "Patient/b/_history/1" } },
        { "item": { "reference": "Patient/c" }, "deleted": true },
        { "item": { "reference": "http://elsewhere/Patient/c" } },
    ] });
    put(&api, &list).await;
    for name in ["l", "List/l"] {
        assert_eq!(
            told(&api.get(&format!("/Patient/_history?_list={name}")).await),
            ["PUT Patient/b", "PUT Patient/a"]
        );
        assert_eq!(api.get(&format!("/Patient?_list={name}")).await.ids(), ["a", "b"]);
    }
    api.get("/Patient?_list=nobody").await.refused(400);
    api.stop().await;
}

#[tokio::test]
async fn compartments_hold_what_belongs_to_somebody() {
    for release in FhirVersion::HTTP {
        let api = Api::of_release(release).await;
        for resource in [patient("a"), patient("b"), observation("o", "a"), observation("p", "b")] {
            put(&api, &resource).await;
        }
        assert_eq!(found(&api.get("/Patient/a/Observation").await), ["match Observation/o"]);
        assert_eq!(found(&api.get("/Patient/a/Observation?status=amended").await), [""; 0]);
        assert_eq!(found(&api.get("/Patient/nobody/Observation").await), [""; 0]);
        let all = found(&api.get("/Patient/a/*").await);
        let mut expected = vec!["match Observation/o"];
        expected.extend((release >= FhirVersion::R5).then_some("match Patient/a"));
        assert_eq!(all, expected, "{release}");
        assert_eq!(
            found(&api.get("/Patient/a/*?_type=Encounter,Observation").await),
            ["match Observation/o"]
        );
        assert_eq!(api.get("/Patient/a").await.body["resourceType"], "Patient");
        api.get("/Patient/a/Medication").await.refused(404);

        for (path, expected) in [
            ("/Patient/a/Observation/_search", 1),
            ("/Patient/a/_search", expected.len()),
        ] {
            let posted = api.search_by_post(path, "_count=9", &[]).await;
            if release >= FhirVersion::R5 {
                assert_eq!(found(&posted).len(), expected, "{path}");
            } else {
                posted.refused(404);
            }
        }
        api.search_by_post("/Patient/a/*/_search", "_count=9", &[])
            .await
            .refused(404);
        api.stop().await;
    }
}

#[tokio::test]
async fn all_types_are_searched_by_what_they_have_in_common() {
    for release in FhirVersion::HTTP {
        let api = Api::of_release(release).await;
        for resource in [patient("a"), observation("a", "a"), observation("o", "a")] {
            put(&api, &resource).await;
        }
        assert_eq!(
            found(&api.get("?_id=a").await),
            ["match Observation/a", "match Patient/a"]
        );
        assert_eq!(found(&api.get("/?_type=Patient").await), ["match Patient/a"]);
        assert_eq!(found(&api.get("?_type=Observation,Patient&_id=a,o").await).len(), 3);
        assert_eq!(
            found(&api.get("?_type=Observation&status=final&_sort=-_id").await)[0],
            "match Observation/o"
        );
        let page = api.get("?_count=2").await;
        assert_eq!((found(&page).len(), &page.body["total"]), (2, &json!(3)));
        assert_eq!(found(&api.get(&page.link("next").unwrap()).await), ["match Patient/a"]);
        for wrong in [
            "?_type=Nonsense",
            "?_type=Patient,Observation&birthdate=2000",
            "?birthdate=2000",
            "?_lastUpdated=x",
        ] {
            api.get(wrong).await.refused(400);
        }
        let posted = api.search_by_post("/_search", "_type=Patient&_id=a", &[]).await;
        if release >= FhirVersion::R5 {
            assert_eq!(found(&posted), ["match Patient/a"]);
        } else {
            posted.refused(404);
        }
        api.stop().await;
    }
}

#[tokio::test]
async fn references_bring_resources_along() {
    let api = Api::start().await;
    let mut doctored = patient("a");
    doctored["generalPractitioner"] = json!([{ "reference": "Practitioner/d" }]);
    let practitioner = json!({ "resourceType": "Practitioner", "id": "d" });
    for resource in [
        practitioner,
        doctored,
        patient("b"),
        observation("o", "a"),
        observation("p", "a"),
    ] {
        put(&api, &resource).await;
    }
    for (query, expected) in [
        (
            "Observation?_include=Observation:subject",
            "match Observation/o, match Observation/p, include Patient/a",
        ),
        ("Observation?_id=o&_include=*", "match Observation/o, include Patient/a"),
        (
            "Observation?_id=o&_include=Observation:subject:Group",
            "match Observation/o",
        ),
        (
            "Observation?_id=o&_include=Observation:*&_include:iterate=Patient:general-practitioner",
            "match Observation/o, include Patient/a, include Practitioner/d",
        ),
        (
            "Observation?_id=o&_include=Observation:subject&_include=Patient:general-practitioner",
            "match Observation/o, include Patient/a",
        ),
        (
            "Patient?_revinclude=Observation:subject",
            "match Patient/a, match Patient/b, include Observation/o, include Observation/p",
        ),
        ("Patient?_id=b&_revinclude=*", "match Patient/b"),
        (
            "Practitioner?_revinclude=Patient:general-practitioner&_revinclude:iterate=Observation:patient",
            "match Practitioner/d, include Patient/a, include Observation/o, include Observation/p",
        ),
        (
            "Observation?_count=1&_include=Observation:subject",
            "match Observation/o, include Patient/a",
        ),
        ("Observation?_summary=count&_include=*", ""),
    ] {
        let answer = api.get(&format!("/{query}")).await;
        assert_eq!(found(&answer).join(", "), expected, "{query}");
        let matches = if query.starts_with("Patient?_rev")
            || query.contains("_count")
            || query.starts_with("Observation?_inc")
            || query.contains("count")
        {
            2
        } else {
            1
        };
        assert_eq!(
            answer.body["total"], matches,
            "{query}: what comes along does not count"
        );
    }
    let part = api.get("/Observation?_id=o&_include=*&_elements=status").await;
    assert_eq!(
        part.body["entry"][1]["resource"]["generalPractitioner"][0]["reference"],
        "Practitioner/d"
    );
    assert!(part.body["entry"][0]["resource"]["subject"].is_null());
    api.get("/Patient?_include=*&_summary=text").await.refused(400);
    api.stop().await;
}

#[tokio::test]
async fn operations_judge_and_tell_and_add() {
    for release in FhirVersion::HTTP {
        let api = Api::of_release(release).await;
        put(&api, &patient("a")).await;
        let wrapped = |resource: Value| json!({ "resourceType": "Parameters", "parameter": [{ "name": "resource", "resource": resource }] });
        for (path, body, wrong) in [
            (
                "/Patient/$validate",
                wrapped(json!({ "resourceType": "Patient", "active": true })),
                false,
            ),
            (
                "/Patient/$validate",
                json!({ "resourceType": "Patient", "active": "yes" }),
                true,
            ),
            ("/Patient/$validate", wrapped(observation("o", "a")), true),
            ("/Patient/a/$validate", json!({ "resourceType": "Parameters" }), false),
        ] {
            let answer = api.post(path, &body, &[]).await;
            assert_eq!(
                (answer.status, &answer.body["resourceType"]),
                (200, &json!("OperationOutcome")),
                "{}",
                answer.text
            );
            let issues = answer.body["issue"].as_array().unwrap();
            let is_wrong = issues.iter().any(|issue| issue["severity"] == "error");
            assert_eq!(is_wrong, wrong, "{release} {path} {}", answer.text);
        }
        api.post("/Patient/$validate", &json!({ "resourceType": "Parameters" }), &[])
            .await
            .refused(400);
        api.post("/Patient/$validate?profile=http://x", &patient("a"), &[])
            .await
            .refused(400);
        api.get("/Patient/$validate").await.refused(405);

        let tag = json!({ "resourceType": "Parameters", "parameter": [{ "name": "meta", "valueMeta": { "tag": [{ "system": "urn:t", "code": "x" }] } }] });
        for version in ["2", "2"] {
            let added = api.post("/Patient/a/$meta-add", &tag, &[]).await;
            assert_eq!(
                added.body["parameter"][0]["valueMeta"]["versionId"], version,
                "{}",
                added.text
            );
        }
        for path in ["/Patient/a/$meta", "/Patient/$meta", "/$meta"] {
            let (by_get, by_post) = (api.get(path).await, api.send("POST", path, &[], None).await);
            assert_eq!(
                by_get.body["parameter"][0]["valueMeta"]["tag"][0]["code"], "x",
                "{path} {}",
                by_get.text
            );
            assert_eq!(by_get.body, by_post.body);
        }
        assert_eq!(
            told(&api.get("/Patient/a/_history").await).len(),
            2,
            "operations that change nothing are no entries"
        );
        api.post("/Patient/a/$meta-add", &json!({ "resourceType": "Parameters" }), &[])
            .await
            .refused(400);
        api.get("/Patient/none/$meta").await.refused(404);
        api.delete("/Patient/a").await;
        api.get("/Patient/a/$meta").await.refused(410);
        api.post("/Patient/a/$meta-add", &tag, &[]).await.refused(410);
        api.stop().await;
    }
}

/// A random life of a few resources: what is done to which.
fn lives() -> impl Strategy<Value = Vec<(u8, u8)>> {
    proptest::collection::vec((0..4_u8, 0..5_u8), 1..25)
}

async fn live(api: &Api, life: &[(u8, u8)]) {
    for (act, which) in life {
        let name = if which % 2 == 0 { "Patient" } else { "Basic" };
        let path = format!("/{name}/r{which}");
        if *act == 0 {
            api.delete(&path).await;
        } else {
            put(
                api,
                &json!({ "resourceType": name, "id": format!("r{which}"), "code": { "text": "x" } })
                    .as_object()
                    .unwrap()
                    .iter()
                    .filter(|(key, _)| name == "Basic" || *key != "code")
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect::<serde_json::Map<_, _>>()
                    .into(),
            )
            .await;
        }
    }
}

/// Every entry of all pages, and the largest page.
async fn walk(api: &Api, first: &str) -> (Vec<Value>, usize) {
    let (mut all, mut largest, mut next) = (Vec::new(), 0, Some(first.to_owned()));
    while let Some(url) = next {
        let page = api.get(&url).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let entries = page.body["entry"].as_array().cloned().unwrap_or_default();
        largest = largest.max(entries.len());
        all.extend(entries);
        next = page.link("next");
        assert!(all.len() < 1000, "the chain has an end");
    }
    (all, largest)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pages_of_histories_are_complete_and_ordered(life in lives(), count in 1..7_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let api = Api::start().await;
            live(&api, &life).await;
            for place in ["/_history", "/Patient/_history", "/Basic/_history"] {
                let (whole, _) = walk(&api, &format!("{place}?_count=1000")).await;
                let (paged, largest) = walk(&api, &format!("{place}?_count={count}")).await;
                assert_eq!(whole, paged, "{place}: pages lose and repeat nothing");
                assert!(largest <= count);
                let times: Vec<&str> = whole.iter().map(|entry| entry["response"]["lastModified"].as_str().unwrap()).collect();
                assert!(times.is_sorted_by(|a, b| a >= b), "{place}: the oldest comes last: {times:?}");
            }
            let (system, _) = walk(&api, "/_history?_count=1000").await;
            let (patients, _) = walk(&api, "/Patient/_history?_count=1000").await;
            let (basics, _) = walk(&api, "/Basic/_history?_count=1000").await;
            assert_eq!(system.len(), patients.len() + basics.len(), "the system is the sum of its types");
            // The newest entry of each resource says whether it can be found.
            let mut seen = std::collections::HashSet::new();
            let newest: Vec<&Value> = system.iter().filter(|entry| seen.insert(entry["fullUrl"].to_string())).collect();
            let present = newest.iter().filter(|entry| entry["request"]["method"] != "DELETE").count();
            let (found, _) = walk(&api, &format!("?_count={count}")).await;
            assert_eq!(found.len(), present, "all that is present is found, once");
            api.stop().await;
        });
    }
}
