//! A team's first month: a server with defects, a list of them, a regression, a fix, a day that passes, shards, a pull request.

use std::collections::BTreeMap;

use fhir_assay::fhir::FhirVersion;
use fhir_assay::server::{Mutant, Options, Running, Server};
use regex::Regex;

use crate::support::{Gone, assay, words};

/// The defects that the server has on the first day.
const FIRST_DAY: [&str; 6] = [
    "create.location",
    "read.etag",
    "read.last-modified",
    "update.etag",
    "create.status-201",
    "update.id-mismatch-rejected",
];

/// The team's server.
struct Theirs {
    base: String,
    _running: Running,
    _runtime: tokio::runtime::Runtime,
}

impl Theirs {
    fn with(defects: &[&str]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let options = Options {
            release: FhirVersion::R4,
            mutants: defects
                .iter()
                .map(|name| Mutant::named(name).unwrap_or_else(|| panic!("{name}")))
                .collect(),
            ..Options::default()
        };
        let running = runtime.block_on(Server::start(options)).unwrap();
        Self {
            base: running.base_url().to_owned(),
            _running: running,
            _runtime: runtime,
        }
    }
}

/// The team's folder, from command to command.
#[derive(Default)]
struct Folder(BTreeMap<&'static str, String>);

impl Folder {
    /// The program in the folder; `keeps` are the files that it leaves.
    fn run(&mut self, text: &str, keeps: &[(&'static str, &str)]) -> Gone {
        let mut assay = words(text);
        for (name, content) in &self.0 {
            assay = assay.with(name, content);
        }
        let gone = assay.run();
        for (name, path) in keeps {
            self.0.insert(name, gone.file(path));
        }
        gone
    }
}

/// The closing words: the last line, and the parts under these headings.
fn told(gone: &Gone, headings: &[&str]) -> String {
    let mut text = String::new();
    let mut is_in = false;
    for line in gone.stdout.lines() {
        if !line.starts_with(' ') {
            is_in = headings.iter().any(|heading| line.starts_with(heading));
        }
        if is_in && !line.is_empty() {
            text += &format!("{line}\n");
        }
    }
    text += gone.stdout.lines().last().unwrap_or_default();
    let port = Regex::new("127.0.0.1:[0-9]+").unwrap();
    let time = Regex::new("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z").unwrap();
    let text = port.replace_all(&text, "127.0.0.1:8080");
    let id = Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
    let text = time.replace_all(&text, "(time)");
    id.replace_all(&text, "(id)").into_owned()
}

const LIST: [&str; 3] = ["New, by", "Known to", "Out of date"];
const RUN: &str = "run --suite http.read --suite http.create --suite http.update --timeout 30s --jobs 8";
const UPDATE: &str = "baseline update --baseline known.yaml --suite http.read --suite http.create --suite http.update";

#[test]
fn a_first_month() {
    let mut folder = Folder::default();
    let first = Theirs::with(&FIRST_DAY);

    // The first day: a configuration, a run of which much fails, and the list of it.
    let gone = folder
        .run(
            &format!("init {} --name staging", first.base),
            &[("fhir-assay.toml", "fhir-assay.toml")],
        )
        .ended(0);
    insta::assert_snapshot!("1_init", told(&gone, &["fhir-assay.toml"]));
    let gone = folder
        .run(RUN, &[("first.json", "reports/latest/report.json")])
        .ended(1);
    insta::assert_snapshot!("2_first_run", told(&gone, &["Broken"]));
    let verdicts = gone.verdicts();
    let count = |wanted: &str| verdicts.values().filter(|verdict| *verdict == wanted).count();
    let (failed, judged) = (count("fail"), count("fail") + count("pass") + count("warning"));
    assert!(
        failed * 100 >= judged * 20 && failed * 100 <= judged * 70,
        "{failed} of {judged} fail"
    );
    let gone = folder
        .run(&format!("{UPDATE} --from first.json"), &[("known.yaml", "known.yaml")])
        .ended(0);
    insta::assert_snapshot!(
        "3_baseline",
        format!("{}\n{}", told(&gone, &[]), folder.0["known.yaml"])
    );

    // From then on the gate passes, in the configuration's words.
    let config = format!("{}\n", folder.0["fhir-assay.toml"])
        .replace("# baseline = \"fhir-assay.baseline.yaml\"", "baseline = \"known.yaml\"");
    folder.0.insert("fhir-assay.toml", config);
    let gone = folder.run(&format!("{RUN} --strict-baseline"), &[]).ended(0);
    insta::assert_snapshot!("4_gate", told(&gone, &[]));

    // A regression is caught, though much else fails, and a pull request shows it.
    let worse = Theirs::with(&[&FIRST_DAY[..], &["read.id-matches-url"]].concat());
    let original = folder.0["fhir-assay.toml"].clone();
    folder
        .0
        .insert("fhir-assay.toml", original.replace(&first.base, &worse.base));
    let gone = folder
        .run(RUN, &[("worse.json", "reports/latest/report.json")])
        .ended(1);
    insta::assert_snapshot!("5_regression", told(&gone, &LIST[..1]));
    let gone = folder.run("diff first.json worse.json", &[]).ended(1);
    insta::assert_snapshot!(
        "6_pull_request",
        told(&gone, &["Regressions", "Came to light", "Fixes"])
    );

    // A fix is noticed, and leaves the list.
    let better = Theirs::with(&FIRST_DAY[1..]);
    folder
        .0
        .insert("fhir-assay.toml", original.replace(&first.base, &better.base));
    let gone = folder
        .run(
            &format!("{RUN} --strict-baseline"),
            &[("better.json", "reports/latest/report.json")],
        )
        .ended(1);
    insta::assert_snapshot!("7_fix", told(&gone, &LIST[2..]));
    let gone = folder
        .run(&format!("{UPDATE} --from better.json"), &[("known.yaml", "known.yaml")])
        .ended(0);
    insta::assert_snapshot!("8_list_without_it", told(&gone, &[]));
    folder.run(&format!("{RUN} --strict-baseline"), &[]).ended(0);

    // A promise had a day, and the day is over.
    let list = folder.0["known.yaml"].clone();
    let promised = list.replacen("    reason:", "    expires: 2020-02-29\n    reason:", 1);
    folder.0.insert("known.yaml", promised);
    let gone = folder.run(RUN, &[]).ended(0);
    insta::assert_snapshot!("9_expired", told(&gone, &LIST[2..]));
    folder.run(&format!("{RUN} --strict-baseline"), &[]).ended(1);
    folder.0.insert("known.yaml", list);

    // The run is divided over two jobs; together they are the gate.
    for (index, name) in [(1, "shard-1.json"), (2, "shard-2.json")] {
        folder
            .run(
                &format!("{RUN} --shard {index}/2 --fail-on never"),
                &[(name, "reports/latest/report.json")],
            )
            .ended(0);
    }
    let merge = "merge shard-2.json shard-1.json --to json=all.json";
    let gone = folder
        .run(&format!("{merge} --baseline known.yaml --strict-baseline"), &[])
        .ended(0);
    insta::assert_snapshot!("10_merged", told(&gone, &[]));
    // The shards were held against the list already.
    folder.run(merge, &[]).ended(0);

    // The auditor gets one file, and anybody can look whether it says what it says.
    let gone = folder.run(&format!("{RUN} --evidence evidence.zip"), &[]).ended(0);
    let evidence = gone.folder.path().join("evidence.zip").display().to_string();
    let gone = assay(["verify", &evidence]).run().ended(0);
    let every = ["Evidence", "Run", "Files", "Signature", "Verdicts"];
    insta::assert_snapshot!("11_verified", told(&gone, &every).replace(&evidence, "evidence.zip"));
}
