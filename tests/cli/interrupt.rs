//! Runs that end before their time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use crate::support::embedded::Embedded;
use crate::support::{assay, small, until, verdicts};

/// Requests wait before it until they are let in, so that a run stands where a test wants it, however slow the machine is.
#[derive(Clone, Default)]
struct Door(Arc<(Mutex<usize>, Condvar)>);

impl Door {
    /// The reference server; the door is shut once so many resources are being created.
    fn after(&self, creates: usize) -> Embedded {
        let (door, created) = (self.clone(), AtomicUsize::new(0));
        Embedded::with(
            move |request| {
                if request.path() != "metadata" {
                    if created.load(Ordering::SeqCst) >= creates {
                        // What was let in before is answered meanwhile.
                        tokio::task::block_in_place(|| door.wait());
                    }
                    created.fetch_add(usize::from(request.method == "POST"), Ordering::SeqCst);
                }
                None
            },
            |_| {},
        )
    }

    fn wait(&self) {
        let (free, changed) = &*self.0;
        let mut free = changed.wait_while(free.lock().unwrap(), |free| *free == 0).unwrap();
        *free -= 1;
    }

    /// Lets so many requests in, and those that are let in already are among them.
    fn let_in(&self, how_many: usize) {
        *self.0.0.lock().unwrap() = how_many;
        self.0.1.notify_all();
    }
}

/// Waits until something was created.
fn until_created(server: &Embedded, how_many: usize) {
    until("a creation", || {
        server.recorded().iter().filter(|request| request.status == 201).count() >= how_many
    });
}

#[test]
fn the_first_interrupt_deletes_what_was_created() {
    for signal in ["INT", "TERM"] {
        let door = Door::default();
        let server = door.after(2);
        let going = small(&server.base, "--jobs 2").start();
        until_created(&server, 2);
        going.signal(signal);
        going.until_told("stopping: ", 1);
        door.let_in(usize::MAX);
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
    let server = Door::default().after(1);
    let going = small(&server.base, "--jobs 4").start();
    until_created(&server, 1);
    going.signal("INT");
    going.until_told("stopping: ", 1);
    going.signal("INT");
    let gone = going.wait().ended(130);
    gone.says("what the run created may still be on the server");
}

#[test]
fn a_run_that_is_killed_leaves_its_journal() {
    let door = Door::default();
    let server = door.after(0);
    let going = small(&server.base, "--jobs 1").start();
    let journal = going.folder().join("reports/latest/journal.jsonl");
    let lines = || std::fs::read_to_string(&journal).unwrap_or_default().lines().count();
    until("the end of two cases", || {
        door.let_in(1);
        lines() >= 3
    });
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
