use serde_json::{Value, json};

use super::super::Patch;
use crate::fhir::FhirVersion;

fn patient() -> Value {
    json!({
        "resourceType": "Patient", "id": "a",
        "extension": [{ "url": "urn:x", "valueString": "v" }, { "url": "urn:y", "valueInteger": 1 }],
        "identifier": [{ "value": "1" }, { "value": "2" }, { "value": "3" }],
        "name": [
            { "use": "official", "family": "Lovelace", "given": ["Ada", "Augusta"], "_given": [null, { "id": "g" }] },
            { "use": "usual", "given": ["Ada"] },
        ],
        "birthDate": "1815-12-10", "_birthDate": { "id": "b" },
        "deceasedDateTime": "1852",
        "contact": [{ "name": { "family": "King" } }],
    })
}

fn operation(parts: &[(&str, &str, Value)]) -> Value {
    let parts: Vec<Value> = parts
        .iter()
        .map(|(name, property, value)| {
            let mut part = json!({ "name": name });
            part[*property] = value.clone();
            part
        })
        .collect();
    json!({ "name": "operation", "part": parts })
}

fn apply(resource: &Value, operation: Value) -> Result<Value, String> {
    let parameters = json!({ "resourceType": "Parameters", "parameter": [operation] });
    let patch = Patch::of_parameters(&parameters, FhirVersion::R4).map_err(|refusal| format!("{refusal:?}"))?;
    patch
        .apply(resource, FhirVersion::R4)
        .map_err(|refusal| format!("{refusal:?}"))
}

fn replace(path: &str, property: &str, value: Value) -> Result<Value, String> {
    let parts = [
        ("type", "valueCode", json!("replace")),
        ("path", "valueString", json!(path)),
        ("value", property, value),
    ];
    apply(&patient(), operation(&parts))
}

fn delete(path: &str) -> Result<Value, String> {
    let parts = [
        ("type", "valueCode", json!("delete")),
        ("path", "valueString", json!(path)),
    ];
    apply(&patient(), operation(&parts))
}

fn add(path: &str, name: &str, property: &str, value: Value) -> Result<Value, String> {
    let parts = [
        ("type", "valueCode", json!("add")),
        ("path", "valueString", json!(path)),
        ("name", "valueString", json!(name)),
        ("value", property, value),
    ];
    apply(&patient(), operation(&parts))
}

fn insert(path: &str, index: i64, value: &str) -> Result<Value, String> {
    let parts = [
        ("type", "valueCode", json!("insert")),
        ("path", "valueString", json!(path)),
        ("index", "valueInteger", json!(index)),
        ("value", "valueString", json!(value)),
    ];
    apply(&patient(), operation(&parts))
}

fn moved(path: &str, source: i64, destination: i64) -> Result<Value, String> {
    let parts = [
        ("type", "valueCode", json!("move")),
        ("path", "valueString", json!(path)),
        ("source", "valueInteger", json!(source)),
        ("destination", "valueInteger", json!(destination)),
    ];
    apply(&patient(), operation(&parts))
}

/// Asserts that only one place differs from the patient above.
#[track_caller]
fn only(pointer: &str, expected: Value, patched: Result<Value, String>) {
    let (patched, mut before) = (patched.unwrap(), patient());
    assert_eq!(patched.pointer(pointer), Some(&expected), "{pointer}");
    match before.pointer_mut(pointer) {
        Some(place) => *place = expected,
        None => {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            before.pointer_mut(parent).unwrap()[name] = expected;
        }
    }
    assert_eq!(patched, before);
}

#[test]
fn one_element_is_replaced() {
    only(
        "/name/0/family",
        json!("King"),
        replace("Patient.name[0].family", "valueString", json!("King")),
    );
    for path in [
        "Patient.name.where(use = 'usual').given",
        "name[1].given[0]",
        "Patient.name.last().given.first()",
        "Patient.name.skip(1).given.single()",
        "Patient.`name`.tail().given.where($this = 'Ada')",
        "%resource.name.where(use = 'usual').given.take(1)",
    ] {
        only(
            "/name/1/given/0",
            json!("Byron"),
            replace(path, "valueString", json!("Byron")),
        );
    }
    for path in [
        "Patient.extension('urn:x').value",
        "Patient.extension.where(url = 'urn:x').value.ofType(string)",
    ] {
        only(
            "/extension/0/valueString",
            json!("w"),
            replace(path, "valueString", json!("w")),
        );
    }
    only(
        "/contact/0/name",
        json!({ "text": "Anne" }),
        replace("Patient.contact.name", "valueHumanName", json!({ "text": "Anne" })),
    );
}

#[test]
fn a_replaced_primitive_loses_its_extensions_and_a_choice_its_type() {
    let patched = replace("Patient.birthDate", "valueDate", json!("1816")).unwrap();
    assert_eq!(
        (&patched["birthDate"], patched.get("_birthDate")),
        (&json!("1816"), None)
    );
    let patched = replace("Patient.deceased", "valueBoolean", json!(true)).unwrap();
    assert_eq!(
        (&patched["deceasedBoolean"], patched.get("deceasedDateTime")),
        (&json!(true), None)
    );
}

#[test]
fn what_cannot_be_replaced_is_refused() {
    for (path, property, value, reason) in [
        ("Patient.name", "valueString", json!("x"), "finds 2 elements"),
        ("Patient.gender", "valueCode", json!("female"), "finds nothing"),
        ("Patient.shoeSize", "valueCode", json!("x"), "no element `shoeSize`"),
        (
            "Observation.status",
            "valueCode",
            json!("x"),
            "no element `Observation`",
        ),
        ("Patient", "valueCode", json!("x"), "the resource itself"),
        (
            "Patient.deceased",
            "valueCode",
            json!("x"),
            "`deceased[x]` has no type code",
        ),
        ("Patient.birthDate", "valueString", json!("soon"), "422"),
        ("Patient.id", "valueId", json!("b"), "does not change `id`"),
        ("Patient.name.given.single()", "valueString", json!("b"), "several"),
        ("Patient.name.trace('x')", "valueString", json!("b"), "calls `trace`"),
        (
            "Patient.name | Patient.contact",
            "valueString",
            json!("b"),
            "finds no place",
        ),
        ("Patient.name[0", "valueString", json!("b"), "is no FHIRPath"),
    ] {
        let told = replace(path, property, value).unwrap_err();
        assert!(told.contains(reason), "{path}: {told}");
    }
}

#[test]
fn elements_are_added_at_the_end() {
    only(
        "/gender",
        json!("female"),
        add("Patient", "gender", "valueCode", json!("female")),
    );
    only(
        "/name/1/given",
        json!(["Ada", "B"]),
        add("Patient.name[1]", "given", "valueString", json!("B")),
    );
    let given = add("Patient.name[0]", "given", "valueString", json!("B")).unwrap();
    assert_eq!(given["name"][0]["given"], json!(["Ada", "Augusta", "B"]));
    assert_eq!(given["name"][0]["_given"], json!([null, { "id": "g" }, null]));
    let parts = json!([{ "name": "url", "valueUri": "urn:z" }, { "name": "value", "valueCode": "c" }]);
    let birth = add("Patient.birthDate", "extension", "part", parts);
    assert_eq!(
        birth.unwrap()["_birthDate"]["extension"],
        json!([{ "url": "urn:z", "valueCode": "c" }])
    );
    only(
        "/multipleBirthInteger",
        json!(2),
        add("Patient", "multipleBirth", "valueInteger", json!(2)),
    );
    for (path, name, reason) in [
        ("Patient", "birthDate", "has a value already"),
        ("Patient", "deceased", "has no type date"),
        ("Patient", "shoeSize", "no element"),
        ("Patient.name", "family", "finds 2 elements"),
        ("Patient.photo", "title", "finds nothing"),
    ] {
        let told = add(path, name, "valueDate", json!("2000")).unwrap_err();
        assert!(told.contains(reason), "{path} {name}: {told}");
    }
    let told = add("Patient", "deceased", "valueBoolean", json!(true)).unwrap_err();
    assert!(told.contains("has a value already"), "{told}");
}

#[test]
fn a_group_is_given_in_parts() {
    let value = json!([
        { "name": "relationship", "valueCodeableConcept": { "text": "friend" } },
        { "name": "name", "part": [{ "name": "family", "valueString": "Babbage" }, { "name": "given", "valueString": "C" }] },
        { "name": "gender", "valueCode": "male" },
    ]);
    let patched = add("Patient", "contact", "part", value).unwrap();
    let expected = json!({
        "relationship": [{ "text": "friend" }], "name": { "family": "Babbage", "given": ["C"] }, "gender": "male",
    });
    assert_eq!(patched["contact"][1], expected);
    let twice = json!([{ "name": "gender", "valueCode": "male" }, { "name": "gender", "valueCode": "female" }]);
    assert!(
        add("Patient", "contact", "part", twice)
            .unwrap_err()
            .contains("does not repeat")
    );
}

#[test]
fn elements_are_inserted_and_moved_within_a_list() {
    let given = |patched: Result<Value, String>| patched.map(|patched| patched["name"][0]["given"].clone());
    assert_eq!(
        given(insert("Patient.name[0].given", 0, "X")),
        Ok(json!(["X", "Ada", "Augusta"]))
    );
    assert_eq!(
        given(insert("Patient.name[0].given", 2, "X")),
        Ok(json!(["Ada", "Augusta", "X"]))
    );
    only("/name/1/prefix", json!(["X"]), insert("Patient.name[1].prefix", 0, "X"));
    let order = |source, destination| {
        moved("Patient.identifier", source, destination).map(|patched| {
            let values = patched["identifier"].as_array().unwrap().iter();
            values.map(|one| one["value"].as_str().unwrap()).collect::<String>()
        })
    };
    assert_eq!(order(0, 2), Ok("231".into()));
    assert_eq!(order(2, 0), Ok("312".into()));
    assert_eq!(order(1, 1), Ok("123".into()));
    for told in [
        order(3, 0).unwrap_err(),
        order(0, 3).unwrap_err(),
        insert("Patient.name[0].given", 3, "X").unwrap_err(),
    ] {
        assert!(told.contains("there is no place 3"), "{told}");
    }
    assert!(insert("Patient.name.given", 0, "X").unwrap_err().contains("is 2 lists"));
    assert!(
        insert("Patient.birthDate", 0, "X")
            .unwrap_err()
            .contains("does not repeat")
    );
    assert!(insert("Patient.name[0]", 0, "X").unwrap_err().contains("is no list"));
}

#[test]
fn what_is_deleted_leaves_nothing_empty() {
    let patched = delete("Patient.name[0].given[1]").unwrap();
    assert_eq!(
        (&patched["name"][0]["given"], patched["name"][0].get("_given")),
        (&json!(["Ada"]), None)
    );
    assert_eq!(delete("Patient.contact.name.family").unwrap().get("contact"), None);
    assert_eq!(delete("Patient.birthDate").unwrap().get("_birthDate"), None);
    assert_eq!(delete("Patient.photo"), Ok(patient()));
    assert!(delete("Patient.name").unwrap_err().contains("finds 2 elements"));
    assert!(delete("Patient").unwrap_err().contains("the resource itself"));
}
