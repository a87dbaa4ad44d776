use super::Says::{Fail, Holds, Nothing, Warning};
use super::*;
use Interaction::*;

const RULE: &str = "general.resources-conform";

/// What this case sent, as its word shows.
fn ours(more: Value) -> Value {
    let mut patient = json!({ "resourceType": "Patient", "id": "1", "identifier": [{ "value": "t" }] });
    patient
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    patient
}

/// What nobody knows.
fn theirs() -> Value {
    json!({ "resourceType": "Group", "id": "1", "gender": "x", "resourceTypo": 1 })
}

fn sends(mut seen: Seen, body: Value) -> Seen {
    seen.step.body = Some(Box::new(crate::check::testing::json_body(body)));
    seen
}

#[test]
fn answers_are_valid_resources() {
    let read = |body: Value| seen(Read, "Patient/1").json(body);
    let search = |entry: Value| {
        seen(SearchType, "Patient?name=x").json(json!({
            "resourceType": "Bundle", "type": "searchset", "entry": [{ "resource": entry, "search": { "mode": "match" } }],
        }))
    };
    let broken = || ours(json!({ "gender": "femal" }));
    let told = judge(
        RULE,
        vec![
            (Holds, "valid", read(ours(json!({ "gender": "female" })))),
            (Holds, "the same once more", read(ours(json!({ "gender": "female" })))),
            (Fail, "what the case sent otherwise", read(broken())),
            (
                Nothing,
                "what came back as it was sent",
                sends(seen(Update, "Patient/1"), broken()).json(broken()),
            ),
            (
                Nothing,
                "what a patch made",
                sends(
                    seen(Patch, "Patient/1"),
                    json!([{ "op": "add", "path": "/gender", "value": "femal" }]),
                )
                .json(broken()),
            ),
            (Warning, "what others stored", seen(Read, "Group/1").json(theirs())),
            (Warning, "what others stored, found", search(theirs())),
            (Fail, "what the case sent, found", search(broken())),
            (
                Fail,
                "a Bundle that the server made",
                seen(SearchType, "Patient")
                    .json(json!({ "resourceType": "Bundle", "type": "searchset", "entries": [] })),
            ),
            (
                Fail,
                "an outcome",
                seen(Read, "Patient/1")
                    .status(404)
                    .json(json!({ "resourceType": "OperationOutcome" })),
            ),
            (
                Fail,
                "no type at all",
                seen(Capabilities, "metadata").json(json!({ "resourceType": "Capability" })),
            ),
            (
                Nothing,
                "a part",
                seen(Read, "Patient/1?_elements=gender").json(broken()),
            ),
            (
                Nothing,
                "what says that it is a part",
                read(ours(
                    json!({ "gender": "x", "meta": { "tag": [{ "code": "SUBSETTED" }] } }),
                )),
            ),
            (Nothing, "no resource", read(json!({ "gender": "x" }))),
            (Nothing, "no JSON", seen(Read, "Patient/1").text("<html>")),
            (
                Nothing,
                "a release without definitions",
                read(broken()).release(FhirVersion::Dstu2),
            ),
        ],
    );
    insta::assert_snapshot!(told);
}

#[test]
fn a_body_that_is_wrong_all_over_is_told_in_part() {
    let seen = seen(Capabilities, "metadata");
    let world = World::new();
    let mut many = seen.exchange.clone();
    let mut body = json!({ "resourceType": "OperationOutcome" });
    body.as_object_mut().unwrap().extend(names_of(40));
    many.response.body = Body::new(body.to_string());
    let found = audit(&seen.step, 0, &Reading::new(&many, FhirVersion::R4), &world.context()).broken;
    let found: Vec<_> = found
        .iter()
        .filter(|finding| finding.rule.id.as_str() == RULE)
        .collect();
    assert_eq!(found.len(), 10);
    let last = found.last().unwrap().mismatch.as_ref().unwrap();
    assert_eq!(
        last.details.last().unwrap(),
        "and 31 more things are wrong with the body"
    );
}

fn names_of(count: usize) -> serde_json::Map<String, Value> {
    (0..count).map(|number| (format!("x{number}"), json!(1))).collect()
}
