//! Every diagnostic has a file in `tests/lint/` that earns it, and beside it the exact text that a person gets to read.
//!
//! `UPDATE=1 cargo test --test suite_language lint` writes the texts anew; review them as you would review code.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs};

use fhir_assay::suite::Suites;

/// The suite files of the folder, by name.
fn files() -> Vec<String> {
    let mut files: Vec<String> = fs::read_dir("tests/lint")
        .expect("tests run in the folder of the crate")
        .map(|entry| entry.expect("a readable folder").path().to_string_lossy().into_owned())
        .filter(|path| path.ends_with(".yaml"))
        .collect();
    files.sort();
    files
}

fn text_of(file: &str) -> String {
    let mut text = Suites::lint([file]).problems.to_string();
    text.push('\n');
    text
}

#[test]
fn every_file_gets_its_text() {
    let update = env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for file in files() {
        let golden = file.replace(".yaml", ".err");
        let text = text_of(&file);
        if update {
            fs::write(&golden, &text).expect("a writable folder");
        } else if fs::read_to_string(&golden).unwrap_or_default() != text {
            wrong.push(format!("{golden} should be:\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}\nUPDATE=1 writes them anew", wrong.join("\n"));
}

#[test]
fn no_file_is_without_a_problem_and_every_text_has_a_file() {
    let mut codes = BTreeSet::new();
    for file in files() {
        let problems = Suites::lint([&file]).problems;
        assert!(!problems.is_empty(), "{file} is fine");
        codes.extend(problems.iter().map(|found| found.code));
        assert!(
            problems
                .iter()
                .all(|found| found.help.is_some() || !found.message.is_empty())
        );
    }
    assert!(codes.len() >= 40, "{} rules: {codes:?}", codes.len());
    for entry in fs::read_dir("tests/lint").expect("a folder") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_some_and(|extension| extension == "err") {
            assert!(path.with_extension("yaml").exists(), "{} has no file", path.display());
        }
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    let problems = Suites::lint(["tests/lint/several-at-once.yaml"]).problems;
    let coloured = problems.render(fhir_assay::source::Paint::Coloured);
    assert!(coloured.contains("\u{1b}["));
    let plain = anstream::adapter::strip_str(&coloured).to_string();
    assert_eq!(plain, problems.render(fhir_assay::source::Paint::Plain));
}

#[test]
fn hostile_files_are_refused_in_no_time() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let head = "suite: a.b\ntitle: t\nfhir: R4\ncases:\n";
    let long_key = |count: usize| (0..count).map(|n| format!("k{n}: v\n")).collect::<String>();
    let names = |stem: &str| (0..60_000).map(|n| format!("{stem}{n}")).collect::<Vec<_>>().join(", ");
    let step = format!("{head}  - id: a\n    title: t\n    steps:\n      - read: Patient/1\n");
    let nested: String = (0..60).map(|n| format!("&a{n} [")).collect();
    let files = [
        ("large", "x".repeat(10_000_001), "too-large"),
        (
            "many-values",
            format!("[{}]", "a,".repeat(4_000_000)),
            "too-many-values",
        ),
        ("many-lists", format!("a: {}", "[".repeat(100_000)), "too-deep"),
        ("deep-mappings", "{a: ".repeat(100_000), "too-deep"),
        ("deep-dashes", "- ".repeat(300_000), "too-deep"),
        ("many-keys", long_key(100_000), "unknown-key"),
        ("long-line", format!("{head}  {}", "x".repeat(5_000_000)), "wrong-type"),
        ("long-key", format!("{}: 1\n", "x".repeat(5_000_000)), "yaml-syntax"),
        (
            "quotes",
            format!("suite: \"{}", "\\n".repeat(2_000_000)),
            "unclosed-quote",
        ),
        ("nul", "suite: \0\n".to_owned(), "yaml-syntax"),
        (
            "unknown-requirements",
            format!(
                "{step}        expect: [{{ requirement: [{}], status: 200 }}]\n",
                names("red.sucess-")
            ),
            "unknown-requirement",
        ),
        (
            "many-headers",
            format!(
                "{step}        headers: {{ {} , A1: x }}\n",
                names("a").replace(',', ": x,") + ": x"
            ),
            "duplicate-key",
        ),
        (
            "anchors",
            format!("{}{}{}", nested, "z,".repeat(200_000), "]".repeat(60)),
            "too-many-values",
        ),
    ];
    for (name, text, code) in files {
        let path = folder.path().join(format!("{name}.yaml"));
        fs::write(&path, text).expect("a writable folder");
        let start = Instant::now();
        let problems = Suites::read([&path]).problems;
        let _ = problems.to_string();
        // A second in release; tests are built without optimization, and machines are busy.
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{name}: {:?}",
            start.elapsed()
        );
        let codes: BTreeSet<_> = problems.iter().map(|found| found.code).collect();
        assert!(codes.contains(code), "{name}: {codes:?}");
    }
}

#[test]
fn paths_that_hold_no_suite_are_errors() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let code = |path: &Path| {
        let problems = Suites::load([path]).expect_err("nothing to load");
        problems.iter().map(|found| found.code).collect::<Vec<_>>()
    };
    assert_eq!(code(folder.path()), ["no-suites"]);
    assert_eq!(code(&folder.path().join("missing.yaml")), ["unreadable"]);
    assert_eq!(code(Path::new("/dev/null")), ["unreadable"]);
}

#[test]
fn a_folder_is_every_suite_below_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let suite = |id: &str| {
        format!(
            "suite: {id}\ntitle: t\nfhir: R4\ncases:\n  - id: a\n    title: t\n    steps: [{{ read: Patient/1, \
             expect: [{{ requirement: read.etag, status: 200 }}] }}]\n"
        )
    };
    for (path, id) in [
        ("b/x.yaml", "b.x"),
        ("a.yaml", "a"),
        ("fixtures/f.yaml", "f"),
        ("requirements/r.yaml", "r"),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::write(path, suite(id)).expect("a writable folder");
    }
    let names = |suites: &Suites| suites.iter().map(|suite| suite.id.to_string()).collect::<Vec<_>>();
    // The same file, named twice, is loaded once.
    let suites = Suites::load([folder.path().to_owned(), folder.path().join("a.yaml")]).expect("whole suites");
    assert_eq!(names(&suites), ["a", "b.x"]);
    fs::write(folder.path().join("c.yaml"), suite("b.x")).expect("a writable folder");
    let problems = Suites::load([folder.path()]).expect_err("two suites of one name");
    assert_eq!(
        problems.iter().map(|found| found.code).collect::<Vec<_>>(),
        ["duplicate-suite"]
    );
}

#[test]
fn the_suites_of_the_binary_are_whole_and_can_be_had_one_by_one() {
    let all = Suites::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    let ids: Vec<String> = all.iter().map(|suite| suite.id.to_string()).collect();
    let cheap: Vec<String> = Suites::embedded_ids().iter().map(ToString::to_string).collect();
    assert_eq!(ids, cheap, "the names that are read without parsing");
    let first = &ids[0];
    let one = Suites::embedded_named(first)
        .expect("a suite")
        .unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(one.len(), 1);
    assert!(one.iter().all(|suite| suite.source.name().starts_with("suites/")));
    assert!(Suites::embedded_named("no.such-suite").is_none());
}

#[test]
fn the_suites_of_this_project_have_nothing_to_find() {
    let loaded = Suites::lint(["suites"]);
    assert!(loaded.problems.is_empty(), "{}", loaded.problems);
    let is_of_a_system = |suite: &&std::sync::Arc<fhir_assay::suite::Suite>| suite.source.name().contains("/systems/");
    let of_systems = loaded.suites.iter().filter(is_of_a_system).count();
    assert!(of_systems >= 8, "{of_systems}");
    assert_eq!(loaded.suites.len() - of_systems, Suites::embedded_ids().len());
}
