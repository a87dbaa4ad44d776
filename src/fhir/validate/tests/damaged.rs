//! Bodies that are damaged at random: both roads of FHIRPath say the same of them, and nothing panics.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{RELEASES, differences};
use crate::fhir::validate::Validator;

/// Bodies that many constraints have something to say about.
fn bodies() -> Vec<Value> {
    let patient = json!({"resourceType": "Patient", "id": "p", "active": true, "birthDate": "1970-01-01",
        "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"},
        "contained": [{"resourceType": "Organization", "id": "o", "name": "x", "telecom": [{"system": "phone", "value": "1", "use": "work"}]}],
        "extension": [{"url": "http://example.org/e", "valuePeriod": {"start": "2020-01-01", "end": "2020-02"}}],
        "identifier": [{"system": "urn:x", "value": "1", "period": {"start": "2020-01-01T10:00:00Z", "end": "2020-01-02"}}],
        "telecom": [{"system": "phone", "value": "1"}, {"value": "2"}],
        "contact": [{"name": {"family": "A"}}, {"gender": "male"}],
        "managingOrganization": {"reference": "#o"}, "generalPractitioner": [{"display": "x"}, {"reference": "#"}]});
    let observation = json!({"resourceType": "Observation", "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "1-1"}]}, "subject": {"reference": "Patient/1"},
        "valueQuantity": {"value": 1.5, "unit": "mg", "code": "mg"},
        "referenceRange": [{"low": {"value": 1, "code": "mg"}, "high": {"value": 2, "code": "mg"}}, {"text": "x"}],
        "component": [{"code": {"coding": [{"system": "http://loinc.org", "code": "1-1"}]}, "valueRange":
            {"low": {"value": 3, "unit": "mg"}, "high": {"value": 2, "unit": "mg"}}},
            {"code": {"text": "x"}, "valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 2}}}]});
    let questionnaire = json!({"resourceType": "Questionnaire", "status": "active", "url": "http://example.org/q|1", "name": "q x",
        "item": [{"linkId": "1", "type": "group", "item": [{"linkId": "1.1", "type": "display", "text": "x"},
            {"linkId": "1.2", "type": "string", "maxLength": 3, "enableWhen": [{"question": "1.1", "operator": "exists",
                "answerBoolean": true}]}]}, {"linkId": "2", "type": "decimal", "answerOption": [{"valueInteger": 1}],
            "initial": [{"valueInteger": 1}]}]});
    let structure = json!({"resourceType": "StructureDefinition", "url": "http://hl7.org/fhir/StructureDefinition/X",
        "name": "X", "status": "draft", "kind": "resource", "abstract": false, "type": "X", "derivation": "specialization",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/DomainResource",
        "snapshot": {"element": [{"id": "X", "path": "X", "definition": "x", "min": 0, "max": "*", "base": {"path": "X", "min": 0, "max": "*"}},
            {"id": "X.a", "path": "X.a", "definition": "x", "min": 2, "max": "1", "base": {"path": "X.a", "min": 0, "max": "1"},
                "type": [{"code": "Reference", "targetProfile": ["http://x"]}, {"code": "code"}],
                "binding": {"strength": "required", "valueSet": "http://x"}}]},
        "differential": {"element": [{"id": "X", "path": "X"}, {"id": "X.a", "path": "X.a", "sliceName": "b c"}]}});
    let request = json!({"resourceType": "MedicationRequest", "status": "active", "intent": "order",
        "subject": {"identifier": {"value": "1"}}, "dosageInstruction": [{"timing": {"repeat": {"count": 1, "countMax": 2,
            "duration": 1, "durationUnit": "h", "period": -1, "when": ["C", "MORN"], "offset": 3, "timeOfDay": ["10:00:00"],
            "boundsPeriod": {"start": "2020", "end": "2019-12-31"}}}}]});
    let bundle = json!({"resourceType": "Bundle", "type": "searchset", "total": 2, "timestamp": "2020-01-01T00:00:00Z",
        "link": [{"relation": "self", "url": "http://example.org"}],
        "entry": [{"fullUrl": "http://example.org/Patient/p", "resource": patient, "search": {"mode": "match"}},
            {"fullUrl": "urn:uuid:0b7ee2a4-12b5-4a3b-9a0b-5d5a7a0a1111", "resource": observation,
                "request": {"method": "POST", "url": "Observation"}}]});
    vec![patient, observation, questionnaire, structure, request, bundle]
}

/// Every place of a body.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(all) => all
            .iter()
            .for_each(|(name, child)| places(child, &format!("{at}/{name}"), found)),
        Value::Array(all) => {
            all.iter()
                .enumerate()
                .for_each(|(index, child)| places(child, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

/// Damages a body at a place.
fn damage(body: &mut Value, place: usize, kind: usize) {
    let mut all = Vec::new();
    places(body, "", &mut all);
    let place = all[place % all.len()].clone();
    let Some((parent, last)) = place.rsplit_once('/') else {
        return;
    };
    let other = [
        json!(""),
        json!("x"),
        json!("#o"),
        json!(0),
        json!(-1.5),
        json!(true),
        json!("2019"),
        json!("2020-01-01T00:00:00+14:00"),
    ];
    match (body.pointer_mut(parent), kind) {
        (Some(Value::Object(around)), 0) => drop(around.shift_remove(last)),
        (Some(Value::Array(around)), 0) => drop(around.remove(last.parse().unwrap())),
        (Some(Value::Array(around)), 1) => {
            let again = around[last.parse::<usize>().unwrap()].clone();
            around.push(again);
        }
        _ => {
            // A primitive becomes another one of its JSON type; any other value in its place is the schema's affair.
            let value = body.pointer_mut(&place).unwrap();
            let put = &other[kind % other.len()];
            if std::mem::discriminant(&*value) == std::mem::discriminant(put) {
                *value = put.clone();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn both_roads_agree_on_damaged_bodies(
        which in 0..6_usize,
        release in 0..3_usize,
        damages in prop::collection::vec((0..500_usize, 0..10_usize), 0..4),
    ) {
        let mut body = bodies().swap_remove(which);
        for (place, kind) in damages {
            damage(&mut body, place, kind);
        }
        let (_, found) = differences(|| drop(Validator::new(RELEASES[release]).validate(&body)));
        prop_assert!(found.is_empty(), "{found:#?}");
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = super::super::narrative::problem(&text);
        let _ = super::super::narrative::problem(&format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{text}</div>"));
        let judge = Validator::new(RELEASES[0]);
        let _ = judge.validate_bytes(&bytes);
        let _ = judge.validate(&json!({"resourceType": "Patient", "birthDate": text, "text": {"div": text}}));
    }
}
