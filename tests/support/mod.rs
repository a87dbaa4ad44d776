//! What the tests of the whole program share: the program in a process of its own, and servers that misbehave.

#![allow(dead_code, missing_docs)]

pub mod embedded;
pub mod served;
pub mod stub;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// No test waits longer for the program.
const BOUND: Duration = Duration::from_secs(90);

/// A file of `tests/support/`.
pub fn file(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "support", name].iter().collect();
    path.display().to_string()
}

/// The program in an empty folder, to be given arguments and an environment.
pub struct Assay {
    command: Command,
    folder: TempDir,
}

/// The program while it runs.
pub struct Going {
    child: Child,
    folder: TempDir,
    begin: Instant,
    stdout: Output,
    stderr: Output,
}

/// What the program has said so far, and the thread that listens.
struct Output {
    said: Arc<Mutex<Vec<u8>>>,
    listening: thread::JoinHandle<()>,
}

/// What the program left.
pub struct Gone {
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
    pub folder: TempDir,
}

/// The program with these arguments.
pub fn assay<S: AsRef<str>>(arguments: impl IntoIterator<Item = S>) -> Assay {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fhir-assay"));
    command
        .args(arguments.into_iter().map(|argument| argument.as_ref().to_owned()))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.env("COLUMNS", "100");
    for name in [
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "GITHUB_ACTIONS",
        "GITHUB_STEP_SUMMARY",
        "GITHUB_OUTPUT",
        "CI_NODE_INDEX",
        "CI_NODE_TOTAL",
        "CIRCLE_NODE_INDEX",
        "CIRCLE_NODE_TOTAL",
        "BUILDKITE_PARALLEL_JOB",
        "BUILDKITE_PARALLEL_JOB_COUNT",
        "TEST_SHARD_INDEX",
        "TEST_TOTAL_SHARDS",
        "JOB_COMPLETION_INDEX",
    ] {
        command.env_remove(name);
    }
    Assay { command, folder }
}

/// Arguments written as one text, parted by spaces.
pub fn words(text: &str) -> Assay {
    assay(text.split_whitespace())
}

/// The small suite against a server. No busy machine is as slow as its time-out.
pub fn small(base: &str, more: &str) -> Assay {
    small_within("30s", base, more)
}

/// The small suite against a server that keeps silent.
pub fn impatient(base: &str, more: &str) -> Assay {
    small_within("2s", base, more)
}

fn small_within(timeout: &str, base: &str, more: &str) -> Assay {
    let suite = file("small.yaml");
    let fixed = ["run", base, "--suite", &suite, "--timeout", timeout, "--seed", "7"];
    assay(fixed.into_iter().chain(more.split_whitespace()))
}

/// Waits until something holds.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < BOUND, "{what} did not happen within {BOUND:?}");
        thread::sleep(Duration::from_millis(2));
    }
}

impl Assay {
    /// More arguments.
    pub fn args<'a>(mut self, more: impl IntoIterator<Item = &'a str>) -> Self {
        self.command.args(more);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Puts a file into its folder.
    pub fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.folder.path().join(name), content).unwrap();
        self
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn start(mut self) -> Going {
        let begin = Instant::now();
        let mut child = self.command.spawn().unwrap();
        let stdout = Output::of(child.stdout.take().unwrap());
        let stderr = Output::of(child.stderr.take().unwrap());
        Going {
            child,
            folder: self.folder,
            begin,
            stdout,
            stderr,
        }
    }

    pub fn run(self) -> Gone {
        self.start().wait()
    }
}

impl Output {
    fn of(mut from: impl Read + Send + 'static) -> Self {
        let said: Arc<Mutex<Vec<u8>>> = Arc::default();
        let told = Arc::clone(&said);
        let listening = thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(length @ 1..) = from.read(&mut buffer) {
                told.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self { said, listening }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned()
    }

    fn all(self) -> String {
        self.listening.join().unwrap();
        String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned()
    }
}

impl Going {
    /// Sends it a signal: `INT`, `KILL`.
    pub fn signal(&self, name: &str) {
        let killed = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits until it has said something on standard error so many times.
    #[track_caller]
    pub fn until_told(&self, text: &str, times: usize) {
        until(text, || self.stderr.so_far().matches(text).count() >= times);
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Gone {
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if self.begin.elapsed() > BOUND {
                let _ = self.child.kill();
                let _ = self.child.wait();
                let told = (self.stdout.all(), self.stderr.all());
                panic!("it did not end within {BOUND:?}\n{}\n{}", told.0, told.1);
            }
            thread::sleep(Duration::from_millis(5));
        };
        Gone {
            code: status.code().unwrap_or(-1),
            took: self.begin.elapsed(),
            stdout: self.stdout.all(),
            stderr: self.stderr.all(),
            folder: self.folder,
        }
    }
}

impl Gone {
    /// Panics, with all that was said, unless the program ended with this code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Panics unless a text is in one of the two outputs.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "`{text}` is missing\nstdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Panics where a text is in one of the two outputs.
    #[track_caller]
    pub fn says_not(self, text: &str) -> Self {
        assert!(
            !self.stdout.contains(text) && !self.stderr.contains(text),
            "`{text}` is there\nstdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// A file that the program wrote.
    #[track_caller]
    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A file that the program may have written.
    pub fn file_if_any(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join(name)).ok()
    }

    /// The JSON report of a run with the default outputs.
    #[track_caller]
    pub fn report(&self) -> Value {
        serde_json::from_str(&self.file("reports/latest/report.json")).unwrap()
    }

    /// The verdict of each case, by name.
    #[track_caller]
    pub fn verdicts(&self) -> std::collections::BTreeMap<String, String> {
        verdicts(&self.report())
    }
}

/// The verdict of each case of a JSON report, by name.
pub fn verdicts(report: &Value) -> std::collections::BTreeMap<String, String> {
    let suites = report["suites"].as_array().unwrap();
    let cases = suites.iter().flat_map(|suite| suite["cases"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    cases.map(|case| (text(&case["id"]), text(&case["verdict"]))).collect()
}
