//! `validate`: files, folders, standard input, exit codes, reports.

use serde_json::Value;

use crate::support::assay;

const VALID: &str = r#"{"resourceType":"Patient","id":"a","gender":"female"}"#;
const BROKEN: &str = "{\n  \"resourceType\": \"Patient\",\n  \"gender\": \"femal\"\n}\n";

#[test]
fn the_exit_code_says_what_came_of_it() {
    let cases: [(&str, &[u8], i32); 5] = [
        ("a.json", VALID.as_bytes(), 0),
        ("a.json", BROKEN.as_bytes(), 1),
        ("a.json", b"{\"resourceType\": ", 2),
        ("a.json", b"\n", 4),
        ("b.json", b"", 2),
    ];
    for (name, content, code) in cases {
        assay(["validate", "a.json"]).with(name, content).run().ended(code);
    }
    assay(["validate"]).run().ended(2);
    assay(["validate", "--fhir", "R9", "a.json"])
        .with("a.json", VALID)
        .run()
        .ended(2);
    assay(["validate", "--fhir", "R5", "a.json"])
        .with("a.json", VALID)
        .run()
        .ended(0);
    // What is invalid is certain, whatever else could not be read.
    assay(["validate", "none.json", "a.json"])
        .with("a.json", BROKEN)
        .run()
        .ended(1);
}

#[test]
fn the_console_shows_the_line_and_what_to_write() {
    let gone = assay(["validate", "a.json"]).with("a.json", BROKEN).run().ended(1);
    let text = gone.stdout.replace(char::is_numeric, "9");
    insta::assert_snapshot!("validate", text.rsplit_once(';').unwrap().0);
    assert!(gone.stderr.is_empty(), "{}", gone.stderr);
}

#[test]
fn folders_are_looked_through() {
    let start = assay(["validate", ".", "--report", "json=-"]);
    let folder = start.folder().join("deep/er");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::create_dir_all(start.folder().join(".git")).unwrap();
    std::fs::write(start.folder().join(".git/x.json"), "{").unwrap();
    std::fs::write(folder.join("all.ndjson"), [VALID, VALID].join("\n")).unwrap();
    std::fs::write(folder.join("package.json"), "{\"name\":\"x\"}").unwrap();
    std::fs::write(folder.join("readme.txt"), "no JSON").unwrap();
    let gone = start.with("b.json", BROKEN).with("a.json", VALID).run().ended(1);
    let report: Value = serde_json::from_str(&gone.stdout).unwrap();
    let files: Vec<&str> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["file"].as_str().unwrap())
        .collect();
    assert_eq!(files, ["./a.json", "./b.json", "./deep/er/all.ndjson"]);
    assert_eq!(report["files"][2]["resources"], 2);
    assert!(
        report["not_checked"]
            .as_array()
            .unwrap()
            .iter()
            .any(|told| told.as_str().unwrap().contains("JSON without resourceType"))
    );
    assert!(
        gone.stderr.contains("Not valid: 1 of 4 resources in 3 files"),
        "{}",
        gone.stderr
    );
}

#[test]
fn reports_are_written_in_every_format() {
    let gone = assay([
        "validate",
        "a.json",
        "--report",
        "junit=out/j.xml",
        "--report",
        "html=out/h.html",
        "--report",
        "markdown=out/m.md",
        "--report",
        "json=out/j.json",
        "--report",
        "console=out/c.txt",
    ])
    .with("a.json", BROKEN)
    .run()
    .ended(1);
    for (name, part) in [
        ("j.xml", "<failure"),
        ("h.html", "<pre class=\"excerpt\""),
        ("m.md", "<details>"),
        ("j.json", "\"mended\":"),
        ("c.txt", "3 +   \"gender\": \"female\""),
    ] {
        let text = std::fs::read_to_string(gone.folder.path().join("out").join(name)).unwrap();
        assert!(text.contains(part), "{name}: {text}");
    }
}
