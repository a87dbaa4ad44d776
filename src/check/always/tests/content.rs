use super::Says::{Fail, Holds, Nothing, Warning};
use super::*;
use Interaction::*;

fn read() -> Seen {
    seen(Read, "Patient/1").json(patient())
}

#[test]
fn content_is_labelled_as_what_it_is() {
    let told = judge(
        "content-negotiation.mime-types-server",
        vec![
            (Holds, "a resource", read()),
            (
                Holds,
                "with a charset",
                read().label("Application/FHIR+JSON;charset=utf-8"),
            ),
            (
                Holds,
                "behind a byte order mark",
                read().text(&format!("\u{FEFF}{}", patient())),
            ),
            (
                Holds,
                "XML",
                read()
                    .label("application/fhir+xml")
                    .text("<Patient xmlns='http://hl7.org/fhir'><active value='true'/></Patient>")
                    .asked("Accept", "application/fhir+xml"),
            ),
            (
                Fail,
                "XML of nobody",
                read().label("application/fhir+xml").text("<Patient/>"),
            ),
            (
                Fail,
                "XML in another order",
                read().label("application/fhir+xml").text(
                    "<Patient xmlns='http://hl7.org/fhir'><gender value='male'/><active value='true'/></Patient>",
                ),
            ),
            (
                Fail,
                "XML with an entity",
                read().label("application/fhir+xml").text(
                    "<!DOCTYPE x [<!ENTITY a 'b'>]><Patient xmlns='http://hl7.org/fhir'><id value='&a;'/></Patient>",
                ),
            ),
            (
                Fail,
                "XML under a generic label",
                read()
                    .label("text/xml")
                    .text("<Patient xmlns='http://hl7.org/fhir'><active value='true'/></Patient>"),
            ),
            (Holds, "an outcome", read().status(404).json(outcome("error"))),
            (Fail, "a generic label", read().label("application/json")),
            (Fail, "no label", read().unlabelled()),
            (Fail, "the label of XML", read().label("application/fhir+xml")),
            (Fail, "XML under the label of JSON", read().text("<Patient/>")),
            (Fail, "a page", read().label("text/html").text("<!DOCTYPE html><html>")),
            (Fail, "a page under FHIR's label", read().status(404).text("<html>")),
            (Fail, "no resource", read().json(json!({ "id": "1" }))),
            (Fail, "an array", read().json(json!([]))),
            (Fail, "broken off", read().text("{\"resourceType\":\"Patient\"")),
            (
                Fail,
                "a lone surrogate",
                read().text(r#"{"resourceType":"Patient","id":"\ud800"}"#),
            ),
            (
                Fail,
                "keys twice",
                read().text(r#"{"resourceType":"Patient","id":"1","id":"1"}"#),
            ),
            (
                Nothing,
                "a generic type was asked for",
                read().asked("Accept", "application/json").label("application/json"),
            ),
            (
                Nothing,
                "anything was asked for",
                read()
                    .asked("Accept", "application/fhir+json, */*;q=0.1")
                    .label("application/json"),
            ),
            (
                Nothing,
                "a short _format",
                Seen {
                    ..seen(Read, "Patient/1?_format=json")
                        .json(patient())
                        .label("application/json")
                },
            ),
            (Nothing, "HEAD", read().raw("HEAD")),
            (
                Nothing,
                "a page of a gateway",
                read().status(404).label("text/html").text("<html>"),
            ),
            (
                Nothing,
                "a PDF",
                seen(Read, "Binary/1").label("application/pdf").text("%PDF"),
            ),
            (
                Nothing,
                "a Binary that holds JSON",
                seen(Read, "Binary/1").label("application/json").json(patient()),
            ),
            (
                Nothing,
                "a deletion's words",
                seen(Delete, "Patient/1").label("text/plain").text("gone"),
            ),
            (
                Nothing,
                "202",
                seen(Update, "Patient/1").status(202).label("text/plain").text("later"),
            ),
            (
                Nothing,
                "an operation's own",
                seen(Operation, "$graphql")
                    .label("application/json")
                    .json(json!({ "data": {} })),
            ),
            (
                Nothing,
                "a raw request",
                read().raw("GET").label("text/plain").text("hello"),
            ),
            (
                Fail,
                "a raw request for FHIR",
                read().raw("GET").label("application/json"),
            ),
        ],
    );
    insta::assert_snapshot!(told);
}

#[test]
fn content_is_utf8() {
    let latin = b"{\"resourceType\":\"Patient\",\"id\":\"\xE9\"}";
    let told = judge(
        "content-negotiation.utf8",
        vec![
            (Holds, "a resource", read()),
            (
                Holds,
                "a charset",
                read().label("application/fhir+json; charset=\"UTF-8\""),
            ),
            (Fail, "Latin 1", read().bytes(latin)),
            (
                Fail,
                "another charset",
                read().label("application/fhir+json; charset=iso-8859-1"),
            ),
            (Fail, "UTF-16", read().bytes(b"\xFF\xFE{\0}\0")),
            (
                Nothing,
                "Latin 1 that is no FHIR",
                read().raw("GET").label("text/plain").bytes(latin),
            ),
            (
                Nothing,
                "a picture",
                seen(Read, "Binary/1").label("image/png").bytes(b"\x89PNG"),
            ),
            (
                Nothing,
                "another charset of a generic type",
                read().label("application/json; charset=iso-8859-1"),
            ),
        ],
    );
    insta::assert_snapshot!(told);
}

#[test]
fn the_release_is_told_rightly() {
    let rule = "content-negotiation.fhir-version-parameter";
    let of = |version: &str| read().label(&format!("application/fhir+json; fhirVersion={version}"));
    let told = judge(
        rule,
        vec![
            (Holds, "of R4", of("4.0")),
            (Holds, "of R5", of("5.0").release(FhirVersion::R5)),
            (Fail, "another", of("5.0")),
            (Fail, "too long", of("4.0.1")),
            (Nothing, "none", read()),
            (
                Nothing,
                "another was asked for",
                of("5.0").asked("Accept", "application/fhir+json; fhirVersion=5.0"),
            ),
            (
                Nothing,
                "of a generic type",
                read().label("application/json; fhirVersion=5.0"),
            ),
        ],
    );
    insta::assert_snapshot!(told);
}

#[test]
fn etags_are_version_ids() {
    let of = |etag: &str| read().header("ETag", etag);
    let search = || {
        seen(SearchType, "Patient?name=x")
            .json(bundle("searchset", json!([])))
            .header("ETag", "\"x y\"")
    };
    let told = [
        judge(
            "versioning.etag-weak-format",
            vec![
                (Holds, "weak", of("W/\"3\"")),
                (
                    Holds,
                    "without a body",
                    seen(Create, "Patient").status(201).header("ETag", "W/\"1\""),
                ),
                (Warning, "strong", of("\"3\"")),
                (Warning, "bare", of("3")),
                (Warning, "no id", of("W/\"a_b\"")),
                (Nothing, "none", read()),
                (Nothing, "of a Bundle", search()),
                (
                    Nothing,
                    "of /metadata",
                    seen(Capabilities, "metadata")
                        .json(json!({ "resourceType": "CapabilityStatement" }))
                        .header("ETag", "\"x\""),
                ),
                (
                    Nothing,
                    "of a stored Bundle",
                    seen(Read, "Bundle/1")
                        .json(json!({ "resourceType": "Bundle", "id": "1" }))
                        .header("ETag", "\"x\""),
                ),
                (Nothing, "of a refusal", of("\"3\"").status(412).json(outcome("error"))),
            ],
        ),
        judge(
            "contention.etag-matches-version",
            vec![
                (Holds, "the same", of("W/\"3\"")),
                (Holds, "the same, strong", of("\"3\"")),
                (Fail, "another", of("W/\"4\"")),
                (Nothing, "no ETag", of("3")),
                (
                    Nothing,
                    "no version id",
                    of("W/\"3\"").json(json!({ "resourceType": "Patient", "id": "1" })),
                ),
                (
                    Nothing,
                    "of an outcome",
                    seen(Update, "Patient/1")
                        .json(outcome("information"))
                        .header("ETag", "W/\"4\""),
                ),
                (Nothing, "of a Bundle", search()),
            ],
        ),
        judge(
            "versioning.etag-carries-version-id",
            vec![(Holds, "the same", of("W/\"3\"")), (Nothing, "another", of("W/\"4\""))],
        ),
    ];
    insta::assert_snapshot!(told.join(""));
}

#[test]
fn last_modified_is_last_updated() {
    let of = |date: &str| read().header("Last-Modified", date);
    let told = judge(
        "versioning.last-modified-from-last-updated",
        vec![
            (Holds, "cut", of("Fri, 13 Feb 2009 23:31:30 GMT")),
            (Holds, "rounded", of("Fri, 13 Feb 2009 23:31:31 GMT")),
            (Warning, "another", of("Fri, 13 Feb 2009 23:31:32 GMT")),
            (Warning, "no HTTP-date", of("2009-02-13T23:31:30Z")),
            (Nothing, "none", read()),
            (
                Nothing,
                "no lastUpdated",
                of("x").json(json!({ "resourceType": "Patient", "id": "1" })),
            ),
            (
                Nothing,
                "of a search",
                seen(SearchType, "Patient?name=x")
                    .json(bundle("searchset", json!([])))
                    .header("Last-Modified", "x"),
            ),
        ],
    );
    insta::assert_snapshot!(told);
}

fn in_compartment() -> Seen {
    seen(SearchType, "Patient/1/Observation?code=x")
}

#[test]
fn statuses_are_those_of_the_table() {
    let told = [
        judge(
            "operations.response-read",
            vec![
                (Holds, "200", read()),
                (Holds, "410", read().status(410).json(outcome("error"))),
                (Warning, "409", read().status(409).json(outcome("error"))),
                (Warning, "202 in R4", read().status(202)),
                (
                    Nothing,
                    "202 that was asked for",
                    read().status(202).asked("Prefer", "respond-async"),
                ),
                (Holds, "202 in R5", read().status(202).release(FhirVersion::R5)),
                (Nothing, "400, by the text", read().status(400).json(outcome("error"))),
                (Nothing, "304", read().status(304).text("")),
                (Nothing, "406", read().status(406).json(outcome("error"))),
                (Nothing, "500", read().status(500).json(outcome("error"))),
                (Nothing, "named by the step", read().status(409).expecting(&[200, 409])),
                (Nothing, "a raw request", read().raw("GET").status(409)),
            ],
        ),
        judge(
            "operations.response-create",
            vec![
                (Holds, "201", seen(Create, "Patient").status(201)),
                (Warning, "412", seen(Create, "Patient").status(412)),
                (
                    Nothing,
                    "412 under a condition",
                    seen(Create, "Patient").status(412).asked("If-None-Exist", "name=x"),
                ),
            ],
        ),
        judge(
            "operations.response-transaction",
            vec![
                (Holds, "a batch in R4", seen(Batch, "")),
                (Nothing, "a batch in R5", seen(Batch, "").release(FhirVersion::R5)),
            ],
        ),
        judge(
            "operations.response-batch",
            vec![
                (Nothing, "in R4", seen(Batch, "")),
                (Holds, "in R5", seen(Batch, "").release(FhirVersion::R5)),
            ],
        ),
        judge(
            "operations.response-search-compartment",
            vec![
                (Holds, "in R5", in_compartment().release(FhirVersion::R5)),
                (Nothing, "in R4, which has no such row", in_compartment()),
                (
                    Nothing,
                    "another search",
                    seen(SearchType, "Patient?name=x").release(FhirVersion::R5),
                ),
                (Warning, "206", in_compartment().release(FhirVersion::R5).status(206)),
                (
                    Fail,
                    "a Patient",
                    in_compartment()
                        .release(FhirVersion::R5)
                        .json(json!({ "resourceType": "Patient" })),
                ),
            ],
        ),
        judge(
            "operations.response-update-conditional",
            vec![
                (Holds, "in R6", seen(Update, "Patient?name=x").release(FhirVersion::R6)),
                (
                    Nothing,
                    "by id",
                    seen(Update, "Patient/1?_format=json").release(FhirVersion::R6),
                ),
                (
                    Nothing,
                    "in R5",
                    seen(Update, "Patient?name=x").release(FhirVersion::R5),
                ),
            ],
        ),
        judge(
            "operations.response-delete",
            vec![
                (Holds, "204", seen(Delete, "Patient/1").status(204)),
                (
                    Holds,
                    "an OperationOutcome",
                    seen(Delete, "Patient/1").json(outcome("information")),
                ),
                (
                    Warning,
                    "what was deleted",
                    seen(Delete, "Patient/1").json(json!({ "resourceType": "Patient", "id": "1" })),
                ),
            ],
        ),
        judge(
            "operations.response-patch",
            vec![
                (Holds, "200", seen(Patch, "Patient/1")),
                (Warning, "201", seen(Patch, "Patient/1").status(201)),
            ],
        ),
    ];
    insta::assert_snapshot!(told.join(""));
}
