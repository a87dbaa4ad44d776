use std::time::{Duration, Instant};

use serde_json::json;

use super::*;

fn evaluate(text: &str, body: &Value) -> Vec<Value> {
    evaluate_with(text, body, &[])
}

fn evaluate_with(text: &str, body: &Value, variables: &[(&str, Value)]) -> Vec<Value> {
    let expression = Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    let found = expression.evaluate(FhirVersion::R4, body, variables);
    found.unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn observation() -> Value {
    let text = r#"{"resourceType": "Observation", "id": "x", "status": "final",
        "valueQuantity": {"value": 6.30, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"},
        "effectiveDateTime": "2015-02-07T13:28:17.239+02:00",
        "component": [{"valueQuantity": {"value": 5, "comparator": "<", "code": "mg"}}, {"valueString": "a"}]}"#;
    serde_json::from_str(text).unwrap()
}

#[test]
fn choices_are_found_by_their_stem_and_type() {
    let body = observation();
    assert_eq!(
        evaluate("Observation.effective", &body),
        [json!("2015-02-07T13:28:17.239+02:00")]
    );
    for text in [
        "value is Quantity",
        "effective is dateTime",
        "value.ofType(Quantity).exists()",
        "value.ofType(string).empty()",
        "(value as Quantity).unit = 'mg'",
        "component.value.ofType(string) = 'a'",
        "Observation is DomainResource",
        "Resource.id = 'x'",
        "%resource.id = %context.id",
        "value.type().name = 'FHIR.Quantity' or value.type().name = 'Quantity'",
    ] {
        assert_eq!(evaluate(text, &body), [json!(true)], "{text}");
    }
}

#[test]
fn quantities_keep_their_parts_and_compare_as_numbers() {
    let body = observation();
    for text in [
        "value.value = 6.3",
        "value.system = 'http://unitsofmeasure.org'",
        "component.value.ofType(Quantity).comparator = '<'",
        "value = 6.3 'mg'",
        "value > 5 'mg'",
        "value < 0.1 'g'",
        "value + 1 'mg' = 7.3 'mg'",
        "(component.value.ofType(Quantity) = 5 'mg').not()",
    ] {
        assert_eq!(evaluate(text, &body), [json!(true)], "{text}");
    }
}

#[test]
fn an_element_is_not_taken_for_the_choice_of_a_shorter_one() {
    let body = json!({"resourceType": "CapabilityStatement", "implementationGuide": ["http://example.org/ig"]});
    assert_eq!(evaluate("implementation.exists()", &body), [json!(false)]);
    assert_eq!(
        evaluate("CapabilityStatement", &body),
        std::slice::from_ref(&body),
        "what keeps it from that is not seen"
    );
}

#[test]
fn variables_are_collections() {
    let patients = json!([{"resourceType": "Patient", "id": "a", "birthDate": "1970-01-01"},
        {"resourceType": "Patient", "id": "b"}]);
    let variables = [
        ("ids", json!(["a", "b"])),
        ("none", Value::Null),
        ("empty", json!([])),
        ("one", json!("x")),
        ("number", json!(2)),
        ("patients", patients),
    ];
    let body = observation();
    for text in [
        "%ids.count() = %number and %ids.isDistinct()",
        "%none.empty() and %empty.count() = 0",
        "id = %one",
        "%patients.id = %ids",
        "%patients.where(id = 'a').birthDate < @1980-01-01",
        "%patients.ofType(Patient).count() = 2",
        "%number + 1 = 3",
        "'b' in %ids",
        "defineVariable('here', 7).select(%here = 7)",
    ] {
        assert_eq!(evaluate_with(text, &body, &variables), [json!(true)], "{text}");
    }
    let missing = Expression::compile("%gone = 1")
        .unwrap()
        .evaluate(FhirVersion::R4, &body, &[])
        .unwrap_err();
    assert_eq!(missing.message, "there is no variable `%gone`");
    let used = Expression::compile("%a = %b").unwrap();
    assert_eq!(used.variables().collect::<Vec<_>>(), [("a", 0), ("b", 5)]);
}

#[test]
fn conditions_are_told_apart() {
    let body = observation();
    let truth = |text| {
        Expression::compile(text)
            .unwrap()
            .is_true(FhirVersion::R4, &body, &[])
            .unwrap()
    };
    assert_eq!(truth("id = 'x'"), Truth::True);
    assert_eq!(truth("id = 'y'"), Truth::False);
    assert_eq!(truth("issued = 'y'"), Truth::Empty);
    assert_eq!(truth("id"), Truth::NotBoolean(vec![json!("x")]));
    assert_eq!(
        truth("true | false"),
        Truth::NotBoolean(vec![json!(true), json!(false)])
    );
    assert!(!truth("id").is_true());
}

#[test]
fn digits_and_precision_are_kept() {
    assert_eq!(evaluate("1.10", &Value::Null)[0].to_string(), "1.10");
    assert_eq!(evaluate("@T10:30", &Value::Null), [json!("10:30")]);
    assert_eq!(
        evaluate("'a\nb'.matches('a.b') and 'ab'.matches('B').not()", &Value::Null),
        [json!(true)]
    );
    assert_eq!(
        evaluate("'a.b'.replaceMatches('a(.)', '[$1]')", &Value::Null),
        [json!("[.]b")]
    );
    assert_eq!(evaluate("'a  b'", &Value::Null), [json!("a  b")]);
    assert_eq!(evaluate("@2015-02", &Value::Null), [json!("2015-02")]);
}

#[test]
fn compile_errors_say_where() {
    let cases = [
        "name.where(use = 'official'",
        "id.length() > 2 and",
        "a b",
        "name.frist()",
        "name.exists(1, 2)",
        "a = 'x",
        "1 +/* x */ + 2",
        "a +  b c",
        "%",
        "",
    ];
    let told: Vec<_> = cases
        .iter()
        .map(|text| {
            let error = Expression::compile(text).unwrap_err();
            let caret = error.offset.map_or(String::new(), |at| {
                format!("{}{}", " ".repeat(at), "^".repeat(error.length))
            });
            format!("{text}\n{caret}\n{error}")
        })
        .collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn hostile_texts_and_bodies_end_soon() {
    let started = Instant::now();
    for text in [
        "(".repeat(10_000),
        "-".repeat(10_000),
        "a.".repeat(10_000),
        format!("{}1", "1+".repeat(1_400)),
        format!("{}1", "-".repeat(1_400)),
        format!("a{}", ".b".repeat(1_400)),
        format!("{}1{}", "(".repeat(40), ")".repeat(40)),
        format!("{}1{}", "iif(true,".repeat(40), ",2)".repeat(40)),
        format!("{}1", "f(".repeat(40)),
        format!("{}1{}", "a.where(".repeat(40), ")".repeat(40)),
        format!("{}x", "not ".repeat(1_400)),
    ] {
        if let Ok(expression) = Expression::compile(&text) {
            let _ = expression.evaluate(FhirVersion::R4, &observation(), &[]);
        }
    }
    let mut deep = Value::Null;
    for _ in 0..5_000 {
        deep = Value::Array(vec![deep]);
    }
    let mut body = serde_json::Map::new();
    body.insert("name".to_owned(), deep);
    let deep = Value::Object(body);
    assert!(
        Expression::compile("name")
            .unwrap()
            .evaluate(FhirVersion::R4, &deep, &[])
            .is_err()
    );
    // Dropping it would recurse.
    std::mem::forget(deep);
    for text in [
        "repeat($this)",
        "repeat($this | 1)",
        "id.matches('(a+)+$')",
        "descendants().descendants().count()",
    ] {
        let _ = Expression::compile(text)
            .unwrap()
            .evaluate(FhirVersion::R4, &observation(), &[]);
    }
    assert!(started.elapsed() < Duration::from_secs(90), "{:?}", started.elapsed());
}

#[test]
fn expressions_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Expression>();
    shared::<Subject>();
    let expression = Expression::compile("id = %id").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let found = expression.is_true(FhirVersion::R5, &json!({"id": "x"}), &[("id", json!("x"))]);
                assert_eq!(found, Ok(Truth::True));
            });
        }
    });
}
