use crate::fhir::FhirVersion;
use serde_json::json;

use super::*;
use crate::check::testing::{FHIR, World, exchange, path};

fn judged(text: &str) -> String {
    let body = json!({
        "resourceType": "Patient", "id": "1", "active": false,
        "meta": { "versionId": "3" },
        "name": [{ "family": "King", "given": ["Ada", "Augusta"] }],
    });
    let mut exchange = exchange(
        "PUT",
        "Patient/1",
        200,
        &[FHIR, ("X-A", "1"), ("x-a", "2")],
        &body.to_string(),
    );
    exchange.request.body = Body::new(r#"{"resourceType":"Patient","active":true}"#);
    let world = World::new();
    match judge(
        &path(text),
        Some(&Reading::new(&exchange, FhirVersion::R4)),
        Part::Body(String::new()),
        &world.context(),
    ) {
        Judged::Holds => "holds".to_owned(),
        Judged::Broken(told) => format!("{} {:?} expected {:?}", told.message, told.details, told.expected),
        Judged::Unjudged(told) => format!("unjudged: {}", told.message),
        other => format!("{other:?}"),
    }
}

#[test]
fn expressions_are_judged_and_explained() {
    let lines: Vec<String> = [
        "active.exists()",
        "meta.versionId = %v1",
        "%resource.id = %id and %response.status = 200 and %`case-tag` = 't'",
        "%request.method = 'PUT' and %request.body.active",
        "%response.headers.`content-type` = 'application/fhir+json' and %response.headers.`x-a`.count() = 2",
        "%none.empty()",
        "active",
        "meta.versionId != %v1",
        "active.exists() and name.given.count() = 3 and id = '2'",
        "birthDate = '1815-12-10'",
        "name.given = 'Ada' or false",
        "id",
        "name.given.startsWith('A')",
        "%never = 1",
        "name.where(",
        "contact.all(name.exists())",
        "%none.all($this = 1)",
    ]
    .iter()
    .map(|text| format!("{text}\n    {}", judged(text)))
    .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn matches_are_the_entries_that_match() {
    let bundle = json!({ "resourceType": "Bundle", "type": "searchset", "entry": [
        { "resource": { "resourceType": "Patient", "id": "a" }, "search": { "mode": "match" } },
        { "resource": { "resourceType": "Patient", "id": "b" } },
        { "resource": { "resourceType": "Practitioner", "id": "c" }, "search": { "mode": "include" } },
        { "resource": { "resourceType": "OperationOutcome" } },
    ] });
    let exchange = exchange("GET", "Patient?name=x", 200, &[FHIR], &bundle.to_string());
    let reading = Reading::new(&exchange, FhirVersion::R4);
    let world = World::new();
    let found = evaluate(&path("%matches.resource.id"), Some(&reading), &world.context());
    assert_eq!(found, Ok(vec![json!("a"), json!("b")]));
    assert_eq!(
        condition(&path("%matches.count() = 2"), Some(&reading), &world.context()),
        Ok(true)
    );
}

#[test]
fn conditions_look_at_variables_alone() {
    let mut world = World::new();
    world.variables.set_all("ids", vec![json!("a"), json!("b")]);
    let cx = world.context();
    assert_eq!(condition(&path("%ids.count() > 1"), None, &cx), Ok(true));
    assert_eq!(condition(&path("%none"), None, &cx), Ok(false));
    assert_eq!(evaluate(&path("%ids"), None, &cx), Ok(vec![json!("a"), json!("b")]));
    assert_eq!(evaluate(&path("id"), None, &cx), Ok(vec![]));
    insta::assert_snapshot!(condition(&path("%id"), None, &cx).unwrap_err());
    insta::assert_snapshot!(condition(&path("%response.status = 200"), None, &cx).unwrap_err());
}

#[test]
fn what_takes_too_long_is_neither_a_pass_nor_a_failure() {
    let world = World::new();
    let judged = |body: &Value, text: &str| {
        let exchange = exchange("GET", "Patient", 200, &[FHIR], &body.to_string());
        let reading = Reading::new(&exchange, FhirVersion::R4);
        match judge(&path(text), Some(&reading), Part::Body(String::new()), &world.context()) {
            Judged::Unjudged(told) => told.message,
            other => format!("{other:?}"),
        }
    };
    let entries = vec![json!({ "fullUrl": "urn:x" }); 3000];
    let mut body = json!({ "resourceType": "Bundle", "entry": entries });
    let told = [
        "entry.select(%resource.entry).count() = 9000000",
        "entry.select(%resource.entry).empty()",
    ]
    .map(|text| judged(&body, text));
    insta::assert_snapshot!(told.join("\n"), @r"
    `entry.select(%resource.entry).count() = 9000000` could not be evaluated: it was given up: on this body it takes more than 2000000 steps
    `entry.select(%resource.entry).empty()` could not be evaluated: it was given up: on this body it takes more than 2000000 steps
    ");
    // Nor where something else is wrong with the body.
    body["resourceType"].take();
    let told = judged(&body, "entry.select(%resource.entry).exists()");
    assert!(told.contains("it was given up"), "{told}");
}
