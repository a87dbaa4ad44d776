//! The reference server in a process of its own, as a server that somebody else runs.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// `fhir-assay serve` on a free port, until it is dropped.
pub struct Served {
    child: Child,
    /// Where it says that it is.
    pub base: String,
}

impl Served {
    /// Starts it, with these options.
    pub fn start(options: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fhir-assay"))
            .args(["serve", "--port", "0"])
            .args(options.split_whitespace())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut base = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut base)
            .unwrap();
        Self {
            child,
            base: base.trim_end().to_owned(),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
