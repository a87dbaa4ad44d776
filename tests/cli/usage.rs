//! Wrong words on the command line: exit code 2 (or 4), one message, nothing run.

use crate::support::stub::{Stub, hang_up};
use crate::support::{Gone, assay, words};

/// The message of a run that did not begin.
#[track_caller]
fn refused(arguments: &str, code: i32) -> String {
    message(words(arguments).run(), arguments, code)
}

#[track_caller]
fn message(gone: Gone, arguments: &str, code: i32) -> String {
    let gone = gone.ended(code);
    assert!(gone.stdout.is_empty(), "{}", gone.stdout);
    assert!(!gone.folder.path().join("reports").exists());
    format!(
        "$ {arguments}\n{}",
        gone.stderr
            .replace(&gone.folder.path().display().to_string(), "[folder]")
    )
}

#[test]
fn wrong_words() {
    let told = [
        "run --frobnicate",
        "run --jobs 0",
        "run --shard 4/3",
        "run --timeout 5",
        "run --timeout 0s",
        "run --fhir r9",
        "run --fhir dstu2",
        "run --level must",
        "run --interaction reed",
        "run --report html",
        "run --report pdf=x",
        "run --report html=",
        "run --report json=- --report junit=-",
        "run --header Authorization",
        "run --bearer-env A --basic-env B",
        "list things",
        "lint",
        "report x.json",
        "serve --fhir dstu2 --port 0",
        "serve --mutant read.unknown-405",
        "serve --variant no-histories",
        "serve --variant zzz",
    ]
    .map(|arguments| refused(arguments, 2));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn names_that_are_not_there() {
    let told = [
        "run --suite http.reed",
        "run --suite suites/nothing.yaml",
        "run --requirement update.sucess-200",
        "run --bearer-env FHIR_ASSAY_NO_SUCH_VARIABLE",
        "run --basic-env FHIR_ASSAY_NO_SUCH_VARIABLE",
        "run --ca nothing.pem",
        "run --assume nothing.json",
        "explain update.sucess-200",
        "explain http.read::unknown-idd",
        "explain zzz",
        "report nothing.json --to html=x.html",
        "list cases --suite http.reed",
        "list requirements --requirement update.sucess-200",
    ]
    .map(|arguments| refused(arguments, 2));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn base_urls_that_are_none() {
    let told = [
        "localhost:8080",
        "fhir",
        "ftp://h/fhir",
        "http://",
        "http://ada:secret@h/fhir",
        "http://h/fhir?x=1",
    ]
    .map(|base| refused(&format!("run {base}"), 2));
    insta::assert_snapshot!(told.join(""));
}

#[test]
fn filters_that_select_nothing() {
    for filter in [
        "--case nothing",
        "--tag nothing",
        "--case [",
        "--suite http.read --interaction delete --case *::none",
    ] {
        let told = refused(&format!("run {filter}"), 4);
        assert!(told.contains("nothing is selected"), "{told}");
        words(&format!("list cases {filter}")).run().ended(4);
    }
}

#[test]
fn without_words_help_is_shown() {
    let gone = words("").run().ended(2);
    assert!(gone.stderr.contains("Usage: fhir-assay <COMMAND>"), "{}", gone.stderr);
    let gone = words("--version").run().ended(0);
    assert_eq!(gone.stdout, format!("fhir-assay {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help() {
    let told = ["--help", "run --help", "report --help"].map(|arguments| words(arguments).run().ended(0).stdout);
    insta::assert_snapshot!(told.join("\n"));
}

const WRONG: &str = "suite: wrong
title: Wrong
fhir: [R4]
cases:
  - id: one
    title: One
    steps:
      - raed: Patient/1
      - read: Patient/${nobody}
        expect:
          - requirement: read.retruns-current
            status: 2000
";

#[test]
fn a_suite_with_errors_is_not_run() {
    let stub = Stub::start(|_, _| hang_up());
    let base = stub.base();
    for arguments in [
        ["run", &base, "--suite", "wrong.yaml"],
        ["list", "cases", "--suite", "wrong.yaml"],
    ] {
        let gone = assay(arguments).with("wrong.yaml", WRONG).run();
        let told = message(gone, "run", 2);
        insta::allow_duplicates! { insta::assert_snapshot!("a_suite_with_errors", told) };
    }
    assert!(stub.seen().is_empty(), "nothing may be run");
}

#[test]
fn what_is_assumed_has_to_be_a_capability_statement() {
    for (content, told) in [
        ("nonsense", "it is no JSON"),
        ("{}", "CapabilityStatement"),
        ("[1]", "CapabilityStatement"),
    ] {
        let gone = words("run --assume claims.json")
            .with("claims.json", content)
            .run()
            .ended(2);
        gone.says("claims.json").says(told).says_not("base URL");
    }
}

#[test]
fn certificates_have_to_be_some() {
    for content in ["", "nonsense"] {
        let gone = words("run https://127.0.0.1:1/fhir --ca ca.pem")
            .with("ca.pem", content)
            .run()
            .ended(2);
        gone.says("certificate");
    }
}
