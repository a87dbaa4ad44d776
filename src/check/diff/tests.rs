use proptest::prelude::*;
use serde_json::json;

use super::*;

fn told(expected: &Value, actual: &Value, mode: Mode) -> String {
    match compare(expected, actual, mode).unwrap() {
        None => "no difference".to_owned(),
        Some(differences) => {
            let places: Vec<_> = differences
                .places
                .iter()
                .map(|place| place.sentence(&differences.root))
                .collect();
            places.join("\n")
        }
    }
}

fn like(expected: Value, actual: Value) -> String {
    told(&expected, &actual, Mode::Like)
}

fn same(expected: Value, actual: Value) -> String {
    told(&expected, &actual, Mode::Same)
}

#[test]
fn more_than_expected_is_like_it() {
    let ada = json!({ "resourceType": "Patient", "id": "1", "active": true, "name": [{ "family": "King", "given": ["Ada", "Augusta"] }] });
    assert_eq!(
        like(
            json!({ "name": [{ "given": ["Augusta"] }], "active": true }),
            ada.clone()
        ),
        "no difference"
    );
    assert_eq!(like(json!({}), ada.clone()), "no difference");
    insta::assert_snapshot!(like(
        json!({ "active": false, "birthDate": "1815-12-10", "name": [{ "family": "Byron" }, { "use": "maiden" }] }),
        ada
    ));
}

#[test]
fn elements_find_their_partner_by_identity() {
    let actual = json!({ "resourceType": "Patient", "telecom": [
        { "system": "phone", "value": "1", "use": "home" },
        { "system": "email", "value": "a@b", "use": "work" },
        { "system": "phone", "value": "2" },
    ] });
    let found = like(
        json!({ "telecom": [{ "system": "phone" }, { "system": "phone", "value": "1" }] }),
        actual.clone(),
    );
    assert_eq!(found, "no difference");
    insta::assert_snapshot!(like(
        json!({ "telecom": [{ "system": "email", "value": "a@b", "use": "home" }] }),
        actual.clone()
    ));
    insta::assert_snapshot!(like(json!({ "telecom": [{ "system": "fax" }] }), actual.clone()));
    insta::assert_snapshot!(like(
        json!({ "telecom": [{ "system": "phone" }, { "system": "phone" }, { "system": "phone" }] }),
        actual
    ));
}

#[test]
fn the_same_has_nothing_beside() {
    let actual = json!({ "a": [{ "x": 1.50 }, { "x": 2 }], "b": ["p", "q"] });
    assert_eq!(
        same(
            json!({ "b": ["p", "q"], "a": [{ "x": 2.0 }, { "x": 1.5 }] }),
            actual.clone()
        ),
        "no difference"
    );
    insta::assert_snapshot!(same(json!({ "a": [{ "x": 2 }], "b": ["q", "p"] }), actual));
}

#[test]
fn kinds_of_values_are_told_apart() {
    insta::assert_snapshot!(like(
        json!({ "a": 1, "b": "x", "c": {}, "d": [1] }),
        json!({ "a": "1", "b": null, "c": [], "d": [2] })
    ));
    insta::assert_snapshot!(like(json!({}), json!([])));
}

#[test]
fn a_null_beside_extensions_says_nothing() {
    let expected = json!({ "_given": [null, { "id": "b" }] });
    assert_eq!(
        like(expected, json!({ "_given": [{ "id": "a" }, { "id": "b" }] })),
        "no difference"
    );
}

#[test]
fn a_text_diff_shows_what_stands_in_the_place() {
    let expected = json!({ "resourceType": "Patient", "active": true, "name": [{ "family": "King" }], "a": 1, "b": 2, "c": 3, "gender": "female" });
    let actual = json!({ "resourceType": "Patient", "id": "9", "gender": "male", "active": true, "name": [{ "family": "King", "use": "usual" }], "a": 1, "b": 2, "c": 3 });
    let differences = compare(&expected, &actual, Mode::Like).unwrap().unwrap();
    insta::assert_snapshot!(differences.text.unwrap());
}

#[test]
fn huge_arrays_are_given_up_and_not_misjudged() {
    let expected: Vec<Value> = (0..4000).map(|number| json!({ "a": number })).collect();
    let actual: Vec<Value> = (0..4000).map(|number| json!({ "a": number + 1 })).collect();
    assert_eq!(compare(&json!(expected), &json!(actual), Mode::Like), Err(TooLarge));
    assert_eq!(compare(&json!(expected), &json!(expected), Mode::Same), Ok(None));
}

/// An answer of some megabytes has millions of elements: a pair of loops over them would take hours.
#[test]
fn arrays_as_large_as_an_answer_can_be_take_no_square_of_their_length() {
    let many = |number: i64| json!(vec![json!({ "a": number }); 1_000_000]);
    assert_eq!(compare(&many(1), &many(2), Mode::Like), Err(TooLarge));
    let plain = |last: i64| {
        let mut items = vec![json!(1); 1_000_000];
        items.push(json!(last));
        json!(items)
    };
    let differences = compare(&plain(1), &plain(2), Mode::Same).unwrap().unwrap();
    assert_eq!(differences.places.len(), 1);
}

fn bodies() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..3i64).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-c]|id|url|system|value", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_equal_does_not_differ(body in bodies()) {
        prop_assert_eq!(compare(&body, &body, Mode::Like), Ok(None));
        prop_assert_eq!(compare(&body, &body, Mode::Same), Ok(None));
    }

    #[test]
    fn places_are_told_exactly_where_something_differs(one in bodies(), other in bodies()) {
        for mode in [Mode::Like, Mode::Same] {
            if let Some(differences) = compare(&one, &other, mode).unwrap() {
                prop_assert!(!differences.places.is_empty());
                differences.into_mismatch();
            }
        }
    }

    #[test]
    fn permutations_are_found(items in prop::collection::vec(bodies().prop_filter("objects", Value::is_object), 0..8), seed in any::<u64>()) {
        let mut shuffled = items.clone();
        for index in (1..shuffled.len()).rev() {
            shuffled.swap(index, (seed.rotate_left(index as u32) % (index as u64 + 1)) as usize);
        }
        prop_assert_eq!(compare(&json!(items), &json!(shuffled), Mode::Same), Ok(None));
        let mut more = shuffled;
        more.insert(0, json!({ "more": true }));
        prop_assert_eq!(compare(&json!(items), &json!(more), Mode::Like), Ok(None));
    }

    #[test]
    fn what_is_the_same_is_like_it(one in bodies(), other in bodies()) {
        if compare(&one, &other, Mode::Same).unwrap().is_none() {
            prop_assert!(compare(&one, &other, Mode::Like).unwrap().is_none());
        }
    }
}

fn filled(expected: Value, actual: Value, mode: Mode) -> String {
    match compare_with_placeholders(&expected, &actual, mode).unwrap() {
        None => "no difference".to_owned(),
        Some(differences) => {
            let told = differences.places.iter().map(|place| place.sentence(&differences.root));
            told.collect::<Vec<_>>().join("\n") + "\n" + &differences.text.unwrap_or_default()
        }
    }
}

#[test]
fn placeholders_stand_for_what_nobody_knows() {
    let actual = json!({
        "resourceType": "Patient", "id": "a-1", "meta": { "versionId": "7", "lastUpdated": "2020-01-02T10:00:00Z" },
        "gender": "female", "name": [{ "text": "Ada King" }], "telecom": [{ "value": "1" }, { "value": "2" }],
    });
    let wanted = json!({
        "resourceType": "Patient", "id": { "$any": "id" }, "gender": { "$one-of": ["male", "female"] },
        "meta": { "lastUpdated": { "$any": "instant" }, "versionId": { "$any": "value" }, "profile": { "$optional": ["x"] } },
        "name": [{ "text": { "$includes": ["ada", "KING"] } }], "telecom": { "$count": 2 }, "active": { "$optional": true },
    });
    for mode in [Mode::Like, Mode::Same] {
        assert_eq!(filled(wanted.clone(), actual.clone(), mode), "no difference");
    }
    // Without the leave of the suite's author, they are data.
    assert_ne!(like(json!({ "id": { "$any": "id" } }), actual.clone()), "no difference");
    let wrong = json!({
        "id": { "$any": "uuid" }, "gender": { "$one-of": ["male", "other"] }, "telecom": { "$count": 3 },
        "name": [{ "text": { "$includes": "byron" } }], "meta": { "$optional": { "versionId": "8" } },
    });
    insta::assert_snapshot!(filled(wrong, actual, Mode::Like));
}

#[test]
fn optional_elements_leave_room_for_those_that_are_needed() {
    let optional = |name: &str| json!({ "$optional": { "name": name } });
    let any = json!({ "$optional": { "name": { "$any": "text" } } });
    let needed = |name: &str| json!({ "name": name });
    let cases = [
        (json!([any, needed("a")]), json!([{ "name": "a" }]), true),
        (
            json!([any, needed("a")]),
            json!([{ "name": "a" }, { "name": "b" }]),
            true,
        ),
        (json!([any, needed("a")]), json!([{ "name": "b" }]), false),
        (
            json!([optional("b"), needed("a"), optional("c")]),
            json!([{ "name": "c" }, { "name": "a" }]),
            true,
        ),
        (
            json!([optional("b"), needed("a")]),
            json!([{ "name": "a" }, { "name": "d" }]),
            false,
        ),
        (json!([optional("b")]), json!([]), true),
    ];
    for (wanted, found, holds) in cases {
        let told = filled(json!({ "part": wanted }), json!({ "part": found }), Mode::Same);
        assert_eq!(told == "no difference", holds, "{wanted} {found}: {told}");
    }
}

#[test]
fn the_order_of_names_is_no_difference() {
    let wanted = json!({ "name": "a", "id": "1", "x": { "b": 1, "a": 2 }, "resourceType": "Basic" });
    let found = json!({ "resourceType": "Basic", "x": { "a": 2, "b": 1 }, "id": "1", "name": "b" });
    let differences = compare(&wanted, &found, Mode::Same).unwrap().unwrap();
    insta::assert_snapshot!(differences.text.unwrap());
}
