//! Shards from what schedulers set, merging them, and running again what failed.

use crate::support::embedded::{Embedded, outcome};
use crate::support::{assay, small, verdicts, words};

fn refusing_updates() -> Embedded {
    Embedded::with(|request| (request.method == "PUT").then(|| outcome(422, &[])), |_| {})
}

#[test]
fn a_job_of_a_scheduler_runs_its_part_and_says_so_and_the_parts_are_the_whole() {
    let server = refusing_updates();
    let folder = tempfile::tempdir().unwrap();
    let mut reports = Vec::new();
    for index in ["1", "2"] {
        let gone = small(&server.base, "--shard auto --fail-on never")
            .env("CI_NODE_INDEX", index)
            .env("CI_NODE_TOTAL", "2")
            .run()
            .ended(0);
        assert_eq!(gone.report()["options"]["shard"], format!("{index}/2"));
        let path = folder.path().join(format!("{index}.json"));
        std::fs::write(&path, gone.file("reports/latest/report.json")).unwrap();
        reports.push(path.display().to_string());
        gone.says(&format!("SHARD {index}/2 only, by GitLab"))
            .says(&format!("SHARD {index}/2 ONLY"));
    }
    let merge = |reports: &[&str], more: &[&str]| {
        assay(
            ["merge"]
                .iter()
                .chain(reports)
                .chain(&["--to", "json=all.json"])
                .chain(more)
                .copied(),
        )
    };
    let both = [reports[1].as_str(), reports[0].as_str()];
    let merged = merge(&both, &[]).run().ended(1);
    let merged: serde_json::Value = serde_json::from_str(&merged.file("all.json")).unwrap();
    let whole = small(&server.base, "").run().ended(1).report();
    assert_eq!(verdicts(&merged), verdicts(&whole));
    assert_eq!(merged["requirements"], whole["requirements"]);
    assert_eq!(merged["not_checked"], whole["not_checked"]);
    let known = "known:\n  - case: small::update\n    reason: no updates yet\n";
    merge(&both, &["--baseline", "b.yaml"])
        .with("b.yaml", known)
        .run()
        .ended(0);
    merge(&both[..1], &[]).run().ended(2).says("missing: shard 1/2");
}

#[test]
fn a_divided_job_that_does_not_ask_runs_everything_and_is_told() {
    let server = Embedded::start();
    let gone = small(&server.base, "")
        .env("CI_NODE_INDEX", "1")
        .env("CI_NODE_TOTAL", "2")
        .run()
        .ended(0);
    assert!(gone.verdicts().values().all(|verdict| verdict == "pass"));
    gone.says("--shard auto divides them");
    small(&server.base, "--shard auto")
        .run()
        .ended(0)
        .says("so all cases are run");
    small(&server.base, "--shard auto")
        .env("JOB_COMPLETION_INDEX", "1")
        .run()
        .ended(2)
        .says("--shards N");
    small(&server.base, "--shard auto --shards 3")
        .env("JOB_COMPLETION_INDEX", "1")
        .run()
        .ended(0)
        .says("SHARD 2/3 only, by Kubernetes");
}

#[test]
fn bazel_sees_its_files() {
    let server = Embedded::start();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    small(&server.base, "--shard auto")
        .env("TEST_SHARD_INDEX", "0")
        .env("TEST_TOTAL_SHARDS", "2")
        .env("TEST_SHARD_STATUS_FILE", &path("status"))
        .env("XML_OUTPUT_FILE", &path("test.xml"))
        .run()
        .ended(0)
        .says("SHARD 1/2 only, by Bazel");
    assert!(std::fs::read(path("status")).unwrap().is_empty());
    assert!(
        std::fs::read_to_string(path("test.xml"))
            .unwrap()
            .contains("<testsuites")
    );
}

#[test]
fn only_what_failed_is_run_again() {
    let server = refusing_updates();
    let report = small(&server.base, "")
        .run()
        .ended(1)
        .file("reports/latest/report.json");
    // The suite is that of the report.
    let again = assay(["run", &server.base, "--rerun-failed=last.json", "--timeout", "30s"])
        .with("last.json", &report)
        .run()
        .ended(1);
    let verdicts = again.verdicts();
    assert_eq!(verdicts["small::update"], "fail");
    assert!(
        verdicts
            .iter()
            .all(|(name, verdict)| name == "small::update" || verdict == "skip"),
        "{verdicts:?}"
    );
    again.says("again 1 case that failed in last.json");
    let right = Embedded::start();
    let fine = small(&right.base, "").run().ended(0).file("reports/latest/report.json");
    words("run --rerun-failed=last.json")
        .with("last.json", fine)
        .run()
        .ended(4)
        .says("nothing failed");
    words("run --rerun-failed")
        .run()
        .ended(2)
        .says("reports/latest/report.json");
}

#[test]
fn a_comparison_has_its_exit_codes() {
    let (right, broken) = (Embedded::start(), refusing_updates());
    let fine = small(&right.base, "").run().ended(0).file("reports/latest/report.json");
    let bad = small(&broken.base, "")
        .run()
        .ended(1)
        .file("reports/latest/report.json");
    let with = |text: &str| words(text).with("a.json", &fine).with("b.json", &bad);
    with("diff a.json b.json")
        .run()
        .ended(1)
        .says("Regressions")
        .says("small::update");
    with("diff b.json a.json").run().ended(0).says("Fixes");
    with("diff a.json a.json").run().ended(0).says("Nothing changed");
    with("diff a.json b.json --fail-on never --to html=d.html --to markdown=d.md --to json=d.json")
        .run()
        .ended(0);
    with("diff a.json b.json --to junit=d.xml")
        .run()
        .ended(2)
        .says("a comparison has no junit");
    with("compare right=a.json broken=b.json --to html=c.html")
        .run()
        .ended(0)
        .says("worth a look");
    with("diff a.json missing.json").run().ended(2).says("missing.json");
}
