//! The suites as tests of `cargo test`, against the embedded server: what a server's own repository would have.

use std::process::ExitCode;

use fhir_assay::libtest::Conformance;
use fhir_assay::server::{Options, Server};

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(Server::start(Options::default())).expect("a server");
    Conformance::default().run(server.base_url())
}
