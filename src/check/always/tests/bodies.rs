use super::Says::{Fail, Holds, Nothing, Warning};
use super::*;
use Interaction::*;

fn read() -> Seen {
    seen(Read, "Patient/1").json(patient())
}

fn vread() -> Seen {
    seen(Vread, "Patient/1/_history/3").json(patient())
}

#[test]
fn a_read_gives_what_its_url_names() {
    let of = |id: Value| read().json(json!({ "resourceType": "Patient", "id": id }));
    let told = [
        judge(
            "read.returns-current",
            vec![
                (
                    Fail,
                    "another type",
                    read().json(json!({ "resourceType": "Bundle", "type": "searchset" })),
                ),
                (Fail, "nothing", read().text("")),
                (Nothing, "the right type", read()),
                (Nothing, "an outcome", read().json(outcome("error"))),
                (Nothing, "what a Binary holds", seen(Read, "Binary/1").json(patient())),
                (Nothing, "an empty Binary", seen(Read, "Binary/1").label("text/plain")),
                (Nothing, "HEAD", read().raw("HEAD").text("")),
            ],
        ),
        judge(
            "vread.returns-version",
            vec![
                (Fail, "another type", vread().json(json!({ "resourceType": "Group" }))),
                (Nothing, "the right type", vread()),
            ],
        ),
        judge(
            "read.id-matches-url",
            vec![
                (Holds, "the same", read()),
                (
                    Holds,
                    "percent-encoded",
                    seen(Read, "Patient/a%2Db").json(json!({ "resourceType": "Patient", "id": "a-b" })),
                ),
                (Fail, "another", of(json!("2"))),
                (
                    Fail,
                    "in another case",
                    seen(Read, "Patient/a").json(json!({ "resourceType": "Patient", "id": "A" })),
                ),
                (Fail, "none", read().json(json!({ "resourceType": "Patient" }))),
                (Fail, "a number", of(json!(1))),
                (
                    Nothing,
                    "parts were asked for",
                    seen(Read, "Patient/1?_elements=name").json(json!({ "resourceType": "Patient" })),
                ),
                (
                    Fail,
                    "another, in parts",
                    seen(Read, "Patient/1?_elements=name").json(json!({ "resourceType": "Patient", "id": "2" })),
                ),
                (
                    Nothing,
                    "another type",
                    read().json(json!({ "resourceType": "Group", "id": "2" })),
                ),
                (
                    Nothing,
                    "outside of the base",
                    seen(Read, "http://other.example/fhir/Patient/2").json(patient()),
                ),
            ],
        ),
        judge(
            "vread.id-matches-url",
            vec![
                (Holds, "the same", vread()),
                (Fail, "another", seen(Vread, "Patient/2/_history/3").json(patient())),
                (Nothing, "a read", read()),
            ],
        ),
        judge(
            "vread.version-id-matches-url",
            vec![
                (Holds, "the same", vread()),
                (Fail, "another", seen(Vread, "Patient/1/_history/2").json(patient())),
                (
                    Fail,
                    "none",
                    vread().json(json!({ "resourceType": "Patient", "id": "1" })),
                ),
                (Nothing, "a read", read()),
            ],
        ),
        judge(
            "read.id-format",
            vec![
                (Holds, "an id", read()),
                (Fail, "an underscore", of(json!("a_b"))),
                (Fail, "too long", of(json!("a".repeat(65)))),
                (
                    Nothing,
                    "another type",
                    read().json(json!({ "resourceType": "Group", "id": "a_b" })),
                ),
                (
                    Nothing,
                    "not found",
                    read()
                        .status(404)
                        .json(json!({ "resourceType": "Patient", "id": "a_b" })),
                ),
            ],
        ),
    ];
    insta::assert_snapshot!(told.join(""));
}

#[test]
fn a_create_says_where() {
    let created = || seen(Create, "Patient").status(201).json(patient());
    let at = |url: &str| created().header("Location", url);
    let told = [
        judge(
            "create.location",
            vec![
                (Holds, "absolute", at(&format!("{BASE}/Patient/1/_history/3"))),
                (Holds, "relative, without a version", at("Patient/1")),
                (
                    Holds,
                    "behind a gateway",
                    at("https://gateway.example/x/Patient/1/_history/3"),
                ),
                (Holds, "without a body", at("/fhir/Patient/9/_history/1").text("")),
                (Fail, "none", created()),
                (Fail, "the type alone", at("/fhir/Patient")),
                (Fail, "another type", at("Group/1")),
                (Fail, "another version", at("Patient/1/_history/4")),
                (Nothing, "200, as it was there", created().status(200)),
                (Nothing, "a raw request", created().raw("POST")),
                (
                    Nothing,
                    "an update",
                    seen(Update, "Patient/1").status(201).json(patient()),
                ),
            ],
        ),
        judge(
            "versioning.id-in-url",
            vec![
                (Holds, "the same", at("Patient/1")),
                (Fail, "another", at("Patient/2")),
                (Nothing, "an outcome", at("Patient/2").json(outcome("information"))),
            ],
        ),
    ];
    insta::assert_snapshot!(told.join(""));
}

#[test]
fn version_ids_are_ids() {
    let of = |version: Value| json!({ "resourceType": "Patient", "id": "1", "meta": { "versionId": version } });
    let search = |resource: Value| {
        seen(SearchType, "Patient?name=x").json(bundle("searchset", json!([{ "resource": resource }])))
    };
    let stored = |resource: Value| seen(Read, "Bundle/1").json(bundle("searchset", json!([{ "resource": resource }])));
    let told = judge(
        "contention.version-id-valid",
        vec![
            (Holds, "an id", read()),
            (Holds, "in an entry", search(of(json!("v1.2")))),
            (Fail, "no id", read().json(of(json!("1 2")))),
            (Fail, "a number", read().json(of(json!(3)))),
            (Fail, "in an entry, no id", search(of(json!("1|2")))),
            (Nothing, "none", search(json!({ "resourceType": "Patient" }))),
            (Nothing, "what a client has put there", stored(of(json!("1|2")))),
            (Nothing, "read raw", stored(of(json!("1|2"))).raw("GET")),
        ],
    );
    insta::assert_snapshot!(told);
}

#[test]
fn failures_have_an_outcome() {
    let lost = || read().status(404);
    let told = [
        judge(
            "return-preference.failure-outcome",
            vec![
                (Holds, "an outcome", lost().json(outcome("error"))),
                (Holds, "a fatal one", lost().json(outcome("fatal"))),
                (
                    Holds,
                    "in XML",
                    lost()
                        .label("application/fhir+xml")
                        .text("<f:OperationOutcome xmlns:f='http://hl7.org/fhir'><f:issue><f:severity value='error'/></f:issue></f:OperationOutcome>"),
                ),
                (
                    Holds,
                    "in Turtle",
                    lost()
                        .label("application/fhir+turtle")
                        .asked("Accept", "application/fhir+turtle")
                        .text("[] a fhir:OperationOutcome"),
                ),
                (Warning, "no body", lost().text("")),
                (
                    Warning,
                    "a page",
                    lost().label("text/html").text("<html>OperationOutcome"),
                ),
                (Warning, "another resource", lost().json(patient())),
                (
                    Warning,
                    "other JSON",
                    lost().label("application/json").json(json!({ "error": "x" })),
                ),
                (
                    Warning,
                    "other XML",
                    lost().label("application/fhir+xml").text("<Patient xmlns='http://hl7.org/fhir'/>"),
                ),
                (Warning, "no error", lost().json(outcome("warning"))),
                (Warning, "raw", lost().raw("GET").text("")),
                (Nothing, "told by the label", lost().text("<html>")),
                (Nothing, "406", read().status(406).text("")),
                (Nothing, "500", read().status(500).text("")),
                (Nothing, "HEAD", lost().raw("HEAD").text("")),
                (Nothing, "OPTIONS", lost().raw("OPTIONS").text("")),
                (
                    Nothing,
                    "another type was asked for",
                    lost().asked("Accept", "text/html").label("text/html").text("<html>"),
                ),
                (
                    Nothing,
                    "raw, outside of the base",
                    seen(Read, "http://localhost:8080/other").raw("GET").status(404),
                ),
            ],
        ),
        judge(
            "search.failure-outcome",
            vec![
                (
                    Holds,
                    "an outcome",
                    seen(SearchType, "Patient?a=b").status(400).json(outcome("error")),
                ),
                (Fail, "no body", seen(SearchType, "Patient?a=b").status(400)),
                (
                    Warning,
                    "no error",
                    seen(SearchType, "Patient?a=b").status(400).json(outcome("warning")),
                ),
                (
                    Warning,
                    "no body in R5",
                    seen(SearchType, "Patient?a=b").status(400).release(FhirVersion::R5),
                ),
                (Nothing, "of another rule", seen(SearchType, "Nothing?a=b").status(404)),
            ],
        ),
        judge(
            "create.error-outcome",
            vec![
                (Warning, "no body", seen(Create, "Patient").status(422)),
                (Nothing, "of another rule", seen(Create, "Patient").status(404)),
            ],
        ),
        judge(
            "update.error-outcome",
            vec![
                (Warning, "no body", seen(Update, "Patient/1").status(412)),
                (Nothing, "of another rule", seen(Update, "Patient/1").status(410)),
            ],
        ),
        judge(
            "transaction-response.failed-transaction-outcome",
            vec![
                (
                    Fail,
                    "a Bundle",
                    seen(Transaction, "")
                        .status(400)
                        .json(bundle("transaction-response", json!([]))),
                ),
                (
                    Holds,
                    "an outcome",
                    seen(Transaction, "").status(422).json(outcome("error")),
                ),
                (
                    Nothing,
                    "a server without transactions",
                    seen(Transaction, "").status(405),
                ),
            ],
        ),
    ];
    insta::assert_snapshot!(told.join(""));
}

#[test]
fn successes_have_no_errors() {
    let update = || seen(Update, "Patient/1");
    let delete = || seen(Delete, "Patient/1");
    let told = [
        judge(
            "general.status-codes-map-to-states",
            vec![
                (Fail, "read", read().json(outcome("error"))),
                (Fail, "search", seen(SearchType, "Patient?a=b").json(outcome("fatal"))),
                (
                    Nothing,
                    "$validate",
                    seen(Operation, "Patient/$validate").json(outcome("error")),
                ),
                (Nothing, "a warning", read().json(outcome("warning"))),
                (Nothing, "a failure", read().status(404).json(outcome("error"))),
                (
                    Nothing,
                    "a stored outcome",
                    seen(Read, "OperationOutcome/1").json(outcome("error")),
                ),
            ],
        ),
        judge(
            "return-preference.absent-no-outcome",
            vec![
                (Holds, "the resource", update().json(patient())),
                (Warning, "an outcome", update().json(outcome("information"))),
                (
                    Nothing,
                    "it was asked for",
                    update()
                        .json(outcome("information"))
                        .asked("Prefer", "return=OperationOutcome"),
                ),
                (Nothing, "told to be an error", update().json(outcome("error"))),
                (Nothing, "no body", update()),
                (Nothing, "a deletion", delete().json(outcome("information"))),
            ],
        ),
        judge(
            "delete.payload-consistent",
            vec![
                (Holds, "an outcome", delete().json(outcome("information"))),
                (Warning, "no body", delete()),
                (Warning, "the resource", delete().json(patient())),
                (Warning, "words", delete().label("text/plain").text("gone")),
                (Nothing, "204", delete().status(204)),
                (Nothing, "202", delete().status(202).label("text/plain").text("later")),
                (
                    Nothing,
                    "XML",
                    delete().label("application/fhir+xml").text("<OperationOutcome/>"),
                ),
                (Nothing, "told by the label", delete().text("<html>")),
            ],
        ),
    ];
    insta::assert_snapshot!(told.join(""));
}
