//! Bodies and expressions that no evaluation by the engine survives without its meter: each ends within seconds, with
//! an answer or by being given up, and takes no more memory than a body may.

use std::time::Duration;

use serde_json::json;

use super::*;

/// What an evaluation may take here: more than its own limit.
const LIMIT: Duration = Duration::from_secs(120);

/// Evaluates on another thread, so that an endless evaluation fails the test and does not hang it.
fn evaluate(text: &str, subject: &Subject) -> Result<Vec<Value>, FhirPathError> {
    let expression = Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    let (send, receive) = std::sync::mpsc::channel();
    let subject = subject.clone();
    std::thread::spawn(move || {
        let _ = send.send(expression.evaluate_on(&subject, &[]));
    });
    let found = receive.recv_timeout(LIMIT);
    found.unwrap_or_else(|_| panic!("`{text}` takes more than {LIMIT:?}"))
}

fn given_up(body: &Value, texts: &[&str]) {
    let subject = Subject::new(FhirVersion::R4, body).unwrap();
    let why = format!(
        "it was given up: on this body it takes more than {} steps",
        meter::MOST_STEPS
    );
    let others: Vec<_> = texts
        .iter()
        .map(|text| (text, evaluate(text, &subject)))
        .filter(|(_, found)| !matches!(found, Err(error) if error.given_up && error.message == why))
        .collect();
    assert!(others.is_empty(), "{others:?}");
}

fn answered(body: &Value, pairs: &[(&str, Value)]) {
    let subject = Subject::new(FhirVersion::R4, body).unwrap();
    for (text, expected) in pairs {
        assert_eq!(
            evaluate(text, &subject).as_deref(),
            Ok([expected.clone()].as_slice()),
            "{text}"
        );
    }
}

fn bundle(entries: usize) -> Value {
    let entry = |index: usize| json!({ "fullUrl": format!("http://x/Patient/{index}"), "resource": { "resourceType": "Patient", "id": index.to_string() } });
    json!({ "resourceType": "Bundle", "type": "searchset", "entry": (0..entries).map(entry).collect::<Vec<_>>() })
}

#[test]
fn each_entry_is_not_held_against_each() {
    let body = bundle(20_000);
    given_up(
        &body,
        &[
            "entry.fullUrl.intersect(entry.resource.id).count()",
            "entry.fullUrl.exclude(entry.resource.id).count()",
            "entry.fullUrl.subsetOf(entry.fullUrl)",
            "entry.where(fullUrl in %resource.entry.fullUrl).count()",
            "entry.where(resource.id.select(%resource.entry.fullUrl).count() = 1).count()",
            "entry ~ entry",
        ],
    );
}

#[test]
fn what_is_gathered_has_an_end() {
    let body = bundle(20_000);
    given_up(
        &body,
        &[
            "entry.select(%resource.entry).count()",
            "entry.select(%resource.entry.fullUrl).count()",
            "entry.select(iif($index >= 0, %resource.entry, {})).count()",
            "entry.aggregate($total.combine(%resource.entry)).count()",
            "entry.fullUrl.aggregate($total & $total & 'a', '').length()",
            "'a'.repeat($this & $this)",
            "'a'.repeatAll($this & $this)",
        ],
    );
}

#[test]
fn large_bodies_are_answered_about() {
    answered(
        &bundle(10_000),
        &[
            ("entry.count()", json!(10_000)),
            ("entry.fullUrl.isDistinct()", json!(true)),
            ("(entry.fullUrl | entry.resource.id).count()", json!(20_000)),
            ("entry.where(fullUrl.matches('^http.*/7$')).count()", json!(1)),
            ("entry.resource.ofType(Patient).where(id = '7').exists()", json!(true)),
            (
                "entry.all(resource.exists() and fullUrl.endsWith('/' & resource.id))",
                json!(true),
            ),
            ("entry.select(resource.id).count()", json!(10_000)),
        ],
    );
    answered(
        &bundle(2_000),
        &[
            ("entry.fullUrl.intersect(entry.fullUrl).count()", json!(2_000)),
            ("entry.where(fullUrl in %resource.entry.fullUrl).count()", json!(2_000)),
            ("entry.fullUrl.subsetOf(entry.fullUrl)", json!(true)),
            ("entry.select($index).aggregate($total + $this, 0)", json!(1_999_000)),
            ("entry.fullUrl.aggregate($total | $this).count()", json!(2_000)),
            ("entry.aggregate($total.combine(%resource.type)).count()", json!(2_000)),
        ],
    );
}

#[test]
fn times_are_not_held_against_each_other() {
    let start = |index: usize| {
        format!(
            "{:04}-{:02}-{:02}",
            1000 + index / 336,
            1 + index / 28 % 12,
            1 + index % 28
        )
    };
    let contact = |index| json!({ "period": { "start": start(index) } });
    let body =
        |count: usize| json!({ "resourceType": "Patient", "contact": (0..count).map(contact).collect::<Vec<_>>() });
    given_up(
        &body(20_000),
        &[
            "contact.period.start.distinct().count()",
            "contact.period.start.isDistinct()",
            "contact.period.start ~ contact.period.start",
            "(contact.period.start | contact.period.start).count()",
            "(contact.select(period.start.toString().toDate()) | contact.id).count()",
        ],
    );
    answered(
        &body(1_000),
        &[
            ("contact.period.start.isDistinct()", json!(true)),
            ("(contact.period.start | contact.period.start).count()", json!(1_000)),
        ],
    );
}

#[test]
fn a_deep_body_is_not_written_again_for_each_level() {
    let mut deep = json!({ "url": "u", "valueString": "x".repeat(5_000_000) });
    for _ in 0..50 {
        deep = json!({ "url": "u", "extension": [deep] });
    }
    let body = json!({ "resourceType": "Patient", "extension": [deep] });
    given_up(
        &body,
        &[
            "repeat(extension).count()",
            "repeatAll(extension).count()",
            "repeat(children()).count()",
            "descendants().intersect(descendants()).count()",
        ],
    );
    answered(&body, &[("descendants().count()", json!(103))]);
}

#[test]
fn a_long_text_does_not_multiply() {
    let body = json!({ "resourceType": "Patient", "name": [{ "family": "a".repeat(10_000_000) }] });
    given_up(
        &body,
        &[
            "name.family.toChars().count()",
            "name.family.split('a').count()",
            "name.family.replace('', %resource.name.family).length()",
            "name.family.replace('a', %resource.name.family).length()",
            "name.family.replaceMatches('a', %resource.name.family).length()",
            "name.family.toChars().select(%resource.name.family).count()",
        ],
    );
    answered(
        &body,
        &[
            ("name.family.length()", json!(10_000_000)),
            ("name.family.matches('^(a+)+$')", json!(true)),
            ("name.family.matches('(a|aa)+b')", json!(false)),
            ("name.family.matches('(.{1,1000}){1,2}b')", json!(false)),
            ("name.family.contains('ab')", json!(false)),
        ],
    );
}

#[test]
fn every_function_spends() {
    let registry = engine(FhirVersion::R4).get_function_registry();
    use octofhir_fhirpath::evaluator::function_registry::FunctionEvaluatorWrapper as Wrapper;
    let heedless: Vec<_> = registry
        .list_functions()
        .into_iter()
        .filter(|name| matches!(registry.get_function_wrapper(name), Some(Wrapper::Standard(_)) | None))
        .collect();
    assert!(heedless.is_empty(), "{heedless:?}");
}

#[test]
fn what_is_given_up_leaves_nothing_behind() {
    let body = bundle(2_000);
    let subject = Subject::new(FhirVersion::R4, &body).unwrap();
    let slow = Expression::compile("entry.select(%resource.entry).count()").unwrap();
    assert!(slow.evaluate_on(&subject, &[]).unwrap_err().given_up);
    let quick = Expression::compile("type = 'searchset'").unwrap();
    assert_eq!(quick.is_true_on(&subject, &[]), Ok(Truth::True));
}
