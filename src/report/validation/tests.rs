use super::*;
use crate::check::documents::Documents;

fn report() -> ValidationReport {
    let mut documents = Documents::new(None);
    let broken =
        "{\n  \"resourceType\": \"Patient\",\n  \"id\": \"<b>\",\n  \"gender\": \"femal\",\n  \"nmae\": [{}]\n}";
    documents.read("a.json", broken.as_bytes());
    let line = r#"{"resourceType":"Observation","id":"x","status":"final","code":{}}"#;
    documents.read("all.ndjson", [line, line, "{"].join("\n").as_bytes());
    documents.read("empty.json", &b""[..]);
    documents.read("good.json", &br#"{"resourceType":"Basic","code":{"text":"x"}}"#[..]);
    documents.finish()
}

fn rendered(format: Format) -> String {
    let mut bytes = Vec::new();
    format.write_validation(&report(), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn every_format_tells_the_same() {
    insta::assert_snapshot!("console", rendered(Format::Console));
    insta::assert_snapshot!("junit", rendered(Format::Junit));
    insta::assert_snapshot!("markdown", rendered(Format::Markdown));
    let page = rendered(Format::Html);
    let main = page.split_once("<main").unwrap().1.split_once("</main>").unwrap().0;
    insta::assert_snapshot!("html", main);
    assert!(!page.contains("Patient/<b>"));
    let value: ValidationReport = serde_json::from_str(&rendered(Format::Json)).unwrap();
    assert_eq!(value, report());
}

#[test]
fn the_verdict_is_one_sentence() {
    let mut documents = Documents::new(None);
    assert_eq!(
        sentence(&Documents::new(None).finish()),
        "Nothing to validate: no resource was found."
    );
    documents.unreadable("a.json", "no such file");
    assert_eq!(
        sentence(&documents.finish()),
        "Nothing could be validated; 1 document could not be read."
    );
    assert_eq!(
        sentence(&report()),
        "Not valid: 3 of 4 resources in 4 files; 1 with warnings; 1 document could not be read."
    );
}
