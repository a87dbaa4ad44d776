use super::*;

// No DomainResource: of those without a narrative the definitions warn.
const VALID: &str = r#"{"resourceType":"Binary","id":"a","contentType":"text/plain"}"#;

fn judged(name: &str, text: &str) -> ValidationReport {
    let mut documents = Documents::new(None);
    documents.read(name, text.as_bytes());
    documents.finish()
}

/// Outcome, resource, line, how often and message of each finding.
fn told(report: &ValidationReport) -> Vec<String> {
    let files = report.files.iter().flat_map(|file| &file.findings);
    files
        .filter(|one| one.outcome != Outcome::Warning)
        .map(|one| {
            let (outcome, at, message) = (one.outcome, &one.resource, &one.mismatch.message);
            format!(
                "{outcome:?} {at} line {} x{}/{}: {message}",
                one.line, one.resources, one.places
            )
        })
        .collect()
}

#[test]
fn one_document_or_one_a_line_is_found_out() {
    let broken = r#"{"resourceType":"Patient","id":"b","gender":"x"}"#;
    for (name, text, resources, invalid) in [
        ("a.json", VALID.to_owned(), 1, 0),
        ("a.json", format!("\n\n  {VALID}\n\n"), 1, 0),
        (
            "a.json",
            "{\n \"resourceType\":\n \"Patient\", \"id\": \"a\" }".to_owned(),
            1,
            0,
        ),
        ("a.ndjson", format!("{VALID}\n{VALID}\r\n\n{broken}"), 3, 1),
        ("a.json", format!("{VALID}\n{broken}\n"), 2, 1),
        ("standard input", format!("{broken}\n{broken}\n"), 2, 2),
    ] {
        let report = judged(name, &text);
        assert_eq!(
            (report.resources(), report.invalid(), report.unreadable()),
            (resources, invalid, 0),
            "{text}"
        );
    }
    assert_eq!(judged("a.json", " \n").verdict, Verdict::Skip);
    assert_eq!(judged("a.json", VALID).verdict, Verdict::Pass);
}

#[test]
fn one_cause_is_told_once() {
    let line = |id: &str, given: &str| {
        format!(r#"{{"resourceType":"Patient","id":"{id}","name":[{{"given":["",""]}}],"gender":"{given}"}}"#)
    };
    let report = judged(
        "all.ndjson",
        &[line("1", "male"), line("2", "m"), line("3", "m")].join("\n"),
    );
    assert_eq!(
        told(&report),
        [
            "Fail Patient/1 line 1 x3/6: `given` is an empty string",
            "Fail Patient/2 line 2 x2/2: `gender` must be one of `male`, `female`, `other`, `unknown`, found `m`",
        ]
    );
    let excerpt = report.files[0]
        .findings
        .iter()
        .find(|one| one.line == 2)
        .unwrap()
        .mismatch
        .excerpt
        .as_ref()
        .unwrap();
    assert_eq!((&*excerpt.site.file, excerpt.site.line), ("all.ndjson", 2));
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_judged() {
    let text =
        format!("{{\"resourceType\":\n{VALID}\n[1]\n{{\"resourceType\":\"Patient\",\"id\":\"a\",\"id\":\"b\"}}\n");
    let report = judged("a.ndjson", &text);
    assert_eq!((report.resources(), report.invalid(), report.unreadable()), (2, 1, 2));
    assert_eq!(report.verdict, Verdict::Error);
    insta::assert_snapshot!(told(&report).join("\n"));
    let mut documents = Documents::new(None);
    documents.read("bytes.json", &b"{\"a\": \"\xFF\"}"[..]);
    documents.unreadable("none.json", "there is no such file");
    documents.read("deep.json", "[".repeat(100_000).as_bytes());
    let report = documents.finish();
    assert_eq!(report.unreadable(), 3);
    insta::assert_snapshot!(told(&report).join("\n"));
}

#[test]
fn the_release_is_told_by_the_body() {
    let told = |number: &str| told_release(&serde_json::json!({ "fhirVersion": number }));
    assert_eq!(told("5.0.0"), Ok(FhirVersion::R5));
    assert_eq!(told("3.0.2"), Err("3.0.2".to_owned()));
    assert_eq!(told("R5"), Ok(FhirVersion::R4));
    assert_eq!(
        told_release(&serde_json::json!({ "fhirVersion": ["4.3.0"] })),
        Ok(FhirVersion::R4B)
    );
    let text = r#"{"resourceType":"StructureDefinition","fhirVersion":"3.0.2"}"#;
    assert_eq!(judged("a.json", text).unreadable(), 1);
    let mut documents = Documents::new(Some(FhirVersion::Dstu2));
    documents.read("a.json", VALID.as_bytes());
    assert_eq!(
        documents.finish().unreadable(),
        1,
        "without definitions nothing is judged, and nothing passes"
    );
}

#[test]
fn json_of_other_things_in_folders_is_counted() {
    let mut documents = Documents::new(None);
    documents.read_found("package.json", &br#"{"name":"x"}"#[..]);
    documents.read_found("a.json", VALID.as_bytes());
    let report = documents.finish();
    assert_eq!(report.files.len(), 1);
    assert!(report.not_checked.contains(
        &"1 file found in folders: JSON without resourceType or XML of something else, so no resource.".to_owned()
    ));
}

#[test]
fn what_is_told_has_bounds() {
    let lines: Vec<String> = (0..1500)
        .map(|number| format!(r#"{{"resourceType":"Patient","gender":"g{number}"}}"#))
        .collect();
    let report = judged("a.ndjson", &lines.join("\n"));
    assert_eq!(
        (report.files[0].findings.len(), report.files[0].untold, report.invalid()),
        (1000, 501, 1500)
    );
}

#[test]
fn xml_is_judged_as_the_json_that_it_means() {
    let mut documents = Documents::new(None);
    for (name, text) in [
        (
            "good.xml",
            "<Patient xmlns='http://hl7.org/fhir'><active value='true'/></Patient>",
        ),
        (
            "wrong.xml",
            "<?xml version='1.0'?>\n<Patient xmlns='http://hl7.org/fhir'>\n  <gender value='femal'/>\n</Patient>",
        ),
        (
            "order.xml",
            "<Patient xmlns='http://hl7.org/fhir'><gender value='male'/><active value='true'/></Patient>",
        ),
        ("broken.xml", "<Patient xmlns='http://hl7.org/fhir'>"),
    ] {
        documents.read(name, text.as_bytes());
    }
    documents.read_found(
        "pom.xml",
        "<project xmlns='http://maven.apache.org/POM/4.0.0'/>".as_bytes(),
    );
    let report = documents.finish();
    assert_eq!(report.files.len(), 4);
    let told: Vec<String> = report
        .files
        .iter()
        .map(|file| {
            let findings = file.findings.iter().map(|finding| {
                let excerpt = finding.mismatch.excerpt.as_ref();
                let site = excerpt.map_or_else(String::new, |excerpt| {
                    format!(" ({}:{})", excerpt.site.file, excerpt.site.line)
                });
                format!(" {}{site}", finding.mismatch.message)
            });
            format!("{}: {:?}{}", file.file, file.verdict, findings.collect::<String>())
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}
