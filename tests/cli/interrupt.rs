//! Runs that end before their time.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::embedded::Embedded;
use crate::support::{assay, small, verdicts};

/// The reference server, each answer a little late.
fn slow(pause: Duration) -> Embedded {
    Embedded::with(
        move |request| {
            if request.path() != "metadata" {
                // One thread serves all: what waits here makes all else wait too.
                thread::sleep(pause);
            }
            None
        },
        |_| {},
    )
}

/// Waits until something was created.
fn until_created(server: &Embedded, how_many: usize) {
    let begin = Instant::now();
    while server.recorded().iter().filter(|request| request.status == 201).count() < how_many {
        assert!(begin.elapsed() < Duration::from_secs(30), "nothing was created");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn the_first_interrupt_deletes_what_was_created() {
    for signal in ["INT", "TERM"] {
        let server = slow(Duration::from_millis(60));
        let going = small(&server.base, "--jobs 2").start();
        until_created(&server, 2);
        going.signal(signal);
        let gone = going
            .wait()
            .ended(3)
            .says("stopping: what the run created is being deleted");
        assert!(server.left().is_empty(), "{:?}", server.left());
        let report = gone.report();
        assert_eq!(report["stopped"], "the run was interrupted");
        let verdicts = gone.verdicts();
        assert_eq!(verdicts["small::delete"], "skip");
        assert!(
            verdicts.values().all(|verdict| matches!(&**verdict, "pass" | "skip")),
            "{verdicts:?}"
        );
        gone.says("the run was interrupted");
    }
}

#[test]
fn the_second_interrupt_quits() {
    let server = slow(Duration::from_millis(700));
    let going = small(&server.base, "--jobs 4").start();
    until_created(&server, 1);
    going.signal("INT");
    thread::sleep(Duration::from_millis(200));
    going.signal("INT");
    let gone = going.wait().ended(130);
    gone.says("what the run created may still be on the server");
}

#[test]
fn a_run_that_is_killed_leaves_its_journal() {
    let server = slow(Duration::from_millis(40));
    let going = small(&server.base, "--jobs 1").start();
    let journal = going.folder().join("reports/latest/journal.jsonl");
    let begin = Instant::now();
    let lines = || std::fs::read_to_string(&journal).unwrap_or_default().lines().count();
    while lines() < 3 {
        assert!(begin.elapsed() < Duration::from_secs(30), "no case finished");
        thread::sleep(Duration::from_millis(2));
    }
    going.signal("KILL");
    let gone = going.wait().ended(-1);
    assert!(!gone.folder.path().join("reports/latest/report.json").exists());
    let from = journal.display().to_string();
    let made = assay([
        "report",
        &from,
        "--to",
        "json=again.json",
        "--to",
        "html=again.html",
        "--to",
        "console=-",
    ])
    .run()
    .ended(0);
    let report: serde_json::Value = serde_json::from_str(&made.file("again.json")).unwrap();
    let verdicts = verdicts(&report);
    assert_eq!(verdicts.len(), 4);
    assert_eq!(verdicts["small::read"], "pass");
    assert_eq!(verdicts["small::delete"], "skip");
    made.says("the run was killed before its end").file("again.html");
}
