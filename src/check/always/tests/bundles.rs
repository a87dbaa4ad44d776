use super::Says::{Fail, Holds, Note, Nothing, Warning};
use super::*;
use Interaction::*;

fn search(entries: Value) -> Seen {
    seen(SearchType, "Patient?name=x").json(bundle("searchset", entries))
}

fn history(entries: Value) -> Seen {
    seen(HistoryInstance, "Patient/1/_history").json(bundle("history", entries))
}

fn version(second: u32) -> Value {
    json!({ "resource": { "resourceType": "Patient", "meta": { "lastUpdated": format!("2009-02-13T23:31:{second:02}.9Z") } } })
}

#[test]
fn answers_are_bundles_of_their_type() {
    let transaction = |kind: &str| seen(Transaction, "").json(bundle(kind, json!([])));
    let metadata = |name: &str| seen(Capabilities, "metadata").json(json!({ "resourceType": name }));
    let told = [
        judge(
            "search.bundle-searchset",
            vec![
                (Holds, "a searchset", search(json!([]))),
                (
                    Holds,
                    "of the whole server",
                    seen(SearchSystem, "?name=x").json(bundle("searchset", json!([]))),
                ),
                (
                    Fail,
                    "a history",
                    seen(SearchType, "Patient").json(bundle("history", json!([]))),
                ),
                (
                    Fail,
                    "no type",
                    seen(SearchType, "Patient").json(json!({ "resourceType": "Bundle" })),
                ),
                (Fail, "a resource", seen(SearchType, "Patient").json(patient())),
                (
                    Fail,
                    "an outcome of warnings",
                    seen(SearchType, "Patient").json(outcome("warning")),
                ),
                (Fail, "nothing", seen(SearchType, "Patient")),
                (
                    Nothing,
                    "an outcome of errors, which is told",
                    seen(SearchType, "Patient").json(outcome("error")),
                ),
                (
                    Nothing,
                    "a failure",
                    seen(SearchType, "Patient").status(400).json(outcome("error")),
                ),
                (
                    Nothing,
                    "a page, which is told",
                    seen(SearchType, "Patient").label("text/html").text("<html>"),
                ),
                (Nothing, "a raw request", search(json!([])).raw("GET")),
            ],
        ),
        judge(
            "history.bundle-type",
            vec![
                (Holds, "a history", history(json!([]))),
                (
                    Fail,
                    "a searchset",
                    seen(HistoryType, "Patient/_history").json(bundle("searchset", json!([]))),
                ),
            ],
        ),
        judge(
            "transaction-response.transaction-type",
            vec![
                (Holds, "its own", transaction("transaction-response")),
                (Fail, "another", transaction("batch-response")),
            ],
        ),
        judge(
            "transaction-response.batch-type",
            vec![
                (
                    Holds,
                    "its own",
                    seen(Batch, "").json(bundle("batch-response", json!([]))),
                ),
                (Fail, "another", seen(Batch, "").json(bundle("batch", json!([])))),
                (Nothing, "a transaction", transaction("batch")),
            ],
        ),
        judge(
            "capabilities.returns-description",
            vec![
                (Holds, "a CapabilityStatement", metadata("CapabilityStatement")),
                (Fail, "another", metadata("Patient")),
                (Fail, "nothing", seen(Capabilities, "metadata")),
                (
                    Holds,
                    "another mode",
                    seen(Capabilities, "metadata?mode=terminology")
                        .json(json!({ "resourceType": "TerminologyCapabilities" })),
                ),
                (Nothing, "not there", metadata("OperationOutcome").status(404)),
            ],
        ),
    ];
    insta::assert_snapshot!(told.join(""));
}

#[test]
fn every_page_has_one_self_link() {
    let linked = |interaction, kind: &str, relations: &[&str]| {
        let links: Vec<Value> = relations
            .iter()
            .map(|relation| json!({ "relation": relation, "url": "x" }))
            .collect();
        seen(interaction, "Patient?name=x").json(json!({ "resourceType": "Bundle", "type": kind, "link": links }))
    };
    let told = [
        judge(
            "search.self-link",
            vec![
                (Fail, "none", linked(SearchType, "searchset", &["next"])),
                (Fail, "two", linked(SearchType, "searchset", &["self", "self"])),
                (
                    Nothing,
                    "one, whatever it says",
                    linked(SearchType, "searchset", &["self"]),
                ),
                (
                    Nothing,
                    "of a page",
                    linked(SearchType, "searchset", &[]).page_of("Patient?name=x"),
                ),
            ],
        ),
        judge(
            "paging.self-link",
            vec![
                (Holds, "one", linked(SearchType, "searchset", &["next", "self"])),
                (
                    Fail,
                    "none on a page",
                    linked(SearchType, "searchset", &[]).page_of("Patient?name=x"),
                ),
                (Note, "none in a history", linked(HistoryType, "history", &[])),
                (
                    Nothing,
                    "a transaction",
                    linked(Transaction, "transaction-response", &[]),
                ),
            ],
        ),
    ];
    insta::assert_snapshot!(told.join(""));
}

#[test]
fn entries_of_a_search_are_what_they_say() {
    let told_by =
        |mode: Value, severity: &str| search(json!([{ "resource": outcome(severity), "search": { "mode": mode } }]));
    let group = |mode: &str| json!([{ "resource": { "resourceType": "Group" }, "search": { "mode": mode } }]);
    let opaque = format!("{BASE}/Patient/Xy7");
    let told = [
        judge(
            "search.outcome-mode",
            vec![
                (Holds, "marked", told_by(json!("outcome"), "warning")),
                (Fail, "as a match", told_by(json!("match"), "warning")),
                (Fail, "not at all", told_by(Value::Null, "warning")),
                (Nothing, "no outcome", search(group("match"))),
                (
                    Nothing,
                    "outcomes were searched",
                    seen(SearchType, "OperationOutcome?a=b")
                        .json(bundle("searchset", json!([{ "resource": outcome("error") }]))),
                ),
            ],
        ),
        judge(
            "search.outcome-severity",
            vec![
                (Holds, "a warning", told_by(json!("outcome"), "warning")),
                (Fail, "an error", told_by(json!("outcome"), "error")),
            ],
        ),
        judge(
            "search.get-type",
            vec![
                (Fail, "another type", search(group("match"))),
                (Nothing, "included", search(group("include"))),
                (
                    Nothing,
                    "without a mode",
                    search(json!([{ "resource": { "resourceType": "Group" } }])),
                ),
                (
                    Nothing,
                    "of all types",
                    seen(SearchType, "Patient/1/*").json(bundle("searchset", group("match"))),
                ),
                (
                    Fail,
                    "in a compartment",
                    seen(SearchType, "Patient/1/Observation?a=b").json(bundle("searchset", group("match"))),
                ),
                (
                    Nothing,
                    "a page whose link only looks so",
                    seen(SearchType, &opaque)
                        .json(bundle("searchset", group("match")))
                        .page_of("Group?a=b"),
                ),
            ],
        ),
    ];
    insta::assert_snapshot!(told.join(""));
}

#[test]
fn histories_go_back_in_time() {
    let deleted = json!({ "request": { "method": "DELETE" }, "response": { "lastModified": "2009-02-13T23:31:40Z" } });
    let told = [
        judge(
            "history.entry-minimum",
            vec![
                (Holds, "a resource, a deletion", history(json!([deleted, version(30)]))),
                (Fail, "neither", history(json!([version(30), { "fullUrl": "x" }]))),
                (Nothing, "no entry", history(json!([]))),
                (Nothing, "a search", search(json!([{ "fullUrl": "x" }]))),
            ],
        ),
        judge(
            "history.oldest-last",
            vec![
                (
                    Holds,
                    "newest first",
                    history(json!([deleted, version(30), version(29)])),
                ),
                (Holds, "at the same time", history(json!([version(30), version(30)]))),
                (Fail, "oldest first", history(json!([version(29), version(30)]))),
                (Nothing, "one", history(json!([version(29)]))),
                (
                    Nothing,
                    "no times",
                    history(json!([{ "resource": patient() }, { "request": { "method": "DELETE" } }])),
                ),
                (
                    Nothing,
                    "another order was asked for",
                    seen(HistoryType, "Patient/_history?_sort=_lastUpdated")
                        .json(bundle("history", json!([version(29), version(30)]))),
                ),
                (
                    Nothing,
                    "on a page, too",
                    seen(HistoryType, "?page=2")
                        .json(bundle("history", json!([version(29), version(30)])))
                        .page_of("Patient/_history?_sort=_lastUpdated"),
                ),
                (
                    Fail,
                    "on a page",
                    seen(HistoryType, "?page=2")
                        .json(bundle("history", json!([version(29), version(30)])))
                        .page_of("Patient/_history"),
                ),
                (Nothing, "a search", search(json!([version(29), version(30)]))),
            ],
        ),
    ];
    insta::assert_snapshot!(told.join(""));
}

#[test]
fn transactions_answer_every_entry() {
    let sent = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [{}, {}] });
    let answer = |entries: Value| {
        seen(Transaction, "")
            .json(bundle("transaction-response", entries))
            .sent(sent.clone())
    };
    let (made, blank) = (
        json!({ "response": { "status": "201 Created" } }),
        json!({ "fullUrl": "x" }),
    );
    let told = [
        judge(
            "transaction-response.one-entry-each",
            vec![
                (Holds, "two", answer(json!([made, made]))),
                (Fail, "one", answer(json!([made]))),
                (Fail, "none", answer(json!([]))),
                (Nothing, "no Bundle was sent", answer(json!([])).sent(json!("x"))),
            ],
        ),
        judge(
            "transaction-response.entry-response-present",
            vec![
                (Holds, "each", answer(json!([made, made]))),
                (Fail, "one without", answer(json!([made, blank]))),
                (Nothing, "none", answer(json!([]))),
            ],
        ),
    ];
    insta::assert_snapshot!(told.join(""));
}

#[test]
fn urls_are_right_and_encoded() {
    let entry = |url: &str, id: &str| json!([{ "fullUrl": url, "resource": { "resourceType": "Patient", "id": id } }]);
    let linked = |url: &str| json!({ "resourceType": "Bundle", "type": "searchset", "link": [{ "relation": "self", "url": url }] });
    let stored = |body: Value| seen(Read, "Bundle/1").json(body);
    let wrong = format!("{BASE}/Patient/2");
    let told = [
        judge(
            "versioning.id-in-url",
            vec![
                (Holds, "the same", search(entry(&format!("{BASE}/Patient/1"), "1"))),
                (Fail, "another", search(entry(&wrong, "1"))),
                (Nothing, "a UUID", search(entry("urn:uuid:9b1c", "1"))),
                (
                    Nothing,
                    "no address of FHIR",
                    search(entry("http://x.example/about", "1")),
                ),
                (Nothing, "another type", search(entry("http://x.example/Group/2", "1"))),
                (
                    Nothing,
                    "what a client has put there",
                    stored(bundle("searchset", entry(&wrong, "1"))),
                ),
                (
                    Nothing,
                    "a document",
                    seen(Operation, "Composition/1/$document").json(bundle("document", entry(&wrong, "1"))),
                ),
            ],
        ),
        judge(
            "url.percent-encoding-server",
            vec![
                (
                    Holds,
                    "encoded",
                    seen(SearchType, "Patient?a=b").json(linked("http://x.example/Patient?a=b%7Cc%20d&e=(1),[2]")),
                ),
                (
                    Warning,
                    "a bar",
                    seen(SearchType, "Patient?a=b").json(linked("http://x.example/Patient?a=b|c")),
                ),
                (
                    Warning,
                    "half of a code",
                    seen(SearchType, "Patient?a=b").json(linked("Patient?a=100%")),
                ),
                (Warning, "a letter", search(entry("http://x.example/Patient/é", "1"))),
                (
                    Warning,
                    "a space",
                    seen(Create, "Patient")
                        .status(201)
                        .header("Location", "http://x.example/a b/Patient/1"),
                ),
                (Nothing, "no URL", seen(Read, "Patient/1").json(patient())),
                (
                    Nothing,
                    "a failure",
                    seen(Create, "Patient").status(422).header("Location", "a b"),
                ),
                (Nothing, "what a client has put there", stored(linked("a b"))),
            ],
        ),
    ];
    insta::assert_snapshot!(told.join(""));
}
