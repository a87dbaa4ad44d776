//! What is wrong with a body, as a person reads it: what, where, and what to do, in at most six lines.

use fhir_assay::check::documents::Documents;
use fhir_assay::fhir::FhirVersion::{self, R4, R4B, R5, R6};
use fhir_assay::fhir::validate::BrokenRule;
use fhir_assay::report::Format;

/// What the console says of one body, without the closing sentence.
fn told(release: FhirVersion, body: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(body).expect("the table holds JSON");
    told_of_text(release, &serde_json::to_string_pretty(&value).unwrap())
}

/// The same of a text as it is.
fn told_of_text(release: FhirVersion, text: &str) -> Vec<String> {
    let mut documents = Documents::new(Some(release));
    documents.read("body", text.as_bytes());
    let mut report = documents.finish();
    report.not_checked.clear();
    // That a resource should have a narrative is said of each of these.
    let is_dom_6 = |rule: &BrokenRule| rule.key.as_deref() == Some("dom-6");
    report.files[0]
        .findings
        .retain(|finding| !finding.rule.as_ref().is_some_and(is_dom_6));
    let mut bytes = Vec::new();
    Format::Console.write_validation(&report, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (findings, _) = text.trim_end().rsplit_once("\n\n").unwrap_or_default();
    findings
        .split("\n\n")
        .filter(|told| !told.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A kind of rule, and bodies that break it.
fn held(name: &str, bodies: &[(FhirVersion, &str)]) {
    let mut all = Vec::new();
    for (release, body) in bodies {
        let findings = told(*release, body);
        assert!(!findings.is_empty(), "{release} {body} passes");
        for finding in &findings {
            assert!(finding.lines().count() <= 6, "{finding}");
            assert!(finding.lines().all(|line| line.chars().count() <= 500), "{finding}");
        }
        all.push(format!("{release} {body}\n{}", findings.join("\n")));
    }
    insta::assert_snapshot!(name, all.join("\n\n"));
}

#[test]
fn properties() {
    held(
        "properties",
        &[
            (R4, r#"{"resourceType":"Patient","nmae":[{"family":"King"}]}"#),
            (R4, r#"{"resourceType":"Patient","birthdate":"1970-01-01"}"#),
            (R4, r#"{"resourceType":"Patient","name":[{"first":"Ada"}]}"#),
            (R4, r#"{"resourceType":"Patient","favouriteColour":"blue"}"#),
            (
                R4,
                r#"{"resourceType":"Encounter","status":"planned","class":{"code":"AMB"},"actualPeriod":{"start":"2020"}}"#,
            ),
            (
                R5,
                r#"{"resourceType":"Encounter","status":"planned","period":{"start":"2020"}}"#,
            ),
            (
                R4B,
                r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"value":5}"#,
            ),
            (
                R4,
                r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantty":{"value":5}}"#,
            ),
            (
                R4,
                r#"{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","nmae":"x"}]}"#,
            ),
        ],
    );
}

#[test]
fn types() {
    held(
        "types",
        &[
            (R4, r#"{"resourceType":"Patient","active":"true"}"#),
            (R4, r#"{"resourceType":"Patient","active":1}"#),
            (R4, r#"{"resourceType":"Patient","name":{"family":"King"}}"#),
            (R4, r#"{"resourceType":"Patient","name":[{"family":["King"]}]}"#),
            (R4, r#"{"resourceType":"Patient","name":[{"given":"Ada"}]}"#),
            (R4, r#"{"resourceType":"Patient","multipleBirthInteger":1.5}"#),
            (R4, r#"{"resourceType":"Patient","multipleBirthInteger":"2"}"#),
            (R4, r#"{"resourceType":"Patient","birthDate":1970}"#),
            (R4, r#"{"resourceType":"Patient","gender":null}"#),
            (R4, r#"{"resourceType":"Observation","status":"final","code":"x"}"#),
            (R5, r#"{"resourceType":"Attachmnt"}"#),
            (R4, r#"{"id":"a"}"#),
        ],
    );
}

#[test]
fn cardinalities() {
    held(
        "cardinalities",
        &[
            (R4, r#"{"resourceType":"Observation","code":{"text":"x"}}"#),
            (R4, r#"{"resourceType":"Observation","status":"final"}"#),
            (R4B, r#"{"resourceType":"Patient","link":[{"type":"refer"}]}"#),
            (
                R4,
                r#"{"resourceType":"Patient","communication":[{"preferred":true},{"preferred":false},{"preferred":true}]}"#,
            ),
            (R5, r#"{"resourceType":"Encounter"}"#),
            (R4, r#"{"resourceType":"Encounter","status":"planned"}"#),
            (R4, r#"{"resourceType":"Patient","name":[]}"#),
            (R4, r#"{"resourceType":"Patient","name":[{}]}"#),
            (R4, r#"{"resourceType":"Patient","name":[{"family":""}]}"#),
            (R4, r#"{"resourceType":"Patient","extension":[{"valueString":"x"}]}"#),
        ],
    );
}

#[test]
fn choices() {
    held(
        "choices",
        &[
            (
                R4,
                r#"{"resourceType":"Patient","deceasedBoolean":false,"deceasedDateTime":"2020"}"#,
            ),
            (
                R4,
                r#"{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"reference":"Patient/1"}}"#,
            ),
            (
                R5,
                r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueString":"a","valueInteger":1}"#,
            ),
            (
                R4B,
                r#"{"resourceType":"Patient","extension":[{"url":"http://example.org/x","valueString":"a","valueCode":"b"}]}"#,
            ),
        ],
    );
}

#[test]
fn formats() {
    held(
        "formats",
        &[
            (R4, r#"{"resourceType":"Patient","birthDate":"1970/1/2"}"#),
            (R4, r#"{"resourceType":"Patient","birthDate":"1.2.1970"}"#),
            (R4, r#"{"resourceType":"Patient","birthDate":"1970-01-02T00:00:00Z"}"#),
            (
                R4,
                r#"{"resourceType":"Patient","deceasedDateTime":"2020-01-02T10:00:00"}"#,
            ),
            (
                R5,
                r#"{"resourceType":"Patient","deceasedDateTime":"2020-01-02 10:00"}"#,
            ),
            (R4, r#"{"resourceType":"Patient","meta":{"lastUpdated":"2020-01-02"}}"#),
            (
                R4,
                r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueTime":"9:30"}"#,
            ),
            (R4, r#"{"resourceType":"Patient","id":"a_b"}"#),
            (R4, r#"{"resourceType":"Patient","language":"de "}"#),
            (
                R4,
                r#"{"resourceType":"Patient","implicitRules":"http://example.org/a b"}"#,
            ),
            (R4B, r#"{"resourceType":"Patient","photo":[{"data":"not base64!"}]}"#),
            (R4, r#"{"resourceType":"Patient","telecom":[{"rank":0}]}"#),
            (R4, r#"{"resourceType":"Patient","photo":[{"size":-1}]}"#),
        ],
    );
}

#[test]
fn bindings() {
    held(
        "bindings",
        &[
            (R4, r#"{"resourceType":"Patient","gender":"femal"}"#),
            (R5, r#"{"resourceType":"Patient","gender":"Female"}"#),
            (R4, r#"{"resourceType":"Patient","gender":"q"}"#),
            (
                R4,
                r#"{"resourceType":"Observation","status":"finished","code":{"text":"x"}}"#,
            ),
            (R4B, r#"{"resourceType":"Patient","contact":[{"gender":"femail"}]}"#),
            (
                R4,
                r#"{"resourceType":"Patient","identifier":[{"use":"offical","value":"1"},{"use":"offical","value":"2"}]}"#,
            ),
            (
                R4,
                r#"{"resourceType":"Condition","subject":{"reference":"Patient/1"},"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"actve"}]}}"#,
            ),
        ],
    );
}

#[test]
fn companions() {
    held(
        "companions",
        &[
            (
                R4,
                r#"{"resourceType":"Patient","name":[{"given":["A","B"],"_given":[null]}]}"#,
            ),
            (R4, r#"{"resourceType":"Patient","name":[{"given":["A",null]}]}"#),
            (R4, r#"{"resourceType":"Patient","_birthDate":{"id":"x"}}"#),
            (
                R5,
                r#"{"resourceType":"Patient","name":[{"given":["A",null],"_given":[null,null]}]}"#,
            ),
            (
                R4,
                r#"{"resourceType":"Patient","name":[{"given":["A"],"_given":{"id":"x"}}]}"#,
            ),
            (
                R4,
                r#"{"resourceType":"Patient","_birthDate":{"extension":[{"url":"http://example.org/x","valueString":1}]}}"#,
            ),
        ],
    );
}

const DIV: &str =
    r#"{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">"#;

#[test]
fn constraints() {
    held(
        "constraints",
        &[
            (R4, r#"{"resourceType":"Patient","contact":[{"gender":"male"}]}"#),
            (R5, r#"{"resourceType":"Patient","contact":[{"gender":"male"}]}"#),
            (
                R4,
                r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueString":"a","dataAbsentReason":{"text":"b"}}"#,
            ),
            (
                R4B,
                r#"{"resourceType":"Patient","telecom":[{"value":"1"},{"value":"2"}]}"#,
            ),
            (
                R4,
                r#"{"resourceType":"Encounter","status":"planned","class":{"code":"AMB"},"period":{"start":"2021","end":"2020"}}"#,
            ),
            (R4, r#"{"resourceType":"OperationOutcome","issue":[]}"#),
            (
                R4,
                r#"{"resourceType":"Patient","extension":[{"url":"http://example.org/x","valueString":"a","extension":[{"url":"b","valueString":"c"}]}]}"#,
            ),
        ],
    );
}

#[test]
fn references_and_bundles() {
    held(
        "references_and_bundles",
        &[
            (
                R4,
                r##"{"resourceType":"Patient","managingOrganization":{"reference":"#nobody"}}"##,
            ),
            (
                R4,
                r##"{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"#o"},"contained":[{"resourceType":"Medication","id":"o"}]}"##,
            ),
            (
                R4,
                r#"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://example.org/Patient/1","resource":{"resourceType":"Patient","id":"2"}}]}"#,
            ),
            (
                R5,
                r#"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://example.org/Patient/1","resource":{"resourceType":"Patient","id":"1"}},{"fullUrl":"http://example.org/Patient/1","resource":{"resourceType":"Patient","id":"1"}}]}"#,
            ),
        ],
    );
}

#[test]
fn narratives() {
    let bodies = [
        "<script>alert(1)</script></div>",
        "<b onclick=\\\"x()\\\">a</b></div>",
        "   </div>",
        "<p>a</div>",
    ]
    .map(|rest| format!("{DIV}{rest}\"}}}}"));
    let bodies: Vec<_> = bodies.iter().map(|body| (R4, body.as_str())).collect();
    held("narratives", &bodies);
}

#[test]
fn releases_differ() {
    held(
        "releases_differ",
        &[
            (R6, r#"{"resourceType":"Patient","nmae":[{"family":"King"}]}"#),
            (R6, r#"{"resourceType":"Patient","active":"true"}"#),
            (
                R4,
                r#"{"resourceType":"Encounter","status":"in-progress","class":[{"text":"x"}]}"#,
            ),
            (
                R5,
                r#"{"resourceType":"Encounter","status":"in-progress","class":{"code":"AMB"}}"#,
            ),
        ],
    );
}

#[test]
fn bytes() {
    let told = |text: &str| told_of_text(R4, text).join("\n");
    insta::assert_snapshot!(
        [
            told("{\n  \"resourceType\": \"Patient\",\n  \"id\": \"a\",\n  \"id\": \"b\"\n}"),
            told("{\n  \"resourceType\": \"Patient\",\n  \"active\": true\n  \"id\": \"b\"\n}"),
            told("{\"resourceType\": \"Patient\", "),
        ]
        .join("\n\n")
    );
}
