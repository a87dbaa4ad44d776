//! Standard output and standard error that nobody reads, and outputs that are links or devices.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::embedded::Embedded;
use crate::support::small;

/// A stream whose reader has gone away.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn where_nobody_reads_nothing_panics() {
    let server = Embedded::start();
    let base = &server.base;
    for arguments in [
        "list suites".to_owned(),
        format!("list cases {base}"),
        "run --suite http.read --shard auto".to_owned(),
        format!("run {base} --suite http.read --report json=-"),
        "run --frobnicate".to_owned(),
        "lint nothing.yaml".to_owned(),
        format!("init {base}"),
        "config show".to_owned(),
        "explain read.unknown-404".to_owned(),
        "baseline update --baseline known.yaml --suite http.read".to_owned(),
        "prove --requirement read.unknown-404".to_owned(),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let begin = |stdout: Stdio, stderr: Stdio| {
            Command::new(env!("CARGO_BIN_EXE_fhir-assay"))
                .args(arguments.split_whitespace())
                .current_dir(folder.path())
                // A job that is divided: then there is something to say on standard error.
                .envs([("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "1000")])
                .stdout(stdout)
                .stderr(stderr)
                .spawn()
                .unwrap()
        };
        let code = begin(unread(), unread()).wait().unwrap().code();
        assert!(code.is_some_and(|code| code < 5), "{arguments}: {code:?}");
        let _ = fs::remove_file(folder.path().join("fhir-assay.toml"));
        let code = begin(Stdio::null(), unread()).wait().unwrap().code();
        assert!(code.is_some_and(|code| code < 5), "{arguments}: {code:?}");
    }
}

#[test]
fn serve_serves_where_nobody_reads() {
    let mut serving = Command::new(env!("CARGO_BIN_EXE_fhir-assay"))
        // Any address is a reason for a word of warning.
        .args(["serve", "--bind", "0.0.0.0", "--port", "0"])
        .stdout(Stdio::piped())
        .stderr(unread())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(serving.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let port: u16 = line
        .trim()
        .trim_end_matches("/fhir")
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let begin = Instant::now();
    // A panic would need a moment.
    while begin.elapsed() < Duration::from_millis(500) {
        assert_eq!(serving.try_wait().unwrap(), None, "it has ended");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    serving.kill().unwrap();
    serving.wait().unwrap();
}

#[test]
fn recordings_and_evidence_leave_links_alone() {
    let server = Embedded::start();
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    for name in ["a.har", "a.zip"] {
        fs::write(place(name), "old").unwrap();
        symlink(name, place(&format!("link-{name}"))).unwrap();
    }
    let words = format!(
        "--record {} --evidence {}",
        place("link-a.har").display(),
        place("link-a.zip").display()
    );
    small(&server.base, &words).run().ended(0);
    for name in ["a.har", "a.zip"] {
        let link = place(&format!("link-{name}"));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "{name}");
        assert!(fs::metadata(place(name)).unwrap().len() > 1000, "{name}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "nothing else is left");
}

#[test]
fn a_recording_goes_through_standard_output() {
    let server = Embedded::start();
    // Not `/dev/stdout`: where this fails, a file would take its place for everybody.
    let gone = small(&server.base, "--record /dev/fd/1").run().ended(0);
    let recording: serde_json::Value = serde_json::from_str(&gone.stdout).unwrap();
    assert!(
        recording["log"]["entries"]
            .as_array()
            .is_some_and(|entries| !entries.is_empty())
    );
    assert!(
        gone.stderr.contains("4 cases in"),
        "what is said to people is not mixed with it: {}",
        gone.stderr
    );
    // Evidence reads the recording again.
    let gone = small(&server.base, "--record /dev/fd/1 --evidence e.zip")
        .run()
        .ended(2);
    insta::assert_snapshot!(gone.stderr, @"error: /dev/fd/1: evidence reads the recording again: --record has to be a file beside --evidence, or be left out");
}
